/* SPDX-License-Identifier: Apache-2.0 */
/* row.h - the lines of a message's head, inline, as every byte of it passes here. RFC 3261 §7.3.1 */
#ifndef SLUICE_SIP_ROW_H
#define SLUICE_SIP_ROW_H

#include "sip_private.h"
#include <endian.h>

typedef uint8_t sip_block __attribute__((vector_size(16)));

/* The first CR or LF, or `end`. Sixteen bytes at a time: memchr would have to pass twice. */
static inline const char *sip_line_end(const char *p, const char *end)
{
	const sip_block none = { 0 };
	for (; end - p >= (ptrdiff_t)sizeof(sip_block); p += sizeof(sip_block)) {
		sip_block bytes;
		uint64_t found[2];
		memcpy(&bytes, p, sizeof bytes);
		bytes = (sip_block)((bytes == none + '\r') | (bytes == none + '\n'));
		memcpy(found, &bytes, sizeof found);
		if (found[0])
			return p + __builtin_ctzll(le64toh(found[0])) / 8;
		if (found[1])
			return p + 8 + __builtin_ctzll(le64toh(found[1])) / 8;
	}
	while (p < end && *p != '\r' && *p != '\n')
		p++;
	return p;
}

/* Where the row ends that starts at p; *text_end: where its last line's end begins. */
static inline const char *sip_row_end(const char *p, const char *end, const char **text_end, bool *clean)
{
	do {
		p = *text_end = sip_line_end(p, end);
		if (end - p >= 2 && p[0] == '\r' && p[1] == '\n') {
			p += 2;
			continue;
		}
		/* A CR or LF alone ends a line for some readers and not for others: no such message passes. */
		const char *lf = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
		*clean = false;
		p = *text_end = lf ? lf + 1 : end;
	} while (p < end && (*p == ' ' || *p == '\t'));
	return p;
}

/* Take the row (with its folds) at p, the headers being all up to `end`: where it ends, or NULL at the end and at the
 * empty line. `name` is STR_NONE, `id` and `value` are not set when it is no header; `next` is never set. `*clean`
 * turns false when a line does not end in CRLF or has a CR elsewhere. */
static inline const char *sip_row_take(const char *p, const char *end, struct sip_header *row, bool *clean)
{
	if (p == end || *p == '\n' || (*p == '\r' && end - p > 1 && p[1] == '\n'))
		return NULL;
	const char *to, *behind = sip_row_end(p, end, &to, clean), *colon = memchr(p, ':', (size_t)(behind - p));
	row->row = str_range(p, behind);
	row->name = STR_NONE;
	if (!colon)
		return behind;
	const char *name_end = colon, *from = colon + 1;
	while (name_end > p && (name_end[-1] == ' ' || name_end[-1] == '\t'))
		name_end--;
	struct str name = str_range(p, name_end);
	row->id = sip_header_of(name);
	if (row->id == SIP_H_OTHER && !sip_all(name, SIP_C_TOKEN))
		return behind;
	row->name = name;
	row->value = (struct str){ from, 0 };           /* an empty one has a place in the row, so that an edit can fill it */
	while (from < to && sip_is(*from, SIP_C_SPACE))
		from++;
	while (to > from && sip_is(to[-1], SIP_C_SPACE))
		to--;
	if (from < to)
		row->value = str_range(from, to);
	return behind;
}

#endif
