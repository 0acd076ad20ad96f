/* SPDX-License-Identifier: Apache-2.0 */
/* edit.c - a list of changes to a message, done in one copy. */
#include "sip_private.h"
#include "sip_edit.h"

void sip_edit_begin(struct sip_edit *e, const struct sip_msg *m, struct arena *arena)
{
	*e = (struct sip_edit){ .m = m, .arena = arena };
}

/* By place; at one place insertions come before what is taken out there, then as they were given. */
static bool before(const struct sip_edit_op *a, const struct sip_edit_op *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	if (!a->remove != !b->remove)
		return !a->remove;
	return a->order < b->order;
}

/* Kept in order all the time: most edits are given from top to bottom, so most insertions end at once. */
static void add_op(struct sip_edit *e, const char *at, size_t remove, struct str insert)
{
	if (e->count == e->cap) {
		unsigned cap = e->cap ? 2 * e->cap : 16;
		struct sip_edit_op *more = arena_alloc(e->arena, cap * sizeof *more);
		if (e->count)
			memcpy(more, e->ops, e->count * sizeof *more);
		e->ops = more;
		e->cap = cap;
	}
	struct sip_edit_op op = { at, remove, insert, e->count };
	unsigned i = e->count++;
	for (; i > 0 && before(&op, &e->ops[i - 1]); i--)
		e->ops[i] = e->ops[i - 1];
	e->ops[i] = op;
}

void sip_edit_replace(struct sip_edit *e, struct str old, struct str with)
{
	add_op(e, old.p, old.n, with);
}

void sip_edit_ruri(struct sip_edit *e, struct str uri)
{
	sip_edit_replace(e, e->m->ruri_text, uri);
}

static const char *first_row(const struct sip_msg *m)
{
	return m->header_count ? m->headers[0].row.p : m->headers_end;
}

static bool goes_first(enum sip_header_id id)
{
	return id == SIP_H_VIA || id == SIP_H_ROUTE || id == SIP_H_RECORD_ROUTE || id == SIP_H_PATH;
}

static struct str new_row(struct sip_edit *e, enum sip_header_id id, struct str value)
{
	struct str name = sip_header_name(id);
	size_t n = name.n + 2 + value.n + 2;
	char *text = arena_alloc(e->arena, n), *p = text;
	p = mempcpy(p, name.p, name.n);
	p = mempcpy(p, ": ", 2);
	if (value.n)
		p = mempcpy(p, value.p, value.n);
	memcpy(p, "\r\n", 2);
	return (struct str){ text, n };
}

void sip_edit_add_first(struct sip_edit *e, enum sip_header_id id, struct str value)
{
	const struct sip_header *h = sip_first(e->m, id);
	const char *at = h ? h->row.p : goes_first(id) ? first_row(e->m) : e->m->headers_end;
	add_op(e, at, 0, new_row(e, id, value));
}

void sip_edit_add_row(struct sip_edit *e, struct str row)
{
	add_op(e, e->m->headers_end, 0, row);
}

void sip_edit_set(struct sip_edit *e, enum sip_header_id id, struct str value)
{
	const struct sip_header *h = sip_first(e->m, id);
	if (h)
		sip_edit_replace(e, h->value, value);
	else
		sip_edit_add_row(e, new_row(e, id, value));
}

/* The removal that takes the row's values from the first one up to `at`. */
static struct sip_edit_op *prefix_op(struct sip_edit *e, const char *start, const char *at)
{
	for (unsigned i = 0; i < e->count; i++)
		if (e->ops[i].remove && e->ops[i].at == start && start + e->ops[i].remove == at)
			return &e->ops[i];
	return NULL;
}

void sip_edit_remove_value(struct sip_edit *e, const struct sip_values *it, struct str value)
{
	const struct sip_header *h = &e->m->headers[it->row];
	const char *next = it->rest.p ? sip_skip_space(it->rest).p : NULL;
	bool first = value.p == h->value.p;
	struct sip_edit_op *prefix = first ? NULL : prefix_op(e, h->value.p, value.p);
	if (prefix && next) {
		prefix->remove = (size_t)(next - prefix->at);
	} else if (prefix) {
		prefix->at = h->row.p;          /* nothing is left: the row goes */
		prefix->remove = h->row.n;
	} else if (first && next) {
		add_op(e, value.p, (size_t)(next - value.p), STR_NONE);
	} else if (first) {
		sip_edit_remove_row(e, h);
	} else {
		const char *comma = memrchr(h->value.p, ',', (size_t)(value.p - h->value.p));
		add_op(e, comma, (size_t)(value.p + value.n - comma), STR_NONE);
	}
}

void sip_edit_remove_row(struct sip_edit *e, const struct sip_header *h)
{
	add_op(e, h->row.p, h->row.n, STR_NONE);
}

void sip_edit_remove_all(struct sip_edit *e, enum sip_header_id id)
{
	for (int i = e->m->first[id]; i >= 0; i = e->m->headers[i].next)
		sip_edit_remove_row(e, &e->m->headers[i]);
}

static char *copy(char *p, struct str s)
{
	return s.n ? mempcpy(p, s.p, s.n) : p;
}

void sip_edit_write(const struct sip_edit *e, struct buf *out)
{
	const struct sip_msg *m = e->m;
	const char *at = m->text.p, *end = m->text.p + m->text.n;
	size_t most = m->text.n + 2;
	for (unsigned i = 0; i < e->count; i++)
		most += e->ops[i].insert.n;
	char *start = buf_reserve(out, most), *p = start;
	for (unsigned i = 0; i < e->count; i++) {
		const struct sip_edit_op *op = &e->ops[i];
		if (op->at > at) {
			p = copy(p, str_range(at, op->at));
			at = op->at;
		}
		p = copy(p, op->insert);
		if (op->at + op->remove > at)
			at = op->at + op->remove;
	}
	p = copy(p, str_range(at, end));
	if (m->headers_end == end)              /* a datagram of headers only had no empty line */
		p = mempcpy(p, "\r\n", 2);
	out->n += (size_t)(p - start);
}
