/* SPDX-License-Identifier: Apache-2.0 */
/* nonce.h - the nonces of this process: made without state, known again without state. RFC 7616 §3.3.
 *
 *     version 1 | wall time in ms 6 | random serial 8 | HMAC-SHA-256 over these and what it is made for, cut to 15 bytes
 *
 * 30 bytes, so that base64url has no rest: 40 characters. */
#ifndef SLUICE_NONCE_H
#define SLUICE_NONCE_H

#include "str.h"
#include <stdint.h>

#define NONCE_KEY 32
#define NONCE_TEXT 40

/* A key, ready for use. Never changes: any thread. */
struct nonces;
struct nonces *nonces_new(const uint8_t key[NONCE_KEY]);
void nonces_free(struct nonces *n);     /* NULL is fine */

/* scope: what it is made for; auth.c: the realm and who was asked. */
void nonce_write(const struct nonces *n, struct str scope, int64_t wall_ms, char out[NONCE_TEXT]);

struct nonce {
	int64_t made_ms;                /* wall time */
	uint64_t serial;
};
/* False: not made with this key for this scope. */
bool nonce_read(const struct nonces *n, struct str scope, struct str text, struct nonce *out);

#endif
