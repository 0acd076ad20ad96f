/* SPDX-License-Identifier: Apache-2.0 */
/* accept.c - new connections, in bounded batches and within the budget of descriptors.
 *
 * At the limit who comes takes the place of who was silent longest: first of connections that never sent a message, then of
 * those that never registered. So whoever opens many and says nothing shuts nobody out (P6). When nobody has to
 * go the listeners rest: nothing is accepted, nothing spins, the kernel's backlog holds those who come. A worker
 * whose own flow closes wakes at once; room made by another is seen within RETRY_MS. */
#include "stream.h"
#include "tls.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 8                /* the others wait for as long as it takes */
#define RETRY_MS       50
#define OUTGOING_SHARE 16               /* one descriptor in so many is kept for connections of ours... */
#define OUTGOING_MAX   256              /* ...but no more than this */
#define LOG_MS         60000
#define STRANGER_MS    1000             /* to say something, once others wait */
#define GUEST_MS       32000            /* since the last message: 64*T1 (TP-24) */

static bool take(atomic_uint *open, unsigned limit, bool outgoing)
{
	/* Strangers cannot take the last ones: next hops must stay within reach. */
	if (!outgoing)
		limit -= limit / OUTGOING_SHARE < OUTGOING_MAX ? limit / OUTGOING_SHARE : OUTGOING_MAX;
	if (atomic_fetch_add_explicit(open, 1, memory_order_relaxed) < limit)
		return true;
	atomic_fetch_sub_explicit(open, 1, memory_order_relaxed);
	return false;
}

bool flow_budget_take(struct transport_worker *w, bool outgoing)
{
	if (!take(&w->t->flows_open, w->t->max_flows, outgoing))
		return false;
	if (take(&w->room->open, w->room->limit, outgoing))
		return true;
	atomic_fetch_sub_explicit(&w->t->flows_open, 1, memory_order_relaxed);
	return false;
}

void flow_budget_give(struct transport_worker *w)
{
	atomic_fetch_sub_explicit(&w->room->open, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&w->t->flows_open, 1, memory_order_relaxed);
}

static void watch_acceptors(struct transport_worker *w, uint32_t events)
{
	for (unsigned i = 0; i < w->t->listener_count; i++)
		if (w->acceptors[i])
			loop_rewatch(w->loop, &w->acceptors[i]->io, events);
}

void acceptors_wake(struct transport_worker *w)
{
	if (!w->resting)
		return;
	w->resting = false;
	loop_timer_stop(w->loop, &w->rest_timer);
	watch_acceptors(w, EPOLLIN);
}

static void rest_fired(struct loop_timer *timer)
{
	struct transport_worker *w = CONTAINER(timer, struct transport_worker, rest_timer);
	acceptors_wake(w);
}

static void rest(struct transport_worker *w, const char *why)
{
	uint64_t left_out;
	if (!w->resting && log_allowed(&w->t->full_log, LOG_MS, &left_out))
		log_write(LOG_WARN, "listeners: %u connections are open and no more are accepted (%s; so it was %llu times more "
		          "since this was last said); raise the limit of open files to hold more",
		          atomic_load_explicit(&w->t->flows_open, memory_order_relaxed), why, (unsigned long long)left_out);
	w->resting = true;
	watch_acceptors(w, 0);
	w->rest_timer.fire = rest_fired;
	loop_timer_set(w->loop, &w->rest_timer, loop_now_ms(w->loop) + RETRY_MS);
}

void stream_rank(struct stream *s)
{
	struct transport_worker *w = s->w;
	list_remove(&s->rank);
	if (s->outgoing || s->registered_until_ms > loop_now_ms(w->loop))
		return;
	list_add_tail(s->message_ms ? &w->guests : &w->strangers, &s->rank);
}

/* Close the connection that was silent longest, if it was silent long enough. */
static bool make_room(struct transport_worker *w)
{
	int64_t now_ms = loop_now_ms(w->loop);
	struct stream *stranger = CONTAINER(w->strangers.next, struct stream, rank);
	struct stream *guest = CONTAINER(w->guests.next, struct stream, rank);
	struct stream *goes = NULL;
	if (!list_empty(&w->strangers) && now_ms - stranger->opened_ms >= STRANGER_MS)
		goes = stranger;
	else if (!list_empty(&w->guests) && now_ms - guest->message_ms >= GUEST_MS)
		goes = guest;
	if (!goes)
		return false;
	stream_log_end(goes, "silent while others wait for a place");
	stream_close(goes, FLOW_END_TIMEOUT);
	return true;
}

/* Takes the descriptor and the budget that was taken for it. */
static void welcome(struct acceptor *a, int fd, const struct sockaddr *from)
{
	struct transport_worker *w = a->w;
	const struct listener *l = &w->t->listeners[a->listener];
	struct flow_ref ref = { .kind = (uint8_t)l->kind, .listener = a->listener, .local = l->bound };
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;
	if (l->wildcard && !getsockname(fd, (struct sockaddr *)&sa, &n))
		addr_from_sockaddr((struct sockaddr *)&sa, &ref.local);
	if (!addr_from_sockaddr(from, &ref.remote)) {
		close(fd);
		flow_budget_give(w);
		return;
	}
	bool tls = l->kind == TRANSPORT_TLS;
	struct stream *s = stream_new(w, fd, &ref, tls ? STREAM_HANDSHAKE : STREAM_OPEN);
	if (!s) {
		flow_budget_give(w);
		return;
	}
	count_add(w, COUNT_ACCEPTED, 1);
	stream_rank(s);
	if (tls)
		s->tls = tls_session_accept(w->tls, a->listener);
	if ((tls && !s->tls) || stream_watch(s))
		stream_close(s, FLOW_END_LOCAL);
}

static void acceptor_ready(struct loop_fd *io, uint32_t events)
{
	struct acceptor *a = CONTAINER(io, struct acceptor, io);
	struct transport_worker *w = a->w;
	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		if (!flow_budget_take(w, false) && !(make_room(w) && flow_budget_take(w, false))) {
			rest(w, "the limit of connections is reached");
			return;
		}
		struct sockaddr_storage from;
		socklen_t n = sizeof from;
		int fd = accept4(io->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			welcome(a, fd, (struct sockaddr *)&from);
			continue;
		}
		int err = errno;
		flow_budget_give(w);
		if ((err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM) && !make_room(w))
			rest(w, strerror(err));
		if (err != ECONNABORTED && err != EINTR)
			return;
	}
}

struct acceptor *acceptor_new(struct transport_worker *w, uint8_t listener)
{
	struct acceptor *a = mem_zalloc(sizeof *a);
	*a = (struct acceptor){ .w = w, .listener = listener };
	a->io = (struct loop_fd){ .fd = w->t->listeners[listener].fds[w->index], .events = EPOLLIN, .ready = acceptor_ready };
	return a;
}

void acceptor_free(struct acceptor *a)
{
	if (!a)
		return;
	loop_unwatch(a->w->loop, &a->io);
	(void)shutdown(a->io.fd, SHUT_RD);      /* for every table that has it: who comes is refused */
	mem_free(a);
}
