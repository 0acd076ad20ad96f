/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - where does a message on a stream end? However the bytes come, the answer is that for all of them
 * at once, and the parser agrees. */
#include "sip.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct sip_limits limits = { .max_head_bytes = 2000, .max_body_bytes = 2000, .max_headers = 100 };

static void need(bool holds)
{
	if (!holds)
		abort();
}

/* The pieces are as long as their own first bytes say. */
static int64_t in_pieces(struct str text, struct sip_fault *fault)
{
	size_t scanned = 0, n = 0;
	for (;;) {
		int64_t length = sip_frame((struct str){ text.p, n }, &scanned, &limits, fault);
		if (length > 0)         /* asked once more, it says the same */
			need(sip_frame((struct str){ text.p, n }, &scanned, &limits, fault) == length);
		if (length || n == text.n)
			return length;
		size_t step = 1 + (unsigned char)text.p[n] % 13;
		n = step < text.n - n ? n + step : text.n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str rest = { (const char *)bytes, n };
	struct arena arena;
	arena_init(&arena, NULL, 0);
	while (rest.n) {
		size_t scanned = 0;
		struct sip_fault whole = { 0 }, pieces = { 0 }, fault;
		struct sip_msg m;
		int64_t length = sip_frame(rest, &scanned, &limits, &whole);
		int64_t other = in_pieces(rest, &pieces);
		need(length == other && whole.status == pieces.status);
		if (length <= 0 || (size_t)length > rest.n)
			break;
		struct str message = { rest.p, (size_t)length };
		if (sip_parse(&m, message, &arena, &limits, &fault) == SIP_PARSED)
			need(m.text.p + m.text.n == message.p + message.n);
		rest = (struct str){ rest.p + length, rest.n - (size_t)length };
	}
	arena_fini(&arena);
	return 0;
}
