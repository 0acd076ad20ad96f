/* SPDX-License-Identifier: Apache-2.0 */
/* table.h - the moves in memory: entries by key in stripes, each behind a lock of its own that is held for microseconds. */
#ifndef SLUICE_MOVES_TABLE_H
#define SLUICE_MOVES_TABLE_H

#include "entry.h"
#include <stdatomic.h>

/* A stripe is copied whole by a walk: with a million entries that is a thousand of them. */
#define TABLE_STRIPES 1024

struct table;
struct table *table_new(void);
void table_free(struct table *t);       /* NULL is fine */

struct table_counts {
	atomic_uint_fast64_t entries, learned, waiting;
};
const struct table_counts *table_counts(const struct table *t);

/* A copy of the entry, in the arena. False: none, or it has expired. */
bool table_find(struct table *t, struct str key, int64_t wall_ms, struct arena *arena, struct move *out);
/* In place of what was there. */
void table_put(struct table *t, const struct move *v);
/* False: there was none, or `which` (NULL: any) is false for it. */
bool table_remove(struct table *t, struct str key, bool (*which)(const struct entry *e));
/* Change the entry where it is, under its lock: fn does not wait, and changes no length. False: none, or fn says so. */
bool table_change(struct table *t, struct str key, bool (*fn)(void *user, struct entry *e), void *user);
/* Copies of all entries that have not expired, a stripe at a time; no lock is held in fn. */
void table_each(struct table *t, int64_t wall_ms, void (*fn)(void *user, const struct move *v), void *user);
/* Drop those for which `gone`, a stripe at a time from where the last sweep ended, until at_most were looked at or all were; how many. */
uint64_t table_sweep(struct table *t, bool (*gone)(const struct entry *e, int64_t wall_ms), int64_t wall_ms, uint64_t at_most);

#endif
