/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "clock.h"
#include "mem.h"

static void nothing_is_still_something(void **state)
{
	(void)state;
	void *p = mem_alloc(0), *q = mem_zalloc(0);
	assert_non_null(p);
	assert_non_null(q);
	p = mem_realloc(p, 100);
	p = mem_realloc(p, 0);
	assert_non_null(p);
	mem_free(p);
	mem_free(q);
	mem_free(NULL);
}

static void zeroed_and_wiped_memory_is_zero(void **state)
{
	unsigned char *p = mem_zalloc(1000);
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	memset(p, 7, 1000);
	mem_wipe(p, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	mem_free(p);
}

static void secrets_are_equal_when_every_byte_is(void **state)
{
	char a[32] = { 0 }, b[32] = { 0 };
	(void)state;
	assert_true(mem_equal_secret(a, b, sizeof a));
	assert_true(mem_equal_secret(a, b, 0));
	for (size_t i = 0; i < sizeof a; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			b[i] ^= (char)(1u << bit);
			assert_false(mem_equal_secret(a, b, sizeof a));
			b[i] ^= (char)(1u << bit);
		}
}

static void clocks_go_forward(void **state)
{
	(void)state;
	int64_t before = clock_ms();
	assert_true(before > 0);
	assert_true(clock_ms() >= before);
	assert_true(clock_wall_ms() > (int64_t)1700000000 * 1000);     /* ms, not s: after November 2023 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_still_something),
		cmocka_unit_test(zeroed_and_wiped_memory_is_zero),
		cmocka_unit_test(secrets_are_equal_when_every_byte_is),
		cmocka_unit_test(clocks_go_forward),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
