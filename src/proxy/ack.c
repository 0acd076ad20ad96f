/* SPDX-License-Identifier: Apache-2.0 */
/* ack.c - an ACK for a 2xx: a request of its own, forwarded without a transaction. RFC 3261 §16.7 step 5,
 * §13.2.2.4 (PX-46). Nothing answers an ACK, so whatever is wrong with one is dropped. */
#include "mem.h"
#include "proxy_private.h"

struct ack {
	struct context cx;              /* only what routing needs; in no list of contexts */
	struct packet *packet;
	struct branch branch;
	struct group group;             /* of `recalled` */
	struct target recalled;
	struct resolve ask;
};

static void ack_free(struct ack *a)
{
	if (a->branch.ask)
		resolver_forget(a->cx.px->s.resolver, &a->ask);
	list_remove(&a->cx.node);
	packet_free(a->packet);
	arena_fini(&a->cx.arena);
	mem_free(a);
}

static void transmit(struct ack *a, const struct flow_ref *flow)
{
	struct proxy *px = a->cx.px;
	char id[BRANCH_ID_SIZE];
	branch_id_make(px, a->cx.loop_hash, id);
	struct wire *w = forward_build(&a->cx, &a->branch, flow, (struct str){ id, sizeof id });
	if (transport_send(px->s.transport_worker, flow, w) == SEND_OK)
		px->counts.forwarded++;
	wire_unref(w);
}

static void send_to_hop(struct ack *a)
{
	struct flow_ref flow;
	for (unsigned i = 0; a->ask.status == RESOLVE_OK && i < a->ask.count; i++)
		if (may_reach(&a->cx, &a->packet->from, a->branch.target, &a->ask.hops[i].addr) &&
		    transport_open(a->cx.px->s.transport_worker, &a->ask.hops[i], &flow) == SEND_OK) {
			transmit(a, &flow);
			return;
		}
}

static void resolved_later(struct resolve *ask)
{
	struct ack *a = CONTAINER(ask, struct ack, ask);
	a->branch.ask = NULL;
	send_to_hop(a);
	ack_free(a);
}

/* In a dialog that passed here by its token, or that a home brings here by a Path; or to a user of ours from a neighbour who may call
 * them. */
static bool may_pass(const struct context *cx)
{
	return cx->view.dialog || (cx->view.path && (cx->rights & PEER_PATH)) ||
	       ((cx->rights & PEER_INBOUND) && cx->view.next.n == 0 && cx->view.domain);
}

/* The way of the INVITE, when that was rescued; else where it should go, the flow that lives before one that is silent. */
static bool find_way(struct ack *a)
{
	struct context *cx = &a->cx;
	a->branch.cx = cx;
	if (cx->view.dialog && rescue_recall(cx, &a->recalled)) {
		a->branch.group = &a->group;
		a->branch.target = &a->recalled;
		return true;
	}
	if (targets_find(cx) != 0 || cx->group_count == 0)
		return false;
	a->branch.group = &cx->groups[0];
	a->branch.target = group_next(&cx->groups[0]);
	return a->branch.target != NULL;
}

void proxy_ack(struct proxy *px, struct packet *p)
{
	struct ack *a = mem_zalloc(sizeof *a);
	struct context *cx = &a->cx;
	a->packet = p;
	cx->px = px;
	cx->msg = &p->msg;
	cx->rights = policy_rights(px->s.policy, &p->from.remote, p->peer_names);
	list_add_tail(&px->acks, &cx->node);
	arena_init(&cx->arena, NULL, 0);
	cx->breadth = px->s.settings.max_breadth;
	proxy_look_at_routes(px, p, &cx->view);
	cx->loop_hash = loop_hash(px, &p->msg, &cx->view);

	if (cx->view.refuse || p->msg.max_forwards == 0 || !may_pass(cx) || loop_found(px, &p->msg, cx->loop_hash) || !find_way(a)) {
		if (cx->asking)
			location_forget(px->s.location, &cx->ask);
		ack_free(a);
		return;
	}
	if (!flow_ref_none(&a->branch.target->flow)) {
		transmit(a, &a->branch.target->flow);
		ack_free(a);
		return;
	}
	a->ask = (struct resolve){ .uri = a->branch.target->next, .text = a->branch.target->next_text, .arena = &cx->arena,
	                           .prefer_stream = p->msg.text.n + 400 > px->s.settings.udp_limit, .done = resolved_later };
	if (resolver_ask(px->s.resolver, &a->ask) == RESOLVE_LATER) {
		a->branch.ask = &a->ask;
		return;
	}
	send_to_hop(a);
	ack_free(a);
}

void acks_drop(struct proxy *px)
{
	while (!list_empty(&px->acks))
		ack_free(CONTAINER(CONTAINER(px->acks.next, struct context, node), struct ack, cx));
}
