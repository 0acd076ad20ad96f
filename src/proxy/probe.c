/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c - OPTIONS to the hops of routes that ask for it. Any response means that somebody lives there; silence or a
 * refused connection puts the hop last until it answers again. One worker probes, all see the result. */
#include "log.h"
#include "mem.h"
#include "proxy_private.h"

struct probe {
	struct list node;               /* in proxy->probes */
	struct proxy *px;
	const struct route *route;
	const struct route_hop *hop;
	struct hop_state *state;
	struct loop_timer timer;
	struct arena arena;             /* of the question under way */
	struct resolve ask;
	bool asking;
	struct txn_client *client;
};

bool hop_is_down(const struct proxy *px, const struct route *r, unsigned hop)
{
	const struct proxy_shared *s = px->s.shared;
	return atomic_load_explicit(&s->hops[s->first_hop[r - s->policy->routes] + hop].down, memory_order_relaxed);
}

static void conclude(struct probe *pr, bool down)
{
	struct loop *loop = pr->px->s.loop;
	if (atomic_exchange_explicit(&pr->state->down, down, memory_order_relaxed) != down)
		log_write(down ? LOG_WARN : LOG_INFO, "route hop %.*s: %s", STR_FMT(pr->hop->uri),
		          down ? "does not answer OPTIONS; it is tried last until it does" : "answers again");
	arena_fini(&pr->arena);
	loop_timer_set(loop, &pr->timer, loop_now_ms(loop) + (int64_t)pr->route->probe_s * 1000);
}

static void answered(void *user, struct txn_client *ct, struct packet *p)
{
	struct probe *pr = user;
	bool is_final = p->msg.status >= 200;
	packet_free(p);
	if (!is_final)
		return;
	txn_forget(pr->px->s.txns, ct);
	pr->client = NULL;
	conclude(pr, false);
}

static void silent(void *user, struct txn_client *ct, enum txn_failure why)
{
	struct probe *pr = user;
	(void)why;
	txn_forget(pr->px->s.txns, ct);
	pr->client = NULL;
	conclude(pr, true);
}

static void over(void *user, struct txn_client *ct)
{
	(void)ct;
	((struct probe *)user)->client = NULL;
}

static const struct txn_client_ops ops = { .response = answered, .failed = silent, .over = over };

static void resolved(struct probe *pr)
{
	struct flow_ref flow;
	for (unsigned i = 0; pr->ask.status == RESOLVE_OK && i < pr->ask.count; i++)
		if (transport_open(pr->px->s.transport_worker, &pr->ask.hops[i], &flow) == SEND_OK) {
			pr->client = options_send(pr->px, &flow, pr->hop->uri, &ops, pr);
			return;
		}
	conclude(pr, true);
}

static void resolved_later(struct resolve *ask)
{
	struct probe *pr = CONTAINER(ask, struct probe, ask);
	pr->asking = false;
	resolved(pr);
}

static void due(struct loop_timer *t)
{
	struct probe *pr = CONTAINER(t, struct probe, timer);
	pr->ask = (struct resolve){ .uri = pr->hop->parsed, .text = pr->hop->uri, .arena = &pr->arena, .done = resolved_later };
	if (resolver_ask(pr->px->s.resolver, &pr->ask) == RESOLVE_LATER)
		pr->asking = true;
	else
		resolved(pr);
}

void probes_start(struct proxy *px)
{
	const struct proxy_shared *s = px->s.shared;
	for (unsigned i = 0; i < s->policy->route_count; i++) {
		const struct route *r = &s->policy->routes[i];
		for (unsigned j = 0; r->probe_s && j < r->hop_count; j++) {
			struct probe *pr = mem_zalloc(sizeof *pr);
			pr->px = px;
			pr->route = r;
			pr->hop = &r->hops[j];
			pr->state = &s->hops[s->first_hop[i] + j];
			pr->timer.fire = due;
			arena_init(&pr->arena, NULL, 0);
			list_add_tail(&px->probes, &pr->node);
			loop_timer_set(px->s.loop, &pr->timer, loop_now_ms(px->s.loop));
		}
	}
}

void probes_stop(struct proxy *px)
{
	struct list *n;
	while ((n = list_pop(&px->probes))) {
		struct probe *pr = CONTAINER(n, struct probe, node);
		loop_timer_stop(px->s.loop, &pr->timer);
		if (pr->asking)
			resolver_forget(px->s.resolver, &pr->ask);
		if (pr->client)
			txn_forget(px->s.txns, pr->client);
		arena_fini(&pr->arena);
		mem_free(pr);
	}
}
