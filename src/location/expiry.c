/* SPDX-License-Identifier: Apache-2.0 */
/* expiry.c - the wheel of who is due. */
#include "expiry.h"
#include "mem.h"
#include <stddef.h>

void expiry_init(struct expiry *x, int64_t wall_ms)
{
	*x = (struct expiry){ .over_s = wall_ms / 1000 };
}

void expiry_fini(struct expiry *x)
{
	mem_free(x->seconds);
	x->seconds = NULL;
}

void expiry_remove(struct expiry *x, struct expiry_node *n)
{
	(void)x;
	if (!n->at)
		return;
	*n->at = n->next;
	if (n->next)
		n->next->at = n->at;
	n->at = NULL;
}

/* In the second after its end, so that it has ended whenever it is looked at; within one turn of the wheel. */
void expiry_add(struct expiry *x, struct expiry_node *n, int64_t wall_ms)
{
	int64_t due_s = (wall_ms + 999) / 1000;
	if (due_s <= x->over_s)
		due_s = x->over_s + 1;
	if (due_s >= x->over_s + EXPIRY_SECONDS)
		due_s = x->over_s + EXPIRY_SECONDS - 1;
	if (n->at && n->due_s <= due_s)
		return;
	expiry_remove(x, n);

	if (!x->seconds)
		x->seconds = mem_zalloc(EXPIRY_SECONDS * sizeof x->seconds[0]);
	struct expiry_node **first = &x->seconds[due_s % EXPIRY_SECONDS];
	*n = (struct expiry_node){ *first, first, due_s };
	if (*first)
		(*first)->at = &n->next;
	*first = n;
}

struct expiry_node *expiry_next(struct expiry *x, int64_t wall_ms)
{
	int64_t now_s = wall_ms / 1000;
	if (now_s - x->over_s > EXPIRY_SECONDS)         /* the clock was set: once round sees everybody */
		x->over_s = now_s - EXPIRY_SECONDS;
	for (; x->over_s < now_s; x->over_s++) {
		struct expiry_node *n = x->seconds ? x->seconds[(x->over_s + 1) % EXPIRY_SECONDS] : NULL;
		if (n) {
			expiry_remove(x, n);
			return n;
		}
	}
	return NULL;
}
