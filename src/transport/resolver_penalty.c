/* SPDX-License-Identifier: Apache-2.0 */
/* resolver_penalty.c - hops that failed lately, shared by all workers. Almost always there are none, and one load says so. */
#include "resolver_private.h"
#include "mem.h"
#include <pthread.h>
#include <stdatomic.h>

#define PENALTIES_MAX 1024              /* the oldest goes: a penalty is advice, forgetting one costs a try */
#define PENALTY_MAX_MS 3600000          /* whoever asks for more is asked again after an hour */

struct penalty {
	struct map_node node;
	struct list order;
	enum transport_kind kind;
	struct addr addr;
	int64_t until_ms;
};

struct penalties {
	pthread_mutex_t lock;
	struct map map;
	struct list order;              /* oldest first */
	struct hash_key key;
	atomic_uint count;
};

struct penalties *penalties_new(void)
{
	struct penalties *p = mem_zalloc(sizeof *p);
	pthread_mutex_init(&p->lock, NULL);
	map_init(&p->map);
	list_init(&p->order);
	p->key = hash_key_new();
	return p;
}

static void penalty_free(struct penalties *p, struct penalty *x)
{
	map_remove(&p->map, &x->node);
	list_remove(&x->order);
	p->count--;
	mem_free(x);
}

void penalties_free(struct penalties *p)
{
	if (!p)
		return;
	while (!list_empty(&p->order))
		penalty_free(p, CONTAINER(p->order.next, struct penalty, order));
	map_fini(&p->map);
	pthread_mutex_destroy(&p->lock);
	mem_free(p);
}

static uint64_t hash_of(const struct penalties *p, const struct hop *hop)
{
	return hash_mix(hash_bytes(p->key, &hop->addr, sizeof hop->addr), hop->kind);
}

static struct penalty *find(const struct penalties *p, const struct hop *hop)
{
	for (struct map_node *n = map_first(&p->map, hash_of(p, hop)); n; n = map_again(&p->map, n)) {
		struct penalty *x = CONTAINER(n, struct penalty, node);
		if (x->kind == hop->kind && addr_eq(&x->addr, &hop->addr))
			return x;
	}
	return NULL;
}

void penalties_add(struct penalties *p, const struct hop *hop, int64_t now_ms, int64_t until_ms)
{
	pthread_mutex_lock(&p->lock);
	struct penalty *x = find(p, hop);
	if (x) {
		list_remove(&x->order);
	} else {
		if (p->count == PENALTIES_MAX)
			penalty_free(p, CONTAINER(p->order.next, struct penalty, order));
		x = mem_zalloc(sizeof *x);
		x->kind = hop->kind;
		x->addr = hop->addr;
		map_insert(&p->map, &x->node, hash_of(p, hop));
		p->count++;
	}
	x->until_ms = until_ms < now_ms + PENALTY_MAX_MS ? until_ms : now_ms + PENALTY_MAX_MS;
	list_add_tail(&p->order, &x->order);
	pthread_mutex_unlock(&p->lock);
}

bool penalties_hold(struct penalties *p, const struct hop *hop, int64_t now_ms)
{
	if (!p->count)
		return false;
	pthread_mutex_lock(&p->lock);
	struct penalty *x = find(p, hop);
	bool holds = x && now_ms < x->until_ms;
	if (x && !holds)
		penalty_free(p, x);
	pthread_mutex_unlock(&p->lock);
	return holds;
}
