/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - a registrar with a real location in memory and a real loop; transactions, the transport's ear and the
 * clock are fakes that write down what they are told. */
#ifndef SLUICE_TESTS_REGISTRAR_BENCH_H
#define SLUICE_TESTS_REGISTRAR_BENCH_H

#include "tokens.h"
#include "../base/check.h"
#include "../auth/fake_users.h"
#include "clock.h"
#include "loop.h"
#include "mem.h"
#include "registrar.h"
#include <stdio.h>

#define WALL 1700000000000              /* Tue, 14 Nov 2023 22:13:20 GMT */

/* --- fakes --- */

struct txns {
	struct buf reply;
	unsigned replies, stateless, accepted;
	bool full;
};
struct transport_worker {
	unsigned told;
	struct flow_ref flow;
	bool outbound;
	int64_t until_ms;
};

static int64_t wall_now = WALL;

int64_t clock_ms(void)
{
	return 1000;
}

int64_t clock_wall_ms(void)
{
	return wall_now;
}

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

static void write_down(struct txns *x, struct packet *p, unsigned status, struct str phrase, struct str extra)
{
	buf_clear(&x->reply);
	sip_reply(&x->reply, &p->msg, status, phrase, STR("tag-of-ours"), extra);
	buf_byte(&x->reply, '\0');
	x->replies++;
}

void txn_answer(struct txns *x, struct txn_server *st, unsigned status, struct str phrase, struct str extra)
{
	write_down(x, st->packet, status, phrase, extra);
	packet_free(st->packet);
	mem_free(st);
}

void txn_prepare(struct txns *x, struct txn_server *st, struct str extra)
{
	write_down(x, st->packet, 200, STR_NONE, extra);
	x->replies--;                   /* not sent yet */
	packet_free(st->packet);
	st->packet = NULL;
}

void txn_answer_prepared(struct txns *x, struct txn_server *st)
{
	x->replies++;
	mem_free(st);
}

void txn_reply_stateless(struct txns *x, struct packet *p, unsigned status, struct str phrase, struct str extra)
{
	write_down(x, p, status, phrase, extra);
	x->stateless++;
}

void transport_flow_registered(struct transport_worker *w, const struct flow_ref *f, const struct flow_registration *r)
{
	*w = (struct transport_worker){ w->told + 1, *f, r->outbound, r->until_ms };
}

uint64_t transport_registration_on(const struct transport *t, const struct flow_ref *f, uint64_t address, int64_t now_ms)
{
	(void)t;
	(void)f;
	(void)now_ms;
	return address + 1;
}

/* --- the bench --- */

static struct str bench_aliases[] = { STR_INIT("100"), STR_INIT("a.smith") };
static const struct user bench_users[] = {
	{ .name = STR_INIT("alice"), .domain = STR_INIT("example.com"), .aliases = bench_aliases, .alias_count = 2 },
	{ .name = STR_INIT("bob"), .domain = STR_INIT("example.com") },
};
static struct str bench_hosts[] = { STR_INIT("sip.example.com") };
static const struct domain bench_domain = { .name = STR_INIT("example.com"), .aliases = bench_hosts, .alias_count = 1 };
static const struct domain open_domain = { .name = STR_INIT("example.com"), .open_registration = true };

struct bench {
	struct loop *loop;
	struct location *location;
	struct registrar *registrar;
	struct users users;
	struct txns txns;
	struct transport_worker worker;
	uint64_t dead_serial;
	unsigned sent;
	struct arena arena;
};

static inline void bench_registrar(struct bench *b, const struct registrar_settings *s)
{
	struct registrar_setup setup = {
		.settings = *s, .loop = b->loop, .txns = &b->txns, .transport_worker = &b->worker, .location = b->location,
		.users = &b->users,
	};
	registrar_free(b->registrar);
	assert_int_equal(registrar_new(&setup, &b->registrar), 0);
}

/* One REGISTER; what is not said is alice's, over UDP from the address in her Contact. */
struct reg {
	const char *ruri, *to, *call_id, *contact, *rows;
	unsigned cseq;                  /* 0: higher than all before */
	bool second_via, anonymous, tcp;
	const char *from;               /* source address ["192.0.2.1:5060"] */
	unsigned rights;
	const struct domain *domain;
	unsigned user;                  /* of bench_users */
	uint64_t serial;                /* of the flow [7] */
	const char *text;               /* the whole request instead */
};

static inline const char *or(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static inline struct str reg_text(struct bench *b, const struct reg *w)
{
	if (w->text)
		return str_of(w->text);
	b->sent++;
	return arena_printf(&b->arena,
		"REGISTER %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%u\r\n%s"
		"Max-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=1\r\nTo: <%s>\r\nCall-ID: %s\r\nCSeq: %u REGISTER\r\n"
		"%s%s%s%sContent-Length: 0\r\n\r\n",
		or(w->ruri, "sip:example.com"), b->sent, w->second_via ? "Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKx\r\n" : "",
		or(w->to, "sip:alice@example.com"), or(w->call_id, "1@192.0.2.1"), w->cseq ? w->cseq : b->sent + 1000,
		w->contact ? "Contact: " : "", or(w->contact, ""), w->contact ? "\r\n" : "", or(w->rows, ""));
}

/* The status of the answer, or 0 when none came. */
static inline unsigned send_register(struct bench *b, const struct reg *w)
{
	struct packet *p = packet_new(reg_text(b, w));
	struct sip_fault fault;
	unsigned before = b->txns.replies, status;
	assert_int_equal(sip_parse(&p->msg, p->text, &p->arena, NULL, &fault), SIP_PARSED);
	if (!sip_check(&p->msg, &fault)) {   /* as the transaction layer does */
		packet_free(p);
		return fault.status;
	}
	assert_true(addr_parse(str_of(or(w->from, "192.0.2.1:5060")), 0, &p->from.remote));
	assert_true(addr_parse(STR("192.0.2.100:5060"), 0, &p->from.local));
	p->from.kind = w->tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
	p->from.serial = w->tcp ? (w->serial ? w->serial : 7) : 0;
	p->msg.via_stamped = p->msg.via.text;
	struct register_request q = {
		.packet = p, .domain = w->domain ? w->domain : &bench_domain,
		.user = w->anonymous ? NULL : &bench_users[w->user], .rights = w->rights,
	};
	registrar_handle(b->registrar, &q);
	for (int turns = 0; b->txns.replies == before && turns < 3; turns++)
		assert_int_equal(loop_turn(b->loop, 0), 0);
	if (b->txns.replies == before)
		return 0;
	assert_int_equal(b->txns.replies, before + 1);
	assert_int_equal(registrar_waiting(b->registrar), 0);
	assert_int_equal(sscanf(b->txns.reply.p, "SIP/2.0 %u ", &status), 1);
	return status;
}

/* Does the last answer have this row? */
static inline bool has(const struct bench *b, const char *row)
{
	return strstr(b->txns.reply.p, arena_printf((struct arena *)&b->arena, "\r\n%s\r\n", row).p);
}

static inline unsigned count(const struct bench *b, const char *text)
{
	unsigned n = 0;
	for (const char *at = b->txns.reply.p; (at = strstr(at, text)); at += strlen(text))
		n++;
	return n;
}

#define CONTACTS(b) count(b, "\r\nContact: ")

/* The live targets of an AOR: as the proxy will see them. */
static inline struct target_set targets(struct bench *b, const char *aor)
{
	struct target_set set = { 0 };
	struct location_ask ask = { .aor = str_of(aor), .wall_ms = wall_now, .arena = &b->arena, .loop = b->loop };
	assert_int_equal(location_find(b->location, &ask, &set), LOCATION_NOW);
	return set;
}

static inline bool bench_alive(void *user, const struct flow_ref *flow)
{
	const struct bench *b = user;
	return !flow->serial || flow->serial != b->dead_serial;
}

static inline int set_up(void **state)
{
	struct bench *b = mem_zalloc(sizeof *b);
	struct location_settings ls;
	struct registrar_settings rs;
	char why[200];
	wall_now = WALL;
	arena_init(&b->arena, NULL, 0);
	b->users = (struct users){ bench_users, COUNT(bench_users), 0 };
	assert_int_equal(loop_new(&b->loop), 0);
	location_settings_init(&ls);
	ls.flow_alive = bench_alive;
	ls.user = b;
	assert_int_equal(location_new(&ls, WALL, &b->location, why, sizeof why), 0);
	registrar_settings_init(&rs);
	bench_registrar(b, &rs);
	*state = b;
	return 0;
}

static inline int tear_down(void **state)
{
	struct bench *b = *state;
	registrar_free(b->registrar);
	location_free(b->location);
	loop_free(b->loop);
	buf_fini(&b->txns.reply);
	arena_fini(&b->arena);
	mem_free(b);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
