/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "../../src/transport/resolver_private.h"
#include <stdio.h>

static struct dns_answer *found(uint32_t ttl_s)
{
	struct addr addr = { .ip = { 192, 0, 2, 1 }, .family = AF_INET };
	struct dns_answer *a = dns_answer_of(&addr, 1);
	a->ttl_s = ttl_s;
	return a;
}

static struct dns_answer *absent(uint32_t ttl_s)
{
	struct dns_answer *a = dns_answer_empty(DNS_ANSWERED);
	a->ttl_s = ttl_s;
	return a;
}

static void an_answer_serves_until_its_lifetime_ends(void **state)
{
	(void)state;
	static const struct { bool found; uint32_t ttl_s; int64_t until_ms; } cases[] = {
		{ true, 60, 60000 }, { true, 1, 1000 }, { true, 0, 0 }, { true, 86400, 86400000 },
		{ false, 10, 10000 }, { false, 3600, 30000 }, { false, 0, 0 },         /* absence: negative_s at most */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dns_cache c;
		dns_cache_init(&c, 10, 30);
		struct dns_question *q = dns_cache_question(&c, DNS_A, STR("a.example"));
		assert_null(dns_cache_fresh(q, 5000));
		dns_cache_store(&c, q, cases[i].found ? found(cases[i].ttl_s) : absent(cases[i].ttl_s), 5000);
		if (cases[i].until_ms)
			assert_non_null(dns_cache_fresh(q, 5000 + cases[i].until_ms - 1));
		assert_null(dns_cache_fresh(q, 5000 + cases[i].until_ms));
		dns_cache_fini(&c);
	}
}

static void questions_differ_by_type_and_name_without_case(void **state)
{
	(void)state;
	struct dns_cache c;
	dns_cache_init(&c, 10, 30);
	struct dns_question *q = dns_cache_question(&c, DNS_A, STR("a.example"));
	assert_ptr_equal(dns_cache_question(&c, DNS_A, STR("A.EXAMPLE")), q);
	assert_ptr_not_equal(dns_cache_question(&c, DNS_AAAA, STR("a.example")), q);
	assert_ptr_not_equal(dns_cache_question(&c, DNS_A, STR("b.example")), q);
	dns_cache_fini(&c);
}

static void a_failure_does_not_displace_what_was_known(void **state)
{
	(void)state;
	struct dns_cache c;
	dns_cache_init(&c, 10, 30);
	struct dns_question *q = dns_cache_question(&c, DNS_A, STR("a.example"));
	dns_cache_store(&c, q, found(60), 0);
	dns_cache_store(&c, q, dns_answer_empty(DNS_SILENT), 60000);
	assert_int_equal(dns_cache_fresh(q, 60001)->count, 1);
	assert_null(dns_cache_fresh(q, 66000));                         /* and it is asked for again soon */
	dns_cache_store(&c, q, dns_answer_empty(DNS_REFUSED), 86400000 + 59999);
	assert_int_equal(dns_cache_fresh(q, 86400000 + 60000)->count, 1);
	dns_cache_store(&c, q, dns_answer_empty(DNS_SILENT), 86400000 + 70000);        /* a day past its TTL: no more */
	assert_int_equal(dns_cache_fresh(q, 86400000 + 70001)->outcome, DNS_SILENT);
	dns_cache_store(&c, q, absent(5), 86400000 + 80000);            /* that it is gone is an answer, not a failure */
	assert_int_equal(dns_cache_fresh(q, 86400000 + 80001)->count, 0);
	dns_cache_fini(&c);
}

static void the_question_unused_for_longest_makes_room(void **state)
{
	(void)state;
	struct dns_cache c;
	dns_cache_init(&c, 3, 30);
	for (int i = 0; i < 3; i++)
		dns_cache_store(&c, dns_cache_question(&c, DNS_A, (struct str){ &"abc"[i], 1 }), found(60), 0);
	assert_non_null(dns_cache_question(&c, DNS_A, STR("a")));
	assert_non_null(dns_cache_question(&c, DNS_A, STR("d")));       /* b goes */
	assert_int_equal(c.map.count, 3);
	assert_non_null(dns_cache_fresh(dns_cache_question(&c, DNS_A, STR("a")), 1));
	assert_non_null(dns_cache_fresh(dns_cache_question(&c, DNS_A, STR("c")), 1));
	assert_null(dns_cache_fresh(dns_cache_question(&c, DNS_A, STR("b")), 1));
	dns_cache_fini(&c);
}

static void a_question_on_the_wire_is_not_evicted(void **state)
{
	(void)state;
	struct dns_cache c;
	dns_cache_init(&c, 2, 30);
	struct dns_question *a = dns_cache_question(&c, DNS_A, STR("a")), *b = dns_cache_question(&c, DNS_A, STR("b"));
	a->asking = b->asking = true;
	assert_null(dns_cache_question(&c, DNS_A, STR("c")));
	b->asking = false;
	assert_non_null(dns_cache_question(&c, DNS_A, STR("c")));
	assert_ptr_equal(dns_cache_question(&c, DNS_A, STR("a")), a);
	dns_cache_fini(&c);
}

static void an_answer_in_use_outlives_its_question(void **state)
{
	(void)state;
	struct dns_cache c;
	dns_cache_init(&c, 1, 30);
	struct dns_question *q = dns_cache_question(&c, DNS_A, STR("a"));
	dns_cache_store(&c, q, found(60), 0);
	struct dns_answer *held = dns_answer_ref(dns_cache_fresh(q, 1));
	dns_cache_question(&c, DNS_A, STR("b"));
	assert_int_equal(held->count, 1);
	dns_answer_unref(held);
	dns_cache_fini(&c);
}

static void penalties_end_and_are_bounded(void **state)
{
	(void)state;
	struct penalties *p = penalties_new();
	struct hop hop = { .kind = TRANSPORT_UDP, .addr = { .family = AF_INET, .ip = { 192, 0, 2, 1 }, .port = 5060 } };
	assert_false(penalties_hold(p, &hop, 0));
	penalties_add(p, &hop, 0, 1000);
	assert_true(penalties_hold(p, &hop, 999));
	penalties_add(p, &hop, 0, 2000);
	assert_true(penalties_hold(p, &hop, 1999));
	assert_false(penalties_hold(p, &hop, 2000));
	assert_false(penalties_hold(p, &hop, 0));
	penalties_add(p, &hop, 5000, INT64_MAX);                /* an hour at most, whatever was asked for */
	assert_true(penalties_hold(p, &hop, 3604999));
	assert_false(penalties_hold(p, &hop, 3605000));
	unsigned held = 0;
	for (unsigned i = 0; i < 5000; i++) {
		hop.addr.port = (uint16_t)i;
		penalties_add(p, &hop, 0, 1000);
	}
	for (unsigned i = 0; i < 5000; i++) {
		hop.addr.port = (uint16_t)i;
		held += penalties_hold(p, &hop, 0);
	}
	assert_int_equal(held, 1024);
	assert_true(penalties_hold(p, &hop, 0));                /* the newest */
	penalties_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_serves_until_its_lifetime_ends),
		cmocka_unit_test(questions_differ_by_type_and_name_without_case),
		cmocka_unit_test(a_failure_does_not_displace_what_was_known),
		cmocka_unit_test(the_question_unused_for_longest_makes_room),
		cmocka_unit_test(a_question_on_the_wire_is_not_evicted),
		cmocka_unit_test(an_answer_in_use_outlives_its_question),
		cmocka_unit_test(penalties_end_and_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
