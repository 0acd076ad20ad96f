/* SPDX-License-Identifier: Apache-2.0 */
/* send.c - what other rooms ask of a flow, on whichever worker they are. */
#include "registrations.h"
#include "stream.h"
#include "tls.h"
#include "udp_verdicts.h"
#include <sys/socket.h>

/* --- orders to the worker that has the connection: they cannot fail, and it looks at the generation
 * again --- */

enum order_kind { ORDER_SEND, ORDER_REGISTERED, ORDER_KILL };

struct order {
	struct loop_task task;
	struct transport_worker *w;
	enum order_kind kind;
	uint64_t serial;
	struct wire *bytes;             /* SEND: a reference of its own */
	int64_t until_ms;               /* REGISTERED */
	bool flag;                      /* REGISTERED: outbound; KILL: reset */
};

static void kill_stream(struct stream *s, bool reset)
{
	if (reset) {
		struct linger now = { .l_onoff = 1 };
		(void)setsockopt(s->io.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	}
	stream_close(s, FLOW_END_LOCAL);
}

static void registered(struct stream *s, bool outbound, int64_t until_ms)
{
	if (s->state == STREAM_LINGER)
		return;
	/* A connection may carry several registrations: the longest counts, and outbound for all of them. */
	s->outbound |= outbound;
	if (until_ms > s->registered_until_ms)
		s->registered_until_ms = until_ms;
	stream_rank(s);
	stream_rearm(s);
}

static enum send_result carry_out(struct stream *s, const struct order *o)
{
	switch (o->kind) {
	case ORDER_SEND:
		return stream_send(s, o->bytes);
	case ORDER_REGISTERED:
		registered(s, o->flag, o->until_ms);
		return SEND_OK;
	case ORDER_KILL:
		kill_stream(s, o->flag);
		return SEND_OK;
	}
	return SEND_REFUSED;
}

static void run_order(struct loop_task *task)
{
	struct order *o = CONTAINER(task, struct order, task);
	struct stream *s = flow_slots_find(&o->w->slots, o->serial);
	if (s)
		carry_out(s, o);
	wire_unref(o->bytes);
	mem_free(o);
}

static enum send_result give_order(struct transport_worker *w, const struct order *order)
{
	unsigned index = flow_serial_worker(order->serial);
	if (!flow_table_alive(&w->t->flows, order->serial))
		return SEND_GONE;
	if (index == w->index) {
		struct stream *s = flow_slots_find(&w->slots, order->serial);
		return s ? carry_out(s, order) : SEND_GONE;
	}
	struct transport_worker *to = w->t->workers[index];
	if (!to)
		return SEND_GONE;
	struct order *copy = mem_alloc(sizeof *copy);
	*copy = *order;
	copy->task.run = run_order;
	copy->w = to;
	if (copy->bytes)
		wire_ref(copy->bytes);
	loop_post(to->loop, &copy->task);
	return SEND_OK;
}

enum send_result transport_send(struct transport_worker *w, const struct flow_ref *to, struct wire *bytes)
{
	if (flow_ref_none(to))
		return SEND_REFUSED;
	if (transport_is_stream(to->kind))
		return give_order(w, &(struct order){ .kind = ORDER_SEND, .serial = to->serial, .bytes = bytes });
	struct udp_port *p = to->listener < w->t->listener_count ? w->udp[to->listener] : NULL;
	if (!p)
		return SEND_REFUSED;
	enum send_result result = udp_send(p, &to->local, &to->remote, bytes);
	if (result == SEND_OK)
		count_add(w, COUNT_MESSAGES_OUT, 1);
	return result;
}

void transport_flow_registered(struct transport_worker *w, const struct flow_ref *f, const struct flow_registration *r)
{
	int64_t now_ms = loop_now_ms(w->loop);
	if (flow_ref_none(f))
		return;
	if (r->registration)
		registrations_note(w->t, f, r, now_ms);
	if (r->until_ms <= now_ms)
		return;
	if (!f->serial)
		udp_verdict_clear(w->t->verdicts, f);
	else
		give_order(w, &(struct order){ .kind = ORDER_REGISTERED, .serial = f->serial, .flag = r->outbound,
		                               .until_ms = r->until_ms });
}

void transport_flow_kill(struct transport_worker *w, const struct flow_ref *f, bool reset)
{
	if (f->serial)
		give_order(w, &(struct order){ .kind = ORDER_KILL, .serial = f->serial, .flag = reset });
}

void transport_flows(struct transport_worker *w, void (*fn)(void *user, const struct flow_info *info), void *user)
{
	for (uint32_t slot = 0; slot < w->slots.used; slot++) {
		const struct stream *s = w->slots.objects[slot];
		if (!s)
			continue;
		struct flow_info info = {
			.ref = s->ref, .outgoing = s->outgoing, .registered = s->registered_until_ms > loop_now_ms(w->loop),
			.opened_ms = s->opened_ms, .heard_ms = s->heard_ms, .messages_in = s->messages_in,
			.messages_out = s->messages_out, .bytes_queued = s->queued + s->cipher.n - s->cipher_offset,
			.tls_name = s->peer_names };
		if (!info.tls_name.n && s->tls)
			info.tls_name = tls_session_name(s->tls);
		fn(user, &info);
	}
}
