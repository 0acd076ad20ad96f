/* SPDX-License-Identifier: Apache-2.0 */
/* context.c - the response context: which branch runs, which flow comes next, which answer goes up.
 * RFC 3261 §16.7, RFC 5626 §7, RFC 4320, RFC 6026.
 *
 * What becomes of the flows of one phone stands in group.c. Reports from branches only record what happened; context_go_on,
 * called last in every event, starts what may start and answers when nothing is open. Nothing may touch the context after it. */
#include "clock.h"
#include "mem.h"
#include "proxy_private.h"

#define CANCEL_WAIT_MS 2000             /* for the 487 of a phone that rang and has gone since */
#define ELSEWHERE STR("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n")        /* PX-38 */

/* --- the request is done with --- */

static void give_back(struct context *cx)
{
	groups_end(cx);
	cx->groups = NULL;
	loop_timer_stop(cx->px->s.loop, &cx->timer);
	LIST_EACH(&cx->branches, it)
		branch_close(CONTAINER(it, struct branch, node));
	if (cx->asking) {
		location_forget(cx->px->s.location, &cx->ask);
		cx->asking = false;
	}
	for (unsigned i = 0; i < cx->challenge_count; i++)
		if (cx->challenges[i] != cx->best)
			packet_free(cx->challenges[i]);
	packet_free(cx->best);
	cx->best = NULL;
	cx->challenge_count = 0;
	cx->msg = NULL;
	cx->caller = NULL;
	cx->arena = NULL;
}

void context_free(struct context *cx)
{
	if (cx->msg)
		cx->px->live--;
	give_back(cx);
	while (!list_empty(&cx->branches))
		branch_free(CONTAINER(cx->branches.next, struct branch, node));
	list_remove(&cx->node);
	mem_free(cx);
}

void context_cancel(struct context *cx, struct str reason_row)
{
	/* A home waits for nobody, but passes a 200 on that crosses its CANCEL: it gets the chance. */
	bool asked_by_home = cx->view.path && (cx->rights & PEER_PATH);
	LIST_EACH(&cx->branches, it) {
		struct branch *b = CONTAINER(it, struct branch, node);
		if (!b->open)
			continue;
		branch_cancel(b, reason_row);
		if (!branch_phone_spoke(b) && !asked_by_home)
			branch_close(b);        /* its CANCEL leaves with its first response (PX-44); nobody waits for it */
	}
	groups_end(cx);
	if (cx->open && cx->invite)
		context_wait(cx, loop_now_ms(cx->px->s.loop) + CANCEL_WAIT_MS);
}

/* --- flows that are dead --- */

/* The flow behind this target does not exist any more: what is bound to it goes (OB-85, OB-88). */
static void forget_flow(struct context *cx, const struct target *t)
{
	cx->flow_failed = true;
	cx->px->counts.flow_failed++;
	if (t->binding)
		location_drop(cx->px->s.location, t->binding->aor, t->binding->id, clock_wall_ms());
}

/* --- candidates for the one answer --- */

static bool is_kept_challenge(const struct context *cx, const struct packet *p)
{
	for (unsigned i = 0; i < cx->challenge_count; i++)
		if (cx->challenges[i] == p)
			return true;
	return false;
}

static void forget_best(struct context *cx)
{
	if (cx->best && !is_kept_challenge(cx, cx->best))
		packet_free(cx->best);
	cx->best = NULL;
	cx->best_status = 0;
}

/* p: NULL when the status was made here. */
static void consider(struct context *cx, unsigned status, struct packet *p)
{
	if (p && (status == 401 || status == 407)) {
		if (!cx->challenges)
			cx->challenges = arena_array(cx->arena, cx->px->s.settings.max_targets + 1, sizeof *cx->challenges);
		if (cx->challenge_count <= cx->px->s.settings.max_targets)
			cx->challenges[cx->challenge_count++] = p;
	}
	if (!codes_better(cx->best_status, status)) {
		if (p && !is_kept_challenge(cx, p))
			packet_free(p);
		return;
	}
	forget_best(cx);
	cx->best = p;
	cx->best_status = status;
}

void context_target_failed(struct context *cx, struct branch *b, unsigned status)
{
	branch_close(b);
	if (!cx->msg)
		return;
	if (status != 408) {                            /* its way is lost, the flow's own or that of the edge before it */
		b->group->flow_lost |= b->client != NULL;
		b->group->rang = false;                 /* whoever rings next counts */
	}
	if (status == 430)
		forget_flow(cx, b->target);
	group_settle(cx, b->group);
	consider(cx, status, NULL);
}

/* --- responses --- */

/* An edge of ours says that the flow which its Path names is silent. */
static bool says_flow_silent(const struct context *cx, const struct branch *b, const struct packet *p)
{
	const struct sip_header *h = sip_first(&p->msg, SIP_H_WARNING);
	return h && b->target->node && str_eq(h->value, STR(FLOW_SILENT)) &&
	       (policy_rights(cx->px->s.policy, &p->from.remote, p->peer_names) & PEER_PATH);
}

static void provisional(struct context *cx, struct branch *b, struct packet *p)
{
	if (p->msg.status == 100) {                     /* hop by hop */
		if (cx->msg && says_flow_silent(cx, b, p))      /* after the answer there is nobody to replace it for */
			group_silent(cx, b);
	} else if (b->open && cx->msg && cx->invite) {  /* TX-15; who was replaced and lost says nothing any more */
		b->rang = true;
		group_follow(b);
		struct wire *w = response_build(cx, p, p->msg.status);
		txn_reply(cx->px->s.txns, cx->st, p->msg.status, w);
		wire_unref(w);
	}
	packet_free(p);
}

/* What the branches of an INVITE still answer with 2xx follows the first one without us (RFC 3261 §16.7 step 5). */
static void leave_branches(struct context *cx)
{
	LIST_EACH(&cx->branches, it) {
		struct branch *b = CONTAINER(it, struct branch, node);
		if (b->client)
			txn_leave(cx->px->s.txns, b->client, cx->st);
		b->client = NULL;
	}
}

static void success(struct context *cx, struct branch *b, struct packet *p)
{
	struct proxy *px = cx->px;
	struct txn_server *st = cx->st;
	if (cx->msg->method == SIP_REGISTER && cx->rights == 0)
		registered_note(cx, p);
	rescue_remember(cx, b);
	redirect_ended(cx, p->msg.status);
	struct wire *w = response_build(cx, p, p->msg.status);
	px->live--;
	px->counts.answered++;
	branch_close(b);
	if (cx->invite) {
		context_cancel(cx, ELSEWHERE);
		leave_branches(cx);
	}
	cx->st = NULL;
	give_back(cx);
	txn_reply(px->s.txns, st, p->msg.status, w);
	wire_unref(w);
	packet_free(p);
}

static void failure(struct context *cx, struct branch *b, struct packet *p)
{
	struct group *g = b->group;
	unsigned status = p->msg.status;
	if (status == 482 && group_merged(cx, b)) {
		packet_free(p);
		return;
	}
	if (status == 430) {                            /* the edge's word for it is as good as a connection that ends */
		context_target_failed(cx, b, 430);
		packet_free(p);
		return;
	}
	branch_close(b);
	if (status / 100 == 3) {
		enum redirect_fate fate = redirect_follow(cx, b, p);
		if (fate == REDIRECT_TAKEN) {
			group_end(g);
			packet_free(p);
			return;
		}
	}
	if (status == 482 && g->copies > 1 && !b->target->trunk) {      /* it holds what we cannot hear: no loop of the caller's */
		group_end(g);
		consider(cx, 480, NULL);
		packet_free(p);
		return;
	}
	if ((status == 401 || status == 407) && challenge_answer(cx, b, p)) {
		packet_free(p);
		return;
	}
	/* OB-83. A 503 is the gateway's or the edge's own, which rewrites a phone's (PX-35): it is down, not the phone. */
	if ((status == 408 && !g->rang) || (status == 503 && (b->target->trunk || b->target->node)))
		group_settle(cx, g);
	else
		group_end(g);                           /* any other final answer is the instance's (OB-82) */
	consider(cx, status, p);
	if (status >= 600) {
		cx->stopped = true;                     /* PX-37 */
		context_cancel(cx, STR_NONE);
	}
}

void context_response(struct context *cx, struct branch *b, struct packet *p)
{
	unsigned status = p->msg.status;
	if (status < 200)
		provisional(cx, b, p);
	else if (status < 300)
		success(cx, b, p);
	else if (b->open && cx->msg)
		failure(cx, b, p);
	else {
		if (cx->msg)                            /* it lost against a sibling: should that one fail, its flow is as good as any */
			b->target->used = false;
		packet_free(p);
	}
}

/* --- the end --- */

unsigned context_choose(const struct context *cx, struct str *phrase, struct str *extra)
{
	unsigned status = cx->best_status;
	*phrase = *extra = STR_NONE;
	if (cx->cancelled && status / 100 != 6)
		return 487;
	if (status == 430 || (status == 503 && !cx->best && cx->view.dialog && cx->view.registration)) {
		status = rescue_status(cx);
		if (status == 500)
			*extra = STR("Retry-After: 5\r\n");
		if (status == 480)
			*phrase = STR("Temporarily Unavailable (no connection to the phone)");
	} else if (status == 503) {
		status = 500;                           /* PX-35 */
		if (!cx->best)
			*phrase = STR("Server Internal Error (next hop unreachable)");
	} else if (status == 480 && !cx->best && cx->flow_failed) {
		*extra = STR("Retry-After: 30\r\n");
	} else if (status == 480 && !cx->best && cx->sips_only) {
		*extra = STR("Warning: 380 sluice \"SIPS Not Allowed\"\r\n");
	}
	return status ? status : 480;
}

static void answer(struct context *cx)
{
	struct proxy *px = cx->px;
	struct str phrase, extra;
	unsigned status = context_choose(cx, &phrase, &extra);
	if (status == 487 && cx->best_status != 487) {  /* what the branches said before the CANCEL does not matter */
		packet_free(is_kept_challenge(cx, cx->best) ? NULL : cx->best);
		cx->best = NULL;
	}
	redirect_ended(cx, status);
	struct txn_server *st = cx->st;
	cx->st = NULL;
	px->live--;
	px->counts.answered++;
	if (status == 408 && !cx->invite) {             /* RFC 4320 §4.2: it would come too late and be wrong */
		give_back(cx);
		txn_drop(px->s.txns, st);
	} else if (cx->best) {
		struct wire *w = response_build(cx, cx->best, status);
		give_back(cx);
		txn_reply(px->s.txns, st, status, w);
		wire_unref(w);
	} else {
		give_back(cx);
		txn_answer(px->s.txns, st, status, phrase, extra);
	}
}

/* The next group that may start: those of one rank run together, later ones wait (RFC 3261 §16.6), and never more than
 * Max-Breadth allows (RFC 5393 §5.3.3). */
static struct group *startable(struct context *cx)
{
	unsigned rank = 0;
	if (cx->open * cx->breadth + cx->breadth > cx->breadth_total)
		return NULL;
	for (struct group *g = cx->groups; g; g = g->next) {
		if (g->over)
			continue;
		if (rank && g->rank != rank)
			return NULL;
		if (!g->started)
			return g;
		rank = g->rank;
	}
	return NULL;
}

void context_go_on(struct context *cx)
{
	struct group *g;
	while (cx->msg && !cx->cancelled && !cx->stopped && (g = startable(cx))) {
		g->started = true;
		branch_start(cx, g);
	}
	if (cx->open || cx->asking || cx->retries)
		return;
	if (cx->msg && redirect_fall_back(cx)) {
		forget_best(cx);
		context_go_on(cx);
		return;
	}
	if (cx->msg)
		answer(cx);
	if (!cx->st)
		context_free(cx);
}
