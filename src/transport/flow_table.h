/* SPDX-License-Identifier: Apache-2.0 */
/* flow_table.h - serial numbers of connections, and whether they still live.
 *
 * A serial is worker (8 bits), slot (24), generation (32). Each slot has one atomic generation: the
 * connection lives as long as it equals the serial's. Closing bumps it, and every copy of the serial,
 * wherever it is kept, is dead at that instant. A slot whose generations are used up is retired, so no
 * serial ever names two connections. Beside it stands whether that connection is silent: the generation for which it is
 * (0: none), so that suspicion ends with its connection. */
#ifndef SLUICE_FLOW_TABLE_H
#define SLUICE_FLOW_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FLOW_SLOTS_MAX (1u << 24)
#define FLOW_WORKERS_MAX 64

struct flow_table {
	_Atomic uint32_t *generations[FLOW_WORKERS_MAX], *suspects[FLOW_WORKERS_MAX];
	atomic_uint suspect_count;
	unsigned workers;
	uint32_t slots;                 /* a worker */
};

/* Memory is only touched as slots come into use. */
void flow_table_init(struct flow_table *t, unsigned workers, uint32_t slots);
void flow_table_fini(struct flow_table *t);
/* Any thread; any number, also one from outside. */
bool flow_table_alive(const struct flow_table *t, uint64_t serial);
/* Any thread. True: it lives and was not suspect. */
bool flow_table_suspect(struct flow_table *t, uint64_t serial);
/* Any thread; one load while no stream is suspect. */
bool flow_table_is_suspect(const struct flow_table *t, uint64_t serial);
/* The owner of a living serial heard something. True: it was suspect. One relaxed load when it was not. */
bool flow_table_heard(struct flow_table *t, uint64_t serial);

static inline unsigned flow_serial_worker(uint64_t serial) { return (unsigned)(serial >> 56); }
static inline uint32_t flow_serial_slot(uint64_t serial) { return (uint32_t)(serial >> 32) & (FLOW_SLOTS_MAX - 1); }
static inline uint32_t flow_serial_generation(uint64_t serial) { return (uint32_t)serial; }

/* One worker's side: what sits in which slot. */
struct flow_slots {
	struct flow_table *table;
	unsigned worker;
	void **objects;
	uint32_t *free;                 /* a stack of used slots that are free again */
	uint32_t free_count, used;
};
void flow_slots_init(struct flow_slots *s, struct flow_table *table, unsigned worker);
void flow_slots_fini(struct flow_slots *s);
/* A new serial for the object; 0: no slot is left. */
uint64_t flow_slots_open(struct flow_slots *s, void *object);
/* The serial is dead from here on. */
void flow_slots_close(struct flow_slots *s, uint64_t serial);
/* The object of a living serial of this worker, or NULL. */
void *flow_slots_find(const struct flow_slots *s, uint64_t serial);

#endif
