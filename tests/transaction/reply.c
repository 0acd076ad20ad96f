/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c - where responses go: RFC 3261 §18.2.2, RFC 3581 §4. */
#include "world.h"

static void without_force(struct txn_settings *s)
{
	s->force_rport = FORCE_RPORT_NEVER;
}

static void with_force(struct txn_settings *s)
{
	s->force_rport = FORCE_RPORT_ALWAYS;
}

static struct txn_server *accepted(struct world *w, struct flow_ref from, const char *via)
{
	arrives(w, from, (struct message){ .method = "INVITE", .via = via });
	return accept_it(w);
}

/* "" : nothing left. */
static void assert_answered_at(struct world *w, const char *remote)
{
	char text[ADDR_TEXT] = "";
	struct fake_sent *s = fake_take(&w->fake);
	if (s)
		addr_text(&s->to.remote, text);
	assert_string_equal(text, remote);
	if (s)
		fake_drop(s);
}

static const struct {
	const char *via;
	const char *plain, *forced, *automatic; /* where the answer goes by force_rport: no, yes, auto */
} cases[] = {
	/* TP-04: source of the request, when rport was asked for */
	{ "192.0.2.1;branch=z9hG4bKa;rport", "192.0.2.1:6000", "192.0.2.1:6000", "192.0.2.1:6000" },
	{ "10.0.0.1:5070;rport;branch=z9hG4bKa", "192.0.2.1:6000", "192.0.2.1:6000", "192.0.2.1:6000" },
	/* TP-05: sent-by port, default 5060, at the source address */
	{ "192.0.2.1;branch=z9hG4bKa", "192.0.2.1:5060", "192.0.2.1:6000", "192.0.2.1:5060" },
	{ "192.0.2.1:5070;branch=z9hG4bKa", "192.0.2.1:5070", "192.0.2.1:6000", "192.0.2.1:5070" },
	{ "10.0.0.1:5070;branch=z9hG4bKa", "192.0.2.1:5070", "192.0.2.1:6000", "192.0.2.1:6000" },
	{ "phone.example.org:5070;branch=z9hG4bKa;received=198.51.100.9", "192.0.2.1:5070", "192.0.2.1:6000", "192.0.2.1:6000" },
	/* maddr before all else */
	{ "192.0.2.1:5070;maddr=192.0.2.7;branch=z9hG4bKa", "192.0.2.7:5070", "192.0.2.7:5070", "192.0.2.7:5070" },
	{ "192.0.2.1;maddr=192.0.2.7;rport;branch=z9hG4bKa", "192.0.2.7:5060", "192.0.2.7:5060", "192.0.2.7:5060" },
	/* PX-41: never to many, nor to nobody */
	{ "192.0.2.1;maddr=255.255.255.255;branch=z9hG4bKa", "", "", "" },
	{ "192.0.2.1;maddr=224.0.1.75;branch=z9hG4bKa", "", "", "" },
	{ "192.0.2.1;maddr=0.0.0.0;branch=z9hG4bKa", "", "", "" },
	/* nor to ourselves */
	{ "192.0.2.1;maddr=192.0.2.10;branch=z9hG4bKa", "", "", "" },
	{ "192.0.2.1;maddr=127.0.0.1;branch=z9hG4bKa", "", "", "" },
	/* nor to what else listens on this host */
	{ "192.0.2.1:6379;maddr=127.0.0.1;branch=z9hG4bKa", "", "", "" },
};

/* TP-04 TP-05 PX-41 */
static void datagrams_are_answered_by_rport_maddr_and_sent_by(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (int mode = 0; mode < 3; mode++) {
			struct world *w = world_new(mode == 0 ? without_force : mode == 1 ? with_force : NULL);
			const char *wanted = mode == 0 ? cases[i].plain : mode == 1 ? cases[i].forced : cases[i].automatic;
			arrives(w, udp_from(6000), (struct message){ .method = "OPTIONS", .via = cases[i].via });
			txn_reply_stateless(w->x, w->request, 404, STR_NONE, STR_NONE);
			assert_answered_at(w, wanted);
			txn_answer(w->x, accept_it(w), 404, STR_NONE, STR_NONE);
			assert_answered_at(w, wanted);
			world_free(w);
		}
}

/* TP-04 */
static void the_answer_leaves_from_where_the_request_came_to(void **state)
{
	static const char *const locals[] = { "192.0.2.10:5060", "192.0.2.11:5062", "[2001:db8::10]:5060" };
	static const char *const remotes[] = { "192.0.2.1:6000", "192.0.2.1:6000", "[2001:db8::1]:6000" };
	(void)state;
	for (size_t i = 0; i < COUNT(locals); i++) {
		struct world *w = world_new(NULL);
		char text[ADDR_TEXT];
		txn_answer(w->x, accepted(w, udp_between(remotes[i], locals[i]), "h.example;branch=z9hG4bKa;rport"), 404, STR_NONE,
		           STR_NONE);
		struct fake_sent *s = fake_take(&w->fake);
		assert_non_null(s);
		assert_string_equal(addr_text(&s->to.local, text), locals[i]);
		assert_string_equal(addr_text(&s->to.remote, text), remotes[i]);
		fake_drop(s);
		world_free(w);
	}
}

/* TP-03 */
static void received_and_rport_are_in_the_answers_via(void **state)
{
	(void)state;
	for (int stream = 0; stream < 2; stream++) {
		struct world *w = world_new(without_force);
		struct flow_ref from = stream ? tcp_from(1) : udp_from(6000);
		txn_answer(w->x, accepted(w, from, "h.example;branch=z9hG4bKa;rport"), 404, STR_NONE, STR_NONE);
		assert_left(w, "SIP/2.0 404", stream ? "rport=40000" : "rport=6000", from.remote.port);
		world_free(w);
	}
}

/* The path goes through us twice: the second time we answer ourselves, and we wait for it. */
static void a_request_of_our_own_that_came_back_is_answered_to_ourselves(void **state)
{
	struct world *w = world_new(NULL);
	struct flow_ref self = udp_between("192.0.2.10:5060", "192.0.2.10:5060");
	(void)state;
	arrives(w, self, (struct message){ .method = "OPTIONS", .via = "192.0.2.10;branch=z9hG4bKspiral" });
	txn_reply_stateless(w->x, w->request, 404, STR_NONE, STR_NONE);
	assert_left_nothing(w);                         /* not ours: a forged source */
	ask(w, "OPTIONS", "z9hG4bKspiral", self);
	forget_sent(w);
	arrives(w, self, (struct message){ .method = "OPTIONS", .via = "192.0.2.10;branch=z9hG4bKspiral" });
	txn_reply_stateless(w->x, w->request, 404, STR_NONE, STR_NONE);
	assert_left(w, "SIP/2.0 404", "", 5060);
	world_free(w);
}

/* --- streams --- */
/* TP-06 */
static void a_stream_is_answered_on_its_connection(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	txn_answer(w->x, accepted(w, tcp_from(1), "192.0.2.1:5070;branch=z9hG4bKa"), 404, STR_NONE, STR_NONE);
	struct fake_sent *s = fake_take(&w->fake);
	assert_non_null(s);
	assert_int_equal(s->to.serial, 1);
	assert_int_equal(w->fake.worker.opens, 0);
	fake_drop(s);
	world_free(w);
}

static struct world *answered_after_its_connection_ended(const char *via, enum send_result open)
{
	struct world *w = world_new(NULL);
	struct txn_server *st = accepted(w, tcp_from(1), via);
	w->fake.transport.dead[1] = true;
	w->fake.worker.open_result = open;
	txn_answer(w->x, st, 486, STR_NONE, STR_NONE);
	return w;
}

/* TP-06 TX-30 */
static void without_its_connection_the_answer_goes_to_received_and_sent_by_port(void **state)
{
	static const struct {
		const char *via, *opened;
	} ends[] = {
		{ "10.0.0.1:5070;branch=z9hG4bKa;rport", "192.0.2.1:5070" },
		{ "phone.example.org;branch=z9hG4bKa", "192.0.2.1:5060" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct world *w = answered_after_its_connection_ended(ends[i].via, SEND_OK);
		char text[ADDR_TEXT];
		assert_string_equal(addr_text(&w->fake.worker.opened.addr, text), ends[i].opened);
		assert_int_equal(w->fake.worker.opened.kind, TRANSPORT_TCP);
		struct fake_sent *s = fake_take(&w->fake);
		assert_non_null(s);
		assert_int_equal(s->to.serial, 40);
		fake_drop(s);
		fake_advance(&w->fake, 40000);          /* whatever became of it, nothing stays */
		assert_int_equal(w->fake.worker.opens, 1);
		world_free(w);
	}
}

/* TX-30 */
static void when_that_is_refused_the_dns_is_asked_for_sent_by(void **state)
{
	struct world *w = answered_after_its_connection_ended("phone.example.org;branch=z9hG4bKa", SEND_OK);
	struct flow_ref first = { .serial = 40, .kind = TRANSPORT_TCP };
	struct hop hop = { .kind = TRANSPORT_TCP };
	(void)state;
	forget_sent(w);
	addr_parse(STR("198.51.100.7:5071"), 0, &hop.addr);
	txns_flow_closed(w->x, &first);
	assert_non_null(w->fake.resolver.asked);
	assert_string_equal(w->fake.resolver.uri, "sip:phone.example.org;transport=tcp");
	fake_resolve(&w->fake, &hop);
	assert_left(w, "SIP/2.0 486", "", 5071);
	first.serial = 41;                              /* refused as well: no more ways */
	txns_flow_closed(w->x, &first);
	assert_null(w->fake.resolver.asked);
	assert_left_nothing(w);
	world_free(w);
}

static void a_new_connection_that_acknowledges_nothing_is_waited_for(void **state)
{
	struct world *w = answered_after_its_connection_ended("phone.example.org;branch=z9hG4bKa", SEND_OK);
	struct flow_ref first = { .serial = 40, .kind = TRANSPORT_TCP };
	(void)state;
	txns_flow_unacked(w->x, &first);
	assert_null(w->fake.resolver.asked);
	txns_flow_closed(w->x, &first);
	assert_non_null(w->fake.resolver.asked);
	world_free(w);
}

static void a_name_of_a_stranger_does_not_lead_to_our_loopback(void **state)
{
	struct world *w = answered_after_its_connection_ended("phone.example.org:6379;branch=z9hG4bKa", SEND_OK);
	struct flow_ref first = { .serial = 40, .kind = TRANSPORT_TCP };
	struct hop hop = { .kind = TRANSPORT_TCP };
	(void)state;
	forget_sent(w);
	addr_parse(STR("127.0.0.1:6379"), 0, &hop.addr);
	txns_flow_closed(w->x, &first);
	fake_resolve(&w->fake, &hop);
	assert_left_nothing(w);
	world_free(w);
}

static void an_address_in_sent_by_is_not_asked_for(void **state)
{
	struct world *w = answered_after_its_connection_ended("10.0.0.1:5070;branch=z9hG4bKa", SEND_OK);
	struct flow_ref first = { .serial = 40, .kind = TRANSPORT_TCP };
	(void)state;
	txns_flow_closed(w->x, &first);
	assert_null(w->fake.resolver.asked);
	world_free(w);
}

static void a_name_that_does_not_exist_or_takes_too_long_is_the_end(void **state)
{
	(void)state;
	for (int slow = 0; slow < 3; slow++) {
		struct world *w = answered_after_its_connection_ended("phone.example.org:5070;branch=z9hG4bKa", SEND_OK);
		struct flow_ref first = { .serial = 40, .kind = TRANSPORT_TCP };
		forget_sent(w);
		txns_flow_closed(w->x, &first);
		assert_string_equal(w->fake.resolver.uri, "sip:phone.example.org:5070;transport=tcp");
		if (slow == 0)
			fake_resolve(&w->fake, NULL);
		else if (slow == 1)
			fake_advance(&w->fake, 40000);
		assert_true(slow == 2 || !w->fake.resolver.asked);
		assert_left_nothing(w);
		world_free(w);                          /* 2: while the question is pending */
	}
}

/* TP-06 */
static void our_own_100_is_not_worth_a_connection(void **state)
{
	struct world *w = world_new(NULL);
	(void)state;
	accepted(w, tcp_from(1), "192.0.2.1:5070;branch=z9hG4bKa");
	w->fake.transport.dead[1] = true;
	fake_advance(&w->fake, 200);
	assert_int_equal(w->fake.worker.opens, 0);
	assert_left_nothing(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_are_answered_by_rport_maddr_and_sent_by),
		cmocka_unit_test(the_answer_leaves_from_where_the_request_came_to),
		cmocka_unit_test(received_and_rport_are_in_the_answers_via),
		cmocka_unit_test(a_request_of_our_own_that_came_back_is_answered_to_ourselves),
		cmocka_unit_test(a_stream_is_answered_on_its_connection),
		cmocka_unit_test(without_its_connection_the_answer_goes_to_received_and_sent_by_port),
		cmocka_unit_test(when_that_is_refused_the_dns_is_asked_for_sent_by),
		cmocka_unit_test(a_new_connection_that_acknowledges_nothing_is_waited_for),
		cmocka_unit_test(a_name_of_a_stranger_does_not_lead_to_our_loopback),
		cmocka_unit_test(an_address_in_sent_by_is_not_asked_for),
		cmocka_unit_test(a_name_that_does_not_exist_or_takes_too_long_is_the_end),
		cmocka_unit_test(our_own_100_is_not_worth_a_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
