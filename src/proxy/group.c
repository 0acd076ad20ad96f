/* SPDX-License-Identifier: Apache-2.0 */
/* group.c - one phone and its flows: which is tried, which is replaced, which counts. RFC 5626 §7 with a second verdict.
 *
 * A flow that is dead by proof gives way to the next one at once. One that is only silent is replaced as well, but its branch
 * stays open: silence hastens the replacement, not the verdict. Two copies of a request can then meet at one phone, in any
 * order; whatever it says to either, the caller hears one story. */
#include "clock.h"
#include "proxy_private.h"

#define MERGED_WAIT_MS 2000             /* a phone notices by then that a connection of its own has gone */
#define MERGED_MAX     3

/* --- targets --- */

struct target *group_next(const struct group *g)
{
	for (int deferred = 0; deferred <= 1; deferred++)
		for (unsigned i = 0; i < g->count; i++)
			if (!g->targets[i]->used && g->targets[i]->deferred == (bool)deferred)
				return g->targets[i];
	return NULL;
}

bool group_more(struct context *cx, struct group *g)
{
	return group_next(g) || rescue_targets(cx, g) || targets_again(cx, g);
}

struct target *group_add(struct context *cx, struct group *g, unsigned count)
{
	struct target **all = arena_array(cx->arena, g->count + count, sizeof *all);
	struct target *fresh = arena_array(cx->arena, count, sizeof *fresh);
	for (unsigned i = 0; i < g->count; i++)
		all[i] = g->targets[i];
	for (unsigned i = 0; i < count; i++)
		all[g->count + i] = &fresh[i];
	g->targets = all;
	g->count += count;
	return fresh;
}

/* --- its branches --- */

/* An open branch of the group other than b; one that counts before one that was replaced. NULL: there is none. */
static struct branch *open_branch(const struct group *g, const struct branch *b)
{
	struct branch *abandoned = NULL;
	LIST_EACH(&g->cx->branches, it) {
		struct branch *other = CONTAINER(it, struct branch, node);
		if (other->group != g || other == b || !other->open)
			continue;
		if (!other->abandoned)
			return other;
		abandoned = other;
	}
	return abandoned;
}

/* One that was cancelled because another rang, but has not heard of it yet: better than a second copy over the same flow. */
static bool revive(struct group *g)
{
	LIST_EACH(&g->cx->branches, it) {
		struct branch *b = CONTAINER(it, struct branch, node);
		if (b->group == g && b->lost && branch_reopen(b)) {
			b->lost = false;
			return true;
		}
	}
	return false;
}

void group_settle(struct context *cx, struct group *g)
{
	if (g->over)
		return;
	struct branch *left = open_branch(g, NULL);
	if (left && !left->abandoned)
		return;
	if (revive(g))
		return;
	if (group_more(cx, g)) {
		g->started = false;
		g->answered_challenge = false;          /* another hop, another nonce */
		g->credentials = STR_NONE;
		cx->px->counts.next_flow++;
	} else if (!left) {
		g->over = true;
	}
}

static void cancel_others(struct group *g, const struct branch *b)
{
	struct branch *other;
	while ((other = open_branch(g, b))) {
		branch_cancel(other, STR_NONE);
		branch_close(other);
		other->lost = true;
		if (branch_was_heard(other))
			other->target->used = false;    /* its flow is as good as any, should b's fail now */
	}
}

void group_end(struct group *g)
{
	g->over = true;
	cancel_others(g, NULL);
}

void groups_end(struct context *cx)
{
	for (struct group *g = cx->groups; g; g = g->next) {
		g->over = true;
		loop_timer_stop(cx->px->s.loop, &g->retry);
		loop_timer_stop(cx->px->s.loop, &g->look);
	}
	cx->retries = 0;
}

/* --- who rings first --- */

void group_follow(struct branch *b)
{
	struct group *g = b->group;
	g->rang = true;
	b->abandoned = false;
	cancel_others(g, b);
}

/* --- 482 --- */

static void retry_fired(struct loop_timer *t)
{
	struct group *g = CONTAINER(t, struct group, retry);
	if (!open_branch(g, NULL) && group_next(g))     /* else a flow that turned up meanwhile has the call, or had it */
		g->started = false;
	g->cx->retries--;
	context_go_on(g->cx);
}

bool group_merged(struct context *cx, struct branch *b)
{
	struct group *g = b->group;
	struct branch *other = open_branch(g, b);
	if (!other && (!g->flow_lost || g->merged >= MERGED_MAX || cx->cancelled || cx->stopped))
		return false;
	branch_close(b);
	b->target->used = false;                        /* its flow is fine, should the other fail */
	if (other) {
		if (!b->abandoned)
			other->abandoned = false;       /* the phone has it from there: that one is waited for */
		return true;
	}
	g->merged++;
	g->started = true;
	g->retry.fire = retry_fired;
	cx->retries += !loop_timer_armed(&g->retry);    /* a flow that turned up meanwhile may have been merged as well */
	loop_timer_set(cx->px->s.loop, &g->retry, loop_now_ms(cx->px->s.loop) + MERGED_WAIT_MS);
	return true;
}

/* --- silence --- */

/* Its time is over: what was replaced and still says nothing is no hope any more. */
static void give_up(struct loop_timer *t)
{
	struct context *cx = CONTAINER(t, struct context, timer);
	bool unwanted = cx->cancelled || cx->stopped;
	LIST_EACH(&cx->branches, it) {
		struct branch *b = CONTAINER(it, struct branch, node);
		if (!b->open || !(unwanted || (b->abandoned && !branch_phone_spoke(b))))
			continue;
		branch_cancel(b, STR_NONE);
		context_target_failed(cx, b, 408);
	}
	context_go_on(cx);
}

void context_wait(struct context *cx, int64_t until_ms)
{
	cx->timer.fire = give_up;
	loop_timer_set(cx->px->s.loop, &cx->timer, until_ms);
}

/* A home that asked us for this very flow may know of another one: it is told, hop by hop. */
static void tell_home(struct context *cx)
{
	if ((cx->view.path || cx->view.dialog) && (cx->rights & PEER_PATH) && cx->st)
		txn_answer(cx->px->s.txns, cx->st, 100, STR_NONE, STR("Warning: " FLOW_SILENT "\r\n"));
}

void group_replace(struct context *cx, struct group *g)
{
	struct branch *b = open_branch(g, NULL);
	if (b)
		b->abandoned = true;
	if (!loop_timer_armed(&cx->timer))
		context_wait(cx, cx->st->packet->at_ms + cx->px->s.settings.give_up_ms);
	group_settle(cx, g);
}

void group_silent(struct context *cx, struct branch *b)
{
	struct group *g = b->group;
	if (!b->open || b->abandoned || g->rang || cx->cancelled || cx->stopped)
		return;
	target_suspect(cx, b->target);
	if (group_more(cx, g)) {
		group_replace(cx, g);
		return;
	}
	tell_home(cx);                                  /* nothing else to try: it may take its time */
	group_look(cx, g);
}
