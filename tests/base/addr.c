/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "addr.h"

#include <netinet/in.h>

static struct addr ip(const char *text)
{
	struct addr a;
	if (!addr_parse_ip(str_of(text), &a))
		fail_msg("%s", text);
	return a;
}

static void ip_addresses_are_read_and_written_back(void **state)
{
	static const struct { struct str in; const char *host; } t[] = {
		{ STR_INIT("192.0.2.1"), "192.0.2.1" },
		{ STR_INIT("2001:db8::1"), "[2001:db8::1]" },
		{ STR_INIT("[2001:DB8:0:0:0:0:0:1]"), "[2001:db8::1]" },
		{ STR_INIT("::"), "[::]" },
		{ STR_INIT("::ffff:192.0.2.1"), "192.0.2.1" },
		{ STR_INIT("[::ffff:c000:201]"), "192.0.2.1" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct addr a;
		struct buf b = { 0 };
		assert_true(addr_parse_ip(t[i].in, &a));
		assert_int_equal(a.port, 0);
		addr_write_host(&b, &a);
		assert_str(buf_str(&b), t[i].host);
		buf_fini(&b);
	}
}

/* RFC 5118 §4.10 */
static void three_colons_are_read_as_two(void **state)
{
	(void)state;
	struct addr a = ip("2001:db8:::192.0.2.1"), b = ip("2001:db8::192.0.2.1");
	assert_true(addr_eq(&a, &b));
	a = ip("[2001:db8:::192.0.2.1]");
	assert_true(addr_eq(&a, &b));
}

static void what_is_no_address_is_refused(void **state)
{
	static const struct str bad[] = { STR_INIT(""), STR_INIT("192.0.2"), STR_INIT("192.0.2.256"), STR_INIT("192.0.2.1 "),
		STR_INIT("example.com"), STR_INIT("[192.0.2.1]"), STR_INIT("[::1"), STR_INIT("::1]"), STR_INIT("["), STR_INIT("[]"),
		STR_INIT("2001:db8::::1"), STR_INIT("1::2::3"), STR_INIT("::1\0"), STR_INIT("fe80::1%eth0"), STR_INIT("[[::1]]"),
		STR_INIT("0000000000000000000000000000000000000000000000000000000000000000:1") };
	struct addr a;
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(addr_parse_ip(bad[i], &a));
	assert_false(addr_parse_ip(STR_NONE, &a));
}

static void ports_are_read_after_the_address(void **state)
{
	static const struct { struct str in; const char *out; } t[] = {
		{ STR_INIT("192.0.2.1"), "192.0.2.1:5060" },        { STR_INIT("192.0.2.1:5080"), "192.0.2.1:5080" },
		{ STR_INIT("192.0.2.1:0"), "192.0.2.1:0" },         { STR_INIT("[::1]"), "[::1]:5060" },
		{ STR_INIT("[::1]:65535"), "[::1]:65535" },         { STR_INIT("::1"), "[::1]:5060" },
		{ STR_INIT("2001:db8::1:5080"), "[2001:db8::1:5080]:5060" },
		{ STR_INIT("192.0.2.1:65536"), NULL },              { STR_INIT("192.0.2.1:"), NULL },
		{ STR_INIT("192.0.2.1:-1"), NULL },                 { STR_INIT("[::1]5060"), NULL },
		{ STR_INIT("[::1]:"), NULL },                       { STR_INIT("1:2:3:4:5:6:7:8:5060"), NULL },
		{ STR_INIT(":5060"), NULL },                        { STR_INIT(""), NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct addr a;
		char text[ADDR_TEXT];
		assert_int_equal(addr_parse(t[i].in, 5060, &a), t[i].out != NULL);
		if (t[i].out)
			assert_string_equal(addr_text(&a, text), t[i].out);
	}
}

static void sockets_addresses_go_both_ways(void **state)
{
	static const char *const t[] = { "192.0.2.7:49152", "[2001:db8::9]:5061" };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct addr a, b;
		struct sockaddr_storage ss;
		assert_true(addr_parse(str_of(t[i]), 0, &a));
		assert_int_equal(addr_to_sockaddr(&a, &ss), i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		assert_true(addr_from_sockaddr((struct sockaddr *)&ss, &b));
		assert_true(addr_eq(&a, &b));
	}
	struct sockaddr_storage other = { .ss_family = AF_UNIX };
	struct addr a;
	assert_false(addr_from_sockaddr((struct sockaddr *)&other, &a));
}

static void a_zone_is_kept_for_link_local_addresses_only(void **state)
{
	struct addr a = ip("fe80::1"), b, global = ip("2001:db8::1");
	struct sockaddr_storage ss;
	(void)state;
	a.scope = 3;
	addr_to_sockaddr(&a, &ss);
	assert_true(addr_from_sockaddr((struct sockaddr *)&ss, &b));
	assert_int_equal(b.scope, 3);
	assert_true(addr_same_ip(&a, &b));
	b.scope = 4;
	assert_false(addr_same_ip(&a, &b));
	global.scope = 3;
	addr_to_sockaddr(&global, &ss);
	assert_true(addr_from_sockaddr((struct sockaddr *)&ss, &b));
	assert_int_equal(b.scope, 0);
}

static void the_same_ip_may_have_different_ports(void **state)
{
	struct addr a = ip("192.0.2.1"), b = a;
	(void)state;
	b.port = 5060;
	assert_true(addr_same_ip(&a, &b));
	assert_false(addr_eq(&a, &b));
	struct addr c = ip("c000:201::");       /* the same first bytes, another family */
	assert_false(addr_same_ip(&a, &c));
}

static void broadcast_multicast_and_nothing_are_unsendable(void **state)
{
	static const struct { const char *ip; bool any, loopback, unsendable; } t[] = {
		{ "0.0.0.0", true, false, true },     { "0.1.2.3", false, false, true },
		{ "127.0.0.1", false, true, false },  { "127.255.0.9", false, true, false },
		{ "192.0.2.1", false, false, false }, { "223.255.255.255", false, false, false },
		{ "224.0.1.75", false, false, true }, { "239.255.255.255", false, false, true },
		{ "255.255.255.255", false, false, true },
		{ "::", true, false, true },          { "::1", false, true, false },
		{ "ff02::1", false, false, true },    { "2001:db8::1", false, false, false },
		{ "fe80::1", false, false, false },   { "::ffff:224.0.0.1", false, false, true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct addr a = ip(t[i].ip);
		assert_int_equal(addr_is_any(&a), t[i].any);
		assert_int_equal(addr_is_loopback(&a), t[i].loopback);
		assert_int_equal(addr_is_unsendable(&a), t[i].unsendable);
	}
	struct addr none = { 0 };
	char text[ADDR_TEXT];
	assert_true(addr_is_unsendable(&none));
	assert_false(addr_is_any(&none));
	assert_string_equal(addr_text(&none, text), "no address");
}

static void blocks_hold_what_their_bits_say(void **state)
{
	static const struct { const char *block, *ip; bool has; } t[] = {
		{ "192.0.2.0/24", "192.0.2.255", true },    { "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.77/24", "192.0.2.1", true },     { "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },        { "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "::1", false },              { "10.0.0.0/9", "10.127.1.1", true },
		{ "10.0.0.0/9", "10.128.1.1", false },      { "10.0.0.0/31", "10.0.0.1", true },
		{ "2001:db8::/32", "2001:db8:ffff::1", true }, { "2001:db8::/33", "2001:db8:8000::1", false },
		{ "[2001:db8::]/64", "2001:db8::5", true }, { "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct cidr c;
		struct addr a = ip(t[i].ip);
		assert_true(cidr_parse(str_of(t[i].block), &c));
		assert_int_equal(cidr_has(&c, &a), t[i].has);
	}
	static const char *const bad[] = { "192.0.2.0/33", "192.0.2.0/", "::/129", "/8", "", "192.0.2/24", "10.0.0.0/8/8", "10.0.0.0/-1" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct cidr c;
		assert_false(cidr_parse(str_of(bad[i]), &c));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_addresses_are_read_and_written_back),
		cmocka_unit_test(three_colons_are_read_as_two),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(ports_are_read_after_the_address),
		cmocka_unit_test(sockets_addresses_go_both_ways),
		cmocka_unit_test(a_zone_is_kept_for_link_local_addresses_only),
		cmocka_unit_test(the_same_ip_may_have_different_ports),
		cmocka_unit_test(broadcast_multicast_and_nothing_are_unsendable),
		cmocka_unit_test(blocks_hold_what_their_bits_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
