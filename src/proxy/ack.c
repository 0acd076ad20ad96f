/* SPDX-License-Identifier: Apache-2.0 */
/* ack.c - an ACK for a 2xx: a request of its own, forwarded without a transaction. RFC 3261 §16.7 step 5,
 * §13.2.2.4 (PX-46). Nothing answers an ACK, so whatever is wrong with one is dropped. */
#include "proxy_private.h"

/* In the arena of its packet. */
struct ack {
	struct context cx;              /* only what routing needs; in no list of contexts */
	struct packet *packet;
};

static void ack_free(struct ack *a)
{
	if (a->cx.branch.ask)
		resolver_forget(a->cx.px->s.resolver, a->cx.branch.ask);
	list_remove(&a->cx.node);
	packet_free(a->packet);
}

static void transmit(struct ack *a, const struct flow_ref *flow)
{
	struct proxy *px = a->cx.px;
	char id[BRANCH_ID_SIZE];
	branch_id_make(px, a->cx.loop_hash, id);
	struct wire *w = forward_build(&a->cx, &a->cx.branch, flow, (struct str){ id, sizeof id });
	if (transport_send(px->s.transport_worker, flow, w) == SEND_OK)
		px->counts.forwarded++;
	wire_unref(w);
}

static void send_to_hop(struct ack *a, const struct resolve *ask)
{
	struct flow_ref flow;
	for (unsigned i = 0; ask->status == RESOLVE_OK && i < ask->count; i++)
		if (may_reach(&a->cx, &a->packet->from, a->cx.branch.target, &ask->hops[i].addr) &&
		    transport_open(a->cx.px->s.transport_worker, &ask->hops[i], &flow) == SEND_OK) {
			transmit(a, &flow);
			return;
		}
}

static void resolved_later(struct resolve *ask)
{
	struct branch *b = CONTAINER(ask, struct pending_resolve, ask)->branch;
	struct ack *a = CONTAINER(b->cx, struct ack, cx);
	b->ask = NULL;
	send_to_hop(a, ask);
	ack_free(a);
}

/* Where a URI leads; false: the answer comes later, and the ACK waits for it. */
static bool resolve(struct ack *a)
{
	struct context *cx = &a->cx;
	struct pending_resolve *pending = ARENA_NEW(cx->arena, struct pending_resolve);
	pending->branch = &cx->branch;
	pending->ask = (struct resolve){
		.uri = cx->branch.target->next, .text = cx->branch.target->next_text, .arena = cx->arena,
		.prefer_stream = cx->msg->text.n + 400 > cx->px->s.settings.udp_limit, .done = resolved_later,
	};
	cx->branch.ask = &pending->ask;
	if (resolver_ask(cx->px->s.resolver, &pending->ask) == RESOLVE_LATER)
		return false;
	cx->branch.ask = NULL;
	send_to_hop(a, &pending->ask);
	return true;
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
	struct target *t = cx->view.dialog ? rescue_recall(cx) : NULL;
	if (t) {
		cx->branch.group = ARENA_NEW(cx->arena, struct group);
	} else {
		if (targets_find(cx) != 0 || !cx->groups)
			return false;
		cx->branch.group = cx->groups;
		t = group_next(cx->groups);
	}
	cx->branch.target = t;
	return t != NULL;
}

void proxy_ack(struct proxy *px, struct packet *p)
{
	struct ack *a = arena_alloc(&p->arena, sizeof *a);
	*a = (struct ack){
		.cx = { .px = px, .arena = &p->arena, .msg = &p->msg, .breadth = px->s.settings.max_breadth, .branch.cx = &a->cx,
		        .rights = policy_rights(px->s.policy, &p->from.remote, p->peer_names) },
		.packet = p,
	};
	struct context *cx = &a->cx;
	list_add_tail(&px->acks, &cx->node);
	proxy_look_at_routes(px, p, &cx->view);
	cx->loop_hash = loop_hash(px, &p->msg, &cx->view);

	if (cx->view.refuse || p->msg.max_forwards == 0 || !may_pass(cx) || loop_found(px, &p->msg, cx->loop_hash) || !find_way(a)) {
		if (cx->asking)
			location_forget(px->s.location, &cx->ask);
		ack_free(a);
		return;
	}
	if (!flow_ref_none(&cx->branch.target->flow))
		transmit(a, &cx->branch.target->flow);
	else if (!resolve(a))
		return;
	ack_free(a);
}

void acks_drop(struct proxy *px)
{
	while (!list_empty(&px->acks))
		ack_free(CONTAINER(CONTAINER(px->acks.next, struct context, node), struct ack, cx));
}
