/* SPDX-License-Identifier: Apache-2.0 */
/* context.c - the response context: which branch runs, which flow comes next, which answer goes up.
 * RFC 3261 §16.7, RFC 5626 §7, RFC 4320, RFC 6026.
 *
 * Reports from branches only record what happened; context_go_on, called last in every event, starts what may start and
 * answers when nothing is open. Nothing may touch the context after it. */
#include "clock.h"
#include "mem.h"
#include "proxy_private.h"
#include "random.h"
#include "sip_digest.h"

#define ELSEWHERE STR("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n")        /* PX-38 */

/* --- the request is done with --- */

static void give_back(struct context *cx)
{
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
	arena_fini(&cx->arena);
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
	LIST_EACH(&cx->branches, it) {
		struct branch *b = CONTAINER(it, struct branch, node);
		if (!b->open)
			continue;
		bool heard = b->client && txn_got_response(b->client);
		branch_cancel(b, reason_row);
		if (!heard)
			branch_close(b);        /* its CANCEL leaves with its first response (PX-44); nobody waits for it */
	}
	for (unsigned i = 0; i < cx->group_count; i++)
		cx->groups[i].over = true;
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

static void next_target(struct context *cx, struct group *g)
{
	g->started = false;
	if (++g->at >= g->count || cx->cancelled || cx->stopped)
		g->over = true;
	else
		cx->px->counts.next_flow++;
	g->answered_challenge = false;                  /* another hop, another nonce */
	g->credentials = STR_NONE;
}

/* --- candidates for the one answer --- */

static bool is_kept_challenge(const struct context *cx, const struct packet *p)
{
	for (unsigned i = 0; i < cx->challenge_count; i++)
		if (cx->challenges[i] == p)
			return true;
	return false;
}

/* p: NULL when the status was made here. */
static void consider(struct context *cx, unsigned status, struct packet *p)
{
	if (p && (status == 401 || status == 407)) {
		if (!cx->challenges)
			cx->challenges = arena_array(&cx->arena, cx->px->s.settings.max_targets + 1, sizeof *cx->challenges);
		if (cx->challenge_count <= cx->px->s.settings.max_targets)
			cx->challenges[cx->challenge_count++] = p;
	}
	if (!best_is_better(cx->best_status, status)) {
		if (p && !is_kept_challenge(cx, p))
			packet_free(p);
		return;
	}
	if (cx->best && !is_kept_challenge(cx, cx->best))
		packet_free(cx->best);
	cx->best = p;
	cx->best_status = status;
}

void context_target_failed(struct context *cx, struct branch *b, unsigned status)
{
	struct group *g = b->group;
	const struct target *t = b->target;
	branch_close(b);
	if (!cx->msg)
		return;
	if (status == 430)
		forget_flow(cx, t);
	if (status == 408)
		cx->timed_out = true;
	next_target(cx, g);
	consider(cx, status, NULL);
}

/* --- a trunk wants credentials: answered once, same hop, new branch --- */

static bool answer_challenge(struct context *cx, struct branch *b, const struct packet *p)
{
	const struct route *r = b->target->trunk;
	struct group *g = b->group;
	if (!r || !r->username.n || g->answered_challenge || cx->cancelled)
		return false;
	bool proxy = p->msg.status == 407;
	enum sip_header_id asked = proxy ? SIP_H_PROXY_AUTHENTICATE : SIP_H_WWW_AUTHENTICATE;
	struct sip_digest *digest;
	struct str value = STR_NONE;
	if (sip_digest_new(&digest))
		return false;
	for (int i = p->msg.first[asked]; i >= 0 && !value.n; i = p->msg.headers[i].next) {
		struct sip_challenge ch;
		char cnonce[16];
		random_token(cnonce, sizeof cnonce);
		if (sip_challenge_parse(p->msg.headers[i].value, &cx->arena, &ch) != SIP_CREDENTIALS_OK)
			continue;
		value = sip_digest_answer(digest, &ch, r->username, r->password, cx->msg->method_name, b->target->ruri,
		                          (struct str){ cnonce, sizeof cnonce }, &cx->arena);
	}
	sip_digest_free(digest);
	if (!value.n)
		return false;
	g->answered_challenge = true;
	g->credentials = arena_printf(&cx->arena, "%s: %.*s\r\n", proxy ? "Proxy-Authorization" : "Authorization",
	                              STR_FMT(value));
	g->started = false;                             /* context_go_on starts the same target again */
	return true;
}

/* --- responses --- */

static void provisional(struct context *cx, struct packet *p)
{
	if (p->msg.status > 100 && cx->invite && cx->st && !cx->accepted) {     /* 100 is hop by hop; TX-15 */
		struct wire *w = response_build(cx, p, p->msg.status);
		txn_reply(cx->px->s.txns, cx->st, p->msg.status, w);
		wire_unref(w);
	}
	packet_free(p);
}

/* A home accepted a registration through us: its flow is judged by keep-alives from now on. */
static void note_registration(struct context *cx, const struct sip_msg *m)
{
	uint32_t expires_s = 0, header_s;
	struct sip_values it;
	struct str value;
	if (!sip_number(m, SIP_H_EXPIRES, &header_s))
		header_s = 0;
	sip_values_begin(&it, m, SIP_H_CONTACT);
	while (sip_values_next(&it, &value)) {
		struct sip_addr contact;
		struct str text;
		uint32_t s = header_s;
		if (!sip_addr_parse(value, &contact))
			continue;
		if (sip_param_find(contact.params, STR("expires"), &text) && !str_u32(text, UINT32_MAX, &s))
			s = header_s;
		if (s > expires_s)
			expires_s = s;
	}
	if (expires_s)
		transport_flow_registered(cx->px->s.transport_worker, &cx->st->packet->from, &(struct flow_registration){
			.registration = 1, .outbound = sip_has_token(m, SIP_H_REQUIRE, STR("outbound")),
			.until_ms = loop_now_ms(cx->px->s.loop) + (int64_t)expires_s * 1000 });
}

static void success(struct context *cx, struct branch *b, struct packet *p)
{
	struct proxy *px = cx->px;
	if (!cx->st) {
		packet_free(p);
		return;
	}
	if (cx->msg && cx->msg->method == SIP_REGISTER && cx->rights == 0)
		note_registration(cx, &p->msg);
	struct wire *w = response_build(cx, p, p->msg.status);
	struct txn_server *st = cx->st;
	if (!cx->accepted) {
		cx->accepted = true;
		px->live--;
		px->counts.answered++;
		branch_close(b);
		if (cx->invite)
			context_cancel(cx, ELSEWHERE);
		else
			cx->st = NULL;
		give_back(cx);
	}
	txn_reply(px->s.txns, st, p->msg.status, w);
	wire_unref(w);
	packet_free(p);
}

static void failure(struct context *cx, struct branch *b, struct packet *p)
{
	struct group *g = b->group;
	unsigned status = p->msg.status;
	bool more = g->at + 1 < g->count;
	branch_close(b);
	if (status == 430) {
		forget_flow(cx, b->target);
		next_target(cx, g);
		consider(cx, 430, NULL);
		packet_free(p);
		return;
	}
	if ((status == 401 || status == 407) && answer_challenge(cx, b, p)) {
		packet_free(p);
		return;
	}
	if (more && (status == 408 || (status == 503 && b->target->trunk)))
		next_target(cx, g);                     /* OB-83; another gateway */
	else
		g->over = true;                         /* any other final answer is the instance's (OB-82) */
	if (status == 408)
		cx->timed_out = true;
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
		provisional(cx, p);
	else if (status < 300)
		success(cx, b, p);
	else if (b->open && cx->msg)
		failure(cx, b, p);
	else {
		branch_close(b);
		packet_free(p);
	}
}

/* --- the end --- */

/* What a dead flow is called towards whoever sent this request: to a home that can try the next flow 430, to an endpoint never
 * (OB-84); inside a dialog something that leaves the dialog alive. */
static unsigned flow_failed_status(const struct context *cx)
{
	if (cx->rights & PEER_PATH)
		return 430;
	return cx->msg->to.tag.n ? 500 : 480;
}

unsigned context_choose(const struct context *cx, struct str *phrase, struct str *extra)
{
	unsigned status = cx->best_status;
	*phrase = *extra = STR_NONE;
	if (cx->cancelled && status / 100 != 6)
		return 487;
	if (status == 430) {
		status = flow_failed_status(cx);
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

/* The next group that may start: those of equal q run together, lower ones wait (RFC 3261 §16.6), and never more than
 * Max-Breadth allows (RFC 5393 §5.3.3). */
static struct group *startable(struct context *cx)
{
	struct group *found = NULL;
	int q = -1;
	if (cx->open * cx->breadth + cx->breadth > cx->breadth_total)
		return NULL;
	for (unsigned i = 0; i < cx->group_count; i++) {
		struct group *g = &cx->groups[i];
		if (g->over || g->q < q)
			continue;
		if (g->q > q) {
			q = g->q;
			found = NULL;
		}
		if (!found && !g->started)
			found = g;
	}
	return found;
}

void context_go_on(struct context *cx)
{
	struct group *g;
	while (cx->msg && !cx->cancelled && !cx->stopped && (g = startable(cx))) {
		g->started = true;
		branch_start(cx, g);
	}
	if (cx->open || cx->asking)
		return;
	if (cx->msg)
		answer(cx);
	if (!cx->st)
		context_free(cx);
}
