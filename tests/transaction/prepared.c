/* SPDX-License-Identifier: Apache-2.0 */
/* prepared.c - a 200 that is written, and waits for leave to go. */
#include "world.h"

static const struct message request = { .method = "REGISTER", .via = "192.0.2.1;branch=z9hG4bKtwo", .rows = "X-Mine: 1\r\n" };
static const struct message with_timestamp = { .method = "REGISTER", .via = "192.0.2.1;branch=z9hG4bKtwo", .rows = "Timestamp: 54\r\n" };

static struct txn_server *prepared(struct world *w, struct message m)
{
	arrives(w, udp_from(5060), m);
	w->told[0] = '\0';
	struct txn_server *st = accept_it(w);
	txn_prepare(w->x, st, STR("Contact: <sip:b@h.example>;expires=60\r\n"));
	return st;
}

static void a_prepared_200_leaves_when_it_may(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = prepared(w, request);
	assert_null(st->packet);
	assert_left_nothing(w);
	arrives(w, udp_from(5060), request);            /* a copy: absorbed, and nothing to repeat */
	assert_left_nothing(w);
	assert_told(w, "");
	txn_answer_prepared(w->x, st);
	assert_left(w, "SIP/2.0 200 OK\r\n", "Contact: <sip:b@h.example>;expires=60\r\n", 5060);
	arrives(w, udp_from(5060), request);
	assert_left(w, "SIP/2.0 200 OK\r\n", "", 5060);
	assert_left_nothing(w);
	assert_int_equal(counts(w).server_live, 0);
	world_free(w);
}

static void something_else_may_be_said_in_its_place(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = prepared(w, request);
	txn_answer(w->x, st, 500, STR_NONE, STR("Retry-After: 5\r\n"));
	struct fake_sent *s = fake_take(&w->fake);
	assert_non_null(s);
	assert_true(str_starts(s->text, STR("SIP/2.0 500 ")));
	assert_true(sent_holds(s, "branch=z9hG4bKtwo"));
	assert_true(sent_holds(s, "CSeq: 1 REGISTER\r\n"));
	assert_true(sent_holds(s, "To: <sip:bob@example.com>;tag="));
	assert_true(sent_holds(s, "Retry-After: 5\r\n"));
	assert_false(sent_holds(s, "Contact:"));
	fake_drop(s);
	assert_left_nothing(w);
	world_free(w);
}

/* The answer is longer than the request was, as its names are written out: still every row of it is known. */
#define VIAS "v: SIP/2.0/UDP a\r\nv: SIP/2.0/UDP b\r\nv: SIP/2.0/UDP c\r\nv: SIP/2.0/UDP d\r\n"
#define MANY_VIAS VIAS VIAS VIAS VIAS VIAS VIAS VIAS VIAS VIAS VIAS

static void no_longer_than_this(struct txn_settings *s)
{
	s->limits.max_head_bytes = 950;
}

static void a_500_for_a_request_at_the_limit_is_whole(void **state)
{
	static const struct message long_one = { .method = "REGISTER", .via = "192.0.2.1;branch=z9hG4bKtwo", .rows = MANY_VIAS };
	struct world *w = world_new(no_longer_than_this);
	(void)state;
	struct txn_server *st = prepared(w, long_one);
	txn_answer(w->x, st, 500, STR_NONE, STR_NONE);
	assert_left(w, "SIP/2.0 500 ", "Call-ID: c1\r\nCSeq: 1 REGISTER\r\n", 5060);
	world_free(w);
}

/* TX-16 */
static void one_that_waits_long_gets_its_100(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	struct txn_server *st = prepared(w, request);
	fake_advance(&w->fake, 3500);
	assert_left(w, "SIP/2.0 100 Trying\r\n", "branch=z9hG4bKtwo", 5060);
	arrives(w, udp_from(5060), request);            /* its copy gets that again, not yet the 200 */
	assert_left(w, "SIP/2.0 100 Trying\r\n", "", 5060);
	txn_answer_prepared(w->x, st);
	assert_left(w, "SIP/2.0 200 OK\r\n", "", 5060);
	assert_left_nothing(w);
	world_free(w);
}

/* RFC 3261 §8.2.6.1 */
static void its_100_repeats_the_timestamp(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	prepared(w, with_timestamp);
	fake_advance(&w->fake, 3500);
	assert_left(w, "SIP/2.0 100 Trying\r\n", "Timestamp: 54\r\n", 5060);
	world_free(w);                                  /* with the 200 unsent */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prepared_200_leaves_when_it_may),
		cmocka_unit_test(something_else_may_be_said_in_its_place),
		cmocka_unit_test(a_500_for_a_request_at_the_limit_is_whole),
		cmocka_unit_test(one_that_waits_long_gets_its_100),
		cmocka_unit_test(its_100_repeats_the_timestamp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
