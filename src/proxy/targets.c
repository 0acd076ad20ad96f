/* SPDX-License-Identifier: Apache-2.0 */
/* targets.c - where a request can go: the target set of RFC 3261 §16.5, grouped by phone
 * (RFC 5626 §7), each with its flow, its Path, or a URI to resolve. */
#include "aor.h"
#include "clock.h"
#include "proxy_private.h"
#include "sip_redirect.h"

#define PATH_SUSPECT_MS 60000           /* nobody here hears a flow at an edge: it is tried again soon */

/* A group behind those that were added before it. It joins their rank when its q is the same. */
static void groups_link(struct context *cx, struct group *g)
{
	struct group **at = cx->groups_at ? cx->groups_at : &cx->groups;
	const struct group *before = at == &cx->groups ? NULL : CONTAINER(at, struct group, next);
	g->rank = before && before->q == g->q && before->rank >= cx->rank_floor ? before->rank : ++cx->ranks;
	g->next = *at;
	*at = g;
	cx->groups_at = &g->next;
}

static struct group *group_of_one(struct context *cx)
{
	struct group *g = ARENA_NEW(cx->arena, struct group);
	*g = (struct group){ .cx = cx, .q = 1000 };
	groups_link(cx, g);
	return g;
}

/* One place to go, by resolving a URI. */
static unsigned single_uri(struct context *cx, struct str text, const struct sip_uri *uri)
{
	if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS)
		return 416;
	struct target *t = group_add(cx, group_of_one(cx), 1);
	*t = (struct target){ .ruri = cx->view.ruri_text, .next_text = text, .next = *uri, .node = true };
	return 0;
}

/* The Route value that is on top once ours are gone. */
static unsigned by_next_route(struct context *cx)
{
	struct sip_addr addr;
	if (!sip_addr_of(cx->msg, cx->view.next, &addr))
		return 400;
	return single_uri(cx, addr.uri_text, &addr.uri);
}

/* The URI of a binding as a Request-URI (PX-14). A sip: request to a phone bound by sips: stays sip:, over TLS (PX-27). */
static struct str as_ruri(const struct context *cx, struct str text, const struct sip_uri *uri, struct arena *arena)
{
	text = sip_uri_as_ruri(text, uri, arena);
	if (uri->scheme != SIP_SCHEME_SIPS || cx->view.ruri.scheme == SIP_SCHEME_SIPS)
		return text;
	return arena_printf(arena, "sip%.*s", (int)(text.n - uri->scheme_name.n), text.p + uri->scheme_name.n);
}

/* A Path whose top value is our own: the token in it names the flow (no trip through our own socket). False: the flow is
 * dead or the token is no good. */
static bool own_path(struct context *cx, struct target *t, const struct sip_addr *top, struct str below)
{
	struct flow_token token;
	if (flow_token_read(cx->px->s.transport, top->uri.user, STR_NONE, &token) != TOKEN_OK ||
	    token.purpose != TOKEN_PATH || flow_ref_none(&token.flow) || !flow_token_alive(cx->px->s.transport, &token))
		return false;
	t->flow = token.flow;
	t->registration = token.registration;
	t->route = str_trim(below);
	return true;
}

bool target_of_binding(struct context *cx, struct target *t, const struct binding *b)
{
	struct sip_uri contact;
	*t = (struct target){ .binding = b };
	if (!sip_uri_parse(b->contact, &contact))
		return false;
	t->ruri = as_ruri(cx, b->contact, &contact, cx->arena);
	if (b->path.n) {
		struct str rest = b->path, first;
		struct sip_addr top;
		if (!sip_list_next(&rest, &first) || !sip_addr_parse(first, &top))
			return false;
		t->route = b->path;
		if (is_ours(cx->px, &top.uri))
			return own_path(cx, t, &top, rest);
		t->next_text = top.uri_text;
		t->next = top.uri;
		t->node = true;
		return true;
	}
	if (b->via_flow && !flow_ref_none(&b->flow)) {
		t->flow = b->flow;
		return true;
	}
	t->next_text = b->contact;
	t->next = contact;
	return contact.scheme == SIP_SCHEME_SIP || contact.scheme == SIP_SCHEME_SIPS;
}

/* A sips: request goes only to phones bound by sips:, and these are reached by TLS alone, also by a sip: request (PX-27). */
static bool is_secure(const struct target *t)
{
	return flow_ref_none(&t->flow) ? t->next.scheme == SIP_SCHEME_SIPS : t->flow.kind == TRANSPORT_TLS;
}

bool target_may_be_used(struct context *cx, const struct target *t)
{
	bool bound_by_sips = str_istarts(t->binding->contact, STR("sips:"));
	if (cx->view.ruri.scheme == SIP_SCHEME_SIPS && !bound_by_sips) {
		cx->sips_only = true;
		return false;
	}
	return !bound_by_sips || is_secure(t);
}

unsigned targets_from_location(struct context *cx, const struct target_set *set)
{
	unsigned limit = cx->px->s.settings.max_targets, count = 0;
	struct group *groups = arena_array(cx->arena, set->instance_count < limit ? set->instance_count : limit, sizeof *groups);
	for (unsigned i = 0; i < set->instance_count && count < limit; i++) {
		const struct target_instance *phone = &set->instances[i];
		struct group *g = &groups[count];
		*g = (struct group){ .cx = cx, .q = phone->q };
		struct target *list = group_add(cx, g, phone->flow_count);
		g->count = 0;
		for (unsigned j = 0; j < phone->flow_count; j++) {
			struct target *t = &list[g->count];
			if (target_of_binding(cx, t, &phone->flows[j]) && target_may_be_used(cx, t))
				g->count++;
		}
		if (g->count) {
			groups_link(cx, g);
			count++;
		}
	}
	if (count)
		return 0;
	if (set->known_flow_lost)
		cx->flow_failed = true;
	return 480;
}

static void found_later(struct location_ask *ask, struct target_set *set)
{
	struct context *cx = CONTAINER(ask, struct context, ask);
	cx->asking = false;
	unsigned status = targets_from_location(cx, set);
	if (status)
		cx->best_status = status;
	context_set_breadth(cx);
	context_go_on(cx);
}

bool target_find_bindings(struct proxy *px, struct str aor, struct arena *arena, struct target_set *out)
{
	struct location_ask ask = { .aor = aor, .wall_ms = clock_wall_ms(), .arena = arena, .loop = px->s.loop };
	if (location_find(px->s.location, &ask, out) == LOCATION_NOW)
		return true;
	location_forget(px->s.location, &ask);
	return false;
}

static unsigned ask_location(struct context *cx, struct str aor)
{
	struct target_set set = { 0 };
	cx->ask = (struct location_ask){
		.aor = aor, .wall_ms = clock_wall_ms(), .arena = cx->arena, .loop = cx->px->s.loop, .done = found_later,
	};
	if (location_find(cx->px->s.location, &cx->ask, &set) == LOCATION_LATER) {
		cx->asking = true;
		return TARGETS_LATER;
	}
	return targets_from_location(cx, &set);
}

/* "sip:NUMBER@host-of-the-hop;user=phone", or with our own domain kept. */
static struct str ruri_for_hop(struct context *cx, const struct route *r, const struct route_hop *hop, struct str ruri_text,
                               const struct sip_uri *ruri)
{
	if (!r->by_prefix)
		return ruri_text;
	struct arena *arena = cx->arena;
	struct str number;
	if (!policy_number(ruri, arena, &number))
		number = ruri->user;
	number = route_number(r, number, arena);
	struct str host = r->to_hop_domain || ruri->scheme == SIP_SCHEME_TEL ? hop->parsed.host : ruri->host;
	bool v6 = r->to_hop_domain || ruri->scheme == SIP_SCHEME_TEL ? hop->parsed.host_is_v6 : ruri->host_is_v6;
	return arena_printf(arena, "sip:%.*s@%s%.*s%s%s", STR_FMT(number), v6 ? "[" : "", STR_FMT(host), v6 ? "]" : "",
	                    number.n && number.p[0] == '+' ? ";user=phone" : "");
}

struct group *group_of_route(struct context *cx, const struct route *r, struct str ruri_text, const struct sip_uri *ruri)
{
	struct group *g = group_of_one(cx);
	struct target *t = group_add(cx, g, r->hop_count);
	unsigned turn = atomic_fetch_add_explicit(&cx->px->s.shared->turn, 1, memory_order_relaxed);
	g->count = 0;
	/* By priority, equal ones taking turns, those that do not answer their probes last of all. */
	for (int down = 0; down <= 1; down++)
		for (unsigned i = 0; i < r->hop_count; ) {
			unsigned same = 1;
			while (i + same < r->hop_count && r->hops[i + same].priority == r->hops[i].priority)
				same++;
			for (unsigned j = 0; j < same; j++) {
				unsigned at = i + (turn + j) % same;
				if (hop_is_down(cx->px, r, at) != (bool)down)
					continue;
				t[g->count++] = (struct target){
					.ruri = ruri_for_hop(cx, r, &r->hops[at], ruri_text, ruri), .next_text = r->hops[at].uri,
					.next = r->hops[at].parsed, .trunk = r, .trunk_hop = &r->hops[at], .node = true,
				};
			}
			i += same;
		}
	return g;
}

/* A request for a domain of ours: a user, or a number behind a gateway. */
static unsigned in_our_domain(struct context *cx, const struct domain *domain)
{
	const struct proxy *px = cx->px;
	const struct sip_uri *ruri = &cx->view.ruri;
	struct user user;
	struct str aor, number;
	enum aor_owner owner = aor_find(px->s.users, domain, ruri, cx->arena, &user, &aor);
	if (owner == AOR_ELSEWHERE)
		return 404;
	unsigned moved = redirect_by_entry(cx, aor, owner == AOR_USER);
	if (moved != REDIRECT_NONE)
		return moved;
	if (domain->redirects && owner == AOR_USER && cx->msg->method != SIP_ACK && !cx->msg->to.tag.n) {
		struct target_set set = { 0 };
		unsigned status = target_find_bindings(cx->px, aor, cx->arena, &set) ? redirect_to_bindings(cx, &set) : 0;
		if (status)
			return status;
	}
	if (owner == AOR_USER || domain->open_registration) {
		if (cx->msg->to.tag.n == 0 && (cx->msg->method == SIP_SUBSCRIBE || cx->msg->method == SIP_PUBLISH))
			return 489;                     /* nobody here keeps that state: never forked to phones */
		unsigned status = ask_location(cx, aor);
		if (owner == AOR_USER || status != 480)
			return status;
	}
	const struct route *r = policy_number(ruri, cx->arena, &number) ? policy_route(px->s.policy, ruri, true) : NULL;
	if (!r)
		return domain->open_registration ? 480 : 404;
	if (!cx->caller && !(cx->rights & PEER_RELAY) && !cx->view.outgoing)
		return 403;                             /* a gateway's own callers do not call out through us */
	group_of_route(cx, r, cx->view.ruri_text, ruri);
	return 0;
}

/* The phone that a token names. In a dialog the flow may be dead, or silent: then another flow of the phone goes first. */
static unsigned by_token(struct context *cx)
{
	const struct route_view *v = &cx->view;
	struct group *g = group_of_one(cx);
	if (v->lost) {
		cx->px->counts.flow_failed++;
		return rescue_targets(cx, g) ? 0 : 430;
	}
	struct target *t = group_add(cx, g, 1);
	*t = (struct target){ .ruri = v->ruri_text, .flow = v->flow, .registration = v->registration, .token_flow = true };
	if (transport_flow_is_suspect(cx->px->s.transport, &v->flow))
		t->deferred = rescue_sibling(cx, g);
	return 0;
}

unsigned targets_of_uri(struct context *cx, struct str text, const struct sip_uri *uri)
{
	const struct proxy *px = cx->px;
	const struct domain *domain = uri->scheme == SIP_SCHEME_TEL ? NULL : policy_domain(px->s.policy, uri->host);
	struct target_set set = { 0 };
	struct user user;
	struct str aor;
	enum aor_owner owner = domain ? aor_find(px->s.users, domain, uri, cx->arena, &user, &aor) : AOR_ELSEWHERE;
	if (owner == AOR_USER)
		return target_find_bindings(cx->px, aor, cx->arena, &set) ? targets_from_location(cx, &set) : 480;
	const struct route *r = policy_route(px->s.policy, uri, domain || uri->scheme == SIP_SCHEME_TEL);
	if (r) {
		group_of_route(cx, r, text, uri);
		return 0;
	}
	if (domain || uri->scheme == SIP_SCHEME_TEL || transport_is_self(px->s.transport, uri->host, uri->port))
		return 404;
	struct target *t = group_add(cx, group_of_one(cx), 1);
	*t = (struct target){ .ruri = text, .next_text = text, .next = *uri, .node = true };
	return 0;
}

unsigned targets_find(struct context *cx)
{
	const struct route_view *v = &cx->view;
	if (v->lost || !flow_ref_none(&v->flow))
		return by_token(cx);
	if (v->next.n)
		return by_next_route(cx);
	if (v->ruri.scheme == SIP_SCHEME_TEL) {
		const struct route *r = policy_route(cx->px->s.policy, &v->ruri, true);
		if (!r)
			return 404;
		group_of_route(cx, r, v->ruri_text, &v->ruri);
		return 0;
	}
	if (v->domain)
		return in_our_domain(cx, v->domain);
	const struct route *r = policy_route(cx->px->s.policy, &v->ruri, false);
	if (r) {
		group_of_route(cx, r, v->ruri_text, &v->ruri);
		return 0;
	}
	if (transport_is_self(cx->px->s.transport, v->ruri.host, v->ruri.port))
		return 404;                             /* this server, but no domain of ours: nobody lives here */
	return single_uri(cx, v->ruri_text, &v->ruri);
}

/* --- what becomes of them --- */

void target_suspect(struct context *cx, const struct target *t)
{
	struct proxy *px = cx->px;
	const struct binding *b = t->binding;
	const struct flow_ref *flow = flow_ref_none(&t->flow) && b ? &b->flow : &t->flow;
	if (!flow_ref_none(flow)) {
		if (transport_flow_suspect(px->s.transport_worker, flow))
			flow_probe(px, flow, t->ruri);
	} else if (b) {
		location_suspect(px->s.location, b->aor, b->id, clock_wall_ms() + PATH_SUSPECT_MS);
	}
}

bool target_defer(struct branch *b)
{
	struct context *cx = b->cx;
	struct resolver *r = cx->px->s.resolver;
	if (b->target->deferred || !b->hop_count)
		return false;
	for (unsigned i = 0; i < b->hop_count; i++)
		if (!resolver_penalised(r, &b->hops[i], loop_now_ms(cx->px->s.loop)))
			return false;
	b->target->deferred = true;
	if (!group_more(cx, b->group))
		return false;                           /* it is tried all the same */
	b->target->used = false;
	return true;
}
