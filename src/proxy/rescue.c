/* SPDX-License-Identifier: Apache-2.0 */
/* rescue.c - a request in a dialog whose way to the phone is gone finds another one: a sibling flow on this node, or, at the home,
 * what the phone is bound to now. Departs from RFC 5626 §5.3.1, which has a request for a dead flow end there with 430: inside a
 * dialog no home has another flow to try, and the call would be lost. The phone is known by the registration in the token, whatever
 * flow it has.
 *
 * Route sets do not change while a dialog lives, so each request is rescued anew. An ACK cannot be: nothing answers it. It takes the
 * way of the INVITE that it acknowledges. */
#include "clock.h"
#include "mem.h"
#include "proxy_private.h"

static int64_t now_ms(const struct proxy *px)
{
	return loop_now_ms(px->s.loop);
}

/* --- another flow of the phone on this node --- */

static bool has_flow(const struct group *g, const struct flow_ref *flow)
{
	for (unsigned i = 0; i < g->count; i++)
		if (!flow_ref_none(&g->targets[i]->flow) && flow_ref_same(&g->targets[i]->flow, flow))
			return true;
	return false;
}

bool rescue_sibling(struct context *cx, struct group *g)
{
	const struct transport *t = cx->px->s.transport;
	uint64_t registration = cx->view.registration;
	struct flow_ref flow;
	if (!cx->view.dialog || !registration || !transport_sibling(t, registration, now_ms(cx->px), &flow) || has_flow(g, &flow))
		return false;
	bool suspect = transport_flow_is_suspect(t, &flow);
	bool went_on = flow_ref_none(&cx->view.flow) && !cx->view.lost;         /* to an edge, whose values are left in the route set */
	*group_add(cx, g, 1) = (struct target){
		.ruri = cx->view.ruri_text, .flow = flow, .registration = registration,
		.token_flow = true, .rescued = true, .rerouted = went_on, .deferred = suspect,
	};
	return !suspect;
}

/* --- what it is bound to now --- */

/* By host and port: a large request goes to the same edge by TCP, its Record-Route says so, and the Path does not. */
static bool same_node(const struct sip_uri *a, const struct sip_uri *b)
{
	return sip_host_equal(a->host, b->host) && a->port == b->port;
}

/* Was this way tried already? An edge that failed, or knows no flow of the phone any more, is not asked for another one. */
static bool has_way(const struct group *g, const struct target *t)
{
	if (!flow_ref_none(&t->flow) && has_flow(g, &t->flow))
		return true;
	for (unsigned i = 0; i < g->count; i++) {
		const struct target *other = g->targets[i];
		if (other->binding ? other->binding->id == t->binding->id
		                   : flow_ref_none(&other->flow) && flow_ref_none(&t->flow) && same_node(&other->next, &t->next))
			return true;
	}
	return false;
}

/* The phone that the token means. A token that names the address alone (a phone without instance-id, or one that was not known
 * then) means the one with this Contact. */
static bool is_phone(const struct context *cx, const struct binding *b)
{
	const struct token_keys *keys = transport_keys(cx->px->s.transport);
	struct sip_uri contact;
	if (b->instance.n && token_registration(keys, b->aor, b->instance) == cx->view.registration)
		return true;
	return token_registration(keys, b->aor, STR("")) == cx->view.registration && sip_uri_parse(b->contact, &contact) &&
	       sip_uri_equal(&contact, &cx->view.ruri);
}

static void add_binding(struct context *cx, struct group *g, const struct binding *b)
{
	struct target t;
	if (g->count >= cx->px->s.settings.max_targets || !is_phone(cx, b) || !target_of_binding(cx, &t, b) ||
	    !target_may_be_used(cx, &t) || has_way(g, &t))
		return;
	t.ruri = cx->view.ruri_text;                    /* it is the dialog's, whatever Contact this flow was registered with */
	t.rescued = t.rerouted = true;
	*group_add(cx, g, 1) = t;
}

static void add_bindings(struct context *cx, struct group *g)
{
	struct proxy *px = cx->px;
	struct target_set set = { 0 };
	if (!target_find_bindings(px, aor_of(px, &cx->msg->to.uri, cx->arena), cx->arena, &set))
		return;
	for (unsigned i = 0; i < set.instance_count; i++)
		for (unsigned j = 0; j < set.instances[i].flow_count; j++)
			add_binding(cx, g, &set.instances[i].flows[j]);
}

bool rescue_targets(struct context *cx, struct group *g)
{
	unsigned before = g->count;
	if (!cx->msg || !cx->view.dialog || !cx->view.registration || g->rang || cx->cancelled || cx->stopped)
		return false;
	rescue_sibling(cx, g);
	if (policy_domain(cx->px->s.policy, cx->msg->to.uri.host))
		add_bindings(cx, g);
	return g->count > before;
}

/* --- none --- */

struct search {
	const struct context *cx;
	bool found;
};

static void look_at(void *user, const struct binding *b)
{
	struct search *s = user;
	const struct token_keys *keys = transport_keys(s->cx->px->s.transport);
	uint64_t registration = s->cx->view.registration;
	s->found |= token_registration(keys, b->aor, b->instance) == registration ||
	            token_registration(keys, b->aor, STR("")) == registration;
}

/* Is the phone still registered, though it has no flow right now? */
static bool may_come_back(const struct context *cx, bool home)
{
	struct proxy *px = cx->px;
	struct search s = { .cx = cx };
	if (!cx->view.registration || transport_registration_known(px->s.transport, cx->view.registration, now_ms(px)))
		return true;                            /* without a registration nobody here can say */
	if (!home)
		return false;
	location_list(px->s.location, aor_of(px, &cx->msg->to.uri, &px->work), clock_wall_ms(), look_at, &s);
	work_reset(px);
	return s.found;
}

unsigned rescue_status(const struct context *cx)
{
	bool home = policy_domain(cx->px->s.policy, cx->msg->to.uri.host) != NULL;
	if ((cx->rights & PEER_PATH) && (cx->view.path || (cx->view.dialog && !home)))
		return 430;
	if (!cx->msg->to.tag.n)
		return 480;
	return may_come_back(cx, home) ? 500 : 481;
}

/* --- the way of a rescued INVITE, for its ACK --- */

#define REMEMBERED_MAX 1000
#define REMEMBERED_MS  64000            /* the caller sees a copy of the 2xx for so long at most: RFC 3261 §13.3.1.4 */

struct rescued {
	struct list node;               /* in proxy->rescued, the oldest first */
	uint64_t invite;                /* a hash of what an ACK has in common with its INVITE */
	int64_t until_ms;
	struct flow_ref flow;
	bool rerouted;
	size_t n;
	char route[];
};

static uint64_t invite_hash(const struct proxy *px, const struct sip_msg *m)
{
	struct hash_key key = px->s.shared->loop_key;
	return hash_mix(hash_mix(hash_str(key, m->call_id), hash_str(key, m->from.tag)), m->cseq);
}

static void forget(struct proxy *px, struct rescued *r)
{
	list_remove(&r->node);
	px->rescued_count--;
	mem_free(r);
}

static struct rescued *oldest(struct proxy *px)
{
	return list_empty(&px->rescued) ? NULL : CONTAINER(px->rescued.next, struct rescued, node);
}

static void forget_old(struct proxy *px)
{
	struct rescued *r;
	while ((r = oldest(px)) && (r->until_ms <= now_ms(px) || px->rescued_count >= REMEMBERED_MAX))
		forget(px, r);
}

void rescue_remember(struct context *cx, const struct branch *b)
{
	struct proxy *px = cx->px;
	if (!cx->msg || !cx->invite || !b->target->rescued || !b->client)
		return;
	forget_old(px);
	struct str route = b->target->route;
	struct rescued *r = mem_zalloc(sizeof *r + route.n);
	r->invite = invite_hash(px, cx->msg);
	r->until_ms = now_ms(px) + REMEMBERED_MS;
	r->flow = *txn_client_flow(b->client);
	r->rerouted = b->target->rerouted;
	r->n = route.n;
	if (route.n)
		memcpy(r->route, route.p, route.n);
	list_add_tail(&px->rescued, &r->node);
	px->rescued_count++;
}

struct target *rescue_recall(struct context *cx)
{
	struct proxy *px = cx->px;
	if (list_empty(&px->rescued))
		return NULL;
	uint64_t invite = invite_hash(px, cx->msg);
	LIST_EACH(&px->rescued, it) {
		const struct rescued *r = CONTAINER(it, struct rescued, node);
		if (r->invite != invite || r->until_ms <= now_ms(px) || !transport_flow_alive(px->s.transport, &r->flow))
			continue;
		struct target *t = arena_alloc(cx->arena, sizeof *t);
		*t = (struct target){
			.ruri = cx->view.ruri_text, .route = arena_str(cx->arena, (struct str){ r->route, r->n }),
			.flow = r->flow, .rerouted = r->rerouted,
		};
		return t;
	}
	return NULL;
}

void rescue_forget_all(struct proxy *px)
{
	struct rescued *r;
	while ((r = oldest(px)))
		forget(px, r);
}
