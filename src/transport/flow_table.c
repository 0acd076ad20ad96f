/* SPDX-License-Identifier: Apache-2.0 */
/* flow_table.c - see flow_table.h */
#include "flow_table.h"
#include "mem.h"

void flow_table_init(struct flow_table *t, unsigned workers, uint32_t slots)
{
	*t = (struct flow_table){ .workers = workers, .slots = slots };
	for (unsigned i = 0; i < workers; i++) {
		t->generations[i] = mem_zalloc(slots * sizeof *t->generations[i]);
		t->suspects[i] = mem_zalloc(slots * sizeof *t->suspects[i]);
	}
}

void flow_table_fini(struct flow_table *t)
{
	for (unsigned i = 0; i < t->workers; i++) {
		mem_free((void *)t->generations[i]);
		mem_free((void *)t->suspects[i]);
	}
	*t = (struct flow_table){ 0 };
}

bool flow_table_alive(const struct flow_table *t, uint64_t serial)
{
	unsigned worker = flow_serial_worker(serial);
	uint32_t slot = flow_serial_slot(serial);
	if (worker >= t->workers || slot >= t->slots || flow_serial_generation(serial) == 0)
		return false;
	return atomic_load_explicit(&t->generations[worker][slot], memory_order_acquire) == flow_serial_generation(serial);
}

static _Atomic uint32_t *suspect_of(const struct flow_table *t, uint64_t serial)
{
	return &t->suspects[flow_serial_worker(serial)][flow_serial_slot(serial)];
}

static bool absolve(struct flow_table *t, uint64_t serial)
{
	uint32_t generation = flow_serial_generation(serial);
	if (!atomic_compare_exchange_strong(suspect_of(t, serial), &generation, 0))
		return false;
	atomic_fetch_sub_explicit(&t->suspect_count, 1, memory_order_relaxed);
	return true;
}

bool flow_table_suspect(struct flow_table *t, uint64_t serial)
{
	if (!flow_table_alive(t, serial))
		return false;
	uint32_t generation = flow_serial_generation(serial), before = 0;
	_Atomic uint32_t *at = suspect_of(t, serial);
	/* Counted first, so that nobody sees the mark but not the count. */
	atomic_fetch_add_explicit(&t->suspect_count, 1, memory_order_relaxed);
	if (!atomic_compare_exchange_strong(at, &before, generation)) {
		atomic_fetch_sub_explicit(&t->suspect_count, 1, memory_order_relaxed);
		return false;
	}
	/* It may have closed meanwhile. Closing bumps the generation and then looks for a mark, here the mark is made and then
	 * the generation looked at: one of the two sees the other, in the single order of these operations. */
	if (atomic_load(&t->generations[flow_serial_worker(serial)][flow_serial_slot(serial)]) == generation)
		return true;
	absolve(t, serial);
	return false;
}

bool flow_table_is_suspect(const struct flow_table *t, uint64_t serial)
{
	return atomic_load_explicit(&t->suspect_count, memory_order_relaxed) && flow_table_alive(t, serial) &&
	       atomic_load_explicit(suspect_of(t, serial), memory_order_relaxed) == flow_serial_generation(serial);
}

bool flow_table_heard(struct flow_table *t, uint64_t serial)
{
	return atomic_load_explicit(suspect_of(t, serial), memory_order_relaxed) == flow_serial_generation(serial) &&
	       absolve(t, serial);
}

void flow_slots_init(struct flow_slots *s, struct flow_table *table, unsigned worker)
{
	*s = (struct flow_slots){ .table = table, .worker = worker };
	s->objects = mem_zalloc(table->slots * sizeof *s->objects);
	s->free = mem_zalloc(table->slots * sizeof *s->free);
}

void flow_slots_fini(struct flow_slots *s)
{
	mem_free(s->objects);
	mem_free(s->free);
	*s = (struct flow_slots){ 0 };
}

uint64_t flow_slots_open(struct flow_slots *s, void *object)
{
	uint32_t slot;
	if (s->free_count)
		slot = s->free[--s->free_count];
	else if (s->used < s->table->slots)
		slot = s->used++;
	else
		return 0;
	_Atomic uint32_t *generation = &s->table->generations[s->worker][slot];
	/* Closing left the number of the next connection there, which nobody has seen yet; zero is a
	 * slot's first use, and serial 0 must not exist. */
	uint32_t now = atomic_load_explicit(generation, memory_order_relaxed);
	if (now == 0)
		atomic_store_explicit(generation, now = 1, memory_order_release);
	s->objects[slot] = object;
	return (uint64_t)s->worker << 56 | (uint64_t)slot << 32 | now;
}

void flow_slots_close(struct flow_slots *s, uint64_t serial)
{
	uint32_t slot = flow_serial_slot(serial), generation = flow_serial_generation(serial);
	s->objects[slot] = NULL;
	/* After the last generation comes 0, which no serial has: the slot is retired. */
	atomic_store(&s->table->generations[s->worker][slot], generation + 1);
	absolve(s->table, serial);
	if (generation != UINT32_MAX)
		s->free[s->free_count++] = slot;
}

void *flow_slots_find(const struct flow_slots *s, uint64_t serial)
{
	if (flow_serial_worker(serial) != s->worker || !flow_table_alive(s->table, serial))
		return NULL;
	return s->objects[flow_serial_slot(serial)];
}
