/* SPDX-License-Identifier: Apache-2.0 */
/* sip_digest.h - digest credentials and their arithmetic: RFC 7616, RFC 8760, RFC 2617 for old
 * clients. Knows no nonce policy (auth.h has it). */
#ifndef SLUICE_SIP_DIGEST_H
#define SLUICE_SIP_DIGEST_H

#include "sip.h"

enum sip_digest_algorithm { SIP_DIGEST_MD5, SIP_DIGEST_SHA256, SIP_DIGEST_SHA512_256, SIP_DIGEST_UNKNOWN };
#define SIP_DIGEST_COUNT 3
#define SIP_DIGEST_HEX_MAX 64           /* characters of the longest H() */

/* Digest engines, fetched once; one object a thread. */
struct sip_digest;
int sip_digest_new(struct sip_digest **out);    /* -errno when libcrypto refuses (FIPS without MD5: SHA-256 still works) */
void sip_digest_free(struct sip_digest *d);
/* H(data) as lower-case hex, not terminated; the number of characters, 0 when the algorithm is not to
 * be had. */
size_t sip_digest_hash(struct sip_digest *d, enum sip_digest_algorithm a, struct str data, char out[SIP_DIGEST_HEX_MAX]);
/* HA1 = H(user ":" realm ":" password). */
size_t sip_digest_ha1(struct sip_digest *d, enum sip_digest_algorithm a, struct str user, struct str realm,
                      struct str password, char out[SIP_DIGEST_HEX_MAX]);

/* One Authorization or Proxy-Authorization row. Strings are unquoted in the arena, except that
 * `uri` is as received (AU-09). STR_NONE: absent. */
struct sip_credentials {
	struct str username, realm, nonce, uri, response, cnonce, opaque, qop;
	enum sip_digest_algorithm algorithm;    /* MD5 when absent */
	bool session;                           /* -sess */
	uint32_t nc;                            /* 0: absent or malformed */
	struct str nc_text;
	bool userhash;
};
enum sip_credentials_result { SIP_CREDENTIALS_OK, SIP_CREDENTIALS_OTHER_SCHEME, SIP_CREDENTIALS_BAD };
enum sip_credentials_result sip_credentials_parse(struct str row_value, struct arena *arena, struct sip_credentials *out);

/* One WWW-Authenticate or Proxy-Authenticate row, for who must answer it. */
struct sip_challenge {
	struct str realm, nonce, opaque, qop;   /* qop: the list, unquoted */
	enum sip_digest_algorithm algorithm;
	bool session, stale;
};
enum sip_credentials_result sip_challenge_parse(struct str row_value, struct arena *arena, struct sip_challenge *out);

/* The response that a client who knows HA1 must have sent (AU-07, AU-08), as hex; number of characters, 0 on an
 * unknown algorithm or qop. ha1 is the stored H(user:realm:password). */
size_t sip_digest_response(struct sip_digest *d, const struct sip_credentials *c, struct str ha1, struct str method,
                           struct str body, char out[SIP_DIGEST_HEX_MAX]);

/* Answer a challenge: the value of an Authorization row, in the arena; STR_NONE when it cannot be
 * answered. qop=auth, nc=1, the given cnonce. */
struct str sip_digest_answer(struct sip_digest *d, const struct sip_challenge *ch, struct str user, struct str password,
                             struct str method, struct str uri, struct str cnonce, struct arena *arena);

#endif
