/* SPDX-License-Identifier: Apache-2.0 */
/* base.c - what everything stands on: hashes, the map, the timer wheel. */
#include "hash.h"
#include "map.h"
#include "mem.h"
#include "micro.h"
#include "wheel.h"

/* --- hash --- */

static const struct str call_id = STR_INIT("3848276298220188511@atlanta.example.com");

static void *hash_begin(const void *with)
{
	struct hash_key *key = mem_zalloc(sizeof *key);
	(void)with;
	*key = hash_key_new();
	return key;
}

static void hash_step(void *state)
{
	const struct hash_key *key = state;
	micro_must(hash_str(*key, call_id) != 0, "hash_str");
}

static void ihash_step(void *state)
{
	const struct hash_key *key = state;
	micro_must(hash_istr(*key, call_id) != 0, "hash_istr");
}

/* --- map --- */

enum { ENTRIES = 1000 };
struct table {
	struct map map;
	struct map_node nodes[ENTRIES];
	unsigned at;
};

static uint64_t spread(unsigned i)
{
	return (uint64_t)i * 0x9e3779b97f4a7c15u;
}

static void *map_begin(const void *with)
{
	struct table *t = mem_zalloc(sizeof *t);
	(void)with;
	map_init(&t->map);
	for (unsigned i = 0; i < ENTRIES; i++)
		map_insert(&t->map, &t->nodes[i], spread(i));
	return t;
}

static void map_end(void *state)
{
	struct table *t = state;
	map_fini(&t->map);
	mem_free(t);
}

static void map_find_step(void *state)
{
	struct table *t = state;
	t->at = (t->at + 7) % ENTRIES;
	micro_must(map_first(&t->map, spread(t->at)) == &t->nodes[t->at], "map_first");
}

static void map_change_step(void *state)
{
	struct table *t = state;
	t->at = (t->at + 7) % ENTRIES;
	map_remove(&t->map, &t->nodes[t->at]);
	map_insert(&t->map, &t->nodes[t->at], spread(t->at));
}

/* --- timers --- */

struct clock {
	struct wheel wheel;
	struct loop_timer timers[ENTRIES];      /* 500 ms apart at first, as those of live transactions */
	struct loop_timer one;
	struct list due;
};

static void *wheel_begin(const void *with)
{
	struct clock *c = mem_zalloc(sizeof *c);
	(void)with;
	wheel_init(&c->wheel, 1000);
	list_init(&c->due);
	for (unsigned i = 0; i < ENTRIES; i++)
		wheel_set(&c->wheel, &c->timers[i], 1000 + 500 * (i + 1));
	return c;
}

static void wheel_stop_step(void *state)
{
	struct clock *c = state;
	wheel_set(&c->wheel, &c->one, c->wheel.now_ms + 32000);
	wheel_stop(&c->wheel, &c->one);
}

/* Each turn of the loop asks when the next one is due and moves on. */
static void wheel_fire_step(void *state)
{
	struct clock *c = state;
	int64_t at = c->wheel.now_ms + 4;
	wheel_set(&c->wheel, &c->one, at);
	micro_must(wheel_next_ms(&c->wheel) <= at, "wheel_next_ms");
	wheel_advance(&c->wheel, at, &c->due);
	micro_must(!list_empty(&c->due), "wheel_advance");
	while (!list_empty(&c->due))
		list_remove(c->due.next);
}

const struct micro micro_base[] = {
	{ "hash a Call-ID", hash_begin, hash_step, mem_free, NULL },
	{ "hash a Call-ID without case", hash_begin, ihash_step, mem_free, NULL },
	{ "map: find", map_begin, map_find_step, map_end, NULL },
	{ "map: remove and insert", map_begin, map_change_step, map_end, NULL },
	{ "timer: set and stop", wheel_begin, wheel_stop_step, mem_free, NULL },
	{ "timer: set and fire", wheel_begin, wheel_fire_step, mem_free, NULL },
	{ 0 }
};
