/* SPDX-License-Identifier: Apache-2.0 */
/* udp_verdicts.c - see udp_verdicts.h */
#include "udp_verdicts.h"
#include "hash.h"
#include "list.h"
#include "map.h"
#include "mem.h"
#include <pthread.h>

#define SHARD_MAX   (UDP_VERDICTS / UDP_VERDICTS_SHARDS)
#define SHARD_SHIFT 58                  /* the top bits choose the shard: the map uses the low ones */

struct entry {
	struct map_node node;
	struct list age;                /* in the shard's list */
	struct flow_ref flow;
	int64_t since_ms;
	enum udp_verdict verdict;
};

struct shard {
	pthread_mutex_t lock;
	atomic_uint count;              /* written under the lock, read without */
	struct map map;
	struct list oldest;
};

struct udp_verdicts {
	struct hash_key key;
	atomic_uint count;              /* in all shards */
	struct shard shards[UDP_VERDICTS_SHARDS];
};

struct udp_verdicts *udp_verdicts_new(void)
{
	struct udp_verdicts *v = mem_zalloc(sizeof *v);
	v->key = hash_key_new();
	for (unsigned i = 0; i < UDP_VERDICTS_SHARDS; i++) {
		pthread_mutex_init(&v->shards[i].lock, NULL);
		map_init(&v->shards[i].map);
		list_init(&v->shards[i].oldest);
	}
	return v;
}

static void drop(struct udp_verdicts *v, struct shard *s, struct entry *e)
{
	map_remove(&s->map, &e->node);
	list_remove(&e->age);
	mem_free(e);
	atomic_fetch_sub_explicit(&s->count, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&v->count, 1, memory_order_relaxed);
}

void udp_verdicts_free(struct udp_verdicts *v)
{
	if (!v)
		return;
	for (unsigned i = 0; i < UDP_VERDICTS_SHARDS; i++) {
		struct shard *s = &v->shards[i];
		while (!list_empty(&s->oldest))
			drop(v, s, CONTAINER(s->oldest.next, struct entry, age));
		map_fini(&s->map);
		pthread_mutex_destroy(&s->lock);
	}
	mem_free(v);
}

static uint64_t hash_of(const struct udp_verdicts *v, const struct flow_ref *f)
{
	struct addr both[2] = { f->local, f->remote };
	return hash_bytes(v->key, both, sizeof both);
}

static struct entry *find(const struct shard *s, uint64_t hash, const struct flow_ref *f)
{
	for (struct map_node *n = map_first(&s->map, hash); n; n = map_again(&s->map, n)) {
		struct entry *e = CONTAINER(n, struct entry, node);
		if (flow_ref_same(&e->flow, f))
			return e;
	}
	return NULL;
}

/* The shard, locked, when it may have the flow; NULL: nothing stands against it. */
static struct shard *enter(struct udp_verdicts *v, const struct flow_ref *f, uint64_t *hash)
{
	if (!atomic_load_explicit(&v->count, memory_order_relaxed))
		return NULL;
	*hash = hash_of(v, f);
	struct shard *s = &v->shards[*hash >> SHARD_SHIFT];
	if (!atomic_load_explicit(&s->count, memory_order_relaxed))
		return NULL;
	pthread_mutex_lock(&s->lock);
	return s;
}

static enum udp_verdict put(struct udp_verdicts *v, const struct flow_ref *f, enum udp_verdict verdict, int64_t now_ms)
{
	uint64_t hash = hash_of(v, f);
	struct shard *s = &v->shards[hash >> SHARD_SHIFT];
	pthread_mutex_lock(&s->lock);
	struct entry *e = find(s, hash, f);
	enum udp_verdict before = e ? e->verdict : UDP_CLEAR;
	if (!e) {
		if (atomic_load_explicit(&s->count, memory_order_relaxed) == SHARD_MAX)
			drop(v, s, CONTAINER(s->oldest.next, struct entry, age));
		e = mem_zalloc(sizeof *e);
		*e = (struct entry){ .flow = *f, .since_ms = now_ms };
		list_add_tail(&s->oldest, &e->age);
		map_insert(&s->map, &e->node, hash);
		atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&v->count, 1, memory_order_relaxed);
	}
	if (verdict > e->verdict)
		e->verdict = verdict;
	pthread_mutex_unlock(&s->lock);
	return before;
}

enum udp_verdict udp_verdict_suspect(struct udp_verdicts *v, const struct flow_ref *f, int64_t now_ms)
{
	return put(v, f, UDP_SUSPECT, now_ms);
}

void udp_verdict_dead(struct udp_verdicts *v, const struct flow_ref *f, int64_t now_ms)
{
	put(v, f, UDP_DEAD, now_ms);
}

enum udp_verdict udp_verdict_of(struct udp_verdicts *v, const struct flow_ref *f)
{
	uint64_t hash;
	struct shard *s = enter(v, f, &hash);
	if (!s)
		return UDP_CLEAR;
	struct entry *e = find(s, hash, f);
	enum udp_verdict verdict = e ? e->verdict : UDP_CLEAR;
	pthread_mutex_unlock(&s->lock);
	return verdict;
}

enum udp_verdict udp_verdict_heard(struct udp_verdicts *v, const struct flow_ref *f, int64_t now_ms)
{
	uint64_t hash;
	struct shard *s = enter(v, f, &hash);
	if (!s)
		return UDP_CLEAR;
	struct entry *e = find(s, hash, f);
	enum udp_verdict verdict = e ? e->verdict : UDP_CLEAR;
	if (verdict == UDP_SUSPECT) {
		drop(v, s, e);
	} else if (verdict != UDP_CLEAR) {      /* it talks: it must be told for as long as it does */
		e->verdict = UDP_FAILED;
		e->since_ms = now_ms;
		list_remove(&e->age);
		list_add_tail(&s->oldest, &e->age);
	}
	pthread_mutex_unlock(&s->lock);
	return verdict;
}

void udp_verdict_clear(struct udp_verdicts *v, const struct flow_ref *f)
{
	uint64_t hash;
	struct shard *s = enter(v, f, &hash);
	if (!s)
		return;
	struct entry *e = find(s, hash, f);
	if (e)
		drop(v, s, e);
	pthread_mutex_unlock(&s->lock);
}

void udp_verdicts_expire(struct udp_verdicts *v, unsigned shard, int64_t now_ms)
{
	struct shard *s = &v->shards[shard];
	if (!atomic_load_explicit(&s->count, memory_order_relaxed))
		return;
	pthread_mutex_lock(&s->lock);
	while (!list_empty(&s->oldest)) {
		struct entry *e = CONTAINER(s->oldest.next, struct entry, age);
		if (now_ms - e->since_ms < UDP_VERDICT_MS)
			break;
		drop(v, s, e);
	}
	pthread_mutex_unlock(&s->lock);
}
