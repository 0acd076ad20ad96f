/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - one thread's share of the transport: its sockets, the hop of a message to its owner, and the
 * end of each turn, when everything that piled up goes out. */
#include "stream.h"
#include "tls.h"
#include "transport_private.h"
#include <errno.h>

#define HOP_BEHIND 256                  /* datagrams that wait for another worker: those who send most wait here then */

/* --- the hop of a message to its owner --- */

static void deliver(struct transport_worker *w, struct packet *p)
{
	p->owner = NULL;
	w->events.message(w->user, p);
}

static void run_packet(struct loop_task *task)
{
	struct packet *p = CONTAINER(task, struct packet, task);
	struct transport_worker *owner = p->owner;
	atomic_fetch_sub_explicit(&owner->hops[p->hop], 1, memory_order_relaxed);
	deliver(owner, p);
}

/* What ends or completes a transaction frees memory there and finds room when nothing else does; but strangers can send it too,
 * so it has a limit as well. */
static unsigned hop_limit(struct str text, enum hop_kind kind)
{
	static const unsigned limits[HOP_KINDS] = { [HOP_DATAGRAM] = 4096, [HOP_CROWD] = 64, [HOP_STREAM] = 128 };
	bool ends = str_starts(text, STR("SIP/")) || str_starts(text, STR("ACK ")) || str_starts(text, STR("CANCEL "));
	return ends ? 2 * limits[kind] : limits[kind];
}

static bool hop(struct transport_worker *w, struct transport_worker *owner, struct packet *p, enum hop_kind kind)
{
	unsigned waiting = atomic_fetch_add_explicit(&owner->hops[kind], 1, memory_order_relaxed);
	if (kind == HOP_DATAGRAM && waiting >= HOP_BEHIND)
		udp_crowd_begin(w->crowd, loop_now_ms(w->loop));
	if (waiting >= hop_limit(p->text, kind)) {
		atomic_fetch_sub_explicit(&owner->hops[kind], 1, memory_order_relaxed);
		count_add(w, COUNT_HOPS_FULL, 1);
		return false;
	}
	p->owner = owner;
	p->hop = (uint8_t)kind;
	p->task.run = run_packet;
	loop_post(owner->loop, &p->task);
	return true;
}

bool worker_dispatch(struct transport_worker *w, struct packet *p, enum hop_kind kind)
{
	unsigned index = w->events.owner(w->user, p->text, &p->from);
	struct transport_worker *owner = index < w->t->set.workers ? w->t->workers[index] : NULL;
	if (!owner || owner == w) {
		deliver(w, p);
		return true;
	}
	return hop(w, owner, p, kind);
}

struct packet *worker_receive(struct transport_worker *w, struct str text, const struct flow_ref *from,
                              struct str peer_names, enum hop_kind kind)
{
	struct packet *p = packet_new(text);
	p->from = *from;
	p->at_ms = loop_now_ms(w->loop);
	if (peer_names.n)
		p->peer_names = arena_str(&p->arena, peer_names);
	count_add(w, COUNT_MESSAGES_IN, 1);
	return worker_dispatch(w, p, kind) ? NULL : p;
}

/* --- news for every worker --- */

/* One allocation for all workers; the last one frees it. */
struct news {
	atomic_uint left;
	enum { NEWS_CLOSED, NEWS_UNREACHABLE, NEWS_UNACKED } kind;
	bool proof;                     /* of unreachable */
	enum flow_end why;              /* closed */
	struct flow_ref flow;
	struct str quote;
	struct news_task {
		struct loop_task task;
		struct news *news;
		struct transport_worker *w;
	} tasks[];
};

static void run_news(struct loop_task *task)
{
	struct news_task *n = CONTAINER(task, struct news_task, task);
	struct news *news = n->news;
	struct transport_worker *w = n->w;
	switch (news->kind) {
	case NEWS_CLOSED:
		w->events.flow_closed(w->user, &news->flow, news->why);
		break;
	case NEWS_UNREACHABLE:
		w->events.unreachable(w->user, &news->flow, news->quote, news->proof);
		break;
	case NEWS_UNACKED:
		if (w->events.flow_unacked)
			w->events.flow_unacked(w->user, &news->flow);
		break;
	}
	if (atomic_fetch_sub_explicit(&news->left, 1, memory_order_acq_rel) == 1)
		mem_free(news);
}

static struct news *news_new(struct transport_worker *w, const struct flow_ref *flow, struct str quote)
{
	unsigned workers = w->t->set.workers;
	struct news *news = mem_zalloc(sizeof *news + workers * sizeof *news->tasks + quote.n);
	char *bytes = (char *)&news->tasks[workers];
	if (quote.n)
		memcpy(bytes, quote.p, quote.n);
	news->quote = (struct str){ bytes, quote.n };
	news->flow = *flow;
	return news;
}

static void news_post(struct transport_worker *w, struct news *news)
{
	unsigned workers = w->t->set.workers, count = 0;
	for (unsigned i = 0; i < workers && !w->t->stopped; i++)
		count += w->t->workers[i] != NULL;
	if (!count) {                           /* we are being stopped: there is nobody to tell */
		mem_free(news);
		return;
	}
	atomic_init(&news->left, count);
	for (unsigned i = 0; count && i < workers; i++) {
		struct transport_worker *to = w->t->workers[i];
		if (!to)
			continue;
		/* The receiver of the last one may free the news before this loop looks at it again. */
		count--;
		news->tasks[i] = (struct news_task){ .task.run = run_news, .news = news, .w = to };
		loop_post(to->loop, &news->tasks[i].task);
	}
}

void worker_tell_closed(struct transport_worker *w, const struct flow_ref *flow, enum flow_end why)
{
	struct news *news = news_new(w, flow, STR_NONE);
	news->kind = NEWS_CLOSED;
	news->why = why;
	news_post(w, news);
}

void worker_tell_unreachable(struct transport_worker *w, const struct flow_ref *flow, struct str quote, bool proof)
{
	struct news *news = news_new(w, flow, quote);
	news->kind = NEWS_UNREACHABLE;
	news->proof = proof;
	news_post(w, news);
}

void worker_tell_unacked(struct transport_worker *w, const struct flow_ref *flow)
{
	struct news *news = news_new(w, flow, STR_NONE);
	news->kind = NEWS_UNACKED;
	news_post(w, news);
}

/* --- the turn's end --- */

void worker_wants_flush(struct transport_worker *w)
{
	/* Whoever sends outside a turn, or at its end behind us, gets another turn: the timer is due at once. */
	if (!loop_timer_armed(&w->flush_timer))
		loop_timer_set(w->loop, &w->flush_timer, loop_now_ms(w->loop));
}

static void nothing(struct loop_timer *timer)
{
	(void)timer;
}

static void turn_end(struct loop_hook *hook)
{
	struct transport_worker *w = CONTAINER(hook, struct transport_worker, turn_end);
	loop_timer_stop(w->loop, &w->flush_timer);
	udp_crowd_serve(w);
	stream_shares_run(w);
	for (struct list *n; (n = list_pop(&w->dirty)); )
		stream_flush(CONTAINER(n, struct stream, dirty));
	for (struct list *n; (n = list_pop(&w->udp_dirty)); )
		udp_flush(CONTAINER(n, struct udp_port, dirty));
	stream_bury(w);
}

/* --- life --- */

int transport_worker_new(struct transport *t, unsigned index, struct loop *loop, const struct transport_events *events,
                         void *user, struct transport_worker **out)
{
	if (index >= t->set.workers || t->workers[index])
		return -EINVAL;
	struct transport_worker *w = mem_zalloc(sizeof *w);
	*w = (struct transport_worker){ .t = t, .index = index, .loop = loop, .events = *events, .user = user };
	list_init(&w->udp_dirty);
	list_init(&w->dirty);
	list_init(&w->handshakes);
	list_init(&w->readers);
	list_init(&w->parked);
	list_init(&w->strangers);
	list_init(&w->guests);
	list_init(&w->lingering);
	list_init(&w->dead);
	flow_slots_init(&w->slots, &t->flows, index);
	w->room = &t->shared_room;
	w->scratch = mem_alloc(READ_BYTES);
	w->tls = t->tls[index];
	w->pong = wire_new(STR("\r\n"));
	w->ping = wire_new(STR("\r\n\r\n"));
	w->routes = route_cache_new();
	w->stun_limit = stun_limit_new(t->set.stun_per_second);
	w->flush_timer.fire = nothing;
	w->park_timer.fire = stream_unpark;
	w->turn_end.run = turn_end;
	loop_at_turn_end(loop, &w->turn_end);
	for (unsigned i = 0; i < t->listener_count; i++) {
		if (transport_is_stream(t->listeners[i].kind)) {
			w->acceptors[i] = acceptor_new(w, (uint8_t)i);
			continue;
		}
		w->udp[i] = udp_port_new(w, (uint8_t)i);
		if (!w->udp_receive) {
			w->udp_receive = udp_receive_new();
			w->crowd = udp_crowd_new();
		}
	}
	t->workers[index] = w;
	*out = w;
	return 0;
}

void transport_worker_apart(struct transport_worker *w)
{
	w->own_room.limit = w->t->shared_room.limit;
	w->room = &w->own_room;
}

void transport_worker_go(struct transport_worker *w)
{
	for (unsigned i = 0; i < w->t->listener_count; i++) {
		struct loop_fd *io = w->udp[i] ? &w->udp[i]->io : &w->acceptors[i]->io;
		int err = loop_watch(w->loop, io);
		if (err)
			log_write(LOG_ERROR, "listener %u, worker %u: cannot be watched: %s", i, w->index, strerror(-err));
	}
	sweep_start(w);
}

void transport_worker_quiet(struct transport_worker *w)
{
	for (unsigned i = 0; i < w->t->listener_count; i++) {
		acceptor_free(w->acceptors[i]);
		w->acceptors[i] = NULL;
	}
}

void transport_worker_free(struct transport_worker *w)
{
	if (!w)
		return;
	w->t->stopped = true;
	transport_worker_quiet(w);
	stream_close_all(w);
	for (unsigned i = 0; i < w->t->listener_count; i++)
		udp_port_free(w->udp[i]);
	stream_bury(w);
	list_remove(&w->turn_end.node);         /* so that the loop may turn on without us */
	loop_timer_stop(w->loop, &w->flush_timer);
	loop_timer_stop(w->loop, &w->park_timer);
	loop_timer_stop(w->loop, &w->rest_timer);
	loop_timer_stop(w->loop, &w->sweep_timer);
	flow_slots_fini(&w->slots);
	udp_receive_free(w->udp_receive);
	udp_crowd_free(w->crowd);
	stun_limit_free(w->stun_limit);
	route_cache_free(w->routes);
	wire_unref(w->pong);
	wire_unref(w->ping);
	mem_free(w->scratch);
	w->t->workers[w->index] = NULL;
	mem_free(w);
}

void transport_count(const struct transport_worker *w, struct transport_counts *out)
{
	uint64_t c[COUNTERS];
	for (unsigned i = 0; i < COUNTERS; i++)
		c[i] = atomic_load_explicit(&w->counts[i], memory_order_relaxed);
	*out = (struct transport_counts){
		.messages_in = c[COUNT_MESSAGES_IN], .messages_out = c[COUNT_MESSAGES_OUT], .datagrams_dropped = c[COUNT_DROPPED],
		.flows_open = c[COUNT_OPEN], .flows_accepted = c[COUNT_ACCEPTED], .pongs = c[COUNT_PONGS],
		.stun_answers = c[COUNT_STUN], .handshakes = c[COUNT_HANDSHAKES],
		.handshakes_failed = c[COUNT_HANDSHAKES_FAILED], .hops_full = c[COUNT_HOPS_FULL] };
	memcpy(out->flows_closed, &c[COUNT_CLOSED], sizeof out->flows_closed);
}
