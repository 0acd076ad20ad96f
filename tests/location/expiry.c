/* SPDX-License-Identifier: Apache-2.0 */
#include "expiry.h"
#include <stddef.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { COUNT = 500 };
#define NOW 1700000000000

static void everybody_is_due_in_the_second_after_the_end_but_who_was_taken_out(void **state)
{
	(void)state;
	struct expiry_node nodes[COUNT] = { 0 };
	int64_t ends[COUNT];
	bool seen[COUNT] = { false };
	struct expiry x;
	uint32_t seed = 1;
	expiry_init(&x, NOW);
	for (unsigned i = 0; i < COUNT; i++) {
		seed = seed * 1664525 + 1013904223;
		ends[i] = NOW + (seed >> 12);           /* within 1048 s; many in the same second */
		expiry_add(&x, &nodes[i], ends[i]);
	}
	for (unsigned i = 0; i < COUNT; i += 3)
		expiry_remove(&x, &nodes[i]);
	for (int64_t now = NOW; now < NOW + 1050000; now += 700)
		for (struct expiry_node *n; (n = expiry_next(&x, now));) {
			unsigned i = (unsigned)(n - nodes);
			assert_true(i % 3 && !seen[i] && ends[i] <= now && ends[i] > now - 1700);
			seen[i] = true;
		}
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(seen[i], i % 3 != 0);
	expiry_fini(&x);
}

static void earlier_end_counts_and_a_later_one_moves_nothing(void **state)
{
	(void)state;
	struct expiry_node n = { 0 };
	struct expiry x;
	expiry_init(&x, NOW);
	expiry_add(&x, &n, NOW + 50000);
	expiry_add(&x, &n, NOW + 90000);
	expiry_add(&x, &n, NOW + 20000);
	assert_null(expiry_next(&x, NOW + 19999));
	assert_ptr_equal(expiry_next(&x, NOW + 20000), &n);
	assert_null(expiry_next(&x, NOW + 100000));
	expiry_fini(&x);
}

/* Whoever ends after more than a turn of the wheel, or had ended before he came. */
static void far_away_and_past_ends_are_looked_at_in_time(void **state)
{
	(void)state;
	struct expiry_node far = { 0 }, past = { 0 };
	struct expiry x;
	expiry_init(&x, NOW);
	expiry_add(&x, &far, NOW + 86400000);
	expiry_add(&x, &past, NOW - 86400000);
	assert_ptr_equal(expiry_next(&x, NOW + 1000), &past);
	assert_null(expiry_next(&x, NOW + (EXPIRY_SECONDS - 2) * 1000));
	assert_ptr_equal(expiry_next(&x, NOW + (EXPIRY_SECONDS - 1) * 1000), &far);
	expiry_fini(&x);
}

static void clock_that_is_set_loses_nobody(void **state)
{
	(void)state;
	struct expiry_node a = { 0 }, b = { 0 };
	struct expiry x;
	expiry_init(&x, NOW);
	expiry_add(&x, &a, NOW + 600000);
	assert_ptr_equal(expiry_next(&x, NOW + 100 * 86400000LL), &a);
	assert_null(expiry_next(&x, NOW + 100 * 86400000LL));
	expiry_add(&x, &b, NOW + 600000);                       /* back again */
	assert_null(expiry_next(&x, NOW + 700000));
	assert_ptr_equal(expiry_next(&x, NOW + 100 * 86400000LL + 1000), &b);
	expiry_fini(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_is_due_in_the_second_after_the_end_but_who_was_taken_out),
		cmocka_unit_test(earlier_end_counts_and_a_later_one_moves_nothing),
		cmocka_unit_test(far_away_and_past_ends_are_looked_at_in_time),
		cmocka_unit_test(clock_that_is_set_loses_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
