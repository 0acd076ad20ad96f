/* SPDX-License-Identifier: Apache-2.0 */
/* wheel.h - timers by time, the loop's own. Private to loop; it knows no clock, so tests turn it by hand.
 *
 * A time is read as digits of 6 bits. A timer lies on the level of the highest digit in which it
 * differs from now, in the slot of that digit. So every timer of a level comes before those of the
 * levels above it and slots of a level come in their order: the next thing to do is the lowest slot
 * of the lowest level in use, found by looking at one word a level. When that slot's time comes,
 * its timers either are due or differ from now in a lower digit only, and move down. Eleven levels
 * hold every int64_t, so no time is too far. Timers of the same time stay in the order of setting. */
#ifndef SLUICE_WHEEL_H
#define SLUICE_WHEEL_H

#include "loop.h"

#define WHEEL_LEVELS 11
#define WHEEL_SLOTS  64

struct wheel {
	int64_t now_ms;                                 /* never negative */
	uint64_t used[WHEEL_LEVELS];                    /* a bit for each slot that holds a timer */
	struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
	struct list late;                               /* set for a time that was already past */
};

void wheel_init(struct wheel *w, int64_t now_ms);
void wheel_set(struct wheel *w, struct loop_timer *t, int64_t at_ms);
void wheel_stop(struct wheel *w, struct loop_timer *t);
/* Go on to now_ms and move what is due to the end of *due, earliest first. */
void wheel_advance(struct wheel *w, int64_t now_ms, struct list *due);
/* When wheel_advance has something to do next (it may be moving timers down, long before the first
 * is due); INT64_MAX when there are no timers. */
int64_t wheel_next_ms(const struct wheel *w);

#endif
