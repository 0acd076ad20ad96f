/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - the arithmetic of digest authentication. RFC 7616 §3.4, RFC 8760, RFC 2617 §3.2.2 */
#define OPENSSL_SUPPRESS_DEPRECATED     /* of the functions of one hash each: see struct hash_kind */
#include "sip_private.h"
#include "encode.h"
#include "mem.h"
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

const struct str sip_digest_names[SIP_DIGEST_COUNT] = {
	[SIP_DIGEST_MD5] = STR_INIT("MD5"),
	[SIP_DIGEST_SHA256] = STR_INIT("SHA-256"),
	[SIP_DIGEST_SHA512_256] = STR_INIT("SHA-512-256"),
};

union hash {
	MD5_CTX md5;
	SHA256_CTX sha256;
	SHA512_CTX sha512;
};

static void md5_begin(union hash *h) { MD5_Init(&h->md5); }
static void md5_add(union hash *h, struct str s) { MD5_Update(&h->md5, s.p, s.n); }
static void md5_end(union hash *h, uint8_t *sum) { MD5_Final(sum, &h->md5); }

static void sha256_begin(union hash *h) { SHA256_Init(&h->sha256); }
static void sha256_add(union hash *h, struct str s) { SHA256_Update(&h->sha256, s.p, s.n); }
static void sha256_end(union hash *h, uint8_t *sum) { SHA256_Final(sum, &h->sha256); }

/* SHA-512 from another start, and half of what comes out: FIPS 180-4 §5.3.6.2, §6.7. */
static void sha512_256_begin(union hash *h)
{
	static const SHA_LONG64 start[8] = {
		0x22312194fc2bf72c, 0x9f555fa3c84c64c2, 0x2393b86b6f53b151, 0x963877195940eabd,
		0x96283ee2a88effe3, 0xbe5e1e2553863992, 0x2b0199fc2c85b8aa, 0x0eb72ddc81c52ca2,
	};
	SHA512_Init(&h->sha512);
	memcpy(h->sha512.h, start, sizeof start);
}
static void sha512_add(union hash *h, struct str s) { SHA512_Update(&h->sha512, s.p, s.n); }
static void sha512_end(union hash *h, uint8_t *sum) { SHA512_Final(sum, &h->sha512); }

/* OpenSSL calls these functions deprecated and keeps them: an EVP context asks the heap whenever it begins again, and passes each
 * piece through two layers more. */
static const struct hash_kind {
	const char *name;               /* in libcrypto */
	void (*begin)(union hash *h);
	void (*add)(union hash *h, struct str s);
	void (*end)(union hash *h, uint8_t *sum);
	unsigned char size;             /* of the sum that counts */
} kinds[SIP_DIGEST_COUNT] = {
	[SIP_DIGEST_MD5] = { "MD5", md5_begin, md5_add, md5_end, MD5_DIGEST_LENGTH },
	[SIP_DIGEST_SHA256] = { "SHA2-256", sha256_begin, sha256_add, sha256_end, SHA256_DIGEST_LENGTH },
	[SIP_DIGEST_SHA512_256] = { "SHA2-512/256", sha512_256_begin, sha512_add, sha512_end, SHA256_DIGEST_LENGTH },
};

struct sip_digest {
	bool offered[SIP_DIGEST_COUNT]; /* by libcrypto, as it is set up here */
};

int sip_digest_new(struct sip_digest **out)
{
	struct sip_digest *d = mem_zalloc(sizeof *d);
	for (int a = 0; a < SIP_DIGEST_COUNT; a++) {
		EVP_MD *md = EVP_MD_fetch(NULL, kinds[a].name, NULL);
		d->offered[a] = md != NULL;
		EVP_MD_free(md);
	}
	if (!d->offered[SIP_DIGEST_SHA256]) {
		sip_digest_free(d);
		return -ENOTSUP;
	}
	*out = d;
	return 0;
}

void sip_digest_free(struct sip_digest *d)
{
	mem_free(d);
}

/* H(parts[0] ":" parts[1] ":" ...) as hex; 0 when it cannot be had. */
static size_t hash_joined(const struct sip_digest *d, enum sip_digest_algorithm a, const struct str *parts,
                          size_t count, char out[SIP_DIGEST_HEX_MAX])
{
	union hash h;
	uint8_t sum[SHA512_DIGEST_LENGTH];
	if (a >= SIP_DIGEST_COUNT || !d->offered[a])
		return 0;
	const struct hash_kind *kind = &kinds[a];
	kind->begin(&h);
	for (size_t i = 0; i < count; i++) {
		if (i)
			kind->add(&h, STR(":"));
		kind->add(&h, parts[i]);
	}
	kind->end(&h, sum);
	hex_write(out, sum, kind->size);
	return HEX_SIZE(kind->size);
}

#define HASH(d, a, out, ...) \
	hash_joined((d), (a), (const struct str[]){ __VA_ARGS__ }, \
	            sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str), (out))

size_t sip_digest_hash(struct sip_digest *d, enum sip_digest_algorithm a, struct str data,
                       char out[SIP_DIGEST_HEX_MAX])
{
	return HASH(d, a, out, data);
}

size_t sip_digest_ha1(struct sip_digest *d, enum sip_digest_algorithm a, struct str user, struct str realm,
                      struct str password, char out[SIP_DIGEST_HEX_MAX])
{
	return HASH(d, a, out, user, realm, password);
}

/* HA2 = H(method ":" uri), for auth-int H(method ":" uri ":" H(body)); 0: unknown qop. */
static size_t ha2(struct sip_digest *d, const struct sip_credentials *c, struct str method, struct str body,
                  char out[SIP_DIGEST_HEX_MAX])
{
	if (!c->qop.p || str_ieq(c->qop, STR("auth")))
		return HASH(d, c->algorithm, out, method, c->uri);
	if (!str_ieq(c->qop, STR("auth-int")))
		return 0;
	char hex[SIP_DIGEST_HEX_MAX];
	struct str hash = { hex, sip_digest_hash(d, c->algorithm, body, hex) };
	return HASH(d, c->algorithm, out, method, c->uri, hash);
}

size_t sip_digest_response(struct sip_digest *d, const struct sip_credentials *c, struct str ha1,
                           struct str method, struct str body, char out[SIP_DIGEST_HEX_MAX])
{
	char hex1[SIP_DIGEST_HEX_MAX], hex2[SIP_DIGEST_HEX_MAX];
	struct str a2 = { hex2, ha2(d, c, method, body, hex2) };
	if (!a2.n)
		return 0;
	if (c->session)
		ha1 = (struct str){ hex1, HASH(d, c->algorithm, hex1, ha1, c->nonce, c->cnonce) };
	if (!c->qop.p)
		return HASH(d, c->algorithm, out, ha1, c->nonce, a2);
	return HASH(d, c->algorithm, out, ha1, c->nonce, c->nc_text, c->cnonce, c->qop, a2);
}

/* name="value" with quotes and backslashes escaped */
static void add_quoted(struct buf *out, const char *name, struct str value)
{
	buf_add(out, str_of(name));
	BUF_LIT(out, "=\"");
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"' || value.p[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, value.p[i]);
	}
	buf_byte(out, '"');
}

static bool offers_auth(struct str qop)
{
	struct str item;
	while (sip_list_next(&qop, &item))
		if (str_ieq(item, STR("auth")))
			return true;
	return false;
}

static struct str write_answer(const struct sip_credentials *c, struct arena *arena)
{
	struct buf b = { 0 };
	add_quoted(&b, "Digest username", c->username);
	add_quoted(&b, ", realm", c->realm);
	add_quoted(&b, ", nonce", c->nonce);
	add_quoted(&b, ", uri", c->uri);
	add_quoted(&b, ", response", c->response);
	BUF_LIT(&b, ", algorithm=");
	buf_add(&b, sip_digest_names[c->algorithm]);
	if (c->session)
		BUF_LIT(&b, "-sess");
	if (c->qop.p || c->session)
		add_quoted(&b, ", cnonce", c->cnonce);
	if (c->qop.p)
		BUF_LIT(&b, ", qop=auth, nc=00000001");
	if (c->opaque.p)
		add_quoted(&b, ", opaque", c->opaque);
	struct str done = arena_str(arena, buf_str(&b));
	buf_fini(&b);
	return done;
}

struct str sip_digest_answer(struct sip_digest *d, const struct sip_challenge *ch, struct str user,
                             struct str password, struct str method, struct str uri, struct str cnonce,
                             struct arena *arena)
{
	char hex1[SIP_DIGEST_HEX_MAX], hex[SIP_DIGEST_HEX_MAX];
	struct sip_credentials c = {
		.username = user, .realm = ch->realm, .nonce = ch->nonce, .uri = uri, .cnonce = cnonce,
		.opaque = ch->opaque, .algorithm = ch->algorithm, .session = ch->session, .nc = 1,
		.nc_text = STR("00000001"), .qop = ch->qop.p ? STR("auth") : STR_NONE,
	};
	if (ch->qop.p && !offers_auth(ch->qop))
		return STR_NONE;
	struct str ha1 = { hex1, sip_digest_ha1(d, c.algorithm, user, c.realm, password, hex1) };
	c.response = (struct str){ hex, sip_digest_response(d, &c, ha1, method, STR_NONE, hex) };
	return c.response.n ? write_answer(&c, arena) : STR_NONE;
}
