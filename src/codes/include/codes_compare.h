/* SPDX-License-Identifier: Apache-2.0 */
/* codes_compare.h - two codes side by side, computed from their facts: for any pair, the same whichever comes first. */
#ifndef SLUICE_CODES_COMPARE_H
#define SLUICE_CODES_COMPARE_H

#include "codes_facts.h"

enum codes_verdict {            /* do the two ever compete to answer the same event? The first that holds */
	VERDICT_SAME_CODE,
	VERDICT_OTHER_METHODS,  /* no method gets both */
	VERDICT_HOP,            /* one stays on its hop (100): never seen by the same observer as the other */
	VERDICT_ON_THE_WAY,     /* one is provisional, the other final: first one, then the other */
	VERDICT_BOTH_ON_THE_WAY,
	VERDICT_OTHER_STAGE,    /* one answers outside a dialog, the other inside */
	VERDICT_UNSEEN,         /* one is for proxies only: an observer sees one or the other */
	VERDICT_OTHER_SENDERS,  /* no node sends both; they meet only in a fork */
	VERDICT_COMPETE         /* the same kind of node may send either to the same request */
};
enum codes_fork_winner {
	WINNER_NONE,            /* neither is a candidate */
	WINNER_LOW, WINNER_HIGH,
	WINNER_FIRST,           /* whichever came first */
	WINNER_APART,           /* no request gets both, so no fork does */
	WINNER_REGISTER         /* only REGISTER gets both, and it is not forked */
};

struct codes_comparison {
	const struct code *low, *high;          /* by number */
	enum codes_verdict verdict;
	unsigned methods, senders;              /* what they have in common, bits */
	enum codes_fork_winner winner;          /* both arrive in one fork, RFC 3261 §16.7 */
	unsigned same;                          /* bits 1 << enum codes_aspect: the facts that are equal */
};
enum codes_aspect {             /* rows of the comparison, in this order */
	ASPECT_CLASS, ASPECT_OUTCOME, ASPECT_SENDERS, ASPECT_REACH, ASPECT_METHODS, ASPECT_REQUIRED, ASPECT_RETRY, ASPECT_FORK, ASPECT_FLOWS,
	ASPECT_DIALOG, ASPECT_Q850, ASPECT_HTTP, ASPECT_SOURCE, ASPECT_COUNT
};
struct codes_comparison codes_compare(const struct code *a, const struct code *b);

#endif
