/* SPDX-License-Identifier: Apache-2.0 */
/* waiter.c - a list of waiters a stream, made with the first and freed with the last. */
#include "waiter.h"
#include "mem.h"

struct waited {
	struct map_node node;
	uint64_t serial;
	struct list waiters;
	bool closing;                   /* being told: waiters_gone frees it */
};

void waiters_init(struct waiters *all)
{
	map_init(&all->streams);
}

void waiters_fini(struct waiters *all)
{
	map_fini(&all->streams);
}

/* Serials are ours, no two alike, and nobody outside chooses them: they need no secret, only to be spread. */
static uint64_t hash_of(uint64_t serial)
{
	uint64_t hash = serial * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 32;
}

static struct waited *find(const struct waiters *all, uint64_t serial)
{
	struct map_node *n = map_first(&all->streams, hash_of(serial));
	for (; n; n = map_again(&all->streams, n)) {
		struct waited *on = CONTAINER(n, struct waited, node);
		if (on->serial == serial)
			return on;
	}
	return NULL;
}

void waiter_join(struct waiters *all, struct waiter *w, uint64_t serial)
{
	struct waited *on = find(all, serial);
	if (!on) {
		on = mem_zalloc(sizeof *on);
		on->serial = serial;
		list_init(&on->waiters);
		map_insert(&all->streams, &on->node, hash_of(serial));
	}
	list_add_tail(&on->waiters, &w->node);
	w->on = on;
}

void waiter_leave(struct waiters *all, struct waiter *w)
{
	struct waited *on = w->on;
	if (!on)
		return;
	list_remove(&w->node);
	w->on = NULL;
	if (list_empty(&on->waiters) && !on->closing) {
		map_remove(&all->streams, &on->node);
		mem_free(on);
	}
}

void waiters_unacked(struct waiters *all, uint64_t serial)
{
	struct waited *on = find(all, serial);
	if (!on)
		return;
	struct list *last = on->waiters.prev, *n = &on->waiters;
	do {
		n = n->next;
		struct waiter *w = CONTAINER(n, struct waiter, node);
		if (w->unacked)
			w->unacked(w);
	} while (n != last);
}

void waiters_gone(struct waiters *all, uint64_t serial)
{
	struct waited *on = find(all, serial);
	if (!on)
		return;
	map_remove(&all->streams, &on->node);
	on->closing = true;
	for (struct list *n; (n = list_pop(&on->waiters));) {
		struct waiter *w = CONTAINER(n, struct waiter, node);
		w->on = NULL;
		w->gone(w);
	}
	mem_free(on);
}
