/* SPDX-License-Identifier: Apache-2.0 */
/* forward.c - the request as one branch sends it: an edit list over what came in. RFC 3261 §16.6,
 * RFC 5626 §5, RFC 5658. */
#include "decimal.h"
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
	if (view->next.n) {
		sip_values_begin(&it, m, SIP_H_ROUTE);
		while (sip_values_next(&it, &value))
			if (at++ >= view->own)
				h = hash_mix(h, hash_str(key, value));
	}
	return hash_mix(h, hash_str(key, m->call_id) + m->cseq);
}

/* A Via of ours with this hash in its branch? */
static bool is_own_via(const struct proxy *px, const struct sip_via *via, uint64_t hash)
{
	uint64_t seen;
	return via->branch.n == BRANCH_ID_SIZE &&
	       hex_read((struct str){ via->branch.p + BRANCH_ID_SIZE - HEX_SIZE(sizeof seen), HEX_SIZE(sizeof seen) }, &seen, sizeof seen) &&
	       seen == __builtin_bswap64(hash) && transport_is_self(px->s.transport, via->host, via->port);
}

bool loop_found(const struct proxy *px, const struct sip_msg *m, uint64_t hash)
{
	struct sip_values it;
	struct str value;
	struct sip_via via;
	if (is_own_via(px, &m->via, hash))
		return true;
	sip_values_begin(&it, m, SIP_H_VIA);
	sip_values_next(&it, &value);                   /* the topmost, which is m->via */
	while (sip_values_next(&it, &value))
		if (sip_via_parse(value, &via) && is_own_via(px, &via, hash))
			return true;
	return false;
}

void branch_id_make(struct proxy *px, uint64_t hash, char out[BRANCH_ID_SIZE])
{
	uint64_t big = __builtin_bswap64(hash);
	txn_branch(px->s.txns, out);
	out[TXN_BRANCH_SIZE] = '.';
	hex_write(out + TXN_BRANCH_SIZE + 1, &big, sizeof big);
}

struct str via_value(struct proxy *px, const struct flow_ref *flow, struct str branch_id)
{
	struct buf *b = &px->text;
	BUF_LIT(b, "SIP/2.0/");
	buf_add(b, transport_name(flow->kind));
	buf_byte(b, ' ');
	transport_sent_by(px->s.transport, flow, b);
	BUF_LIT(b, ";branch=");
	buf_add(b, branch_id);
	BUF_LIT(b, ";rport");
	return work_str(px);
}

/* --- the rest of §16.6 --- */

static void set_routes(struct context *cx, struct sip_edit *e, const struct target *t, struct str *ruri)
{
	struct sip_values it;
	struct str value, last = STR_NONE, first = STR_NONE;
	unsigned at = 0;
	sip_values_begin(&it, cx->msg, SIP_H_ROUTE);
	while (sip_values_next(&it, &value)) {
		at++;
		if (at <= cx->view.own || t->rerouted || (cx->view.strict && at == cx->view.count)) {
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
	if (!last.p || !sip_addr_of(cx->msg, first, &top) || top.uri.lr || !flow_ref_none(&t->flow))
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
		struct buf *b = &cx->px->text;
		BUF_LIT(b, "P-Asserted-Identity: <sip:");
		sip_escape_user(b, cx->caller->name);
		buf_byte(b, '@');
		buf_add(b, cx->caller->domain);
		BUF_LIT(b, ">\r\n");
		sip_edit_add_row(e, work_str(cx->px));
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

struct number {
	char digits[DECIMAL_MAX];
};

static struct str number_str(struct number *room, uint64_t n)
{
	return str_range(room->digits, decimal_write(room->digits, n));
}

struct wire *forward_build(struct context *cx, const struct branch *b, const struct flow_ref *out, struct str branch_id)
{
	struct proxy *px = cx->px;
	const struct sip_msg *m = cx->msg;
	struct target *t = b->target;
	struct sip_edit e;
	struct str ruri = t->ruri;
	struct number hops, breadth, length;
	sip_edit_begin(&e, m, &px->work);

	sip_edit_add_first(&e, SIP_H_VIA, via_value(px, out, branch_id));
	if (!str_eq(m->via.text, m->via_stamped))
		sip_edit_replace(&e, m->via.text, m->via_stamped);
	set_routes(cx, &e, t, &ruri);
	if (!str_eq(ruri, m->ruri_text))
		sip_edit_ruri(&e, ruri);
	if (sip_forms_dialog(m))
		record_route_add(cx, &e, t, out);
	else if (m->method == SIP_REGISTER)
		path_add(cx, &e, out);
	sip_edit_set(&e, SIP_H_MAX_FORWARDS, number_str(&hops, m->max_forwards < 0 ? 70 : (unsigned)m->max_forwards - 1));
	sip_edit_set(&e, SIP_H_MAX_BREADTH, number_str(&breadth, cx->breadth));
	set_identity(cx, &e, out);
	history_add(cx, &e, t);
	drop_own_credentials(cx, &e);
	if (b->group->credentials.n)
		sip_edit_add_row(&e, b->group->credentials);
	if (transport_is_stream(out->kind) && m->first[SIP_H_CONTENT_LENGTH] < 0)
		sip_edit_set(&e, SIP_H_CONTENT_LENGTH, number_str(&length, m->body.n));     /* PX-20 */

	buf_clear(&px->out);
	sip_edit_write(&e, &px->out);
	work_reset(px);
	return wire_new(buf_str(&px->out));
}
