/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "random.h"
#include "str.h"

static void ieq_folds_ascii_letters_only(void **state)
{
	static const struct { struct str a, b; bool equal; } t[] = {
		{ STR_INIT(""), STR_INIT(""), true },
		{ STR_INIT("Via"), STR_INIT("vIA"), true },
		{ STR_INIT("via"), STR_INIT("vib"), false },
		{ STR_INIT("Record-Route"), STR_INIT("record-ROUTE"), true },
		{ STR_INIT("Record-Route"), STR_INIT("record-ROUTF"), false },
		{ STR_INIT("[\\]^_`@{"), STR_INIT("{|}~_`@{"), false },
		{ STR_INIT("@"), STR_INIT("`"), false },
		{ STR_INIT("[abcdefgh"), STR_INIT("{abcdefgh"), false },
		{ STR_INIT("\xc9_______"), STR_INIT("\xe9_______"), false },
		{ STR_INIT("a"), STR_INIT("ab"), false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(str_ieq(t[i].a, t[i].b), t[i].equal);
}

/* Every byte against every byte, at every place of a word and of a tail. */
static void ieq_agrees_with_the_definition_for_all_pairs_of_bytes(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 12; n++)
		for (unsigned i = 0; i < 256; i++)
			for (unsigned j = 0; j < 256; j++) {
				char a[12] = "abcdefghijkl", b[12] = "ABCDEFGHIJKL";
				a[n - 1] = (char)i;
				b[n - 1] = (char)j;
				unsigned x = i >= 'A' && i <= 'Z' ? i + 32 : i, y = j >= 'A' && j <= 'Z' ? j + 32 : j;
				if (str_ieq((struct str){ a, n }, (struct str){ b, n }) != (x == y))
					fail_msg("%u %u at %u", i, j, n);
			}
}

static void absent_and_empty_slices_compare_without_touching_memory(void **state)
{
	(void)state;
	assert_true(str_eq(STR_NONE, STR("")));
	assert_true(str_ieq(STR_NONE, STR("")));
	assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
	assert_true(str_starts(STR_NONE, STR_NONE));
	assert_true(str_istarts(STR_NONE, STR("")));
	assert_true(str_ends(STR_NONE, STR("")));
	assert_null(str_find(STR_NONE, 'a'));
	assert_null(str_find_last(STR_NONE, 'a'));
	assert_null(str_of(NULL).p);
	assert_int_equal(str_trim(STR_NONE).n, 0);
}

static void the_first_and_the_last_one_are_found(void **state)
{
	struct str s = STR("a:b:c");
	(void)state;
	assert_ptr_equal(str_find(s, ':'), s.p + 1);
	assert_ptr_equal(str_find_last(s, ':'), s.p + 3);
	assert_ptr_equal(str_find_last(s, 'c'), s.p + 4);
	s.n = 3;                                /* what stands behind is nobody's */
	assert_ptr_equal(str_find_last(s, ':'), s.p + 1);
	assert_null(str_find(s, 'c'));
	assert_null(str_find_last(s, 'c'));
}

static void cmp_sorts_by_bytes_and_a_prefix_first(void **state)
{
	static const struct { struct str a, b; int order; } t[] = {
		{ STR_INIT("a"), STR_INIT("b"), -1 },    { STR_INIT("b"), STR_INIT("a"), 1 },
		{ STR_INIT("a"), STR_INIT("ab"), -1 },   { STR_INIT("ab"), STR_INIT("a"), 1 },
		{ STR_INIT("a"), STR_INIT("a"), 0 },     { STR_INIT("\x7f"), STR_INIT("\x80"), -1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(str_cmp(t[i].a, t[i].b), t[i].order);
}

static void prefixes_and_suffixes(void **state)
{
	(void)state;
	assert_true(str_starts(STR("sip:a"), STR("sip:")));
	assert_false(str_starts(STR("SIP:a"), STR("sip:")));
	assert_true(str_istarts(STR("SIP:a"), STR("sip:")));
	assert_false(str_istarts(STR("si"), STR("sip:")));
	assert_true(str_ends(STR("a.example"), STR(".example")));
	assert_false(str_ends(STR("example"), STR(".example")));
}

static void cut_takes_the_part_before_the_first_separator(void **state)
{
	struct str rest = STR("a,,b"), head;
	(void)state;
	assert_true(str_cut(&rest, ',', &head));
	assert_str(head, "a");
	assert_true(str_cut(&rest, ',', &head));
	assert_str(head, "");
	assert_non_null(head.p);
	assert_str(rest, "b");
	assert_false(str_cut(&rest, ',', &head));
	assert_str(rest, "b");
	assert_str(head, "");
}

static void trim_takes_folds_for_white_space(void **state)
{
	(void)state;
	assert_str(str_trim(STR(" \t\r\n a b \r\n\t")), "a b");
	assert_str(str_trim(STR(" \r\n ")), "");
	assert_str(str_trim(STR("\va\f")), "\va\f");
}

static void numbers_are_digits_only_and_never_overflow(void **state)
{
	static const struct { struct str s; uint64_t max; bool good; uint64_t number; } t[] = {
		{ STR_INIT("0"), 0, true, 0 },
		{ STR_INIT("1"), 0, false, 0 },
		{ STR_INIT("007"), 7, true, 7 },
		{ STR_INIT("8"), 7, false, 0 },
		{ STR_INIT("70"), 70, true, 70 },
		{ STR_INIT("71"), 70, false, 0 },
		{ STR_INIT("18446744073709551615"), UINT64_MAX, true, UINT64_MAX },
		{ STR_INIT("18446744073709551616"), UINT64_MAX, false, 0 },
		{ STR_INIT("99999999999999999999999"), UINT64_MAX, false, 0 },
		{ STR_INIT("00000000000000000000000000001"), UINT64_MAX, true, 1 },
		{ STR_INIT(""), 9, false, 0 },      { STR_INIT("-1"), 9, false, 0 },
		{ STR_INIT("+1"), 9, false, 0 },    { STR_INIT(" 1"), 9, false, 0 },
		{ STR_INIT("1 "), 9, false, 0 },    { STR_INIT("1\0"), 9, false, 0 },
		{ STR_INIT("\xb2"), 9, false, 0 },  { STR_INIT("0x1"), 9, false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		uint64_t number = 4711;
		assert_int_equal(str_u64(t[i].s, t[i].max, &number), t[i].good);
		assert_int_equal(number, t[i].good ? t[i].number : 4711);
	}
	uint32_t small;
	assert_true(str_u32(STR("4294967295"), UINT32_MAX, &small));
	assert_int_equal(small, UINT32_MAX);
	assert_false(str_u32(STR("4294967296"), UINT32_MAX, &small));
}

__extension__ typedef unsigned __int128 wide;

/* Digits in any number, with leading zeros and other bytes between, against 128-bit arithmetic. */
static void numbers_are_what_their_digits_say(void **state)
{
	unsigned good = 0;
	(void)state;
	for (unsigned turn = 0; turn < 200000; turn++) {
		char text[40];
		size_t n = random_below(26);
		wide value = 0;
		bool digits = n > 0;
		for (size_t i = 0; i < n; i++) {
			text[i] = (char)(i < 5 && turn % 2 ? '0' : "0123456789"[random_below(10)]);
			if (random_below(300) == 0)
				text[i] = (char)random_below(256);
			digits = digits && text[i] >= '0' && text[i] <= '9';
			value = value * 10 + (unsigned char)text[i] - '0';
		}
		uint64_t max = turn % 3 ? UINT64_MAX >> random_below(64) : (uint64_t)value - 1 + random_below(3), number = 1;
		bool expected = digits && value <= max;
		assert_int_equal(str_u64((struct str){ text, n }, max, &number), expected);
		assert_true(number == (expected ? (uint64_t)value : 1));
		good += expected;
	}
	assert_true(good > 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ieq_folds_ascii_letters_only),
		cmocka_unit_test(ieq_agrees_with_the_definition_for_all_pairs_of_bytes),
		cmocka_unit_test(absent_and_empty_slices_compare_without_touching_memory),
		cmocka_unit_test(the_first_and_the_last_one_are_found),
		cmocka_unit_test(cmp_sorts_by_bytes_and_a_prefix_first),
		cmocka_unit_test(prefixes_and_suffixes),
		cmocka_unit_test(cut_takes_the_part_before_the_first_separator),
		cmocka_unit_test(trim_takes_folds_for_white_space),
		cmocka_unit_test(numbers_are_digits_only_and_never_overflow),
		cmocka_unit_test(numbers_are_what_their_digits_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
