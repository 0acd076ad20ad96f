/* SPDX-License-Identifier: Apache-2.0 */
/* expiry.c - the heap of what expires next. */
#include "expiry.h"
#include "mem.h"

static void place(struct expiry *x, uint32_t at, struct entry *e)
{
	x->slots[at] = e;
	e->heap_at = at;
}

static void rise(struct expiry *x, uint32_t at, struct entry *e)
{
	while (at > 0 && x->slots[(at - 1) / 2]->expires_wall_ms > e->expires_wall_ms) {
		place(x, at, x->slots[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(x, at, e);
}

static void sink(struct expiry *x, uint32_t at, struct entry *e)
{
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child + 1 < x->count && x->slots[child + 1]->expires_wall_ms < x->slots[child]->expires_wall_ms)
			child++;
		if (child >= x->count || x->slots[child]->expires_wall_ms >= e->expires_wall_ms)
			break;
		place(x, at, x->slots[child]);
		at = child;
	}
	place(x, at, e);
}

void expiry_fini(struct expiry *x)
{
	mem_free(x->slots);
	*x = (struct expiry){ 0 };
}

void expiry_add(struct expiry *x, struct entry *e)
{
	if (x->count == x->room) {
		x->room = x->room ? x->room + x->room / 2 : 16;
		x->slots = mem_realloc(x->slots, x->room * sizeof x->slots[0]);
	}
	rise(x, x->count++, e);
}

void expiry_remove(struct expiry *x, struct entry *e)
{
	uint32_t at = e->heap_at;
	struct entry *last = x->slots[--x->count];
	if (last == e)
		return;
	if (at > 0 && x->slots[(at - 1) / 2]->expires_wall_ms > last->expires_wall_ms)
		rise(x, at, last);
	else
		sink(x, at, last);
}
