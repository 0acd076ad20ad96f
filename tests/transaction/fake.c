/* SPDX-License-Identifier: Apache-2.0 */
/* fake.c - see fake.h. Only what the transaction layer calls. */
#include "fake.h"
#include "mem.h"
#include <stdio.h>

void fake_init(struct fake *f)
{
	*f = (struct fake){ .loop.now_ms = 1000000, .worker.next_serial = 40 };
	list_init(&f->loop.timers);
	list_init(&f->worker.sent);
	f->worker.loop = &f->loop;
	f->worker.transport = &f->transport;
}

void fake_fini(struct fake *f)
{
	for (struct fake_sent *s; (s = fake_take(f));)
		fake_drop(s);
}

/* --- the loop --- */
int64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

bool loop_timer_armed(const struct loop_timer *t)
{
	return t->node.next && t->node.next != &t->node;
}

void loop_timer_stop(struct loop *loop, struct loop_timer *t)
{
	(void)loop;
	if (loop_timer_armed(t))
		list_remove(&t->node);
}

void loop_timer_set(struct loop *loop, struct loop_timer *t, int64_t at_ms)
{
	loop_timer_stop(loop, t);
	t->at_ms = at_ms;
	list_add_tail(&loop->timers, &t->node);
}

static struct loop_timer *earliest(struct loop *loop)
{
	struct loop_timer *first = NULL;
	LIST_EACH(&loop->timers, n) {
		struct loop_timer *t = CONTAINER(n, struct loop_timer, node);
		if (!first || t->at_ms < first->at_ms)
			first = t;
	}
	return first;
}

void fake_advance(struct fake *f, int64_t ms)
{
	struct loop *loop = &f->loop;
	int64_t end = loop->now_ms + ms;
	for (struct loop_timer *t; (t = earliest(loop)) && t->at_ms <= end;) {
		if (t->at_ms > loop->now_ms)
			loop->now_ms = t->at_ms;
		loop_timer_stop(loop, t);
		t->fire(t);
	}
	loop->now_ms = end;
}

unsigned fake_timers(const struct fake *f)
{
	unsigned count = 0;
	LIST_EACH(&f->loop.timers, n)
		count++;
	return count;
}

/* --- the transport --- */
bool transport_flow_alive(const struct transport *t, const struct flow_ref *f)
{
	return !t->dead[f->serial % FAKE_SERIALS];
}

enum send_result transport_send(struct transport_worker *w, const struct flow_ref *to, struct wire *bytes)
{
	if (!transport_flow_alive(w->transport, to))
		return SEND_GONE;
	if (w->send_result != SEND_OK)
		return w->send_result;
	struct fake_sent *s = mem_alloc(sizeof *s + bytes->n);
	*s = (struct fake_sent){ .at_ms = w->loop->now_ms, .to = *to, .text = { s->bytes, bytes->n } };
	memcpy(s->bytes, bytes->data, bytes->n);
	list_add_tail(&w->sent, &s->node);
	return SEND_OK;
}

enum send_result transport_open(struct transport_worker *w, const struct hop *hop, struct flow_ref *out)
{
	w->opens++;
	w->opened = *hop;
	snprintf(w->opened_name, sizeof w->opened_name, "%.*s", STR_FMT(hop->tls_name));
	if (w->open_result != SEND_OK)
		return w->open_result;
	*out = (struct flow_ref){ .serial = w->next_serial++, .kind = hop->kind, .remote = hop->addr };
	addr_parse(STR("192.0.2.10:49152"), 0, &out->local);
	return SEND_OK;
}

/* The listener is 192.0.2.10:5060, also on loopback. */
bool transport_is_self(const struct transport *t, struct str host, uint16_t port)
{
	(void)t;
	return port == 5060 && (str_eq(host, STR("192.0.2.10")) || str_eq(host, STR("127.0.0.1")));
}

struct fake_sent *fake_take(struct fake *f)
{
	struct list *n = list_pop(&f->worker.sent);
	return n ? CONTAINER(n, struct fake_sent, node) : NULL;
}

void fake_drop(struct fake_sent *sent)
{
	mem_free(sent);
}

unsigned fake_sent_count(const struct fake *f)
{
	unsigned count = 0;
	LIST_EACH(&f->worker.sent, n)
		count++;
	return count;
}

/* --- the resolver --- */
enum resolve_when resolver_ask(struct resolver *r, struct resolve *ask)
{
	r->asked = ask;
	snprintf(r->uri, sizeof r->uri, "%.*s", STR_FMT(ask->text));
	return RESOLVE_LATER;
}

void resolver_forget(struct resolver *r, struct resolve *ask)
{
	if (r->asked == ask)
		r->asked = NULL;
}

void fake_resolve(struct fake *f, const struct hop *hop)
{
	struct resolve *ask = f->resolver.asked;
	f->resolver.asked = NULL;
	ask->status = hop ? RESOLVE_OK : RESOLVE_NONE;
	ask->count = hop ? 1 : 0;
	ask->hops = arena_array(ask->arena, 1, sizeof *hop);
	if (hop)
		ask->hops[0] = *hop;
	ask->done(ask);
}
