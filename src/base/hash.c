/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c - SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"). One round a word and three
 * at the end: enough for tables, whose hashes nobody outside ever sees. */
#include "hash.h"
#include "random.h"
#include "word.h"

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t turn(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = turn(s->v1, 13) ^ s->v0;
	s->v3 = turn(s->v3, 16) ^ s->v2;
	s->v0 = turn(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = turn(s->v1, 17) ^ s->v2;
	s->v3 = turn(s->v3, 21) ^ s->v0;
	s->v2 = turn(s->v2, 32);
}

static inline struct sip sip_start(struct hash_key key)
{
	return (struct sip){ key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d,
	                     key.k0 ^ 0x6c7967656e657261, key.k1 ^ 0x7465646279746573 };
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

static inline uint64_t sip_end(struct sip *s)
{
	s->v2 ^= 0xff;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* One body for both spellings; `fold` is a constant at each call, so its test costs nothing. */
__attribute__((always_inline))
static inline uint64_t sip_hash(struct hash_key key, const void *bytes, size_t n, bool fold)
{
	const char *p = bytes;
	struct sip s = sip_start(key);
	size_t left = n;
	for (; left >= 8; p += 8, left -= 8) {
		uint64_t word = word_load(p);
		sip_word(&s, fold ? word_fold(word) : word);
	}
	uint64_t tail = word_load_part(p, left);
	sip_word(&s, (fold ? word_fold(tail) : tail) | (uint64_t)n << 56);
	return sip_end(&s);
}

struct hash_key hash_key_new(void)
{
	return (struct hash_key){ random_u64(), random_u64() };
}

uint64_t hash_bytes(struct hash_key key, const void *p, size_t n)
{
	return sip_hash(key, p, n, false);
}

uint64_t hash_istr(struct hash_key key, struct str s)
{
	return sip_hash(key, s.p, s.n, true);
}

/* The hash so far is secret, so it serves as the key for the next word. */
uint64_t hash_mix(uint64_t hash, uint64_t more)
{
	struct sip s = sip_start((struct hash_key){ hash, turn(hash, 32) });
	sip_word(&s, more);
	return sip_end(&s);
}
