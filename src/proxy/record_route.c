/* SPDX-License-Identifier: Apache-2.0 */
/* record_route.c - our own URIs in requests that pass: Record-Route and Path, each with a token that says what is behind it.
 * RFC 3261 §16.6 step 4, RFC 5626 §5.1 and §5.3, RFC 5658. */
#include "proxy_private.h"

/* Where TLS reaches us beside this flow; false: nowhere. */
static bool tls_side(const struct proxy *px, const struct flow_ref *side, struct flow_ref *out)
{
	enum transport_kind kind;
	struct addr bound;
	for (unsigned i = 0; transport_listener(px->s.transport, i, &kind, &bound); i++) {
		if (kind != TRANSPORT_TLS || bound.family != side->local.family)
			continue;
		*out = (struct flow_ref){ .kind = TRANSPORT_TLS, .listener = (uint8_t)i, .local = addr_is_any(&bound) ? side->local : bound };
		return true;
	}
	return false;
}

enum own_scheme { SCHEME_OF_FLOW, SCHEME_SIPS, SCHEME_SIP_TLS };       /* the last: "sip:...;transport=tls" */

/* "<URI>" of ours on this side, with a token. */
static struct str own_uri(struct context *cx, const struct flow_ref *side, const struct flow_token *token, bool ob,
                          enum own_scheme scheme)
{
	struct proxy *px = cx->px;
	struct buf *b = &px->text;
	struct flow_ref secure;
	struct str user = flow_token_write(px->s.transport, token, cx->msg->call_id, &px->work);
	if (scheme == SCHEME_SIPS && side->kind != TRANSPORT_TLS && tls_side(px, side, &secure))
		side = &secure;
	buf_byte(b, '<');
	transport_uri(px->s.transport, side, user, b);
	if (scheme == SCHEME_SIP_TLS && side->kind == TRANSPORT_TLS) {
		struct str rest = work_str(px), old;
		str_cut(&rest, ':', &old);
		BUF_LIT(b, "<sip:");
		buf_add(b, rest);
		BUF_LIT(b, ";transport=tls");
	}
	if (ob)
		BUF_LIT(b, ";ob");
	buf_byte(b, '>');
	return work_str(px);
}

/* The sender is reached again over the flow it came on, unless it is a neighbour who has an address of its own. */
static bool sender_is_phone(const struct context *cx)
{
	return cx->rights == 0 && flow_ref_none(&cx->view.flow);
}

/* Which phone of this address sent a request that came through an edge: the one whose Contact it has, or the only one there is. */
static uint64_t phone_behind_edge(struct context *cx, struct str aor)
{
	struct proxy *px = cx->px;
	const struct token_keys *keys = transport_keys(px->s.transport);
	struct target_set set = { 0 };
	struct sip_values it;
	struct str value;
	struct sip_addr mine;
	if (!target_find_bindings(px, aor, &px->work, &set))
		return token_registration(keys, aor, STR(""));
	sip_values_begin(&it, cx->msg, SIP_H_CONTACT);
	bool has_contact = sip_values_next(&it, &value) && sip_addr_of(cx->msg, value, &mine);
	for (unsigned i = 0; has_contact && i < set.instance_count; i++)
		for (unsigned j = 0; j < set.instances[i].flow_count; j++) {
			const struct binding *b = &set.instances[i].flows[j];
			struct sip_uri uri;
			if (sip_uri_parse(b->contact, &uri) && sip_uri_equal(&uri, &mine.uri))
				return token_registration(keys, aor, b->instance);
		}
	return token_registration(keys, aor, set.instance_count == 1 ? set.instances[0].flows[0].instance : STR(""));
}

/* Whose flow a caller's token names: 0 for a stranger who was let in to call a user of ours, and no more than that. */
static uint64_t sender_registration(struct context *cx)
{
	struct proxy *px = cx->px;
	struct str aor = cx->caller ? cx->caller_aor : aor_of(px, &cx->msg->from.uri, &px->work);
	uint64_t address = token_registration(transport_keys(px->s.transport), aor, STR(""));
	if (cx->rights & PEER_PATH)
		return policy_domain(px->s.policy, cx->msg->from.uri.host) ? phone_behind_edge(cx, aor) : 0;
	uint64_t on = transport_registration_on(px->s.transport, &cx->st->packet->from, address, loop_now_ms(px->s.loop));
	if (on)
		return on;
	if (cx->caller)
		return address;
	return cx->view.domain ? 0 : claim_of(address);
}

/* Departs from RFC 5658 §6.2: a phone whose own URI says transport=tls gets it back. Most that say so take sips: in a route set
 * for an unknown scheme and never acknowledge the call, and their Contact is not SIPS, as RFC 3261 §12.1.1 would want of them
 * then. A SIPS request stays SIPS (PX-25). */
static bool says_transport_tls(const struct context *cx, const struct sip_uri *uri)
{
	return uri->scheme == SIP_SCHEME_SIP && str_ieq(uri->transport, STR("tls")) && cx->view.ruri.scheme != SIP_SCHEME_SIPS;
}

static bool sender_says_transport_tls(const struct context *cx)
{
	struct sip_values it;
	struct str value;
	struct sip_addr contact;
	sip_values_begin(&it, cx->msg, SIP_H_CONTACT);
	return sip_values_next(&it, &value) && sip_addr_of(cx->msg, value, &contact) && says_transport_tls(cx, &contact.uri);
}

static bool target_says_transport_tls(const struct context *cx, const struct target *t)
{
	struct sip_uri uri;
	return sip_uri_parse(t->ruri, &uri) && says_transport_tls(cx, &uri);
}

static bool has_flow(const struct flow_token *token)
{
	return !flow_ref_none(&token->flow);
}

/* A phone behind an edge: its token says who it is, and nothing says from which side it is read. */
static bool names_only(const struct flow_token *token)
{
	return token->registration && !has_flow(token);
}

/* A SIPS Request-URI or topmost Route wants a Record-Route of its kind, on whatever the request came (PX-25). Departs from RFC 3261
 * §16.6 for a Path that we put on top ourselves: a caller who never said sips: may not know it, and only the side of that Path is
 * secure. */
static bool wants_sips(const struct context *cx, const struct target *t)
{
	return cx->view.ruri.scheme == SIP_SCHEME_SIPS || (cx->view.next.n && !t->route.n && t->next.scheme == SIP_SCHEME_SIPS);
}

/* Of the phone that a target leads to; 0: none is known. */
static uint64_t target_registration(const struct context *cx, const struct target *t)
{
	if (t->registration || !t->binding)
		return t->registration;
	return token_registration(transport_keys(cx->px->s.transport), t->binding->aor, t->binding->instance);
}

/* What the lower value says of the sender, the upper one of whom the request is for. */
static void make_tokens(struct context *cx, const struct target *t, const struct flow_ref *out, struct flow_token *lower,
                        struct flow_token *upper)
{
	*lower = *upper = (struct flow_token){ .purpose = TOKEN_ROUTE };
	bool phone = sender_is_phone(cx);
	if (phone)
		lower->flow = cx->st->packet->from;
	if (phone || (cx->rights & PEER_PATH))
		lower->registration = sender_registration(cx);
	/* Who is reached through an edge is named without a flow: should the edge fail, we find the phone again. */
	upper->registration = target_registration(cx, t);
	if (!flow_ref_none(&t->flow) || (upper->registration && !t->node && out->kind == TRANSPORT_UDP))
		upper->flow = *out;
}

/* Two values when both sides need one of their own: a token each, or two transports (PX-23, OB-54). The upper one is for
 * the side we send to, and requests from there find it on top: the one below it says whom they are for. */
void record_route_add(struct context *cx, struct sip_edit *e, const struct target *t, const struct flow_ref *out)
{
	const struct flow_ref *in = &cx->st->packet->from;
	struct flow_token lower, upper;
	make_tokens(cx, t, out, &lower, &upper);
	enum own_scheme on_in = SCHEME_OF_FLOW, on_out = SCHEME_OF_FLOW;
	if (wants_sips(cx, t)) {
		on_in = on_out = SCHEME_SIPS;
	} else {
		if (in->kind == TRANSPORT_TLS && sender_says_transport_tls(cx))
			on_in = SCHEME_SIP_TLS;
		if (out->kind == TRANSPORT_TLS && target_says_transport_tls(cx, t))
			on_out = SCHEME_SIP_TLS;
	}
	bool both = (has_flow(&lower) && has_flow(&upper)) || names_only(&lower) || names_only(&upper);
	bool differ = in->kind != out->kind || in->local.port != out->local.port || !addr_same_ip(&in->local, &out->local);
	if (both || differ) {
		sip_edit_add_first(e, SIP_H_RECORD_ROUTE, own_uri(cx, out, &upper, false, on_out));
		sip_edit_add_first(e, SIP_H_RECORD_ROUTE, own_uri(cx, in, &lower, false, on_in));
		return;
	}
	sip_edit_add_first(e, SIP_H_RECORD_ROUTE, own_uri(cx, out, has_flow(&lower) ? &lower : &upper, false,
	                                                     on_in > on_out ? on_in : on_out));
}

/* An edge in front of a registrar: the first hop's Path carries the phone's flow (OB-36..OB-40). */
void path_add(struct context *cx, struct sip_edit *e, const struct flow_ref *out)
{
	const struct sip_msg *m = cx->msg;
	struct sip_values it;
	struct str value, text, instance = STR("");
	unsigned vias = 0;
	sip_values_begin(&it, m, SIP_H_VIA);
	while (vias < 2 && sip_values_next(&it, &value))
		vias++;
	if (vias != 1 || !sip_has_token(m, SIP_H_SUPPORTED, STR("path")))
		return;
	struct sip_addr contact;
	sip_values_begin(&it, m, SIP_H_CONTACT);
	if (sip_values_next(&it, &value) && sip_addr_of(m, value, &contact) &&
	    sip_param_find(contact.params, STR("+sip.instance"), &text) && text.p)
		instance = location_instance_of(text, &cx->px->work);
	struct flow_token token = {
		.purpose = TOKEN_PATH, .flow = cx->st->packet->from,
		.registration = token_registration(transport_keys(cx->px->s.transport),
		                                   aor_of(cx->px, &m->to.uri, &cx->px->work), instance),
	};
	sip_edit_add_first(e, SIP_H_PATH, own_uri(cx, out, &token, true, SCHEME_OF_FLOW));
}
