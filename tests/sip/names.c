/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include <stdio.h>

static struct str with_case(struct str s, char out[64], bool upper)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		out[i] = upper && c >= 'a' && c <= 'z' ? (char)(c - 32) : !upper && c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	return (struct str){ out, s.n };
}

/* MS-07 */
static void every_header_is_found_by_its_name_in_any_case(void **state)
{
	(void)state;
	for (int id = SIP_H_OTHER + 1; id < SIP_HEADER_COUNT; id++) {
		char text[64];
		struct str name = sip_header_name((enum sip_header_id)id);
		assert_true(name.n > 1);
		assert_int_equal(sip_header_of(name), id);
		assert_int_equal(sip_header_of(with_case(name, text, true)), id);
		assert_int_equal(sip_header_of(with_case(name, text, false)), id);
		text[name.n - 2] ^= 1;
		assert_int_equal(sip_header_of((struct str){ text, name.n }), SIP_H_OTHER);
	}
}

/* MS-11 */
static void compact_forms_stand_for_the_long_ones(void **state)
{
	(void)state;
	static const struct { const char *compact, *name; } t[] = {
		{ "a", "Accept-Contact" }, { "b", "Referred-By" }, { "c", "Content-Type" }, { "d", "Request-Disposition" },
		{ "e", "Content-Encoding" }, { "f", "From" }, { "i", "Call-ID" }, { "j", "Reject-Contact" },
		{ "k", "Supported" }, { "l", "Content-Length" }, { "m", "Contact" }, { "n", "Identity-Info" },
		{ "o", "Event" }, { "r", "Refer-To" }, { "s", "Subject" }, { "t", "To" }, { "u", "Allow-Events" },
		{ "v", "Via" }, { "x", "Session-Expires" }, { "y", "Identity" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		assert_int_equal(sip_header_of(str_of(t[i].compact)), sip_header_of(str_of(t[i].name)));
		for (int upper = 0; upper < 2; upper++) {
			char row[64], letter[2] = { upper ? (char)(t[i].compact[0] - 32) : t[i].compact[0], 0 };
			struct sample s;
			int n = snprintf(row, sizeof row, "OPTIONS sip:h SIP/2.0\r\n%s: here\r\n\r\n", letter);
			sample_open(&s, (struct str){ row, (size_t)n }, NULL);
			assert_non_null(sip_find(&s.m, str_of(t[i].name)));
			assert_str(sip_find(&s.m, str_of(t[i].name))->value, "here");
			assert_str(sip_find(&s.m, str_of(t[i].compact))->value, "here");
			sample_close(&s);
		}
	}
	for (char c = 'a'; c <= 'z'; c++) {
		bool known = false;
		for (size_t i = 0; i < COUNT(t); i++)
			known |= t[i].compact[0] == c;
		if (!known)
			assert_int_equal(sip_header_of((struct str){ &c, 1 }), SIP_H_OTHER);
	}
}

static void names_that_nobody_registered_are_other(void **state)
{
	(void)state;
	static const char *const t[] = { "", "[", "{", "1", "X-Foo", "Vib", "Content-Lengti", "C%6Fntact", "@o" };
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(sip_header_of(str_of(t[i])), SIP_H_OTHER);
	assert_int_equal(sip_header_of(STR_NONE), SIP_H_OTHER);
}

/* MS-01 */
static void methods_are_told_apart_by_case(void **state)
{
	(void)state;
	for (int m = SIP_INVITE; m < SIP_METHOD_COUNT; m++) {
		char text[64];
		struct str name = sip_method_name((enum sip_method)m);
		assert_int_equal(sip_method_of(name), m);
		assert_int_equal(sip_method_of(with_case(name, text, false)), SIP_OTHER_METHOD);
	}
	assert_none(sip_method_name(SIP_OTHER_METHOD));
	assert_int_equal(sip_method_of(STR("")), SIP_OTHER_METHOD);
	assert_int_equal(sip_method_of(STR("INVITEE")), SIP_OTHER_METHOD);
	assert_int_equal(sip_method_of(STR_NONE), SIP_OTHER_METHOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_header_is_found_by_its_name_in_any_case),
		cmocka_unit_test(compact_forms_stand_for_the_long_ones),
		cmocka_unit_test(names_that_nobody_registered_are_other),
		cmocka_unit_test(methods_are_told_apart_by_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
