/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - who is asking: a REGISTER is challenged, and the answer to the challenge judged. */
#include "auth.h"
#include "mem.h"
#include "micro.h"
#include <stdio.h>

enum { USERS = 100, REQUESTS = MICRO_WARM + MICRO_ROUNDS };
#define REALM "example.com"
#define WALL_MS 1700000000000

struct gate {
	char folder[MICRO_FOLDER];
	struct users *users;
	struct auth *auth;
	struct auth_thread *thread;
	struct arena arena;
	struct sip_msg requests[REQUESTS];      /* each answers a nonce of its own */
	unsigned at;
	struct addr source;
	struct buf rows;
	char memory[8192];
};

static void add_users(struct gate *g, struct sip_digest *d)
{
	struct user list[USERS];
	unsigned bad;
	for (unsigned i = 0; i < USERS; i++) {
		char md5[SIP_DIGEST_HEX_MAX], sha256[SIP_DIGEST_HEX_MAX];
		struct str name = arena_printf(&g->arena, "u%u", i), realm = STR(REALM), password = STR("secret");
		struct str ha1[] = { { md5, sip_digest_ha1(d, SIP_DIGEST_MD5, name, realm, password, md5) },
		                     { sha256, sip_digest_ha1(d, SIP_DIGEST_SHA256, name, realm, password, sha256) } };
		list[i] = (struct user){ .name = name, .domain = realm, .ha1_md5 = arena_str(&g->arena, ha1[0]),
		                         .ha1_sha256 = arena_str(&g->arena, ha1[1]) };
	}
	micro_must(users_add_many(g->users, list, USERS, &bad) == 0, "users_add_many");
}

static bool serves(void *user, struct str host)
{
	return user && str_ieq(host, STR(REALM));
}

static struct auth_question question(struct gate *g, const struct sip_msg *request, struct arena *arena)
{
	return (struct auth_question){
		.request = request, .side = AUTH_REGISTRAR, .realm = STR(REALM), .source = &g->source, .now_ms = 50000,
		.wall_ms = WALL_MS, .serves = serves, .user = g, .arena = arena,
	};
}

/* What a phone makes of the row of our challenge for this algorithm. */
static struct str answer(struct gate *g, struct sip_digest *d, enum sip_digest_algorithm a, struct str user)
{
	struct auth_question q = question(g, NULL, &g->arena);
	buf_clear(&g->rows);
	auth_challenge(g->thread, &q, false, &g->rows);
	struct str rest = buf_str(&g->rows), row, name;
	while (str_cut(&rest, '\n', &row)) {
		struct sip_challenge c;
		micro_must(str_cut(&row, ':', &name) && sip_challenge_parse(str_trim(row), &g->arena, &c) == SIP_CREDENTIALS_OK,
		           "sip_challenge_parse");
		if (c.algorithm == a)
			return sip_digest_answer(d, &c, user, STR("secret"), STR("REGISTER"), STR("sip:" REALM), STR("f2a8b1c05d7e9631"),
			                         &g->arena);
	}
	return STR_NONE;
}

static void write_request(struct gate *g, struct sip_digest *d, enum sip_digest_algorithm a, unsigned i)
{
	struct sip_fault fault;
	struct str user = arena_printf(&g->arena, "u%u", i % USERS), row = answer(g, d, a, user);
	micro_must(row.n > 0, "sip_digest_answer");
	struct str text = arena_printf(&g->arena,
		"REGISTER sip:" REALM " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bK%u;rport\r\nMax-Forwards: 70\r\n"
		"From: <sip:u%u@" REALM ">;tag=t%u\r\nTo: <sip:u%u@" REALM ">\r\nCall-ID: 38482762982%u@192.0.2.101\r\n"
		"CSeq: 2 REGISTER\r\nContact: <sip:u%u@192.0.2.101>\r\nAuthorization: %.*s\r\nContent-Length: 0\r\n\r\n",
		i, i % USERS, i, i % USERS, i, i % USERS, STR_FMT(row));
	micro_must(sip_parse(&g->requests[i], text, &g->arena, NULL, &fault) == SIP_PARSED, "sip_parse");
}

static void *begin(const void *with)
{
	const enum sip_digest_algorithm *a = with;
	struct gate *g = mem_zalloc(sizeof *g);
	struct sip_digest *d;
	struct auth_settings s;
	char path[MICRO_FOLDER + 16], why[300];
	arena_init(&g->arena, NULL, 0);
	micro_folder_make(g->folder);
	snprintf(path, sizeof path, "%s/users.db", g->folder);
	micro_must(users_open(path, &g->users, why, sizeof why) == 0, "users_open");
	micro_must(sip_digest_new(&d) == 0, "sip_digest_new");
	add_users(g, d);
	auth_settings_init(&s);
	s.users = g->users;
	micro_must(auth_new(&s, &g->auth) == 0 && auth_thread_new(g->auth, &g->thread) == 0, "auth_new");
	micro_must(addr_parse(STR("198.51.100.7:40312"), 0, &g->source), "addr_parse");
	for (unsigned i = 0; a && i < REQUESTS; i++)
		write_request(g, d, *a, i);
	sip_digest_free(d);
	return g;
}

static void end(void *state)
{
	struct gate *g = state;
	auth_thread_free(g->thread);
	auth_free(g->auth);
	users_close(g->users);
	micro_folder_remove(g->folder);
	buf_fini(&g->rows);
	arena_fini(&g->arena);
	mem_free(g);
}

static void challenge(void *state)
{
	struct gate *g = state;
	struct arena arena;
	arena_init(&arena, g->memory, sizeof g->memory);
	struct auth_question q = question(g, NULL, &arena);
	buf_clear(&g->rows);
	auth_challenge(g->thread, &q, false, &g->rows);
	micro_must(g->rows.n > 0, "auth_challenge");
}

static void check(void *state)
{
	struct gate *g = state;
	struct arena arena;
	struct user who;
	arena_init(&arena, g->memory, sizeof g->memory);
	struct auth_question q = question(g, &g->requests[g->at++ % REQUESTS], &arena);
	micro_must(auth_check(g->thread, &q, &who) == AUTH_OK, "auth_check");
}

static void find_user(void *state)
{
	struct gate *g = state;
	struct arena arena;
	struct user who;
	arena_init(&arena, g->memory, sizeof g->memory);
	micro_must(users_find(g->users, STR("u42"), STR(REALM), &arena, &who), "users_find");
}

static const enum sip_digest_algorithm md5 = SIP_DIGEST_MD5, sha256 = SIP_DIGEST_SHA256;

const struct micro micro_digest[] = {
	{ "digest: challenge", begin, challenge, end, NULL },
	{ "digest: check MD5", begin, check, end, &md5 },
	{ "digest: check SHA-256", begin, check, end, &sha256 },
	{ "users: find one", begin, find_user, end, NULL },
	{ 0 }
};
