/* SPDX-License-Identifier: Apache-2.0 */
/* fakes.c - see fakes.h. */
#include "fakes.h"
#include "aor.h"
#include "auth.h"
#include "flow_token.h"

/* --- location --- */

enum location_answer location_find(struct location *loc, struct location_ask *ask, struct target_set *out)
{
	struct target_instance *phone = arena_array(ask->arena, 1, sizeof *phone);
	phone->flows = arena_array(ask->arena, FAKE_FLOWS, sizeof *phone->flows);
	phone->q = 1000;
	for (unsigned i = 0; i < FAKE_FLOWS; i++)
		if (loc->bound[i] && transport_flow_alive(loc->transport, &loc->flows[i].flow))
			phone->flows[phone->flow_count++] = loc->flows[i];
	*out = (struct target_set){ .instances = phone, .instance_count = phone->flow_count != 0 };
	return LOCATION_NOW;
}

void location_forget(struct location *loc, struct location_ask *ask)
{
	(void)loc;
	(void)ask;
}

bool location_drop(struct location *loc, struct str aor, uint64_t binding_id, int64_t wall_ms)
{
	(void)aor;
	(void)wall_ms;
	bool was = loc->bound[binding_id];
	loc->bound[binding_id] = false;
	return was;
}

void location_list(struct location *loc, struct str aor, int64_t wall_ms, void (*fn)(void *user, const struct binding *b), void *user)
{
	(void)aor;
	(void)wall_ms;
	for (unsigned i = 0; i < FAKE_FLOWS; i++)
		if (loc->bound[i])
			fn(user, &loc->flows[i]);
}

void location_suspect(struct location *loc, struct str aor, uint64_t binding_id, int64_t until_wall_ms)
{
	(void)aor;
	(void)until_wall_ms;
	loc->suspected[binding_id] = true;
}

/* --- auth: everybody is a neighbour who may call --- */

enum aor_owner aor_find(struct users *users, const struct domain *d, const struct sip_uri *uri, struct arena *arena,
                        struct user *user, struct str *key)
{
	(void)users;
	(void)d;
	(void)uri;
	(void)arena;
	*user = (struct user){ .name = STR("bob"), .domain = STR("example.com") };
	*key = STR("bob@example.com");
	return AOR_USER;
}

enum auth_verdict auth_check(struct auth_thread *t, const struct auth_question *q, struct user *out)
{
	(void)t;
	(void)q;
	(void)out;
	return AUTH_NONE;
}

void auth_challenge(struct auth_thread *t, const struct auth_question *q, bool stale, struct buf *rows)
{
	(void)t;
	(void)q;
	(void)stale;
	(void)rows;
}

unsigned auth_status(enum auth_verdict v, enum auth_side side)
{
	(void)v;
	(void)side;
	return 403;
}

/* --- tokens: not looked at here --- */

struct token_keys *transport_keys(const struct transport *t)
{
	(void)t;
	return NULL;
}

uint32_t transport_node(const struct transport *t)
{
	(void)t;
	return 1;
}

uint64_t token_registration(const struct token_keys *keys, struct str aor, struct str instance)
{
	(void)keys;
	return aor.n + instance.n;
}

struct str flow_token_write(const struct transport *t, const struct flow_token *token, struct str call_id, struct arena *arena)
{
	(void)t;
	(void)token;
	(void)call_id;
	(void)arena;
	return STR("token");
}

enum token_result flow_token_read(const struct transport *t, struct str user, struct str call_id, struct flow_token *out)
{
	(void)t;
	(void)user;
	(void)call_id;
	(void)out;
	return TOKEN_ABSENT;
}

bool flow_token_alive(const struct transport *t, const struct flow_token *token)
{
	(void)t;
	(void)token;
	return false;
}

/* --- transport, beside what tests/transaction/fake.c has --- */

void transport_sent_by(const struct transport *t, const struct flow_ref *f, struct buf *out)
{
	(void)t;
	(void)f;
	BUF_LIT(out, "192.0.2.10:5060");
}

void transport_uri(const struct transport *t, const struct flow_ref *f, struct str user, struct buf *out)
{
	(void)t;
	buf_printf(out, "sip:%.*s@192.0.2.10:5060%s;lr", STR_FMT(user), f->kind == TRANSPORT_TCP ? ";transport=tcp" : "");
}

bool transport_listener(const struct transport *t, unsigned i, enum transport_kind *kind, struct addr *bound)
{
	(void)t;
	(void)i;
	(void)kind;
	(void)bound;
	return false;
}

void transport_flow_registered(struct transport_worker *w, const struct flow_ref *f, const struct flow_registration *r)
{
	(void)w;
	(void)f;
	(void)r;
}

uint64_t transport_registration_on(const struct transport *t, const struct flow_ref *f, uint64_t address, int64_t now_ms)
{
	(void)t;
	(void)f;
	(void)address;
	(void)now_ms;
	return 0;
}

bool transport_is_registered_on(const struct transport *t, const struct flow_ref *f, uint64_t registration, int64_t now_ms)
{
	(void)t;
	(void)f;
	(void)registration;
	(void)now_ms;
	return false;
}

bool transport_sibling(const struct transport *t, uint64_t registration, int64_t now_ms, struct flow_ref *out)
{
	(void)t;
	(void)registration;
	(void)now_ms;
	(void)out;
	return false;
}

bool transport_registration_known(const struct transport *t, uint64_t registration, int64_t now_ms)
{
	(void)t;
	(void)registration;
	(void)now_ms;
	return false;
}

bool transport_flow_suspect(struct transport_worker *w, const struct flow_ref *f)
{
	(void)w;
	(void)f;
	return false;                           /* so that nobody probes */
}

bool transport_flow_is_suspect(const struct transport *t, const struct flow_ref *f)
{
	(void)t;
	(void)f;
	return false;
}

void transport_flow_dead(struct transport_worker *w, const struct flow_ref *f)
{
	(void)w;
	(void)f;
}

void resolver_penalise(struct resolver *r, const struct hop *hop, int64_t until_ms)
{
	(void)r;
	(void)hop;
	(void)until_ms;
}

bool resolver_penalised(struct resolver *r, const struct hop *hop, int64_t now_ms)
{
	(void)r;
	(void)hop;
	(void)now_ms;
	return false;
}
