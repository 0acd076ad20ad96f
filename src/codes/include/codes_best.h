/* SPDX-License-Identifier: Apache-2.0 */
/* codes_best.h - which response a forking proxy returns, and why. RFC 3261 §16.7, RFC 5626 §7, RFC 4320 §4.2.
 *
 * The proxy itself decides by codes_better; `sluice best` tells the same decision step by step. */
#ifndef SLUICE_CODES_BEST_H
#define SLUICE_CODES_BEST_H

#include "codes_facts.h"

/* Is `status` a better final answer to a fork than `have` (0: none yet)? RFC 3261 §16.7 step 6: 6xx first, then the lowest
 * class; within 4xx what the caller can act on (401, 407, 415, 420, 484), and an answer of a phone before what is only
 * inferred (404, 410, 408, 480, 430). Of equals the first stays. */
bool codes_better(unsigned have, unsigned status);

enum codes_best_rule {          /* why a step was taken; `status` of the step is the code it is about, `other` the one it yields to or becomes */
	BEST_ABSORBED,          /* 100: never passed on */
	BEST_PASSED,            /* another 1xx: passed on at once, no candidate */
	BEST_ANSWERED,          /* 2xx: passed on at once; the other branches are canceled */
	BEST_ALSO_ANSWERED,     /* a further 2xx: passed on too */
	BEST_TOO_LATE,          /* a final response after a 2xx was passed on: dropped */
	BEST_NEXT_FLOW,         /* 430, --outbound: the next flow of the instance is tried, no candidate while one is left */
	BEST_MAY_NEXT_FLOW,     /* 408, --outbound: the next flow may be tried */
	BEST_ENDS_ALL,          /* 6xx: the other branches are canceled, it wins */
	BEST_LOWER_CLASS,       /* loses to `other`, of a lower class */
	BEST_SIXTH_CLASS,       /* loses to `other`, a 6xx */
	BEST_LESS_USEFUL,       /* same class: `other` lets the caller try again, or says more */
	BEST_LATER,             /* equal: `other` came first */
	BEST_CHALLENGES,        /* 401 or 407 beside the chosen one: its challenges are added to the response */
	BEST_REWRITTEN,         /* the chosen 503 becomes 500 (`other`) */
	BEST_NO_FLOW,           /* the chosen 430: no flow is left, the caller is told 480 (`other`) */
	BEST_CHOSEN,            /* this one is returned */
	BEST_UNKNOWN            /* not registered: counts as `other` */
};
struct codes_best_step {
	enum codes_best_rule rule;
	unsigned status, other;
};
#define CODES_BEST_MAX 32       /* responses */
struct codes_best {
	unsigned chosen;        /* what the caller gets as the final response; 0: none of them is final */
	unsigned sent;          /* the code on the wire: 500 for a chosen 503, 480 for a 430 when no flow is left */
	unsigned count;
	struct codes_best_step steps[3 * CODES_BEST_MAX + 2];
};
/* statuses in the order they arrived, 100..699, at most CODES_BEST_MAX; a fork whose every branch has answered. */
void codes_best(const unsigned *statuses, unsigned n, bool outbound, struct codes_best *out);

#endif
