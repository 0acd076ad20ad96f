/* SPDX-License-Identifier: Apache-2.0 */
/* auth.c - judge digest credentials, make challenges. */
#include "auth.h"
#include "encode.h"
#include "hash.h"
#include "mem.h"
#include "nonce.h"
#include "nonce_table.h"
#include "random.h"
#include "tries.h"
#include <stdlib.h>

struct auth {
	struct auth_settings s;
	struct nonces *nonces;
	struct hash_key request_key;
	struct nonce_table *used;
	struct tries *tries;
	char dummy[SIP_DIGEST_HEX_MAX]; /* the HA1 of users that do not exist */
};

struct auth_thread {
	struct auth *a;
	struct sip_digest *digest;
};

void auth_settings_init(struct auth_settings *s)
{
	*s = (struct auth_settings){
		.md5 = true, .sha256 = true, .nonce_ms = 300000, .repeat_ms = 32000, .max_nonces = 100000, .tries_per_minute = 30,
	};
}

int auth_new(const struct auth_settings *s, struct auth **out)
{
	struct auth *a = mem_zalloc(sizeof *a);
	uint8_t key[NONCE_KEY], dummy[SIP_DIGEST_HEX_MAX / 2];
	a->s = *s;
	random_bytes(key, sizeof key);
	a->nonces = nonces_new(key);
	mem_wipe(key, sizeof key);
	random_bytes(dummy, sizeof dummy);
	hex_write(a->dummy, dummy, sizeof dummy);
	a->request_key = hash_key_new();
	a->used = nonce_table_new(s->max_nonces, s->nonce_ms, s->repeat_ms);
	a->tries = tries_new(s->tries_per_minute);
	*out = a;
	return 0;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	nonce_table_free(a->used);
	tries_free(a->tries);
	nonces_free(a->nonces);
	mem_free(a);
}

int auth_thread_new(struct auth *a, struct auth_thread **out)
{
	struct auth_thread *t = mem_zalloc(sizeof *t);
	t->a = a;
	int err = sip_digest_new(&t->digest);
	if (err) {
		auth_thread_free(t);
		return err;
	}
	*out = t;
	return 0;
}

void auth_thread_free(struct auth_thread *t)
{
	if (!t)
		return;
	sip_digest_free(t->digest);
	mem_free(t);
}

/* --- which credentials --- */

static bool accepted(const struct auth_settings *s, enum sip_digest_algorithm a)
{
	return (a == SIP_DIGEST_MD5 && s->md5) || (a == SIP_DIGEST_SHA256 && s->sha256);
}

static enum sip_header_id header_of(enum auth_side side)
{
	return side == AUTH_REGISTRAR ? SIP_H_AUTHORIZATION : SIP_H_PROXY_AUTHORIZATION;
}

/* The first row for our realm with an algorithm that we take (AU-10). Other realms and schemes are somebody else's; a
 * row that cannot be read may have been meant for us, so alone it is a mistake and not an absence. */
static enum auth_verdict find_row(const struct auth_settings *s, const struct auth_question *q, struct sip_credentials *c,
                                  struct str *row)
{
	bool unreadable = false;
	const struct sip_header *h = sip_first(q->request, header_of(q->side));
	for (; h; h = h->next < 0 ? NULL : &q->request->headers[h->next]) {
		enum sip_credentials_result got = sip_credentials_parse(h->value, q->arena, c);
		unreadable |= got == SIP_CREDENTIALS_BAD;
		if (got == SIP_CREDENTIALS_OK && str_eq(c->realm, q->realm) && accepted(s, c->algorithm)) {
			*row = h->value;
			return AUTH_OK;
		}
	}
	return unreadable ? AUTH_MALFORMED : AUTH_NONE;
}

/* `uri` is hashed as received and need not equal the Request-URI, but must name something that we serve, or what this
 * request is for (AU-09). */
static bool serves_uri(const struct auth_question *q, struct str text)
{
	struct sip_uri uri;
	if (str_eq(text, q->request->ruri_text))
		return true;
	if (!sip_uri_parse(text, &uri))
		return false;
	if (uri.scheme == SIP_SCHEME_TEL)
		return true;
	if (uri.scheme != SIP_SCHEME_SIP && uri.scheme != SIP_SCHEME_SIPS)
		return false;
	return (q->request->ruri_ok && sip_host_equal(uri.host, q->request->ruri.host)) || q->serves(q->user, uri.host);
}

/* --- are they right --- */

/* By name; else, for NAME@REALM, by what stands before the '@'. */
static bool find_user(struct users *users, struct str name, struct str realm, struct arena *arena, struct user *out)
{
	if (users_find(users, name, realm, arena, out))
		return true;
	size_t tail = realm.n + 1;
	if (name.n <= tail || name.p[name.n - tail] != '@' || !str_ends(name, realm))
		return false;
	return users_find(users, (struct str){ name.p, name.n - tail }, realm, arena, out);
}

/* Unknown users cost the same arithmetic as known ones (AU-14). */
static bool is_right(struct auth_thread *t, const struct auth_question *q, const struct sip_credentials *c, struct user *user)
{
	char want[SIP_DIGEST_HEX_MAX];
	bool known = find_user(t->a->s.users, c->username, q->realm, q->arena, user);
	struct str ha1 = { t->a->dummy, c->algorithm == SIP_DIGEST_MD5 ? 32 : 64 };
	struct str stored = c->algorithm == SIP_DIGEST_MD5 ? user->ha1_md5 : user->ha1_sha256;
	known = known && stored.n == ha1.n;
	if (known)
		ha1 = stored;
	size_t n = sip_digest_response(t->digest, c, ha1, q->request->method_name, q->request->body, want);
	return n && n == c->response.n && mem_equal_secret(want, c->response.p, n) && known;
}

/* All that makes it this request, so that a copy may pass again but nothing may be built around the same digest. */
static uint64_t request_hash(const struct auth *a, const struct auth_question *q, struct str row)
{
	const struct sip_msg *m = q->request;
	const struct sip_header *contact = sip_first(m, SIP_H_CONTACT);
	struct str parts[] = { { (const char *)&m->cseq, sizeof m->cseq }, row, m->method_name, m->call_id, m->from.text, m->to.text,
	                       contact ? contact->value : STR_NONE, m->body };
	struct hash_key key = a->request_key;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		key.k0 = hash_str(key, parts[i]);       /* secret as the key is, so it serves as one for the next part */
	return key.k0;
}

/* What a nonce is made for: the realm, and the address that was asked. */
static struct str nonce_scope(const struct auth_question *q)
{
	const struct addr *from = q->source;
	if (!from)
		return q->realm;
	char *scope = arena_alloc(q->arena, q->realm.n + 1 + sizeof from->ip), *p = scope;
	p = mempcpy(p, q->realm.p, q->realm.n);
	*p++ = (char)from->family;
	p = mempcpy(p, from->ip, sizeof from->ip);
	return str_range(scope, p);
}

enum auth_verdict auth_check(struct auth_thread *t, const struct auth_question *q, struct user *out)
{
	struct sip_credentials c;
	struct str row;
	enum auth_verdict found = find_row(&t->a->s, q, &c, &row);
	if (found != AUTH_OK)
		return found;
	if (c.qop.p && (c.nc == 0 || !c.cnonce.p))
		return AUTH_MALFORMED;
	if (!serves_uri(q, c.uri))
		return AUTH_ELSEWHERE;
	if (q->source && tries_blocked(t->a->tries, q->source, c.username, q->now_ms))
		return AUTH_BLOCKED;
	struct user user = { 0 };
	struct nonce nonce;
	bool is_ours = nonce_read(t->a->nonces, nonce_scope(q), c.nonce, &nonce);
	if (!is_right(t, q, &c, &user)) {
		if (q->source && is_ours)               /* else anybody may have sent it in that address's name */
			tries_wrong(t->a->tries, q->source, c.username, q->now_ms);
		return AUTH_WRONG;
	}
	/* Without qop there is no nc: the nonce is good for one request. */
	if (!is_ours || !nonce_table_use(t->a->used, &nonce, c.qop.p ? c.nc : 1, request_hash(t->a, q, row), q->now_ms, q->wall_ms))
		return AUTH_STALE;
	*out = user;
	return AUTH_OK;
}

/* --- challenges --- */

static void quote(struct buf *rows, struct str text)
{
	buf_byte(rows, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_byte(rows, '\\');
		buf_byte(rows, text.p[i]);
	}
	buf_byte(rows, '"');
}

/* One row an algorithm, strongest first; they may share a nonce, as the answer names its algorithm (AU-05). */
void auth_challenge(struct auth_thread *t, const struct auth_question *q, bool stale, struct buf *rows)
{
	const struct { bool on; struct str name; } algorithms[] = {
		{ t->a->s.sha256, STR("SHA-256") }, { t->a->s.md5, STR("MD5") },
	};
	char nonce[NONCE_TEXT];
	nonce_write(t->a->nonces, nonce_scope(q), q->wall_ms, nonce);
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
		if (!algorithms[i].on)
			continue;
		buf_add(rows, sip_header_name(q->side == AUTH_REGISTRAR ? SIP_H_WWW_AUTHENTICATE : SIP_H_PROXY_AUTHENTICATE));
		BUF_LIT(rows, ": Digest realm=");
		quote(rows, q->realm);
		BUF_LIT(rows, ", nonce=\"");
		buf_add(rows, (struct str){ nonce, sizeof nonce });
		BUF_LIT(rows, "\", algorithm=");
		buf_add(rows, algorithms[i].name);
		BUF_LIT(rows, ", qop=\"auth,auth-int\"");
		if (stale)
			BUF_LIT(rows, ", stale=true");
		BUF_LIT(rows, "\r\n");
	}
}

unsigned auth_status(enum auth_verdict v, enum auth_side side)
{
	switch (v) {
	case AUTH_OK:           return 0;
	case AUTH_NONE:
	case AUTH_STALE:
	case AUTH_WRONG:        return side == AUTH_REGISTRAR ? 401 : 407;
	case AUTH_MALFORMED:    return 400;
	case AUTH_ELSEWHERE:
	case AUTH_BLOCKED:      return 403;
	}
	abort();
}
