/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_private.h"
#include "mem.h"

#define PENALTIES_MAX 1024              /* the oldest goes: a penalty is advice, forgetting one costs a try */

struct penalty {
	struct map_node node;
	struct list order;
	enum transport_kind kind;
	struct addr addr;
	int64_t until_ms;
};

void penalties_init(struct penalties *p)
{
	map_init(&p->map);
	list_init(&p->order);
	p->key = hash_key_new();
	p->count = 0;
}

static void penalty_free(struct penalties *p, struct penalty *x)
{
	map_remove(&p->map, &x->node);
	list_remove(&x->order);
	p->count--;
	mem_free(x);
}

void penalties_fini(struct penalties *p)
{
	LIST_EACH(&p->order, it)
		penalty_free(p, CONTAINER(it, struct penalty, order));
	map_fini(&p->map);
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

void penalties_add(struct penalties *p, const struct hop *hop, int64_t until_ms)
{
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
	x->until_ms = until_ms;
	list_add_tail(&p->order, &x->order);
}

bool penalties_hold(struct penalties *p, const struct hop *hop, int64_t now_ms)
{
	struct penalty *x = p->count ? find(p, hop) : NULL;
	if (x && now_ms >= x->until_ms) {
		penalty_free(p, x);
		return false;
	}
	return x != NULL;
}
