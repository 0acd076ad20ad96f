/* SPDX-License-Identifier: Apache-2.0 */
/* kept_index.c - linear probing in a table of a power of two.
 *
 * While a resize is under way there are two tables: new entries go into the new one, and each change empties a few slots of the
 * old one into it. A slot of the old table that was emptied keeps the probes behind it going; in the new table those behind
 * move up instead, so that it stays as if nothing had ever been removed. */
#include "kept_index.h"
#include "mem.h"
#include <stddef.h>

#define SLOTS_MIN 16
#define MOVE_STEP 16            /* slots emptied by each change: a resize ends before the next is due */

void kept_index_fini(struct kept_index *ix)
{
	mem_free(ix->slots);
	mem_free(ix->old);
	*ix = (struct kept_index){ 0 };
}

static void put(struct kept_index *ix, uint32_t tag, uint32_t at)
{
	uint32_t i = tag & ix->mask;
	while (ix->slots[i].at)
		i = (i + 1) & ix->mask;
	ix->slots[i] = (struct kept_slot){ tag, at };
}

static void move_some(struct kept_index *ix)
{
	for (unsigned steps = MOVE_STEP; ix->old && steps; steps--) {
		struct kept_slot *s = &ix->old[ix->moved];
		if (s->at > KEPT_AT_MOVED)
			put(ix, s->tag, s->at);
		if (s->at)
			s->at = KEPT_AT_MOVED;
		if (ix->moved++ == ix->old_mask) {
			mem_free(ix->old);
			ix->old = NULL;
		}
	}
}

static void start_resize(struct kept_index *ix, uint32_t size)
{
	ix->old = ix->slots;
	ix->old_mask = ix->mask;
	ix->moved = 0;
	ix->slots = mem_zalloc(size * sizeof *ix->slots);
	ix->mask = size - 1;
}

/* At every change. Full to three quarters at most, to an eighth at least: sizes where growing and shrinking start are far apart,
 * so that a count that swings does not make it thrash. */
static void settle(struct kept_index *ix)
{
	uint32_t size = ix->mask + 1;
	if (ix->old)
		move_some(ix);
	else if (ix->count > size / 4 * 3)
		start_resize(ix, size * 2);
	else if (size > SLOTS_MIN && ix->count < size / 8)
		start_resize(ix, size / 2);
}

void kept_index_add(struct kept_index *ix, uint32_t tag, uint32_t at)
{
	if (!ix->slots) {
		ix->slots = mem_zalloc(SLOTS_MIN * sizeof *ix->slots);
		ix->mask = SLOTS_MIN - 1;
	}
	put(ix, tag, at);
	ix->count++;
	settle(ix);
}

/* The slot of this entry, or an empty one. */
static struct kept_slot *slot_of(struct kept_slot *slots, uint32_t mask, uint32_t tag, uint32_t at)
{
	uint32_t i = tag & mask;
	while (slots[i].at && slots[i].at != at)
		i = (i + 1) & mask;
	return &slots[i];
}

/* Close the gap at slot `gap`: what was pushed past it by others may move up. */
static void close_gap(struct kept_index *ix, uint32_t gap)
{
	for (uint32_t i = (gap + 1) & ix->mask; ix->slots[i].at; i = (i + 1) & ix->mask) {
		uint32_t home = ix->slots[i].tag & ix->mask;
		if (((i - home) & ix->mask) < ((i - gap) & ix->mask))
			continue;               /* it would stand before its home */
		ix->slots[gap] = ix->slots[i];
		gap = i;
	}
	ix->slots[gap].at = 0;
}

void kept_index_remove(struct kept_index *ix, uint32_t tag, uint32_t at)
{
	struct kept_slot *s = slot_of(ix->slots, ix->mask, tag, at);
	if (s->at)
		close_gap(ix, (uint32_t)(s - ix->slots));
	else
		slot_of(ix->old, ix->old_mask, tag, at)->at = KEPT_AT_MOVED;
	ix->count--;
	settle(ix);
}

uint32_t kept_index_next(const struct kept_index *ix, struct kept_probe *probe)
{
	for (;;) {
		const struct kept_slot *s = &probe->slots[probe->slot & probe->mask];
		probe->slot++;
		if (s->at > KEPT_AT_MOVED && s->tag == probe->tag)
			return s->at;
		if (s->at)
			continue;
		if (!ix->old || probe->slots == ix->old)
			return 0;
		*probe = (struct kept_probe){ .slots = ix->old, .tag = probe->tag, .mask = ix->old_mask, .slot = probe->tag };
	}
}

uint32_t kept_index_first(const struct kept_index *ix, uint32_t tag, struct kept_probe *probe)
{
	if (!ix->count)
		return 0;
	*probe = (struct kept_probe){ .slots = ix->slots, .tag = tag, .mask = ix->mask, .slot = tag };
	return kept_index_next(ix, probe);
}
