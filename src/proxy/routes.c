/* SPDX-License-Identifier: Apache-2.0 */
/* routes.c - our own Route values, and what their tokens say. RFC 3261 §16.4, RFC 5626 §5.3. */
#include "aor.h"
#include "clock.h"
#include "proxy_private.h"

bool is_ours(const struct proxy *px, const struct sip_uri *uri)
{
	if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS)
		return false;
	if (transport_is_self(px->s.transport, uri->host, uri->port))
		return true;
	/* A Route by the name of a domain of ours: its port tells whether it is this server. */
	if (!policy_domain(px->s.policy, uri->host))
		return false;
	if (uri->port == 0)
		return true;
	enum transport_kind kind;
	struct addr bound;
	for (unsigned i = 0; transport_listener(px->s.transport, i, &kind, &bound); i++)
		if (bound.port == uri->port)
			return true;
	return false;
}

struct str aor_of(const struct proxy *px, const struct sip_uri *uri, struct arena *arena)
{
	const struct domain *domain = policy_domain(px->s.policy, uri->host);
	struct user user;
	struct str key;
	if (domain && aor_find(px->s.users, domain, uri, arena, &user, &key) != AOR_ELSEWHERE)
		return key;
	return sip_uri_aor_key(uri, arena);
}

/* The token's flow is dead, but the request comes over another live flow of the same phone: then it is the phone that
 * speaks, and the request is outgoing. The user must be able to hang up. */
static bool comes_from_sibling(struct proxy *px, const struct packet *p, uint64_t registration, struct arena *arena)
{
	if (!registration || p->msg.from.uri.scheme == SIP_SCHEME_OTHER)
		return false;
	struct location_ask ask = { .aor = aor_of(px, &p->msg.from.uri, arena), .wall_ms = clock_wall_ms(), .arena = arena };
	struct target_set set = { 0 };
	if (location_find(px->s.location, &ask, &set) != LOCATION_NOW)
		return false;
	for (unsigned i = 0; i < set.instance_count; i++)
		for (unsigned j = 0; j < set.instances[i].flow_count; j++) {
			const struct binding *b = &set.instances[i].flows[j];
			if (flow_ref_same(&b->flow, &p->from) &&
			    token_registration(transport_keys(px->s.transport), b->aor, b->instance) == registration)
				return true;
		}
	return false;
}

/* What one of our values says. */
static void read_token(struct proxy *px, const struct packet *p, const struct sip_uri *uri, struct route_view *v,
                       struct arena *arena)
{
	struct flow_token token;
	switch (flow_token_read(px->s.transport, uri->user, p->msg.call_id, &token)) {
	case TOKEN_ABSENT:
		return;
	case TOKEN_FORGED:
		v->refuse = 403;
		return;
	case TOKEN_UNKNOWN:
		v->refuse = 430;
		return;
	case TOKEN_OK:
		break;
	}
	if (token.purpose == TOKEN_ROUTE) {
		if (p->msg.to.tag.n == 0) {             /* no bearer key: only inside its dialog */
			v->refuse = 403;
			return;
		}
		v->dialog = true;
	} else {
		v->path = true;
		v->own_path_ob = uri->ob;
	}
	if (flow_ref_none(&token.flow))
		return;
	if (token.of_this_boot || token.flow.serial == 0) {
		if (flow_ref_same(&token.flow, &p->from)) {
			v->outgoing |= v->dialog && token.registration;
			return;                         /* outgoing: OB-47, OB-53 */
		}
	}
	if (flow_token_alive(px->s.transport, &token)) {
		v->flow = token.flow;
		v->registration = token.registration;
	} else if (comes_from_sibling(px, p, token.registration, arena)) {
		v->outgoing |= v->dialog;
	} else {
		v->refuse = 430;
	}
}

/* A strict router upstream put our Record-Route value into the Request-URI and the target at the end of
 * Route (PX-07). */
static void undo_strict_router(struct proxy *px, const struct packet *p, struct route_view *v, struct arena *arena)
{
	struct flow_token token;
	if (!is_ours(px, &v->ruri) || v->ruri.user.n == 0 || p->msg.first[SIP_H_ROUTE] < 0)
		return;
	if (flow_token_read(px->s.transport, v->ruri.user, p->msg.call_id, &token) == TOKEN_ABSENT)
		return;
	read_token(px, p, &v->ruri, v, arena);
	struct sip_values it;
	struct str value, last = STR_NONE;
	sip_values_begin(&it, &p->msg, SIP_H_ROUTE);
	while (sip_values_next(&it, &value))
		last = value;
	struct sip_addr addr;
	if (!sip_addr_parse(last, &addr)) {
		v->refuse = 400;
		return;
	}
	v->ruri_text = addr.uri_text;
	v->ruri = addr.uri;
	v->strict = true;
}

void proxy_look_at_routes(struct proxy *px, const struct packet *p, struct route_view *v, struct arena *arena)
{
	*v = (struct route_view){ .ruri_text = p->msg.ruri_text, .ruri = p->msg.ruri };
	undo_strict_router(px, p, v, arena);

	unsigned total = 0;
	struct sip_values it;
	struct str value;
	sip_values_begin(&it, &p->msg, SIP_H_ROUTE);
	while (sip_values_next(&it, &value))
		total++;
	unsigned usable = v->strict ? total - 1 : total;

	sip_values_begin(&it, &p->msg, SIP_H_ROUTE);
	for (unsigned i = 0; i < usable && sip_values_next(&it, &value) && !v->refuse; i++) {
		struct sip_addr addr;
		if (!sip_addr_parse(value, &addr)) {
			v->refuse = 400;
			return;
		}
		if (!is_ours(px, &addr.uri)) {
			v->next = value;
			return;
		}
		v->own++;
		if (flow_ref_none(&v->flow))            /* values below an incoming token are still ours to take off */
			read_token(px, p, &addr.uri, v, arena);
	}
}
