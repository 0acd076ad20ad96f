/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - memory that dies together.
 *
 * What lives as long as a message or a transaction is allocated here and never freed by itself.
 * Allocation never fails: when the system has no memory left the process says so and aborts
 * (every size that comes from the network is limited before it gets here). Not thread-safe; an
 * arena may move between threads with the object that holds it. */
#ifndef SLUICE_ARENA_H
#define SLUICE_ARENA_H

#include "str.h"

struct arena_chunk;

struct arena {
	char *at, *end;                 /* free space of the current block */
	struct arena_chunk *chunks;     /* blocks from the heap, newest first */
	size_t heap_bytes;              /* what the chunks take, for accounting */
};

/* Start an arena. `first` (may be NULL) is borrowed memory of n bytes that is used up before the
 * heap is asked; it must outlive the arena. */
void arena_init(struct arena *a, void *first, size_t n);
/* Give every chunk back; what was allocated is gone. The arena is empty and usable again,
 * without its first block. */
void arena_fini(struct arena *a);

/* n bytes aligned for any type, not zeroed. n == 0 gives a unique pointer. */
void *arena_alloc(struct arena *a, size_t n);
/* The same, zeroed. */
void *arena_zalloc(struct arena *a, size_t n);
/* count zeroed elements; aborts on overflow of the product. */
void *arena_array(struct arena *a, size_t count, size_t each);

/* A copy of s that lives in the arena; STR_NONE stays STR_NONE. Followed by a NUL not counted in
 * n, so that .p may be handed to libc where s holds none itself. */
struct str arena_str(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One typed, zeroed object. */
#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))

#endif
