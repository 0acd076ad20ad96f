/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - the arithmetic of digest authentication. RFC 7616 §3.4, RFC 8760, RFC 2617 §3.2.2 */
#include "sip_private.h"
#include "encode.h"
#include "mem.h"
#include <errno.h>
#include <openssl/evp.h>

const struct str sip_digest_names[SIP_DIGEST_COUNT] = {
	[SIP_DIGEST_MD5] = STR_INIT("MD5"),
	[SIP_DIGEST_SHA256] = STR_INIT("SHA-256"),
	[SIP_DIGEST_SHA512_256] = STR_INIT("SHA-512-256"),
};

/* The same in libcrypto. */
static const char *const fetch_names[SIP_DIGEST_COUNT] = {
	[SIP_DIGEST_MD5] = "MD5",
	[SIP_DIGEST_SHA256] = "SHA2-256",
	[SIP_DIGEST_SHA512_256] = "SHA2-512/256",
};

/* A context a kind, started once: starting again with NULL is half the price of naming the digest. */
struct sip_digest {
	EVP_MD_CTX *ctx[SIP_DIGEST_COUNT];      /* NULL: libcrypto does not offer it */
};

static EVP_MD_CTX *engine(const char *name)
{
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
	if (!md)
		return NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (ctx && !EVP_DigestInit_ex2(ctx, md, NULL)) {
		EVP_MD_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_MD_free(md);                        /* the context holds its own reference */
	return ctx;
}

int sip_digest_new(struct sip_digest **out)
{
	struct sip_digest *d = mem_zalloc(sizeof *d);
	for (int a = 0; a < SIP_DIGEST_COUNT; a++)
		d->ctx[a] = engine(fetch_names[a]);
	if (!d->ctx[SIP_DIGEST_SHA256]) {
		sip_digest_free(d);
		return -ENOTSUP;
	}
	*out = d;
	return 0;
}

void sip_digest_free(struct sip_digest *d)
{
	if (!d)
		return;
	for (int a = 0; a < SIP_DIGEST_COUNT; a++)
		EVP_MD_CTX_free(d->ctx[a]);
	mem_free(d);
}

/* H(parts[0] ":" parts[1] ":" ...) as hex; 0 when it cannot be had. */
static size_t hash_joined(struct sip_digest *d, enum sip_digest_algorithm a, const struct str *parts,
                          size_t count, char out[SIP_DIGEST_HEX_MAX])
{
	EVP_MD_CTX *ctx = a < SIP_DIGEST_COUNT ? d->ctx[a] : NULL;
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (!ctx || !EVP_DigestInit_ex2(ctx, NULL, NULL))
		return 0;
	for (size_t i = 0; i < count; i++)
		if ((i && !EVP_DigestUpdate(ctx, ":", 1)) ||
		    (parts[i].n && !EVP_DigestUpdate(ctx, parts[i].p, parts[i].n)))
			return 0;
	if (!EVP_DigestFinal_ex(ctx, sum, &n) || HEX_SIZE(n) > SIP_DIGEST_HEX_MAX)
		return 0;
	hex_write(out, sum, n);
	return HEX_SIZE(n);
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
