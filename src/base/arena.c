/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - a pointer that moves through ever larger chunks. */
#include "arena.h"
#include "mem.h"
#include "poison.h"
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_FIRST ((size_t)4096)
#define CHUNK_LAST  ((size_t)1 << 20)   /* doubling stops here: waste stays below 1 MiB an arena */
#define ALIGN       alignof(max_align_t)

/* What the heap gave. `step` is its size when it was made to be shared by many allocations, and 0
 * when it holds a single large one: then it says nothing about how large the next should be. */
struct arena_chunk {
	struct arena_chunk *older;
	size_t step;
	alignas(max_align_t) char bytes[];
};

/* Free space always begins aligned: each allocation takes whole units of ALIGN. */
void arena_init(struct arena *a, void *first, size_t n)
{
	*a = (struct arena){ 0 };
	size_t gap = -(uintptr_t)first & (ALIGN - 1);
	if (!first || n < gap)
		return;
	a->at = (char *)first + gap;
	a->end = (char *)first + n;
}

void arena_fini(struct arena *a)
{
	for (struct arena_chunk *c = a->chunks, *older; c; c = older) {
		older = c->older;
		mem_free(c);
	}
	*a = (struct arena){ 0 };
}

static struct arena_chunk *chunk_new(struct arena *a, size_t size)
{
	struct arena_chunk *c = mem_alloc(size);
	a->heap_bytes += size;
	return c;
}

/* A chunk of its own, linked behind the newest, so that the free space of that one stays in use. */
static void *alloc_large(struct arena *a, size_t n)
{
	struct arena_chunk *c = chunk_new(a, sizeof *c + n);
	struct arena_chunk **link = a->chunks ? &a->chunks->older : &a->chunks;
	c->step = 0;
	c->older = *link;
	*link = c;
	return c->bytes;
}

/* A larger shared chunk becomes the current block; what the old one still had is left. */
static void start_chunk(struct arena *a, size_t step)
{
	struct arena_chunk *c = chunk_new(a, step);
	c->step = step;
	c->older = a->chunks;
	a->chunks = c;
	a->at = c->bytes;
	a->end = (char *)c + step;
	poison(a->at, (size_t)(a->end - a->at));
}

static size_t next_step(const struct arena *a)
{
	if (!a->chunks || !a->chunks->step)
		return CHUNK_FIRST;
	return a->chunks->step < CHUNK_LAST ? a->chunks->step * 2 : CHUNK_LAST;
}

/* n bytes of the current block; NULL when it has not got them. */
static void *take(struct arena *a, size_t n)
{
	size_t units = ((n + ALIGN - 1) & ~(ALIGN - 1)) + POISON_GAP;
	if ((size_t)(a->end - a->at) < units)
		return NULL;
	char *p = a->at;
	a->at = p + units;
	unpoison(p, n);
	return p;
}

static void *alloc_elsewhere(struct arena *a, size_t n)
{
	size_t step = next_step(a);
	if (n > step / 4)
		return alloc_large(a, n);
	start_chunk(a, step);
	return take(a, n);
}

void *arena_alloc(struct arena *a, size_t n)
{
	if (n > SIZE_MAX / 2)
		abort();
	if (n == 0)
		n = 1;
	void *p = take(a, n);
	return p ? p : alloc_elsewhere(a, n);
}

void *arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t each)
{
	size_t n;
	if (__builtin_mul_overflow(count, each, &n))
		abort();
	return arena_zalloc(a, n);
}

struct str arena_str(struct arena *a, struct str s)
{
	if (!s.p)
		return STR_NONE;
	char *p = arena_alloc(a, s.n + 1);
	memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return (struct str){ p, s.n };
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();

	char *p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (struct str){ p, (size_t)n };
}
