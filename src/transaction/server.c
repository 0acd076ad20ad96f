/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - server transactions: made by txn_accept, fed by copies and ACKs, ended by their timers. */
#include "log.h"
#include "mem.h"
#include "transaction_private.h"
#include <assert.h>

static struct server *server_of(struct txn_server *st)
{
	return CONTAINER(st, struct server, pub);
}

bool server_is_final(const struct server *s)
{
	return s->invite ? s->ist.state != IST_PROCEEDING : s->nist.state >= NIST_COMPLETED;
}

static void log_state(struct server *s)
{
	unsigned state = s->invite ? (unsigned)s->ist.state : (unsigned)s->nist.state;
	if (state != s->shown && log_enabled(LOG_DEBUG))
		log_write(LOG_DEBUG, "server transaction of %.*s: %s", STR_FMT(s->path.host),
		          s->invite ? ist_state_name(s->ist.state) : nist_state_name(s->nist.state));
	s->shown = (uint8_t)state;
}

/* --- life --- */
static size_t bytes_of(const struct server *s)
{
	return sizeof *s + s->key.n + s->path.host.n + (s->last ? sizeof *s->last + s->last->n : 0);
}

static char *tail_copy(struct str *to, struct str from, char *at)
{
	if (from.n)
		memcpy(at, from.p, from.n);
	*to = (struct str){ at, from.n };
	return at + from.n;
}

static void fire(struct loop_timer *timer);

static struct server *server_new(struct txns *x, const struct packet *p, const struct txn_key *key)
{
	struct reply_path path = reply_path_of(x, p);
	struct server *s = mem_alloc(sizeof *s + key->bytes.n + path.host.n);
	*s = (struct server){ .txns = x, .path = path, .timer.fire = fire, .invite = p->msg.method == SIP_INVITE };
	char *at = tail_copy(&s->key, key->bytes, s->tail);
	tail_copy(&s->path.host, path.host, at);
	list_init(&s->evictable);
	map_insert(&x->servers, &s->node, key->hash);
	return s;
}

void server_free(struct server *s)
{
	struct txns *x = s->txns;
	if (s->finished) {
		x->counts.finished--;
		x->counts.bytes_finished -= bytes_of(s);
	} else {
		x->counts.server_live--;
	}
	loop_timer_stop(x->loop, &s->timer);
	list_remove(&s->evictable);
	map_remove(&x->servers, &s->node);
	wire_unref(s->last);
	packet_free(s->pub.packet);
	mem_free(s);
}

/* --- doing what the machine says --- */
static void send_trying(struct server *s)
{
	struct txns *x = s->txns;
	wire_unref(s->last);
	s->last = answer_new(x, &s->pub.packet->msg, 100, STR_NONE, STR_NONE, STR_NONE);
	reply_send_here(x, &s->path, s->last);
}

static void wake(struct server *s, int64_t at)
{
	if (at == TXN_NEVER)
		loop_timer_stop(s->txns->loop, &s->timer);
	else
		loop_timer_set(s->txns->loop, &s->timer, at);
}

static void act(struct server *s, struct txn_actions a)
{
	log_state(s);
	if (a.send && s->last)
		reply_send(s->txns, &s->path, s->last);
	if (a.send_trying)
		send_trying(s);
	if (a.ended) {
		if (!s->finished && s->txns->events.over)       /* Accepted: it was still the user's */
			s->txns->events.over(s->txns->user, &s->pub);
		server_free(s);
	} else {
		wake(s, a.wake_at);
	}
}

static void fire(struct loop_timer *timer)
{
	struct server *s = CONTAINER(timer, struct server, timer);
	int64_t now = loop_now_ms(s->txns->loop);
	struct txn_actions a = s->invite ? ist_timer(&s->ist, now) : nist_timer(&s->nist, now);
	if (a.send)
		s->txns->counts.retransmitted++;
	act(s, a);
}

/* --- accepting --- */
/* There is no room: finished non-INVITE have made way already (finish). */
static bool full(const struct txns *x)
{
	return x->counts.server_live >= x->settings.max_live || x->counts.bytes_finished > x->settings.max_bytes;
}

static void start(struct server *s)
{
	struct txns *x = s->txns;
	bool reliable = transport_is_stream(s->path.flow.kind);
	int64_t now = loop_now_ms(x->loop);
	struct txn_actions a = s->invite ? ist_start(&s->ist, &x->settings.timers, reliable, now)
	                                 : nist_start(&s->nist, &x->settings.timers, reliable, now);
	x->counts.server_live++;
	act(s, a);
}

struct txn_server *txn_accept(struct txns *x, struct packet *p)
{
	struct txn_key key = txn_key_of(x, &p->msg, p->msg.method_name, p->msg.to.tag, &p->arena);
	if (server_find(x, &key)) {                     /* a copy that came while the first was thought about */
		x->counts.absorbed++;
		packet_free(p);
		return NULL;
	}
	if (full(x)) {
		x->counts.refused++;
		txn_reply_stateless(x, p, 503, STR_NONE, STR("Retry-After: 5\r\n"));
		packet_free(p);
		return NULL;
	}
	struct server *s = server_new(x, p, &key);
	s->pub.packet = p;
	start(s);
	return &s->pub;
}

/* --- answering --- */
static void evict(struct txns *x)
{
	while (x->counts.bytes_finished > x->settings.max_bytes && !list_empty(&x->evictable))
		server_free(CONTAINER(x->evictable.next, struct server, evictable));
}

/* Nothing but copies are expected now: only the key and the last response stay. */
static void finish(struct server *s)
{
	struct txns *x = s->txns;
	packet_free(s->pub.packet);
	s->pub.packet = NULL;
	s->finished = true;
	x->counts.server_live--;
	x->counts.finished++;
	x->counts.bytes_finished += bytes_of(s);
	if (!s->invite)
		list_add_tail(&x->evictable, &s->evictable);
}

/* Accepted repeats nothing by itself: 2xx are the user's to repeat. RFC 6026 §7.1. Neither the response nor the request is
 * needed for the 32 s that it lasts. */
static void forget_messages(struct server *s)
{
	wire_unref(s->last);
	s->last = NULL;
	packet_free(s->pub.packet);
	s->pub.packet = NULL;
}

static void respond(struct server *s, unsigned status, struct wire *response)
{
	struct txns *x = s->txns;
	int64_t now = loop_now_ms(x->loop);
	struct txn_actions a = s->invite ? ist_respond(&s->ist, status, now) : nist_respond(&s->nist, status, now);
	if (!a.send)
		return;
	wire_unref(s->last);
	s->last = wire_ref(response);
	if (s->invite && s->ist.state == IST_ACCEPTED) {        /* still the user's */
		act(s, a);
		forget_messages(s);
	} else {
		if (server_is_final(s))
			finish(s);
		act(s, a);
	}
	evict(x);
}

void txn_reply(struct txns *x, struct txn_server *st, unsigned status, struct wire *response)
{
	struct server *s = server_of(st);
	assert(s->txns == x && !s->finished);
	assert(s->invite || status == 100 || (status >= 200 && status != 408));         /* RFC 4320 */
	respond(s, status, response);
}

void txn_answer(struct txns *x, struct txn_server *st, unsigned status, struct str phrase, struct str extra)
{
	struct packet *p = st->packet;
	assert(p);                                      /* gone with a 2xx */
	struct str tag = status > 100 ? tag_for(x, &p->msg, TAG_TRANSACTION, &p->arena) : STR_NONE;
	struct wire *w = answer_new(x, &p->msg, status, phrase, tag, extra);
	txn_reply(x, st, status, w);
	wire_unref(w);
}

void txn_drop(struct txns *x, struct txn_server *st)
{
	struct server *s = server_of(st);
	assert(s->txns == x && !s->finished);
	server_free(s);
}

void server_finished_new(struct txns *x, const struct packet *p, const struct txn_key *key, struct wire *answer)
{
	struct server *s = server_new(x, p, key);
	start(s);
	respond(s, 200, answer);
}

/* --- receiving --- */
/* A copy over another connection: the answers follow it when the first one has ended. */
static void follow(struct server *s, const struct packet *p)
{
	struct txns *x = s->txns;
	if (transport_is_stream(p->from.kind) && !transport_flow_alive(x->transport, &s->path.flow))
		s->path.flow = p->from;
}

static void copy_came(struct server *s, const struct packet *p)
{
	int64_t now = loop_now_ms(s->txns->loop);
	s->txns->counts.absorbed++;
	follow(s, p);
	act(s, s->invite ? ist_request(&s->ist, now) : nist_request(&s->nist, now));
}

void server_receive(struct txns *x, struct packet *p)
{
	struct txn_key key = txn_key_of(x, &p->msg, p->msg.method_name, p->msg.to.tag, &p->arena);
	struct server *s = server_find(x, &key);
	if (!s) {
		x->events.request(x->user, p);
		return;
	}
	copy_came(s, p);
	packet_free(p);
}

/* --- ACK --- */
static bool last_has_to_tag(const struct server *s, struct str tag)
{
	char room[4096];
	struct arena arena;
	struct sip_msg m;
	struct sip_fault fault;
	if (!s->last)
		return false;
	arena_init(&arena, room, sizeof room);
	bool same = sip_parse(&m, wire_str(s->last), &arena, NULL, &fault) == SIP_PARSED && str_eq(m.to.tag, tag);
	arena_fini(&arena);
	return same;
}

/* The INVITE that an ACK belongs to. An RFC 2543 ACK has the To tag of the response where the INVITE
 * had none: then both must agree (TX-22), but for Accepted, where the ACK goes up anyway (TX-25). */
static struct server *acked(const struct txns *x, struct packet *p)
{
	struct txn_key key = txn_key_of(x, &p->msg, STR("INVITE"), p->msg.to.tag, &p->arena);
	struct server *s = server_find(x, &key);
	if (s || !txn_is_old_style(&p->msg))
		return s;
	key = txn_key_of(x, &p->msg, STR("INVITE"), STR_NONE, &p->arena);
	s = server_find(x, &key);
	return s && (s->ist.state == IST_ACCEPTED || last_has_to_tag(s, p->msg.to.tag)) ? s : NULL;
}

void server_receive_ack(struct txns *x, struct packet *p)
{
	struct server *s = acked(x, p);
	bool up = !s && !stateless_acked(x, p);
	if (s) {
		struct txn_actions a = ist_ack(&s->ist, loop_now_ms(x->loop));
		up = a.pass_up;
		act(s, a);
	}
	if (up) {
		x->events.ack(x->user, p);
	} else {
		x->counts.absorbed++;
		packet_free(p);
	}
}
