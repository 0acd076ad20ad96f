/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - any bytes as a message: parse, check, read every value, answer, edit. What is fit must be read
 * again from what is written of it. */
#include "sip.h"
#include "sip_digest.h"
#include "sip_edit.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static bool inside(struct str part, struct str whole)
{
	return !part.p || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void read_params(struct str params)
{
	struct sip_param param;
	while (sip_param_next(&params, &param))
		need(inside(param.value, str_range(param.name.p, params.p)));
}

static void read_values(const struct sip_msg *m, enum sip_header_id id, struct arena *arena)
{
	struct sip_values it;
	struct str value, key;
	struct sip_via via;
	struct sip_addr addr;
	uint32_t number;
	sip_number(m, id, &number);
	sip_has_token(m, id, STR("outbound"));
	for (sip_values_begin(&it, m, id); sip_values_next(&it, &value); ) {
		need(inside(value, m->headers[it.row].value));
		sip_unquote(value, arena);
		sip_q(value);
		if (sip_via_parse(value, &via)) {
			need(via.host.n && inside(via.branch, value));
			read_params(via.params);
		}
		if (sip_addr_parse(value, &addr) && !addr.star) {
			need(inside(addr.uri_text, value) && inside(addr.tag, value));
			read_params(addr.params);
			key = sip_uri_aor_key(&addr.uri, arena);
			need(key.n > 0);
		}
	}
	for (int i = m->first[id]; i >= 0; i = m->headers[i].next) {
		struct sip_credentials c;
		struct sip_challenge ch;
		sip_credentials_parse(m->headers[i].value, arena, &c);
		sip_challenge_parse(m->headers[i].value, arena, &ch);
	}
}

/* The answer to what is fit is fit, and belongs to it. */
static void answer(struct sip_msg *m, bool fit, struct arena *arena)
{
	struct addr source;
	struct buf out = { 0 };
	struct sip_msg back;
	struct sip_fault fault;
	addr_parse(STR("[2001:db8::1]:5060"), 0, &source);
	sip_stamp_via(m, &source, true, 30, arena);
	sip_reply(&out, m, 200, STR_NONE, STR("t1"), STR("Server: x\r\n"));
	enum sip_parse_result parsed = sip_parse(&back, buf_str(&out), arena, NULL, &fault);
	if (fit && fault.status != 513) {
		need(parsed == SIP_PARSED && sip_check(&back, &fault));
		need(str_eq(back.call_id, m->call_id) && back.cseq == m->cseq && str_eq(back.via.branch, m->via.branch));
		need(back.via.rport == 5060 && str_eq(back.via.received, STR("2001:db8::1")));
		need(back.to.tag.p && (!m->to.tag.p || str_eq(back.to.tag, m->to.tag)));
		struct buf more = { 0 };
		sip_cancel_for(&more, m, STR_NONE);
		sip_ack_for(&more, m, &back);
		buf_fini(&more);
	}
	buf_fini(&out);
}

/* What a proxy does to a request; taken back by the next one, all but the Request-URI is as it was. */
static void edit(const struct sip_msg *m, struct arena *arena)
{
	struct sip_edit e;
	struct buf out = { 0 };
	struct sip_msg next;
	struct sip_fault fault;
	struct sip_values it;
	struct str value;
	sip_edit_begin(&e, m, arena);
	sip_edit_ruri(&e, STR("sip:next"));
	sip_edit_add_first(&e, SIP_H_VIA, STR("SIP/2.0/UDP me;branch=z9hG4bKme"));
	sip_edit_set(&e, SIP_H_MAX_FORWARDS, STR("69"));
	for (sip_values_begin(&it, m, SIP_H_ROUTE); sip_values_next(&it, &value); )
		sip_edit_remove_value(&e, &it, value);
	sip_edit_remove_all(&e, SIP_H_RECORD_ROUTE);
	sip_edit_add_row(&e, STR("X-Last: y\r\n"));
	sip_edit_write(&e, &out);
	if (sip_parse(&next, buf_str(&out), arena, NULL, &fault) != SIP_PARSED) {
		need(fault.status == 513);
	} else {
		need(sip_check(&next, &fault));
		need(str_eq(next.via.branch, STR("z9hG4bKme")) && next.max_forwards == 69);
		sip_values_begin(&it, &next, SIP_H_ROUTE);
		need(!sip_values_next(&it, &value) && next.first[SIP_H_RECORD_ROUTE] < 0);
		need(str_eq(next.body, m->body) && str_eq(next.ruri_text, STR("sip:next")));
		need(str_eq(next.call_id, m->call_id) && sip_find(&next, STR("x-last")));
	}
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	struct sip_msg m;
	struct sip_fault fault = { 0 };
	struct sip_glance glance;
	struct str text = { (const char *)bytes, n };
	arena_init(&arena, NULL, 0);
	enum sip_parse_result parsed = sip_parse(&m, text, &arena, NULL, &fault);
	bool seen = sip_glance(text, &glance);
	if (parsed != SIP_NOT_SIP) {
		need(inside(m.text, text) && inside(m.body, m.text));
		need((parsed == SIP_BAD) == (fault.status != 0));
		bool fit = parsed == SIP_PARSED && sip_check(&m, &fault);
		need(!fit || (seen && (!glance.call_id.p || str_eq(glance.call_id, m.call_id))));
		for (int id = SIP_H_OTHER + 1; id < SIP_HEADER_COUNT; id++)
			read_values(&m, (enum sip_header_id)id, &arena);
		if (fit && m.is_request)
			edit(&m, &arena);
		answer(&m, fit && m.is_request, &arena);
	}
	arena_fini(&arena);
	return 0;
}
