/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - SipHash-1-3 with a secret key, for every table whose keys come from the network. */
#ifndef SLUICE_HASH_H
#define SLUICE_HASH_H

#include "str.h"

struct hash_key {
	uint64_t k0, k1;
};

/* A fresh key from the system's random source. */
struct hash_key hash_key_new(void);
uint64_t hash_bytes(struct hash_key key, const void *p, size_t n);
static inline uint64_t hash_str(struct hash_key key, struct str s) { return hash_bytes(key, s.p, s.n); }
/* The same with ASCII letters folded to lower case. */
uint64_t hash_istr(struct hash_key key, struct str s);
/* Fold another 64 bits into a hash (for composed keys). */
uint64_t hash_mix(uint64_t hash, uint64_t more);

#endif
