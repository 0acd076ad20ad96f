/* SPDX-License-Identifier: Apache-2.0 */
/* branch.c - one try at one target: resolve it if need be, send, listen, give up. RFC 3261 §16.6
 * steps 7-11, RFC 3263 §4.3. */
#include "mem.h"
#include "proxy_private.h"

#define DOWN_MS 30000                   /* a next hop that failed is asked last for so long */

static void send_next(struct branch *b);

/* --- what the transaction layer reports --- */

/* Who said 503 rests as long as it asked for, whatever becomes of this request (TX-29). */
static void let_rest(struct branch *b, const struct packet *p)
{
	uint32_t after_s;
	if (sip_number(&p->msg, SIP_H_RETRY_AFTER, &after_s) && after_s)
		resolver_penalise(b->cx->px->s.resolver, &b->hops[b->hop_at], p->at_ms + (int64_t)after_s * 1000);
}

static void got_response(void *user, struct txn_client *ct, struct packet *p)
{
	struct branch *b = user;
	struct context *cx = b->cx;
	(void)ct;
	if (b->open && b->timer_c.fire && p->msg.status > 100 && p->msg.status < 200)
		loop_timer_set(cx->px->s.loop, &b->timer_c, loop_now_ms(cx->px->s.loop) + cx->px->s.settings.timer_c_ms);
	if (p->msg.status == 503 && b->open && b->hop_at < b->hop_count)
		let_rest(b, p);
	if (p->msg.status == 503 && b->open && b->hop_at + 1 < b->hop_count && !cx->cancelled) {
		/* The next address of the same target (TX-26). */
		txn_forget(cx->px->s.txns, b->client);
		b->client = NULL;
		packet_free(p);
		b->hop_at++;
		send_next(b);
	} else {
		context_response(cx, b, p);
	}
	context_go_on(cx);
}

/* What a target counts as that gave nothing final. Dead by proof (430: what is bound to it goes) is a flow that ended, or a phone's
 * own socket that ICMP says is closed; a connection that we could not open, or a network that took nothing, proves nothing about
 * the phone. */
static unsigned failed_as(const struct branch *b, enum txn_failure why)
{
	const struct target *t = b->target;
	switch (why) {
	case TXN_TIMEOUT:
		return 408;
	case TXN_FLOW_GONE:
		return flow_ref_none(&t->flow) ? 503 : 430;
	case TXN_UNREACHABLE:
		return !t->node && (t->binding || t->token_flow) ? 430 : 503;
	case TXN_NOT_SENT:
		break;
	}
	return t->node || !(t->binding || t->token_flow) ? 503 : 480;
}

static void has_failed(void *user, struct txn_client *ct, enum txn_failure why)
{
	struct branch *b = user;
	struct context *cx = b->cx;
	bool silent = !txn_got_response(ct);
	if (!b->open)
		return;
	bool down = b->hops && (why != TXN_TIMEOUT || silent), others = b->hop_at + 1 < b->hop_count;
	if (down && (others || b->target->node))
		resolver_penalise(cx->px->s.resolver, &b->hops[b->hop_at], loop_now_ms(cx->px->s.loop) + DOWN_MS);
	if (down && others && !cx->cancelled) {
		txn_forget(cx->px->s.txns, ct);
		b->client = NULL;
		b->hop_at++;
		send_next(b);
	} else {
		unsigned status = failed_as(b, why);
		if (why == TXN_UNREACHABLE && status == 430)
			transport_flow_dead(cx->px->s.transport_worker, txn_client_flow(ct));
		if (why == TXN_NOT_SENT)
			target_suspect(cx, b->target);
		context_target_failed(cx, b, status);
	}
	context_go_on(cx);
}

static void is_over(void *user, struct txn_client *ct)
{
	struct branch *b = user;
	(void)ct;
	b->client = NULL;
}

static void is_silent(void *user, struct txn_client *ct)
{
	struct branch *b = user;
	struct context *cx = b->cx;
	(void)ct;
	if (b->open && b->target->node && b->hop_at < b->hop_count)     /* an edge says 100 by then */
		resolver_penalise(cx->px->s.resolver, &b->hops[b->hop_at], loop_now_ms(cx->px->s.loop) + DOWN_MS);
	group_silent(cx, b);
	context_go_on(cx);
}

bool branch_was_heard(const struct branch *b)
{
	return b->client && txn_got_response(b->client);
}

bool branch_phone_spoke(const struct branch *b)
{
	return b->target->node ? b->rang : branch_was_heard(b);
}

static const struct txn_client_ops ops = {
	.response = got_response, .silent = is_silent, .failed = has_failed, .over = is_over,
};

/* --- timer C: PX-21 --- */

static void timer_c_fired(struct loop_timer *t)
{
	struct branch *b = CONTAINER(t, struct branch, timer_c);
	if (!b->open || !b->client)
		return;
	if (txn_got_response(b->client))
		branch_cancel(b, STR_NONE);             /* its 487, or the transaction's own time-out, ends the branch */
	else
		context_target_failed(b->cx, b, 408);
	context_go_on(b->cx);
}

/* --- sending --- */

/* How long a phone may say nothing at all before its next flow is tried. A gateway is not asked twice: it would call twice. */
static int64_t silent_ms(const struct branch *b, const struct flow_ref *flow)
{
	const struct proxy_settings *s = &b->cx->px->s.settings;
	bool phone_in_dialog = b->cx->view.dialog && b->cx->view.registration;
	if (!b->target->binding && !b->target->token_flow && !phone_in_dialog)
		return 0;
	if (!b->cx->invite)
		return s->silent_other_ms;
	return transport_is_stream(flow->kind) ? s->silent_stream_ms : s->silent_udp_ms;
}

static void transmit(struct branch *b, const struct flow_ref *flow)
{
	struct context *cx = b->cx;
	struct proxy *px = cx->px;
	char id[BRANCH_ID_SIZE];
	branch_id_make(px, cx->loop_hash, id);
	struct str branch_id = { id, sizeof id };
	struct wire *w = forward_build(cx, b, flow, branch_id);
	struct txn_request r = {
		.to = *flow, .bytes = w, .method = cx->msg->method, .branch = branch_id,
		.silent_ms = silent_ms(b, flow), .ops = &ops, .user = b,
	};
	b->client = txn_send(px->s.txns, &r);
	wire_unref(w);
	px->counts.forwarded++;
	if (cx->invite) {
		b->timer_c.fire = timer_c_fired;
		loop_timer_set(px->s.loop, &b->timer_c, loop_now_ms(px->s.loop) + px->s.settings.timer_c_ms);
	}
}

/* The hop at hop_at, or the first after it that can be opened. */
static void send_next(struct branch *b)
{
	struct proxy *px = b->cx->px;
	unsigned failed = 503;
	for (; b->hop_at < b->hop_count; b->hop_at++) {
		struct flow_ref flow;
		if (!may_reach(b->cx, &b->cx->st->packet->from, b->target, &b->hops[b->hop_at].addr)) {
			failed = 403;
			continue;
		}
		if (transport_open(px->s.transport_worker, &b->hops[b->hop_at], &flow) == SEND_OK) {
			transmit(b, &flow);
			return;
		}
	}
	context_target_failed(b->cx, b, failed);
}

static void resolved(struct branch *b)
{
	struct resolve *ask = b->ask;
	b->ask = NULL;
	b->hops = ask->hops;
	b->hop_count = ask->status == RESOLVE_OK ? ask->count : 0;
	b->hop_at = 0;
	if (target_defer(b)) {
		branch_close(b);
		group_settle(b->cx, b->group);
		return;
	}
	send_next(b);
}

static void resolved_later(struct resolve *ask)
{
	struct branch *b = CONTAINER(ask, struct pending_resolve, ask)->branch;
	struct context *cx = b->cx;
	resolved(b);
	context_go_on(cx);
}

static void resolve(struct branch *b)
{
	struct context *cx = b->cx;
	struct proxy *px = cx->px;
	struct pending_resolve *pending = ARENA_NEW(cx->arena, struct pending_resolve);
	pending->branch = b;
	b->ask = &pending->ask;
	*b->ask = (struct resolve){
		.uri = b->target->next, .text = b->target->next_text, .arena = cx->arena, .done = resolved_later,
		/* Via, Record-Route and the rest that we add count too (TP-10). */
		.prefer_stream = cx->msg->text.n + 400 > px->s.settings.udp_limit,
	};
	if (cx->view.ruri.scheme == SIP_SCHEME_SIPS)
		b->ask->uri.scheme = SIP_SCHEME_SIPS;   /* only TLS from here on (PX-17) */
	if (resolver_ask(px->s.resolver, b->ask) == RESOLVE_NOW)
		resolved(b);
}

void branch_start(struct context *cx, struct group *g)
{
	struct branch *b = list_empty(&cx->branches) ? &cx->branch : mem_alloc(sizeof *b);
	*b = (struct branch){ .cx = cx, .group = g, .target = group_next(g), .open = true };
	b->target->used = true;
	g->copies++;
	cx->open++;
	list_add_tail(&cx->branches, &b->node);
	if (flow_ref_none(&b->target->flow)) {
		resolve(b);
		return;
	}
	if (!transport_flow_alive(cx->px->s.transport, &b->target->flow)) {
		context_target_failed(cx, b, 430);
		return;
	}
	transmit(b, &b->target->flow);
}

void branch_close(struct branch *b)
{
	if (!b->open)
		return;
	b->open = false;
	b->cx->open--;
	loop_timer_stop(b->cx->px->s.loop, &b->timer_c);
	if (b->ask) {
		resolver_forget(b->cx->px->s.resolver, b->ask);
		b->ask = NULL;
	}
}

bool branch_reopen(struct branch *b)
{
	struct context *cx = b->cx;
	if (!b->cancelled || branch_was_heard(b) || !b->client || !txn_uncancel(cx->px->s.txns, b->client))
		return false;
	b->cancelled = b->abandoned = false;
	b->open = true;
	cx->open++;
	loop_timer_set(cx->px->s.loop, &b->timer_c, loop_now_ms(cx->px->s.loop) + cx->px->s.settings.timer_c_ms);
	return true;
}

void branch_cancel(struct branch *b, struct str reason_row)
{
	if (b->cancelled)
		return;
	b->cancelled = true;
	if (b->client)
		txn_cancel(b->cx->px->s.txns, b->client, reason_row);
}

void branch_free(struct branch *b)
{
	branch_close(b);
	if (b->client)
		txn_forget(b->cx->px->s.txns, b->client);
	list_remove(&b->node);
	if (b != &b->cx->branch)
		mem_free(b);
}
