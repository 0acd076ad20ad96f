/* SPDX-License-Identifier: Apache-2.0 */
/* waiter.h - who waits for something on which stream, so that the end of a stream reaches exactly those in
 * one look-up. */
#ifndef SLUICE_TRANSACTION_WAITER_H
#define SLUICE_TRANSACTION_WAITER_H

#include "list.h"
#include "map.h"

struct waiters {
	struct map streams;
};
struct waited;
struct waiter {                         /* zero-initialised: waits for nothing */
	struct list node;
	struct waited *on;
	void (*gone)(struct waiter *self);      /* the stream has ended; no longer waiting */
	void (*unacked)(struct waiter *self);   /* its peer does not acknowledge; still waiting. NULL: not wanted */
};

void waiters_init(struct waiters *all);
void waiters_fini(struct waiters *all);         /* nobody may wait any more */
void waiter_join(struct waiters *all, struct waiter *w, uint64_t serial);
void waiter_leave(struct waiters *all, struct waiter *w);       /* fine when not waiting */
/* Tell all who wait on this stream. They may leave, join and free themselves meanwhile. */
void waiters_gone(struct waiters *all, uint64_t serial);
/* The same, but none of them may leave meanwhile; those who join are not told. */
void waiters_unacked(struct waiters *all, uint64_t serial);

#endif
