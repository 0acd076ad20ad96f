/* SPDX-License-Identifier: Apache-2.0 */
/* mpsc.c - Dmitry Vyukov's intrusive queue of many producers and one consumer.
 *
 * A writer swaps itself into `tail` and then links its predecessor to itself; between the two the
 * chain is broken for a moment, and the reader reports nothing rather than wait. The link and the
 * reader's look at it are sequentially consistent: a reader that first announces that it goes to
 * sleep and then finds nothing (mpsc_ready) is certain to have been seen by the writer whose link it
 * missed. (Operations, not fences: ThreadSanitizer does not model fences.) */
#include "mpsc.h"

void mpsc_init(struct mpsc *q)
{
	atomic_init(&q->stub.next, NULL);
	atomic_init(&q->tail, &q->stub);
	atomic_init(&q->count, 0);
	q->head = &q->stub;
}

static void link_in(struct mpsc *q, struct mpsc_node *node)
{
	atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
	struct mpsc_node *before = atomic_exchange_explicit(&q->tail, node, memory_order_acq_rel);
	atomic_store_explicit(&before->next, node, memory_order_seq_cst);
}

void mpsc_push(struct mpsc *q, struct mpsc_node *node)
{
	atomic_fetch_add_explicit(&q->count, 1, memory_order_relaxed);
	link_in(q, node);
}

static struct mpsc_node *after(struct mpsc_node *node)
{
	return atomic_load_explicit(&node->next, memory_order_seq_cst);
}

struct mpsc_node *mpsc_pop(struct mpsc *q)
{
	struct mpsc_node *first = q->head, *next = after(first);
	if (first == &q->stub) {
		if (!next)
			return NULL;
		q->head = first = next;
		next = after(first);
	}
	if (!next) {
		/* The last node can go only when another stands behind it: the stub. */
		if (atomic_load_explicit(&q->tail, memory_order_acquire) != first)
			return NULL;
		link_in(q, &q->stub);
		next = after(first);
		if (!next)
			return NULL;
	}
	q->head = next;
	atomic_fetch_sub_explicit(&q->count, 1, memory_order_relaxed);
	return first;
}

bool mpsc_ready(struct mpsc *q)
{
	if (after(q->head))
		return true;
	return q->head != &q->stub && atomic_load_explicit(&q->tail, memory_order_acquire) == q->head;
}

bool mpsc_empty(struct mpsc *q)
{
	return atomic_load_explicit(&q->count, memory_order_acquire) == 0;
}
