/* SPDX-License-Identifier: Apache-2.0 */
/* best.c - which final response represents a fork, and the steps that lead to it. RFC 3261 §16.7 step 6. */
#include "codes_best.h"

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

bool codes_better(unsigned have, unsigned status)
{
	return have == 0 || rank(status) < rank(have);
}

static void step(struct codes_best *b, enum codes_best_rule rule, unsigned status, unsigned other)
{
	b->steps[b->count++] = (struct codes_best_step){ rule, status, other };
}

static bool is_challenge(unsigned status)
{
	return status == 401 || status == 407;
}

/* What is dealt with as it arrives. True: the response is no candidate for the final one. */
static bool on_arrival(struct codes_best *b, unsigned status, bool outbound)
{
	if (status == 100) {
		step(b, BEST_ABSORBED, status, 0);
	} else if (status < 200) {
		step(b, BEST_PASSED, status, 0);
	} else if (status < 300) {
		step(b, b->chosen ? BEST_ALSO_ANSWERED : BEST_ANSWERED, status, 0);
		if (!b->chosen)
			b->chosen = b->sent = status;
	} else if (b->chosen) {
		step(b, BEST_TOO_LATE, status, 0);
	} else if (outbound && status == 430) {
		step(b, BEST_NEXT_FLOW, status, 0);
		return false;                           /* if no flow is left it is a candidate again, the last of all */
	} else {
		if (outbound && status == 408)
			step(b, BEST_MAY_NEXT_FLOW, status, 0);
		if (status >= 600)
			step(b, BEST_ENDS_ALL, status, 0);
		return false;
	}
	return true;
}

static enum codes_best_rule why_not(unsigned status, unsigned best)
{
	if (is_challenge(best) && is_challenge(status))
		return BEST_CHALLENGES;
	if (rank(best) == rank(status))
		return BEST_LATER;
	if (best / 100 == 6)
		return BEST_SIXTH_CLASS;
	return best / 100 < status / 100 ? BEST_LOWER_CLASS : BEST_LESS_USEFUL;
}

void codes_best(const unsigned *statuses, unsigned n, bool outbound, struct codes_best *out)
{
	unsigned best = 0, at = 0;
	*out = (struct codes_best){ 0 };
	for (unsigned i = 0; i < n; i++) {
		if (!codes_find(statuses[i]))
			step(out, BEST_UNKNOWN, statuses[i], codes_treated_as(statuses[i])->status);
		if (!on_arrival(out, statuses[i], outbound) && codes_better(best, statuses[i])) {
			best = statuses[i];
			at = i;
		}
	}
	if (out->chosen) {
		for (unsigned i = 0; i < n && statuses[i] / 100 != 2; i++)      /* what came before the 2xx */
			if (statuses[i] >= 300 && !(outbound && statuses[i] == 430))
				step(out, statuses[i] < 600 ? BEST_LOWER_CLASS : BEST_TOO_LATE, statuses[i], statuses[i] < 600 ? out->chosen : 0);
		return;
	}
	if (!best)
		return;
	for (unsigned i = 0; i < n; i++)
		if (i != at && statuses[i] >= 300 && !(outbound && statuses[i] == 430))
			step(out, why_not(statuses[i], best), statuses[i], best);
	step(out, BEST_CHOSEN, best, 0);
	out->chosen = out->sent = best;
	if (best == 503)                                /* PX-35: "every request would fail" is not what a lone 503 says */
		step(out, BEST_REWRITTEN, 503, out->sent = 500);
	if (best == 430 && outbound)
		step(out, BEST_NO_FLOW, 430, out->sent = 480);
}
