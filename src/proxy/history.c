/* SPDX-License-Identifier: Apache-2.0 */
/* history.c - where a request has been, for whoever asks: History-Info, RFC 7044; Diversion, RFC 5806.
 *
 * What came stays as it is. Each target has an index one level below the request's own entry, in the order in which they were sent
 * (§9.1, §10.3); one that a redirect named comes after the entries that led to it, each with the Reason why it was left (§10.2). */
#include "proxy_private.h"

bool history_asked(const struct context *cx)
{
	const struct sip_msg *m = cx->msg;
	return m->first[SIP_H_HISTORY_INFO] >= 0 || sip_has_token(m, SIP_H_SUPPORTED, STR("histinfo"));
}

static bool wanted(const struct context *cx)
{
	const struct move_rules *r = cx->px->s.rules;
	if (cx->msg->to.tag.n || cx->msg->method == SIP_REGISTER || r->history == MOVE_HISTORY_NEVER)
		return false;
	return r->history == MOVE_HISTORY_ALWAYS || history_asked(cx);
}

#define INDEX_MOST 64

bool history_is_index(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '.' && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	return s.n > 0 && s.n <= INDEX_MOST;
}

/* The last entry that came; false: none can be read. */
static bool last_entry(const struct sip_msg *m, struct sip_addr *out, struct str *index)
{
	struct sip_values it;
	struct str value;
	struct sip_addr one;
	bool found = false;
	sip_values_begin(&it, m, SIP_H_HISTORY_INFO);
	while (sip_values_next(&it, &value))
		if (sip_addr_parse(value, &one) && sip_param_find(one.params, STR("index"), index) && history_is_index(*index)) {
			*out = one;
			found = true;
		}
	return found;
}

/* The index of the entry for the Request-URI that came. *missing: it is not among those that came, and is added. */
static struct str own_index(const struct context *cx, bool *missing)
{
	struct sip_addr last;
	struct str index;
	struct sip_uri uri;
	*missing = true;
	if (!last_entry(cx->msg, &last, &index))
		return STR("1");
	if (sip_uri_parse(sip_uri_as_ruri(last.uri_text, &last.uri, cx->arena), &uri) && sip_uri_equal(&uri, &cx->view.ruri)) {
		*missing = false;
		return index;
	}
	return arena_printf(cx->arena, "%.*s.0", STR_FMT(index));       /* a gap: RFC 7044 §10.3 */
}

struct str history_index(const struct context *cx)
{
	bool missing;
	return own_index(cx, &missing);
}

static void entry(struct buf *b, struct str uri, unsigned left_by, struct str base, const struct target *t)
{
	buf_printf(b, "History-Info: <%.*s", STR_FMT(uri));
	if (left_by)
		buf_printf(b, "?Reason=SIP%%3Bcause%%3D%u", left_by);
	buf_printf(b, ">;index=%.*s", STR_FMT(base));
	if (t) {
		buf_printf(b, ".%u", t->ordinal);
		if (t->mapped.n)
			buf_printf(b, ";%.*s", STR_FMT(t->mapped));
		else if (t->binding && !t->because)
			buf_printf(b, ";rc=%.*s", STR_FMT(base));
		else if (t->entry)
			buf_printf(b, ";mp=%.*s", STR_FMT(base));
	}
	BUF_LIT(b, "\r\n");
}

/* Those that led to it first. */
static void entries_of(struct buf *b, const struct target *t, unsigned left_by, struct str base)
{
	if (t->because)
		entries_of(b, t->because, t->because_status, base);
	entry(b, t->ruri, left_by, base, t);
}

/* A gateway bills whoever sent the call its way. Last diversion first (RFC 5806 §4). */
static void add_diversion(struct context *cx, struct sip_edit *e, const struct target *t)
{
	struct sip_uri by;
	if (!t->trunk || !t->trunk->diversion || !t->diverted_by.n || !sip_uri_parse(t->diverted_by, &by))
		return;
	sip_edit_add_first(e, SIP_H_DIVERSION, arena_printf(&cx->px->work, "<%.*s>;reason=unconditional;counter=1", STR_FMT(t->diverted_by)));
}

void history_add(struct context *cx, struct sip_edit *e, struct target *t)
{
	bool missing;
	struct buf *b = &cx->px->text;
	add_diversion(cx, e, t);
	if (!wanted(cx))
		return;
	struct str base = own_index(cx, &missing);
	if (!t->ordinal)
		t->ordinal = ++cx->ordinals;
	if (missing)
		entry(b, cx->view.ruri_text, 0, base, NULL);
	entries_of(b, t, 0, base);
	sip_edit_add_row(e, work_str(cx->px));
}
