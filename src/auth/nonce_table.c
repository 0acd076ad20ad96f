/* SPDX-License-Identifier: Apache-2.0 */
/* nonce_table.c - used nonces, in shards. */
#include "nonce_table.h"
#include "list.h"
#include "map.h"
#include "mem.h"
#include <pthread.h>

#define SHARDS 64               /* by the top bits of the serial; the maps use the low ones */
#define WINDOW 64               /* nc may come this much out of order */
#define REMEMBERED 4            /* requests a nonce knows again, by the low bits of nc */

struct used_nonce {
	struct map_node node;           /* hash: the serial, which is random already */
	struct list age;
	int64_t made_ms;                /* wall */
	uint32_t top;                   /* the highest nc so far */
	uint64_t seen;                  /* bit i: nc top - i was used */
	struct {
		uint32_t nc;            /* 0: none */
		uint64_t request;
		int64_t at_ms;
	} last[REMEMBERED];
};

struct shard {
	pthread_mutex_t lock;
	struct map map;
	struct list oldest;             /* in the order of first use */
	int64_t floor_ms;               /* what was made up to here and is not in the map has been used up */
};

struct nonce_table {
	unsigned max_per_shard;
	int64_t nonce_ms, repeat_ms;
	struct shard shards[SHARDS];
};

struct nonce_table *nonce_table_new(unsigned max_nonces, int64_t nonce_ms, int64_t repeat_ms)
{
	struct nonce_table *t = mem_zalloc(sizeof *t);
	t->max_per_shard = max_nonces / SHARDS ? max_nonces / SHARDS : 1;
	t->nonce_ms = nonce_ms;
	t->repeat_ms = repeat_ms;
	for (int i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&t->shards[i].lock, NULL);
		map_init(&t->shards[i].map);
		list_init(&t->shards[i].oldest);
		t->shards[i].floor_ms = INT64_MIN;
	}
	return t;
}

static void forget(struct shard *s, struct used_nonce *u)
{
	map_remove(&s->map, &u->node);
	list_remove(&u->age);
	mem_free(u);
}

void nonce_table_free(struct nonce_table *t)
{
	if (!t)
		return;
	for (int i = 0; i < SHARDS; i++) {
		struct shard *s = &t->shards[i];
		while (!list_empty(&s->oldest))
			forget(s, CONTAINER(s->oldest.next, struct used_nonce, age));
		map_fini(&s->map);
		pthread_mutex_destroy(&s->lock);
	}
	mem_free(t);
}

/* Old enough that neither a new nc nor a repeated request would pass. */
static bool outlived(const struct nonce_table *t, const struct used_nonce *u, int64_t wall_ms)
{
	return wall_ms - u->made_ms > t->nonce_ms + t->repeat_ms;
}

/* Two of the oldest at most, when they have outlived their use: as one comes at a time, that keeps up. */
static void sweep(const struct nonce_table *t, struct shard *s, int64_t wall_ms)
{
	for (int i = 0; i < 2 && !list_empty(&s->oldest); i++) {
		struct used_nonce *u = CONTAINER(s->oldest.next, struct used_nonce, age);
		if (!outlived(t, u, wall_ms))
			return;
		forget(s, u);
	}
}

static struct used_nonce *find(const struct shard *s, const struct nonce *nonce)
{
	for (struct map_node *n = map_first(&s->map, nonce->serial); n; n = map_again(&s->map, n)) {
		struct used_nonce *u = CONTAINER(n, struct used_nonce, node);
		if (u->made_ms == nonce->made_ms)
			return u;
	}
	return NULL;
}

/* An entry for a nonce that is used for the first time. */
static struct used_nonce *remember(const struct nonce_table *t, struct shard *s, const struct nonce *nonce, int64_t wall_ms)
{
	sweep(t, s, wall_ms);
	if (s->map.count >= t->max_per_shard) {
		struct used_nonce *first = CONTAINER(s->oldest.next, struct used_nonce, age);
		if (first->made_ms > s->floor_ms)
			s->floor_ms = first->made_ms;
		forget(s, first);
	}
	struct used_nonce *u = mem_zalloc(sizeof *u);
	u->made_ms = nonce->made_ms;
	map_insert(&s->map, &u->node, nonce->serial);
	list_add_tail(&s->oldest, &u->age);
	return u;
}

/* Mark nc as used; false: it was, or is too far behind to tell. */
static bool count(struct used_nonce *u, uint32_t nc)
{
	if (nc > u->top) {
		uint32_t step = nc - u->top;
		u->seen = step < WINDOW ? u->seen << step : 0;
		u->seen |= 1;
		u->top = nc;
		return true;
	}
	uint32_t behind = u->top - nc;
	if (behind >= WINDOW || (u->seen >> behind & 1))
		return false;
	u->seen |= (uint64_t)1 << behind;
	return true;
}

bool nonce_table_use(struct nonce_table *t, const struct nonce *nonce, uint32_t nc, uint64_t request, int64_t now_ms,
                     int64_t wall_ms)
{
	struct shard *s = &t->shards[nonce->serial >> 58];
	/* A clock that was set back makes nonces from the future: they are of unknown age. */
	bool fresh = wall_ms - nonce->made_ms <= t->nonce_ms && nonce->made_ms <= wall_ms;
	bool ok = false;
	pthread_mutex_lock(&s->lock);
	struct used_nonce *u = find(s, nonce);
	if (u && u->last[nc % REMEMBERED].nc == nc && u->last[nc % REMEMBERED].request == request &&
	    now_ms - u->last[nc % REMEMBERED].at_ms <= t->repeat_ms) {
		ok = true;
	} else if (fresh && (u || nonce->made_ms > s->floor_ms)) {
		if (!u)
			u = remember(t, s, nonce, wall_ms);
		ok = count(u, nc);
		if (ok) {
			u->last[nc % REMEMBERED].nc = nc;
			u->last[nc % REMEMBERED].request = request;
			u->last[nc % REMEMBERED].at_ms = now_ms;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return ok;
}
