/* SPDX-License-Identifier: Apache-2.0 */
/* late.c - a response whose connection ended, while a new one to its sender is tried: when that fails, the
 * hosts that the DNS gives for sent-by are tried in turn (RFC 3261 §18.2.2, RFC 3263 §5; TX-30).
 *
 * Independent of the transaction, which may be over meanwhile. Few at a time and not for long: such a
 * response is a courtesy, and names in Via are chosen by strangers. */
#include "mem.h"
#include "transaction_private.h"
#include "waits.h"

#define LATE_MAX 256

struct late {
	struct list node;
	struct loop_timer timer;        /* its end, whatever happens */
	struct waiter waiter;
	struct txns *txns;
	struct wire *wire;
	struct reply_path path;         /* host in the arena */
	struct arena arena;
	struct resolve ask;
	bool asked;
	unsigned next_hop;
};

static void late_free(struct late *l)
{
	struct txns *x = l->txns;
	loop_timer_stop(x->loop, &l->timer);
	waiter_leave(&x->waiters, &l->waiter);
	if (l->asked)
		resolver_forget(x->resolver, &l->ask);
	list_remove(&l->node);
	x->late_count--;
	wire_unref(l->wire);
	arena_fini(&l->arena);
	mem_free(l);
}

/* The next hop that takes the bytes for now; the end when there is none. */
static void try_next(struct late *l)
{
	struct txns *x = l->txns;
	while (l->next_hop < l->ask.count) {
		const struct hop *hop = &l->ask.hops[l->next_hop++];
		struct flow_ref flow;
		if (hop->kind != l->path.flow.kind || !reply_may_reach(&l->path.flow.remote, &hop->addr))
			continue;
		if (transport_open(x->worker, hop, &flow) != SEND_OK || transport_send(x->worker, &flow, l->wire) != SEND_OK)
			continue;
		waiter_join(&x->waiters, &l->waiter, flow.serial);
		return;
	}
	late_free(l);
}

static void answered(struct resolve *ask)
{
	struct late *l = CONTAINER(ask, struct late, ask);
	if (ask->status == RESOLVE_OK)
		try_next(l);
	else
		late_free(l);
}

/* An address in sent-by that is not the one just tried is a phone's behind NAT: it means nothing
 * here. Only names are asked for. */
static bool ask_dns(struct late *l)
{
	struct addr literal;
	if (addr_parse_ip(l->path.host, &literal))
		return false;
	struct str transport = l->path.flow.kind == TRANSPORT_TLS ? STR("tls") : STR("tcp");
	l->ask.text = l->path.port
		? arena_printf(&l->arena, "sip:%.*s:%u;transport=%.*s", STR_FMT(l->path.host), l->path.port, STR_FMT(transport))
		: arena_printf(&l->arena, "sip:%.*s;transport=%.*s", STR_FMT(l->path.host), STR_FMT(transport));
	l->ask.arena = &l->arena;
	l->ask.done = answered;
	if (!sip_uri_parse(l->ask.text, &l->ask.uri))
		return false;
	l->asked = true;
	if (resolver_ask(l->txns->resolver, &l->ask) == RESOLVE_NOW)
		answered(&l->ask);
	return true;
}

static void refused(struct waiter *w)
{
	struct late *l = CONTAINER(w, struct late, waiter);
	if (l->asked)
		try_next(l);
	else if (!ask_dns(l))
		late_free(l);
}

static void expired(struct loop_timer *timer)
{
	late_free(CONTAINER(timer, struct late, timer));
}

void late_watch(struct txns *x, const struct reply_path *path, struct wire *w)
{
	if (x->late_count >= LATE_MAX)
		return;
	struct late *l = mem_zalloc(sizeof *l);
	l->txns = x;
	l->wire = wire_ref(w);
	arena_init(&l->arena, NULL, 0);
	l->path = *path;
	l->path.host = arena_str(&l->arena, path->host);
	l->waiter.gone = refused;
	l->timer.fire = expired;
	list_add_tail(&x->late, &l->node);
	x->late_count++;
	waiter_join(&x->waiters, &l->waiter, path->flow.serial);
	loop_timer_set(x->loop, &l->timer, loop_now_ms(x->loop) + TXN_LIFE_T1S * x->settings.timers.t1);
}

void late_free_all(struct txns *x)
{
	LIST_EACH(&x->late, n)
		late_free(CONTAINER(n, struct late, node));
}
