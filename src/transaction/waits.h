/* SPDX-License-Identifier: Apache-2.0 */
/* waits.h - the two timers of a machine, as numbers: what all four share. */
#ifndef SLUICE_TRANSACTION_WAITS_H
#define SLUICE_TRANSACTION_WAITS_H

#include "txn_machine.h"

#define TXN_LIFE_T1S 64         /* B, F, H, J, L, M are 64*T1 */

static inline int64_t waits_life(const struct txn_waits *w)
{
	return TXN_LIFE_T1S * w->timers->t1;
}

static inline int64_t waits_next(const struct txn_waits *w)
{
	return w->repeat_at < w->end_at ? w->repeat_at : w->end_at;
}

/* A, E or G starts: unreliable transports only. */
static inline void waits_repeat(struct txn_waits *w, int64_t now)
{
	w->interval = w->timers->t1;
	w->repeat_at = w->reliable ? TXN_NEVER : now + w->interval;
}

/* A, E or G has fired: wait twice as long, at most `longest`. */
static inline void waits_double(struct txn_waits *w, int64_t longest, int64_t now)
{
	w->interval = w->interval < longest / 2 ? w->interval * 2 : longest;
	w->repeat_at = now + w->interval;
}

/* The state changes and with it what is waited for: only its end. */
static inline void waits_only_end(struct txn_waits *w, int64_t at)
{
	w->repeat_at = TXN_NEVER;
	w->end_at = at;
}

/* When both are due, the end comes first: nothing is sent for a state that is over. */
static inline bool waits_end_due(const struct txn_waits *w, int64_t now) { return now >= w->end_at; }
static inline bool waits_repeat_due(const struct txn_waits *w, int64_t now) { return now >= w->repeat_at; }

#endif
