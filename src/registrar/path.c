/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - the way back through edges: RFC 3327 §5.3, RFC 5626 §6. */
#include "registrar_private.h"

static unsigned count_vias(const struct sip_msg *m)
{
	struct sip_values it;
	struct str value;
	unsigned n = 0;
	sip_values_begin(&it, m, SIP_H_VIA);
	while (sip_values_next(&it, &value))
		n++;
	return n;
}

/* All values in order, as one list (RG-32). Each proxy puts its own on top, so the first edge's is the last: that one
 * is asked for ob (OB-63). */
static enum register_fault join(struct registration *g)
{
	struct sip_values it;
	struct str value;
	struct buf list = { 0 };
	enum register_fault fault = REGISTER_FINE;
	sip_values_begin(&it, &g->packet->msg, SIP_H_PATH);
	while (!fault && sip_values_next(&it, &value)) {
		struct sip_addr a;
		if (!sip_addr_parse(value, &a) || a.star || a.uri.scheme == SIP_SCHEME_OTHER || a.uri.scheme == SIP_SCHEME_TEL)
			fault = REGISTER_PATH_MALFORMED;
		else
			g->path_has_ob = a.uri.ob;
		if (list.n)
			BUF_LIT(&list, ", ");
		buf_add(&list, value);
	}
	g->update.path = arena_str(g->update.arena, buf_str(&list));
	buf_fini(&list);
	return fault;
}

/* A Path decides where calls go: it is believed from our edges only. */
enum register_fault path_read(struct registration *g, unsigned rights)
{
	const struct sip_msg *m = &g->packet->msg;
	bool any = m->first[SIP_H_PATH] >= 0;
	enum register_fault fault = any ? join(g) : REGISTER_FINE;
	g->direct = !any && count_vias(m) == 1;
	if (any && !(rights & PEER_PATH))
		return REGISTER_PATH_STRANGER;
	if (any && !g->r->s.path_without_supported && !sip_has_token(m, SIP_H_SUPPORTED, STR("path")) &&
	    !sip_has_token(m, SIP_H_REQUIRE, STR("path")))
		return REGISTER_PATH_UNSUPPORTED;
	return fault;
}
