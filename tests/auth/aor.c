/* SPDX-License-Identifier: Apache-2.0 */
#include "../base/check.h"
#include "aor.h"
#include "fake_users.h"

static struct str alias[] = { STR_INIT("100") };
static struct str host_alias[] = { STR_INIT("sip.example.com"), STR_INIT("192.0.2.10") };
static const struct user list[] = {
	{ .name = STR_INIT("alice"), .domain = STR_INIT("example.com"), .aliases = alias, .alias_count = 1 },
	{ .name = STR_INIT("50%"), .domain = STR_INIT("example.com") },
	{ .name = STR_INIT("bob"), .domain = STR_INIT("[2001:db8::1]") },
};
static const struct domain com = { .name = STR_INIT("example.com"), .aliases = host_alias, .alias_count = 2 };
static const struct domain six = { .name = STR_INIT("[2001:db8::1]") };

/* RG-10 RG-12 */
static void every_spelling_of_an_address_has_one_key(void **state)
{
	static const struct { const struct domain *at; const char *uri; enum aor_owner owner; const char *key; } table[] = {
		{ &com, "sip:alice@example.com", AOR_USER, "alice@example.com" },
		{ &com, "sips:alice@example.com", AOR_USER, "alice@example.com" },
		{ &com, "sip:%61lice@EXAMPLE.com;user=phone", AOR_USER, "alice@example.com" },
		{ &com, "sip:alice:secret@sip.example.com:5070;x=y?Subject=z", AOR_USER, "alice@example.com" },
		{ &com, "sip:100@192.0.2.10", AOR_USER, "alice@example.com" },
		{ &com, "sip:50%25@example.com", AOR_USER, "50%@example.com" },
		{ &com, "sip:Alice@example.com", AOR_NOBODY, "Alice@example.com" },
		{ &com, "sip:carol@192.0.2.10", AOR_NOBODY, "carol@example.com" },
		{ &six, "sip:bob@[2001:db8:0::1]", AOR_USER, "bob@[2001:db8::1]" },
		{ &com, "sip:example.com", AOR_ELSEWHERE, NULL },
		{ &com, "sip:alice@example.net", AOR_ELSEWHERE, NULL },
		{ &com, "tel:100", AOR_ELSEWHERE, NULL },
		{ &com, "isbn:2983792873", AOR_ELSEWHERE, NULL },
	};
	(void)state;
	struct users users = { list, COUNT(list), 0 };
	struct arena arena;
	arena_init(&arena, NULL, 0);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct sip_uri uri;
		struct user user;
		struct str key;
		assert_true(sip_uri_parse(str_of(table[i].uri), &uri));
		assert_int_equal(aor_find(&users, table[i].at, &uri, &arena, &user, &key), table[i].owner);
		if (table[i].key)
			assert_str(key, table[i].key);
	}
	arena_fini(&arena);
}

/* RG-11 */
static void a_nul_does_not_cut_the_key(void **state)
{
	(void)state;
	struct users users = { 0 };
	struct arena arena;
	struct sip_uri uri;
	struct user user;
	struct str key;
	arena_init(&arena, NULL, 0);
	assert_true(sip_uri_parse(STR("sip:null-%00-null@example.com"), &uri));
	assert_int_equal(aor_find(&users, &com, &uri, &arena, &user, &key), AOR_NOBODY);
	assert_int_equal(key.n, strlen("null-X-null@example.com"));
	assert_memory_equal(key.p, "null-\0-null@example.com", key.n);
	arena_fini(&arena);
}

static void the_key_is_that_of_the_uri_itself(void **state)
{
	(void)state;
	struct arena arena;
	struct sip_uri uri;
	arena_init(&arena, NULL, 0);
	assert_true(sip_uri_parse(STR("sip:bob@[2001:db8::1]"), &uri));
	assert_true(str_eq(aor_key(&six, STR("bob"), &arena), sip_uri_aor_key(&uri, &arena)));
	assert_true(sip_uri_parse(STR("sip:a%25b%20c@example.com"), &uri));
	assert_true(str_eq(aor_key(&com, STR("a%b c"), &arena), sip_uri_aor_key(&uri, &arena)));
	arena_fini(&arena);
}

static void a_domain_of_an_indexed_policy_gives_the_same_key(void **state)
{
	(void)state;
	static const char *const names[] = { "example.com", "example.com.", "192.0.2.9", "[2001:db8:0::1]", "2001:db8::1" };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct domain plain = { .name = str_of(names[i]) }, indexed = plain;
		struct policy policy = { .domains = &indexed, .domain_count = 1 };
		arena_init(&policy.arena, NULL, 0);
		policy_index(&policy);
		assert_true(str_eq(policy_domain_key(&indexed, NULL), policy_domain_key(&plain, &policy.arena)));
		assert_true(str_eq(aor_key(&indexed, STR("bob"), &policy.arena), aor_key(&plain, STR("bob"), &policy.arena)));
		arena_fini(&policy.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_of_an_address_has_one_key),
		cmocka_unit_test(a_nul_does_not_cut_the_key),
		cmocka_unit_test(the_key_is_that_of_the_uri_itself),
		cmocka_unit_test(a_domain_of_an_indexed_policy_gives_the_same_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
