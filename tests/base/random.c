/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "random.h"

#include <ctype.h>

static void bytes_are_filled_at_every_size(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 600; n++) {
		/* A byte that stays zero in 20 fills is not written: the chance otherwise is 2^-160. */
		unsigned char seen[602] = { 0 };
		for (int i = 0; i < 20; i++) {
			unsigned char bytes[602] = { 0 };
			random_bytes(bytes + 1, n);
			assert_int_equal(bytes[0] | bytes[n + 1], 0);
			for (size_t k = 1; k <= n; k++)
				seen[k] |= bytes[k];
		}
		for (size_t k = 1; k <= n; k++)
			assert_int_not_equal(seen[k], 0);
	}
}

static void numbers_do_not_repeat(void **state)
{
	uint64_t seen[200];
	(void)state;
	for (size_t i = 0; i < COUNT(seen); i++) {
		seen[i] = random_u64();
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(seen[k], seen[i]);
	}
}

static void below_is_a_ceiling_and_every_value_comes_up(void **state)
{
	(void)state;
	for (uint32_t below = 1; below <= 20; below++) {
		unsigned counts[20] = { 0 };
		for (int i = 0; i < 2000; i++) {
			uint32_t n = random_below(below);
			assert_true(n < below);
			counts[n]++;
		}
		for (uint32_t i = 0; i < below; i++)
			assert_true(counts[i] > 2000 / below / 3);
	}
	assert_true(random_below(UINT32_MAX) < UINT32_MAX);
}

static void tokens_are_small_letters_and_digits(void **state)
{
	char text[100];
	(void)state;
	for (size_t n = 0; n < 90; n++) {
		memset(text, '#', sizeof text);
		random_token(text, n);
		for (size_t i = 0; i < n; i++)
			assert_true(islower((unsigned char)text[i]) || isdigit((unsigned char)text[i]));
		assert_int_equal(text[n], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_filled_at_every_size),
		cmocka_unit_test(numbers_do_not_repeat),
		cmocka_unit_test(below_is_a_ceiling_and_every_value_comes_up),
		cmocka_unit_test(tokens_are_small_letters_and_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
