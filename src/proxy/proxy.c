/* SPDX-License-Identifier: Apache-2.0 */
/* proxy.c - what comes in: admitted or refused, then a response context of its own. RFC 3261 §16.3. */
#include "mem.h"
#include "proxy_private.h"

void proxy_settings_init(struct proxy_settings *s)
{
	*s = (struct proxy_settings){ .timer_c_ms = 185000, .max_breadth = 60, .max_targets = 32, .udp_limit = 1300,
	                              .silent_stream_ms = 1200, .silent_udp_ms = 2000, .silent_other_ms = 4500, .give_up_ms = 8000,
	                              .flow_timer_s = 120 };
}

int proxy_shared_new(const struct policy *policy, struct proxy_shared **out)
{
	struct proxy_shared *s = mem_zalloc(sizeof *s);
	unsigned hops = 0;
	s->policy = policy;
	s->loop_key = hash_key_new();
	s->first_hop = mem_zalloc((policy->route_count + 1) * sizeof *s->first_hop);
	for (unsigned i = 0; i < policy->route_count; i++) {
		s->first_hop[i] = hops;
		hops += policy->routes[i].hop_count;
	}
	s->hops = mem_zalloc((hops + 1) * sizeof *s->hops);
	*out = s;
	return 0;
}

void proxy_shared_free(struct proxy_shared *s)
{
	if (!s)
		return;
	mem_free(s->hops);
	mem_free(s->first_hop);
	mem_free(s);
}

int proxy_new(const struct proxy_setup *setup, struct proxy **out)
{
	struct proxy *px = mem_zalloc(sizeof *px);
	px->s = *setup;
	list_init(&px->contexts);
	list_init(&px->acks);
	list_init(&px->probes);
	list_init(&px->flow_probes);
	list_init(&px->rescued);
	arena_init(&px->work, px->work_block, sizeof px->work_block);
	if (setup->probes)
		probes_start(px);
	*out = px;
	return 0;
}

void proxy_free(struct proxy *px)
{
	if (!px)
		return;
	probes_stop(px);
	flow_probes_stop(px);
	acks_drop(px);
	rescue_forget_all(px);
	while (!list_empty(&px->contexts))
		context_free(CONTAINER(px->contexts.next, struct context, node));
	arena_fini(&px->work);
	buf_fini(&px->text);
	buf_fini(&px->out);
	mem_free(px);
}

void work_reset(struct proxy *px)
{
	arena_fini(&px->work);
	arena_init(&px->work, px->work_block, sizeof px->work_block);
}

struct str work_str(struct proxy *px)
{
	struct str s = arena_str(&px->work, buf_str(&px->text));
	buf_clear(&px->text);
	return s;
}

unsigned proxy_live(const struct proxy *px)
{
	return px->live;
}

void proxy_count(const struct proxy *px, struct proxy_counts *out)
{
	*out = px->counts;
}

/* --- RFC 3261 §16.3 --- */

static void refuse(struct proxy *px, struct packet *p, unsigned status, struct str phrase, struct str extra)
{
	px->counts.refused++;
	txn_reply_stateless(px->s.txns, p, status, phrase, extra);
	packet_free(p);
}

/* A token that nothing can be made of, or the flow of a Path is dead. A home is told 430 and tries the next flow; an endpoint never
 * hears it. */
static void refuse_flow(struct proxy *px, struct packet *p, unsigned status)
{
	unsigned rights = policy_rights(px->s.policy, &p->from.remote, p->peer_names);
	px->counts.flow_failed += status == 430;
	if (status != 430 || (rights & PEER_PATH))
		refuse(px, p, status, STR_NONE, STR_NONE);
	else if (p->msg.to.tag.n)
		refuse(px, p, 500, STR("Server Internal Error (no connection to the phone)"), STR("Retry-After: 5\r\n"));
	else
		refuse(px, p, 480, STR("Temporarily Unavailable (no connection to the phone)"), STR_NONE);
}

/* Proxy-Require: no option of a proxy is known here; all are listed (PX-05). */
static bool refuse_options(struct proxy *px, struct packet *p)
{
	struct sip_values it;
	struct str value;
	struct buf row = { 0 };
	sip_values_begin(&it, &p->msg, SIP_H_PROXY_REQUIRE);
	while (sip_values_next(&it, &value)) {
		buf_add(&row, row.n ? STR(", ") : STR("Unsupported: "));
		buf_add(&row, value);
	}
	if (!row.n)
		return false;
	BUF_LIT(&row, "\r\n");
	refuse(px, p, 420, STR_NONE, buf_str(&row));
	buf_fini(&row);
	return true;
}

/* A phone that wants outbound through an edge must understand Path (OB-41). */
static bool lacks_path(const struct sip_msg *m)
{
	struct sip_values it;
	struct str value;
	struct sip_addr contact;
	if (m->method != SIP_REGISTER || sip_has_token(m, SIP_H_SUPPORTED, STR("path")))
		return false;
	sip_values_begin(&it, m, SIP_H_CONTACT);
	while (sip_values_next(&it, &value))
		if (sip_addr_of(m, value, &contact) && sip_param_find(contact.params, STR("reg-id"), NULL))
			return true;
	return false;
}

static bool validate(struct proxy *px, struct packet *p, const struct route_view *view)
{
	const struct sip_msg *m = &p->msg;
	uint32_t breadth;
	if (view->refuse) {
		refuse_flow(px, p, view->refuse);
		return false;
	}
	if (view->ruri.scheme == SIP_SCHEME_OTHER) {
		refuse(px, p, 416, STR_NONE, STR_NONE);
		return false;
	}
	if (m->max_forwards == 0) {
		refuse(px, p, 483, STR_NONE, STR_NONE);
		return false;
	}
	if (refuse_options(px, p))
		return false;
	if (sip_number(m, SIP_H_MAX_BREADTH, &breadth) && breadth == 0) {
		refuse(px, p, 440, STR_NONE, STR_NONE);
		return false;
	}
	if (lacks_path(m)) {
		refuse(px, p, 421, STR_NONE, STR("Require: path\r\n"));
		return false;
	}
	return true;
}

/* A request in a dialog has one target, forks nowhere below, and may need every flow of the phone, one after the other. */
#define FLOWS_IN_DIALOG 6

void context_set_breadth(struct context *cx)
{
	uint32_t came;
	unsigned most = cx->px->s.settings.max_breadth;
	cx->breadth_total = sip_number(cx->msg, SIP_H_MAX_BREADTH, &came) && came < most ? came : most;
	unsigned parallel = 0;
	for (const struct group *g = cx->groups; g; g = g->next)        /* silent flows and those that replaced them; one may come yet */
		parallel += g->count + group_may_grow(g) * (cx->view.dialog ? FLOWS_IN_DIALOG : 1);
	if (!parallel)
		parallel = 1;
	cx->breadth = cx->breadth_total / parallel ? cx->breadth_total / parallel : 1;
}

static struct context *context_new(struct proxy *px, struct packet *p, const struct route_view *view, const struct admission *who)
{
	struct context *cx = mem_alloc(sizeof *cx);
	*cx = (struct context){
		.px = px, .arena = &p->arena, .msg = &p->msg, .invite = p->msg.method == SIP_INVITE, .view = *view,
		.caller = who->caller, .caller_aor = who->aor, .rights = who->rights,
	};
	list_init(&cx->branches);
	list_add_tail(&px->contexts, &cx->node);
	px->live++;
	return cx;
}

/* Nowhere to go: answered without a transaction, so that nobody makes us repeat ourselves towards an address that he made up. */
static void refuse_context(struct context *cx, struct packet *p, unsigned status)
{
	struct proxy *px = cx->px;
	struct str phrase, extra;
	cx->best_status = status;
	status = context_choose(cx, &phrase, &extra);
	context_free(cx);
	refuse(px, p, status, phrase, extra);
}

void proxy_handle(struct proxy *px, struct packet *p, const struct route_view *view)
{
	struct admission who;
	if (!validate(px, p, view))
		return;
	if (admit(px, p, view, &who)) {
		packet_free(p);
		return;
	}
	uint64_t hash = loop_hash(px, &p->msg, view);
	if (loop_found(px, &p->msg, hash)) {
		px->counts.loops++;
		refuse(px, p, 482, STR_NONE, STR_NONE);
		return;
	}
	struct context *cx = context_new(px, p, view, &who);
	cx->loop_hash = hash;
	unsigned status = targets_find(cx);
	if (status && status != TARGETS_LATER && status / 100 != 3) {
		refuse_context(cx, p, status);
		return;
	}
	cx->st = txn_accept(px->s.txns, p);
	if (!cx->st) {
		cx->groups = NULL;                      /* they went with the packet; nothing of them was started */
		context_free(cx);
		return;
	}
	cx->st->user = cx;
	if (status / 100 == 3) {                        /* said until it is acknowledged (RD-06) */
		struct txn_server *st = cx->st;
		struct str rows = cx->told;
		px->counts.answered++;
		cx->st = NULL;
		st->user = NULL;
		context_free(cx);
		txn_answer(px->s.txns, st, status, STR_NONE, rows);
		return;
	}
	if (!status)
		context_set_breadth(cx);
	context_go_on(cx);
}

void proxy_cancelled(struct proxy *px, struct txn_server *st, const struct packet *cancel)
{
	struct context *cx = st->user;
	struct buf reason = { 0 };
	(void)px;
	for (int i = cancel->msg.first[SIP_H_REASON]; i >= 0; i = cancel->msg.headers[i].next)
		buf_add(&reason, cancel->msg.headers[i].row);   /* PX-45 */
	cx->cancelled = true;
	context_cancel(cx, buf_str(&reason));
	buf_fini(&reason);
	context_go_on(cx);
}

struct wire *proxy_again(struct proxy *px, struct packet *p)
{
	return response_build(&(struct context){ .px = px }, p, p->msg.status);
}
