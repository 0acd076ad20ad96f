/* SPDX-License-Identifier: Apache-2.0 */
/* mpsc.h - an intrusive queue with many writers and one reader. Pushing never waits and never
 * fails, so it carries what must not be lost between workers. C11 atomics only, clean under ThreadSanitizer. */
#ifndef SLUICE_MPSC_H
#define SLUICE_MPSC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct mpsc_node {
	_Atomic(struct mpsc_node *) next;
};

struct mpsc {
	_Alignas(64) _Atomic(struct mpsc_node *) tail;  /* writers */
	_Alignas(64) struct mpsc_node *head;            /* the reader */
	struct mpsc_node stub;
	_Alignas(64) atomic_size_t count;
};

void mpsc_init(struct mpsc *q);
/* From any thread. The node belongs to the queue until it is popped. */
void mpsc_push(struct mpsc *q, struct mpsc_node *node);
/* Only the reader: the oldest node; NULL when empty or when the oldest push is not finished yet
 * (its writer will wake the reader after it). */
struct mpsc_node *mpsc_pop(struct mpsc *q);
/* Only the reader: mpsc_pop would give a node. A reader that says (by a sequentially consistent
 * store) that it goes to sleep and then finds this false is seen by every writer that looks after
 * its push: either the reader sees the node or the writer sees the sleeper. */
bool mpsc_ready(struct mpsc *q);
/* Only the reader: nothing queued and no push under way. */
bool mpsc_empty(struct mpsc *q);

#endif
