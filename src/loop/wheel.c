/* SPDX-License-Identifier: Apache-2.0 */
/* wheel.c - see wheel.h for how it works. */
#include "wheel.h"

#define DIGIT_BITS 6

void wheel_init(struct wheel *w, int64_t now_ms)
{
	*w = (struct wheel){ .now_ms = now_ms };
	list_init(&w->late);
	for (unsigned level = 0; level < WHEEL_LEVELS; level++)
		for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
			list_init(&w->slots[level][slot]);
}

/* Into the slot of a time that is still to come. */
static void place(struct wheel *w, struct loop_timer *t)
{
	unsigned highest_bit = 63 - (unsigned)__builtin_clzll((uint64_t)(t->at_ms ^ w->now_ms));
	unsigned level = highest_bit / DIGIT_BITS;
	unsigned slot = (unsigned)((uint64_t)t->at_ms >> level * DIGIT_BITS) % WHEEL_SLOTS;
	list_add_tail(&w->slots[level][slot], &t->node);
	w->used[level] |= (uint64_t)1 << slot;
}

void wheel_set(struct wheel *w, struct loop_timer *t, int64_t at_ms)
{
	wheel_stop(w, t);
	t->at_ms = at_ms;
	if (at_ms <= w->now_ms)
		list_add_tail(&w->late, &t->node);
	else
		place(w, t);
}

/* The last timer of a list is followed by the list's head; when that is a slot, its bit goes too. */
void wheel_stop(struct wheel *w, struct loop_timer *t)
{
	if (!loop_timer_armed(t))
		return;
	struct list *head = t->node.next;
	list_remove(&t->node);
	uintptr_t offset = (uintptr_t)head - (uintptr_t)w->slots;
	if (list_empty(head) && offset < sizeof w->slots) {
		size_t at = offset / sizeof *head;
		w->used[at / WHEEL_SLOTS] &= ~((uint64_t)1 << at % WHEEL_SLOTS);
	}
}

/* The lowest level in use; WHEEL_LEVELS when there is none. */
static unsigned lowest_level(const struct wheel *w)
{
	unsigned level = 0;
	while (level < WHEEL_LEVELS && !w->used[level])
		level++;
	return level;
}

/* The time at which the first used slot of a level begins: now's digits above, the slot's, zeros. */
static int64_t first_slot_ms(const struct wheel *w, unsigned level)
{
	unsigned shift = level * DIGIT_BITS;
	uint64_t above = 0;
	if (level < WHEEL_LEVELS - 1)           /* above the top level there is nothing to shift */
		above = (uint64_t)w->now_ms >> (shift + DIGIT_BITS) << (shift + DIGIT_BITS);
	return (int64_t)(above | (uint64_t)__builtin_ctzll(w->used[level]) << shift);
}

int64_t wheel_next_ms(const struct wheel *w)
{
	unsigned level = lowest_level(w);
	if (!list_empty(&w->late))
		return w->now_ms;
	return level < WHEEL_LEVELS ? first_slot_ms(w, level) : INT64_MAX;
}

void wheel_advance(struct wheel *w, int64_t now_ms, struct list *due)
{
	list_splice_tail(due, &w->late);
	for (unsigned level; (level = lowest_level(w)) < WHEEL_LEVELS;) {
		int64_t begin_ms = first_slot_ms(w, level);
		if (begin_ms > now_ms)
			break;

		unsigned slot = (unsigned)__builtin_ctzll(w->used[level]);
		struct list moving;
		list_init(&moving);
		list_splice_tail(&moving, &w->slots[level][slot]);
		w->used[level] &= w->used[level] - 1;
		w->now_ms = begin_ms;
		for (struct list *n; (n = list_pop(&moving));) {
			struct loop_timer *t = CONTAINER(n, struct loop_timer, node);
			if (t->at_ms <= begin_ms)
				list_add_tail(due, n);
			else
				place(w, t);
		}
	}
	if (now_ms > w->now_ms)
		w->now_ms = now_ms;
}
