/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include <stdio.h>

static void a_via_is_taken_apart(void **state)
{
	(void)state;
	struct sip_via v;
	assert_true(sip_via_parse(STR("SIP/2.0/TLS-SCTP h.example.com:5061;rport=5;keep=30;alias;branch=z9;received=1.2.3.4;maddr=[::1];ttl=3;x"), &v));
	assert_str(v.transport, "TLS-SCTP");
	assert_str(v.host, "h.example.com");
	assert_int_equal(v.port, 5061);
	assert_str(v.branch, "z9");
	assert_str(v.received, "1.2.3.4");
	assert_str(v.maddr, "[::1]");
	assert_int_equal(v.ttl, 3);
	assert_true(v.has_rport && v.has_keep && v.has_alias);
	assert_int_equal(v.rport, 5);
	assert_true(sip_via_parse(STR("SIP/2.0/UDP [::1];rport"), &v));
	assert_str(v.host, "::1");
	assert_true(v.host_is_v6 && v.has_rport);
	assert_int_equal(v.rport, 0);
	assert_int_equal(v.ttl, -1);
	assert_false(v.has_keep || v.has_alias);
	assert_none(v.branch);
}

/* TP-02 TP-03 TP-08 OB-93 */
static void the_receiver_says_where_a_request_came_from(void **state)
{
	(void)state;
	static const struct { const char *via, *source; bool force; int keep_s; const char *stamped; } t[] = {
		/* the sender told the truth and asked for nothing */
		{ "SIP/2.0/UDP 192.0.2.1:5060;branch=z", "192.0.2.1:5060", false, -1, "SIP/2.0/UDP 192.0.2.1:5060;branch=z" },
		{ "SIP/2.0/UDP 192.0.2.1", "192.0.2.1:9", false, -1, "SIP/2.0/UDP 192.0.2.1" },
		{ "SIP/2.0/UDP [2001:DB8:0::1];branch=z", "[2001:db8::1]:5060", false, -1, "SIP/2.0/UDP [2001:DB8:0::1];branch=z" },
		/* a name or another address */
		{ "SIP/2.0/UDP h.example.com;branch=z", "192.0.2.1:5060", false, -1, "SIP/2.0/UDP h.example.com;branch=z;received=192.0.2.1" },
		{ "SIP/2.0/UDP 10.0.0.1;branch=z", "192.0.2.1:7", false, -1, "SIP/2.0/UDP 10.0.0.1;branch=z;received=192.0.2.1" },
		{ "SIP/2.0/TCP h;branch=z", "[2001:db8::9]:7", false, -1, "SIP/2.0/TCP h;branch=z;received=2001:db8::9" },
		{ "SIP/2.0/TCP h", "192.0.2.1:7", false, -1, "SIP/2.0/TCP h;received=192.0.2.1" },
		/* rport */
		{ "SIP/2.0/UDP 10.0.0.1;rport;branch=z", "192.0.2.1:1024", false, -1, "SIP/2.0/UDP 10.0.0.1;rport=1024;branch=z;received=192.0.2.1" },
		{ "SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z", "192.0.2.1:5060", false, -1, "SIP/2.0/UDP 192.0.2.1:5060;rport=5060;branch=z;received=192.0.2.1" },
		{ "SIP/2.0/UDP 10.0.0.1;branch=z", "192.0.2.1:1024", true, -1, "SIP/2.0/UDP 10.0.0.1;branch=z;rport=1024;received=192.0.2.1" },
		/* what the sender cannot know is not believed */
		{ "SIP/2.0/UDP 192.0.2.1;received=6.6.6.6;branch=z", "192.0.2.1:5060", false, -1, "SIP/2.0/UDP 192.0.2.1;branch=z" },
		{ "SIP/2.0/UDP h;rport=666;received=6.6.6.6", "192.0.2.1:5", false, -1, "SIP/2.0/UDP h;rport=5;received=192.0.2.1" },
		/* keep */
		{ "SIP/2.0/UDP 192.0.2.1;keep;branch=z", "192.0.2.1:5", false, 30, "SIP/2.0/UDP 192.0.2.1;keep=30;branch=z" },
		{ "SIP/2.0/UDP 192.0.2.1;keep;branch=z", "192.0.2.1:5", false, -1, "SIP/2.0/UDP 192.0.2.1;keep;branch=z" },
		{ "SIP/2.0/UDP 192.0.2.1;branch=z", "192.0.2.1:5", false, 30, "SIP/2.0/UDP 192.0.2.1;branch=z" },
		/* everything else stays */
		{ "SIP / 2.0 / UDP  192.0.2.1 : 5060 ; x = \"a;b\" ;alias;ob", "192.0.2.1:5060", false, -1,
		  "SIP / 2.0 / UDP  192.0.2.1 : 5060;x=\"a;b\";alias;ob" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[512];
		struct sample s;
		struct addr source;
		int n = snprintf(text, sizeof text, "OPTIONS sip:h SIP/2.0\r\nVia: %s , SIP/2.0/UDP later\r\n\r\n", t[i].via);
		sample_open(&s, (struct str){ text, (size_t)n }, NULL);
		assert_true(addr_parse(str_of(t[i].source), 0, &source));
		sip_stamp_via(&s.m, &source, t[i].force, t[i].keep_s, &s.arena);
		assert_str(s.m.via_stamped, t[i].stamped);
		sample_close(&s);
	}
}

static void a_via_that_cannot_be_read_is_not_stamped(void **state)
{
	(void)state;
	struct sample s;
	struct addr source;
	sample_open(&s, STR("OPTIONS sip:h SIP/2.0\r\nVia: nonsense\r\n\r\n"), NULL);
	assert_true(addr_parse(STR("192.0.2.1:5060"), 0, &source));
	sip_stamp_via(&s.m, &source, true, 1, &s.arena);
	assert_none(s.m.via_stamped);
	sample_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_via_is_taken_apart),
		cmocka_unit_test(the_receiver_says_where_a_request_came_from),
		cmocka_unit_test(a_via_that_cannot_be_read_is_not_stamped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
