/* SPDX-License-Identifier: Apache-2.0 */
/* A REGISTER that waits for the store: location_register is a fake here, so that the commit comes when the test says. */
#include "tokens.h"
#include "../base/check.h"
#include "../auth/fake_users.h"
#include "loop.h"
#include "mem.h"
#include "registrar.h"
#include <stdio.h>

struct txns {
	unsigned accepted, stateless, prepared, answered, status;
	bool full;
};
struct location {
	struct location_wait *waiting;
	unsigned asked, foreseen;
	enum location_result result;
};
struct transport {
	uint64_t here;                  /* the phone on the flow */
};
struct transport_worker {
	unsigned told;
	uint64_t registration;          /* told last */
};

struct txn_server *txn_accept(struct txns *x, struct packet *p)
{
	if (x->full) {
		packet_free(p);
		return NULL;
	}
	struct txn_server *st = mem_zalloc(sizeof *st);
	st->packet = p;
	x->accepted++;
	return st;
}

void txn_answer(struct txns *x, struct txn_server *st, unsigned status, struct str phrase, struct str extra)
{
	(void)phrase;
	(void)extra;
	x->answered++;
	x->status = status;
	packet_free(st->packet);
	mem_free(st);
}

void txn_prepare(struct txns *x, struct txn_server *st, struct str extra)
{
	(void)extra;
	x->prepared++;
	packet_free(st->packet);
	st->packet = NULL;
}

void txn_answer_prepared(struct txns *x, struct txn_server *st)
{
	txn_answer(x, st, 200, STR_NONE, STR_NONE);
}

void txn_reply_stateless(struct txns *x, struct packet *p, unsigned status, struct str phrase, struct str extra)
{
	(void)p;
	(void)phrase;
	(void)extra;
	x->stateless++;
	x->status = status;
}

void transport_flow_registered(struct transport_worker *w, const struct flow_ref *f, const struct flow_registration *r)
{
	(void)f;
	w->told++;
	w->registration = r->registration;
}

uint64_t transport_registration_on(const struct transport *t, const struct flow_ref *f, uint64_t address, int64_t now_ms)
{
	(void)f;
	(void)address;
	(void)now_ms;
	return t->here;
}

void location_foresee(struct location *loc, struct location_update *const *updates, unsigned count)
{
	(void)updates;
	loc->foreseen += count;
}

enum location_result location_register(struct location *loc, struct location_update *u)
{
	loc->asked++;
	if (loc->result == LOCATION_DONE)
		loc->waiting = u->wait;
	return loc->result;
}

static const struct user alice = { .name = STR_INIT("alice"), .domain = STR_INIT("example.com") };
static const struct domain domain = { .name = STR_INIT("example.com") };

struct bench {
	struct loop *loop;
	struct registrar *registrar;
	struct users users;
	struct txns txns;
	struct location location;
	struct transport transport;
	struct transport_worker worker;
};

static int set_up(void **state)
{
	struct bench *b = mem_zalloc(sizeof *b);
	b->users = (struct users){ &alice, 1, 0 };
	assert_int_equal(loop_new(&b->loop), 0);
	struct registrar_setup setup = {
		.loop = b->loop, .txns = &b->txns, .transport = &b->transport, .transport_worker = &b->worker, .location = &b->location,
		.users = &b->users,
	};
	registrar_settings_init(&setup.settings);
	assert_int_equal(registrar_new(&setup, &b->registrar), 0);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	registrar_free(b->registrar);
	loop_free(b->loop);
	mem_free(b);
	return 0;
}

/* A REGISTER comes; what it changes is applied in the next turn. */
#define HEAD "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" \
             "From: <sip:alice@example.com>;tag=1\r\nTo: <sip:alice@example.com>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n"

static void arrive_as(struct bench *b, struct str text)
{
	struct packet *p = packet_new(text);
	struct sip_fault fault;
	assert_int_equal(sip_parse(&p->msg, p->text, &p->arena, NULL, &fault), SIP_PARSED);
	assert_true(addr_parse(STR("192.0.2.1:5060"), 0, &p->from.remote));
	registrar_handle(b->registrar, &(struct register_request){ .packet = p, .domain = &domain, .user = &alice });
}

static void arrive(struct bench *b)
{
	arrive_as(b, STR(HEAD "Contact: <sip:alice@192.0.2.1>\r\n\r\n"));
}

static void turn(struct bench *b)
{
	assert_int_equal(loop_turn(b->loop, 0), 0);
}

static void commit(struct bench *b, int err)
{
	struct location_wait *w = b->location.waiting;
	b->location.waiting = NULL;
	w->done(w, err);
}

static void the_200_waits_for_the_commit(void **state)
{
	struct bench *b = *state;
	arrive(b);
	assert_int_equal(b->txns.accepted, 1);          /* copies are absorbed from here */
	assert_int_equal(registrar_waiting(b->registrar), 1);
	turn(b);
	assert_int_equal(b->txns.prepared, 1);
	assert_int_equal(b->txns.answered, 0);
	assert_int_equal(b->worker.told, 0);
	assert_int_equal(registrar_waiting(b->registrar), 1);
	commit(b, 0);
	assert_int_equal(b->txns.status, 200);
	assert_int_equal(b->worker.told, 1);
	assert_int_equal(registrar_waiting(b->registrar), 0);
}

/* The phone binds itself and removes everything before the first of the two is granted. */
static void a_star_ends_what_was_granted_while_it_waited(void **state)
{
	struct bench *b = *state;
	arrive_as(b, STR(HEAD "Contact: *\r\nExpires: 0\r\n\r\n"));
	turn(b);
	b->transport.here = 7;
	commit(b, 0);
	assert_int_equal(b->txns.status, 200);
	assert_int_equal(b->worker.told, 1);
	assert_int_equal(b->worker.registration, 7);
}

/* RG-09 */
static void a_commit_that_fails_is_a_500(void **state)
{
	struct bench *b = *state;
	arrive(b);
	turn(b);
	commit(b, -5);
	assert_int_equal(b->txns.status, 500);
	assert_int_equal(b->worker.told, 0);
	assert_int_equal(registrar_waiting(b->registrar), 0);
}

static void what_location_refuses_waits_for_no_commit(void **state)
{
	static const struct { enum location_result result; unsigned status; } table[] = {
		{ LOCATION_STALE, 400 }, { LOCATION_FULL, 403 },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		b->location.result = table[i].result;
		arrive(b);
		turn(b);
		assert_int_equal(b->txns.answered, i + 1);
		assert_int_equal(b->txns.status, table[i].status);
		assert_int_equal(registrar_waiting(b->registrar), 0);
	}
	assert_int_equal(b->worker.told, 0);
}

static void nothing_is_bound_when_there_is_no_room_for_a_transaction(void **state)
{
	struct bench *b = *state;
	b->txns.full = true;
	arrive(b);
	turn(b);
	assert_int_equal(b->location.asked, 0);
	assert_int_equal(registrar_waiting(b->registrar), 0);
}

/* More than wait together: those before are applied at once, and the last ones in the next turn as well. */
static void a_turn_may_bring_any_number(void **state)
{
	enum { MANY = 150 };
	struct bench *b = *state;
	b->location.result = LOCATION_FULL;
	for (unsigned i = 0; i < MANY; i++)
		arrive(b);
	assert_in_range(b->location.asked, 1, MANY - 1);
	turn(b);
	assert_int_equal(b->location.asked, MANY);
	assert_int_equal(b->location.foreseen, MANY);
	assert_int_equal(b->txns.answered, MANY);
	assert_int_equal(registrar_waiting(b->registrar), 0);
	arrive(b);
	turn(b);
	assert_int_equal(b->txns.answered, MANY + 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_200_waits_for_the_commit),
		CASE(a_star_ends_what_was_granted_while_it_waited),
		CASE(a_commit_that_fails_is_a_500),
		CASE(what_location_refuses_waits_for_no_commit),
		CASE(nothing_is_bound_when_there_is_no_room_for_a_transaction),
		CASE(a_turn_may_bring_any_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
