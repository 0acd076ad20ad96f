/* SPDX-License-Identifier: Apache-2.0 */
/* nonce.c - nonces that carry their own proof. */
#include "nonce.h"
#include "encode.h"
#include "hmac.h"
#include "mem.h"
#include "random.h"
#include <assert.h>

#define NONCE_VERSION 1
#define NONCE_HEAD (1 + 6 + 8)
#define NONCE_MAC 15
#define NONCE_SIZE (NONCE_HEAD + NONCE_MAC)

static_assert(BASE64_SIZE(NONCE_SIZE) == NONCE_TEXT, "the text has no rest");

struct nonces {
	struct hmac_key hmac;
};

struct nonces *nonces_new(const uint8_t key[NONCE_KEY])
{
	struct nonces *n = mem_alloc(sizeof *n);
	hmac_key_init(&n->hmac, key, NONCE_KEY);
	return n;
}

void nonces_free(struct nonces *n)
{
	if (n)
		mem_wipe(n, sizeof *n);
	mem_free(n);
}

static void mac_of(const struct nonces *n, const uint8_t head[NONCE_HEAD], struct str scope, uint8_t out[NONCE_MAC])
{
	uint8_t full[HMAC_SIZE];
	hmac_sign(&n->hmac, (struct str){ (const char *)head, NONCE_HEAD }, scope, full);
	memcpy(out, full, NONCE_MAC);
}

static void put(uint8_t *out, uint64_t number, unsigned bytes)
{
	while (bytes--) {
		out[bytes] = (uint8_t)number;
		number >>= 8;
	}
}

static uint64_t get(const uint8_t *in, unsigned bytes)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < bytes; i++)
		number = number << 8 | in[i];
	return number;
}

void nonce_write(const struct nonces *n, struct str scope, int64_t wall_ms, char out[NONCE_TEXT])
{
	uint8_t bytes[NONCE_SIZE] = { NONCE_VERSION };
	put(bytes + 1, (uint64_t)wall_ms, 6);
	random_bytes(bytes + 7, 8);
	mac_of(n, bytes, scope, bytes + NONCE_HEAD);
	base64url_write(out, bytes, sizeof bytes);
}

bool nonce_read(const struct nonces *n, struct str scope, struct str text, struct nonce *out)
{
	uint8_t bytes[NONCE_SIZE], mac[NONCE_MAC];
	if (text.n != NONCE_TEXT || base64url_read(text, bytes, sizeof bytes) != NONCE_SIZE || bytes[0] != NONCE_VERSION)
		return false;
	mac_of(n, bytes, scope, mac);
	if (!mem_equal_secret(mac, bytes + NONCE_HEAD, NONCE_MAC))
		return false;
	out->made_ms = (int64_t)get(bytes + 1, 6);
	out->serial = get(bytes + 7, 8);
	return true;
}
