/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "buf.h"

static void a_zeroed_buffer_is_an_empty_one(void **state)
{
	struct buf b = { 0 };
	(void)state;
	assert_str(buf_str(&b), "");
	buf_add(&b, STR_NONE);
	buf_clear(&b);
	buf_fini(&b);
	buf_byte(&b, 'x');
	assert_str(buf_str(&b), "x");
	buf_fini(&b);
}

static void it_grows_byte_by_byte_and_in_leaps(void **state)
{
	struct buf b = { 0 };
	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_byte(&b, (char)('a' + i % 26));
	assert_int_equal(b.n, 10000);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	memset(buf_reserve(&b, 100000), 'z', 100000);
	b.n += 100000;
	assert_int_equal(b.p[109999], 'z');
	assert_int_equal(b.p[9999], 'a' + 9999 % 26);
	buf_fini(&b);
}

static void numbers_are_decimal(void **state)
{
	struct buf b = { 0 };
	(void)state;
	buf_u64(&b, 0);
	BUF_LIT(&b, " ");
	buf_u64(&b, 1209);
	BUF_LIT(&b, " ");
	buf_u64(&b, UINT64_MAX);
	assert_str(buf_str(&b), "0 1209 18446744073709551615");
	buf_fini(&b);
}

static void numbers_are_as_printf_writes_them(void **state)
{
	(void)state;
	for (unsigned digits = 1; digits <= 20; digits++) {
		uint64_t first = 1;
		for (unsigned i = 1; i < digits; i++)
			first *= 10;
		const uint64_t numbers[] = { first - 1, first, first + 1, first * 7 + 3, first * 9 };
		for (size_t i = 0; i < COUNT(numbers); i++) {
			struct buf b = { 0 }, expected = { 0 };
			buf_u64(&b, numbers[i]);
			buf_printf(&expected, "%llu", (unsigned long long)numbers[i]);
			buf_byte(&expected, '\0');
			assert_str(buf_str(&b), expected.p);
			buf_fini(&b);
			buf_fini(&expected);
		}
	}
}

/* vsnprintf needs one byte more than it tells: every length around the buffer's edges. */
static void printf_fits_at_every_length(void **state)
{
	(void)state;
	for (int n = 0; n < 600; n++) {
		struct buf b = { 0 };
		buf_printf(&b, "%.*s", n, "");
		buf_printf(&b, "%0*d", n, 7);
		size_t digits = n ? (size_t)n : 1;
		assert_int_equal(b.n, digits);
		assert_int_equal(b.p[digits - 1], '7');
		buf_printf(&b, "%s!", "end");
		assert_memory_equal(b.p + digits, "end!", 4);
		assert_int_equal(b.n, digits + 4);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zeroed_buffer_is_an_empty_one),
		cmocka_unit_test(it_grows_byte_by_byte_and_in_leaps),
		cmocka_unit_test(numbers_are_decimal),
		cmocka_unit_test(numbers_are_as_printf_writes_them),
		cmocka_unit_test(printf_fits_at_every_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
