/* SPDX-License-Identifier: Apache-2.0 */
/* The queue with one thread; several of them meet in tests/loop/post.c. */
#include "check.h"
#include "list.h"
#include "mpsc.h"

struct item {
	struct mpsc_node node;
	int number;
};

static int pop(struct mpsc *q)
{
	struct mpsc_node *n = mpsc_pop(q);
	return n ? CONTAINER(n, struct item, node)->number : -1;
}

static void nodes_leave_in_the_order_they_came(void **state)
{
	struct mpsc q;
	struct item items[10];
	(void)state;
	mpsc_init(&q);
	assert_int_equal(pop(&q), -1);
	for (int i = 0; i < 10; i++) {
		items[i].number = i;
		mpsc_push(&q, &items[i].node);
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(pop(&q), i);
	assert_int_equal(pop(&q), -1);
}

/* The last node leaves by way of the stub; again and again with a queue of any length. */
static void it_empties_and_fills_at_every_length(void **state)
{
	struct mpsc q;
	struct item items[8];
	(void)state;
	mpsc_init(&q);
	for (int round = 0; round < 100; round++) {
		int length = round % 8 + 1;
		for (int i = 0; i < length; i++) {
			items[i].number = i;
			mpsc_push(&q, &items[i].node);
			assert_true(mpsc_ready(&q));
			assert_false(mpsc_empty(&q));
		}
		for (int i = 0; i < length; i++) {
			assert_true(mpsc_ready(&q));
			assert_int_equal(pop(&q), i);
			if (i % 3 == 1) {               /* out and in again */
				mpsc_push(&q, &items[0].node);
				for (int k = i + 1; k < length; k++)
					assert_int_equal(pop(&q), k);
				assert_int_equal(pop(&q), 0);
				break;
			}
		}
		assert_false(mpsc_ready(&q));
		assert_true(mpsc_empty(&q));
		assert_int_equal(pop(&q), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_leave_in_the_order_they_came),
		cmocka_unit_test(it_empties_and_fills_at_every_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
