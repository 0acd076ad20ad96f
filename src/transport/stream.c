/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - the life of a connection: its states, deadlines, and how it ends. */
#include "stream.h"
#include "tls.h"
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LINGER_MS 2000                  /* for a peer to read the last answer */

static void stream_ready(struct loop_fd *io, uint32_t events)
{
	struct stream *s = CONTAINER(io, struct stream, io);
	if (s->state == STREAM_CONNECTING) {
		stream_connected(s);
		return;
	}
	if (events & EPOLLOUT)
		stream_wants_flush(s);
	if (events & EPOLLIN) {
		stream_read(s);
	} else if (events & (EPOLLERR | EPOLLHUP)) {
		/* Nobody reads just now, and this would be told again and again. */
		int err = 0;
		socklen_t n = sizeof err;
		(void)getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &err, &n);
		stream_close(s, err ? stream_end_of(err) : FLOW_END_CLOSED);
	}
}

/* --- deadlines: one timer, which may be early but is never late --- */

struct deadline {
	int64_t at_ms;
	enum flow_end why;
	const char *text;
};

static struct deadline sooner(struct deadline a, struct deadline b)
{
	return b.at_ms < a.at_ms ? b : a;
}

/* How long an open connection may stay silent. Pings alone do not keep a stranger (TP-23). */
static struct deadline silence(const struct stream *s)
{
	const struct transport_settings *set = &s->w->t->set;
	if (s->registered_until_ms > loop_now_ms(s->w->loop)) {
		int64_t until = s->registered_until_ms;
		if (s->outbound && set->flow_timer_s) {
			int64_t flow_ms = 1000 * ((int64_t)set->flow_timer_s + set->flow_grace_s);
			return sooner((struct deadline){ until, FLOW_END_TIMEOUT, "its registration has ended" },
			              (struct deadline){ s->heard_ms + flow_ms, FLOW_END_SILENT,
			                                 "keep-alive: nothing came within Flow-Timer and grace" });
		}
		return (struct deadline){ until, FLOW_END_TIMEOUT, "its registration has ended" };
	}
	if (s->outgoing)
		return (struct deadline){ s->heard_ms + set->idle_ms, FLOW_END_TIMEOUT, "idle" };
	if (!s->message_ms)
		return (struct deadline){ s->opened_ms + set->unregistered_ms, FLOW_END_TIMEOUT, "no message came" };
	int64_t last = s->message_ms > s->registered_until_ms ? s->message_ms : s->registered_until_ms;
	return (struct deadline){ last + set->idle_ms, FLOW_END_TIMEOUT, "idle" };
}

static struct deadline next_deadline(const struct stream *s)
{
	const struct transport_settings *set = &s->w->t->set;
	struct deadline next;
	switch (s->state) {
	case STREAM_CONNECTING:
		return (struct deadline){ s->opened_ms + set->handshake_ms, FLOW_END_REFUSED, "connect: no answer" };
	case STREAM_HANDSHAKE:
		return (struct deadline){ s->opened_ms + set->handshake_ms, s->outgoing ? FLOW_END_REFUSED : FLOW_END_TIMEOUT,
		                          "TLS handshake: not finished in time" };
	case STREAM_LINGER:
		return (struct deadline){ s->opened_ms + LINGER_MS, FLOW_END_LOCAL, "" };
	case STREAM_OPEN:
		next = silence(s);
		if (s->partial_ms)
			next = sooner(next, (struct deadline){ s->partial_ms + set->message_ms, FLOW_END_TIMEOUT,
			                                       "message not complete in time" });
		if (s->acks_due_ms)             /* no end: deadline_fired looks first */
			next = sooner(next, (struct deadline){ s->acks_due_ms, FLOW_END_LOCAL, "" });
		return next;
	case STREAM_CLOSED:
		break;
	}
	return (struct deadline){ INT64_MAX, FLOW_END_LOCAL, "" };
}

void stream_rearm(struct stream *s)
{
	int64_t at = next_deadline(s).at_ms;
	if (s->state != STREAM_CLOSED && (!loop_timer_armed(&s->timer) || at < s->timer.at_ms))
		loop_timer_set(s->w->loop, &s->timer, at);
}

static void deadline_fired(struct loop_timer *timer)
{
	struct stream *s = CONTAINER(timer, struct stream, timer);
	if (s->state == STREAM_OPEN && s->acks_due_ms && s->acks_due_ms <= loop_now_ms(s->w->loop))
		stream_check_acks(s);
	struct deadline d = next_deadline(s);
	/* What ends a registration is no reason to close: other rules hold from then on. */
	if (d.at_ms > loop_now_ms(s->w->loop)) {
		loop_timer_set(s->w->loop, &s->timer, d.at_ms);
		return;
	}
	if (s->state != STREAM_LINGER)
		stream_log_end(s, d.text);
	stream_close(s, d.why);
}

/* --- birth --- */

struct stream *stream_new(struct transport_worker *w, int fd, const struct flow_ref *ref, enum stream_state state)
{
	struct stream *s = mem_zalloc(sizeof *s);
	*s = (struct stream){ .w = w, .ref = *ref, .state = state };
	s->ref.serial = flow_slots_open(&w->slots, s);
	if (!s->ref.serial) {
		close(fd);
		mem_free(s);
		return NULL;
	}
	s->io = (struct loop_fd){ .fd = fd, .events = state == STREAM_CONNECTING ? EPOLLOUT : EPOLLIN, .ready = stream_ready };
	s->opened_ms = s->heard_ms = loop_now_ms(w->loop);
	s->timer.fire = deadline_fired;
	list_init(&s->dirty);
	list_init(&s->share);
	list_init(&s->parking);
	list_init(&s->rank);
	list_init(&s->grave);
	count_add(w, COUNT_OPEN, 1);
	return s;
}

int stream_watch(struct stream *s)
{
	int err = loop_watch(s->w->loop, &s->io);
	if (!err)
		stream_rearm(s);
	return err;
}

void stream_enter(struct stream *s, enum stream_state state)
{
	s->state = state;
	s->opened_ms = loop_now_ms(s->w->loop);
	stream_rewatch(s);
	stream_rearm(s);
}

void stream_rewatch(struct stream *s)
{
	if (s->state == STREAM_CLOSED)
		return;
	uint32_t events = s->writing ? EPOLLOUT : 0;
	if (!s->parked && !s->paused)
		events |= EPOLLIN;
	loop_rewatch(s->w->loop, &s->io, events);
}

/* --- death --- */

void stream_log_end(const struct stream *s, const char *why)
{
	if (!log_enabled(LOG_DEBUG))
		return;
	char text[FLOW_TEXT];
	log_write(LOG_DEBUG, "%s: %s, closing", flow_text(&s->ref, text), why);
}

/* The serial dies first: nobody can find this flow alive while it is taken apart. */
static void die_as_flow(struct stream *s, enum flow_end why)
{
	flow_slots_close(&s->w->slots, s->ref.serial);
	outgoing_forget(s);
	count_add(s->w, COUNT_CLOSED + why, 1);
	worker_tell_closed(s->w, &s->ref, why);
}

static void take_apart(struct stream *s)
{
	struct transport_worker *w = s->w;
	s->state = STREAM_CLOSED;
	loop_timer_stop(w->loop, &s->timer);
	loop_unwatch(w->loop, &s->io);
	close(s->io.fd);
	flow_budget_give(w);
	stream_drop_queue(s);
	tls_session_free(s->tls);
	s->tls = NULL;
	buf_fini(&s->in);
	buf_fini(&s->cipher);
	packet_free(s->parked);
	s->parked = NULL;
	list_remove(&s->dirty);
	list_remove(&s->share);
	list_remove(&s->parking);
	list_remove(&s->rank);
	list_remove(&s->grave);                 /* from w->lingering */
	list_add_tail(&w->dead, &s->grave);
	count_add(w, COUNT_OPEN, -1);
}

void stream_close(struct stream *s, enum flow_end why)
{
	if (s->state == STREAM_CLOSED)
		return;
	if (s->state != STREAM_LINGER)
		die_as_flow(s, why);
	if (s->tls && why != FLOW_END_RESET)
		tls_say_goodbye(s);
	take_apart(s);
	acceptors_wake(s->w);
	worker_wants_flush(s->w);               /* it is freed there */
}

void stream_linger(struct stream *s, enum flow_end why)
{
	if (s->state == STREAM_CLOSED || s->state == STREAM_LINGER)
		return;
	die_as_flow(s, why);
	list_add_tail(&s->w->lingering, &s->grave);
	list_remove(&s->rank);
	buf_fini(&s->in);
	s->partial_ms = 0;
	stream_enter(s, STREAM_LINGER);
	stream_wants_flush(s);
}

void stream_close_all(struct transport_worker *w)
{
	for (uint32_t slot = 0; slot < w->slots.used; slot++) {
		struct stream *s = w->slots.objects[slot];
		if (!s)
			continue;
		stream_flush(s);                /* the last answers */
		if (s->state == STREAM_CLOSED)
			continue;
		flow_slots_close(&w->slots, s->ref.serial);
		outgoing_forget(s);
		if (s->tls)
			tls_say_goodbye(s);
		take_apart(s);
	}
	while (!list_empty(&w->lingering))
		take_apart(CONTAINER(w->lingering.next, struct stream, grave));
}

void stream_bury(struct transport_worker *w)
{
	for (struct list *n; (n = list_pop(&w->dead)); ) {
		struct stream *s = CONTAINER(n, struct stream, grave);
		mem_free((void *)s->peer_names.p);
		mem_free(s);
	}
}
