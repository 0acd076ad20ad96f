/* SPDX-License-Identifier: Apache-2.0 */
/* values.c - lists, quoted strings, numbers: what most header values are made of.
 * RFC 3261 §7.3.1, §25.1 */
#include "sip_private.h"

const char *sip_quote_end(struct str s)
{
	struct str inside = sip_skip(s, 1);
	const char *quote = str_find(inside, '"');
	if (!quote)
		return NULL;
	const char *end = s.p + s.n, *at = str_find(str_range(inside.p, quote), '\\');
	if (!at)
		return quote + 1;
	for (; at < end; at++) {
		if (*at == '"')
			return at + 1;
		if (*at == '\\')
			at++;
	}
	return NULL;
}

/* Where the item that starts at s.p ends: at a comma outside of quotes and <>, or at the end. */
static size_t item_length(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		const char *close;
		switch (s.p[i]) {
		case ',':
			return i;
		case '"':
			close = sip_quote_end(sip_skip(s, i));
			if (!close)
				return s.n;
			i = (size_t)(close - s.p) - 1;
			break;
		case '<':
			close = str_find(sip_skip(s, i), '>');
			if (!close)
				return s.n;
			i = (size_t)(close - s.p);
			break;
		default:
			break;
		}
	}
	return s.n;
}

bool sip_list_next(struct str *rest, struct str *item)
{
	if (!rest->p)
		return false;
	size_t n = str_find(*rest, ',') ? item_length(*rest) : rest->n;         /* most lists have one item */
	*item = str_trim((struct str){ rest->p, n });
	*rest = n < rest->n ? sip_skip(*rest, n + 1) : STR_NONE;
	return true;
}

static struct str row_rest(const struct sip_msg *m, int row)
{
	return row >= 0 && m->headers[row].value.n ? m->headers[row].value : STR_NONE;
}

void sip_values_begin(struct sip_values *it, const struct sip_msg *m, enum sip_header_id id)
{
	int row = m->first[id];
	struct str value = row_rest(m, row);
	*it = (struct sip_values){ m, row, value, value };
}

bool sip_values_next(struct sip_values *it, struct str *value)
{
	while (it->row >= 0) {
		if (sip_list_next(&it->rest, value))
			return true;
		it->row = it->m->headers[it->row].next;
		it->rest = it->row_value = row_rest(it->m, it->row);
	}
	return false;
}

struct str sip_unquote(struct str s, struct arena *arena)
{
	if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
		return s;
	s = (struct str){ s.p + 1, s.n - 2 };
	if (!str_find(s, '\\'))
		return s;
	char *text = arena_alloc(arena, s.n);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		text[n++] = s.p[i];
	}
	return (struct str){ text, n };
}

const struct sip_header *sip_first(const struct sip_msg *m, enum sip_header_id id)
{
	return m->first[id] < 0 ? NULL : &m->headers[m->first[id]];
}

const struct sip_header *sip_find(const struct sip_msg *m, struct str name)
{
	enum sip_header_id id = sip_header_of(name);
	if (id != SIP_H_OTHER)
		return sip_first(m, id);
	name = sip_name_canonical(name);
	for (int i = 0; i < m->header_count; i++)
		if (m->headers[i].id == SIP_H_OTHER && str_ieq(sip_name_canonical(m->headers[i].name), name))
			return &m->headers[i];
	return NULL;
}

bool sip_number(const struct sip_msg *m, enum sip_header_id id, uint32_t *out)
{
	const struct sip_header *h = sip_first(m, id);
	if (!h)
		return false;
	struct str v = h->value;
	size_t n = 0;
	while (n < v.n && sip_is_digit(v.p[n]))
		n++;
	if (n < v.n && !sip_is(v.p[n], SIP_C_SPACE) && v.p[n] != ';' && v.p[n] != '(')
		return false;
	return str_u32((struct str){ v.p, n }, UINT32_MAX, out);
}

bool sip_has_token(const struct sip_msg *m, enum sip_header_id id, struct str token)
{
	struct sip_values it;
	struct str value;
	sip_values_begin(&it, m, id);
	while (sip_values_next(&it, &value))
		if (str_ieq(value, token))
			return true;
	return false;
}

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) */
int sip_q(struct str text)
{
	if (!text.n || text.n > 5 || (text.p[0] != '0' && text.p[0] != '1') || (text.n > 1 && text.p[1] != '.'))
		return -1;
	int q = (text.p[0] - '0') * 1000;
	for (size_t i = 2, weight = 100; i < text.n; i++, weight /= 10) {
		if (!sip_is_digit(text.p[i]))
			return -1;
		q += (text.p[i] - '0') * (int)weight;
	}
	return q <= 1000 ? q : -1;
}
