/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - which transaction a message belongs to. RFC 3261 §17.2.3, §17.1.3.
 *
 * A request's key is a row of fields of known length, so that no two different rows read the same; it
 * is hashed with a secret key and compared as bytes. RFC 3261 requests: method class, sent-by, branch.
 * RFC 2543 requests also: Request-URI, tags, Call-ID, CSeq number and the top Via. */
#include "transaction_private.h"

#define COOKIE STR("z9hG4bK")

bool txn_is_old_style(const struct sip_msg *m)
{
	return m->via.branch.n <= COOKIE.n || !str_starts(m->via.branch, COOKIE);
}

struct head {                           /* of every key */
	uint8_t style, method;          /* '2' or '3'; enum sip_method */
	uint16_t port;                  /* of sent-by */
	uint32_t host_n, other_n;       /* sent-by and, for a method without a number, its name: they come first */
};

/* Names of hosts have no case. */
static char *put_lower(char *at, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		at[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + ('a' - 'A')) : s.p[i];
	return at + s.n;
}

static char *put(char *at, struct str s)
{
	if (s.n)
		memcpy(at, s.p, s.n);
	return at + s.n;
}

static char *put_field(char *at, struct str field)
{
	uint32_t n = (uint32_t)field.n;
	memcpy(at, &n, sizeof n);
	return put(at + sizeof n, field);
}

/* Head, sent-by and method, with room for n more bytes, which start at *rest. */
static struct str key_begin(const struct sip_msg *m, char style, enum sip_method method, size_t n, struct arena *arena, char **rest)
{
	struct str other = method == SIP_OTHER_METHOD ? m->method_name : STR_NONE;
	struct head head = { (uint8_t)style, (uint8_t)method, m->via.port, (uint32_t)m->via.host.n, (uint32_t)other.n };
	struct str key = { arena_alloc(arena, sizeof head + head.host_n + head.other_n + n),
	                   sizeof head + head.host_n + head.other_n + n };
	char *at = put((char *)key.p, (struct str){ (const char *)&head, sizeof head });
	*rest = put(put_lower(at, m->via.host), other);
	return key;
}

static struct str key_3261(const struct sip_msg *m, enum sip_method method, struct arena *arena)
{
	char *rest;
	struct str key = key_begin(m, '3', method, m->via.branch.n, arena, &rest);
	put(rest, m->via.branch);
	return key;
}

static struct str key_2543(const struct sip_msg *m, enum sip_method method, struct str to_tag, struct arena *arena)
{
	struct str fields[] = {
		m->ruri_text, to_tag, m->from.tag, m->call_id, { (const char *)&m->cseq, sizeof m->cseq }, m->via.text,
	};
	size_t n = sizeof fields / sizeof *fields * sizeof(uint32_t);
	for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++)
		n += fields[i].n;
	char *rest;
	struct str key = key_begin(m, '2', method, n, arena, &rest);
	for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++)
		rest = put_field(rest, fields[i]);
	return key;
}

struct txn_key txn_key_of(const struct txns *x, const struct sip_msg *m, enum sip_method method, struct str to_tag,
                          struct arena *arena)
{
	struct txn_key key;
	key.bytes = txn_is_old_style(m) ? key_2543(m, method, to_tag, arena) : key_3261(m, method, arena);
	key.hash = hash_str(x->table_key, key.bytes);
	return key;
}

struct txn_key txn_key_in(const struct txns *x, struct packet *request)
{
	if (!request->key.n) {
		enum sip_method method = request->msg.method == SIP_ACK ? SIP_INVITE : request->msg.method;
		struct txn_key key = txn_key_of(x, &request->msg, method, request->msg.to.tag, &request->arena);
		request->key = key.bytes;
		request->key_hash = key.hash;
	}
	return (struct txn_key){ request->key, request->key_hash };
}

bool txn_key_is_old_style(struct str key)
{
	return key.p[0] == '2';
}

struct str txn_key_sent_by(struct str key, uint16_t *port)
{
	struct head head;
	memcpy(&head, key.p, sizeof head);
	*port = head.port;
	return (struct str){ key.p + sizeof head, head.host_n };
}

struct server *server_find(const struct txns *x, const struct txn_key *key)
{
	struct map_node *n = map_first(&x->servers, key->hash);
	for (; n; n = map_again(&x->servers, n)) {
		struct server *s = CONTAINER(n, struct server, node);
		if (str_eq(server_key(s), key->bytes))
			return s;
	}
	return NULL;
}

uint64_t client_hash(const struct txns *x, struct str branch, enum sip_method method)
{
	return hash_str(x->table_key, branch) + (uint64_t)method * 0x9e3779b97f4a7c15;
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
