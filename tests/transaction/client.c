/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - client transactions at work: copies, ACK, CANCEL, lost flows, and when they end. */
#include "world.h"

#define ONE "z9hG4bKone"

static void nothing_is_told_inside_the_send(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	w->fake.worker.send_result = SEND_REFUSED;
	ask(w, "INVITE", ONE, udp_from(5060));
	assert_told(w, "");
	fake_advance(&w->fake, 0);
	assert_told(w, "failed not-sent client-over");
	w->fake.transport.dead[1] = true;
	ask(w, "OPTIONS", ONE, tcp_from(1));
	assert_told(w, "");
	fake_advance(&w->fake, 0);
	assert_told(w, "failed gone client-over");
	world_free(w);
}

static void a_response_to_what_was_never_sent_does_not_stop_the_failure(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	w->fake.worker.send_result = SEND_REFUSED;
	ask(w, "OPTIONS", ONE, udp_from(5060));
	response_arrives(w, 200, "OPTIONS", ONE, "t");
	assert_told(w, "");
	fake_advance(&w->fake, 0);
	assert_told(w, "failed not-sent client-over");
	world_free(w);
}

/* TX-01 */
static void a_silent_peer_gets_seven_invites_and_the_caller_a_timeout(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, udp_from(5060));
	fake_advance(&w->fake, 31999);
	assert_int_equal(fake_sent_count(&w->fake), 7);
	assert_told(w, "");
	fake_advance(&w->fake, 1);
	assert_told(w, "failed timeout client-over");
	assert_int_equal(fake_sent_count(&w->fake), 7);
	assert_int_equal(counts(w).retransmitted, 6);
	world_free(w);
}

/* TX-02 */
static void a_provisional_response_silences_an_invite(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, udp_from(5060));
	forget_sent(w);
	response_arrives(w, 100, "INVITE", ONE, "t");
	fake_advance(&w->fake, 170000);
	assert_left_nothing(w);
	assert_told(w, "100");
	world_free(w);
}

/* TX-03 */
static void four_copies_of_a_refusal_get_four_acks_and_are_told_once(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, udp_from(5060));
	forget_sent(w);
	for (int i = 0; i < 4; i++) {
		response_arrives(w, 486, "INVITE", ONE, "t");
		assert_left(w, "ACK sip:bob@192.0.2.1 SIP/2.0\r\n", "", 5060);
	}
	assert_left_nothing(w);
	assert_told(w, "486 client-over");
	assert_int_equal(counts(w).absorbed, 3);
	response_arrives(w, 200, "INVITE", ONE, "t");           /* no copy of a refusal: no ACK */
	assert_left_nothing(w);
	fake_advance(&w->fake, 31999);
	response_arrives(w, 486, "INVITE", ONE, "t");
	assert_left(w, "ACK sip:bob@192.0.2.1 SIP/2.0\r\n", "", 5060);
	fake_advance(&w->fake, 1);                              /* timer D */
	response_arrives(w, 486, "INVITE", ONE, "t");
	assert_left_nothing(w);
	assert_told(w, "");
	assert_int_equal(counts(w).stray_responses, 1);
	world_free(w);
}

/* TX-03 */
static void over_a_stream_the_ack_leaves_too_and_that_is_the_end(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, tcp_from(1));
	forget_sent(w);
	response_arrives(w, 486, "INVITE", ONE, "t");
	assert_left(w, "ACK ", "", 40000);
	fake_advance(&w->fake, 0);
	assert_told(w, "486 client-over");
	world_free(w);
}

/* TX-04 TX-27 */
static void the_ack_has_what_the_invite_had_and_goes_where_it_went(void **state)
{
	static const char *const rows[] = {
		"Route: <sip:hop1.example.com;lr>\r\nRoute: <sip:hop2.example.com;lr>\r\n", "From: <sip:alice@example.org>;tag=a1\r\n",
		"To: <sip:bob@example.com>;tag=t77\r\n", "Call-ID: c2\r\n", "CSeq: 7 ACK\r\n",
		"Via: SIP/2.0/UDP 192.0.2.10;branch=" ONE "\r\n", "Max-Forwards:",
	};
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, udp_from(5080));
	forget_sent(w);
	response_arrives(w, 404, "INVITE", ONE, "t77");
	struct fake_sent *s = fake_take(&w->fake);
	assert_non_null(s);
	assert_true(str_starts(s->text, STR("ACK sip:bob@192.0.2.1 SIP/2.0\r\n")));
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(sent_holds(s, rows[i]));
	assert_false(sent_holds(s, "192.0.2.99"));      /* a single Via */
	assert_int_equal(s->to.remote.port, 5080);
	fake_drop(s);
	world_free(w);
}

/* TX-05 */
static void every_2xx_is_told_for_64_t1_and_none_is_acknowledged(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, udp_from(5060));
	forget_sent(w);
	response_arrives(w, 200, "INVITE", ONE, "t");
	fake_advance(&w->fake, 5000);
	response_arrives(w, 200, "INVITE", ONE, "t");
	response_arrives(w, 200, "INVITE", ONE, "another-fork");
	response_arrives(w, 180, "INVITE", ONE, "t");
	assert_left_nothing(w);
	assert_told(w, "200 200 200");
	fake_advance(&w->fake, 27000);
	assert_told(w, "client-over");
	response_arrives(w, 200, "INVITE", ONE, "late");
	assert_told(w, "");
	assert_int_equal(counts(w).stray_responses, 1);
	world_free(w);
}

/* TX-13 */
static void a_request_that_only_gets_100_fails_at_32_seconds(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "OPTIONS", ONE, udp_from(5060));
	response_arrives(w, 100, "OPTIONS", ONE, "t");
	fake_advance(&w->fake, 31999);
	assert_told(w, "100");
	fake_advance(&w->fake, 1);
	assert_told(w, "failed timeout client-over");
	assert_int_equal(fake_sent_count(&w->fake), 9);
	world_free(w);
}

static void copies_of_a_final_response_are_dropped(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "OPTIONS", ONE, udp_from(5060));
	response_arrives(w, 200, "OPTIONS", ONE, "t");
	assert_told(w, "200 client-over");
	assert_int_equal(counts(w).client_live + counts(w).bytes_finished, 0);
	response_arrives(w, 200, "OPTIONS", ONE, "t");
	assert_told(w, "");
	assert_int_equal(counts(w).stray_responses, 1);
	world_free(w);
}

/* TX-21 */
static void a_response_matches_by_branch_and_method(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, udp_from(5060));
	response_arrives(w, 200, "CANCEL", ONE, "t");
	response_arrives(w, 200, "OPTIONS", ONE, "t");
	response_arrives(w, 200, "INVITE", "z9hG4bKanother", "t");
	assert_told(w, "");
	assert_int_equal(counts(w).stray_responses, 3);
	world_free(w);
}

/* TP-07 PX-33 PX-40 */
static void a_response_that_nobody_waits_for_is_dropped_and_counted(void **state)
{
	static const char foreign[] =
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKx\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKy\r\n"
		"From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.com>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
		"Content-Length: 0\r\n\r\n";
	static const char broken[] =
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=" ONE "\r\nCSeq: 7 OPTIONS\r\n\r\n";
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "OPTIONS", ONE, udp_from(5060));
	forget_sent(w);
	arrives_text(w, udp_from(5060), foreign, sizeof foreign - 1);
	arrives_text(w, udp_from(5060), broken, sizeof broken - 1);     /* a fault: dropped although it matches */
	assert_told(w, "");
	assert_left_nothing(w);
	assert_int_equal(counts(w).stray_responses, 2);
	world_free(w);
}

/* PX-44 */
static void a_cancel_waits_for_the_first_provisional_response(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, udp_from(5070));
	txn_cancel(w->x, w->client, STR("Reason: SIP;cause=200\r\n"));
	txn_cancel(w->x, w->client, STR_NONE);
	fake_advance(&w->fake, 3000);
	assert_int_equal(fake_sent_count(&w->fake), 1);         /* the INVITE, and not again: what heals late must not ring */
	forget_sent(w);
	response_arrives(w, 180, "INVITE", ONE, "t");
	struct fake_sent *s = fake_take(&w->fake);
	assert_non_null(s);
	assert_true(str_starts(s->text, STR("CANCEL sip:bob@192.0.2.1 SIP/2.0\r\n")));
	assert_true(sent_holds(s, "branch=" ONE "\r\n") && sent_holds(s, "CSeq: 7 CANCEL\r\n"));
	assert_true(sent_holds(s, "Reason: SIP;cause=200\r\n"));
	assert_int_equal(s->to.remote.port, 5070);              /* TX-27: where the INVITE went */
	fake_drop(s);
	assert_left_nothing(w);
	response_arrives(w, 200, "CANCEL", ONE, "t");
	response_arrives(w, 487, "INVITE", ONE, "t");
	assert_told(w, "180 487 client-over");
	assert_left(w, "ACK ", "", 5070);
	world_free(w);
}

static void silence_is_told_once_and_the_request_goes_on(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	w->silent_ms = 1200;
	ask(w, "INVITE", ONE, udp_from(5060));
	fake_advance(&w->fake, 1199);
	assert_told(w, "");
	fake_advance(&w->fake, 1);
	assert_told(w, "silent");
	forget_sent(w);
	fake_advance(&w->fake, 300);                    /* timer A runs as if nothing had been said: 500, 1500 */
	assert_left(w, "INVITE ", "", 5060);
	fake_advance(&w->fake, 29000);
	response_arrives(w, 180, "INVITE", ONE, "t");
	fake_advance(&w->fake, 60000);
	assert_told(w, "180");
	world_free(w);
}

static void who_has_answered_anything_is_not_silent(void **state)
{
	static const char *const methods[] = { "INVITE", "MESSAGE" };
	(void)state;
	for (unsigned i = 0; i < COUNT(methods); i++) {
		struct world *w = world_new(NULL);
		w->silent_ms = 1200;
		ask(w, methods[i], ONE, udp_from(5060));
		fake_advance(&w->fake, 1100);
		response_arrives(w, 100, methods[i], ONE, NULL);
		fake_advance(&w->fake, 5000);
		assert_told(w, "100");
		world_free(w);
	}
}

static void a_peer_that_acknowledges_nothing_is_silent_at_once_and_once(void **state)
{
	struct world *w = world_new(NULL);
	struct flow_ref flow = tcp_from(1);
	(void)state;
	w->silent_ms = 4500;
	ask(w, "MESSAGE", ONE, flow);
	fake_advance(&w->fake, 1200);
	txns_flow_unacked(w->x, &flow);
	txns_flow_unacked(w->x, &flow);
	fake_advance(&w->fake, 10000);
	assert_told(w, "silent");
	world_free(w);
}

/* PX-44 */
static void a_cancel_is_repeated_and_without_an_end_the_invite_fails_after_64_t1(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, udp_from(5060));
	response_arrives(w, 180, "INVITE", ONE, "t");
	forget_sent(w);
	fake_advance(&w->fake, 50000);
	txn_cancel(w->x, w->client, STR_NONE);
	fake_advance(&w->fake, 500);
	assert_left(w, "CANCEL ", "", 5060);
	assert_left(w, "CANCEL ", "", 5060);
	fake_advance(&w->fake, 31499);
	assert_told(w, "180");
	fake_advance(&w->fake, 1);
	assert_told(w, "failed timeout client-over");
	world_free(w);
}

static void a_cancel_that_has_not_left_can_be_taken_back(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, udp_from(5060));
	txn_cancel(w->x, w->client, STR("Reason: x\r\n"));
	forget_sent(w);
	fake_advance(&w->fake, 2000);
	assert_true(txn_uncancel(w->x, w->client));
	assert_false(txn_uncancel(w->x, w->client));
	fake_advance(&w->fake, 0);
	assert_left(w, "INVITE ", "", 5060);                    /* and it is repeated again */
	response_arrives(w, 180, "INVITE", ONE, "t");
	assert_left_nothing(w);
	txn_cancel(w->x, w->client, STR_NONE);
	assert_left(w, "CANCEL ", "", 5060);
	assert_false(txn_uncancel(w->x, w->client));
	assert_told(w, "180");
	world_free(w);
}

static void a_cancel_after_the_end_does_nothing(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", ONE, udp_from(5060));
	response_arrives(w, 200, "INVITE", ONE, "t");
	forget_sent(w);
	txn_cancel(w->x, w->client, STR_NONE);
	fake_advance(&w->fake, 1000);
	assert_left_nothing(w);
	world_free(w);
}

static void the_callback_may_cancel_and_forget(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	w->cancel_on_response = w->forget_on_response = true;
	ask(w, "INVITE", ONE, udp_from(5060));
	forget_sent(w);
	response_arrives(w, 180, "INVITE", ONE, "t");
	assert_left(w, "CANCEL ", "", 5060);
	response_arrives(w, 487, "INVITE", ONE, "t");
	assert_left(w, "ACK ", "", 5060);               /* it goes on by itself */
	fake_advance(&w->fake, 32000);
	assert_told(w, "180");
	assert_int_equal(counts(w).client_live, 0);
	world_free(w);
}

static void the_end_of_a_stream_fails_those_that_wait_on_it_and_no_other(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", "z9hG4bKa", tcp_from(1));
	ask(w, "OPTIONS", "z9hG4bKb", tcp_from(1));
	ask(w, "OPTIONS", "z9hG4bKc", tcp_from(2));
	ask(w, "INVITE", "z9hG4bKd", tcp_from(1));
	response_arrives(w, 180, "INVITE", "z9hG4bKa", "t");    /* also after a provisional response */
	response_arrives(w, 200, "INVITE", "z9hG4bKd", "t");    /* but not after the final one */
	assert_told(w, "180 200");
	struct flow_ref gone = tcp_from(1);
	w->fake.transport.dead[1] = true;
	txns_flow_closed(w->x, &gone);
	assert_told(w, "failed gone client-over failed gone client-over");
	txns_flow_closed(w->x, &gone);
	assert_told(w, "");
	response_arrives(w, 200, "OPTIONS", "z9hG4bKc", "t");
	assert_told(w, "200 client-over");
	world_free(w);
}

static void a_cancelled_invite_and_its_cancel_end_with_their_stream(void **state)
{
	struct world *w = world_new(NULL);
	struct flow_ref gone = tcp_from(1);
	(void)state;
	ask(w, "INVITE", ONE, tcp_from(1));
	response_arrives(w, 180, "INVITE", ONE, "t");
	txn_cancel(w->x, w->client, STR_NONE);
	txns_flow_closed(w->x, &gone);
	assert_told(w, "180 failed gone client-over");
	assert_int_equal(counts(w).client_live, 0);
	world_free(w);
}

/* TP-16 */
static void an_unreachable_fails_the_branch_in_its_quote_and_no_other(void **state)
{
	struct world *w = world_new(NULL);
	struct flow_ref to = udp_from(5060), elsewhere = udp_from(5061);
	(void)state;
	ask(w, "INVITE", "z9hG4bKa", to);
	ask(w, "INVITE", "z9hG4bKb", to);
	struct fake_sent *a = fake_take(&w->fake);
	struct str quote = { a->text.p, 100 };
	static const char *const useless[] = {
		"", "INVITE", "INVITE sip:bob@192.0.2.1 SIP/2.0\r\n", "INVITE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa",
		"ACK sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n", "INVITE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKc\r\n",
		"INVITE sip:x;branch=z9hG4bKa SIP/2.0\r\nTo: <sip:x>;branch=z9hG4bKa\r\n",
	};
	for (size_t i = 0; i < COUNT(useless); i++)
		txns_unreachable(w->x, &to, str_of(useless[i]), true);
	txns_unreachable(w->x, &elsewhere, quote, true);      /* the branch, but not where it went */
	assert_told(w, "");
	txns_unreachable(w->x, &to, quote, true);
	assert_told(w, "failed unreachable client-over");
	txns_unreachable(w->x, &to, quote, true);
	assert_told(w, "");
	response_arrives(w, 180, "INVITE", "z9hG4bKb", "t");
	assert_told(w, "180");
	fake_drop(a);
	world_free(w);
}

static void a_network_on_the_way_that_refuses_proves_nothing(void **state)
{
	struct world *w = world_new(NULL);
	struct flow_ref to = udp_from(5070);
	(void)state;
	ask(w, "INVITE", "z9hG4bKa", to);
	struct fake_sent *a = fake_take(&w->fake);
	txns_unreachable(w->x, &to, a->text, false);
	assert_told(w, "failed not-sent client-over");
	fake_drop(a);
	world_free(w);
}

static void a_retransmission_that_is_refused_fails_the_transaction(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "OPTIONS", ONE, udp_from(5060));
	w->fake.worker.send_result = SEND_REFUSED;
	fake_advance(&w->fake, 500);
	assert_told(w, "failed not-sent client-over");
	world_free(w);
}

/* TX-20 */
static void branches_are_long_and_none_differ_only_in_case(void **state)
{
	struct world *w = world_new(NULL);
	char a[TXN_BRANCH_SIZE], b[TXN_BRANCH_SIZE];
	(void)state;
	txn_branch(w->x, a);
	for (int i = 0; i < 1000; i++) {
		txn_branch(w->x, b);
		assert_memory_equal(b, "z9hG4bK", 7);
		for (size_t k = 7; k < sizeof b; k++)
			assert_non_null(memchr("abcdefghijklmnopqrstuvwxyz0123456789", b[k], 36));
		assert_memory_not_equal(a, b, sizeof a);
	}
	world_free(w);
}

static void freeing_ends_everything_without_a_word(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	ask(w, "INVITE", "z9hG4bKa", tcp_from(1));
	response_arrives(w, 180, "INVITE", "z9hG4bKa", "t");
	txn_cancel(w->x, w->client, STR("Reason: x\r\n"));
	ask(w, "INVITE", "z9hG4bKb", udp_from(5060));
	response_arrives(w, 404, "INVITE", "z9hG4bKb", "t");
	ask(w, "OPTIONS", "z9hG4bKc", udp_from(5060));
	assert_told(w, "180 404 client-over");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_told_inside_the_send),
		cmocka_unit_test(a_response_to_what_was_never_sent_does_not_stop_the_failure),
		cmocka_unit_test(a_silent_peer_gets_seven_invites_and_the_caller_a_timeout),
		cmocka_unit_test(a_provisional_response_silences_an_invite),
		cmocka_unit_test(four_copies_of_a_refusal_get_four_acks_and_are_told_once),
		cmocka_unit_test(over_a_stream_the_ack_leaves_too_and_that_is_the_end),
		cmocka_unit_test(the_ack_has_what_the_invite_had_and_goes_where_it_went),
		cmocka_unit_test(every_2xx_is_told_for_64_t1_and_none_is_acknowledged),
		cmocka_unit_test(a_request_that_only_gets_100_fails_at_32_seconds),
		cmocka_unit_test(copies_of_a_final_response_are_dropped),
		cmocka_unit_test(a_response_matches_by_branch_and_method),
		cmocka_unit_test(a_response_that_nobody_waits_for_is_dropped_and_counted),
		cmocka_unit_test(a_cancel_waits_for_the_first_provisional_response),
		cmocka_unit_test(a_cancel_is_repeated_and_without_an_end_the_invite_fails_after_64_t1),
		cmocka_unit_test(silence_is_told_once_and_the_request_goes_on),
		cmocka_unit_test(who_has_answered_anything_is_not_silent),
		cmocka_unit_test(a_peer_that_acknowledges_nothing_is_silent_at_once_and_once),
		cmocka_unit_test(a_cancel_that_has_not_left_can_be_taken_back),
		cmocka_unit_test(a_cancel_after_the_end_does_nothing),
		cmocka_unit_test(the_callback_may_cancel_and_forget),
		cmocka_unit_test(the_end_of_a_stream_fails_those_that_wait_on_it_and_no_other),
		cmocka_unit_test(a_cancelled_invite_and_its_cancel_end_with_their_stream),
		cmocka_unit_test(a_network_on_the_way_that_refuses_proves_nothing),
		cmocka_unit_test(an_unreachable_fails_the_branch_in_its_quote_and_no_other),
		cmocka_unit_test(a_retransmission_that_is_refused_fails_the_transaction),
		cmocka_unit_test(branches_are_long_and_none_differ_only_in_case),
		cmocka_unit_test(freeing_ends_everything_without_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
