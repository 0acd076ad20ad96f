/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - striped locks over maps. */
#include "table.h"
#include "hash.h"
#include "mem.h"
#include <pthread.h>

struct stripe {
	pthread_mutex_t lock;
	struct map map;
};

struct table {
	struct hash_key hash;
	struct table_counts counts;
	atomic_uint swept;              /* stripes, over all sweeps */
	struct stripe stripes[TABLE_STRIPES];
};

struct table *table_new(void)
{
	struct table *t = mem_zalloc(sizeof *t);
	t->hash = hash_key_new();
	for (unsigned i = 0; i < TABLE_STRIPES; i++) {
		pthread_mutex_init(&t->stripes[i].lock, NULL);
		map_init(&t->stripes[i].map);
	}
	return t;
}

static struct entry *entry_of(struct map_node *n)
{
	return (struct entry *)((char *)n - offsetof(struct entry, node));
}

static bool free_one(void *user, struct map_node *n)
{
	(void)user;
	entry_free(entry_of(n));
	return true;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < TABLE_STRIPES; i++) {
		map_each(&t->stripes[i].map, free_one, NULL);
		map_fini(&t->stripes[i].map);
		pthread_mutex_destroy(&t->stripes[i].lock);
	}
	mem_free(t);
}

const struct table_counts *table_counts(const struct table *t)
{
	return &t->counts;
}

/* Sums of what differs between entries; unsigned ones may pass zero on the way. `entries` never falls between two that replace each other: who
 * asks moves_any would miss them. */
static void count(struct table *t, const struct entry *e, uint64_t step)
{
	if (e->origin != MOVE_OPERATOR)
		atomic_fetch_add_explicit(&t->counts.learned, step, memory_order_relaxed);
	if (e->state == MOVE_WAITING)
		atomic_fetch_add_explicit(&t->counts.waiting, step, memory_order_relaxed);
}
#define ONE_MORE 1
#define ONE_LESS UINT64_MAX

/* The high bits choose the stripe, the low ones the slot in its map. */
static struct stripe *stripe_of(struct table *t, uint64_t hash)
{
	return &t->stripes[(hash >> 32) % TABLE_STRIPES];
}

/* With the stripe locked. */
static struct entry *find(struct stripe *s, uint64_t hash, struct str key)
{
	struct map_node *n = map_first(&s->map, hash);
	while (n && !str_eq(entry_key(entry_of(n)), key))
		n = map_again(&s->map, n);
	return n ? entry_of(n) : NULL;
}

static void drop(struct table *t, struct stripe *s, struct entry *e)
{
	count(t, e, ONE_LESS);
	atomic_fetch_sub_explicit(&t->counts.entries, 1, memory_order_relaxed);
	map_remove(&s->map, &e->node);
	entry_free(e);
}

bool table_find(struct table *t, struct str key, int64_t wall_ms, struct arena *arena, struct move *out)
{
	uint64_t hash = hash_str(t->hash, key);
	struct stripe *s = stripe_of(t, hash);
	struct entry *copy = NULL;
	pthread_mutex_lock(&s->lock);
	struct entry *e = find(s, hash, key);
	if (e && !entry_expired(e, wall_ms))
		copy = memcpy(arena_alloc(arena, e->size), e, e->size);
	pthread_mutex_unlock(&s->lock);
	if (copy)
		entry_read(copy, arena, out);
	return copy != NULL;
}

void table_put(struct table *t, const struct move *v)
{
	uint64_t hash = hash_str(t->hash, v->key);
	struct stripe *s = stripe_of(t, hash);
	struct entry *fresh = entry_pack(v);
	pthread_mutex_lock(&s->lock);
	struct entry *old = find(s, hash, v->key);
	map_insert(&s->map, &fresh->node, hash);
	atomic_fetch_add_explicit(&t->counts.entries, 1, memory_order_relaxed);
	count(t, fresh, ONE_MORE);
	if (old)
		drop(t, s, old);
	pthread_mutex_unlock(&s->lock);
}

bool table_remove(struct table *t, struct str key, bool (*which)(const struct entry *e))
{
	uint64_t hash = hash_str(t->hash, key);
	struct stripe *s = stripe_of(t, hash);
	pthread_mutex_lock(&s->lock);
	struct entry *e = find(s, hash, key);
	bool found = e && (!which || which(e));
	if (found)
		drop(t, s, e);
	pthread_mutex_unlock(&s->lock);
	return found;
}

bool table_change(struct table *t, struct str key, bool (*fn)(void *user, struct entry *e), void *user)
{
	uint64_t hash = hash_str(t->hash, key);
	struct stripe *s = stripe_of(t, hash);
	bool done = false;
	pthread_mutex_lock(&s->lock);
	struct entry *e = find(s, hash, key);
	if (e) {
		count(t, e, ONE_LESS);
		done = fn(user, e);
		count(t, e, ONE_MORE);
	}
	pthread_mutex_unlock(&s->lock);
	return done;
}

/* --- walks --- */
struct copies {
	int64_t wall_ms;
	struct arena arena;
	struct entry **list;
	size_t count;
};

static bool copy_one(void *user, struct map_node *n)
{
	struct copies *c = user;
	struct entry *e = entry_of(n);
	if (!entry_expired(e, c->wall_ms))
		c->list[c->count++] = memcpy(arena_alloc(&c->arena, e->size), e, e->size);
	return true;
}

void table_each(struct table *t, int64_t wall_ms, void (*fn)(void *user, const struct move *v), void *user)
{
	for (unsigned i = 0; i < TABLE_STRIPES; i++) {
		struct stripe *s = &t->stripes[i];
		struct copies c = { .wall_ms = wall_ms };
		struct move v;
		arena_init(&c.arena, NULL, 0);
		pthread_mutex_lock(&s->lock);
		c.list = arena_array(&c.arena, s->map.count, sizeof *c.list);
		map_each(&s->map, copy_one, &c);
		pthread_mutex_unlock(&s->lock);
		for (size_t k = 0; k < c.count; k++) {
			entry_read(c.list[k], &c.arena, &v);
			fn(user, &v);
		}
		arena_fini(&c.arena);
	}
}

struct sweep {
	struct table *table;
	struct stripe *stripe;
	bool (*gone)(const struct entry *e, int64_t wall_ms);
	int64_t wall_ms;
	uint64_t looked, dropped;
};

static bool sweep_one(void *user, struct map_node *n)
{
	struct sweep *x = user;
	struct entry *e = entry_of(n);
	x->looked++;
	if (x->gone(e, x->wall_ms)) {
		drop(x->table, x->stripe, e);
		x->dropped++;
	}
	return true;
}

uint64_t table_sweep(struct table *t, bool (*gone)(const struct entry *e, int64_t wall_ms), int64_t wall_ms, uint64_t at_most)
{
	struct sweep x = { .table = t, .gone = gone, .wall_ms = wall_ms };
	for (unsigned i = 0; i < TABLE_STRIPES && x.looked < at_most; i++) {
		unsigned at = atomic_fetch_add_explicit(&t->swept, 1, memory_order_relaxed);
		x.stripe = &t->stripes[at % TABLE_STRIPES];
		pthread_mutex_lock(&x.stripe->lock);
		map_each(&x.stripe->map, sweep_one, &x);
		pthread_mutex_unlock(&x.stripe->lock);
	}
	return x.dropped;
}
