/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - server transactions at work: copies, ACK, CANCEL, 100, and when they end. */
#include "world.h"

static const struct message invite = { .method = "INVITE", .via = "192.0.2.1;branch=z9hG4bKone" };
static const struct message options = { .method = "OPTIONS", .via = "192.0.2.1;branch=z9hG4bKtwo" };
static const struct message cancel = { .method = "CANCEL", .via = "192.0.2.1;branch=z9hG4bKone" };

static struct txn_server *accepted(struct world *w, struct flow_ref from, struct message m)
{
	arrives(w, from, m);
	w->told[0] = '\0';
	return accept_it(w);
}

/* An ACK with the To tag of the last answer that left. */
static void ack_arrives(struct world *w, struct flow_ref from, const char *via, const char *tag)
{
	char to[100];
	snprintf(to, sizeof to, ";tag=%s", tag);
	arrives(w, from, (struct message){ .method = "ACK", .via = via, .to = to });
}

/* TX-07 PX-22 */
static void an_invite_gets_its_100_after_200_ms_and_its_copies_the_same(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct message with_timestamp = invite;
	with_timestamp.rows = "Timestamp: 54\r\n";
	accepted(w, udp_from(5060), with_timestamp);
	fake_advance(&w->fake, 199);
	assert_left_nothing(w);
	fake_advance(&w->fake, 1);
	struct fake_sent *s = fake_take(&w->fake);
	assert_non_null(s);
	assert_true(str_starts(s->text, STR("SIP/2.0 100 Trying\r\n")));
	assert_true(sent_holds(s, "To: <sip:bob@example.com>\r\n"));
	assert_true(sent_holds(s, "Timestamp: 54"));
	fake_drop(s);
	arrives(w, udp_from(5060), with_timestamp);
	assert_left(w, "SIP/2.0 100", "", 5060);
	assert_left_nothing(w);
	assert_told(w, "");
	world_free(w);
}

/* TX-07 */
static void copies_of_an_invite_get_the_last_provisional_response(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, udp_from(5060), invite);
	txn_answer(w->x, st, 180, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	txn_answer(w->x, st, 183, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	forget_sent(w);
	arrives(w, udp_from(5060), invite);
	assert_left(w, "SIP/2.0 183", "", 5060);
	fake_advance(&w->fake, 1000);
	assert_left_nothing(w);                         /* answered: no 100 of its own */
	assert_told(w, "");
	world_free(w);
}

/* TX-08 */
static void a_refusal_is_repeated_until_the_ack_and_the_ack_is_absorbed(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, udp_from(5060), invite);
	txn_answer(w->x, st, 486, STR_NONE, STR_NONE);
	fake_advance(&w->fake, 1500);
	assert_int_equal(fake_sent_count(&w->fake), 3);
	forget_sent(w);
	ack_arrives(w, udp_from(5060), invite.via, "whatever");
	fake_advance(&w->fake, 4999);
	ack_arrives(w, udp_from(5060), invite.via, "whatever");
	assert_left_nothing(w);
	assert_told(w, "");
	assert_int_equal(counts(w).finished, 1);
	fake_advance(&w->fake, 1);
	assert_int_equal(counts(w).finished, 0);
	world_free(w);
}

/* TX-08 */
static void a_refusal_over_a_stream_is_sent_once_and_ends_with_its_ack(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	txn_answer(w->x, accepted(w, tcp_from(1), invite), 486, STR_NONE, STR_NONE);
	fake_advance(&w->fake, 20000);
	assert_left(w, "SIP/2.0 486", "", 40000);
	assert_left_nothing(w);
	ack_arrives(w, tcp_from(1), invite.via, "whatever");
	fake_advance(&w->fake, 0);
	assert_int_equal(counts(w).finished, 0);
	assert_told(w, "");
	world_free(w);
}

/* TX-09 TX-25 PX-46 */
static void after_a_2xx_copies_are_silent_acks_go_up_and_more_2xx_leave(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, udp_from(5060), invite);
	txn_answer(w->x, st, 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	assert_left(w, "SIP/2.0 200", "", 5060);
	assert_int_equal(counts(w).server_live, 0);                             /* it is not the user's any more */
	assert_int_equal(counts(w).finished, 1);
	fake_advance(&w->fake, 1000);
	arrives(w, udp_from(5060), invite);
	assert_left_nothing(w);
	assert_told(w, "");
	ack_arrives(w, udp_from(5060), invite.via, "t");                        /* wrongly with the INVITE's branch */
	ack_arrives(w, udp_from(5060), "192.0.2.1;branch=z9hG4bKother", "t");
	assert_told(w, "ack ack");
	fake_advance(&w->fake, 30999);
	arrives(w, udp_from(5060), invite);
	assert_told(w, "");
	fake_advance(&w->fake, 1);
	assert_int_equal(counts(w).finished, 0);
	arrives(w, udp_from(5060), invite);                                     /* timer L has fired */
	assert_told(w, "request INVITE");
	world_free(w);
}

/* TX-05 TX-09: two branches of one INVITE; the one that answers first, and one that only rang until then. */
static void further_2xx_of_branches_that_were_left_follow_the_first_for_64_t1(void **state)
{
	static const char *const branches[] = { "z9hG4bKfirst", "z9hG4bKsecond" };
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, udp_from(5070), (struct message){ .method = "INVITE", .via = "192.0.2.1:5070;branch=z9hG4bKone" });
	for (unsigned i = 0; i < COUNT(branches); i++)
		txn_leave(w->x, ask(w, "INVITE", branches[i], udp_from(5060)), st);
	forget_sent(w);
	response_arrives(w, 180, "INVITE", branches[1], "b");
	response_arrives(w, 200, "INVITE", branches[0], "a");
	assert_left_nothing(w);                                                 /* nothing has gone up yet that it could follow */
	txn_answer(w->x, st, 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	assert_left(w, "SIP/2.0 200 OK", "", 5070);
	for (unsigned i = 0; i < 6; i++) {
		fake_advance(&w->fake, 5000);
		response_arrives(w, 200, "INVITE", branches[i % 2], "b");
		assert_told(w, "again");
		assert_left(w, "SIP/2.0 200 Another", "", 5070);
	}
	response_arrives(w, 180, "INVITE", branches[1], "b");
	response_arrives(w, 486, "INVITE", branches[1], "b");
	response_arrives(w, 299, "INVITE", branches[1], "b");                   /* the user does not want it */
	assert_told(w, "again");
	assert_int_equal(counts(w).client_live, 0);
	fake_advance(&w->fake, 2000);                                           /* timer L; M of the second would go on */
	response_arrives(w, 200, "INVITE", branches[1], "b");
	assert_told(w, "");
	assert_left_nothing(w);
	fake_advance(&w->fake, 32000);
	assert_int_equal(counts(w).bytes_finished, 0);
	world_free(w);
}

static void a_branch_that_was_left_is_still_acknowledged_and_cancelled(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, udp_from(5070), invite);
	struct txn_client *ct = ask(w, "INVITE", "z9hG4bKleft", udp_from(5060));
	txn_cancel(w->x, ct, STR_NONE);
	txn_leave(w->x, ct, st);
	txn_answer(w->x, st, 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	forget_sent(w);
	response_arrives(w, 180, "INVITE", "z9hG4bKleft", "t");
	assert_left(w, "CANCEL ", "", 5060);
	response_arrives(w, 487, "INVITE", "z9hG4bKleft", "t");
	assert_left(w, "ACK ", "", 5060);
	response_arrives(w, 487, "INVITE", "z9hG4bKleft", "t");
	assert_left(w, "ACK ", "", 5060);
	assert_told(w, "");
	world_free(w);
}

/* TX-09, over streams: the answers go where the caller is now. */
static void a_2xx_follows_the_copy_to_another_connection(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, tcp_from(1), invite);
	struct txn_client *ct = ask(w, "INVITE", "z9hG4bKleft", udp_from(5060));
	txn_leave(w->x, ct, st);
	txn_answer(w->x, st, 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	w->fake.transport.dead[1] = true;
	arrives(w, tcp_from(2), invite);
	forget_sent(w);
	response_arrives(w, 200, "INVITE", "z9hG4bKleft", "t");
	struct fake_sent *s = fake_take(&w->fake);
	assert_non_null(s);
	assert_int_equal(s->to.serial, 2);
	fake_drop(s);
	w->fake.transport.dead[2] = true;                                       /* and without one by a new connection: TX-30 */
	response_arrives(w, 200, "INVITE", "z9hG4bKleft", "t");
	s = fake_take(&w->fake);
	assert_non_null(s);
	assert_int_equal(s->to.serial, 40);
	fake_drop(s);
	world_free(w);
}

/* TX-10 */
static void a_response_that_cannot_be_sent_ends_nothing_and_follows_the_copy(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, tcp_from(1), invite);
	w->fake.transport.dead[1] = true;
	w->fake.worker.open_result = SEND_REFUSED;
	txn_answer(w->x, st, 180, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	assert_left_nothing(w);
	arrives(w, tcp_from(2), invite);                /* the same branch on a new connection */
	assert_told(w, "");
	struct fake_sent *s = fake_take(&w->fake);
	assert_non_null(s);
	assert_int_equal(s->to.serial, 2);
	fake_drop(s);
	world_free(w);
}

/* TX-12 */
static void cancel_before_the_final_answer_gets_200_and_is_told_once(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, udp_from(5060), invite);
	arrives(w, udp_from(5060), cancel);
	assert_told(w, "cancelled");
	assert_left(w, "SIP/2.0 200", "CSeq: 1 CANCEL", 5060);
	txn_answer(w->x, st, 487, STR_NONE, STR_NONE);
	assert_left(w, "SIP/2.0 487", "CSeq: 1 INVITE", 5060);
	arrives(w, udp_from(5060), cancel);             /* a copy: the same 200 */
	assert_left(w, "SIP/2.0 200", "CSeq: 1 CANCEL", 5060);
	assert_told(w, "");
	world_free(w);
}

/* TX-12 */
static void a_copy_of_cancel_gets_its_200_after_the_invite_has_gone(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, udp_from(5060), invite);
	arrives(w, udp_from(5060), cancel);
	txn_answer(w->x, st, 487, STR_NONE, STR_NONE);
	ack_arrives(w, udp_from(5060), invite.via, "t");
	fake_advance(&w->fake, 7500);                   /* past timer I */
	forget_sent(w);
	arrives(w, udp_from(5060), cancel);
	assert_left(w, "SIP/2.0 200", "CSeq: 1 CANCEL", 5060);
	assert_told(w, "cancelled");
	world_free(w);
}

/* TX-12 */
static void cancel_after_the_final_answer_gets_200_and_has_no_effect(void **state)
{
	static const unsigned finals[] = { 200, 486 };
	(void)state;
	for (size_t i = 0; i < COUNT(finals); i++) {
		struct world *w = world_new(NULL);
		txn_answer(w->x, accepted(w, udp_from(5060), invite), finals[i], STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
		forget_sent(w);
		arrives(w, udp_from(5060), cancel);
		assert_left(w, "SIP/2.0 200", "CSeq: 1 CANCEL", 5060);
		assert_told(w, "");
		world_free(w);
	}
}

/* TX-12 */
static void cancel_of_nothing_gets_481(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	arrives(w, udp_from(5060), cancel);
	assert_left(w, "SIP/2.0 481", "CSeq: 1 CANCEL", 5060);
	assert_told(w, "");
	assert_int_equal(counts(w).server_live + counts(w).finished, 0);
	world_free(w);
}

/* TX-14 */
static void copies_of_a_request_get_the_same_answer_for_64_t1(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, udp_from(5060), options);
	arrives(w, udp_from(5060), options);
	assert_left_nothing(w);                         /* not answered yet: dropped */
	txn_answer(w->x, st, 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\nX-Once: 1\r\n"));
	forget_sent(w);
	fake_advance(&w->fake, 20000);
	arrives(w, udp_from(5060), options);
	assert_left(w, "SIP/2.0 200", "X-Once: 1", 5060);
	assert_told(w, "");
	fake_advance(&w->fake, 12000);
	assert_int_equal(counts(w).finished, 0);
	arrives(w, udp_from(5060), options);            /* timer J has fired: a new request */
	assert_told(w, "request OPTIONS");
	world_free(w);
}

/* TX-16 TX-17 */
static void a_slow_request_gets_one_100_at_3500_ms_on_any_transport(void **state)
{
	(void)state;
	for (int stream = 0; stream < 2; stream++) {
		struct world *w = world_new(NULL);
		accepted(w, stream ? tcp_from(1) : udp_from(5060), options);
		fake_advance(&w->fake, 3499);
		assert_left_nothing(w);
		fake_advance(&w->fake, 1);
		assert_left(w, "SIP/2.0 100", "To: <sip:bob@example.com>\r\n", 0);
		fake_advance(&w->fake, 60000);
		assert_left_nothing(w);
		world_free(w);
	}
}

/* TX-18 TX-19 */
static void a_dropped_request_gets_nothing_and_its_state_is_gone(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, udp_from(5060), options);
	txn_drop(w->x, st);
	fake_advance(&w->fake, 60000);
	assert_left_nothing(w);
	assert_told(w, "");
	assert_int_equal(counts(w).server_live, 0);
	world_free(w);
}

/* TX-20 */
static void branch_sent_by_and_method_tell_requests_apart(void **state)
{
	static const struct message different[] = {
		{ .method = "OPTIONS", .via = "192.0.2.1;branch=z9hG4bKone" },
		{ .method = "OPTIONS", .via = "192.0.2.2;branch=z9hG4bKone" },
		{ .method = "OPTIONS", .via = "192.0.2.1:5070;branch=z9hG4bKone" },
		{ .method = "OPTIONS", .via = "192.0.2.1;branch=z9hG4bKtwo" },
		{ .method = "MESSAGE", .via = "192.0.2.1;branch=z9hG4bKone" },
		{ .method = "INVITE", .via = "192.0.2.1;branch=z9hG4bKone" },
		{ .method = "FOO", .via = "192.0.2.1;branch=z9hG4bKone" },
		{ .method = "BAR", .via = "192.0.2.1;branch=z9hG4bKone" },
	};
	struct world *w = world_new(NULL);
	(void)state;
	for (size_t i = 0; i < COUNT(different); i++) {
		arrives(w, udp_from(5060), different[i]);
		assert_non_null(w->request);
		accept_it(w);
	}
	w->told[0] = '\0';
	for (size_t i = 0; i < COUNT(different); i++)
		arrives(w, udp_from(5060), different[i]);
	assert_told(w, "");
	assert_int_equal(counts(w).server_live, COUNT(different));
	world_free(w);
}

static void sent_by_has_no_case(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	accepted(w, udp_from(5060), (struct message){ .method = "OPTIONS", .via = "Host.Example;branch=z9hG4bKone" });
	arrives(w, udp_from(5060), (struct message){ .method = "OPTIONS", .via = "hOST.example;branch=z9hG4bKone" });
	assert_told(w, "");
	world_free(w);
}

static void a_copy_that_came_before_the_first_was_accepted_makes_no_second(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	arrives(w, udp_from(5060), invite);
	struct packet *first = w->request;
	w->request = NULL;
	arrives(w, udp_from(5060), invite);
	assert_told(w, "request INVITE request INVITE");
	assert_non_null(txn_accept(w->x, first));
	assert_null(accept_it(w));
	assert_left_nothing(w);
	world_free(w);
}

/* --- RFC 2543 --- */
static const struct message old_invite = { .method = "INVITE", .via = "192.0.2.1" };

/* TX-22 */
static void an_old_invite_its_copy_and_its_ack_are_matched_without_a_branch(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = accepted(w, udp_from(5060), old_invite);
	arrives(w, udp_from(5060), old_invite);
	assert_told(w, "");
	txn_answer(w->x, st, 486, STR_NONE, STR_NONE);
	struct fake_sent *s = fake_take(&w->fake);
	const char *tag = memmem(s->text.p, s->text.n, "com>;tag=", 9);
	assert_non_null(tag);
	char copy[40] = "";
	sscanf(tag + 9, "%39[^\r]", copy);
	fake_drop(s);
	ack_arrives(w, udp_from(5060), old_invite.via, "another-response");     /* for a 2xx of somebody else: goes up */
	assert_told(w, "ack");
	fake_advance(&w->fake, 500);
	assert_left(w, "SIP/2.0 486", "", 5060);
	ack_arrives(w, udp_from(5060), old_invite.via, copy);
	assert_told(w, "");
	fake_advance(&w->fake, 4000);
	assert_left_nothing(w);
	world_free(w);
}

/* TX-22 */
static void an_old_ack_inside_a_dialog_is_matched_by_the_tag_of_both(void **state)
{
	struct world *w = world_new(NULL);
	struct message in_dialog = old_invite;
	(void)state;
	in_dialog.to = ";tag=b1";
	txn_answer(w->x, accepted(w, udp_from(5060), in_dialog), 491, STR_NONE, STR_NONE);
	ack_arrives(w, udp_from(5060), old_invite.via, "b1");
	forget_sent(w);
	fake_advance(&w->fake, 4000);
	assert_left_nothing(w);
	assert_told(w, "");
	arrives(w, udp_from(5060), old_invite);         /* without the tag it is another request */
	assert_told(w, "request INVITE");
	world_free(w);
}

/* TX-25 */
static void an_old_ack_for_a_2xx_goes_up(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	txn_answer(w->x, accepted(w, udp_from(5060), old_invite), 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	ack_arrives(w, udp_from(5060), old_invite.via, "any");
	assert_told(w, "ack");
	world_free(w);
}

/* TX-22 */
static void an_old_cancel_finds_its_invite(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	accepted(w, udp_from(5060), old_invite);
	arrives(w, udp_from(5060), (struct message){ .method = "CANCEL", .via = old_invite.via });
	assert_told(w, "cancelled");
	assert_left(w, "SIP/2.0 200", "CSeq: 1 CANCEL", 5060);
	world_free(w);
}

/* TX-23 */
static void a_branch_of_only_the_cookie_is_matched_the_old_way(void **state)
{
	struct world *w = world_new(NULL);
	struct message bare = { .method = "OPTIONS", .via = "192.0.2.1;branch=z9hG4bK" };
	(void)state;
	accepted(w, udp_from(5060), bare);
	arrives(w, udp_from(5060), bare);
	assert_told(w, "");
	bare.to = ";tag=x";
	arrives(w, udp_from(5060), bare);               /* same branch, another request */
	assert_told(w, "request OPTIONS");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_invite_gets_its_100_after_200_ms_and_its_copies_the_same),
		cmocka_unit_test(copies_of_an_invite_get_the_last_provisional_response),
		cmocka_unit_test(a_refusal_is_repeated_until_the_ack_and_the_ack_is_absorbed),
		cmocka_unit_test(a_refusal_over_a_stream_is_sent_once_and_ends_with_its_ack),
		cmocka_unit_test(after_a_2xx_copies_are_silent_acks_go_up_and_more_2xx_leave),
		cmocka_unit_test(further_2xx_of_branches_that_were_left_follow_the_first_for_64_t1),
		cmocka_unit_test(a_branch_that_was_left_is_still_acknowledged_and_cancelled),
		cmocka_unit_test(a_2xx_follows_the_copy_to_another_connection),
		cmocka_unit_test(a_response_that_cannot_be_sent_ends_nothing_and_follows_the_copy),
		cmocka_unit_test(cancel_before_the_final_answer_gets_200_and_is_told_once),
		cmocka_unit_test(a_copy_of_cancel_gets_its_200_after_the_invite_has_gone),
		cmocka_unit_test(cancel_after_the_final_answer_gets_200_and_has_no_effect),
		cmocka_unit_test(cancel_of_nothing_gets_481),
		cmocka_unit_test(copies_of_a_request_get_the_same_answer_for_64_t1),
		cmocka_unit_test(a_slow_request_gets_one_100_at_3500_ms_on_any_transport),
		cmocka_unit_test(a_dropped_request_gets_nothing_and_its_state_is_gone),
		cmocka_unit_test(branch_sent_by_and_method_tell_requests_apart),
		cmocka_unit_test(sent_by_has_no_case),
		cmocka_unit_test(a_copy_that_came_before_the_first_was_accepted_makes_no_second),
		cmocka_unit_test(an_old_invite_its_copy_and_its_ack_are_matched_without_a_branch),
		cmocka_unit_test(an_old_ack_inside_a_dialog_is_matched_by_the_tag_of_both),
		cmocka_unit_test(an_old_ack_for_a_2xx_goes_up),
		cmocka_unit_test(an_old_cancel_finds_its_invite),
		cmocka_unit_test(a_branch_of_only_the_cookie_is_matched_the_old_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
