/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "list.h"
#include "map.h"

#include <stdlib.h>

#define MANY 20000

struct thing {
	struct map_node node;
	uint64_t key;
	bool in, seen;
};

static uint64_t spread(uint64_t key)
{
	key *= 0x9e3779b97f4a7c15;
	return key ^ key >> 29;
}

static struct thing *find(const struct map *m, uint64_t key)
{
	for (struct map_node *n = map_first(m, spread(key)); n; n = map_again(m, n)) {
		struct thing *t = CONTAINER(n, struct thing, node);
		if (t->key == key)
			return t;
	}
	return NULL;
}

static void an_empty_map_finds_nothing_and_takes_no_memory(void **state)
{
	struct map m;
	(void)state;
	map_init(&m);
	assert_null(map_first(&m, 7));
	assert_null(m.slots);
	map_fini(&m);
}

static void all_is_found_while_it_grows_and_while_it_shrinks(void **state)
{
	struct thing *things = calloc(MANY, sizeof *things);
	struct map m;
	size_t largest = 0;
	(void)state;
	map_init(&m);
	for (size_t i = 0; i < MANY; i++) {
		things[i].key = i;
		map_insert(&m, &things[i].node, spread(i));
		assert_ptr_equal(find(&m, i), &things[i]);
		assert_ptr_equal(find(&m, i / 2), &things[i / 2]);
		assert_null(find(&m, i + 1));
		assert_int_equal(m.count, i + 1);
	}
	largest = m.mask + 1;
	assert_in_range(largest, MANY / 2, MANY * 2);
	for (size_t i = MANY; i-- > 0;) {
		map_remove(&m, &things[i].node);
		assert_null(find(&m, i));
		if (i)
			assert_ptr_equal(find(&m, i / 2), &things[i / 2]);
	}
	assert_int_equal(m.count, 0);
	assert_true(m.mask + 1 <= 64);
	map_fini(&m);
	free(things);
}

static void random_changes_agree_with_a_plain_array(void **state)
{
	enum { KEYS = 3000 };
	static struct thing things[KEYS];
	struct map m;
	uint64_t seed = 1;
	(void)state;
	map_init(&m);
	for (int step = 0; step < 200000; step++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		/* The reach swings between 100 and KEYS, so that the table grows and shrinks often. */
		size_t reach = step / 20000 % 2 ? 100 : KEYS, i = (seed >> 33) % reach;
		if (reach == 100 && step % 2)
			i = (seed >> 33) % KEYS;
		struct thing *t = &things[i];
		t->key = i;
		assert_ptr_equal(find(&m, i), t->in ? t : NULL);
		if (t->in)
			map_remove(&m, &t->node);
		else if (reach == KEYS)
			map_insert(&m, &t->node, spread(i));
		else
			continue;
		t->in = !t->in;
	}
	map_fini(&m);
}

static void nodes_of_equal_hash_are_all_visited(void **state)
{
	struct thing things[100] = { 0 };
	struct map m;
	(void)state;
	map_init(&m);
	for (size_t i = 0; i < COUNT(things); i++)
		map_insert(&m, &things[i].node, i < 90 ? 42 : i);
	size_t n = 0;
	for (struct map_node *it = map_first(&m, 42); it; it = map_again(&m, it), n++)
		assert_int_equal(it->hash, 42);
	assert_int_equal(n, 90);
	map_fini(&m);
}

struct walk {
	struct map *m;
	size_t visited, stop_after;
	bool drop;
};

static bool visit(void *user, struct map_node *node)
{
	struct walk *w = user;
	struct thing *t = CONTAINER(node, struct thing, node);
	assert_false(t->seen);
	t->seen = true;
	w->visited++;
	if (w->drop) {
		map_remove(w->m, node);
		free(t);
	}
	return w->visited != w->stop_after;
}

static void a_walk_visits_each_once_and_may_free_what_it_visits(void **state)
{
	struct map m;
	(void)state;
	map_init(&m);
	for (size_t i = 0; i < 1000; i++) {     /* 1000 leaves a resize half done */
		struct thing *t = calloc(1, sizeof *t);
		t->key = i;
		map_insert(&m, &t->node, spread(i));
	}
	struct walk w = { .m = &m, .drop = true };
	map_each(&m, visit, &w);
	assert_int_equal(w.visited, 1000);
	assert_int_equal(m.count, 0);
	map_fini(&m);
}

static void a_walk_stops_when_told(void **state)
{
	struct thing things[10] = { 0 };
	struct map m;
	(void)state;
	map_init(&m);
	for (size_t i = 0; i < COUNT(things); i++)
		map_insert(&m, &things[i].node, spread(i));
	struct walk w = { .m = &m, .stop_after = 3 };
	map_each(&m, visit, &w);
	assert_int_equal(w.visited, 3);
	map_fini(&m);
}

/* A resize must not come in one piece: after the insertion that starts it most of the old table
 * still stands. */
static void growing_is_spread_over_many_insertions(void **state)
{
	struct thing *things = calloc(MANY, sizeof *things);
	struct map m;
	size_t resizes = 0;
	(void)state;
	map_init(&m);
	for (size_t i = 0; i < MANY; i++) {
		size_t mask = m.mask, moved = m.old ? m.moved : 0;
		map_insert(&m, &things[i].node, spread(i));
		resizes += mask && m.mask != mask;
		if (m.old)
			assert_true(m.moved - (m.mask == mask ? moved : 0) <= 16);
	}
	assert_in_range(resizes, 8, 16);
	map_fini(&m);
	free(things);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_finds_nothing_and_takes_no_memory),
		cmocka_unit_test(all_is_found_while_it_grows_and_while_it_shrinks),
		cmocka_unit_test(random_changes_agree_with_a_plain_array),
		cmocka_unit_test(nodes_of_equal_hash_are_all_visited),
		cmocka_unit_test(a_walk_visits_each_once_and_may_free_what_it_visits),
		cmocka_unit_test(a_walk_stops_when_told),
		cmocka_unit_test(growing_is_spread_over_many_insertions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
