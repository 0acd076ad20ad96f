/* SPDX-License-Identifier: Apache-2.0 */
/* stamp.c - who received a request notes in its top Via where it came from. RFC 3261 §18.2.1, RFC 3581 §4, RFC 6223 §4 */
#include "sip_private.h"

static void add_number(struct buf *out, struct str name, unsigned number)
{
	buf_add(out, name);
	buf_u64(out, number);
}

struct stamp {
	struct buf text;
	const struct addr *source;
	bool rport, received;
	int keep_s;                     /* -1: leave as it is */
};

/* One parameter of the sender; what the receiver has to say itself is replaced or left out. */
static void copy_param(struct stamp *s, const struct sip_param *param)
{
	if (str_ieq(param->name, STR("received")))
		return;
	if (str_ieq(param->name, STR("rport"))) {
		if (s->rport)
			add_number(&s->text, STR(";rport="), s->source->port);
		s->rport = false;
		return;
	}
	if (str_ieq(param->name, STR("keep")) && s->keep_s >= 0) {
		add_number(&s->text, STR(";keep="), (unsigned)s->keep_s);
		return;
	}
	buf_byte(&s->text, ';');
	buf_add(&s->text, param->name);
	if (param->value.p) {
		buf_byte(&s->text, '=');
		buf_add(&s->text, param->value);
	}
}

void sip_stamp_via(struct sip_msg *m, const struct addr *source, bool force_rport, int keep_s, struct arena *arena)
{
	const struct sip_via *v = &m->via;
	if (!v->text.p)
		return;
	struct addr sent_by;
	struct stamp s = { .source = source, .rport = v->has_rport || force_rport, .keep_s = keep_s };
	s.received = s.rport || !addr_parse_ip(v->host, &sent_by) || !addr_same_ip(&sent_by, source);
	struct str rest = v->params;
	buf_add(&s.text, v->params.p ? str_trim(str_range(v->text.p, v->params.p - 1)) : v->text);
	struct sip_param param;
	while (sip_param_next(&rest, &param))
		copy_param(&s, &param);
	if (s.rport)
		add_number(&s.text, STR(";rport="), source->port);
	if (s.received) {
		BUF_LIT(&s.text, ";received=");
		addr_write_ip(&s.text, source);
	}
	m->via_stamped = arena_str(arena, buf_str(&s.text));
	buf_fini(&s.text);
}
