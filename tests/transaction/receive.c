/* SPDX-License-Identifier: Apache-2.0 */
/* receive.c - what arrives and is answered without state: faults, too much work, stateless replies; and
 * how much memory finished transactions may take. */
#include "world.h"

/* --- faults --- */
#define REST "From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.com>\r\nCall-ID: c\r\n"
#define VIA "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n"

static const struct {
	const char *text;
	const char *answer;                     /* "": none */
	const char *why;                        /* in its reason phrase */
} faults[] = {
	{ "OPTIONS sip:b@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nMax-Forwards: 2\r\n\r\n",
	  "SIP/2.0 400 Bad Request (", "Max-Forwards" },
	{ "OPTIONS sip:b@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n", "SIP/2.0 400 Bad Request (", "CSeq" },
	{ "OPTIONS sip:b@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 OPTIONS\r\nContent-Length: 10\r\n\r\nshort",
	  "SIP/2.0 400 Bad Request (", "" },
	{ "OPTIONS sip:b@example.com SIP/7.0\r\n" VIA REST "CSeq: 1 OPTIONS\r\n\r\n", "SIP/2.0 505 ", "" },
	{ "ACK sip:b@example.com SIP/2.0\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n", "", "" },
	{ "OPTIONS sip:b@example.com SIP/2.0\r\n" REST "CSeq: 1 OPTIONS\r\n\r\n", "", "" },
	{ "SIP/2.0 200 OK\r\n" VIA REST "CSeq: x OPTIONS\r\n\r\n", "", "" },
	{ "hello\r\n\r\n", "", "" },
	{ "\r\n\r\n", "", "" },
};

/* TP-15 */
static void a_faulty_request_is_answered_with_the_reason_or_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		struct world *w = world_new(NULL);
		arrives_text(w, udp_from(5060), faults[i].text, strlen(faults[i].text));
		if (*faults[i].answer)
			assert_left(w, faults[i].answer, faults[i].why, 5060);
		assert_left_nothing(w);
		assert_told(w, "");
		assert_int_equal(counts(w).server_live + counts(w).finished, 0);
		world_free(w);
	}
}

/* --- stateless answers --- */
static const struct message invite = { .method = "INVITE", .via = "192.0.2.1;branch=z9hG4bKone" };

/* The To tag of the oldest message that left. */
static void take_tag(struct world *w, char tag[40])
{
	struct fake_sent *s = fake_take(&w->fake);
	assert_non_null(s);
	const char *at = memmem(s->text.p, s->text.n, "com>;tag=", 9);
	assert_non_null(at);
	sscanf(at + 9, "%39[^\r;]", tag);
	fake_drop(s);
}

static void challenge(struct world *w, struct message m, char tag[40])
{
	arrives(w, udp_from(5060), m);
	txn_reply_stateless(w->x, w->request, 407, STR_NONE, STR("Proxy-Authenticate: Digest\r\n"));
	take_tag(w, tag);
}

/* TX-31 */
static void copies_of_a_challenged_request_get_the_same_tag_and_cost_nothing(void **state)
{
	struct world *w = world_new(NULL);
	char first[40], again[40];
	(void)state;
	challenge(w, invite, first);
	assert_true(strlen(first) >= 8);
	for (int i = 0; i < 1000; i++) {
		challenge(w, invite, again);
		assert_string_equal(first, again);
	}
	challenge(w, (struct message){ .method = "INVITE", .via = "192.0.2.1;branch=z9hG4bKtwo" }, again);
	assert_string_not_equal(first, again);
	assert_int_equal(counts(w).server_live + counts(w).finished, 0);
	assert_int_equal(fake_timers(&w->fake), 0);
	world_free(w);
}

/* TX-31 PX-46 */
static void the_ack_for_a_stateless_answer_is_absorbed_and_no_other(void **state)
{
	struct world *w = world_new(NULL);
	char tag[40], to[60];
	(void)state;
	challenge(w, invite, tag);
	w->told[0] = '\0';
	snprintf(to, sizeof to, ";tag=%s", tag);
	arrives(w, udp_from(5060), (struct message){ .method = "ACK", .via = invite.via, .to = to });
	assert_told(w, "");
	arrives(w, udp_from(5060), (struct message){ .method = "ACK", .via = "192.0.2.1;branch=z9hG4bKelse", .to = to });
	arrives(w, udp_from(5060), (struct message){ .method = "ACK", .via = invite.via, .to = ";tag=guess" });
	arrives(w, udp_from(5060), (struct message){ .method = "ACK", .via = invite.via });
	assert_told(w, "ack ack ack");
	world_free(w);
}

static void tags_of_two_workers_differ(void **state)
{
	struct world *a = world_new(NULL), *b = world_new(NULL);
	char tag_a[40], tag_b[40];
	(void)state;
	challenge(a, invite, tag_a);
	challenge(b, invite, tag_b);
	assert_string_not_equal(tag_a, tag_b);
	world_free(a);
	world_free(b);
}

/* --- budgets --- */
static void request_number(struct world *w, const char *method, int number)
{
	char via[60];
	snprintf(via, sizeof via, "192.0.2.1;branch=z9hG4bKn%d", number);
	arrives(w, udp_from(5060), (struct message){ .method = method, .via = via });
}

static void two_live(struct txn_settings *s)
{
	s->max_live = 2;
}

static void past_max_live_a_request_gets_503_without_state(void **state)
{
	struct world *w = world_new(two_live);
	(void)state;
	request_number(w, "OPTIONS", 1);
	struct txn_server *first = accept_it(w);
	request_number(w, "INVITE", 2);
	assert_non_null(accept_it(w));
	request_number(w, "OPTIONS", 3);
	assert_null(accept_it(w));
	assert_left(w, "SIP/2.0 503", "Retry-After: ", 5060);
	assert_int_equal(counts(w).refused, 1);
	txn_answer(w->x, first, 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	request_number(w, "OPTIONS", 4);
	assert_non_null(accept_it(w));                  /* there is room again */
	world_free(w);
}

static void answered_calls_are_no_work_under_way(void **state)
{
	struct world *w = world_new(two_live);
	(void)state;
	for (int i = 0; i < 100; i++) {
		request_number(w, "INVITE", i);
		struct txn_server *st = accept_it(w);
		assert_non_null(st);
		txn_answer(w->x, st, 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	}
	assert_int_equal(counts(w).refused + counts(w).server_live, 0);
	assert_int_equal(counts(w).finished, 100);
	world_free(w);
}

static void little_memory(struct txn_settings *s)
{
	s->max_bytes = 8000;
}

/* Nothing is refused for their records. */
static void answered_calls_make_way_oldest_first(void **state)
{
	struct world *w = world_new(little_memory);
	(void)state;
	for (int i = 0; i < 1000; i++) {
		request_number(w, "INVITE", i);
		txn_answer(w->x, accept_it(w), 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
		assert_true(counts(w).bytes_finished <= 8000);
	}
	w->told[0] = '\0';
	request_number(w, "INVITE", 970);
	assert_told(w, "");
	request_number(w, "INVITE", 900);
	assert_told(w, "request INVITE");
	world_free(w);
}

static void a_finished_transaction_is_small(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	request_number(w, "OPTIONS", 1);
	txn_answer(w->x, accept_it(w), 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	struct fake_sent *s = fake_take(&w->fake);
	assert_true(counts(w).bytes_finished <= 600 + s->text.n);
	fake_drop(s);
	world_free(w);
}

static void the_oldest_finished_non_invite_makes_way(void **state)
{
	struct world *w = world_new(little_memory);
	(void)state;
	for (int i = 0; i < 100; i++) {
		request_number(w, "OPTIONS", i);
		txn_answer(w->x, accept_it(w), 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
		assert_true(counts(w).bytes_finished <= 8000);
	}
	w->told[0] = '\0';
	forget_sent(w);
	request_number(w, "OPTIONS", 99);               /* the youngest is there: absorbed */
	assert_told(w, "");
	assert_left(w, "SIP/2.0 200", "", 5060);
	request_number(w, "OPTIONS", 0);                /* the oldest is not */
	assert_told(w, "request OPTIONS");
	world_free(w);
}

static void finished_invites_stay_and_then_new_work_is_refused(void **state)
{
	struct world *w = world_new(little_memory);
	struct txn_server *st;
	int accepted = 0;
	(void)state;
	for (int i = 0; i < 100; i++) {
		request_number(w, "INVITE", i);
		st = accept_it(w);
		if (!st)
			break;
		txn_answer(w->x, st, 486, STR_NONE, STR_NONE);
		accepted++;
	}
	assert_in_range(accepted, 5, 30);
	assert_int_equal(counts(w).finished, accepted);
	request_number(w, "OPTIONS", 1000);
	assert_null(accept_it(w));
	fake_advance(&w->fake, 32000);                  /* timer H: their memory comes back */
	request_number(w, "OPTIONS", 1001);
	assert_non_null(accept_it(w));
	world_free(w);
}

static void nothing_is_left_after_its_time(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	for (int i = 0; i < 50; i++) {
		request_number(w, "OPTIONS", i);
		txn_answer(w->x, accept_it(w), 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
		request_number(w, "INVITE", i);
		txn_answer(w->x, accept_it(w), i % 2 ? 200 : 404, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	}
	w->told[0] = '\0';
	fake_advance(&w->fake, 32000);
	struct txn_counts c = counts(w);
	assert_int_equal(c.server_live + c.finished + c.bytes_finished, 0);
	assert_int_equal(fake_timers(&w->fake), 0);
	world_free(w);
}

static void bad_timers_are_refused(void **state)
{
	static const struct txn_timers bad[] = {
		{ .t1 = 0, .t2 = 4000 }, { .t1 = 500, .t2 = 400 }, { .t1 = 500, .t2 = 4000, .t4 = -1 },
		{ .t1 = 500, .t2 = 4000, .d = -1 }, { .t1 = 500, .t2 = 4000, .trying = -1 },
	};
	struct txn_settings s;
	struct txns *x = NULL;
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		txn_settings_init(&s);
		s.timers = bad[i];
		assert_true(txns_new(NULL, NULL, NULL, NULL, &s, &(struct txn_events){ 0 }, NULL, &x) < 0);
		assert_null(x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_faulty_request_is_answered_with_the_reason_or_dropped),
		cmocka_unit_test(copies_of_a_challenged_request_get_the_same_tag_and_cost_nothing),
		cmocka_unit_test(the_ack_for_a_stateless_answer_is_absorbed_and_no_other),
		cmocka_unit_test(tags_of_two_workers_differ),
		cmocka_unit_test(past_max_live_a_request_gets_503_without_state),
		cmocka_unit_test(answered_calls_are_no_work_under_way),
		cmocka_unit_test(answered_calls_make_way_oldest_first),
		cmocka_unit_test(a_finished_transaction_is_small),
		cmocka_unit_test(the_oldest_finished_non_invite_makes_way),
		cmocka_unit_test(finished_invites_stay_and_then_new_work_is_refused),
		cmocka_unit_test(nothing_is_left_after_its_time),
		cmocka_unit_test(bad_timers_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
