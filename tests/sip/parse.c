/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include <stdio.h>

static void a_request_is_taken_apart(void **state)
{
	(void)state;
	struct sample s;
	sample_open(&s, STR(REQUEST("INVITE", "Max-Forwards: 70\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 4\r\n") "bodyrest"), NULL);
	assert_true(sample_fit(&s));
	struct sip_msg *m = &s.m;
	assert_true(m->is_request);
	assert_int_equal(m->method, SIP_INVITE);
	assert_str(m->ruri_text, "sip:bob@example.com");
	assert_str(m->ruri.user, "bob");
	assert_int_equal(m->header_count, 9);
	assert_str(m->via.host, "192.0.2.1");
	assert_int_equal(m->via.port, 5060);
	assert_str(m->via.branch, "z9hG4bKa1");
	assert_true(m->via.has_rport);
	assert_str(m->from.tag, "f1");
	assert_none(m->to.tag);
	assert_str(m->call_id, "c1@192.0.2.1");
	assert_int_equal(m->cseq, 7);
	assert_int_equal(m->cseq_method, SIP_INVITE);
	assert_int_equal(m->max_forwards, 70);
	assert_str(m->body, "body");
	assert_true(str_ends(m->text, STR("\r\n\r\nbody")));
	assert_memory_equal(m->headers_end, "\r\nbody", 6);
	assert_str(sip_find(m, STR("X-a"))->value, "1");
	assert_str(m->headers[0].row, VIA);
	sample_close(&s);
}

static void a_response_is_taken_apart(void **state)
{
	(void)state;
	struct sample s;
	sample_open(&s, STR("sip/2.0 486 Busy  Here\r\n" NEEDED("INVITE") "\r\n"), NULL);
	assert_true(sample_fit(&s));
	assert_false(s.m.is_request);
	assert_int_equal(s.m.status, 486);
	assert_str(s.m.phrase, "Busy  Here");
	sample_close(&s);
}

/* MS-01 MS-03 MS-05 */
static void start_lines_are_judged(void **state)
{
	(void)state;
	static const struct { const char *line; enum sip_parse_result result; unsigned status; } t[] = {
		{ "INVITE sip:h SIP/2.0", SIP_PARSED, 0 },
		{ "invite sip:h sip/2.0", SIP_PARSED, 0 },
		{ "INVITE sip:h SIP/3.0", SIP_BAD, 505 },
		{ "INVITE sip:h SIP/2.1", SIP_BAD, 505 },
		{ "INVITE sip:h SIP/2.00", SIP_BAD, 505 },
		{ "INVITE sip:h SIP/02.0", SIP_BAD, 505 },
		{ "INVITE sip:h SIP/2", SIP_NOT_SIP, 0 },
		{ "INVITE sip:h SIP/", SIP_NOT_SIP, 0 },
		{ "INVITE sip:h SIP/2.0\t", SIP_BAD, 400 },
		{ "INVITE sip:h HTTP/1.1", SIP_NOT_SIP, 0 },
		{ "INVITE sip:h", SIP_NOT_SIP, 0 },
		{ "INVITE", SIP_NOT_SIP, 0 },
		{ "INVITE SIP/2.0", SIP_NOT_SIP, 0 },
		{ " INVITE sip:h SIP/2.0", SIP_NOT_SIP, 0 },
		{ "IN\"VITE sip:h SIP/2.0", SIP_NOT_SIP, 0 },
		{ "   ", SIP_NOT_SIP, 0 },
		{ "SIP/2.0 200 OK", SIP_PARSED, 0 },
		{ "SIP/2.0 200 ", SIP_PARSED, 0 },
		{ "SIP/2.0 200", SIP_PARSED, 0 },
		{ "SIP/2.0 099 x", SIP_BAD, 400 },
		{ "SIP/2.0 700 x", SIP_BAD, 400 },
		{ "SIP/2.0 20 x", SIP_BAD, 400 },
		{ "SIP/2.0 2000 x", SIP_BAD, 400 },
		{ "SIP/2.0 -20 x", SIP_BAD, 400 },
		{ "SIP/7.0 200 OK", SIP_BAD, 505 },
		{ "SIP/x 200 OK", SIP_NOT_SIP, 0 },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf b = { 0 };
		struct sample s;
		buf_printf(&b, "%s\r\n" NEEDED("INVITE") "\r\n", t[i].line);
		sample_open(&s, buf_str(&b), NULL);
		if (s.parsed != t[i].result || s.fault.status != t[i].status)
			fail_msg("\"%s\": %d, %u", t[i].line, (int)s.parsed, s.fault.status);
		sample_close(&s);
		buf_fini(&b);
	}
}

/* TP-18 */
static void empty_lines_before_the_start_line_are_skipped(void **state)
{
	(void)state;
	struct sample s;
	sample_open(&s, STR("\r\n\r\n\r\n" REQUEST("OPTIONS", "")), NULL);
	assert_true(sample_fit(&s));
	assert_true(str_starts(s.m.text, STR("OPTIONS")));
	sample_close(&s);
	sample_open(&s, STR("\r\n\r\n"), NULL);
	assert_int_equal(s.parsed, SIP_NOT_SIP);
	sample_close(&s);
	sample_open(&s, STR_NONE, NULL);
	assert_int_equal(s.parsed, SIP_NOT_SIP);
	sample_close(&s);
}

static void headers_without_the_empty_line_are_a_message(void **state)
{
	(void)state;
	struct sample s;
	sample_open(&s, STR("OPTIONS sip:h SIP/2.0\r\n" NEEDED("OPTIONS")), NULL);
	assert_true(sample_fit(&s));
	assert_int_equal(s.m.body.n, 0);
	sample_close(&s);
}

/* A lone CR or LF is a line end to some: what two readers may split differently does not pass. */
static void malformed_lines_are_refused_and_the_rest_is_read(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"No colon here\r\n", ": no name\r\n", "Two words: x\r\n", "Bare: lf\nEvil: x\r\n", "Bare: cr\rEvil: x\r\n",
		"Lf only: x\n", "Fold\r\n : x\r\n", "Quo\"te: x\r\n", "\xc3\xbc: x\r\n", "A: \r\r\n", "\rA: x\r\n",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b = { 0 };
		struct sample s;
		buf_printf(&b, "OPTIONS sip:h SIP/2.0\r\n%s" NEEDED("OPTIONS") "\r\n", rows[i]);
		sample_open(&s, buf_str(&b), NULL);
		if (s.parsed != SIP_BAD || s.fault.status != 400 || !s.m.via.host.p || !s.m.cseq_method_name.p)
			fail_msg("\"%s\": %d", rows[i], (int)s.parsed);
		sample_close(&s);
		buf_fini(&b);
	}
}

/* The framer of a stream looks for CRLF CRLF: the parser may not see the end of the head anywhere else. */
static void an_empty_line_of_lf_alone_is_refused(void **state)
{
	(void)state;
	struct sample s;
	sample_open(&s, STR("OPTIONS sip:h SIP/2.0\r\n" NEEDED("OPTIONS") "Content-Length: 5\r\n\nA: b\r\n\r\n12345"), NULL);
	assert_int_equal(s.parsed, SIP_BAD);
	assert_int_equal(s.fault.status, 400);
	sample_close(&s);
}

/* MS-07 MS-08 */
static void folds_and_spaces_before_the_colon_are_read(void **state)
{
	(void)state;
	struct sample s;
	sample_open(&s, STR("OPTIONS sip:h SIP/2.0\r\n"
	                    "Via \t :\r\n SIP\r\n\t/\r\n 2.0 / UDP\r\n  h.example.com : 5070 ; branch\r\n = z9hG4bKx ;rport\r\n"
	                    "From: \"a\r\n b\" <sip:a@h>\r\n ;tag\r\n =\r\n 1\r\n" TO CALL_ID "CSeq:\r\n\t1\r\n\tOPTIONS\r\n"
	                    "Empty:\r\nEmptyFold:\r\n \r\nLast: x\r\n\r\n"), NULL);
	assert_true(sample_fit(&s));
	assert_str(s.m.via.host, "h.example.com");
	assert_int_equal(s.m.via.port, 5070);
	assert_str(s.m.via.branch, "z9hG4bKx");
	assert_str(s.m.from.display, "\"a\r\n b\"");
	assert_str(s.m.from.tag, "1");
	assert_int_equal(s.m.cseq, 1);
	assert_str(sip_find(&s.m, STR("Empty"))->value, "");
	assert_str(sip_find(&s.m, STR("EmptyFold"))->value, "");
	assert_str(sip_find(&s.m, STR("Last"))->value, "x");
	sample_close(&s);
}

/* TP-14 TP-15 */
static void content_length_rules_the_body_of_a_datagram(void **state)
{
	(void)state;
	static const struct { const char *row; unsigned status; size_t body; } t[] = {
		{ "", 0, 6 }, { "Content-Length: 6\r\n", 0, 6 }, { "l:0\r\n", 0, 0 }, { "L : 002\r\n", 0, 2 },
		{ "Content-Length: 7\r\n", 400, 6 }, { "Content-Length: -1\r\n", 400, 6 }, { "Content-Length: 1 2\r\n", 400, 6 },
		{ "Content-Length:\r\n", 400, 6 }, { "Content-Length: 2147483648\r\n", 400, 6 }, { "Content-Length: 0x1\r\n", 400, 6 },
		{ "Content-Length: 18446744073709551617\r\n", 400, 6 }, { "Content-Length: 70000\r\n", 413, 6 },
		{ "Content-Length: 6\r\nl: 6\r\n", 400, 6 }, { "Content-Length: 1\r\nContent-Length: 6\r\n", 400, 6 },
		{ "Content-Length: +6\r\n", 400, 6 }, { "Content-Length: 6,6\r\n", 400, 6 },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf b = { 0 };
		struct sample s;
		buf_printf(&b, "OPTIONS sip:h SIP/2.0\r\n" NEEDED("OPTIONS") "%s\r\n123456", t[i].row);
		sample_open(&s, buf_str(&b), NULL);
		if (s.fault.status != t[i].status || s.m.body.n != t[i].body)
			fail_msg("\"%s\": %u, %zu", t[i].row, s.fault.status, s.m.body.n);
		sample_close(&s);
		buf_fini(&b);
	}
}

/* TP-22 */
static void sizes_are_limited(void **state)
{
	(void)state;
	static const char text[] = REQUEST("OPTIONS", "Content-Length: 4\r\n") "body";
	size_t head = sizeof text - 1 - 4 - 2;          /* the rows; the empty line has no weight */
	const struct { struct sip_limits limits; unsigned status; } t[] = {
		{ { head, 4, 6 }, 0 }, { { head - 1, 4, 6 }, 513 }, { { head, 3, 6 }, 413 }, { { head, 4, 5 }, 513 },
		{ { 10, 4, 6 }, 513 }, { { 0, 0, 0 }, 513 },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sample s;
		sample_open(&s, ((struct str){ text, sizeof text - 1 }), &t[i].limits);
		assert_int_equal(s.fault.status, t[i].status);
		assert_int_equal(s.parsed, t[i].status ? SIP_BAD : SIP_PARSED);
		sample_close(&s);
	}
}

/* Also where another fault came first: what was not looked at is no body. */
static void what_is_behind_too_many_rows_is_left_alone(void **state)
{
	(void)state;
	static const char *const ends[] = { "F", "F: x\r\n\r\nbody", "\r\n" };
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct buf b = { 0 };
		struct sample s;
		struct sip_limits limits = { 1000, 1000, 5 };
		buf_printf(&b, "OPTIONS sip:h SIP/2.0\r\nNo colon here\r\n" NEEDED("OPTIONS") "X: 1\r\n%s", ends[i]);
		sample_open(&s, buf_str(&b), &limits);
		assert_int_equal(s.parsed, SIP_BAD);
		assert_int_equal(s.fault.status, 400);
		assert_int_equal(s.m.body.n, 0);
		assert_true(s.m.text.n <= b.n);
		sample_close(&s);
		buf_fini(&b);
	}
}

static void many_rows_are_kept_in_order(void **state)
{
	(void)state;
	struct buf b = { 0 };
	struct sample s;
	struct sip_values it;
	struct str value;
	int n = 0;
	BUF_LIT(&b, "OPTIONS sip:h SIP/2.0\r\n" NEEDED("OPTIONS"));
	for (int i = 0; i < 251; i++)
		buf_printf(&b, "%s: <sip:r%d>\r\n", i % 2 ? "Route" : "rOUTE ", i);
	BUF_LIT(&b, "\r\n");
	sample_open(&s, buf_str(&b), NULL);
	assert_true(sample_fit(&s));
	for (sip_values_begin(&it, &s.m, SIP_H_ROUTE); sip_values_next(&it, &value); n++) {
		char text[32];
		snprintf(text, sizeof text, "<sip:r%d>", n);
		assert_str(value, text);
	}
	assert_int_equal(n, 251);
	sample_close(&s);
	buf_fini(&b);
}

/* MS-11 */
static void a_message_of_compact_forms_only_is_read(void **state)
{
	(void)state;
	struct sample s;
	sample_open(&s, STR("INVITE sip:b@h SIP/2.0\r\nv: SIP/2.0/TLS h;branch=z9hG4bK1\r\nF: <sip:a@h>;tag=1\r\nt: <sip:b@h>\r\n"
	                    "i: x\r\nCSeq: 1 INVITE\r\nM: <sip:a@1.2.3.4>\r\nK: outbound, path\r\nc: application/sdp\r\nl: 0\r\n\r\n"), NULL);
	assert_true(sample_fit(&s));
	assert_str(s.m.via.transport, "TLS");
	assert_str(s.m.call_id, "x");
	assert_true(sip_has_token(&s.m, SIP_H_SUPPORTED, STR("Path")));
	assert_false(sip_has_token(&s.m, SIP_H_SUPPORTED, STR("gruu")));
	assert_str(sip_first(&s.m, SIP_H_CONTENT_TYPE)->value, "application/sdp");
	sample_close(&s);
}

/* A head of 64 KiB in the shapes that trap careless readers must not take long. */
static void hostile_shapes_cost_no_more_than_their_size(void **state)
{
	(void)state;
	static const char *const units[] = { "<", "\"", ",", ";", ";a", "\\", "\r\n ", "<>", "%", "a@", "[", "\"\\", "\"<," };
	static const char *const rows[] = { "Via: ", "Contact: ", "Route: ", "From: ", "Contact: <sip:h", "Via: SIP/2.0/UDP h;a=", "X: " };
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t j = 0; j < COUNT(units); j++) {
			struct buf b = { 0 };
			struct sample s;
			struct sip_values it;
			struct str value;
			struct sip_addr addr;
			struct sip_via via;
			BUF_LIT(&b, "OPTIONS sip:h SIP/2.0\r\n" NEEDED("OPTIONS"));
			buf_add(&b, str_of(rows[i]));
			while (b.n < 60000)
				buf_add(&b, str_of(units[j]));
			BUF_LIT(&b, "\r\n\r\n");
			sample_open(&s, buf_str(&b), NULL);
			sample_fit(&s);
			for (sip_values_begin(&it, &s.m, SIP_H_CONTACT); sip_values_next(&it, &value); )
				sip_addr_parse(value, &addr);
			for (sip_values_begin(&it, &s.m, SIP_H_VIA); sip_values_next(&it, &value); )
				sip_via_parse(value, &via);
			sample_close(&s);
			buf_fini(&b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_taken_apart),
		cmocka_unit_test(a_response_is_taken_apart),
		cmocka_unit_test(start_lines_are_judged),
		cmocka_unit_test(empty_lines_before_the_start_line_are_skipped),
		cmocka_unit_test(headers_without_the_empty_line_are_a_message),
		cmocka_unit_test(malformed_lines_are_refused_and_the_rest_is_read),
		cmocka_unit_test(an_empty_line_of_lf_alone_is_refused),
		cmocka_unit_test(folds_and_spaces_before_the_colon_are_read),
		cmocka_unit_test(content_length_rules_the_body_of_a_datagram),
		cmocka_unit_test(sizes_are_limited),
		cmocka_unit_test(what_is_behind_too_many_rows_is_left_alone),
		cmocka_unit_test(many_rows_are_kept_in_order),
		cmocka_unit_test(a_message_of_compact_forms_only_is_read),
		cmocka_unit_test(hostile_shapes_cost_no_more_than_their_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
