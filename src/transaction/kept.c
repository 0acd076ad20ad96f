/* SPDX-License-Identifier: Apache-2.0 */
/* kept.c - the ring: chunks of bytes in a queue, filled at its end and emptied from its start.
 *
 * A place is the number of a chunk and an offset in units of 8 bytes, in 32 bits; numbers go round. Places lie behind a
 * chunk's head, so none is 0 or KEPT_AT_MOVED. */
#include "kept.h"
#include "list.h"
#include "mem.h"

#define UNIT        8
#define OFFSET_BITS 13                                  /* of a place: 64 KiB in units */
#define CHUNK_BYTES ((size_t)UNIT << OFFSET_BITS)
#define NUMBERS     ((uint32_t)1 << (32 - OFFSET_BITS)) /* chunks that can be told apart: 32 GiB */
#define CHUNKS_MIN  4

struct kept_chunk {
	uint32_t size;                  /* of the whole chunk */
	uint32_t begin, end;            /* offsets: the oldest record, and behind the youngest */
	uint32_t unused;
};
_Static_assert(sizeof(struct kept_chunk) / UNIT > KEPT_AT_MOVED, "the first place in a chunk is none of the special ones");
_Static_assert(sizeof(struct kept) % UNIT == 0, "a record's bytes are aligned");

static void fire(struct loop_timer *timer);

void kept_init(struct kept_ring *r, struct loop *loop, size_t max_bytes)
{
	*r = (struct kept_ring){ .loop = loop, .timer.fire = fire, .max_bytes = max_bytes };
}

static struct kept_chunk *chunk_at(const struct kept_ring *r, uint32_t number)
{
	return r->chunks[number & (r->chunks_size - 1)];
}

static uint32_t chunks_in_use(const struct kept_ring *r)
{
	return (r->end - r->first) % NUMBERS;
}

void kept_fini(struct kept_ring *r)
{
	loop_timer_stop(r->loop, &r->timer);
	for (uint32_t i = 0, n = chunks_in_use(r); i < n; i++)
		mem_free(chunk_at(r, r->first + i));
	mem_free(r->spare);
	mem_free(r->chunks);
	kept_index_fini(&r->index);
}

static uint32_t place_of(uint32_t number, uint32_t offset)
{
	return number << OFFSET_BITS | offset / UNIT;
}

/* --- the start of the ring --- */

static struct kept *oldest(const struct kept_ring *r)
{
	if (r->first == r->end)
		return NULL;
	struct kept_chunk *c = chunk_at(r, r->first);
	return (struct kept *)((char *)c + c->begin);
}

/* While there are others, one that is empty waits for the next to be needed. */
static void retire(struct kept_ring *r, struct kept_chunk *c)
{
	if (r->first != r->end && !r->spare && c->size == CHUNK_BYTES) {
		r->spare = c;
		return;
	}
	mem_free(c);
	if (r->first == r->end) {
		mem_free(r->spare);
		r->spare = NULL;
	}
}

/* What the next drop_oldest will touch was written long ago: it can be on its way until then. Behind the last record of a chunk it is the
 * wrong place, which does no harm. */
static void foresee(const struct kept_ring *r, const struct kept *next)
{
	kept_index_prepare(&r->index, (uint32_t)next->hash);
	__builtin_prefetch((const char *)next + next->size);
}

static void drop_oldest(struct kept_ring *r)
{
	struct kept_chunk *c = chunk_at(r, r->first);
	struct kept *k = (struct kept *)((char *)c + c->begin);
	kept_index_remove(&r->index, (uint32_t)k->hash, place_of(r->first, c->begin));
	r->bytes -= k->size + KEPT_INDEX_BYTES;
	r->count[k->kind]--;
	c->begin += k->size;
	if (c->begin < c->end) {
		foresee(r, (struct kept *)((char *)c + c->begin));
		return;
	}
	r->first = (r->first + 1) % NUMBERS;
	retire(r, c);
}

static void fire(struct loop_timer *timer)
{
	struct kept_ring *r = CONTAINER(timer, struct kept_ring, timer);
	int64_t now = loop_now_ms(r->loop);
	struct kept *k;
	while ((k = oldest(r)) && k->until_ms <= now)
		drop_oldest(r);
	if (k)
		loop_timer_set(r->loop, timer, k->until_ms);
}

/* --- its end --- */

static void grow_chunks(struct kept_ring *r)
{
	uint32_t size = r->chunks_size ? r->chunks_size * 2 : CHUNKS_MIN;
	struct kept_chunk **chunks = mem_zalloc(size * sizeof(struct kept_chunk *));
	for (uint32_t i = 0, n = chunks_in_use(r); i < n; i++)
		chunks[(r->first + i) & (size - 1)] = chunk_at(r, r->first + i);
	mem_free(r->chunks);
	r->chunks = chunks;
	r->chunks_size = size;
}

static struct kept_chunk *add_chunk(struct kept_ring *r, size_t n)
{
	size_t size = n + sizeof(struct kept_chunk) > CHUNK_BYTES ? n + sizeof(struct kept_chunk) : CHUNK_BYTES;
	struct kept_chunk *c = size == CHUNK_BYTES ? r->spare : NULL;
	if (c)
		r->spare = NULL;
	else
		c = mem_alloc(size);
	*c = (struct kept_chunk){ .size = (uint32_t)size, .begin = sizeof *c, .end = sizeof *c };
	if (chunks_in_use(r) == r->chunks_size)
		grow_chunks(r);
	r->chunks[r->end & (r->chunks_size - 1)] = c;
	r->end = (r->end + 1) % NUMBERS;
	return c;
}

static struct kept_chunk *chunk_with_room(struct kept_ring *r, size_t n)
{
	struct kept_chunk *last = r->first == r->end ? NULL : chunk_at(r, r->end - 1);
	return last && last->end < CHUNK_BYTES && last->size - last->end >= n ? last : add_chunk(r, n);
}

/* The oldest make way; at the end also for want of numbers. */
static void make_room(struct kept_ring *r)
{
	while (r->first != r->end && (kept_bytes(r) > r->max_bytes || chunks_in_use(r) > NUMBERS - 2))
		drop_oldest(r);
}

void *kept_add(struct kept_ring *r, enum kept_kind kind, uint64_t hash, int64_t until_ms, size_t n)
{
	size_t size = (sizeof(struct kept) + n + UNIT - 1) / UNIT * UNIT;
	if (size > UINT32_MAX / 2 || r->outside + size + KEPT_INDEX_BYTES > r->max_bytes)
		return NULL;
	r->bytes += size + KEPT_INDEX_BYTES;
	make_room(r);
	if (r->first == r->end)
		loop_timer_set(r->loop, &r->timer, until_ms);
	struct kept_chunk *c = chunk_with_room(r, size);
	struct kept *k = (struct kept *)((char *)c + c->end);
	*k = (struct kept){ .hash = hash, .until_ms = until_ms, .size = (uint32_t)size, .kind = (uint8_t)kind };
	kept_index_add(&r->index, (uint32_t)hash, place_of(r->end - 1, c->end));
	r->count[kind]++;
	c->end += (uint32_t)size;
	for (unsigned line = 0; line < 4; line++)               /* the next record's: not written for long */
		__builtin_prefetch((char *)c + c->end + line * 64, 1);
	return k + 1;
}

void kept_take(struct kept_ring *r, size_t bytes)
{
	r->outside += bytes;
	make_room(r);
}

void kept_give_back(struct kept_ring *r, size_t bytes)
{
	r->outside -= bytes;
}

/* --- finding --- */

struct kept *kept_find(const struct kept_ring *r, uint64_t hash, kept_same *same, const void *with)
{
	struct kept_probe probe;
	for (uint32_t at = kept_index_first(&r->index, (uint32_t)hash, &probe); at; at = kept_index_next(&r->index, &probe)) {
		struct kept_chunk *c = chunk_at(r, at >> OFFSET_BITS);
		struct kept *k = (struct kept *)((char *)c + (size_t)(at & (((uint32_t)1 << OFFSET_BITS) - 1)) * UNIT);
		if (k->hash == hash && k->until_ms > loop_now_ms(r->loop) && same(k, with))
			return k;
	}
	return NULL;
}
