/* SPDX-License-Identifier: Apache-2.0 */
/* What sip_check says to requests and responses, one blemish at a time. */
#include "check.h"
#include <stdio.h>

static const char *fault_of(const char *text)
{
	static const char *const fine = "";
	struct sample s;
	sample_open(&s, str_of(text), NULL);
	const char *why = sample_fit(&s) ? fine : s.parsed == SIP_NOT_SIP ? "not SIP" : s.fault.why;
	if (*why && s.fault.status != 400 && s.parsed != SIP_NOT_SIP)
		fail_msg("%u", s.fault.status);
	sample_close(&s);
	return why;
}

static void expect(const char *text, const char *why)
{
	const char *got = fault_of(text);
	if (strcmp(got, why) != 0)
		fail_msg("\"%s\", not \"%s\", of\n%s", got, why, text);
}

#define START "OPTIONS sip:bob@example.com SIP/2.0\r\n"

/* MS-12 */
static void each_needed_header_is_missed(void **state)
{
	(void)state;
	expect(START NEEDED("OPTIONS") "\r\n", "");             /* no Max-Forwards: fine */
	expect(START FROM TO CALL_ID CSEQ("OPTIONS") "\r\n", "Via missing");
	expect(START VIA TO CALL_ID CSEQ("OPTIONS") "\r\n", "From missing");
	expect(START VIA FROM CALL_ID CSEQ("OPTIONS") "\r\n", "To missing");
	expect(START VIA FROM TO CSEQ("OPTIONS") "\r\n", "Call-ID missing");
	expect(START VIA FROM TO CALL_ID "\r\n", "CSeq missing");
}

/* MS-13 */
static void each_single_header_may_stand_once(void **state)
{
	(void)state;
	expect(START NEEDED("OPTIONS") FROM "\r\n", "From twice");
	expect(START NEEDED("OPTIONS") TO "\r\n", "To twice");
	expect(START NEEDED("OPTIONS") "i: c1@192.0.2.1\r\n\r\n", "Call-ID twice");
	expect(START NEEDED("OPTIONS") CSEQ("OPTIONS") "\r\n", "CSeq twice");
	expect(START NEEDED("OPTIONS") "Max-Forwards: 1\r\nMax-Forwards: 1\r\n\r\n", "Max-Forwards twice");
	expect(START NEEDED("OPTIONS") VIA "\r\n", "");
}

/* MS-04 MS-22 */
static void cseq_is_a_number_and_the_method(void **state)
{
	(void)state;
	static const struct { const char *cseq, *why; } t[] = {
		{ "1 OPTIONS", "" }, { "0000000000000001\tOPTIONS", "" }, { "4294967295 OPTIONS", "" }, { "0 OPTIONS", "" },
		{ "4294967296 OPTIONS", "Malformed CSeq" }, { "18446744073709551617 OPTIONS", "Malformed CSeq" },
		{ "2147483648 OPTIONS", "" }, { "-1 OPTIONS", "Malformed CSeq" }, { "OPTIONS", "Malformed CSeq" },
		{ "1", "Malformed CSeq" }, { "1OPTIONS", "Malformed CSeq" }, { "1 OPTIONS x", "Malformed CSeq" },
		{ "", "Malformed CSeq" }, { "1 options", "CSeq of another method" }, { "1 INVITE", "CSeq of another method" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[512];
		snprintf(text, sizeof text, START VIA FROM TO CALL_ID "CSeq: %s\r\n\r\n", t[i].cseq);
		expect(text, t[i].why);
	}
}

/* MS-23 */
static void max_forwards_is_a_small_number(void **state)
{
	(void)state;
	static const struct { const char *value; bool fine; } t[] = {
		{ "0", true }, { "70", true }, { "255", true }, { "0068", true }, { "256", false }, { "-1", false },
		{ "", false }, { "7x", false }, { "2147483648", false }, { "4294967296", false },
		{ "18446744073709551616", false },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[512];
		snprintf(text, sizeof text, START NEEDED("OPTIONS") "Max-Forwards: %s\r\n\r\n", t[i].value);
		expect(text, t[i].fine ? "" : "Malformed Max-Forwards");
	}
}

/* MS-02 MS-37 */
static void the_request_uri_is_a_bare_uri(void **state)
{
	(void)state;
	static const struct { const char *uri, *why; } t[] = {
		{ "sip:h", "" }, { "tel:+1", "" }, { "foo:bar", "" }, { "sip:u@[::1]:5060", "" },
		{ "<sip:h>", "Malformed Request-URI" }, { " sip:h", "Malformed Request-URI" }, { "sip:h ", "Malformed Request-URI" },
		{ "sip:h; lr", "Malformed Request-URI" }, { "sip:h\t", "Malformed Request-URI" }, { "h", "Malformed Request-URI" },
		{ "sip:2001:db8::1", "Malformed Request-URI" }, { "sip:h?a=b", "Headers in the Request-URI" }, { "*", "Malformed Request-URI" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[512];
		snprintf(text, sizeof text, "OPTIONS %s SIP/2.0\r\n" NEEDED("OPTIONS") "\r\n", t[i].uri);
		expect(text, t[i].why);
	}
}

/* MS-14 MS-15 MS-16 MS-17 MS-18 MS-19 */
static void addresses_in_to_are_judged(void **state)
{
	(void)state;
	static const struct { const char *to, *why; } t[] = {
		{ "sip:u@h;tag=1", "" }, { "<sip:u@h>", "" }, { "Bob<sip:u@h>", "" }, { "A B-C. D <sip:u@h> ; tag = x", "" },
		{ "\"a, <b>;c\\\"d\" <sip:u@h>;tag=1", "" }, { "\"\"<sip:u@h>", "" }, { "J\xc3\xbcrgen <sip:u@h>", "" },
		{ "<sip:u@h>;x=\"a;b=c\";y", "" }, { "<sip:u@h>;x=a%b(c)", "" }, { "<tel:+1>;tag=1", "" }, { "<foo:bar>", "" },
		{ "\"Bob <sip:u@h>", "Malformed To" }, { "Bell, A <sip:u@h>", "Malformed To" }, { "A \"B\" <sip:u@h>", "Malformed To" },
		{ "\"B\" C <sip:u@h>", "Malformed To" }, { "< sip:u@h>", "Malformed To" }, { "<sip:u@h", "Malformed To" },
		{ "<sip:u@h> x", "Malformed To" }, { "<sip:u@h>tag=1", "Malformed To" }, { "sip:u@h?a=b", "Malformed To" },
		{ "sip:u@h,x", "Malformed To" }, { "*", "Malformed To" }, { "", "Malformed To" }, { "u@h", "Malformed To" },
		{ "<>", "Malformed To" }, { "\"\"", "Malformed To" }, { "<sip:u@2001:db8::1>", "Malformed To" },
		{ "<sip:u@h>;tag=1;tag=2", "Parameter twice, or too many" }, { "<sip:u@h>;X=1;x", "Parameter twice, or too many" },
		{ "<sip:u@h>;", "Empty parameter" }, { "<sip:u@h>;;tag=1", "Empty parameter" }, { "<sip:u@h>;tag=1;", "Empty parameter" },
		{ "<sip:u@h>; ;tag=1", "Empty parameter" }, { "<sip:u@h>;=1", "Malformed parameter" }, { "<sip:u@h>;a b=1", "Malformed parameter" },
		{ "<sip:u@h>;tag", "Malformed parameter" }, { "<sip:u@h>;tag;x=1", "Malformed parameter" },
		{ "<sip:u@h>;x=\"a", "Malformed parameter" }, { "<sip:u@h>;x=\"a\"b", "Malformed parameter" }, { "<sip:u@h>;x=a\"b", "Malformed parameter" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[512];
		snprintf(text, sizeof text, START VIA FROM "To: %s\r\n" CALL_ID CSEQ("OPTIONS") "\r\n", t[i].to);
		expect(text, t[i].why);
	}
}

/* MS-19 MS-37 MS-41 */
static void vias_are_judged(void **state)
{
	(void)state;
	static const struct { const char *via, *why; } t[] = {
		{ "SIP/2.0/UDP h", "" }, { "SIP/2.0/X-Y h:1;branch=z", "" }, { "SIP / 2.0 / TCP h ; rport ; alias;ob", "" },
		{ "SIP/2.0/UDP [::1]:5060;received=::2", "" }, { "SIP/2.0/UDP h;received=[::2]", "" }, { "SIP/2.0/UDP h;keep;ttl=1", "" },
		{ "SIP/2.0/UDP a , SIP/2.0/UDP b", "" }, { "SIP/2.0/UDP h;branch=", "" },
		{ "", "Malformed Via" }, { "\r\nVia: SIP/2.0/UDP h", "Malformed Via" }, { "SIP/2.0/UDP h\r\nVia:", "" }, { "SIP/2.0/UDP", "Malformed Via" }, { "SIP/2.0 UDP h", "Malformed Via" }, { "UDP h", "Malformed Via" },
		{ "SIP/2.0/UDP 2001:db8::1", "Malformed Via" }, { "SIP/2.0/UDP h:", "Malformed Via" }, { "SIP/2.0/UDP h:99999", "Malformed Via" },
		{ "SIP/2.0/UDP h x", "Malformed Via" }, { "SIP/2.0/UDP[::1]", "Malformed Via" }, { "SIP/2.0/UDP h,", "Malformed Via" },
		{ ",SIP/2.0/UDP h", "Malformed Via" }, { "SIP/2.0/UDP a,,SIP/2.0/UDP b", "Malformed Via" }, { "SIP/2.0/UDP h;", "Empty parameter" },
		{ "SIP/2.0/UDP h;;branch=x", "Empty parameter" }, { "SIP/2.0/UDP h;branch=x;branch=y", "Parameter twice, or too many" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[512];
		snprintf(text, sizeof text, START "Via: %s\r\n" FROM TO CALL_ID CSEQ("OPTIONS") "\r\n", t[i].via);
		expect(text, t[i].why);
	}
}

/* MS-17 MS-19 */
static void contacts_and_routes_are_judged(void **state)
{
	(void)state;
	static const struct { const char *method, *row, *why; } t[] = {
		{ "OPTIONS", "Contact: <sip:u@h>;+sip.instance=\"<urn:uuid:x>\";reg-id=1;q=0.5, sip:v@h;expires=odd", "" },
		{ "OPTIONS", "Contact:", "" },
		{ "OPTIONS", "Contact: <sip:u@h>,", "Malformed Contact" },
		{ "OPTIONS", "Contact: *", "Malformed Contact" },
		{ "OPTIONS", "Contact: <sip:u@h>;;expires=1", "Empty parameter" },
		{ "OPTIONS", "Contact: sip:u@h?a=b", "Malformed Contact" },
		{ "REGISTER", "Contact: *", "" },
		{ "REGISTER", "Contact: <sip:u@h>;;expires=1", "" },
		{ "REGISTER", "Contact: <sip:u@h>;", "" },
		{ "REGISTER", "Contact: <sip:u@h>;expires=1;Expires=2", "Parameter twice, or too many" },
		{ "REGISTER", "Contact: <sip:u@h>,,<sip:v@h>", "Malformed Contact" },
		{ "OPTIONS", "Route: <sip:h;lr>, <sip:i;lr=on>", "" },
		{ "OPTIONS", "Route: <sip:h;lr>;;x", "Empty parameter" },
		{ "OPTIONS", "Route: <sip:h;lr>,", "Malformed Route" },
		{ "OPTIONS", "Route: h", "Malformed Route" },
		{ "OPTIONS", "Route: *", "Malformed Route" },
		{ "REGISTER", "Route: *", "Malformed Route" },
		{ "REGISTER", "Route: <sip:h;lr>;", "Empty parameter" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[1024];
		snprintf(text, sizeof text, "%s sip:example.com SIP/2.0\r\n" VIA FROM TO CALL_ID "CSeq: 1 %s\r\n%s\r\n\r\n",
		         t[i].method, t[i].method, t[i].row);
		expect(text, t[i].why);
	}
}

/* MS-19 MS-24 */
static void what_nobody_looks_at_passes(void **state)
{
	(void)state;
	expect(START NEEDED("OPTIONS") "X: ;;,,;;,;\r\nX: \"unbalanced\r\nDate: tomorrow\r\nRetry-After: -5\r\nContent-Type: no such\r\n"
	       "WWW-Authenticate: Digest ,,\r\nSupported:\r\nAllow: A,,B,\r\nSubject: \"\\\r\n\r\n", "");
}

static void call_ids_are_words_without_space(void **state)
{
	(void)state;
	static const struct { const char *id, *why; } t[] = {
		{ "a", "" }, { "a@b", "" }, { ")(><:\\/\"][?}{@x", "" }, { "\xc3\xbc", "" },
		{ "", "Malformed Call-ID" }, { "a b", "Malformed Call-ID" }, { "a\r\n b", "Malformed Call-ID" }, { "a\x7f", "Malformed Call-ID" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[512];
		snprintf(text, sizeof text, START VIA FROM TO "Call-ID: %s\r\n" CSEQ("OPTIONS") "\r\n", t[i].id);
		expect(text, t[i].why);
	}
}

/* MS-20 */
static void responses_are_judged_by_what_brings_them_home(void **state)
{
	(void)state;
	expect("SIP/2.0 499 x\r\n" NEEDED("FOO") "\r\n", "");
	expect("SIP/2.0 199 x\r\n" NEEDED("INVITE") "\r\n", "");
	expect("SIP/2.0 200 OK\r\n" VIA FROM TO CALL_ID "CSeq: 4294967296 INVITE\r\n\r\n", "Malformed CSeq");
	expect("SIP/2.0 200 OK\r\n" VIA FROM CALL_ID CSEQ("INVITE") "\r\n", "To missing");
	expect("SIP/2.0 302 Moved\r\n" NEEDED("INVITE") "Contact: <mailto:a@b>, <sip:c@d>;q=0.1\r\n\r\n", "");
	expect("SIP/2.0 200 OK\r\n" NEEDED("INVITE") "Contact: <sip:c@d\r\nMax-Forwards: x\r\nRoute: y\r\n\r\n", "");
}

static void an_old_client_without_tag_and_branch_is_fine(void **state)
{
	(void)state;
	expect(START "Via: SIP/2.0/UDP h\r\nFrom: sip:a@h\r\n" TO CALL_ID CSEQ("OPTIONS") "\r\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_needed_header_is_missed),
		cmocka_unit_test(each_single_header_may_stand_once),
		cmocka_unit_test(cseq_is_a_number_and_the_method),
		cmocka_unit_test(max_forwards_is_a_small_number),
		cmocka_unit_test(the_request_uri_is_a_bare_uri),
		cmocka_unit_test(addresses_in_to_are_judged),
		cmocka_unit_test(vias_are_judged),
		cmocka_unit_test(contacts_and_routes_are_judged),
		cmocka_unit_test(what_nobody_looks_at_passes),
		cmocka_unit_test(call_ids_are_words_without_space),
		cmocka_unit_test(responses_are_judged_by_what_brings_them_home),
		cmocka_unit_test(an_old_client_without_tag_and_branch_is_fine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
