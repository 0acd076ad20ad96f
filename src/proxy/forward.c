/* SPDX-License-Identifier: Apache-2.0 */
/* forward.c - the request as one branch sends it: an edit list over what came in. RFC 3261 §16.6,
 * RFC 5626 §5, RFC 5658. */
#include "encode.h"
#include "proxy_private.h"
#include "random.h"

/* --- loop detection, RFC 5393 §4.2 --- */

uint64_t loop_hash(const struct proxy *px, const struct sip_msg *m, const struct route_view *view)
{
	struct hash_key key = px->s.shared->loop_key;
	uint64_t h = hash_str(key, view->ruri_text);
	struct sip_values it;
	struct str value;
	unsigned at = 0;
	sip_values_begin(&it, m, SIP_H_ROUTE);
	while (sip_values_next(&it, &value))
		if (at++ >= view->own)
			h = hash_mix(h, hash_str(key, value));
	h = hash_mix(h, hash_str(key, m->call_id));
	return hash_mix(h, m->cseq);
}

bool loop_found(const struct proxy *px, const struct sip_msg *m, uint64_t hash)
{
	char wanted[16];
	uint64_t big = __builtin_bswap64(hash);
	hex_write(wanted, &big, sizeof big);
	struct sip_values it;
	struct str value;
	sip_values_begin(&it, m, SIP_H_VIA);
	while (sip_values_next(&it, &value)) {
		struct sip_via via;
		if (!sip_via_parse(value, &via) || via.branch.n != BRANCH_ID_SIZE)
			continue;
		if (memcmp(via.branch.p + BRANCH_ID_SIZE - 16, wanted, 16) == 0 &&
		    transport_is_self(px->s.transport, via.host, via.port))
			return true;
	}
	return false;
}

void branch_id_make(struct proxy *px, uint64_t hash, char out[BRANCH_ID_SIZE])
{
	uint64_t big = __builtin_bswap64(hash);
	txn_branch(px->s.txns, out);
	out[TXN_BRANCH_SIZE] = '.';
	hex_write(out + TXN_BRANCH_SIZE + 1, &big, sizeof big);
}

struct str via_value(struct proxy *px, const struct flow_ref *flow, struct str branch_id, struct arena *arena)
{
	struct buf b = { 0 };
	BUF_LIT(&b, "SIP/2.0/");
	buf_add(&b, transport_name(flow->kind));
	buf_byte(&b, ' ');
	transport_sent_by(px->s.transport, flow, &b);
	BUF_LIT(&b, ";branch=");
	buf_add(&b, branch_id);
	BUF_LIT(&b, ";rport");
	struct str out = arena_str(arena, buf_str(&b));
	buf_fini(&b);
	return out;
}

/* --- Record-Route and Path --- */

/* "<URI>" of ours on the side of `flow`, with a token. */
static struct str own_uri(struct context *cx, const struct flow_ref *side, const struct flow_token *token, bool ob, bool old_tls)
{
	struct proxy *px = cx->px;
	struct buf b = { 0 };
	struct str user = flow_token_write(px->s.transport, token, cx->msg->call_id, &px->work);
	BUF_LIT(&b, "<");
	transport_uri(px->s.transport, side, user, &b);
	if (old_tls && side->kind == TRANSPORT_TLS) {
		struct str uri = arena_str(&px->work, buf_str(&b)), scheme;
		str_cut(&uri, ':', &scheme);
		buf_clear(&b);
		BUF_LIT(&b, "<sip:");
		buf_add(&b, uri);
		BUF_LIT(&b, ";transport=tls");
	}
	if (ob)
		BUF_LIT(&b, ";ob");
	buf_byte(&b, '>');
	struct str out = arena_str(&px->work, buf_str(&b));
	buf_fini(&b);
	return out;
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
	bool has_contact = sip_values_next(&it, &value) && sip_addr_parse(value, &mine);
	for (unsigned i = 0; has_contact && i < set.instance_count; i++)
		for (unsigned j = 0; j < set.instances[i].flow_count; j++) {
			const struct binding *b = &set.instances[i].flows[j];
			struct sip_uri uri;
			if (sip_uri_parse(b->contact, &uri) && sip_uri_equal(&uri, &mine.uri))
				return token_registration(keys, aor, b->instance);
		}
	return token_registration(keys, aor, set.instance_count == 1 ? set.instances[0].flows[0].instance : STR(""));
}

/* Whose flow a caller's token names: 0 for a stranger who was let in to call a user of ours, and no more than that. At an
 * edge the home asks who it is. */
static uint64_t sender_registration(struct context *cx)
{
	struct proxy *px = cx->px;
	struct str aor = aor_of(px, &cx->msg->from.uri, &px->work);
	uint64_t address = token_registration(transport_keys(px->s.transport), aor, STR(""));
	if (cx->rights & PEER_PATH)
		return policy_domain(px->s.policy, cx->msg->from.uri.host) ? phone_behind_edge(cx, aor) : 0;
	uint64_t on = transport_registration_on(px->s.transport, &cx->st->packet->from, address, loop_now_ms(px->s.loop));
	if (on)
		return on;
	return !cx->caller && policy_domain(px->s.policy, cx->view.ruri.host) ? 0 : address;
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
	return sip_values_next(&it, &value) && sip_addr_parse(value, &contact) && says_transport_tls(cx, &contact.uri);
}

static bool target_says_transport_tls(const struct context *cx, const struct target *t)
{
	struct sip_uri uri;
	return sip_uri_parse(t->ruri, &uri) && says_transport_tls(cx, &uri);
}

static bool says_something(const struct flow_token *token)
{
	return token->registration || !flow_ref_none(&token->flow);
}

/* Two values when both sides need one of their own: a token each, or two transports (PX-23, OB-54). The upper one is for
 * the side we send to, and requests from there find it on top. */
static void add_record_route(struct context *cx, struct sip_edit *e, const struct target *t, const struct flow_ref *out)
{
	const struct flow_ref *in = &cx->st->packet->from;
	struct flow_token lower = { .purpose = TOKEN_ROUTE }, upper = { .purpose = TOKEN_ROUTE };
	bool phone = sender_is_phone(cx);
	if (phone)
		lower.flow = *in;
	if (phone || (cx->rights & PEER_PATH))
		lower.registration = sender_registration(cx);
	/* Who is reached through an edge is named without a flow: should the edge fail, we find the phone again. */
	upper.registration = t->registration;
	if (!flow_ref_none(&t->flow) || (t->registration && !t->node && out->kind == TRANSPORT_UDP))
		upper.flow = *out;
	bool in_old = in->kind == TRANSPORT_TLS && sender_says_transport_tls(cx);
	bool out_old = out->kind == TRANSPORT_TLS && target_says_transport_tls(cx, t);
	bool both = says_something(&lower) && says_something(&upper);
	bool differ = in->kind != out->kind || in->local.port != out->local.port || !addr_same_ip(&in->local, &out->local);
	if (both || differ) {
		sip_edit_add_first(e, SIP_H_RECORD_ROUTE, own_uri(cx, out, &upper, false, out_old));
		sip_edit_add_first(e, SIP_H_RECORD_ROUTE, own_uri(cx, in, &lower, false, in_old));
		return;
	}
	sip_edit_add_first(e, SIP_H_RECORD_ROUTE, own_uri(cx, out, says_something(&lower) ? &lower : &upper, false,
	                                                     in_old || out_old));
}

/* An edge in front of a registrar: the first hop's Path carries the phone's flow (OB-36..OB-40). */
static void add_path(struct context *cx, struct sip_edit *e, const struct flow_ref *out)
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
	if (sip_values_next(&it, &value) && sip_addr_parse(value, &contact) &&
	    sip_param_find(contact.params, STR("+sip.instance"), &text) && text.p)
		instance = instance_of(text, &cx->px->work);
	struct flow_token token = {
		.purpose = TOKEN_PATH, .flow = cx->st->packet->from,
		.registration = token_registration(transport_keys(cx->px->s.transport),
		                                   aor_of(cx->px, &m->to.uri, &cx->px->work), instance),
	};
	sip_edit_add_first(e, SIP_H_PATH, own_uri(cx, out, &token, true, false));
}

/* --- the rest of §16.6 --- */

static void set_routes(struct context *cx, struct sip_edit *e, const struct target *t, struct str *ruri)
{
	struct sip_values it;
	struct str value, last = STR_NONE, first = STR_NONE;
	unsigned at = 0, total = 0;
	sip_values_begin(&it, cx->msg, SIP_H_ROUTE);
	while (sip_values_next(&it, &value))
		total++;
	sip_values_begin(&it, cx->msg, SIP_H_ROUTE);
	while (sip_values_next(&it, &value)) {
		bool is_last = ++at == total;
		if (at <= cx->view.own || t->rerouted || (is_last && cx->view.strict)) {
			sip_edit_remove_value(e, &it, value);
			continue;
		}
		if (!first.p)
			first = value;
		last = value;
	}
	if (t->route.n) {
		sip_edit_add_first(e, SIP_H_ROUTE, t->route);
		return;                                 /* Path values always have lr (OB-40) */
	}
	/* A strict router comes next: it wants itself in the Request-URI and the target at the end of Route (PX-16). */
	struct sip_addr top;
	if (!last.p || !sip_addr_parse(first, &top) || top.uri.lr || !flow_ref_none(&t->flow))
		return;
	sip_values_begin(&it, cx->msg, SIP_H_ROUTE);
	for (at = 0; sip_values_next(&it, &value); )
		if (++at == cx->view.own + 1) {
			sip_edit_remove_value(e, &it, value);
			break;
		}
	sip_edit_add_row(e, arena_printf(&cx->px->work, "Route: <%.*s>\r\n", STR_FMT(*ruri)));
	*ruri = top.uri_text;
}

/* Identity headers mean something only from those who may state them, and go only to those who may hear them
 * (RFC 3325 §5, §7). */
static void set_identity(struct context *cx, struct sip_edit *e, const struct flow_ref *out)
{
	static const enum sip_header_id stated[] = { SIP_H_P_ASSERTED_IDENTITY, SIP_H_P_PREFERRED_IDENTITY, SIP_H_REMOTE_PARTY_ID };
	bool believed = cx->rights & PEER_IDENTITY;
	unsigned theirs = policy_rights(cx->px->s.policy, &out->remote, STR_NONE);
	bool private = sip_has_token(cx->msg, SIP_H_PRIVACY, STR("id"));
	for (unsigned i = 0; i < sizeof stated / sizeof *stated; i++)
		if (!believed || (private && !(theirs & PEER_IDENTITY)))
			sip_edit_remove_all(e, stated[i]);
	if (cx->caller && (theirs & PEER_IDENTITY) && cx->msg->to.tag.n == 0) {
		struct buf b = { 0 };
		BUF_LIT(&b, "<sip:");
		sip_escape_user(&b, cx->caller->name);
		buf_byte(&b, '@');
		buf_add(&b, cx->caller->domain);
		buf_byte(&b, '>');
		sip_edit_add_row(e, arena_printf(&cx->px->work, "P-Asserted-Identity: %.*s\r\n", STR_FMT(buf_str(&b))));
		buf_fini(&b);
	}
}

/* Credentials for a realm of ours are for us alone, also where nobody asked for them, as in a dialog: with an nc that was not used
 * yet the next hop could call in the user's name. Those for others pass (AU-10). */
static void drop_own_credentials(struct context *cx, struct sip_edit *e)
{
	const struct sip_msg *m = cx->msg;
	for (int i = m->first[SIP_H_PROXY_AUTHORIZATION]; i >= 0; i = m->headers[i].next) {
		struct sip_credentials c;
		if (sip_credentials_parse(m->headers[i].value, &cx->px->work, &c) == SIP_CREDENTIALS_OK &&
		    policy_domain(cx->px->s.policy, c.realm))
			sip_edit_remove_row(e, &m->headers[i]);
	}
}

static struct str number_text(struct arena *arena, unsigned n)
{
	return arena_printf(arena, "%u", n);
}

struct wire *forward_build(struct context *cx, const struct branch *b, const struct flow_ref *out, struct str branch_id)
{
	struct proxy *px = cx->px;
	const struct sip_msg *m = cx->msg;
	const struct target *t = b->target;
	struct sip_edit e;
	struct str ruri = t->ruri;
	sip_edit_begin(&e, m, &px->work);

	sip_edit_add_first(&e, SIP_H_VIA, via_value(px, out, branch_id, &px->work));
	if (!str_eq(m->via.text, m->via_stamped))
		sip_edit_replace(&e, m->via.text, m->via_stamped);
	set_routes(cx, &e, t, &ruri);
	if (!str_eq(ruri, m->ruri_text))
		sip_edit_ruri(&e, ruri);
	if (sip_forms_dialog(m))
		add_record_route(cx, &e, t, out);
	else if (m->method == SIP_REGISTER)
		add_path(cx, &e, out);
	sip_edit_set(&e, SIP_H_MAX_FORWARDS, number_text(&px->work, m->max_forwards < 0 ? 70 : (unsigned)m->max_forwards - 1));
	sip_edit_set(&e, SIP_H_MAX_BREADTH, number_text(&px->work, cx->breadth));
	set_identity(cx, &e, out);
	drop_own_credentials(cx, &e);
	if (b->group->credentials.n)
		sip_edit_add_row(&e, b->group->credentials);
	if (transport_is_stream(out->kind) && m->first[SIP_H_CONTENT_LENGTH] < 0)
		sip_edit_set(&e, SIP_H_CONTENT_LENGTH, number_text(&px->work, (unsigned)m->body.n));     /* PX-20 */

	buf_clear(&px->out);
	sip_edit_write(&e, &px->out);
	work_reset(px);
	return wire_new(buf_str(&px->out));
}
