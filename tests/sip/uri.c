/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include <stdio.h>

static struct sip_uri uri(struct str text)
{
	struct sip_uri u;
	if (!sip_uri_parse(text, &u))
		fail_msg("\"%.*s\" is not read", STR_FMT(text));
	return u;
}

/* MS-30 MS-35 MS-37 */
static void uris_are_taken_apart(void **state)
{
	(void)state;
	static const struct {
		const char *text, *user, *password, *host;
		uint16_t port;
		const char *params, *headers, *transport;
		bool lr, ob;
	} t[] = {
		{ "sip:example.com", NULL, NULL, "example.com", 0, NULL, NULL, NULL, false, false },
		{ "SIPS:alice:secret@example.com:5061", "alice", "secret", "example.com", 5061, NULL, NULL, NULL, false, false },
		{ "sip:alice:@example.com", "alice", "", "example.com", 0, NULL, NULL, NULL, false, false },
		{ "sip:alice;day=tuesday@atlanta.com", "alice;day=tuesday", NULL, "atlanta.com", 0, NULL, NULL, NULL, false, false },
		{ "sip:a?b/c,d&e=f+g$h@x.y", "a?b/c,d&e=f+g$h", NULL, "x.y", 0, NULL, NULL, NULL, false, false },
		{ "sip:*21#@pbx", "*21#", NULL, "pbx", 0, NULL, NULL, NULL, false, false },
		{ "sip:h;lr", NULL, NULL, "h", 0, "lr", NULL, NULL, true, false },
		{ "sip:h;LR=on;transport=tcp", NULL, NULL, "h", 0, "LR=on;transport=tcp", NULL, "tcp", true, false },
		{ "sip:h;lr=true;ob", NULL, NULL, "h", 0, "lr=true;ob", NULL, NULL, true, true },
		{ "sip:h;lr=", NULL, NULL, "h", 0, "lr=", NULL, NULL, true, false },
		{ "sip:h?a=b&c=", NULL, NULL, "h", 0, NULL, "a=b&c=", NULL, false, false },
		{ "sip:h:5;x=[::1]:5?a=?", NULL, NULL, "h", 5, "x=[::1]:5", "a=?", NULL, false, false },
		{ "sip:u@[2001:db8::1]:5070;transport=TLS", "u", NULL, "2001:db8::1", 5070, "transport=TLS", NULL, "TLS", false, false },
		{ "sip:u@example.com.", "u", NULL, "example.com.", 0, NULL, NULL, NULL, false, false },
		{ "sip:u@my_host:0", "u", NULL, "my_host", 0, NULL, NULL, NULL, false, false },
		{ "sip:u@h;token=ab==", "u", NULL, "h", 0, "token=ab==", NULL, NULL, false, false },
		{ "tel:+1-201-555-0123", "+1-201-555-0123", NULL, NULL, 0, NULL, NULL, NULL, false, false },
		{ "tel:7042;phone-context=example.com", "7042", NULL, NULL, 0, "phone-context=example.com", NULL, NULL, false, false },
		{ "mailto:a@b", NULL, NULL, "a@b", 0, NULL, NULL, NULL, false, false },
		{ "http://www.example.com", NULL, NULL, "//www.example.com", 0, NULL, NULL, NULL, false, false },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sip_uri u = uri(str_of(t[i].text));
		assert_str(u.text, t[i].text);
		assert_same(u.user, str_of(t[i].user));
		assert_int_equal(!u.user.p, !t[i].user);
		assert_same(u.password, str_of(t[i].password));
		assert_int_equal(!u.password.p, !t[i].password);
		assert_same(u.host, str_of(t[i].host));
		assert_int_equal(u.port, t[i].port);
		assert_same(u.params, str_of(t[i].params));
		assert_same(u.headers, str_of(t[i].headers));
		assert_same(u.transport, str_of(t[i].transport));
		assert_int_equal(u.lr, t[i].lr);
		assert_int_equal(u.ob, t[i].ob);
	}
}

/* MS-37 MS-18 */
static void what_is_no_uri_is_refused(void **state)
{
	(void)state;
	static const char *const t[] = {
		"", "sip", "sip:", ":h", "1sip:h", "si_p:h", "sip:@h", "sip::p@h", "sip:u@", "sip:u@h@i", "sip:u v@h",
		"sip:h:", "sip:h:x", "sip:h:65536", "sip:h:99999999999999999999", "sip:h:-1", "sip:2001:db8::10",
		"sip:[2001:db8::10", "sip:[]", "sip:[192.0.2.1]", "sip:[2001:db8::10]x", "sip:[::g]", "sip:a..b", "sip:.a",
		"sip:256.1.1.1", "sip:1.2.3", "sip:12345", "sip:h;", "sip:h;;lr", "sip:h;=x", "sip:h;a=b;A=c", "sip:h;lr;%6Cr",
		"sip:h?", "sip:h?a", "sip:h?=b", "sip:h?a=b&", "sip:h?a=b;c", "sip:u%4@h", "sip:u%@h", "sip:u%zz@h", "sip:h%41",
		"sip:h;a=%1", "sip:h?a=%", "sip:h; lr", " sip:h", "sip:h ", "sip:\xc3\xbc@h", "sip:u\n@h", "<sip:h>", "sip:u\"@h",
		"tel:", "tel:+", "tel:-.-", "tel:abcx", "tel:+12ab", "tel:12;a;a", "tel:12@h", "foo:", "foo:a b", "foo:<a>",
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sip_uri u;
		if (sip_uri_parse(str_of(t[i]), &u))
			fail_msg("\"%s\" is read", t[i]);
	}
	struct sip_uri u;
	assert_false(sip_uri_parse(STR("sip:a\0b@h"), &u));
	assert_false(sip_uri_parse(STR_NONE, &u));
}

static void more_than_64_parameters_or_headers_are_refused(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct sip_uri u;
		struct buf b = { 0 };
		buf_printf(&b, "sip:h%c", kind ? '?' : ';');
		for (int i = 0; i < 64; i++)
			buf_printf(&b, "%sp%d=x", i == 0 ? "" : kind ? "&" : ";", i);
		assert_true(sip_uri_parse(buf_str(&b), &u));
		buf_printf(&b, "%sp64=x", kind ? "&" : ";");
		assert_false(sip_uri_parse(buf_str(&b), &u));
		buf_fini(&b);
	}
}

static void parameters_are_found_without_regard_to_case_and_escapes(void **state)
{
	(void)state;
	struct str value;
	struct sip_uri u = uri(STR("sip:h;Transport=tcp;%6Cr;x="));
	assert_true(sip_uri_param(&u, STR("transport"), &value));
	assert_str(value, "tcp");
	assert_true(sip_uri_param(&u, STR("lr"), &value));
	assert_none(value);
	assert_true(sip_uri_param(&u, STR("X"), &value));
	assert_true(value.p && value.n == 0);
	assert_false(sip_uri_param(&u, STR("tra"), NULL));
	u = uri(STR("sip:h"));
	assert_false(sip_uri_param(&u, STR("lr"), &value));
}

static void check_pair(const char *x, const char *y, bool equal)
{
	struct sip_uri a = uri(str_of(x)), b = uri(str_of(y));
	if (sip_uri_equal(&a, &b) != equal || sip_uri_equal(&b, &a) != equal)
		fail_msg("%s and %s: %d, %d, not %d", x, y, sip_uri_equal(&a, &b), sip_uri_equal(&b, &a), equal);
}

/* MS-32 MS-33 MS-34: the lists that RFC 3261 §19.1.4 prints, and the spellings of addresses of RFC 5954. */
static void the_lists_of_rfc_3261_are_equal_and_unequal(void **state)
{
	(void)state;
	static const char *const equal[][2] = {
		{ "sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp" },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5" },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com;security=on" },
		{ "sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on" },
		{ "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
		  "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com" },
		{ "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
		  "sip:alice@atlanta.com?priority=urgent&subject=project%20x" },
	};
	static const char *const unequal[][2] = {
		{ "SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP" },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060" },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp" },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp" },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting" },
		{ "sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4" },
		{ "sip:carol@chicago.com;security=off", "sip:carol@chicago.com;security=on" },
	};
	for (size_t i = 0; i < COUNT(equal); i++)
		check_pair(equal[i][0], equal[i][1], true);
	for (size_t i = 0; i < COUNT(unequal); i++)
		check_pair(unequal[i][0], unequal[i][1], false);
}

/* MS-31 MS-32 MS-33 MS-34 MS-35 */
static void equality_looks_at_every_part(void **state)
{
	(void)state;
	static const struct { const char *a, *b; bool equal; } t[] = {
		{ "sip:a@h", "sips:a@h", false },
		{ "sip:a@h", "sip:h", false },
		{ "sip:a:p@h", "sip:a@h", false },
		{ "sip:a:p@h", "sip:a:P@h", false },
		{ "sip:a:@h", "sip:a@h", false },
		{ "sip:a:%70@h", "sip:a:p@h", true },
		{ "sip:a%2Fb@h", "sip:a%2fb@h", true },
		{ "sip:a%2Fb@h", "sip:a/b@h", false },       /* reserved: not the same as the plain one */
		{ "sip:a%25%34%31@h", "sip:a%2541@h", true },
		{ "sip:a%2541@h", "sip:aA@h", false },
		{ "sip:%00@h", "sip:%00%00@h", false },
		{ "sip:a@h;lr", "sip:a@h;lr=on", true },
		{ "sip:a@h;lr", "sip:a@h", true },
		{ "sip:a@h;x", "sip:a@h;x=", false },
		{ "sip:a@h;x=1;y=2", "sip:a@h;Y=2;X=1", true },
		{ "sip:a@h;x=aB", "sip:a@h;x=Ab", true },
		{ "sip:a@h;%78=1", "sip:a@h;x=2", false },
		{ "sip:a@h;user=phone", "sip:a@h", false },
		{ "sip:a@h;ttl=1", "sip:a@h", false },
		{ "sip:a@h;method=INVITE", "sip:a@h", false },
		{ "sip:a@h;maddr=1.2.3.4", "sip:a@h", false },
		{ "sip:a@h?x=1&x=2", "sip:a@h?x=2&x=1", true },
		{ "sip:a@h?x=1&x=1", "sip:a@h?x=1&x=2", false },
		{ "sip:a@h?x=1", "sip:a@h?x=1&y=2", false },
		{ "sip:a@example.com.", "sip:a@example.com", true },
		{ "foo:Bar", "FOO:Bar", true },
		{ "foo:Bar", "foo:bar", false },
		{ "foo:bar", "sip:bar", false },
	};
	for (size_t i = 0; i < COUNT(t); i++)
		check_pair(t[i].a, t[i].b, t[i].equal);
}

/* MS-38 */
static void ipv6_forms_compare_as_addresses(void **state)
{
	(void)state;
	static const struct { const char *a, *b; bool equal; } t[] = {
		{ "sip:bob@[2001:DB8::9:1]", "sip:bob@[2001:db8:0:0:0:0:9:1]", true },
		{ "sip:bob@[2001:db8::1]", "sip:bob@[2001:0db8:0000::0001]", true },
		{ "sip:bob@[2001:db8::9:1]", "sip:bob@[2001:db8::9:01]", true },
		{ "sip:bob@[::FFFF:192.0.2.128]", "sip:bob@[::ffff:C000:280]", true },
		{ "sip:bob@[2001:db8::192.0.2.1]", "sip:bob@[2001:db8::c000:201]", true },
		{ "sip:bob@[2001:db8::1]", "sip:bob@[2001:db8::2]", false },
		{ "sip:bob@[2001:db8::1]:5060", "sip:bob@[2001:db8::1]", false },
		{ "sip:bob@[0:0:0:0:0:FFFF:129.144.52.38]", "sip:bob@[::FFFF:129.144.52.38]", true },
		{ "sip:h;maddr=[2001:db8::1]", "sip:h;maddr=[2001:DB8:0::1]", true },
	};
	for (size_t i = 0; i < COUNT(t); i++)
		check_pair(t[i].a, t[i].b, t[i].equal);
}

/* MS-36 */
static void telephone_numbers_compare_without_separators(void **state)
{
	(void)state;
	static const struct { const char *a, *b; bool equal; } t[] = {
		{ "tel:+1-201-555-0123", "tel:+12015550123", true },
		{ "tel:+1(201)555.0123", "TEL:+12015550123", true },
		{ "tel:+12015550123", "tel:12015550123", false },
		{ "tel:+12015550123", "tel:+1201555012", false },
		{ "tel:7042;phone-context=example.com", "tel:7042;phone-context=EXAMPLE.com", true },
		{ "tel:7042;phone-context=+1-201", "tel:7042;phone-context=+1201", true },
		{ "tel:7042;phone-context=example.com", "tel:7042", false },
		{ "tel:+1201;ext=1-2;isub=x", "tel:+1201;isub=X;ext=12", true },
		{ "tel:*a", "tel:*A", true },
		{ "tel:+1201", "sip:+1201@h", false },
	};
	for (size_t i = 0; i < COUNT(t); i++)
		check_pair(t[i].a, t[i].b, t[i].equal);
}

static void keys_of_addresses_of_record_have_one_spelling(void **state)
{
	(void)state;
	static const struct { const char *text, *key; } t[] = {
		{ "sip:Alice@Example.COM", "Alice@example.com" },
		{ "sips:Alice@example.com:5061;user=phone", "Alice@example.com" },
		{ "sip:%41lice:pw@example.com.", "Alice@example.com" },
		{ "sip:a%25%34%31@h", "a%41@h" },
		{ "sip:example.com;x=y", "example.com" },
		{ "sip:a@[2001:DB8:0::1]", "a@[2001:db8::1]" },
		{ "sip:a@192.0.2.1", "a@192.0.2.1" },
		{ "tel:+1-(201)-555.0123;x=y", "+12015550123" },
		{ "isbn:2983792873", "isbn:2983792873" },
	};
	struct arena arena;
	arena_init(&arena, NULL, 0);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sip_uri u = uri(str_of(t[i].text));
		assert_str(sip_uri_aor_key(&u, &arena), t[i].key);
	}
	arena_fini(&arena);
}

static void escapes_are_decoded_once_and_written_for_users(void **state)
{
	(void)state;
	struct arena arena;
	struct str out;
	struct buf b = { 0 };
	arena_init(&arena, NULL, 0);
	assert_true(sip_unescape(STR("a%2541%00b"), &arena, &out));
	assert_same(out, STR("a%41\0b"));
	static const char *const broken[] = { "%", "a%4", "%g1", "%1g", "ok%41%" };
	for (size_t i = 0; i < COUNT(broken); i++)
		assert_false(sip_unescape(str_of(broken[i]), &arena, &out));
	sip_escape_user(&b, STR("a@b c;d#\xc3\0%"));
	assert_str(buf_str(&b), "a%40b%20c;d%23%C3%00%25");
	buf_fini(&b);

	/* Whatever the bytes, the way there and back gives them again, and a user part that is read. */
	char all[256], text[1024];
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	sip_escape_user(&b, (struct str){ all, sizeof all });
	assert_true(sip_unescape(buf_str(&b), &arena, &out));
	assert_same(out, ((struct str){ all, sizeof all }));
	int n = snprintf(text, sizeof text, "sip:%.*s@h", STR_FMT(buf_str(&b)));
	uri((struct str){ text, (size_t)n });
	buf_fini(&b);
	arena_fini(&arena);
}

static void hosts_that_are_addresses_say_so(void **state)
{
	(void)state;
	struct addr a;
	struct sip_uri u = uri(STR("sip:[::1]"));
	assert_true(sip_uri_host_addr(&u, &a) && a.family == AF_INET6);
	u = uri(STR("sip:192.0.2.1"));
	assert_true(sip_uri_host_addr(&u, &a) && a.family == AF_INET);
	u = uri(STR("sip:example.com"));
	assert_false(sip_uri_host_addr(&u, &a));
	u = uri(STR("tel:+1"));
	assert_false(sip_uri_host_addr(&u, &a));
	u = uri(STR("foo:192.0.2.1"));
	assert_false(sip_uri_host_addr(&u, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris_are_taken_apart),
		cmocka_unit_test(what_is_no_uri_is_refused),
		cmocka_unit_test(more_than_64_parameters_or_headers_are_refused),
		cmocka_unit_test(parameters_are_found_without_regard_to_case_and_escapes),
		cmocka_unit_test(the_lists_of_rfc_3261_are_equal_and_unequal),
		cmocka_unit_test(equality_looks_at_every_part),
		cmocka_unit_test(ipv6_forms_compare_as_addresses),
		cmocka_unit_test(telephone_numbers_compare_without_separators),
		cmocka_unit_test(keys_of_addresses_of_record_have_one_spelling),
		cmocka_unit_test(escapes_are_decoded_once_and_written_for_users),
		cmocka_unit_test(hosts_that_are_addresses_say_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
