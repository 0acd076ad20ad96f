/* SPDX-License-Identifier: Apache-2.0 */
/* framer.c - a stream's bytes must give the same messages, pings and end however they were cut: all at
 * once, and in pieces whose sizes the input itself chooses. */
#include "framer.h"
#include "hash.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct sip_limits limits = { .max_head_bytes = 2000, .max_body_bytes = 2000, .max_headers = 20 };
static const struct hash_key key = { 1, 2 };

struct outcome {
	uint64_t trace;                 /* of everything that came out, in order */
	bool bad;
};

/* Everything in *rest; false: no more is to be fed. */
static bool drain(struct framer *f, struct str *rest, struct outcome *o)
{
	for (;;) {
		struct str message = STR_NONE;
		struct sip_fault fault = { 0 };
		switch (framer_next(f, rest, &limits, &message, &fault)) {
		case FRAMER_MORE:
			if (rest->n > limits.max_head_bytes + limits.max_body_bytes + 8)
				abort();        /* nothing may be hoarded for ever */
			return true;
		case FRAMER_MESSAGE:
			o->trace = hash_mix(o->trace, hash_str(key, message));
			break;
		case FRAMER_PING:
			o->trace = hash_mix(o->trace, 1);
			break;
		case FRAMER_BAD:
			o->trace = hash_mix(o->trace, 2);
			o->bad = true;
			return false;
		}
	}
}

static struct outcome in_pieces(const uint8_t *bytes, size_t n, bool whole)
{
	struct framer f = { 0 };
	struct outcome o = { 0 };
	struct buf kept = { 0 };
	for (size_t at = 0; at < n; ) {
		size_t step = whole ? n : 1 + bytes[at] % 23;
		step = step < n - at ? step : n - at;
		buf_add(&kept, (struct str){ (const char *)bytes + at, step });
		at += step;
		struct str rest = buf_str(&kept);
		if (!drain(&f, &rest, &o))
			break;
		memmove(kept.p, rest.p, rest.n);
		kept.n = rest.n;
	}
	buf_fini(&kept);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n > 100000)
		return 0;
	struct outcome whole = in_pieces(bytes, n, true), pieces = in_pieces(bytes, n, false);
	if (whole.trace != pieces.trace || whole.bad != pieces.bad)
		abort();
	return 0;
}
