/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_private.h"
#include "mem.h"

#define FAILURE_MS   5000               /* how long a failure is an answer: a dead server is not asked for every call */
#define STALE_MS     86400000           /* how long records outlive their TTL while nobody answers. RFC 8767 §5 */
#define EVICT_TRIES  16

void dns_cache_init(struct dns_cache *c, unsigned max, unsigned negative_s)
{
	map_init(&c->map);
	list_init(&c->recent);
	c->key = hash_key_new();
	c->max = max;
	c->negative_ms = (int64_t)negative_s * 1000;
}

static void question_free(struct dns_cache *c, struct dns_question *q)
{
	map_remove(&c->map, &q->node);
	list_remove(&q->recent);
	dns_answer_unref(q->answer);
	mem_free(q);
}

void dns_cache_fini(struct dns_cache *c)
{
	LIST_EACH(&c->recent, it)
		question_free(c, CONTAINER(it, struct dns_question, recent));
	map_fini(&c->map);
}

static bool make_room(struct dns_cache *c)
{
	if (c->map.count < c->max)
		return true;
	struct list *it = c->recent.prev;
	for (unsigned tries = 0; it != &c->recent && tries < EVICT_TRIES; tries++, it = it->prev) {
		struct dns_question *q = CONTAINER(it, struct dns_question, recent);
		if (!q->asking) {
			question_free(c, q);
			return true;
		}
	}
	return false;
}

struct dns_question *dns_cache_question(struct dns_cache *c, enum dns_type type, struct str name)
{
	uint64_t hash = hash_mix(hash_istr(c->key, name), (uint64_t)type);
	for (struct map_node *n = map_first(&c->map, hash); n; n = map_again(&c->map, n)) {
		struct dns_question *q = CONTAINER(n, struct dns_question, node);
		if (q->type == type && str_ieq(q->name, name)) {
			list_remove(&q->recent);
			list_add_head(&c->recent, &q->recent);
			return q;
		}
	}
	if (!make_room(c))
		return NULL;

	struct dns_question *q = mem_zalloc(sizeof *q + name.n + 1);
	char *copy = (char *)(q + 1);
	memcpy(copy, name.p, name.n);
	q->name = (struct str){ copy, name.n };
	q->type = type;
	list_init(&q->waiting);
	list_add_head(&c->recent, &q->recent);
	map_insert(&c->map, &q->node, hash);
	return q;
}

struct dns_answer *dns_cache_fresh(const struct dns_question *q, int64_t now_ms)
{
	return q->answer && now_ms < q->fresh_until_ms ? q->answer : NULL;
}

static bool has_records(const struct dns_answer *a)
{
	return a && a->outcome == DNS_ANSWERED && (a->count || a->alias.n);
}

void dns_cache_store(struct dns_cache *c, struct dns_question *q, struct dns_answer *taken, int64_t now_ms)
{
	if (taken->outcome != DNS_ANSWERED && has_records(q->answer) && now_ms < q->stale_until_ms) {
		dns_answer_unref(taken);
		q->fresh_until_ms = now_ms + FAILURE_MS;
		return;
	}
	int64_t keep_ms = (int64_t)taken->ttl_s * 1000;
	if (taken->outcome != DNS_ANSWERED)
		keep_ms = FAILURE_MS;
	else if (!has_records(taken) && keep_ms > c->negative_ms)
		keep_ms = c->negative_ms;
	dns_answer_unref(q->answer);
	q->answer = taken;
	q->fresh_until_ms = now_ms + keep_ms;
	q->stale_until_ms = q->fresh_until_ms + STALE_MS;
}
