/* SPDX-License-Identifier: Apache-2.0 */
/* stream_read.c - from bytes to messages and pongs. */
#include "stream.h"
#include "tls.h"
#include <errno.h>
#include <sys/socket.h>
#include "random.h"

#define PARK_RETRY_MS 1
#define TAG_CHARACTERS 10

/* Answer what cannot be framed, as far as it can be read, and close when the answer is out: where the
 * next message would begin is unknown (TP-20 to TP-22). */
static void refuse(struct stream *s, struct str text, const struct sip_fault *fault)
{
	struct sip_msg m;
	struct sip_fault ignored;
	struct arena arena;
	arena_init(&arena, NULL, 0);
	enum sip_parse_result parsed = sip_parse(&m, text, &arena, &s->w->t->set.limits, &ignored);
	if (parsed != SIP_NOT_SIP && m.is_request && m.method != SIP_ACK && m.via.host.n) {
		char tag[TAG_CHARACTERS];
		struct buf out = { 0 };
		random_token(tag, sizeof tag);
		sip_stamp_via(&m, &s->ref.remote, false, -1, &arena);
		sip_reply(&out, &m, fault->status, str_of(fault->why), (struct str){ tag, sizeof tag }, STR_NONE);
		struct wire *bytes = wire_new(buf_str(&out));
		stream_send(s, bytes);
		wire_unref(bytes);
		buf_fini(&out);
	}
	arena_fini(&arena);
	stream_log_end(s, fault->why);
	stream_linger(s, FLOW_END_PROTOCOL);
}

static void park(struct stream *s, struct packet *p)
{
	struct transport_worker *w = s->w;
	s->parked = p;
	list_add_tail(&w->parked, &s->parking);
	stream_rewatch(s);
	if (!loop_timer_armed(&w->park_timer))
		loop_timer_set(w->loop, &w->park_timer, loop_now_ms(w->loop) + PARK_RETRY_MS);
}

static void take_message(struct stream *s, struct str text)
{
	s->message_ms = loop_now_ms(s->w->loop);
	s->messages_in++;
	stream_rank(s);
	struct packet *refused = worker_receive(s->w, text, &s->ref, s->peer_names, HOP_STREAM);
	if (refused)
		park(s, refused);
}

static void send_pong(struct stream *s)
{
	if (stream_send(s, s->w->pong) == SEND_OK)
		count_add(s->w, COUNT_PONGS, 1);
}

/* Everything whole in *rest. What is called may close the connection, or send on it. */
static void consume(struct stream *s, struct str *rest)
{
	while (s->state == STREAM_OPEN && !s->parked) {
		struct str message;
		struct sip_fault fault;
		switch (framer_next(&s->framer, rest, &s->w->t->set.limits, &message, &fault)) {
		case FRAMER_MORE:
			return;
		case FRAMER_MESSAGE:
			take_message(s, message);
			break;
		case FRAMER_PING:
			send_pong(s);
			break;
		case FRAMER_BAD:
			refuse(s, *rest, &fault);
			return;
		}
	}
}

/* Hold on to what is not complete; it may lie in s->in already. */
static void keep(struct stream *s, struct str rest)
{
	if (!rest.n) {
		buf_fini(&s->in);
		s->partial_ms = 0;
		return;
	}
	if (s->in.n) {
		if (rest.p != s->in.p)
			memmove(s->in.p, rest.p, rest.n);
		s->in.n = rest.n;
	} else {
		buf_add(&s->in, rest);
	}
	if (s->parked) {
		s->partial_ms = 0;              /* it is we who make it wait */
	} else if (!s->partial_ms) {
		s->partial_ms = loop_now_ms(s->w->loop);
		stream_rearm(s);
	}
}

void stream_take(struct stream *s, struct str bytes)
{
	struct str rest = bytes;
	uint64_t messages = s->messages_in;
	if (s->in.n) {
		buf_add(&s->in, bytes);
		rest = buf_str(&s->in);
	}
	consume(s, &rest);
	if (s->state != STREAM_OPEN)
		return;
	if (s->messages_in != messages)
		s->partial_ms = 0;              /* what is left began in this read */
	keep(s, rest);
}

void stream_unpark(struct loop_timer *timer)
{
	struct transport_worker *w = CONTAINER(timer, struct transport_worker, park_timer);
	struct list waiting;
	list_init(&waiting);
	for (struct list *n; (n = list_pop(&w->parked)); )
		list_add_tail(&waiting, n);
	for (struct list *n; (n = list_pop(&waiting)); ) {
		struct stream *s = CONTAINER(n, struct stream, parking);
		struct packet *p = s->parked;
		s->parked = NULL;
		if (!worker_dispatch(w, p, HOP_STREAM)) {
			park(s, p);
			continue;
		}
		if (s->state != STREAM_OPEN)
			continue;
		stream_take(s, STR(""));
		stream_rewatch(s);
	}
}

/* A peer that is told goodbye may have much to say: it is read and forgotten, until its FIN. */
static bool discard(struct stream *s, ssize_t n)
{
	if (s->state != STREAM_LINGER)
		return false;
	if (n == 0)
		stream_close(s, FLOW_END_LOCAL);
	return true;
}

void stream_read_some(struct stream *s)
{
	ssize_t n = recv(s->io.fd, s->w->scratch, READ_BYTES, 0);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			stream_close(s, stream_end_of(errno));
		return;
	}
	if (discard(s, n))
		return;
	if (n == 0) {
		stream_close(s, FLOW_END_CLOSED);
		return;
	}
	stream_heard(s);
	struct str bytes = { s->w->scratch, (size_t)n };
	if (s->tls)
		tls_take(s, bytes);
	else
		stream_take(s, bytes);
	if (n == READ_BYTES && s->state == STREAM_OPEN && !s->parked)
		stream_wants_read(s);
}

void stream_read(struct stream *s)
{
	if (s->state == STREAM_CLOSED)
		return;
	if (s->state == STREAM_HANDSHAKE)
		stream_wants_handshake(s);
	else if (stream_may_read(s))
		stream_read_some(s);
	else
		stream_wants_read(s);
}
