/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

static void expect_reply(const char *request, unsigned status, struct str phrase, struct str tag,
                         struct str extra, const char *want)
{
	struct sample s;
	struct buf out = { 0 };
	sample_open(&s, str_of(request), NULL);
	sip_reply(&out, &s.m, status, phrase, tag, extra);
	assert_str(buf_str(&out), want);
	buf_fini(&out);
	sample_close(&s);
}

static void a_reply_carries_what_identifies_the_request(void **state)
{
	(void)state;
	expect_reply(REQUEST("OPTIONS", "Timestamp: 5\r\nRecord-Route: <sip:p;lr>\r\n"), 430, STR_NONE, STR("t1"), STR("Server: x\r\n"),
	             "SIP/2.0 430 Flow Failed\r\n" VIA FROM "To: <sip:bob@example.com>;tag=t1\r\n" CALL_ID CSEQ("OPTIONS")
	             "Server: x\r\nContent-Length: 0\r\n\r\n");
}

static void a_100_echoes_the_timestamp_and_has_no_tag(void **state)
{
	(void)state;
	expect_reply(REQUEST("INVITE", "Timestamp: 5.4\r\nRecord-Route: <sip:p;lr>\r\n"), 100, STR("Trying"), STR_NONE, STR_NONE,
	             "SIP/2.0 100 Trying\r\n" NEEDED("INVITE") "Timestamp: 5.4\r\nContent-Length: 0\r\n\r\n");
}

static void record_route_goes_back_where_a_dialog_begins(void **state)
{
	(void)state;
	static const char rr[] = "Record-Route: <sip:p;lr>, <sip:q;lr>\r\nRecord-Route: <sip:r;lr>\r\n";
	static const struct { unsigned status; bool copied; } t[] = {
		{ 100, false }, { 101, true }, { 183, true }, { 200, true }, { 299, true }, { 300, false }, { 486, false },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sample s;
		struct buf out = { 0 };
		sample_open(&s, STR(REQUEST("INVITE", "Record-Route: <sip:p;lr>, <sip:q;lr>\r\nrecord-route:<sip:r;lr>\r\n")), NULL);
		sip_reply(&out, &s.m, t[i].status, STR_NONE, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
		buf_byte(&out, 0);
		assert_int_equal(strstr(out.p, rr) != NULL, t[i].copied);
		assert_int_equal(strstr(out.p, "Record-Route") != NULL, t[i].copied);
		buf_fini(&out);
		sample_close(&s);
	}
}

static void vias_go_back_in_order_with_the_top_one_stamped(void **state)
{
	(void)state;
	struct sample s;
	struct buf out = { 0 };
	struct addr source;
	sample_open(&s, STR("OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=1 , SIP/2.0/UDP b\r\nX: y\r\nVia:SIP/2.0/TCP c\r\n\r\n"), NULL);
	addr_parse(STR("192.0.2.1:7"), 0, &source);
	sip_stamp_via(&s.m, &source, false, -1, &s.arena);
	sip_reply(&out, &s.m, 200, STR_NONE, STR_NONE, STR_NONE);
	assert_str(buf_str(&out), "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=1;received=192.0.2.1 , SIP/2.0/UDP b\r\n"
	                          "Via: SIP/2.0/TCP c\r\nContent-Length: 0\r\n\r\n");
	buf_fini(&out);
	sample_close(&s);
}

static void a_tag_is_added_once_and_only_to_a_readable_to(void **state)
{
	(void)state;
	static const struct { const char *to, *want; } t[] = {
		{ "To: sip:b@h\r\n", "To: sip:b@h;tag=new\r\n" },
		{ "To: <sip:b@h>;x;tag=old\r\n", "To: <sip:b@h>;x;tag=old\r\n" },
		{ "To: \"b <sip:b@h>\r\n", "To: \"b <sip:b@h>\r\n" },
		{ "To: a\r\nTo: b\r\n", "To: a\r\n" },
		{ "", "" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf text = { 0 }, want = { 0 };
		buf_printf(&text, "OPTIONS sip:h SIP/2.0\r\n%s\r\n", t[i].to);
		buf_printf(&want, "SIP/2.0 400 Bad Request\r\n%sContent-Length: 0\r\n\r\n", t[i].want);
		buf_byte(&text, 0);
		buf_byte(&want, 0);
		expect_reply(text.p, 400, STR_NONE, STR("new"), STR_NONE, want.p);
		buf_fini(&text);
		buf_fini(&want);
	}
}

#define SENT \
	"INVITE sip:bob@192.0.2.4 SIP/2.0\r\nVia: SIP/2.0/UDP p.example.com;branch=z9hG4bKp\r\n" \
	VIA "Route: <sip:q;lr>, <sip:r;lr>\r\nRoute: <sip:s;lr>\r\nMax-Forwards: 68\r\n" FROM TO CALL_ID CSEQ("INVITE") \
	"Contact: <sip:alice@192.0.2.1>\r\nContent-Length: 4\r\n\r\nbody"

/* TX-04 */
static void an_ack_follows_the_request_and_the_tag_of_the_response(void **state)
{
	(void)state;
	struct sample request, response;
	struct buf out = { 0 };
	sample_open(&request, STR(SENT), NULL);
	sample_open(&response, STR("SIP/2.0 486 Busy Here\r\n" VIA FROM "To: <sip:bob@example.com>;tag=b7\r\n" CALL_ID CSEQ("INVITE") "\r\n"), NULL);
	sip_ack_for(&out, &request.m, &response.m);
	assert_str(buf_str(&out), "ACK sip:bob@192.0.2.4 SIP/2.0\r\nVia: SIP/2.0/UDP p.example.com;branch=z9hG4bKp\r\n"
	                          "Route: <sip:q;lr>, <sip:r;lr>\r\nRoute: <sip:s;lr>\r\nMax-Forwards: 68\r\n" FROM
	                          "To: <sip:bob@example.com>;tag=b7\r\n" CALL_ID CSEQ("ACK") "Content-Length: 0\r\n\r\n");
	buf_fini(&out);
	sample_close(&request);
	sample_close(&response);
}

static void a_cancel_follows_the_request(void **state)
{
	(void)state;
	struct sample request;
	struct buf out = { 0 };
	sample_open(&request, STR(SENT), NULL);
	sip_cancel_for(&out, &request.m, STR("Reason: SIP;cause=200\r\n"));
	assert_str(buf_str(&out), "CANCEL sip:bob@192.0.2.4 SIP/2.0\r\nVia: SIP/2.0/UDP p.example.com;branch=z9hG4bKp\r\n"
	                          "Route: <sip:q;lr>, <sip:r;lr>\r\nRoute: <sip:s;lr>\r\nMax-Forwards: 68\r\n" FROM TO CALL_ID
	                          CSEQ("CANCEL") "Reason: SIP;cause=200\r\nContent-Length: 0\r\n\r\n");
	buf_fini(&out);
	sample_close(&request);
}

static void dialogs_begin_without_a_to_tag(void **state)
{
	(void)state;
	static const struct { const char *text; bool forms; } t[] = {
		{ REQUEST("INVITE", ""), true }, { REQUEST("SUBSCRIBE", ""), true }, { REQUEST("REFER", ""), true },
		{ REQUEST("NOTIFY", ""), true }, { REQUEST("OPTIONS", ""), false }, { REQUEST("REGISTER", ""), false },
		{ "INVITE sip:h SIP/2.0\r\nTo: <sip:b@h>;tag=1\r\n\r\n", false },
		{ "SIP/2.0 200 OK\r\n" NEEDED("INVITE") "\r\n", false },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sample s;
		sample_open(&s, str_of(t[i].text), NULL);
		assert_int_equal(sip_forms_dialog(&s.m), t[i].forms);
		sample_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_carries_what_identifies_the_request),
		cmocka_unit_test(a_100_echoes_the_timestamp_and_has_no_tag),
		cmocka_unit_test(record_route_goes_back_where_a_dialog_begins),
		cmocka_unit_test(vias_go_back_in_order_with_the_top_one_stamped),
		cmocka_unit_test(a_tag_is_added_once_and_only_to_a_readable_to),
		cmocka_unit_test(an_ack_follows_the_request_and_the_tag_of_the_response),
		cmocka_unit_test(a_cancel_follows_the_request),
		cmocka_unit_test(dialogs_begin_without_a_to_tag),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
