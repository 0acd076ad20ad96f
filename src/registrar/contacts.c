/* SPDX-License-Identifier: Apache-2.0 */
/* contacts.c - what the Contact values of a REGISTER ask for: RFC 3261 §10.3 steps 6 and 7, RFC 5626 §6. */
#include "registrar_private.h"

#define BRIEF_BELOW_S 3600              /* only shorter times may be called too brief: RFC 3261 §10.3 step 7 */
#define REG_ID_MAX 0x7fffffff           /* RFC 5626 §10 */

/* What the values say together. */
struct tally {
	unsigned count, bound;          /* all; those that do not remove */
	bool star, reg_id_bound, sips, not_sips, brief;
};

/* A number that cannot be read, or is too large, counts as the default (RG-18). */
static uint32_t expires_of(const struct registration *g, struct str param)
{
	const struct sip_msg *m = &g->packet->msg;
	uint32_t seconds;
	if (param.p)
		return str_u32(param, UINT32_MAX, &seconds) ? seconds : g->r->s.expires_default_s;
	return sip_number(m, SIP_H_EXPIRES, &seconds) ? seconds : g->r->s.expires_default_s;
}

/* Parameters as received, quotes and case and all (RG-29), but for expires, which the answer has anew. At most one byte more than
 * they had: a first ';'. */
static char *keep_param(char *at, const struct sip_param *param)
{
	*at++ = ';';
	memcpy(at, param->name.p, param->name.n);
	at += param->name.n;
	if (!param->value.p)
		return at;
	*at++ = '=';
	memcpy(at, param->value.p, param->value.n);
	return at + param->value.n;
}

static enum register_fault read_params(struct registration *g, struct str params, struct contact_update *c, struct str *expires)
{
	struct sip_param param;
	char *kept = arena_alloc(g->update.arena, params.n + 1), *at = kept;
	enum register_fault fault = REGISTER_FINE;
	while (sip_param_next(&params, &param)) {
		if (param.name.n == 0)          /* ";;": RFC 5626 itself prints one */
			continue;
		if (str_ieq(param.name, STR("expires"))) {
			*expires = param.value.p ? param.value : STR("");
			continue;
		}
		at = keep_param(at, &param);
		if (str_ieq(param.name, STR("q")) && (c->q = sip_q(param.value)) < 0)
			fault = REGISTER_Q;
		if (str_ieq(param.name, STR("+sip.instance")))
			c->instance = location_instance_of(param.value, g->update.arena);
		if (str_ieq(param.name, STR("reg-id")) && (!str_u32(param.value, REG_ID_MAX, &c->reg_id) || c->reg_id == 0))
			fault = REGISTER_REG_ID;
	}
	c->contact_params = str_range(kept, at);
	return fault;
}

static enum register_fault read_contact(struct registration *g, struct str value, struct contact_update *c, struct tally *t)
{
	struct sip_addr a;
	struct str expires = STR_NONE;
	if (!sip_addr_of(&g->packet->msg, value, &a))
		return REGISTER_CONTACT_MALFORMED;
	t->count++;
	if (a.star) {
		t->star = true;
		return REGISTER_FINE;
	}
	if (a.uri.scheme != SIP_SCHEME_SIP && a.uri.scheme != SIP_SCHEME_SIPS)
		return REGISTER_CONTACT_SCHEME;
	*c = (struct contact_update){ .contact = a.uri_text, .uri = a.uri, .q = 1000 };
	enum register_fault fault = read_params(g, a.params, c, &expires);
	if (fault)
		return fault;
	c->expires_s = expires_of(g, expires);
	t->brief |= c->expires_s && c->expires_s < g->r->s.expires_min_s && c->expires_s < BRIEF_BELOW_S;
	if (c->expires_s > g->r->s.expires_max_s)
		c->expires_s = g->r->s.expires_max_s;
	if (c->expires_s) {
		t->bound++;
		t->reg_id_bound |= c->reg_id != 0;
		t->sips |= a.uri.scheme == SIP_SCHEME_SIPS;
		t->not_sips |= a.uri.scheme != SIP_SCHEME_SIPS;
		if (c->expires_s > g->granted_s)
			g->granted_s = c->expires_s;
	}
	return REGISTER_FINE;
}

static bool path_is_sips(const struct registration *g)
{
	struct str rest = g->update.path, value;
	struct sip_addr a;
	while (rest.n && sip_list_next(&rest, &value)) {
		if (!sip_addr_parse(value, &a) || a.uri.scheme != SIP_SCHEME_SIPS)
			return false;
	}
	return true;
}

static enum register_fault judge(const struct registration *g, const struct tally *t)
{
	uint32_t expires;
	if (t->star && (t->count > 1 || !sip_number(&g->packet->msg, SIP_H_EXPIRES, &expires) || expires != 0))
		return REGISTER_STAR;
	if (t->bound > 1 && t->reg_id_bound)
		return REGISTER_REG_ID_COUNT;
	if (t->brief)
		return REGISTER_TOO_BRIEF;
	/* A secure binding is secure all the way, or none. RFC 5630 §5.2 */
	if (t->sips && (t->not_sips || g->packet->msg.ruri.scheme != SIP_SCHEME_SIPS || !path_is_sips(g)))
		return REGISTER_NOT_SECURE;
	return REGISTER_FINE;
}

/* Outbound needs a first hop that keeps the flow: us, or an edge that says ob. Without one a phone that relies on
 * outbound must hear of it, any other is registered the old way (OB-64, OB-65). reg-id alone means nothing (OB-66). */
static enum register_fault judge_outbound(struct registration *g, struct contact_update *contacts)
{
	bool supported = sip_has_token(&g->packet->msg, SIP_H_SUPPORTED, STR("outbound")) ||
	                 sip_has_token(&g->packet->msg, SIP_H_REQUIRE, STR("outbound"));
	bool possible = g->direct || g->path_has_ob, asked = false;
	for (unsigned i = 0; i < g->update.contact_count; i++) {
		asked |= contacts[i].reg_id != 0;
		if (!possible || contacts[i].instance.n == 0)
			contacts[i].reg_id = 0;
		g->reg_id_used |= contacts[i].reg_id != 0;
	}
	if (!possible && asked && supported)
		return REGISTER_FIRST_HOP;
	g->require_outbound = g->reg_id_used && supported;
	return REGISTER_FINE;
}

/* A binding that came directly is reached the way it came, unless its Contact leads there anyway (DESIGN "Phones without
 * outbound"; OB-73). */
static void judge_flow(struct registration *g)
{
	if (!g->direct)
		return;
	g->update.flow = g->packet->from;
	g->update.via_flow = g->reg_id_used;
	for (unsigned i = 0; i < g->update.contact_count; i++)
		g->update.via_flow |= !packet_comes_from(g->packet, &g->update.contacts[i].uri);
}

static unsigned count_values(const struct sip_msg *m)
{
	struct sip_values it;
	struct str value;
	unsigned n = 0;
	sip_values_begin(&it, m, SIP_H_CONTACT);
	while (sip_values_next(&it, &value))
		n++;
	return n;
}

enum register_fault contacts_read(struct registration *g)
{
	struct tally t = { 0 };
	struct sip_values it;
	struct str value;
	unsigned n = count_values(&g->packet->msg);
	if (n > g->r->s.max_contacts_in_request)
		return REGISTER_CONTACT_COUNT;
	struct contact_update *contacts = arena_array(g->update.arena, n, sizeof *contacts);
	sip_values_begin(&it, &g->packet->msg, SIP_H_CONTACT);
	while (sip_values_next(&it, &value)) {
		enum register_fault fault = read_contact(g, value, &contacts[t.count], &t);
		if (fault)
			return fault;
	}
	enum register_fault fault = judge(g, &t);
	if (fault)
		return fault;
	g->update.star = t.star;
	g->update.contacts = contacts;
	g->update.contact_count = t.star ? 0 : t.count;
	fault = judge_outbound(g, contacts);
	if (!fault)
		judge_flow(g);
	return fault;
}
