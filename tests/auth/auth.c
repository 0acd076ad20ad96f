/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's side of the arithmetic is written out here, apart from sip_digest_response. */
#include "../base/check.h"
#include "auth.h"
#include "fake_users.h"
#include "mem.h"
#include <stdio.h>

#define WALL 1700000000000
#define NOW 50000
#define REALM "example.com"

struct bench {
	struct arena arena;
	struct users users;
	struct user list[3];
	struct str alias[1];
	struct sip_digest *digest;
	struct auth *auth;
	struct auth_thread *thread;
	struct addr source;
	int64_t now_ms, wall_ms;
};

static struct str hash(struct bench *b, bool md5, struct str data)
{
	char *out = arena_alloc(&b->arena, SIP_DIGEST_HEX_MAX);
	return (struct str){ out, sip_digest_hash(b->digest, md5 ? SIP_DIGEST_MD5 : SIP_DIGEST_SHA256, data, out) };
}

static void restart(struct bench *b, const struct auth_settings *s)
{
	if (b->auth) {
		auth_thread_free(b->thread);
		auth_free(b->auth);
	}
	struct auth_settings copy = *s;
	copy.users = &b->users;
	assert_int_equal(auth_new(&copy, &b->auth), 0);
	assert_int_equal(auth_thread_new(b->auth, &b->thread), 0);
}

static int set_up(void **state)
{
	struct bench *b = mem_zalloc(sizeof *b);
	struct auth_settings s;
	arena_init(&b->arena, NULL, 0);
	assert_int_equal(sip_digest_new(&b->digest), 0);
	b->alias[0] = STR("100");
	b->list[0] = (struct user){
		.name = STR("alice"), .domain = STR(REALM), .aliases = b->alias, .alias_count = 1,
		.ha1_md5 = hash(b, true, STR("alice:" REALM ":secret")), .ha1_sha256 = hash(b, false, STR("alice:" REALM ":secret")),
	};
	b->list[1] = (struct user){ .name = STR("old"), .domain = STR(REALM), .ha1_md5 = hash(b, true, STR("old:" REALM ":secret")) };
	b->list[2] = (struct user){
		.name = STR("a\"b"), .domain = STR(REALM), .ha1_sha256 = hash(b, false, STR("a\"b:" REALM ":secret")),
	};
	b->users = (struct users){ b->list, COUNT(b->list), 0 };
	assert_true(addr_parse(STR("192.0.2.1:5060"), 0, &b->source));
	b->now_ms = NOW;
	b->wall_ms = WALL;
	auth_settings_init(&s);
	restart(b, &s);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	auth_thread_free(b->thread);
	auth_free(b->auth);
	sip_digest_free(b->digest);
	arena_fini(&b->arena);
	mem_free(b);
	return 0;
}

static struct str challenge(struct bench *b, enum auth_side side, bool stale)
{
	struct buf rows = { 0 };
	struct auth_question q = {
		.side = side, .realm = STR(REALM), .source = b->source.family ? &b->source : NULL, .wall_ms = b->wall_ms, .arena = &b->arena,
	};
	auth_challenge(b->thread, &q, stale, &rows);
	struct str copy = arena_str(&b->arena, buf_str(&rows));
	buf_fini(&rows);
	return copy;
}

static const char *fresh_nonce(struct bench *b)
{
	const char *at = strstr(challenge(b, AUTH_REGISTRAR, false).p, "nonce=\"");
	assert_non_null(at);
	at += strlen("nonce=\"");
	return arena_str(&b->arena, (struct str){ at, strcspn(at, "\"") }).p;
}

/* What a phone makes of it; all but the nonce have a default. */
struct answer {
	const char *user, *name, *password, *realm, *nonce, *uri, *qop, *nc, *cnonce, *method, *body;
	bool md5;
	const char *ha1;        /* instead of that of name, realm and password */
	const char *form;       /* how the row is written */
};

#define USUAL "Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=%k"
#define OLD   "Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a"

static const char *or(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static struct str response_to(struct bench *b, const struct answer *w)
{
	const char *user = or(w->name, or(w->user, "alice")), *realm = or(w->realm, REALM);
	const char *uri = or(w->uri, "sip:" REALM), *method = or(w->method, "REGISTER");
	struct str ha1 = hash(b, w->md5, arena_printf(&b->arena, "%s:%s:%s", user, realm, or(w->password, "secret")));
	if (w->ha1)
		ha1 = str_of(w->ha1);
	struct str a2 = arena_printf(&b->arena, "%s:%s", method, uri);
	if (w->qop && strcmp(w->qop, "auth-int") == 0) {
		struct str body = hash(b, w->md5, str_of(or(w->body, "")));
		a2 = arena_printf(&b->arena, "%.*s:%.*s", STR_FMT(a2), STR_FMT(body));
	}
	struct str ha2 = hash(b, w->md5, a2);
	if (w->qop && !*w->qop)
		return hash(b, w->md5, arena_printf(&b->arena, "%.*s:%s:%.*s", STR_FMT(ha1), w->nonce, STR_FMT(ha2)));
	return hash(b, w->md5, arena_printf(&b->arena, "%.*s:%s:%s:%s:%s:%.*s", STR_FMT(ha1), w->nonce, or(w->nc, "00000001"),
	                                    or(w->cnonce, "0a4f113b"), or(w->qop, "auth"), STR_FMT(ha2)));
}

static const char *row_of(struct bench *b, const struct answer *w)
{
	struct buf out = { 0 };
	for (const char *f = or(w->form, w->qop && !*w->qop ? OLD : USUAL); *f; f++) {
		if (*f != '%') {
			buf_byte(&out, *f);
			continue;
		}
		switch (*++f) {
		case 'u': buf_add(&out, str_of(or(w->user, "alice"))); break;
		case 'r': buf_add(&out, str_of(or(w->realm, REALM))); break;
		case 'n': buf_add(&out, str_of(w->nonce)); break;
		case 'i': buf_add(&out, str_of(or(w->uri, "sip:" REALM))); break;
		case 'h': buf_add(&out, response_to(b, w)); break;
		case 'a': buf_add(&out, str_of(w->md5 ? "MD5" : "SHA-256")); break;
		case 'c': buf_add(&out, str_of(or(w->cnonce, "0a4f113b"))); break;
		case 'q': buf_add(&out, str_of(or(w->qop, "auth"))); break;
		case 'k': buf_add(&out, str_of(or(w->nc, "00000001"))); break;
		}
	}
	struct str row = arena_str(&b->arena, buf_str(&out));
	buf_fini(&out);
	return row.p;
}

struct request {
	const char *method, *ruri, *rows, *call_id, *to, *body;
	unsigned cseq;
};

static bool serves(void *u, struct str host)
{
	(void)u;
	return str_eq(host, STR("example.com")) || str_eq(host, STR("192.0.2.10"));
}

static enum auth_verdict ask(struct bench *b, const struct request *r, enum auth_side side, struct user *user)
{
	const char *method = or(r->method, "REGISTER"), *body = or(r->body, "");
	struct str text = arena_printf(&b->arena,
		"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
		"From: <sip:alice@example.com>;tag=1\r\nTo: <%s>\r\nCall-ID: %s\r\nCSeq: %u %s\r\n"
		"Contact: <sip:alice@192.0.2.1>\r\n%sContent-Length: %zu\r\n\r\n%s",
		method, or(r->ruri, "sip:example.com"), or(r->to, "sip:alice@example.com"), or(r->call_id, "1@192.0.2.1"), r->cseq + 1, method,
		or(r->rows, ""), strlen(body), body);
	struct sip_msg m;
	struct sip_fault fault;
	assert_int_equal(sip_parse(&m, text, &b->arena, NULL, &fault), SIP_PARSED);
	struct auth_question q = {
		.request = &m, .side = side, .realm = STR(REALM), .source = b->source.family ? &b->source : NULL, .now_ms = b->now_ms,
		.wall_ms = b->wall_ms, .serves = serves, .user = b, .arena = &b->arena,
	};
	return auth_check(b->thread, &q, user);
}

/* A REGISTER with this answer. */
static enum auth_verdict judge(struct bench *b, const struct answer *w)
{
	struct user user = { 0 };
	struct request r = { .method = w->method, .body = w->body };
	r.rows = arena_printf(&b->arena, "Authorization: %s\r\n", row_of(b, w)).p;
	enum auth_verdict v = ask(b, &r, AUTH_REGISTRAR, &user);
	assert_int_equal(v == AUTH_OK, user.name.n > 0);
	return v;
}

static enum auth_verdict judge_rows(struct bench *b, const char *rows)
{
	struct user user;
	return ask(b, &(struct request){ .rows = rows }, AUTH_REGISTRAR, &user);
}

/* --- challenges --- */

/* AU-01 AU-04 AU-05 */
static void a_challenge_has_a_row_an_algorithm_the_stronger_first(void **state)
{
	struct bench *b = *state;
	const char *nonce = fresh_nonce(b);
	size_t n = strlen(nonce);
	char want[600];
	for (int proxy = 0; proxy < 2; proxy++)
		for (int stale = 0; stale < 2; stale++) {
			struct str rows = challenge(b, proxy ? AUTH_PROXY : AUTH_REGISTRAR, stale);
			const char *at = strstr(rows.p, "nonce=\"") + 7;
			const char *name = proxy ? "Proxy-Authenticate" : "WWW-Authenticate", *tail = stale ? ", stale=true" : "";
			snprintf(want, sizeof want,
			         "%s: Digest realm=\"example.com\", nonce=\"%.*s\", algorithm=SHA-256, qop=\"auth,auth-int\"%s\r\n"
			         "%s: Digest realm=\"example.com\", nonce=\"%.*s\", algorithm=MD5, qop=\"auth,auth-int\"%s\r\n",
			         name, (int)n, at, tail, name, (int)n, at, tail);
			assert_str(rows, want);
		}
	assert_int_equal(auth_status(AUTH_NONE, AUTH_REGISTRAR), 401);
	assert_int_equal(auth_status(AUTH_NONE, AUTH_PROXY), 407);
}

/* AU-06 */
static void md5_can_be_switched_off(void **state)
{
	struct bench *b = *state;
	struct auth_settings s;
	auth_settings_init(&s);
	s.md5 = false;
	restart(b, &s);
	struct str rows = challenge(b, AUTH_REGISTRAR, false);
	assert_non_null(strstr(rows.p, "SHA-256"));
	assert_null(strstr(rows.p, "MD5"));
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .md5 = true }), AUTH_NONE);
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b) }), AUTH_OK);
}

/* --- right answers --- */

/* AU-06 AU-07 AU-08 */
static void a_right_answer_passes_in_every_algorithm_and_qop(void **state)
{
	struct bench *b = *state;
	static const char *const qops[] = { "auth", "auth-int", "" };
	for (int md5 = 0; md5 < 2; md5++)
		for (size_t i = 0; i < COUNT(qops); i++)
			for (int body = 0; body < 2; body++) {
				struct answer w = { .nonce = fresh_nonce(b), .md5 = md5, .qop = qops[i], .method = "MESSAGE",
				                    .body = body ? "hello" : NULL };
				assert_int_equal(judge(b, &w), AUTH_OK);
				w.nonce = fresh_nonce(b);
				w.password = "guess";
				assert_int_equal(judge(b, &w), AUTH_WRONG);
			}
}

/* AU-08 */
static void a_body_changed_by_one_byte_is_found_out_by_auth_int(void **state)
{
	struct bench *b = *state;
	struct answer w = { .nonce = fresh_nonce(b), .qop = "auth-int", .method = "MESSAGE", .body = "hello" };
	struct user user;
	struct request r = { .method = "MESSAGE", .body = "hallo" };
	r.rows = arena_printf(&b->arena, "Authorization: %s\r\n", row_of(b, &w)).p;
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_WRONG);
	r.body = "hello";
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_OK);
}

/* AU-16 */
static void the_spellings_of_real_phones_are_read(void **state)
{
	static const char *const forms[] = {
		"Digest username=\"%u\",realm=\"%r\",nonce=\"%n\",uri=\"%i\",response=\"%h\",algorithm=%a,cnonce=\"%c\",qop=%q,nc=%k",
		"digest USERNAME=\"%u\", Realm=\"%r\", NONCE=\"%n\", URI=\"%i\", Response=\"%h\", Algorithm=%a, CNonce=\"%c\", QOP=%q, NC=%k",
		"Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=\"%a\", cnonce=\"%c\", qop=\"%q\", nc=\"%k\"",
		"Digest nc=%k, qop=%q, cnonce=\"%c\", algorithm=%a, response=\"%h\", uri=\"%i\", nonce=\"%n\", realm=\"%r\", username=\"%u\"",
		"Digest  username = \"%u\" ,\r\n realm = \"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=%k",
		"Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=%k, opaque=\"\", foo=bar",
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (judge(b, &(struct answer){ .nonce = fresh_nonce(b), .form = forms[i] }) != AUTH_OK)
			fail_msg("%s", forms[i]);
	}
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .user = "a\\\"b", .name = "a\"b" }), AUTH_OK);
}

/* AU-07 */
static void an_answer_without_algorithm_is_md5(void **state)
{
	struct bench *b = *state;
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .md5 = true,
		.form = "Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", cnonce=\"%c\", qop=%q, nc=%k" }),
		AUTH_OK);
}

static void the_hash_is_over_the_name_of_the_user(void **state)
{
	static const struct { const char *user, *name; enum auth_verdict verdict; } table[] = {
		{ "alice", "alice", AUTH_OK },
		{ "alice@example.com", "alice", AUTH_OK },
		{ "100", "alice", AUTH_OK },
		{ "alice@example.com", "alice@example.com", AUTH_WRONG },
		{ "100", "100", AUTH_WRONG },
		{ "Alice", "Alice", AUTH_WRONG },
		{ "alice@example.net", "alice", AUTH_WRONG },
		{ "@example.com", "", AUTH_WRONG },
		{ "xexample.com", "x", AUTH_WRONG },
		{ "", "", AUTH_WRONG },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct answer w = { .nonce = fresh_nonce(b), .user = table[i].user, .name = table[i].name };
		if (judge(b, &w) != table[i].verdict)
			fail_msg("%s as %s", table[i].user, table[i].name);
	}
}

static void a_user_without_a_hash_for_the_algorithm_is_as_good_as_unknown(void **state)
{
	struct bench *b = *state;
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .user = "old", .md5 = true }), AUTH_OK);
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .user = "old" }), AUTH_WRONG);
	/* What is not there is no secret. */
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .user = "old", .ha1 = "" }), AUTH_WRONG);
}

/* --- which row --- */

/* AU-02 AU-17 */
static void other_schemes_are_not_there(void **state)
{
	struct bench *b = *state;
	assert_int_equal(judge_rows(b, ""), AUTH_NONE);
	assert_int_equal(judge_rows(b, "Authorization: Basic YWxpY2U6c2VjcmV0\r\n"), AUTH_NONE);
	assert_int_equal(judge_rows(b, "Authorization: NoOneKnowsThisScheme opaque-data=here\r\n"), AUTH_NONE);
}

/* AU-10 */
static void only_rows_of_our_realm_count(void **state)
{
	struct bench *b = *state;
	const char *ours = row_of(b, &(struct answer){ .nonce = fresh_nonce(b) });
	const char *theirs = row_of(b, &(struct answer){ .nonce = "theirs", .realm = "example.net", .uri = "sip:example.net" });
	struct user user;
	struct request r = { .rows = arena_printf(&b->arena, "Authorization: %s\r\n", theirs).p };
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_NONE);
	r.rows = arena_printf(&b->arena, "Authorization: %s\r\nAuthorization: Basic eDp5\r\nAuthorization: %s\r\n", theirs, ours).p;
	assert_int_equal(ask(b, &r, AUTH_PROXY, &user), AUTH_NONE);
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_OK);
	assert_str(user.name, "alice");
}

/* AU-01 */
static void a_proxy_looks_at_proxy_authorization(void **state)
{
	struct bench *b = *state;
	struct user user;
	struct answer w = { .nonce = fresh_nonce(b), .method = "INVITE", .uri = "sip:bob@example.com" };
	struct request r = { .method = "INVITE", .ruri = "sip:bob@example.com" };
	r.rows = arena_printf(&b->arena, "Proxy-Authorization: %s\r\n", row_of(b, &w)).p;
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_NONE);
	assert_int_equal(ask(b, &r, AUTH_PROXY, &user), AUTH_OK);
}

/* AU-09 */
static void the_uri_must_name_something_that_we_serve(void **state)
{
	static const struct { const char *ruri, *uri; enum auth_verdict verdict; } table[] = {
		{ "sip:example.com", "sip:example.com;transport=tcp", AUTH_OK },
		{ "sip:example.com", "sips:example.com", AUTH_OK },
		{ "sip:example.com", "sip:192.0.2.10:5080", AUTH_OK },
		{ "sip:bob@example.com", "sip:robert@example.com", AUTH_OK },
		{ "sip:bob@foreign.example", "sip:bob@foreign.example;user=phone", AUTH_OK },
		{ "tel:+12125550101", "tel:+12125550101", AUTH_OK },
		{ "sip:example.com", "sip:other.example", AUTH_ELSEWHERE },
		{ "sip:example.com", "sip:example.com.other.example", AUTH_ELSEWHERE },
		{ "sip:example.com", "mailto:a@example.com", AUTH_ELSEWHERE },
		{ "sip:example.com", "example.com", AUTH_ELSEWHERE },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct user user;
		struct answer w = { .nonce = fresh_nonce(b), .uri = table[i].uri };
		struct request r = { .ruri = table[i].ruri };
		r.rows = arena_printf(&b->arena, "Authorization: %s\r\n", row_of(b, &w)).p;
		if (ask(b, &r, AUTH_REGISTRAR, &user) != table[i].verdict)
			fail_msg("%s for %s", table[i].uri, table[i].ruri);
	}
	assert_int_equal(auth_status(AUTH_ELSEWHERE, AUTH_REGISTRAR), 403);
}

/* AU-16 */
static void credentials_with_holes_are_malformed(void **state)
{
	static const char *const forms[] = {
		"Digest realm=\"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=%k",
		"Digest username=\"%u\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=%k",
		"Digest username=\"%u\", realm=\"%r\", uri=\"%i\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=%k",
		"Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=%k",
		"Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", uri=\"%i\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=%k",
		"Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q",
		"Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a, qop=%q, nc=%k",
		"Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=1g",
		"Digest username=\"%u\", username=\"%u\", realm=\"%r\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=%k",
		"Digest username=\"%u\", realm=\"%r\", nonce=\"%n\", nonce=\"%n\", uri=\"%i\", response=\"%h\", algorithm=%a, cnonce=\"%c\", qop=%q, nc=%k",
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (judge(b, &(struct answer){ .nonce = fresh_nonce(b), .form = forms[i] }) != AUTH_MALFORMED)
			fail_msg("%s", forms[i]);
	}
	assert_int_equal(auth_status(AUTH_MALFORMED, AUTH_PROXY), 400);
}

/* --- nonces --- */

/* AU-11 */
static void a_count_passes_once_unless_the_request_is_the_same(void **state)
{
	struct bench *b = *state;
	struct answer w = { .nonce = fresh_nonce(b) };
	struct user user;
	struct request r = { .rows = arena_printf(&b->arena, "Authorization: %s\r\n", row_of(b, &w)).p };
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_OK);
	b->now_ms += 32000;
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_OK);
	struct request other[] = { r, r, r };
	other[0].cseq = 7;
	other[1].call_id = "2@192.0.2.1";
	other[2].to = "sip:bob@example.com";
	for (size_t i = 0; i < COUNT(other); i++)
		assert_int_equal(ask(b, &other[i], AUTH_REGISTRAR, &user), AUTH_STALE);
	b->now_ms += 1;
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_STALE);
	w.nc = "00000002";
	r.rows = arena_printf(&b->arena, "Authorization: %s\r\n", row_of(b, &w)).p;
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_OK);
}

/* AU-11 */
static void a_wrong_answer_does_not_move_the_count(void **state)
{
	struct bench *b = *state;
	const char *nonce = fresh_nonce(b);
	assert_int_equal(judge(b, &(struct answer){ .nonce = nonce, .nc = "00000001" }), AUTH_OK);
	assert_int_equal(judge(b, &(struct answer){ .nonce = nonce, .nc = "ffffffff", .password = "guess" }), AUTH_WRONG);
	assert_int_equal(judge(b, &(struct answer){ .nonce = nonce, .nc = "00000002" }), AUTH_OK);
}

/* AU-11 */
static void without_qop_a_nonce_is_good_for_one_request(void **state)
{
	struct bench *b = *state;
	struct answer w = { .nonce = fresh_nonce(b), .qop = "" };
	struct user user;
	struct request r = { .rows = arena_printf(&b->arena, "Authorization: %s\r\n", row_of(b, &w)).p };
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_OK);
	r.cseq = 1;
	assert_int_equal(ask(b, &r, AUTH_REGISTRAR, &user), AUTH_STALE);
}

/* AU-12 AU-13 */
static void a_right_answer_over_an_old_or_foreign_nonce_is_stale(void **state)
{
	struct bench *b = *state;
	struct answer w = { .nonce = fresh_nonce(b) }, guess = w;
	guess.password = "guess";
	b->wall_ms += 300000;
	assert_int_equal(judge(b, &w), AUTH_OK);
	w.nc = "00000002";
	b->wall_ms += 1;
	assert_int_equal(judge(b, &w), AUTH_STALE);
	assert_int_equal(judge(b, &guess), AUTH_WRONG);
	assert_int_equal(judge(b, &(struct answer){ .nonce = "84a4cc6f3082121f32b42a2187831a9e" }), AUTH_STALE);
	assert_int_equal(judge(b, &(struct answer){ .nonce = "84a4cc6f3082121f32b42a2187831a9e", .password = "guess" }), AUTH_WRONG);
}

/* AU-13 */
static void after_a_restart_the_phone_is_asked_again_with_stale(void **state)
{
	struct bench *b = *state;
	struct auth_settings s;
	struct answer w = { .nonce = fresh_nonce(b) };
	assert_int_equal(judge(b, &w), AUTH_OK);
	auth_settings_init(&s);
	restart(b, &s);
	w.nc = "00000002";
	assert_int_equal(judge(b, &w), AUTH_STALE);
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b) }), AUTH_OK);
}

static void a_nonce_works_on_every_thread(void **state)
{
	struct bench *b = *state;
	struct auth_thread *first = b->thread, *second;
	assert_int_equal(auth_thread_new(b->auth, &second), 0);
	struct answer w = { .nonce = fresh_nonce(b) };
	b->thread = second;
	assert_int_equal(judge(b, &w), AUTH_OK);
	b->thread = first;
	w.cnonce = "another";
	assert_int_equal(judge(b, &w), AUTH_STALE);     /* used on the other thread */
	auth_thread_free(second);
}

/* --- guessing --- */

/* AU-14 */
static void an_unknown_user_and_a_wrong_password_look_the_same(void **state)
{
	struct bench *b = *state;
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .password = "guess" }), AUTH_WRONG);
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .user = "nobody" }), AUTH_WRONG);
	assert_int_equal(judge(b, &(struct answer){ .nonce = "forged", .user = "nobody" }), AUTH_WRONG);
	assert_int_equal(auth_status(AUTH_WRONG, AUTH_REGISTRAR), 401);
	assert_int_equal(auth_status(AUTH_WRONG, AUTH_PROXY), 407);
}

/* AU-12 AU-15: a nonce is good for who was asked; whoever sends in his name has none and blocks nobody. */
static void wrong_answers_over_nonces_of_others_block_nobody(void **state)
{
	struct bench *b = *state;
	const struct addr victim = b->source;
	assert_true(addr_parse_ip(STR("198.51.100.66"), &b->source));
	const char *theirs = fresh_nonce(b);
	b->source = victim;
	for (int i = 0; i < 400; i++)
		assert_int_equal(judge(b, &(struct answer){ .nonce = i % 2 ? theirs : "forged", .password = "guess" }), AUTH_WRONG);
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b) }), AUTH_OK);
	assert_int_equal(judge(b, &(struct answer){ .nonce = theirs }), AUTH_STALE);
}

/* AU-15 */
static void who_guesses_too_often_is_refused_even_when_right(void **state)
{
	struct bench *b = *state;
	for (int i = 0; i < 30; i++)
		assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .password = "guess" }), AUTH_WRONG);
	unsigned asked = b->users.asked;
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b) }), AUTH_BLOCKED);
	assert_int_equal(b->users.asked, asked);
	assert_int_equal(auth_status(AUTH_BLOCKED, AUTH_REGISTRAR), 403);
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .user = "old", .md5 = true }), AUTH_OK);
	b->source.ip[3]++;
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b) }), AUTH_OK);
	b->source.ip[3]--;
	b->now_ms += 60000;
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b) }), AUTH_OK);
}

static void nobody_is_blamed_when_no_source_is_given(void **state)
{
	struct bench *b = *state;
	b->source.family = 0;
	for (int i = 0; i < 400; i++)
		assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b), .password = "guess" }), AUTH_WRONG);
	assert_int_equal(judge(b, &(struct answer){ .nonce = fresh_nonce(b) }), AUTH_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_challenge_has_a_row_an_algorithm_the_stronger_first),
		CASE(md5_can_be_switched_off),
		CASE(a_right_answer_passes_in_every_algorithm_and_qop),
		CASE(a_body_changed_by_one_byte_is_found_out_by_auth_int),
		CASE(the_spellings_of_real_phones_are_read),
		CASE(an_answer_without_algorithm_is_md5),
		CASE(the_hash_is_over_the_name_of_the_user),
		CASE(a_user_without_a_hash_for_the_algorithm_is_as_good_as_unknown),
		CASE(other_schemes_are_not_there),
		CASE(only_rows_of_our_realm_count),
		CASE(a_proxy_looks_at_proxy_authorization),
		CASE(the_uri_must_name_something_that_we_serve),
		CASE(credentials_with_holes_are_malformed),
		CASE(a_count_passes_once_unless_the_request_is_the_same),
		CASE(a_wrong_answer_does_not_move_the_count),
		CASE(without_qop_a_nonce_is_good_for_one_request),
		CASE(a_right_answer_over_an_old_or_foreign_nonce_is_stale),
		CASE(after_a_restart_the_phone_is_asked_again_with_stale),
		CASE(a_nonce_works_on_every_thread),
		CASE(an_unknown_user_and_a_wrong_password_look_the_same),
		CASE(wrong_answers_over_nonces_of_others_block_nobody),
		CASE(who_guesses_too_often_is_refused_even_when_right),
		CASE(nobody_is_blamed_when_no_source_is_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
