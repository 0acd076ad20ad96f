/* SPDX-License-Identifier: Apache-2.0 */
/* tries.c - wrong answers, counted by the minute. */
#include "tries.h"
#include "hash.h"
#include "mem.h"
#include <pthread.h>

#define ROWS 1024
#define WAYS 8
#define LOCKS 64
#define MINUTE_MS 60000
#define WHOLE_SOURCE 10         /* a source may be this many times as wrong as one name from it */

struct tally {
	uint64_t who;                   /* keyed hash; 0: free */
	int64_t until_ms;               /* the end of its minute */
	unsigned wrong;
};

struct tries {
	struct hash_key key;
	unsigned per_minute;
	pthread_mutex_t locks[LOCKS];
	struct tally rows[ROWS][WAYS];
};

struct tries *tries_new(unsigned per_minute)
{
	struct tries *t = mem_zalloc(sizeof *t);
	t->key = hash_key_new();
	t->per_minute = per_minute;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&t->locks[i], NULL);
	return t;
}

void tries_free(struct tries *t)
{
	if (!t)
		return;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&t->locks[i]);
	mem_free(t);
}

/* Where the answer came from, without its port; an IPv6 host has its /64 to itself. */
static uint64_t source_of(const struct tries *t, const struct addr *a)
{
	uint64_t who = hash_bytes(t->key, a->ip, a->family == AF_INET ? 4 : 8);
	return who ? who : 1;
}

static uint64_t name_of(const struct tries *t, uint64_t source, struct str name)
{
	uint64_t who = hash_mix(source, hash_str(t->key, name));
	return who ? who : 1;
}

static unsigned count(struct tries *t, uint64_t who, int64_t now_ms)
{
	unsigned row = (unsigned)(who % ROWS), wrong = 0;
	pthread_mutex_lock(&t->locks[row % LOCKS]);
	for (int i = 0; i < WAYS; i++) {
		const struct tally *y = &t->rows[row][i];
		if (y->who == who && now_ms < y->until_ms)
			wrong = y->wrong;
	}
	pthread_mutex_unlock(&t->locks[row % LOCKS]);
	return wrong;
}

/* How dear a place is: what is over its minute is free. */
static unsigned guilt(const struct tally *y, int64_t now_ms)
{
	return now_ms < y->until_ms ? y->wrong : 0;
}

static void add(struct tries *t, uint64_t who, int64_t now_ms)
{
	unsigned row = (unsigned)(who % ROWS);
	pthread_mutex_lock(&t->locks[row % LOCKS]);
	struct tally *place = &t->rows[row][0];
	for (int i = 0; i < WAYS; i++) {
		struct tally *y = &t->rows[row][i];
		if (y->who == who) {
			place = y;
			break;
		}
		if (guilt(y, now_ms) < guilt(place, now_ms))
			place = y;
	}
	if (place->who != who || now_ms >= place->until_ms)
		*place = (struct tally){ .who = who, .until_ms = now_ms + MINUTE_MS };
	place->wrong++;
	pthread_mutex_unlock(&t->locks[row % LOCKS]);
}

bool tries_blocked(struct tries *t, const struct addr *source, struct str name, int64_t now_ms)
{
	if (t->per_minute == 0)
		return false;
	uint64_t who = source_of(t, source);
	return count(t, who, now_ms) / WHOLE_SOURCE >= t->per_minute ||
	       count(t, name_of(t, who, name), now_ms) >= t->per_minute;
}

void tries_wrong(struct tries *t, const struct addr *source, struct str name, int64_t now_ms)
{
	if (t->per_minute == 0)
		return;
	uint64_t who = source_of(t, source);
	add(t, who, now_ms);
	add(t, name_of(t, who, name), now_ms);
}
