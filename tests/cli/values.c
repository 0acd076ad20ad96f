/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "schema.h"

static void times_have_units(void **state)
{
	static const struct { const char *in; int64_t ms; } t[] = {
		{ "500ms", 500 }, { "0", 0 }, { "0s", 0 }, { "30s", 30000 }, { "30 s", 30000 }, { "5m", 300000 }, { "5min", 300000 },
		{ "2h", 7200000 }, { "1d", 86400000 }, { "9223372036854775807ms", INT64_MAX },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		int64_t got = -1;
		if (!value_time_ms(str_of(t[i].in), &got) || got != t[i].ms)
			fail_msg("%s: %lld", t[i].in, (long long)got);
	}
}

static void a_time_without_its_unit_is_refused(void **state)
{
	static const char *const t[] = { "", "30", "s", "-1s", "+1s", "1.5s", "30S", "30 seconds", "0x10s", "1s2", "1h30m", " 1s",
	                                 "9223372036854775808ms", "9223372036854775807s", "99999999999999999999d" };
	int64_t got;
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (value_time_ms(str_of(t[i]), &got))
			fail_msg("%s", t[i]);
}

static void sizes_are_bytes_or_have_binary_units(void **state)
{
	static const struct { const char *in; int64_t bytes; } t[] = {
		{ "0", 0 }, { "4096", 4096 }, { "4096B", 4096 }, { "64KiB", 65536 }, { "64 KiB", 65536 }, { "1MiB", 1 << 20 },
		{ "3GiB", INT64_C(3) << 30 },
	};
	static const char *const bad[] = { "", "KiB", "64K", "64kb", "64kib", "-1", "1.5MiB", "9999999999999999GiB" };
	int64_t got;
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (!value_size(str_of(t[i].in), &got) || got != t[i].bytes)
			fail_msg("%s: %lld", t[i].in, (long long)got);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (value_size(str_of(bad[i]), &got))
			fail_msg("%s", bad[i]);
}

static void only_ascii_letters_become_lower_case(void **state)
{
	struct arena arena;
	(void)state;
	arena_init(&arena, NULL, 0);
	assert_str(value_lower(&arena, STR("SIP.Example.COM-09[")), "sip.example.com-09[");
	assert_str(value_lower(&arena, STR("\xd0\x9f\xc3\x84")), "\xd0\x9f\xc3\x84");
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(a_time_without_its_unit_is_refused),
		cmocka_unit_test(sizes_are_bytes_or_have_binary_units),
		cmocka_unit_test(only_ascii_letters_become_lower_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
