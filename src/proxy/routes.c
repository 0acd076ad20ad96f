/* SPDX-License-Identifier: Apache-2.0 */
/* routes.c - our own Route values, and what their tokens say. RFC 3261 §16.4, RFC 5626 §5.3. */
#include "aor.h"
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

/* Is it this phone that speaks? The request comes over a flow that it is registered on: then its other flow, which a token
 * names, may be dead or not, the request is outgoing. The user must be able to hang up. A token that was written before this
 * node knew the phone (it was restarted, and UDP goes on) names the address alone: any phone of it may. */
static bool speaks(const struct proxy *px, const struct packet *p, uint64_t registration)
{
	const struct transport *t = px->s.transport;
	int64_t now_ms = loop_now_ms(px->s.loop);
	return registration && (transport_is_registered_on(t, &p->from, registration, now_ms) ||
	                        transport_registration_on(t, &p->from, registration, now_ms) ||
	                        transport_registration_on(t, &p->from, claim_of(registration), now_ms));
}

/* Is the token's flow a user's of ours? Registered on it, or he called from it by his credentials and his token names him. */
static bool is_user(struct proxy *px, const struct packet *p, uint64_t registration)
{
	const struct sip_uri *from = &p->msg.from.uri;
	if (speaks(px, p, registration))
		return true;
	if (!registration || !policy_domain(px->s.policy, from->host))
		return false;
	uint64_t address = token_registration(transport_keys(px->s.transport), aor_of(px, from, &px->work), STR(""));
	work_reset(px);
	return address == registration;
}

/* A flow of a dialog: the sender's own, or that of the phone the request is for. The sender's only once: who calls himself has both ends
 * of the call, on two flows or as two lines of one. */
static void read_flow(struct proxy *px, const struct packet *p, const struct flow_token *token, struct route_view *v)
{
	bool here = token->of_this_boot || token->flow.serial == 0;
	if (!v->sender && ((here && flow_ref_same(&token->flow, &p->from)) || (v->dialog && speaks(px, p, token->registration)))) {
		v->sender = true;
		v->outgoing = v->dialog && is_user(px, p, token->registration);        /* OB-47, OB-53 */
		return;
	}
	v->registration = token->registration;
	if (flow_token_alive(px->s.transport, token))
		v->flow = token->flow;
	else if (token->purpose == TOKEN_ROUTE)
		v->lost = true;
	else
		v->refuse = 430;
}

/* What one of our values says; `read`: what became of its token. */
static void follow_token(struct proxy *px, const struct packet *p, const struct sip_uri *uri, enum token_result read,
                         const struct flow_token *token, struct route_view *v)
{
	switch (read) {
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
	if (token->purpose == TOKEN_ROUTE) {
		if (p->msg.to.tag.n == 0) {             /* no bearer key: only inside its dialog */
			v->refuse = 403;
			return;
		}
		v->dialog = true;
	} else {
		v->path = true;
		v->own_path_ob = uri->ob;
	}
	if (flow_ref_none(&token->flow))
		v->registration = token->registration;  /* the last one says whom the request is for (record_route_add) */
	else
		read_flow(px, p, token, v);
}

static enum token_result read_token(const struct proxy *px, const struct packet *p, const struct sip_uri *uri, struct flow_token *token)
{
	return flow_token_read(px->s.transport, uri->user, p->msg.call_id, token);
}

/* A value of another node of ours on top, and its phone is registered on the flow that this request came on: its edge is down, and
 * it speaks over its other one. What that edge wrote is taken off as if it were ours: the value with the phone's flow, and one
 * without that follows it. `edge`: the node whose values these are; 0: none yet. */
static bool left_its_edge(struct proxy *px, const struct packet *p, const struct sip_uri *uri, struct route_view *v, uint32_t *edge)
{
	struct flow_token token;
	if (p->msg.to.tag.n == 0 || (v->own && !*edge) ||
	    read_token(px, p, uri, &token) != TOKEN_OK || token.purpose != TOKEN_ROUTE)
		return false;
	if (*edge)
		return token.node == *edge && flow_ref_none(&token.flow);
	if (token.node == transport_node(px->s.transport) || !speaks(px, p, token.registration))
		return false;
	*edge = token.node;
	v->dialog = v->sender = v->outgoing = true;
	return true;
}

/* A strict router upstream put our Record-Route value into the Request-URI and the target at the end of
 * Route (PX-07). */
static void undo_strict_router(struct proxy *px, const struct packet *p, struct route_view *v)
{
	struct flow_token token;
	if (v->ruri.user.n == 0 || p->msg.first[SIP_H_ROUTE] < 0)
		return;
	enum token_result read = read_token(px, p, &v->ruri, &token);
	if (read == TOKEN_ABSENT || !is_ours(px, &v->ruri))
		return;
	follow_token(px, p, &v->ruri, read, &token, v);
	struct sip_values it;
	struct str value, last = STR_NONE;
	sip_values_begin(&it, &p->msg, SIP_H_ROUTE);
	for (; sip_values_next(&it, &value); v->count++)
		last = value;
	struct sip_addr addr;
	if (!sip_addr_of(&p->msg, last, &addr)) {
		v->refuse = 400;
		return;
	}
	v->ruri_text = addr.uri_text;
	v->ruri = addr.uri;
	v->strict = true;
}

void proxy_look_at_routes(struct proxy *px, struct packet *p, struct route_view *v)
{
	*v = (struct route_view){ .ruri_text = p->msg.ruri_text, .ruri = p->msg.ruri };
	undo_strict_router(px, p, v);
	strip_own_maddr(px, p, v);
	v->domain = policy_domain(px->s.policy, v->ruri.host);

	uint32_t edge = 0;
	struct sip_values it;
	struct str value;
	sip_values_begin(&it, &p->msg, SIP_H_ROUTE);
	for (unsigned i = 1; !(v->strict && i == v->count) && sip_values_next(&it, &value) && !v->refuse; i++) {
		struct sip_addr addr;
		if (!sip_addr_of(&p->msg, value, &addr)) {
			v->refuse = 400;
			return;
		}
		if (is_ours(px, &addr.uri)) {
			struct flow_token token;
			if (flow_ref_none(&v->flow) && !v->lost)        /* values below are still ours to take off */
				follow_token(px, p, &addr.uri, read_token(px, p, &addr.uri, &token), &token, v);
		} else if (!left_its_edge(px, p, &addr.uri, v, &edge)) {
			v->next = value;
			return;
		}
		v->own++;
	}
}
