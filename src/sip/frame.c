/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - where a message on a stream ends. RFC 3261 §18.3 */
#include "row.h"

static int64_t refuse(struct sip_fault *fault, unsigned status, const char *why)
{
	*fault = (struct sip_fault){ status, why };
	return -1;
}

/* Where CRLF CRLF ends, if it does so behind `from`; 0: not yet. */
static size_t head_end(struct str text, size_t from)
{
	const char *end = text.p + text.n, *at = text.p + from;
	while ((at = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL)) {
		if (at - text.p >= 3 && memcmp(at - 3, "\r\n\r", 3) == 0)
			return (size_t)(at - text.p) + 1;
		at++;
	}
	return 0;
}

/* The head is whole and ends with an empty line: what does Content-Length say? */
static int64_t body_length(struct str head, const struct sip_limits *limits, struct sip_fault *fault)
{
	const char *at = head.p, *end = at + head.n;
	struct sip_header row;
	bool clean, found = false;
	uint64_t length = 0;
	while ((at = sip_row_take(at, end, &row, &clean))) {
		if (!row.name.n || row.id != SIP_H_CONTENT_LENGTH)
			continue;
		if (found)
			return refuse(fault, 400, "Content-Length twice");
		if (!str_u64(row.value, INT32_MAX, &length))
			return refuse(fault, 400, "Malformed Content-Length");
		found = true;
	}
	if (!found)
		return refuse(fault, 400, "Content-Length missing");
	if (length > limits->max_body_bytes)
		return refuse(fault, 413, "Body too large");
	return (int64_t)length;
}

int64_t sip_frame(struct str text, size_t *scanned, const struct sip_limits *limits, struct sip_fault *fault)
{
	if (!limits)
		limits = &sip_limits_default;
	/* A TLS handshake on the port for TCP, most often: the end of a head would never come. */
	if (text.n && (unsigned char)text.p[0] < ' ' && text.p[0] != '\r' && text.p[0] != '\n')
		return refuse(fault, 400, "Not SIP");
	size_t head = *scanned < text.n ? head_end(text, *scanned) : 0;
	if ((head ? head : text.n) > limits->max_head_bytes)
		return refuse(fault, 513, "Headers too large");
	*scanned = head ? head - 1 : text.n;            /* asked again, the same end is found, not one in the body */
	if (!head)
		return 0;
	int64_t body = body_length((struct str){ text.p, head }, limits, fault);
	return body < 0 ? -1 : (int64_t)head + body;
}
