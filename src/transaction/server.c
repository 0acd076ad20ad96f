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
/* What a finished one on the heap counts for: it waits for its ACK and repeats its answer. */
static size_t bytes_of(const struct server *s)
{
	return sizeof *s + s->key_n + sizeof *s->last + s->last->n;
}

static void fire(struct loop_timer *timer);

static struct server *server_new(struct txns *x, const struct packet *p, const struct txn_key *key)
{
	struct server *s = mem_alloc(sizeof *s + key->bytes.n);
	*s = (struct server){
		.txns = x, .path = reply_path_of(x, p), .timer.fire = fire, .invite = p->msg.method == SIP_INVITE,
		.key_n = (uint32_t)key->bytes.n,
	};
	memcpy(s->key, key->bytes.p, key->bytes.n);
	s->path.host = txn_key_sent_by(server_key(s), &s->path.port);
	map_insert(&x->servers, &s->node, key->hash);
	return s;
}

void server_free(struct server *s)
{
	struct txns *x = s->txns;
	if (s->finished) {
		x->counts.finished--;
		kept_give_back(&x->kept, bytes_of(s));
	} else {
		x->counts.server_live--;
	}
	loop_timer_stop(x->loop, &s->timer);
	map_remove(&x->servers, &s->node);
	wire_unref(s->last);
	wire_unref(s->prepared);
	packet_free(s->pub.packet);
	mem_free(s);
}

/* --- doing what the machine says --- */
static void send_trying(struct server *s)
{
	struct txns *x = s->txns;
	wire_unref(s->last);
	s->last = server_write(s, 100, STR_NONE, STR_NONE);
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
	if (a.ended)
		server_free(s);
	else
		wake(s, a.wake_at);
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
/* There is no room: what can make way has done so already. */
static bool full(const struct txns *x)
{
	return x->counts.server_live >= x->settings.max_live || kept_bytes(&x->kept) > x->settings.max_bytes;
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
	struct txn_key key = txn_key_in(x, p);
	if (server_find(x, &key) || server_kept_find(x, &key)) {        /* a copy that came while the first was thought about */
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
/* An INVITE that was refused waits for its ACK: the request is not needed any more. */
static void finish(struct server *s)
{
	struct txns *x = s->txns;
	packet_free(s->pub.packet);
	s->pub.packet = NULL;
	s->finished = true;
	x->counts.server_live--;
	x->counts.finished++;
	kept_take(&x->kept, bytes_of(s));
}

/* Nothing but copies are expected now, and no timer does anything before the end: only a record stays. */
static void leave(struct server *s, enum kept_kind kind, struct str rest)
{
	int64_t until_ms = s->invite ? s->ist.waits.end_at : s->nist.waits.end_at;
	if (until_ms > loop_now_ms(s->txns->loop))              /* else the transport repeats nothing: RFC 3261 §17.2.2 */
		server_keep(s, kind, until_ms, rest);
	server_free(s);
}

static void respond(struct server *s, unsigned status, struct wire *response)
{
	int64_t now = loop_now_ms(s->txns->loop);
	struct txn_actions a = s->invite ? ist_respond(&s->ist, status, now) : nist_respond(&s->nist, status, now);
	if (!a.send)
		return;
	log_state(s);
	reply_send(s->txns, &s->path, response);
	if (server_is_final(s) && !s->invite) {
		leave(s, KEPT_ANSWERED, wire_str(response));
	} else if (server_is_final(s) && s->ist.state == IST_ACCEPTED) {        /* 2xx are not repeated here: RFC 6026 §7.1 */
		leave(s, KEPT_ACCEPTED, STR_NONE);
	} else {
		wire_unref(s->last);
		s->last = wire_ref(response);
		if (server_is_final(s))
			finish(s);
		wake(s, a.wake_at);
	}
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
	struct wire *w = server_write(server_of(st), status, phrase, extra);
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
	follow(s, p);
	act(s, s->invite ? ist_request(&s->ist, now) : nist_request(&s->nist, now));
}

bool server_absorb_copy(struct txns *x, const struct packet *p, const struct txn_key *key)
{
	struct server *s = server_find(x, key);
	struct kept *k = s ? NULL : server_kept_find(x, key);
	if (s)
		copy_came(s, p);
	else if (k)
		server_kept_copy(x, k, p);
	x->counts.absorbed += s || k;
	return s || k;
}

void server_receive(struct txns *x, struct packet *p)
{
	struct txn_key key = txn_key_in(x, p);
	if (server_absorb_copy(x, p, &key))
		packet_free(p);
	else
		x->events.request(x->user, p);
}

/* --- ACK --- */
/* An RFC 2543 ACK has the To tag of the response where the INVITE had none: then `tag` is that one, and both must agree (TX-22). */
static enum ack ack_came(struct txns *x, const struct txn_key *key, const struct str *tag)
{
	struct server *s = server_find(x, key);
	if (!s)
		return server_kept_ack(x, key, tag);
	if (tag && !(s->last && server_has_to_tag(wire_str(s->last), *tag)))
		return ACK_UNKNOWN;
	ist_ack(&s->ist, loop_now_ms(x->loop));
	log_state(s);
	if (s->ist.state == IST_CONFIRMED)
		leave(s, KEPT_CONFIRMED, txn_key_is_old_style(server_key(s)) ? wire_str(s->last) : STR_NONE);
	return ACK_ABSORBED;
}

void server_receive_ack(struct txns *x, struct packet *p)
{
	struct txn_key key = txn_key_in(x, p);
	enum ack ack = ack_came(x, &key, NULL);
	if (ack == ACK_UNKNOWN && txn_is_old_style(&p->msg)) {
		key = txn_key_of(x, &p->msg, SIP_INVITE, STR_NONE, &p->arena);
		ack = ack_came(x, &key, &p->msg.to.tag);
	}
	if (ack == ACK_UP || (ack == ACK_UNKNOWN && !stateless_acked(x, p, &key))) {
		x->events.ack(x->user, p);
	} else {
		x->counts.absorbed++;
		packet_free(p);
	}
}
