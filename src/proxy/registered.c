/* SPDX-License-Identifier: Apache-2.0 */
/* registered.c - a home has answered a REGISTER that went through us as its edge: whose flow this is from now on, so that
 * keep-alives judge it, and a dialog of the phone finds its other flow. RFC 5626 §5. */
#include "proxy_private.h"

#define MAX_CONTACTS 32                 /* of one REGISTER; no phone has so many */

struct phone_contact {                  /* a Contact of the REGISTER, or of its 200 */
	struct sip_addr addr;
	struct str instance;            /* canonical; n == 0: none */
	struct str reg_id;
};

static bool read_contact(struct str value, struct arena *arena, struct phone_contact *out)
{
	struct str instance = STR_NONE;
	*out = (struct phone_contact){ 0 };
	if (!sip_addr_parse(value, &out->addr))
		return false;
	if (sip_param_find(out->addr.params, STR("+sip.instance"), &instance) && instance.p)
		out->instance = location_instance_of(instance, arena);
	sip_param_find(out->addr.params, STR("reg-id"), &out->reg_id);
	return true;
}

/* One binding has one key: instance and reg-id, or its URI (OB-69, RG-23). */
static bool same_binding(const struct phone_contact *a, const struct phone_contact *b)
{
	if (a->reg_id.n && a->instance.n)
		return str_eq(a->instance, b->instance) && str_eq(a->reg_id, b->reg_id);
	return sip_uri_equal(&a->addr.uri, &b->addr.uri);
}

/* How long the home keeps this binding; 0: it has none. */
static uint32_t granted_s(const struct sip_msg *ok, const struct phone_contact *asked, struct arena *arena)
{
	struct sip_values it;
	struct str value, text;
	sip_values_begin(&it, ok, SIP_H_CONTACT);
	while (sip_values_next(&it, &value)) {
		struct phone_contact c;
		uint32_t s = 0;
		if (!read_contact(value, arena, &c) || !same_binding(asked, &c))
			continue;
		if (!sip_param_find(c.addr.params, STR("expires"), &text) || !text.p || !str_u32(text, UINT32_MAX, &s))
			sip_number(ok, SIP_H_EXPIRES, &s);
		return s;
	}
	return 0;
}

/* What one Contact of the request has come to. */
static struct flow_registration outcome(struct context *cx, const struct sip_msg *ok, const struct phone_contact *c, struct str aor)
{
	struct proxy *px = cx->px;
	const struct packet *p = cx->st->packet;
	const struct token_keys *keys = transport_keys(px->s.transport);
	int64_t now_ms = loop_now_ms(px->s.loop);
	struct flow_registration r = { .address = token_registration(keys, aor, STR("")),
	                               .outbound = sip_has_token(ok, SIP_H_REQUIRE, STR("outbound")) };
	if (c->addr.star) {                             /* all bindings are gone, whoever is on this flow */
		r.registration = transport_registration_on(px->s.transport, &p->from, r.address, now_ms);
		return r;
	}
	uint32_t s = granted_s(ok, c, &px->work);
	r.registration = token_registration(keys, aor, c->instance);
	r.nat = p->from.kind == TRANSPORT_UDP && !c->reg_id.n && !packet_comes_from(p, &c->addr.uri);
	r.until_ms = s ? now_ms + (int64_t)s * 1000 : 0;
	return r;
}

/* A phone that moves removes its old Contact and binds a new one in one request: what it has then counts. */
static unsigned merge(struct flow_registration *all, unsigned count, const struct flow_registration *r)
{
	for (unsigned i = 0; i < count; i++)
		if (all[i].registration == r->registration) {
			if (r->until_ms > all[i].until_ms)
				all[i] = *r;
			return count;
		}
	all[count] = *r;
	return count + 1;
}

/* Whoever is noted gets what the dead flows of that phone lose. So a home says it whom we know as such, who brings the requests for
 * the phone to its flow (peers[].rights: path); a user could send his REGISTER to a server of his own. And who is who in a domain of
 * ours is the registrar's to say. From others we take only that the flow is wanted for so long. */
static bool is_believed(const struct context *cx, const struct packet *ok)
{
	const struct policy *policy = cx->px->s.policy;
	return !policy_domain(policy, cx->msg->to.uri.host) && (policy_rights(policy, &ok->from.remote, ok->peer_names) & PEER_PATH);
}

void registered_note(struct context *cx, const struct packet *ok)
{
	struct proxy *px = cx->px;
	struct flow_registration all[MAX_CONTACTS];
	struct sip_values it;
	struct str aor = aor_of(px, &cx->msg->to.uri, &px->work), value;
	unsigned looked_at = 0, count = 0;
	sip_values_begin(&it, cx->msg, SIP_H_CONTACT);
	while (looked_at++ < MAX_CONTACTS && sip_values_next(&it, &value)) {
		struct phone_contact c;
		if (!read_contact(value, &px->work, &c))
			continue;
		struct flow_registration r = outcome(cx, &ok->msg, &c, aor);
		if (r.registration)
			count = merge(all, count, &r);
	}
	bool believed = is_believed(cx, ok);
	for (unsigned i = 0; i < count; i++) {
		all[i].registration = believed ? all[i].registration : 0;       /* nobody */
		transport_flow_registered(px->s.transport_worker, &cx->st->packet->from, &all[i]);
	}
	work_reset(px);
}
