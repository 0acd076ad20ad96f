/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "list.h"

struct item {
	int number;
	struct list node;
};

/* The numbers in order, as one decimal number. */
static int spelled(struct list *head)
{
	int n = 0;
	LIST_EACH(head, it)
		n = n * 10 + CONTAINER(it, struct item, node)->number;
	return n;
}

static void nodes_stand_where_they_were_put(void **state)
{
	struct item a = { .number = 1 }, b = { .number = 2 }, c = { .number = 3 };
	struct list head;
	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	list_add_tail(&head, &b.node);
	list_add_tail(&head, &c.node);
	list_add_head(&head, &a.node);
	assert_int_equal(spelled(&head), 123);
	list_remove(&b.node);
	list_remove(&b.node);                   /* twice is fine */
	assert_int_equal(spelled(&head), 13);
	assert_ptr_equal(list_pop(&head), &a.node);
	assert_ptr_equal(list_pop(&head), &c.node);
	assert_null(list_pop(&head));
}

static void splicing_moves_all_and_leaves_the_other_empty(void **state)
{
	struct item items[4];
	struct list a, b;
	(void)state;
	list_init(&a);
	list_init(&b);
	for (int i = 0; i < 4; i++) {
		items[i].number = i + 1;
		list_add_tail(i < 2 ? &a : &b, &items[i].node);
	}
	list_splice_tail(&a, &b);
	assert_int_equal(spelled(&a), 1234);
	assert_true(list_empty(&b));
	list_splice_tail(&a, &b);
	assert_int_equal(spelled(&a), 1234);
	list_splice_tail(&b, &a);
	assert_int_equal(spelled(&b), 1234);
	assert_true(list_empty(&a));
	list_remove(&items[3].node);
	list_remove(&items[0].node);
	assert_int_equal(spelled(&b), 23);
}

static void a_walk_survives_the_removal_of_where_it_stands(void **state)
{
	struct item items[5];
	struct list head;
	int n = 0;
	(void)state;
	list_init(&head);
	for (int i = 0; i < 5; i++) {
		items[i].number = i;
		list_add_tail(&head, &items[i].node);
	}
	LIST_EACH(&head, it) {
		n++;
		list_remove(it);
	}
	assert_int_equal(n, 5);
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_stand_where_they_were_put),
		cmocka_unit_test(splicing_moves_all_and_leaves_the_other_empty),
		cmocka_unit_test(a_walk_survives_the_removal_of_where_it_stands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
