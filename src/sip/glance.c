/* SPDX-License-Identifier: Apache-2.0 */
/* glance.c - a bounded look at bytes that may be a message: whose is it? */
#include "row.h"

enum { GLANCE_BYTES = 4096 };

static bool glance_start(struct str line, struct sip_glance *out)
{
	struct str head;
	if (str_istarts(line, STR("SIP/")))
		return true;
	line = str_trim(line);
	const char *last = str_find_last(line, ' ');
	if (!str_cut(&line, ' ', &head) || last < line.p || !sip_all(head, SIP_C_TOKEN) ||
	    !str_istarts(str_range(last + 1, line.p + line.n), STR("SIP/")))
		return false;
	out->is_request = true;
	out->method = head;
	out->ruri = str_trim(str_range(line.p, last));
	return true;
}

bool sip_glance(struct str text, struct sip_glance *out)
{
	*out = (struct sip_glance){ 0 };
	while (text.n && (text.p[0] == '\r' || text.p[0] == '\n'))
		text = sip_skip(text, 1);
	bool cut = text.n > GLANCE_BYTES, clean;
	struct str rest = { text.p, cut ? GLANCE_BYTES : text.n }, start;
	struct sip_header row;
	if (!str_cut(&rest, '\n', &start) || !glance_start(start, out))
		return false;
	const char *at = rest.p, *end = at + rest.n;
	while ((at = sip_row_take(at, end, &row, &clean))) {
		if (cut && at == end)
			break;                  /* the row may go on behind what we look at */
		if (!row.name.n || row.id != SIP_H_CALL_ID)
			continue;
		out->call_id = row.value;
		break;
	}
	return true;
}
