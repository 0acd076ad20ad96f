/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include <stdio.h>

static void expect_list(const char *text, const char *const *want, size_t count)
{
	struct str rest = str_of(text), item;
	for (size_t i = 0; i < count; i++) {
		assert_true(sip_list_next(&rest, &item));
		assert_str(item, want[i]);
	}
	assert_false(sip_list_next(&rest, &item));
	assert_false(sip_list_next(&rest, &item));
}

static void lists_are_split_outside_of_quotes_and_brackets(void **state)
{
	(void)state;
	static const char *const plain[] = { "a", "b", "", "c", "" };
	expect_list(" a , b,,\r\n c,", plain, COUNT(plain));
	static const char *const quoted[] = { "\"a,<b\\\",\" <sip:u,v@h;x=,>;y=\",\"", "d" };
	expect_list("\"a,<b\\\",\" <sip:u,v@h;x=,>;y=\",\" ,d", quoted, COUNT(quoted));
	static const char *const open_quote[] = { "a", "\"b,c" };
	expect_list("a,\"b,c", open_quote, COUNT(open_quote));
	static const char *const open_bracket[] = { "a", "<b,c" };
	expect_list("a,<b,c", open_bracket, COUNT(open_bracket));
	static const char *const empty[] = { "" };
	expect_list("", empty, COUNT(empty));
	struct str none = STR_NONE, item;
	assert_false(sip_list_next(&none, &item));
}

/* MS-09: commas and rows in any mix give the same values in the same order. */
static void three_layouts_of_a_list_are_the_same(void **state)
{
	(void)state;
	static const char *const layouts[] = {
		"Route: <sip:a;lr>, <sip:b;lr>, <sip:c;lr>\r\n",
		"Route: <sip:a;lr>\r\nX: y\r\nroute : <sip:b;lr>\r\nROUTE: <sip:c;lr>\r\n",
		"Route: <sip:a;lr>,<sip:b;lr>\r\nX: y\r\nRoute:\r\n <sip:c;lr>\r\n",
		"Route: <sip:a;lr>\r\nRoute:\r\nRoute: <sip:b;lr>\r\n ,\r\n <sip:c;lr>\r\nRoute:\r\n",
	};
	static const char *const values[] = { "<sip:a;lr>", "<sip:b;lr>", "<sip:c;lr>" };
	for (size_t i = 0; i < COUNT(layouts); i++) {
		char text[512];
		struct sample s;
		struct sip_values it;
		struct str value;
		size_t n = 0;
		int size = snprintf(text, sizeof text, "OPTIONS sip:h SIP/2.0\r\n" NEEDED("OPTIONS") "%s\r\n", layouts[i]);
		sample_open(&s, (struct str){ text, (size_t)size }, NULL);
		for (sip_values_begin(&it, &s.m, SIP_H_ROUTE); sip_values_next(&it, &value); n++) {
			assert_true(n < COUNT(values));
			assert_str(value, values[n]);
			assert_int_equal(s.m.headers[it.row].id, SIP_H_ROUTE);
		}
		assert_int_equal(n, COUNT(values));
		sample_close(&s);
	}
}

/* MS-10: each challenge is a row, whatever its commas. */
static void challenges_stay_rows(void **state)
{
	(void)state;
	struct sample s;
	sample_open(&s, STR("SIP/2.0 401 Unauthorized\r\n" NEEDED("INVITE")
	                    "WWW-Authenticate: Digest realm=\"a\", nonce=\"n\", qop=\"auth,auth-int\"\r\n"
	                    "WWW-Authenticate: Digest realm=\"a\", nonce=\"m\", algorithm=MD5\r\n\r\n"), NULL);
	const struct sip_header *h = sip_first(&s.m, SIP_H_WWW_AUTHENTICATE);
	assert_str(h->value, "Digest realm=\"a\", nonce=\"n\", qop=\"auth,auth-int\"");
	assert_true(h->next > 0);
	assert_str(s.m.headers[h->next].value, "Digest realm=\"a\", nonce=\"m\", algorithm=MD5");
	assert_int_equal(s.m.headers[h->next].next, -1);
	sample_close(&s);
}

static void parameters_are_split(void **state)
{
	(void)state;
	static const struct { const char *name, *value; } want[] = {
		{ "a", NULL }, { "b", "1" }, { "c", "\"x;y=\\\";z\"" }, { "", NULL }, { "d", "" }, { "", "e" }, { "f g", "h i" }, { "", NULL },
	};
	static const char *const texts[] = {
		";a;b=1;c=\"x;y=\\\";z\";;d=;=e;f g=h i;",
		"a ; b\t=\r\n 1 ;c = \"x;y=\\\";z\" ; ;d= ; = e; f g = h i ; ",
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct str rest = str_of(texts[i]);
		struct sip_param param;
		for (size_t j = 0; j < COUNT(want); j++) {
			assert_true(sip_param_next(&rest, &param));
			assert_str(param.name, want[j].name);
			assert_same(param.value, str_of(want[j].value));
			assert_int_equal(!param.value.p, !want[j].value);
		}
		assert_false(sip_param_next(&rest, &param));
	}
	struct str value, rest = STR_NONE;
	struct sip_param param;
	assert_false(sip_param_next(&rest, &param));
	assert_true(sip_param_find(STR("a;TAG=x;tag=y"), STR("tag"), &value));
	assert_str(value, "x");
	assert_true(sip_param_find(STR("a;lr"), STR("LR"), NULL));
	assert_false(sip_param_find(STR("a;lr"), STR("l"), &value));
	rest = STR("a=\"never ends;b=c");
	assert_true(sip_param_next(&rest, &param));
	assert_str(param.value, "\"never ends;b=c");
	assert_false(sip_param_next(&rest, &param));
}

static void quoted_strings_are_resolved(void **state)
{
	(void)state;
	static const struct { const char *quoted, *plain; } t[] = {
		{ "\"\"", "" }, { "\"abc\"", "abc" }, { "\"a\\\"b\\\\c\\d\"", "a\"b\\cd" }, { "abc", "abc" }, { "\"abc", "\"abc" },
		{ "\"", "\"" }, { "", "" }, { "\"a\\\"", "a\\" },
	};
	struct arena arena;
	arena_init(&arena, NULL, 0);
	for (size_t i = 0; i < COUNT(t); i++)
		assert_str(sip_unquote(str_of(t[i].quoted), &arena), t[i].plain);
	assert_none(sip_unquote(STR_NONE, &arena));
	arena_fini(&arena);
}

/* MS-23 RG-18 */
static void numbers_are_read_or_not_but_never_wrapped(void **state)
{
	(void)state;
	static const struct { const char *value; bool ok; uint32_t number; } t[] = {
		{ "3600", true, 3600 }, { "0", true, 0 }, { "0000000000000000000000060", true, 60 }, { "4294967295", true, UINT32_MAX },
		{ "18 (soon)", true, 18 }, { "18;duration=3600", true, 18 }, { "5(x)", true, 5 }, { "2147483648", true, 2147483648u },
		{ "4294967296", false, 0 }, { "18446744073709551616", false, 0 }, { "18446744073709551617", false, 0 },
		{ "-1", false, 0 }, { "", false, 0 }, { "x", false, 0 }, { "1x", false, 0 }, { "+1", false, 0 }, { "1.5", false, 0 },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[512];
		struct sample s;
		uint32_t number = 0;
		int n = snprintf(text, sizeof text, "OPTIONS sip:h SIP/2.0\r\nExpires: %s\r\n\r\n", t[i].value);
		sample_open(&s, (struct str){ text, (size_t)n }, NULL);
		if (sip_number(&s.m, SIP_H_EXPIRES, &number) != t[i].ok || number != t[i].number)
			fail_msg("\"%s\": %u", t[i].value, number);
		assert_false(sip_number(&s.m, SIP_H_MIN_EXPIRES, &number));
		sample_close(&s);
	}
}

/* RG-19 */
static void q_is_read_in_thousandths(void **state)
{
	(void)state;
	static const struct { const char *text; int q; } t[] = {
		{ "0", 0 }, { "1", 1000 }, { "0.", 0 }, { "1.", 1000 }, { "0.5", 500 }, { "0.33", 330 }, { "0.123", 123 }, { "1.000", 1000 },
		{ "", -1 }, { "2", -1 }, { "1.1", -1 }, { "0.1234", -1 }, { ".5", -1 }, { "0,5", -1 }, { "-0.5", -1 }, { "0.x", -1 }, { "10", -1 },
		{ "1.001", -1 },
	};
	for (size_t i = 0; i < COUNT(t); i++)
		if (sip_q(str_of(t[i].text)) != t[i].q)
			fail_msg("\"%s\": %d", t[i].text, sip_q(str_of(t[i].text)));
	assert_int_equal(sip_q(STR_NONE), -1);
}

static void tokens_are_found_over_rows_without_case(void **state)
{
	(void)state;
	struct sample s;
	sample_open(&s, STR("OPTIONS sip:h SIP/2.0\r\nk: path,OutBound\r\nSupported:\r\nSupported: gruu ,\r\n\r\n"), NULL);
	assert_true(sip_has_token(&s.m, SIP_H_SUPPORTED, STR("outbound")));
	assert_true(sip_has_token(&s.m, SIP_H_SUPPORTED, STR("gruu")));
	assert_false(sip_has_token(&s.m, SIP_H_SUPPORTED, STR("out")));
	assert_false(sip_has_token(&s.m, SIP_H_REQUIRE, STR("gruu")));
	sample_close(&s);
}

static void addresses_are_taken_apart(void **state)
{
	(void)state;
	static const struct { const char *text, *display, *uri, *params, *tag; bool bracketed; } t[] = {
		{ "<sip:u@h;x>;tag=1;y", NULL, "sip:u@h;x", "tag=1;y", "1", true },
		{ " \"A B\" <sip:u@h> ; y ; TAG = 2 ", "\"A B\"", "sip:u@h", " y ; TAG = 2", "2", true },
		{ "A  B<sips:h>", "A  B", "sips:h", NULL, NULL, true },
		{ "sip:u@h;tag=1", NULL, "sip:u@h", "tag=1", "1", false },
		{ "sip:u@h", NULL, "sip:u@h", NULL, NULL, false },
		{ "\" \"\t<sip:h>;tag", "\" \"", "sip:h", "tag", NULL, true },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sip_addr a;
		assert_true(sip_addr_parse(str_of(t[i].text), &a));
		assert_same(a.display, str_of(t[i].display));
		assert_str(a.uri_text, t[i].uri);
		assert_same(a.params, str_of(t[i].params));
		assert_same(a.tag, str_of(t[i].tag));
		assert_int_equal(a.bracketed, t[i].bracketed);
		assert_false(a.star);
	}
	struct sip_addr a;
	assert_true(sip_addr_parse(STR(" * "), &a) && a.star);
	assert_false(sip_addr_parse(STR("<sip:u@h"), &a));
	assert_none(a.uri_text);
}

/* What the parser has read comes out again; all else, also of a response, is read when it is asked for. */
static void the_first_contact_and_route_are_read_once(void **state)
{
	(void)state;
	static const struct { const char *text; bool contact, route; } t[] = {
		{ REQUEST("INVITE", "m: A <sip:a@h;x>;q=1, <sip:b@h>\r\nRoute: <sip:p1;lr>\r\nRoute: <sip:p2;lr>\r\n"), true, true },
		{ REQUEST("INVITE", "m: <sip:a@h\r\nRoute:\r\nRoute: <sip:p2;lr>\r\n"), false, false },
		{ "SIP/2.0 200 OK\r\n" NEEDED("INVITE") "Contact: <sip:a@h>\r\nRoute: <sip:p1;lr>\r\n\r\n", false, false },
		{ REQUEST("INVITE", ""), false, false },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		static const enum sip_header_id ids[] = { SIP_H_CONTACT, SIP_H_ROUTE };
		struct sample s;
		sample_open(&s, str_of(t[i].text), NULL);
		assert_int_equal(s.m.contact != NULL, t[i].contact);
		assert_int_equal(s.m.route != NULL, t[i].route);
		for (size_t k = 0; k < COUNT(ids); k++) {
			struct sip_values it;
			struct str value;
			sip_values_begin(&it, &s.m, ids[k]);
			while (sip_values_next(&it, &value)) {
				struct sip_addr kept, fresh;
				bool read = sip_addr_parse(value, &fresh);
				assert_int_equal(sip_addr_of(&s.m, value, &kept), read);
				assert_same(kept.text, fresh.text);
				assert_same(kept.uri_text, fresh.uri_text);
				assert_same(kept.params, fresh.params);
				assert_same(kept.uri.user, fresh.uri.user);
				assert_int_equal(kept.bracketed, fresh.bracketed);
			}
		}
		sample_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_split_outside_of_quotes_and_brackets),
		cmocka_unit_test(three_layouts_of_a_list_are_the_same),
		cmocka_unit_test(challenges_stay_rows),
		cmocka_unit_test(parameters_are_split),
		cmocka_unit_test(quoted_strings_are_resolved),
		cmocka_unit_test(numbers_are_read_or_not_but_never_wrapped),
		cmocka_unit_test(q_is_read_in_thousandths),
		cmocka_unit_test(tokens_are_found_over_rows_without_case),
		cmocka_unit_test(addresses_are_taken_apart),
		cmocka_unit_test(the_first_contact_and_route_are_read_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
