/* SPDX-License-Identifier: Apache-2.0 */
/* nonce.c - nonces that carry their own proof. */
#include "nonce.h"
#include "encode.h"
#include "mem.h"
#include "random.h"
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <assert.h>
#include <stdlib.h>

#define NONCE_VERSION 1
#define NONCE_HEAD (1 + 6 + 8)
#define NONCE_MAC 15
#define NONCE_SIZE (NONCE_HEAD + NONCE_MAC)

static_assert(BASE64_SIZE(NONCE_SIZE) == NONCE_TEXT, "the text has no rest");

struct nonces {
	EVP_MAC_CTX *hmac;              /* keyed; started anew for each nonce */
};

int nonces_new(const uint8_t key[NONCE_KEY], struct nonces **out)
{
	struct nonces *n = mem_zalloc(sizeof *n);
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	n->hmac = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_end(),
	};
	if (!n->hmac || EVP_MAC_init(n->hmac, key, NONCE_KEY, params) != 1) {
		nonces_free(n);
		return -ENOTSUP;
	}
	*out = n;
	return 0;
}

void nonces_free(struct nonces *n)
{
	if (n)
		EVP_MAC_CTX_free(n->hmac);
	mem_free(n);
}

/* A failure here means that libcrypto has no memory: as everywhere, the end. */
static void mac_of(struct nonces *n, const uint8_t head[NONCE_HEAD], struct str scope, uint8_t out[NONCE_MAC])
{
	uint8_t full[EVP_MAX_MD_SIZE];
	size_t size = 0;
	if (EVP_MAC_init(n->hmac, NULL, 0, NULL) != 1 ||
	    EVP_MAC_update(n->hmac, head, NONCE_HEAD) != 1 ||
	    EVP_MAC_update(n->hmac, (const unsigned char *)scope.p, scope.n) != 1 ||
	    EVP_MAC_final(n->hmac, full, &size, sizeof full) != 1 || size < NONCE_MAC)
		abort();
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

void nonce_write(struct nonces *n, struct str scope, int64_t wall_ms, char out[NONCE_TEXT])
{
	uint8_t bytes[NONCE_SIZE] = { NONCE_VERSION };
	put(bytes + 1, (uint64_t)wall_ms, 6);
	random_bytes(bytes + 7, 8);
	mac_of(n, bytes, scope, bytes + NONCE_HEAD);
	base64url_write(out, bytes, sizeof bytes);
}

bool nonce_read(struct nonces *n, struct str scope, struct str text, struct nonce *out)
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
