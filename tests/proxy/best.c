/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../src/proxy/proxy_private.h"

static unsigned best_of(const unsigned *statuses, unsigned n)
{
	unsigned best = 0;
	for (unsigned i = 0; i < n; i++)
		if (best_is_better(best, statuses[i]))
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
	assert_false(best_is_better(486, 486));
	assert_false(best_is_better(486, 488));
	assert_false(best_is_better(488, 486));
	assert_true(best_is_better(0, 599));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_of_a_fork_is_the_same_in_every_order),
		cmocka_unit_test(the_first_of_two_equal_answers_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
