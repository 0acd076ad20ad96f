/* SPDX-License-Identifier: Apache-2.0 */
/* stun_limit.c - how many STUN answers a source address gets (TP-31). */
#include "hash.h"
#include "mem.h"
#include "stun.h"

#define SETS 1024
#define WAYS 4

struct source {
	uint64_t hash;                  /* of the IP address, keyed; 0: empty */
	int64_t since_ms;               /* the second that is being counted */
	uint32_t count;
};

struct stun_limit {
	struct hash_key key;
	uint32_t per_second;
	struct source sources[SETS][WAYS];
};

struct stun_limit *stun_limit_new(unsigned per_second)
{
	struct stun_limit *l = mem_zalloc(sizeof *l);
	l->key = hash_key_new();
	l->per_second = per_second;
	return l;
}

void stun_limit_free(struct stun_limit *l)
{
	mem_free(l);
}

bool stun_limit_allows(struct stun_limit *l, const struct addr *from, int64_t now_ms)
{
	uint64_t hash = hash_bytes(l->key, from->ip, sizeof from->ip) | 1;
	struct source *set = l->sources[(hash >> 1) % SETS], *oldest = set;
	for (int i = 0; i < WAYS; i++) {
		struct source *s = &set[i];
		if (s->hash == hash) {
			if (now_ms - s->since_ms >= 1000)
				*s = (struct source){ hash, now_ms, 0 };
			return s->count++ < l->per_second;
		}
		if (!s->hash || s->since_ms < oldest->since_ms)
			oldest = s;
	}
	*oldest = (struct source){ hash, now_ms, 1 };
	return l->per_second > 0;
}
