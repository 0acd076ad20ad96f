/* SPDX-License-Identifier: Apache-2.0 */
/* row.c - the lines of a message's head. RFC 3261 §7.3.1 */
#include "sip_private.h"

/* Where the row ends that starts at `at`. */
static const char *row_end(const char *at, const char *end, bool *clean)
{
	do {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		if (!lf) {
			*clean = false;
			return end;
		}
		/* A CR or LF alone ends a line for some readers and not for others: no such message passes. */
		if (memchr(at, '\r', (size_t)(lf - at)) != lf - 1)
			*clean = false;
		at = lf + 1;
	} while (at < end && (*at == ' ' || *at == '\t'));
	return at;
}

const char *sip_row_take(const char *at, const char *end, struct sip_header *row, bool *clean)
{
	if (at == end || *at == '\n' || (*at == '\r' && end - at > 1 && at[1] == '\n'))
		return NULL;
	const char *behind = row_end(at, end, clean), *colon = memchr(at, ':', (size_t)(behind - at));
	row->row = str_range(at, behind);
	row->name = STR_NONE;
	if (!colon)
		return behind;
	const char *name_end = colon;
	while (name_end > at && (name_end[-1] == ' ' || name_end[-1] == '\t'))
		name_end--;
	struct str name = str_range(at, name_end);
	row->id = sip_header_of(name);
	if (row->id == SIP_H_OTHER && !sip_all(name, SIP_C_TOKEN))
		return behind;
	const char *from = colon + 1, *to = behind;
	while (from < to && sip_is(*from, SIP_C_SPACE))
		from++;
	while (to > from && sip_is(to[-1], SIP_C_SPACE))
		to--;
	row->name = name;
	/* An empty value has a place in the row, so that an edit can fill it. */
	row->value = str_range(from < to ? from : colon + 1, from < to ? to : colon + 1);
	return behind;
}
