/* SPDX-License-Identifier: Apache-2.0 */
/* response.c - what goes up: a response without our Via, RFC 3261 §16.7 steps 3, 7, 9. */
#include "codes.h"
#include "proxy_private.h"

/* The chosen challenge carries those of all other branches too, each row unchanged (PX-36). */
static void add_challenges(struct context *cx, struct sip_edit *e, const struct packet *chosen)
{
	static const enum sip_header_id ids[] = { SIP_H_WWW_AUTHENTICATE, SIP_H_PROXY_AUTHENTICATE };
	for (unsigned i = 0; i < cx->challenge_count; i++) {
		const struct sip_msg *m = &cx->challenges[i]->msg;
		if (cx->challenges[i] == chosen)
			continue;
		for (unsigned k = 0; k < 2; k++)
			for (int h = m->first[ids[k]]; h >= 0; h = m->headers[h].next)
				sip_edit_add_row(e, m->headers[h].row);
	}
}

/* The last element before the phone says how often to keep the flow alive (OB-60). */
static void set_flow_timer(struct context *cx, struct sip_edit *e, const struct sip_msg *m)
{
	uint32_t s = cx->px->s.settings.flow_timer_s;
	if (s && cx->msg && cx->msg->method == SIP_REGISTER && m->status / 100 == 2 && cx->rights == 0 &&
	    sip_has_token(m, SIP_H_REQUIRE, STR("outbound"))) {
		buf_u64(&cx->px->text, s);
		sip_edit_set(e, SIP_H_FLOW_TIMER, work_str(cx->px));
	}
}

/* A 3xx that was followed in part names only where nobody has been (RD-38). */
static void drop_seen_contacts(const struct context *cx, struct sip_edit *e, const struct sip_msg *m)
{
	struct sip_values it;
	struct str value;
	struct sip_addr addr;
	struct sip_uri uri;
	sip_values_begin(&it, m, SIP_H_CONTACT);
	while (sip_values_next(&it, &value))
		if (sip_addr_of(m, value, &addr) && sip_uri_parse(sip_uri_as_ruri(addr.uri_text, &addr.uri, &cx->px->work), &uri) &&
		    redirect_seen(cx, &uri))
			sip_edit_remove_value(e, &it, value);
}

struct wire *response_build(struct context *cx, struct packet *p, unsigned status)
{
	struct proxy *px = cx->px;
	const struct sip_msg *m = &p->msg;
	struct sip_edit e;
	struct sip_values it;
	struct str value;
	sip_edit_begin(&e, m, &px->work);
	sip_values_begin(&it, m, SIP_H_VIA);
	if (sip_values_next(&it, &value))
		sip_edit_remove_value(&e, &it, value);
	if (status != m->status) {
		buf_u64(&px->text, status);
		sip_edit_replace(&e, (struct str){ m->text.p + sizeof "SIP/2.0", 3 }, work_str(px));
		sip_edit_replace(&e, m->phrase, codes_phrase(status));
	}
	if (status == 401 || status == 407)
		add_challenges(cx, &e, p);
	if (cx->seen && status / 100 == 3)
		drop_seen_contacts(cx, &e, m);
	if (cx->msg && m->first[SIP_H_HISTORY_INFO] >= 0 && !history_asked(cx))
		sip_edit_remove_all(&e, SIP_H_HISTORY_INFO);    /* RFC 7044 §9.4 */
	set_flow_timer(cx, &e, m);
	buf_clear(&px->out);
	sip_edit_write(&e, &px->out);
	work_reset(px);
	return wire_new(buf_str(&px->out));
}
