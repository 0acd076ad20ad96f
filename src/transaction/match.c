/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - which transaction a message belongs to. RFC 3261 §17.2.3, §17.1.3.
 *
 * A request's key is a row of length-prefixed fields, so that no two different rows read the same; it
 * is hashed with a secret key and compared as bytes. RFC 3261 requests: method class, sent-by, branch.
 * RFC 2543 requests: method class, Request-URI, tags, Call-ID, CSeq number and the top Via. */
#include "transaction_private.h"

#define COOKIE STR("z9hG4bK")

bool txn_is_old_style(const struct sip_msg *m)
{
	return m->via.branch.n <= COOKIE.n || !str_starts(m->via.branch, COOKIE);
}

static char *put(char *at, struct str field)
{
	uint32_t n = (uint32_t)field.n;
	memcpy(at, &n, sizeof n);
	if (n)
		memcpy(at + sizeof n, field.p, n);
	return at + sizeof n + n;
}

/* Names of hosts have no case. */
static void lower(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] += 'a' - 'A';
}

static struct str join(const struct str *fields, unsigned count, struct arena *arena)
{
	size_t n = 0;
	for (unsigned i = 0; i < count; i++)
		n += sizeof(uint32_t) + fields[i].n;
	char *bytes = arena_alloc(arena, n), *at = bytes;
	for (unsigned i = 0; i < count; i++)
		at = put(at, fields[i]);
	return (struct str){ bytes, n };
}

static struct str key_3261(const struct sip_msg *m, struct str method, struct arena *arena)
{
	const struct sip_via *via = &m->via;
	struct str fields[] = { STR("3"), method, via->host, { (const char *)&via->port, sizeof via->port }, via->branch };
	struct str key = join(fields, sizeof fields / sizeof *fields, arena);
	size_t before = 3 * sizeof(uint32_t) + fields[0].n + method.n;
	lower((char *)key.p + before, via->host.n);
	return key;
}

static struct str key_2543(const struct sip_msg *m, struct str method, struct str to_tag, struct arena *arena)
{
	struct str fields[] = {
		STR("2"), method, m->ruri_text, to_tag, m->from.tag, m->call_id,
		{ (const char *)&m->cseq, sizeof m->cseq }, m->via.text,
	};
	return join(fields, sizeof fields / sizeof *fields, arena);
}

struct txn_key txn_key_of(const struct txns *x, const struct sip_msg *m, struct str method, struct str to_tag,
                          struct arena *arena)
{
	struct txn_key key;
	key.bytes = txn_is_old_style(m) ? key_2543(m, method, to_tag, arena) : key_3261(m, method, arena);
	key.hash = hash_str(x->table_key, key.bytes);
	return key;
}

struct server *server_find(const struct txns *x, const struct txn_key *key)
{
	struct map_node *n = map_first(&x->servers, key->hash);
	for (; n; n = map_again(&x->servers, n)) {
		struct server *s = CONTAINER(n, struct server, node);
		if (str_eq(s->key, key->bytes))
			return s;
	}
	return NULL;
}

uint64_t client_hash(const struct txns *x, struct str branch, enum sip_method method)
{
	return hash_mix(hash_str(x->table_key, branch), (uint64_t)method);
}

/* By branch and CSeq method (TX-21). That the branch is one of ours, made at random, also says that
 * the response belongs here: sent-by need not be compared (TP-07, PX-40). */
struct txn_client *client_find(const struct txns *x, struct str branch, enum sip_method method)
{
	struct map_node *n = map_first(&x->clients, client_hash(x, branch, method));
	for (; n; n = map_again(&x->clients, n)) {
		struct txn_client *ct = CONTAINER(n, struct txn_client, node);
		if (ct->method == method && str_eq(ct->branch, branch))
			return ct;
	}
	return NULL;
}
