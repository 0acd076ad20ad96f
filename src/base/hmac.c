/* SPDX-License-Identifier: Apache-2.0 */
/* hmac.c - see hmac.h. OpenSSL calls these functions deprecated and keeps them: EVP has no state that can be copied without asking the
 * heap. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "hmac.h"
#include "mem.h"
#include <assert.h>

static void hash_pad(SHA256_CTX *out, const uint8_t *secret, size_t n, uint8_t with)
{
	uint8_t block[SHA256_CBLOCK];
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (i < n ? secret[i] : 0) ^ with;
	SHA256_Init(out);
	SHA256_Update(out, block, sizeof block);
	mem_wipe(block, sizeof block);
}

void hmac_key_init(struct hmac_key *key, const uint8_t *secret, size_t n)
{
	assert(n <= SHA256_CBLOCK);
	hash_pad(&key->inner, secret, n, 0x36);
	hash_pad(&key->outer, secret, n, 0x5c);
}

void hmac_sign(const struct hmac_key *key, struct str a, struct str b, uint8_t out[HMAC_SIZE])
{
	SHA256_CTX hash = key->inner;
	SHA256_Update(&hash, a.p, a.n);
	SHA256_Update(&hash, b.p, b.n);
	SHA256_Final(out, &hash);
	hash = key->outer;
	SHA256_Update(&hash, out, HMAC_SIZE);
	SHA256_Final(out, &hash);
}
