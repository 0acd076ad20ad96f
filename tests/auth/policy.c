/* SPDX-License-Identifier: Apache-2.0 */
#include "../base/check.h"
#include "policy.h"
#include <stdio.h>

#define ALIASES(...) .aliases = (struct str[]){ __VA_ARGS__ }, \
	.alias_count = sizeof((struct str[]){ __VA_ARGS__ }) / sizeof(struct str)

static struct domain domains[] = {
	{ .name = STR_INIT("example.com"), ALIASES(STR_INIT("sip.example.com"), STR_INIT("192.0.2.10")) },
	{ .name = STR_INIT("example.net"), ALIASES(STR_INIT("2001:db8::10"), STR_INIT("[2001:db8::11]"), STR_INIT("sip.example.com")) },
};

static const struct policy plain = { .domains = domains, .domain_count = COUNT(domains) };

static struct str name_of(const struct domain *d)
{
	return d ? d->name : STR("none");
}

static const struct { const char *host, *domain; } hosts[] = {
	{ "example.com", "example.com" }, { "EXAMPLE.com", "example.com" }, { "example.com.", "example.com" },
	{ "sip.example.com", "example.com" }, { "192.0.2.10", "example.com" }, { "example.net", "example.net" },
	{ "2001:db8::10", "example.net" }, { "[2001:db8::10]", "example.net" }, { "2001:DB8:0:0:0:0:0:10", "example.net" },
	{ "2001:db8::11", "example.net" }, { "[2001:db8:0::11]", "example.net" },
	{ "example.org", "none" }, { "xexample.com", "none" }, { "com", "none" }, { "", "none" }, { ".", "none" },
	{ "192.0.2.1", "none" }, { "2001:db8::1", "none" }, { "a.example.com", "none" }, { "example.com..", "none" },
};

static void a_domain_is_found_by_every_spelling_of_its_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++)
		assert_str(name_of(policy_domain(&plain, str_of(hosts[i].host))), hosts[i].domain);
}

static void an_indexed_policy_gives_the_same_answers(void **state)
{
	(void)state;
	struct policy p = plain;
	arena_init(&p.arena, NULL, 0);
	policy_index(&p);
	for (size_t i = 0; i < COUNT(hosts); i++)
		assert_str(name_of(policy_domain(&p, str_of(hosts[i].host))), hosts[i].domain);
	arena_fini(&p.arena);
}

static void a_host_that_is_longer_than_hosts_can_be_is_not_ours(void **state)
{
	(void)state;
	struct policy p = plain;
	char host[4000];
	memset(host, 'a', sizeof host);
	arena_init(&p.arena, NULL, 0);
	policy_index(&p);
	assert_null(policy_domain(&p, (struct str){ host, sizeof host }));
	assert_null(policy_domain(&plain, (struct str){ host, sizeof host }));
	arena_fini(&p.arena);
}

static void a_thousand_domains_are_all_found_in_the_index(void **state)
{
	(void)state;
	static struct domain many[1000];
	static char names[1000][32];
	struct policy p = { .domains = many, .domain_count = COUNT(many) };
	for (unsigned i = 0; i < COUNT(many); i++) {
		snprintf(names[i], sizeof names[i], "customer%u.example", i * 7919 % 1000);
		many[i].name = str_of(names[i]);
	}
	arena_init(&p.arena, NULL, 0);
	policy_index(&p);
	for (unsigned i = 0; i < COUNT(many); i++)
		assert_ptr_equal(policy_domain(&p, many[i].name), &many[i]);
	assert_ptr_equal(policy_domain(&p, STR("CUSTOMER0.Example.")), &many[0]);
	assert_null(policy_domain(&p, STR("customer1000.example")));
	arena_fini(&p.arena);
}

static void the_hops_of_a_route_stand_by_priority_and_equal_ones_as_written(void **state)
{
	(void)state;
	struct route_hop hops[] = {
		{ .uri = STR("sip:a"), .priority = 2 }, { .uri = STR("sip:b"), .priority = 0 }, { .uri = STR("sip:c"), .priority = 2 },
		{ .uri = STR("sip:d"), .priority = 1 }, { .uri = STR("sip:e"), .priority = 0 },
	};
	static const char order[] = "bedac";
	struct route route = { .hops = hops, .hop_count = COUNT(hops) };
	struct policy p = { .routes = &route, .route_count = 1 };
	arena_init(&p.arena, NULL, 0);
	policy_index(&p);
	for (size_t i = 0; i < COUNT(hops); i++)
		assert_int_equal(hops[i].uri.p[4], order[i]);
	arena_fini(&p.arena);
}

static void a_policy_without_domains_owns_nothing(void **state)
{
	(void)state;
	struct policy p = { 0 };
	assert_null(policy_domain(&p, STR("example.com")));
	arena_init(&p.arena, NULL, 0);
	policy_index(&p);
	assert_null(policy_domain(&p, STR("example.com")));
	arena_fini(&p.arena);
}

/* --- peers --- */

static struct cidr block(const char *text)
{
	struct cidr c;
	assert_true(cidr_parse(str_of(text), &c));
	return c;
}

static void a_peer_has_the_rights_of_all_entries_that_match_it(void **state)
{
	(void)state;
	struct peer peers[] = {
		{ .block = block("192.0.2.0/24"), .rights = PEER_INBOUND },
		{ .block = block("192.0.2.7"), .rights = PEER_RELAY },
		{ .block = block("2001:db8::/32"), .rights = PEER_PATH },
		{ .tls_name = STR("edge.example.com"), .rights = PEER_IDENTITY },
		{ .block = block("198.51.100.0/24"), .tls_name = STR("both.example.com"), .rights = PEER_RELAY },
		{ .rights = PEER_RELAY | PEER_PATH },
	};
	const struct policy p = { .peers = peers, .peer_count = COUNT(peers) };
	static const struct { const char *source, *names; unsigned rights; } table[] = {
		{ "192.0.2.1", "", PEER_INBOUND }, { "192.0.2.7", "", PEER_INBOUND | PEER_RELAY }, { "192.0.3.1", "", 0 },
		{ "2001:db8:1::1", "", PEER_PATH }, { "2001:db9::1", "", 0 }, { "::ffff:192.0.2.1", "", PEER_INBOUND },
		{ "203.0.113.1", "edge.example.com", PEER_IDENTITY }, { "203.0.113.1", "a.example,EDGE.example.com", PEER_IDENTITY },
		{ "203.0.113.1", "edge.example.com, b.example", PEER_IDENTITY }, { "203.0.113.1", "xedge.example.com", 0 },
		{ "192.0.2.1", "edge.example.com", PEER_INBOUND | PEER_IDENTITY },
		{ "198.51.100.1", "", 0 }, { "203.0.113.1", "both.example.com", 0 }, { "198.51.100.1", "both.example.com", PEER_RELAY },
	};
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr a;
		assert_true(addr_parse_ip(str_of(table[i].source), &a));
		a.port = 5060;
		assert_int_equal(policy_rights(&p, &a, str_of(table[i].names)), table[i].rights);
	}
	struct addr a;
	assert_true(addr_parse_ip(STR("192.0.2.1"), &a));
	assert_int_equal(policy_rights(&p, &a, STR_NONE), PEER_INBOUND);
}

/* --- routes --- */

static struct sip_uri uri(const char *text)
{
	struct sip_uri u;
	if (!sip_uri_parse(str_of(text), &u))
		fail_msg("%s", text);
	return u;
}

static void a_number_is_read_from_tel_and_sip_uris(void **state)
{
	static const struct { const char *uri, *number; } table[] = {
		{ "tel:+1-212-555.0101", "+12125550101" }, { "tel:7(495)1234567", "74951234567" },
		{ "tel:112;phone-context=example.com", "112" },
		{ "sip:+79991234567@example.com", "+79991234567" }, { "sip:112@example.com", "112" },
		{ "sips:00491234@example.com:5061", "00491234" }, { "sip:%2B7%39@example.com", "+79" },
		{ "sip:+1-212@example.com;user=phone", "+1212" }, { "sip:+1-212@example.com", NULL },
		{ "sip:+1212;phone-context=+1@example.com", "+1212" },
		{ "sip:alice@example.com", NULL }, { "sip:1a@example.com", NULL }, { "sip:example.com", NULL }, { "sip:+@example.com", NULL },
		{ "sip:1+2@example.com", NULL }, { "sip:12%00@example.com", NULL }, { "mailto:12@example.com", NULL },
		{ "sip:1234567890123456789012345678901234567890123456789012345678901234@h", "1234567890123456789012345678901234567890123456789012345678901234" },
		{ "sip:12345678901234567890123456789012345678901234567890123456789012345@h", NULL },
	};
	(void)state;
	struct arena arena;
	arena_init(&arena, NULL, 0);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct sip_uri u = uri(table[i].uri);
		struct str number = STR_NONE;
		assert_int_equal(policy_number(&u, &arena, &number), table[i].number != NULL);
		if (table[i].number)
			assert_str(number, table[i].number);
	}
	arena_fini(&arena);
}

static void the_first_route_that_fits_is_taken(void **state)
{
	struct route routes[] = {
		{ .domain = STR("partner.example"), .by_prefix = true, .prefix = STR("+49") },          /* 0 */
		{ .domain = STR("partner.example") },                                                   /* 1 */
		{ .by_prefix = true, .prefix = STR("+7") },                                             /* 2 */
		{ .by_prefix = true, .prefix = STR("00") },                                             /* 3 */
		{ .by_prefix = true, .prefix = STR("+7495") },                                          /* 4: never reached */
		{ .domain = STR("2001:db8::99") },                                                      /* 5 */
		{ .domain = STR("example.com") },                                                       /* 6: ours, so never */
		{ 0 },                                                                                  /* 7: fits nothing */
		{ .by_prefix = true, .prefix = STR("") },                                               /* 8 */
	};
	const struct policy p = { .domains = domains, .domain_count = COUNT(domains), .routes = routes, .route_count = COUNT(routes) };
	static const struct { const char *uri; bool number; int route; } table[] = {
		{ "sip:bob@partner.example", false, 1 }, { "sip:bob@PARTNER.example.", false, 1 }, { "sip:partner.example", true, 1 },
		{ "sip:+4930@partner.example", false, 0 }, { "sip:+7495@partner.example", true, 1 },
		{ "sip:bob@[2001:DB8:0::99]:5080", false, 5 },
		{ "sip:bob@stranger.example", true, -1 }, { "sip:+7495@stranger.example", true, -1 },
		{ "tel:+7-495-1", true, 2 }, { "tel:+7495", false, 2 }, { "sip:+7495@example.com", true, 2 },
		{ "sip:+7495@example.com", false, -1 }, { "sip:%2B7495@192.0.2.10", true, 2 },
		{ "sip:0049@example.com", true, 3 }, { "sip:112@example.com", true, 8 }, { "sip:alice@example.com", true, -1 },
		{ "sip:example.com", true, -1 }, { "mailto:a@partner.example", true, -1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct sip_uri u = uri(table[i].uri);
		const struct route *r = policy_route(&p, &u, table[i].number);
		int got = r ? (int)(r - routes) : -1;
		if (got != table[i].route)
			fail_msg("%s: route %d", table[i].uri, got);
	}
}

static void a_number_is_stripped_and_then_added_to(void **state)
{
	static const struct { unsigned strip; const char *add, *in, *out; } table[] = {
		{ 0, "", "+7495", "+7495" }, { 2, "8", "+7495", "8495" }, { 1, "", "+7495", "7495" }, { 0, "00", "49", "0049" },
		{ 2, "", "49", "" }, { 9, "112", "49", "112" }, { 0, "9", "", "9" },
	};
	(void)state;
	struct arena arena;
	arena_init(&arena, NULL, 0);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct route r = { .strip = table[i].strip, .add = str_of(table[i].add) };
		assert_str(route_number(&r, str_of(table[i].in), &arena), table[i].out);
	}
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_is_found_by_every_spelling_of_its_names),
		cmocka_unit_test(an_indexed_policy_gives_the_same_answers),
		cmocka_unit_test(a_host_that_is_longer_than_hosts_can_be_is_not_ours),
		cmocka_unit_test(a_thousand_domains_are_all_found_in_the_index),
		cmocka_unit_test(the_hops_of_a_route_stand_by_priority_and_equal_ones_as_written),
		cmocka_unit_test(a_policy_without_domains_owns_nothing),
		cmocka_unit_test(a_peer_has_the_rights_of_all_entries_that_match_it),
		cmocka_unit_test(a_number_is_read_from_tel_and_sip_uris),
		cmocka_unit_test(the_first_route_that_fits_is_taken),
		cmocka_unit_test(a_number_is_stripped_and_then_added_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
