/* SPDX-License-Identifier: Apache-2.0 */
/* Many moves: they are added in commits of a thousand, read again at start, and looked up. Without an argument a few, as a test; with a number that
 * many, and what each step took is printed: test-moves-million 1000000. */
#include "clock.h"
#include "kit.h"
#include "move_rules.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { COMMIT = 1000, LOOKUPS = 1000000 };
static unsigned count = 5000;

static struct str text(struct arena *a, const char *form, unsigned number)
{
	return arena_printf(a, form, number);
}

static void add_some(struct kit *k, unsigned from)
{
	static struct move list[COMMIT];
	struct arena arena;
	unsigned bad = 0;
	arena_init(&arena, NULL, 0);
	for (unsigned i = 0; i < COMMIT; i++) {
		struct move_target *to = ARENA_NEW(&arena, struct move_target);
		*to = (struct move_target){ text(&arena, "sip:user%u@new.example.net", from + i), 1000 };
		list[i] = (struct move){ .key = text(&arena, "user%u@example.com", from + i), .targets = to, .target_count = 1,
		                         .old_uri = text(&arena, "sip:user%u@example.com", from + i), .origin = MOVE_OPERATOR, .way = MOVE_PROXY,
		                         .permanent = true, .said_by = STR("root"), .said_wall_ms = KIT_NOW };
	}
	assert_int_equal(moves_add_many(k->m, list, COMMIT, &bad), 0);
	arena_fini(&arena);
}

static long memory_mb(void)
{
	struct rusage use;
	getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss / 1024;
}

/* Nanoseconds a look-up at random, with the making of the key. */
static double look_up(struct kit *k, bool hit)
{
	char memory[1024], key[40];
	unsigned found = 0, number = 1;
	int64_t began = clock_us();
	for (unsigned i = 0; i < LOOKUPS; i++) {
		struct arena arena;
		struct move v;
		number = number * 1664525 + 1013904223;
		int n = snprintf(key, sizeof key, "user%u@example.%s", number % count, hit ? "com" : "org");
		arena_init(&arena, memory, sizeof memory);
		found += moves_find(k->m, (struct str){ key, (size_t)n }, KIT_NOW, &arena, &v);
		arena_fini(&arena);
	}
	assert_int_equal(found, hit ? LOOKUPS : 0);
	return (double)(clock_us() - began) * 1000 / LOOKUPS;
}

static void many_moves_are_kept_and_found(void **state)
{
	struct kit *k = *state;
	struct moves_counts counts;
	int64_t began = clock_ms();
	for (unsigned i = 0; i < count; i += COMMIT)
		add_some(k, i);
	int64_t added = clock_ms();
	moves_close(k->m);
	int64_t closed = clock_ms();
	k->m = kit_open(k);
	int64_t read = clock_ms();
	moves_count(k->m, &counts);
	assert_int_equal(counts.entries, count);
	assert_int_equal(moves_reload(k->m, KIT_NOW), 0);
	int64_t reloaded = clock_ms();
	double hit = look_up(k, true), miss = look_up(k, false);
	print_message("%u moves: added in %ld ms, read in %ld ms, nothing new in %ld ms, found in %.0f ns, missed in %.0f ns, at most %ld MB\n", count,
	              (long)(added - began), (long)(read - closed), (long)(reloaded - read), hit, miss, memory_mb());
}

int main(int argc, char **argv)
{
	if (argc > 1)
		count = (unsigned)atoi(argv[1]) / COMMIT * COMMIT;
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(many_moves_are_kept_and_found, kit_setup, kit_teardown) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
