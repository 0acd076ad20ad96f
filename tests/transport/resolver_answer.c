/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "../../src/transport/resolver_private.h"
#include "resolver_server.h"
#include <stdlib.h>

#define NAME STR("host.example")

static struct dns_answer *read_exact(const struct dns_bytes *b, size_t n, enum dns_type type)
{
	uint8_t *exact = malloc(n + 1);                 /* so that reading past the end is seen */
	memcpy(exact, b->p, n);
	struct dns_answer *a = dns_answer_read(exact, n, type, NAME);
	free(exact);
	return a;
}

static struct dns_answer *read_records(const struct record *const *records, unsigned count, enum dns_type type)
{
	struct dns_bytes b;
	dns_put_response(&b, 7, 0, "host.example", type, records, count, NULL);
	return read_exact(&b, b.n, type);
}

static void records_of_each_type_are_read(void **state)
{
	(void)state;
	static const struct record a = { "HOST.example", ns_t_a, 300, 0, 0, 0, "192.0.2.7", NULL, 0 };
	static const struct record aaaa = { "host.example", ns_t_aaaa, 300, 0, 0, 0, "2001:db8::7", NULL, 0 };
	static const struct record mapped = { "host.example", ns_t_aaaa, 300, 0, 0, 0, "::ffff:192.0.2.7", NULL, 0 };
	static const struct record srv = { "host.example", ns_t_srv, 300, 10, 20, 5062, "Target.example", NULL, 0 };
	static const struct record naptr = { "host.example", ns_t_naptr, 300, 5, 6, 0, "_sips._tcp.example", "sips+d2t", 0 };
	char text[ADDR_TEXT];

	struct dns_answer *got = read_records((const struct record *[]){ &a }, 1, DNS_A);
	assert_int_equal(got->count, 1);
	assert_int_equal(got->ttl_s, 300);
	assert_string_equal(addr_text(&got->records[0].addr, text), "192.0.2.7:0");
	dns_answer_unref(got);

	got = read_records((const struct record *[]){ &aaaa, &mapped }, 2, DNS_AAAA);
	assert_int_equal(got->count, 2);
	assert_int_equal(got->records[0].addr.family, AF_INET6);
	assert_int_equal(got->records[1].addr.family, AF_INET);
	dns_answer_unref(got);

	got = read_records((const struct record *[]){ &srv }, 1, DNS_SRV);
	assert_int_equal(got->count, 1);
	assert_int_equal(got->records[0].rank, 10);
	assert_int_equal(got->records[0].weight, 20);
	assert_int_equal(got->records[0].port, 5062);
	assert_true(str_eq(got->records[0].target, STR("Target.example")));
	dns_answer_unref(got);

	got = read_records((const struct record *[]){ &naptr }, 1, DNS_NAPTR);
	assert_int_equal(got->count, 1);
	assert_int_equal(got->records[0].rank, 5);
	assert_int_equal(got->records[0].weight, 6);
	assert_int_equal(got->records[0].kind, TRANSPORT_TLS);
	assert_true(str_eq(got->records[0].target, STR("_sips._tcp.example")));
	dns_answer_unref(got);
}

static void records_of_no_use_are_left_out(void **state)
{
	(void)state;
	static const struct record other_owner = { "elsewhere.example", ns_t_a, 300, 0, 0, 0, "192.0.2.7", NULL, 0 };
	static const struct record bad_target = { "host.example", ns_t_srv, 300, 0, 0, 5060, "a b.example", NULL, 0 };
	static const struct record no_port = { "host.example", ns_t_srv, 300, 0, 0, 0, "target.example", NULL, 0 };
	static const struct record denied = { "host.example", ns_t_srv, 300, 0, 0, 0, ".", NULL, 0 };
	static const struct record other_service = { "host.example", ns_t_naptr, 300, 0, 0, 0, "x.example", "E2U+sip", 0 };

	struct dns_answer *got = read_records((const struct record *[]){ &other_owner }, 1, DNS_A);
	assert_int_equal(got->count, 0);
	dns_answer_unref(got);
	got = read_records((const struct record *[]){ &bad_target, &no_port, &denied }, 3, DNS_SRV);
	assert_int_equal(got->count, 1);
	assert_int_equal(got->records[0].target.n, 0);
	dns_answer_unref(got);
	got = read_records((const struct record *[]){ &other_service }, 1, DNS_NAPTR);
	assert_int_equal(got->outcome, DNS_ANSWERED);
	assert_int_equal(got->count, 0);
	dns_answer_unref(got);
}

static void the_shortest_lifetime_on_the_way_counts(void **state)
{
	(void)state;
	static const struct record alias = { "host.example", ns_t_cname, 30, 0, 0, 0, "real.example", NULL, 0 };
	static const struct record real = { "real.example", ns_t_a, 300, 0, 0, 0, "192.0.2.7", NULL, 0 };
	static const struct record negative = { "host.example", ns_t_a, 0x80000000, 0, 0, 0, "192.0.2.7", NULL, 0 };

	struct dns_answer *got = read_records((const struct record *[]){ &real, &alias }, 2, DNS_A);
	assert_int_equal(got->count, 1);
	assert_int_equal(got->ttl_s, 30);
	assert_int_equal(got->alias.n, 0);
	dns_answer_unref(got);
	got = read_records((const struct record *[]){ &alias }, 1, DNS_A);      /* the last step is ours */
	assert_int_equal(got->count, 0);
	assert_true(str_eq(got->alias, STR("real.example")));
	dns_answer_unref(got);
	got = read_records((const struct record *[]){ &negative }, 1, DNS_A);
	assert_int_equal(got->ttl_s, 0);
	dns_answer_unref(got);
}

static void what_is_absent_is_kept_as_the_soa_says(void **state)
{
	(void)state;
	static const struct record soa = { "example", ns_t_soa, 25, 0, 0, 0, NULL, NULL, 0 };
	struct dns_bytes b;
	static const struct { unsigned rcode; bool soa; enum dns_outcome outcome; unsigned ttl_s; } cases[] = {
		{ ns_r_noerror, true, DNS_ANSWERED, 25 }, { ns_r_nxdomain, true, DNS_ANSWERED, 25 },
		{ ns_r_noerror, false, DNS_ANSWERED, 0 }, { ns_r_servfail, true, DNS_REFUSED, 0 }, { ns_r_refused, false, DNS_REFUSED, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		dns_put_response(&b, 7, cases[i].rcode, "host.example", DNS_A, NULL, 0, cases[i].soa ? &soa : NULL);
		struct dns_answer *got = read_exact(&b, b.n, DNS_A);
		assert_int_equal(got->outcome, cases[i].outcome);
		assert_int_equal(got->count, 0);
		assert_int_equal(got->ttl_s, cases[i].ttl_s);
		dns_answer_unref(got);
	}
}

static void a_cut_or_changed_answer_never_reads_outside_itself(void **state)
{
	(void)state;
	static const struct record alias = { "host.example", ns_t_cname, 30, 0, 0, 0, "real.example", NULL, 0 };
	static const struct record srv = { "real.example", ns_t_srv, 300, 10, 20, 5062, "target.example", NULL, 0 };
	static const struct record naptr = { "real.example", ns_t_naptr, 300, 5, 6, 0, "_sip._udp.example", "SIP+D2U", 0 };
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR };
	struct dns_bytes whole;
	dns_put_response(&whole, 7, 0, "host.example", DNS_SRV, (const struct record *[]){ &alias, &srv, &naptr }, 3, &alias);
	for (size_t t = 0; t < 4; t++) {
		for (size_t n = 0; n < whole.n; n++) {
			struct dns_answer *got = read_exact(&whole, n, types[t]);
			assert_int_equal(got->outcome, DNS_REFUSED);
			dns_answer_unref(got);
		}
		for (size_t at = 0; at < whole.n; at++)
			for (unsigned v = 0; v < 256; v += 17) {
				struct dns_bytes changed = whole;
				changed.p[at] = (uint8_t)v;
				dns_answer_unref(read_exact(&changed, changed.n, types[t]));
			}
	}
}

static void names_worth_asking_for(void **state)
{
	(void)state;
	static const struct { const char *name; bool ok; } cases[] = {
		{ "a", true }, { "example.com", true }, { "_sip._udp.example.com", true }, { "a-1.b2", true }, { "xn--nxasmq6b", true },
		{ "", false }, { ".", false }, { ".com", false }, { "a..b", false }, { "a.", false }, { "a b", false }, { "a\\.b", false },
		{ "256.1.1.1", false }, { "1.2.3", false }, { "3com.example", true }, { "\xd0\xb0.example", false },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b", true },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (dns_name_ok(str_of(cases[i].name)) != cases[i].ok)
			fail_msg("%s", cases[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_each_type_are_read),
		cmocka_unit_test(records_of_no_use_are_left_out),
		cmocka_unit_test(the_shortest_lifetime_on_the_way_counts),
		cmocka_unit_test(what_is_absent_is_kept_as_the_soa_says),
		cmocka_unit_test(a_cut_or_changed_answer_never_reads_outside_itself),
		cmocka_unit_test(names_worth_asking_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
