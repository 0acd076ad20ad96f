/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c - responses, ACK and CANCEL, made from a request. RFC 3261 §8.2.6, §9.1, §17.1.1.3 */
#include "sip_private.h"
#include "codes.h"

static void add_row(struct buf *out, struct str name, struct str value)
{
	buf_add(out, name);
	BUF_LIT(out, ": ");
	buf_add(out, value);
	BUF_LIT(out, "\r\n");
}

/* All rows of a header as they came, or the first only. */
static void copy_rows(struct buf *out, const struct sip_msg *m, enum sip_header_id id, bool all)
{
	for (int i = m->first[id]; i >= 0; i = all ? m->headers[i].next : -1)
		add_row(out, sip_header_name(id), m->headers[i].value);
}

/* The topmost value may have been stamped; what stands behind it in its row stays. */
static void copy_vias(struct buf *out, const struct sip_msg *m)
{
	int row = m->first[SIP_H_VIA];
	if (row < 0)
		return;
	struct str value = m->headers[row].value;
	BUF_LIT(out, "Via: ");
	if (m->via_stamped.p && m->via.text.p) {
		const char *behind = m->via.text.p + m->via.text.n;
		buf_add(out, m->via_stamped);
		value = str_range(behind, value.p + value.n);
	}
	buf_add(out, value);
	BUF_LIT(out, "\r\n");
	while ((row = m->headers[row].next) >= 0)
		add_row(out, STR("Via"), m->headers[row].value);
}

static void copy_to(struct buf *out, const struct sip_msg *m, struct str to_tag)
{
	const struct sip_header *to = sip_first(m, SIP_H_TO);
	if (!to)
		return;
	BUF_LIT(out, "To: ");
	buf_add(out, to->value);
	if (to_tag.p && m->to.uri_text.p && !m->to.tag.p) {
		BUF_LIT(out, ";tag=");
		buf_add(out, to_tag);
	}
	BUF_LIT(out, "\r\n");
}

void sip_reply(struct buf *out, const struct sip_msg *request, unsigned status, struct str phrase,
               struct str to_tag, struct str extra)
{
	BUF_LIT(out, "SIP/2.0 ");
	buf_u64(out, status);
	buf_byte(out, ' ');
	buf_add(out, phrase.p ? phrase : codes_phrase(status));
	BUF_LIT(out, "\r\n");
	copy_vias(out, request);
	if (status > 100 && status < 300 && sip_forms_dialog(request))
		copy_rows(out, request, SIP_H_RECORD_ROUTE, true);
	copy_rows(out, request, SIP_H_FROM, false);
	copy_to(out, request, to_tag);
	copy_rows(out, request, SIP_H_CALL_ID, false);
	copy_rows(out, request, SIP_H_CSEQ, false);
	if (status == 100)
		copy_rows(out, request, SIP_H_TIMESTAMP, false);
	buf_add(out, extra);
	BUF_LIT(out, "Content-Length: 0\r\n\r\n");
}

/* A request of another method for the same transaction or hop: same Request-URI, top Via, Route, From,
 * Call-ID and CSeq number. */
static void follow(struct buf *out, const struct sip_msg *request, struct str method, struct str to,
                   struct str extra)
{
	buf_add(out, method);
	buf_byte(out, ' ');
	buf_add(out, request->ruri_text);
	BUF_LIT(out, " SIP/2.0\r\n");
	add_row(out, STR("Via"), request->via.text);
	copy_rows(out, request, SIP_H_ROUTE, true);
	BUF_LIT(out, "Max-Forwards: ");
	buf_u64(out, request->max_forwards >= 0 ? (uint64_t)request->max_forwards : 70);
	BUF_LIT(out, "\r\n");
	copy_rows(out, request, SIP_H_FROM, false);
	add_row(out, STR("To"), to);
	copy_rows(out, request, SIP_H_CALL_ID, false);
	BUF_LIT(out, "CSeq: ");
	buf_u64(out, request->cseq);
	buf_byte(out, ' ');
	buf_add(out, method);
	BUF_LIT(out, "\r\n");
	buf_add(out, extra);
	BUF_LIT(out, "Content-Length: 0\r\n\r\n");
}

static struct str to_of(const struct sip_msg *m)
{
	const struct sip_header *to = sip_first(m, SIP_H_TO);
	return to ? to->value : STR("");
}

void sip_ack_for(struct buf *out, const struct sip_msg *request, const struct sip_msg *response)
{
	follow(out, request, STR("ACK"), to_of(response), STR_NONE);
}

void sip_cancel_for(struct buf *out, const struct sip_msg *request, struct str extra)
{
	follow(out, request, STR("CANCEL"), to_of(request), extra);
}

bool sip_forms_dialog(const struct sip_msg *m)
{
	switch (m->method) {
	case SIP_INVITE:
	case SIP_SUBSCRIBE:
	case SIP_REFER:
	case SIP_NOTIFY:
		return m->is_request && !m->to.tag.p;
	default:
		return false;
	}
}
