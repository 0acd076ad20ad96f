/* SPDX-License-Identifier: Apache-2.0 */
/* hmac.h - HMAC-SHA-256 with a key that is used again and again. RFC 2104
 *
 * HMAC begins each of its two hashes with a block made of the key: here they stand hashed already, and a MAC works on copies. So
 * it takes nothing from the heap, cannot fail, and threads need nothing of each other. */
#ifndef SLUICE_HMAC_H
#define SLUICE_HMAC_H

#include "str.h"
#include <openssl/sha.h>
#include <stdint.h>

#define HMAC_SIZE SHA256_DIGEST_LENGTH

/* Owns nothing: may be copied; wipe it (mem_wipe) when the key is not to be found in memory any more. */
struct hmac_key {
	SHA256_CTX inner, outer;
};

/* `secret` has at most 64 bytes (a longer one would have to be hashed first: asserted) and is not needed afterwards. */
void hmac_key_init(struct hmac_key *key, const uint8_t *secret, size_t n);
/* Over a followed by b; either may be empty. Any thread. */
void hmac_sign(const struct hmac_key *key, struct str a, struct str b, uint8_t out[HMAC_SIZE]);

#endif
