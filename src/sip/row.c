/* SPDX-License-Identifier: Apache-2.0 */
/* row.c - the lines of a message's head. RFC 3261 §7.3.1 */
#include "sip_private.h"

static bool at_empty_line(struct str s)
{
	return !s.n || s.p[0] == '\n' || (s.n > 1 && s.p[0] == '\r' && s.p[1] == '\n');
}

bool sip_row_take(struct str *rest, struct str *row, bool *clean)
{
	if (at_empty_line(*rest))
		return false;
	const char *at = rest->p, *end = at + rest->n;
	do {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		if (!lf) {
			*clean = false;
			at = end;
			break;
		}
		/* A CR or LF alone ends a line for some readers and not for others: no such message passes. */
		if (lf[-1] != '\r' || memchr(at, '\r', (size_t)(lf - 1 - at)))
			*clean = false;
		at = lf + 1;
	} while (at < end && (*at == ' ' || *at == '\t'));
	*row = str_range(rest->p, at);
	*rest = str_range(at, end);
	return true;
}

bool sip_row_split(struct str row, struct str *name, struct str *value)
{
	*name = (struct str){ row.p, sip_span(row, SIP_C_TOKEN) };
	size_t n = name->n;
	while (n < row.n && (row.p[n] == ' ' || row.p[n] == '\t'))
		n++;
	if (!name->n || n == row.n || row.p[n] != ':')
		return false;
	struct str behind = sip_skip(row, n + 1);
	*value = str_trim(behind);
	if (!value->n)
		value->p = behind.p;            /* a place in the row, so that an edit can fill it */
	return true;
}
