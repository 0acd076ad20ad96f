/* SPDX-License-Identifier: Apache-2.0 */
/* best.c - which final response represents a fork. RFC 3261 §16.7 step 6. */
#include "proxy_private.h"

/* Lower is better. Classes by the RFC: 6xx first, then the lowest class. Within 4xx what the caller
 * can act on goes first; an answer of a person or a phone beats "did not answer", and both beat what we only infer from dead flows. */
static unsigned rank(unsigned status)
{
	unsigned class = status / 100;
	if (class == 6)
		return 0;
	if (class == 5)
		return status == 503 ? 590 : 500;       /* least useful upstream, and rewritten (PX-35) */
	if (class != 4)
		return class * 100;
	switch (status) {
	case 401: case 407: return 400;
	case 415: case 420: case 484: return 401;
	case 404: case 410: return 420;                 /* says less than a phone that was reached */
	case 408: return 430;
	case 480: return 440;
	case 430: return 450;
	default: return 410;
	}
}

bool best_is_better(unsigned have, unsigned status)
{
	return have == 0 || rank(status) < rank(have);
}
