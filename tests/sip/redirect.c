/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sip_redirect.h"
#include <stdio.h>

static void open_3xx(struct sample *s, const char *rows)
{
	char text[16384];
	int n = snprintf(text, sizeof text, "SIP/2.0 301 Moved Permanently\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"
	                 "To: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n", rows);
	sample_open(s, (struct str){ text, (size_t)n }, NULL);
	assert_int_equal(s->parsed, SIP_PARSED);
}

/* RD-16, RD-27 */
static void best_q_comes_first_and_equal_ones_keep_their_order(void **state)
{
	(void)state;
	struct sample s;
	struct sip_redirect_target *list;
	unsigned bad = 9;
	open_3xx(&s, "Contact: <sip:low@x>;q=0.1, \"B, c\" <sip:top1@x?Subject=hi&Route=%3Csip:evil%3E>\r\nX: y\r\n"
	             "m: sip:top2@x;q=1.0, tel:+12025550100;q=0.5 , <mailto:a@b>;q=0.5;rc=1.1\r\n");
	assert_int_equal(sip_redirect_targets(&s.m, 16, &s.arena, &list, &bad), 5);
	assert_int_equal(bad, 0);
	assert_str(list[0].uri_text, "sip:top1@x");
	assert_str(list[0].headers, "Subject=hi&Route=%3Csip:evil%3E");
	assert_str(list[0].value, "\"B, c\" <sip:top1@x?Subject=hi&Route=%3Csip:evil%3E>");
	assert_str(list[1].uri_text, "sip:top2@x");
	assert_none(list[1].headers);
	assert_int_equal(list[1].q, 1000);
	assert_str(list[2].uri_text, "tel:+12025550100");
	assert_int_equal(list[2].uri.scheme, SIP_SCHEME_TEL);
	assert_str(list[3].uri_text, "mailto:a@b");
	assert_int_equal(list[3].uri.scheme, SIP_SCHEME_OTHER);
	assert_str(list[3].params, "q=0.5;rc=1.1");
	assert_str(list[4].uri_text, "sip:low@x");
	assert_int_equal(list[4].q, 100);
	/* Past `most` the worst are left out, not the last. */
	assert_int_equal(sip_redirect_targets(&s.m, 2, &s.arena, &list, NULL), 2);
	assert_str(list[1].uri_text, "sip:top2@x");
	assert_int_equal(sip_redirect_targets(&s.m, 4, &s.arena, &list, NULL), 4);
	assert_str(list[3].uri_text, "mailto:a@b");
	assert_int_equal(sip_redirect_targets(&s.m, 0, &s.arena, &list, NULL), 0);
	sample_close(&s);
}

static void malformed_contacts_are_left_out_and_counted(void **state)
{
	(void)state;
	struct sample s;
	struct sip_redirect_target *list;
	unsigned bad = 0;
	open_3xx(&s, "Contact: *, <sip:>, <sip:a@x, sip:@x, <sip:b@x>;q=2, <sip:c@x>;q, <sip:d@x>\r\n");
	unsigned count = sip_redirect_targets(&s.m, 16, &s.arena, &list, &bad);
	assert_int_equal(count, 1);
	assert_str(list[0].uri_text, "sip:d@x");
	assert_int_equal(bad, 4);       /* a bracket that is not closed takes what comes up to the next one with it */
	sample_close(&s);
	open_3xx(&s, "Contact: *, <sip:>, sip:@x, <sip:b@x>;q=2, <sip:c@x>;q, , <sip:d@x>, <>\r\n");
	assert_int_equal(sip_redirect_targets(&s.m, 16, &s.arena, &list, &bad), 1);
	assert_str(list[0].uri_text, "sip:d@x");
	assert_int_equal(bad, 7);
	sample_close(&s);
	open_3xx(&s, "");
	assert_int_equal(sip_redirect_targets(&s.m, 16, &s.arena, &list, &bad), 0);
	assert_int_equal(bad, 0);
	sample_close(&s);
}

/* RD-08 */
static void lifetime_is_the_contacts_own_else_that_of_expires(void **state)
{
	(void)state;
	static const struct { const char *rows; uint32_t lifetime_s; } cases[] = {
		{ "Contact: <sip:a@x>\r\n", SIP_LIFETIME_NONE }, { "Contact: <sip:a@x>\r\nExpires: 60\r\n", 60 },
		{ "Contact: <sip:a@x>;expires=30\r\nExpires: 60\r\n", 30 }, { "Contact: <sip:a@x>;EXPIRES=0\r\n", 0 },
		{ "Contact: <sip:a@x>;expires=soon\r\nExpires: 60\r\n", 3600 }, { "Contact: <sip:a@x>;expires\r\nExpires: 60\r\n", 3600 },
		{ "Contact: <sip:a@x>;expires=99999999999\r\n", 3600 }, { "Contact: <sip:a@x>;expires=4294967295\r\n", 3600 },
		{ "Contact: <sip:a@x>;expires=4294967294\r\n", 4294967294 },
		{ "Contact: <sip:a@x>\r\nExpires: Thu, 01 Dec 1994 16:00:00 GMT\r\n", 3600 }, { "Contact: <sip:a@x>\r\nExpires: 4294967295\r\n", 3600 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sample s;
		struct sip_redirect_target *list;
		open_3xx(&s, cases[i].rows);
		assert_int_equal(sip_redirect_targets(&s.m, 1, &s.arena, &list, NULL), 1);
		if (list[0].lifetime_s != cases[i].lifetime_s)
			fail_msg("%s: %u", cases[i].rows, list[0].lifetime_s);
		sample_close(&s);
	}
}

static void thousands_of_contacts_are_read_in_bounded_room(void **state)
{
	(void)state;
	char rows[16000] = "Contact: <sip:a@x>;q=0.5";
	struct sample s;
	struct sip_redirect_target *list;
	size_t n = strlen(rows);
	for (int i = 0; n + 30 < sizeof rows; i++)
		n += (size_t)snprintf(rows + n, sizeof rows - n, ",<sip:%d@x>;q=0.%d", i, i % 10);
	strcpy(rows + n, "\r\n");
	open_3xx(&s, rows);
	assert_int_equal(sip_redirect_targets(&s.m, 3, &s.arena, &list, NULL), 3);
	assert_str(list[0].uri_text, "sip:9@x");
	assert_str(list[2].uri_text, "sip:29@x");
	sample_close(&s);
}

/* RD-27, PX-14 */
static void request_uri_has_neither_method_nor_headers(void **state)
{
	(void)state;
	static const struct { const char *uri, *ruri; } cases[] = {
		{ "sip:a@x", "sip:a@x" }, { "sip:a@x;method=BYE", "sip:a@x" }, { "sip:a@x;Method=BYE;lr;x=%41?To=b", "sip:a@x;lr;x=%41" },
		{ "sip:a@x;q=1;method=INVITE;unknown", "sip:a@x;q=1;unknown" }, { "sip:a@x;%6Dethod=BYE;b", "sip:a@x;b" },
		{ "sips:a@x:5061;transport=tcp?Route=%3Csip:e%3E", "sips:a@x:5061;transport=tcp" }, { "tel:+1;phone-context=x", "tel:+1;phone-context=x" },
		{ "sip:a;method=x@x", "sip:a;method=x@x" }, { "mailto:a@b?subject=x", "mailto:a@b?subject=x" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena arena;
		struct sip_uri uri;
		arena_init(&arena, NULL, 0);
		assert_true(sip_uri_parse(str_of(cases[i].uri), &uri));
		assert_str(sip_uri_as_ruri(uri.text, &uri, &arena), cases[i].ruri);
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(best_q_comes_first_and_equal_ones_keep_their_order), cmocka_unit_test(malformed_contacts_are_left_out_and_counted),
		cmocka_unit_test(lifetime_is_the_contacts_own_else_that_of_expires), cmocka_unit_test(thousands_of_contacts_are_read_in_bounded_room),
		cmocka_unit_test(request_uri_has_neither_method_nor_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
