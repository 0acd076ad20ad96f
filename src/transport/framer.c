/* SPDX-License-Identifier: Apache-2.0 */
/* framer.c - see framer.h */
#include "framer.h"

/* Skip what may stand between messages; true when it was a ping. A CR or LF alone is no line and
 * no start of a message: it is skipped too, but breaks a ping. */
static bool skip_blank(struct framer *f, struct str *rest)
{
	while (rest->n && (*rest->p == '\r' || *rest->p == '\n')) {
		bool second_half = f->crlf & 1;
		if (*rest->p == '\r')
			f->crlf = second_half ? 1 : f->crlf + 1;
		else
			f->crlf = second_half ? f->crlf + 1 : 0;
		rest->p++;
		rest->n--;
		if (f->crlf == 4) {
			f->crlf = 0;
			return true;
		}
	}
	return false;
}

enum framer_result framer_next(struct framer *f, struct str *rest, const struct sip_limits *limits,
                               struct str *message, struct sip_fault *fault)
{
	if (!f->scanned && !f->need) {
		if (skip_blank(f, rest))
			return FRAMER_PING;
		if (!rest->n)
			return FRAMER_MORE;
		f->crlf = 0;
	}
	if (!f->need) {
		int64_t need = sip_frame(*rest, &f->scanned, limits, fault);
		if (need < 0)
			return FRAMER_BAD;
		f->need = (size_t)need;
	}
	if (!f->need || rest->n < f->need)
		return FRAMER_MORE;
	*message = (struct str){ rest->p, f->need };
	rest->p += f->need;
	rest->n -= f->need;
	f->need = f->scanned = 0;
	return FRAMER_MESSAGE;
}
