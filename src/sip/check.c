/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - is a message fit to be acted on? RFC 3261 §8.1.1, §8.2.1, §16.3 step 1; RFC 4475 */
#include "sip_private.h"
#include <stdlib.h>

static bool no(struct sip_fault *fault, const char *why)
{
	*fault = (struct sip_fault){ 400, why };
	return false;
}

/* The parameters of one value. Empty ones may be `spare`d. */
static bool params_ok(enum sip_params_fault found, bool spare, struct sip_fault *fault)
{
	switch (found) {
	case SIP_PARAMS_FINE:
		return true;
	case SIP_PARAMS_EMPTY:
		return spare || no(fault, "Empty parameter");
	case SIP_PARAMS_MALFORMED:
		return no(fault, "Malformed parameter");
	case SIP_PARAMS_TWICE:
		return no(fault, "Parameter twice, or too many");
	}
	abort();
}

static bool addr_ok(const struct sip_msg *m, struct str value, bool spare, bool star, const char *why, struct sip_fault *fault)
{
	struct sip_addr addr;
	if (!sip_addr_of(m, value, &addr) || (addr.star && !star))
		return no(fault, why);
	return params_ok(addr.params_fault, spare, fault);
}

static bool addrs_ok(const struct sip_msg *m, enum sip_header_id id, const char *why, struct sip_fault *fault)
{
	/* RFC 5626 prints a REGISTER whose Contact has ";;", so phones may send one. */
	bool spare = id == SIP_H_CONTACT && m->method == SIP_REGISTER;
	struct sip_values it;
	struct str value;
	sip_values_begin(&it, m, id);
	while (sip_values_next(&it, &value))
		if (!addr_ok(m, value, spare, spare, why, fault))
			return false;
	return true;
}

static bool vias_ok(const struct sip_msg *m, struct sip_fault *fault)
{
	struct sip_values it;
	struct str value;
	struct sip_via via;
	if (m->first[SIP_H_VIA] < 0)
		return no(fault, "Via missing");
	if (!m->via.text.p)                     /* also when a first row is empty: answers would go by another Via than this */
		return no(fault, "Malformed Via");
	if (!params_ok(m->via.params_fault, false, fault))
		return false;
	sip_values_begin(&it, m, SIP_H_VIA);
	sip_values_next(&it, &value);           /* the topmost: read already */
	while (sip_values_next(&it, &value)) {
		if (!sip_via_parse(value, &via))
			return no(fault, "Malformed Via");
		if (!params_ok(via.params_fault, false, fault))
			return false;
	}
	return true;
}

static const struct once {
	enum sip_header_id id;
	bool needed;
	const char *missing, *twice;
} once[] = {
	{ SIP_H_FROM, true, "From missing", "From twice" },
	{ SIP_H_TO, true, "To missing", "To twice" },
	{ SIP_H_CALL_ID, true, "Call-ID missing", "Call-ID twice" },
	{ SIP_H_CSEQ, true, "CSeq missing", "CSeq twice" },
	{ SIP_H_MAX_FORWARDS, false, NULL, "Max-Forwards twice" },
};

static bool rows_ok(const struct sip_msg *m, struct sip_fault *fault)
{
	for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
		int first = m->first[once[i].id];
		if (first < 0 && once[i].needed)
			return no(fault, once[i].missing);
		if (first >= 0 && m->headers[first].next >= 0)
			return no(fault, once[i].twice);
	}
	return true;
}

/* word [ "@" word ]; only what could break a line or a list is refused. */
static bool call_id_ok(struct str id)
{
	return id.n && sip_span_until(id, SIP_C_UNSEEN) == id.n;
}

static bool request_ok(const struct sip_msg *m, struct sip_fault *fault)
{
	if (!m->ruri_ok)
		return no(fault, "Malformed Request-URI");
	if (m->ruri.headers.p)
		return no(fault, "Headers in the Request-URI");
	if (!str_eq(m->cseq_method_name, m->method_name))
		return no(fault, "CSeq of another method");
	if (m->first[SIP_H_MAX_FORWARDS] >= 0 && m->max_forwards < 0)
		return no(fault, "Malformed Max-Forwards");
	return addrs_ok(m, SIP_H_ROUTE, "Malformed Route", fault) &&
	       addrs_ok(m, SIP_H_CONTACT, "Malformed Contact", fault);
}

bool sip_check(const struct sip_msg *m, struct sip_fault *fault)
{
	if (!vias_ok(m, fault) || !rows_ok(m, fault))
		return false;
	if (!m->from.uri_text.p)
		return no(fault, "Malformed From");
	if (!m->to.uri_text.p)
		return no(fault, "Malformed To");
	if (!params_ok(m->from.params_fault, false, fault) || !params_ok(m->to.params_fault, false, fault))
		return false;
	if (!call_id_ok(m->call_id))
		return no(fault, "Malformed Call-ID");
	if (!m->cseq_method_name.p)
		return no(fault, "Malformed CSeq");
	/* A response goes to whom its Via says; losing it for a Contact that we may never look at helps nobody. */
	return !m->is_request || request_ok(m, fault);
}
