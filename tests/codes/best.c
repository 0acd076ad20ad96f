/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "codes_best.h"

static unsigned best_of(const unsigned *statuses, unsigned n)
{
	unsigned best = 0;
	for (unsigned i = 0; i < n; i++)
		if (codes_better(best, statuses[i]))
			best = statuses[i];
	return best;
}

/* PX-34 */
static void the_best_of_a_fork_is_the_same_in_every_order(void **state)
{
	static const struct {
		unsigned statuses[4], best;
	} table[] = {
		{ { 486, 603, 200 + 102, 404 }, 603 },          /* 6xx before everything */
		{ { 503, 407, 501, 404 }, 407 },
		{ { 486, 302, 500, 404 }, 302 },                /* the lowest class */
		{ { 404, 486, 480, 408 }, 486 },                /* a phone that answered */
		{ { 480, 404, 408, 430 }, 404 },
		{ { 500, 503, 503, 503 }, 500 },
		{ { 484, 486, 404, 480 }, 484 },
		{ { 415, 420, 401, 486 }, 401 },
		{ { 430, 480, 430, 430 }, 480 },
		{ { 408, 430, 480, 480 }, 408 },
	};
	(void)state;
	for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
		for (unsigned rotate = 0; rotate < 4; rotate++) {
			unsigned order[4], mirror[4];
			for (unsigned k = 0; k < 4; k++) {
				order[k] = table[i].statuses[(k + rotate) % 4];
				mirror[3 - k] = order[k];
			}
			assert_int_equal(best_of(order, 4), table[i].best);
			assert_int_equal(best_of(mirror, 4), table[i].best);
		}
}

static void the_first_of_two_equal_answers_stays(void **state)
{
	(void)state;
	assert_false(codes_better(486, 486));
	assert_false(codes_better(486, 488));
	assert_false(codes_better(488, 486));
	assert_true(codes_better(0, 599));
}

/* The steps, as "status rule other". */
static void each_fork_is_told_step_by_step(void **state)
{
	static const struct {
		unsigned statuses[5];
		bool outbound;
		unsigned chosen, sent, count;
		struct codes_best_step steps[6];
	} t[] = {
		{ { 100, 180 }, false, 0, 0, 2, { { BEST_ABSORBED, 100, 0 }, { BEST_PASSED, 180, 0 } } },
		{ { 404, 486, 503, 603 }, false, 603, 603, 5,
		  { { BEST_ENDS_ALL, 603, 0 }, { BEST_SIXTH_CLASS, 404, 603 }, { BEST_SIXTH_CLASS, 486, 603 }, { BEST_SIXTH_CLASS, 503, 603 },
		    { BEST_CHOSEN, 603, 0 } } },
		{ { 486, 200, 200, 603 }, false, 200, 200, 4,
		  { { BEST_ANSWERED, 200, 0 }, { BEST_ALSO_ANSWERED, 200, 0 }, { BEST_TOO_LATE, 603, 0 }, { BEST_LOWER_CLASS, 486, 200 } } },
		{ { 430, 408, 480 }, true, 408, 408, 4,
		  { { BEST_NEXT_FLOW, 430, 0 }, { BEST_MAY_NEXT_FLOW, 408, 0 }, { BEST_LESS_USEFUL, 480, 408 }, { BEST_CHOSEN, 408, 0 } } },
		{ { 430, 200 }, true, 200, 200, 2, { { BEST_NEXT_FLOW, 430, 0 }, { BEST_ANSWERED, 200, 0 } } },
		{ { 430, 430 }, true, 430, 480, 4,
		  { { BEST_NEXT_FLOW, 430, 0 }, { BEST_NEXT_FLOW, 430, 0 }, { BEST_CHOSEN, 430, 0 }, { BEST_NO_FLOW, 430, 480 } } },
		{ { 401, 407, 404 }, false, 401, 401, 3, { { BEST_CHALLENGES, 407, 401 }, { BEST_LESS_USEFUL, 404, 401 }, { BEST_CHOSEN, 401, 0 } } },
		{ { 603, 200 }, false, 200, 200, 3, { { BEST_ENDS_ALL, 603, 0 }, { BEST_ANSWERED, 200, 0 }, { BEST_TOO_LATE, 603, 0 } } },
		{ { 503 }, false, 503, 500, 2, { { BEST_CHOSEN, 503, 0 }, { BEST_REWRITTEN, 503, 500 } } },
		{ { 486, 488, 302 }, false, 302, 302, 3, { { BEST_LOWER_CLASS, 486, 302 }, { BEST_LOWER_CLASS, 488, 302 }, { BEST_CHOSEN, 302, 0 } } },
		{ { 486, 499 }, false, 486, 486, 3, { { BEST_UNKNOWN, 499, 400 }, { BEST_LATER, 499, 486 }, { BEST_CHOSEN, 486, 0 } } },
	};
	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct codes_best got;
		unsigned n = 0;
		while (n < 5 && t[i].statuses[n])
			n++;
		codes_best(t[i].statuses, n, t[i].outbound, &got);
		assert_int_equal(got.chosen, t[i].chosen);
		assert_int_equal(got.sent, t[i].sent);
		assert_int_equal(got.count, t[i].count);
		for (unsigned k = 0; k < got.count; k++) {
			assert_int_equal(got.steps[k].rule, t[i].steps[k].rule);
			assert_int_equal(got.steps[k].status, t[i].steps[k].status);
			assert_int_equal(got.steps[k].other, t[i].steps[k].other);
		}
	}
}

/* Any responses in any number: the table of steps is never overrun, and a final response is never forgotten. */
static void every_fork_fits(void **state)
{
	uint32_t random = 1;
	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		unsigned statuses[CODES_BEST_MAX], n = 1 + round % CODES_BEST_MAX;
		bool final = false;
		for (unsigned i = 0; i < n; i++) {
			random = random * 1664525 + 1013904223;
			statuses[i] = 100 + random / 65536 % 600;
			final |= statuses[i] >= 200;
		}
		struct codes_best got;
		codes_best(statuses, n, round & 1, &got);
		assert_in_range(got.count, 1, sizeof got.steps / sizeof *got.steps);
		assert_int_equal(got.sent != 0, final);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_of_a_fork_is_the_same_in_every_order),
		cmocka_unit_test(the_first_of_two_equal_answers_stays),
		cmocka_unit_test(each_fork_is_told_step_by_step),
		cmocka_unit_test(every_fork_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
