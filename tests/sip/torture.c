/* SPDX-License-Identifier: Apache-2.0 */
#include "corpus.h"
#include "sip_edit.h"

static void every_message_gets_the_verdict_of_its_manifest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(corpus); i++) {
		const struct torture *t = &corpus[i];
		struct sample s;
		corpus_open(&s, t->file);
		enum stage stage = s.parsed != SIP_PARSED ? PARSER : sample_fit(&s) ? FIT : CHECK;
		if (stage != t->stage || s.fault.status != t->status || (t->why && strcmp(s.fault.why, t->why) != 0))
			fail_msg("%s: stage %d, %u %s", t->file, (int)stage, s.fault.status, s.fault.why ? s.fault.why : "");
		sample_close(&s);
	}
	assert_int_equal(COUNT(corpus), 49 + 12);
}

/* Look at all there is, as a server would. */
static void use(struct sample *s)
{
	struct sip_msg *m = &s->m;
	struct sip_fault fault;
	struct sip_via via;
	struct sip_addr addr;
	struct sip_values it;
	struct str value;
	uint32_t number;
	sip_check(m, &fault);
	for (int id = SIP_H_OTHER + 1; id < SIP_HEADER_COUNT; id++) {
		sip_number(m, (enum sip_header_id)id, &number);
		sip_has_token(m, (enum sip_header_id)id, STR("outbound"));
		sip_values_begin(&it, m, (enum sip_header_id)id);
		while (sip_values_next(&it, &value)) {
			sip_via_parse(value, &via);
			sip_addr_parse(value, &addr);
			sip_unquote(value, &s->arena);
		}
	}
	struct addr source;
	addr_parse(STR("198.51.100.7:5062"), 0, &source);
	sip_stamp_via(m, &source, true, 30, &s->arena);
	struct buf out = { 0 };
	sip_reply(&out, m, 400, STR_NONE, STR("t1"), STR("Server: test\r\n"));
	struct sip_edit e;
	sip_edit_begin(&e, m, &s->arena);
	sip_edit_write(&e, &out);
	buf_fini(&out);
}

/* MS-29: every truncation, each in memory of just its size. */
static void every_truncation_of_every_message_is_survived(void **state)
{
	(void)state;
	char bytes[CORPUS_BYTES];
	for (size_t i = 0; i < COUNT(corpus); i++) {
		struct str whole = corpus_read(corpus[i].file, bytes);
		for (size_t n = 0; n <= whole.n; n++) {
			struct sample s;
			struct sip_glance glance;
			sample_open(&s, (struct str){ whole.p, n }, NULL);
			if (s.parsed != SIP_NOT_SIP)
				use(&s);
			sip_glance((struct str){ s.bytes, n }, &glance);
			sample_close(&s);
		}
	}
}

/* A message cut off in its body is refused; the headers alone are enough for an answer. */
static void a_request_cut_off_in_the_body_can_still_be_answered(void **state)
{
	(void)state;
	char bytes[CORPUS_BYTES];
	struct str whole = corpus_read("rfc4475/longreq", bytes);
	struct sample s;
	sample_open(&s, (struct str){ whole.p, whole.n - 1 }, NULL);
	assert_int_equal(s.parsed, SIP_BAD);
	assert_str(s.m.via.host, "sip33.example.com");
	assert_int_equal(s.m.cseq, 3882340);
	sample_close(&s);
}

/* MS-07 MS-08 MS-11 MS-14 MS-22 */
static void wsinv_is_read_as_if_it_were_tidy(void **state)
{
	(void)state;
	struct sample s;
	corpus_open(&s, "rfc4475/wsinv");
	assert_true(sample_fit(&s));
	assert_str(s.m.to.tag, "1918181833n");
	assert_str(s.m.to.uri.user, "vivekg");
	assert_str(s.m.from.tag, "98asjd8");
	assert_str(s.m.from.display, "\"J Rosenberg \\\\\\\"\"");
	assert_str(sip_unquote(s.m.from.display, &s.arena), "J Rosenberg \\\"");
	assert_int_equal(s.m.max_forwards, 68);
	assert_int_equal(s.m.cseq, 9);
	assert_int_equal(s.m.cseq_method, SIP_INVITE);
	assert_str(sip_first(&s.m, SIP_H_SUBJECT)->value, "");
	assert_str(sip_find(&s.m, STR("unknownheaderwithunusualvalue"))->value, ";;,,;;,;");
	assert_str(s.m.ruri.params, "unknownparam");

	static const struct { const char *transport, *host, *branch; } via[] = {
		{ "UDP", "192.0.2.2", "390skdjuw" },
		{ "TCP", "spindle.example.com", "z9hG4bK9ikj8" },
		{ "UDP", "192.168.255.111", "z9hG4bK30239" },
	};
	struct sip_values it;
	struct str value;
	struct sip_via v;
	size_t n = 0;
	for (sip_values_begin(&it, &s.m, SIP_H_VIA); sip_values_next(&it, &value); n++) {
		assert_true(sip_via_parse(value, &v));
		assert_str(v.transport, via[n].transport);
		assert_str(v.host, via[n].host);
		assert_str(v.branch, via[n].branch);
	}
	assert_int_equal(n, 3);

	struct sip_addr contact;
	assert_true(sip_addr_parse(sip_first(&s.m, SIP_H_CONTACT)->value, &contact));
	assert_str(contact.display, "\"Quoted string \\\"\\\"\"");
	assert_true(sip_param_find(contact.params, STR("Q"), &value));
	assert_int_equal(sip_q(value), 330);
	assert_true(sip_param_find(contact.params, STR("newparam"), &value));
	assert_str(value, "newvalue");
	sample_close(&s);
}

/* MS-01 MS-14 MS-30 */
static void intmeth_keeps_every_odd_byte(void **state)
{
	(void)state;
	struct sample s;
	corpus_open(&s, "rfc4475/intmeth");
	assert_true(sample_fit(&s));
	assert_int_equal(s.m.method, SIP_OTHER_METHOD);
	assert_str(s.m.method_name, "!interesting-Method0123456789_*+`.%indeed'~");
	assert_same(s.m.to.display, STR("\"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f\""));
	assert_str(s.m.ruri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
	assert_str(s.m.ruri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
	assert_str(s.m.via.branch, "z9hG4bK-.!%66*_+`'~");
	assert_str(s.m.call_id, "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
	sample_close(&s);
}

/* MS-01: escapes mean nothing in methods and header names. */
static void esc02_is_an_unknown_method_with_two_contacts(void **state)
{
	(void)state;
	struct sample s;
	struct sip_values it;
	struct str value;
	int n = 0;
	corpus_open(&s, "rfc4475/esc02");
	assert_int_equal(s.m.method, SIP_OTHER_METHOD);
	for (sip_values_begin(&it, &s.m, SIP_H_CONTACT); sip_values_next(&it, &value); )
		n++;
	assert_int_equal(n, 2);
	sample_close(&s);
}

/* MS-31: once only, and after the URI was taken apart. */
static void esc01_decodes_once(void **state)
{
	(void)state;
	struct sample s;
	struct sip_addr contact;
	struct str value;
	corpus_open(&s, "rfc4475/esc01");
	assert_str(s.m.ruri.host, "example.net");
	assert_str(sip_uri_aor_key(&s.m.ruri, &s.arena), "sips:user@example.com@example.net");
	assert_str(sip_uri_aor_key(&s.m.to.uri, &s.arena), "user@example.com");
	assert_true(sip_addr_parse(sip_first(&s.m, SIP_H_CONTACT)->value, &contact));
	assert_true(sip_uri_param(&contact.uri, STR("name"), &value));
	assert_true(sip_unescape(value, &s.arena, &value));
	assert_str(value, "value%41");
	sample_close(&s);
}

static void escnull_keeps_two_contacts_apart(void **state)
{
	(void)state;
	struct sample s;
	struct sip_values it;
	struct str value;
	struct sip_addr one, two;
	corpus_open(&s, "rfc4475/escnull");
	assert_same(sip_uri_aor_key(&s.m.to.uri, &s.arena), STR("null-\0-null@example.com"));
	sip_values_begin(&it, &s.m, SIP_H_CONTACT);
	assert_true(sip_values_next(&it, &value) && sip_addr_parse(value, &one));
	assert_true(sip_values_next(&it, &value) && sip_addr_parse(value, &two));
	assert_false(sip_uri_equal(&one.uri, &two.uri));
	sample_close(&s);
}

/* MS-28 */
static void longreq_has_its_34_vias_in_order(void **state)
{
	(void)state;
	struct sample s;
	struct sip_values it;
	struct sip_via via;
	struct str value;
	int n = 0;
	corpus_open(&s, "rfc4475/longreq");
	assert_none(s.m.via.branch);
	for (sip_values_begin(&it, &s.m, SIP_H_VIA); sip_values_next(&it, &value); n++) {
		char host[32];
		assert_true(sip_via_parse(value, &via));
		snprintf(host, sizeof host, n == 33 ? "host.example.com" : "sip%d.example.com", 33 - n);
		assert_str(via.host, host);
	}
	assert_int_equal(n, 34);
	assert_int_equal(s.m.body.n, 150);
	struct buf out = { 0 };
	sip_reply(&out, &s.m, 200, STR_NONE, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	struct sample answer;
	sample_open(&answer, buf_str(&out), NULL);
	assert_true(sample_fit(&answer));
	assert_same(answer.m.from.tag, s.m.from.tag);
	assert_same(answer.m.call_id, s.m.call_id);
	n = 0;
	for (sip_values_begin(&it, &answer.m, SIP_H_VIA); sip_values_next(&it, &value); )
		n++;
	assert_int_equal(n, 34);
	sample_close(&answer);
	buf_fini(&out);
	sample_close(&s);
}

/* TP-14: what lies behind Content-Length is no part of the message. */
static void dblreq_ends_with_the_register(void **state)
{
	(void)state;
	struct sample s;
	corpus_open(&s, "rfc4475/dblreq");
	assert_int_equal(s.parsed, SIP_PARSED);
	assert_int_equal(s.m.method, SIP_REGISTER);
	assert_int_equal(s.m.body.n, 0);
	assert_true(str_ends(s.m.text, STR("Content-Length: 0\r\n\r\n")));
	sample_close(&s);
}

/* MS-30 */
static void semiuri_has_a_user_with_semicolons(void **state)
{
	(void)state;
	struct sample s;
	corpus_open(&s, "rfc4475/semiuri");
	assert_str(s.m.ruri.user, "user;par=u%40example.net");
	assert_str(s.m.ruri.host, "example.com");
	assert_none(s.m.ruri.params);
	sample_close(&s);
}

/* MS-41 */
static void transports_reads_every_via(void **state)
{
	(void)state;
	static const char *const names[] = { "UDP", "SCTP", "TLS", "UNKNOWN", "TCP" };
	struct sample s;
	struct sip_values it;
	struct sip_via via;
	struct str value;
	size_t n = 0;
	corpus_open(&s, "rfc4475/transports");
	for (sip_values_begin(&it, &s.m, SIP_H_VIA); sip_values_next(&it, &value); n++) {
		assert_true(sip_via_parse(value, &via));
		assert_str(via.transport, names[n]);
	}
	assert_int_equal(n, 5);
	sample_close(&s);
}

/* MS-26: a body of bytes, NUL included, comes out of an edit as it went in. */
static void mpart01_passes_its_body_byte_for_byte(void **state)
{
	(void)state;
	struct sample s;
	struct sip_edit e;
	struct buf out = { 0 };
	corpus_open(&s, "rfc4475/mpart01");
	assert_int_equal(s.m.body.n, 553);
	assert_non_null(memchr(s.m.body.p, 0, s.m.body.n));
	sip_edit_begin(&e, &s.m, &s.arena);
	sip_edit_ruri(&e, STR("sip:kumiko@192.0.2.9"));
	sip_edit_write(&e, &out);
	assert_true(str_ends(buf_str(&out), s.m.body));
	buf_fini(&out);
	sample_close(&s);
}

/* MS-05 */
static void phrases_may_be_empty_or_in_any_language(void **state)
{
	(void)state;
	struct sample s;
	corpus_open(&s, "rfc4475/noreason");
	assert_int_equal(s.m.status, 100);
	assert_str(s.m.phrase, "");
	sample_close(&s);
	corpus_open(&s, "rfc4475/unreason");
	assert_int_equal(s.m.status, 200);
	assert_true(str_starts(s.m.phrase, STR("= 2**3 * 5**2 \xd0\xbd")));
	sample_close(&s);
}

/* MS-40 */
static void other_schemes_do_not_break_parsing(void **state)
{
	(void)state;
	static const char *const files[] = { "rfc4475/unkscm", "rfc4475/novelsc" };
	for (size_t i = 0; i < COUNT(files); i++) {
		struct sample s;
		corpus_open(&s, files[i]);
		assert_true(s.m.ruri_ok);
		assert_int_equal(s.m.ruri.scheme, SIP_SCHEME_OTHER);
		sample_close(&s);
	}
	struct sample s;
	corpus_open(&s, "rfc4475/unksm2");
	assert_int_equal(s.m.to.uri.scheme, SIP_SCHEME_OTHER);
	assert_int_equal(s.m.from.uri.scheme, SIP_SCHEME_OTHER);
	assert_str(s.m.from.tag, "3234233");
	sample_close(&s);
}

/* MS-17: behind a URI without brackets stand header parameters, within brackets those of the URI. */
static void parameters_belong_where_they_stand(void **state)
{
	(void)state;
	static const struct { const char *file, *header, *uri; } t[] = {
		{ "rfc4475/cparam01", "unknownparam", NULL },
		{ "rfc4475/cparam02", NULL, "unknownparam" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sample s;
		struct sip_addr contact;
		corpus_open(&s, t[i].file);
		assert_true(sip_addr_parse(sip_first(&s.m, SIP_H_CONTACT)->value, &contact));
		assert_same(contact.params, str_of(t[i].header));
		assert_same(contact.uri.params, str_of(t[i].uri));
		sample_close(&s);
	}
}

/* MS-37 MS-39 */
static void ipv6_references_are_read_with_the_port_outside(void **state)
{
	(void)state;
	static const struct { const char *file, *host; uint16_t port; } t[] = {
		{ "rfc5118/ipv6-good", "2001:db8::10", 0 },
		{ "rfc5118/port-ambiguous", "2001:db8::10:5070", 0 },
		{ "rfc5118/port-unambiguous", "2001:db8::10", 5070 },
		{ "rfc5118/ipv6-bug-abnf-3-colons", "2001:db8:::192.0.2.1", 0 },
		{ "rfc5118/ipv6-correct-abnf-2-colons", "2001:db8::192.0.2.1", 0 },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sample s;
		corpus_open(&s, t[i].file);
		assert_true(sample_fit(&s));
		assert_str(s.m.ruri.host, t[i].host);
		assert_true(s.m.ruri.host_is_v6);
		assert_int_equal(s.m.ruri.port, t[i].port);
		sample_close(&s);
	}
	struct sample two, three;
	corpus_open(&two, "rfc5118/ipv6-correct-abnf-2-colons");
	corpus_open(&three, "rfc5118/ipv6-bug-abnf-3-colons");
	assert_true(sip_uri_equal(&two.m.ruri, &three.m.ruri));
	sample_close(&two);
	sample_close(&three);
}

static void received_is_read_with_and_without_brackets(void **state)
{
	(void)state;
	static const char *const files[] = { "rfc5118/via-received-param-with-delim",
	                                     "rfc5118/via-received-param-no-delim" };
	for (size_t i = 0; i < COUNT(files); i++) {
		struct sample s;
		corpus_open(&s, files[i]);
		assert_str(s.m.via.host, "2001:db8::9:1");
		assert_str(s.m.via.received, "2001:db8::9:255");
		sample_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_gets_the_verdict_of_its_manifest),
		cmocka_unit_test(every_truncation_of_every_message_is_survived),
		cmocka_unit_test(a_request_cut_off_in_the_body_can_still_be_answered),
		cmocka_unit_test(wsinv_is_read_as_if_it_were_tidy),
		cmocka_unit_test(intmeth_keeps_every_odd_byte),
		cmocka_unit_test(esc02_is_an_unknown_method_with_two_contacts),
		cmocka_unit_test(esc01_decodes_once),
		cmocka_unit_test(escnull_keeps_two_contacts_apart),
		cmocka_unit_test(longreq_has_its_34_vias_in_order),
		cmocka_unit_test(dblreq_ends_with_the_register),
		cmocka_unit_test(semiuri_has_a_user_with_semicolons),
		cmocka_unit_test(transports_reads_every_via),
		cmocka_unit_test(mpart01_passes_its_body_byte_for_byte),
		cmocka_unit_test(phrases_may_be_empty_or_in_any_language),
		cmocka_unit_test(other_schemes_do_not_break_parsing),
		cmocka_unit_test(parameters_belong_where_they_stand),
		cmocka_unit_test(ipv6_references_are_read_with_the_port_outside),
		cmocka_unit_test(received_is_read_with_and_without_brackets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
