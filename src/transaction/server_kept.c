/* SPDX-License-Identifier: Apache-2.0 */
/* server_kept.c - server transactions that are over: what their copies, ACKs and further 2xx find. */
#include "transaction_private.h"

struct kept_server {
	struct flow_ref flow;           /* where its answers go */
	uint32_t key_n, rest_n;
	char bytes[];                   /* the key, then what the kind needs */
};

static struct kept_server *server_in(struct kept *k)
{
	return (struct kept_server *)(k + 1);
}

static struct str rest_of(const struct kept_server *ks)
{
	return (struct str){ ks->bytes + ks->key_n, ks->rest_n };
}

void server_keep(const struct server *s, enum kept_kind kind, int64_t until_ms, struct str rest)
{
	size_t n = sizeof(struct kept_server) + s->key.n + rest.n;
	struct kept_server *ks = kept_add(&s->txns->kept, kind, s->node.hash, until_ms, n);
	if (!ks)
		return;                         /* no budget: a copy will be a new request */
	*ks = (struct kept_server){ .flow = s->path.flow, .key_n = (uint32_t)s->key.n, .rest_n = (uint32_t)rest.n };
	memcpy(ks->bytes, s->key.p, s->key.n);
	if (rest.n)
		memcpy(ks->bytes + s->key.n, rest.p, rest.n);
}

static bool has_key(const struct kept *k, const void *with)
{
	const struct txn_key *key = with;
	const struct kept_server *ks = (const struct kept_server *)(k + 1);
	return kept_is_server(k) && str_eq((struct str){ ks->bytes, ks->key_n }, key->bytes);
}

struct kept *server_kept_find(const struct txns *x, const struct txn_key *key)
{
	return kept_find(&x->kept, key->hash, has_key, key);
}

static void answer(struct txns *x, struct kept_server *ks, struct wire *w)
{
	struct reply_path path = { .flow = ks->flow };
	path.host = txn_key_sent_by((struct str){ ks->bytes, ks->key_n }, &path.port);
	reply_send(x, &path, w);
	ks->flow = path.flow;
}

void server_kept_copy(struct txns *x, struct kept *k, const struct packet *p)
{
	struct kept_server *ks = server_in(k);
	if (transport_is_stream(p->from.kind) && !transport_flow_alive(x->transport, &ks->flow))
		ks->flow = p->from;             /* the sender came back over another connection */
	if (k->kind != KEPT_ANSWERED)
		return;
	struct wire *last = wire_new(rest_of(ks));
	answer(x, ks, last);
	wire_unref(last);
}

static bool is_accepted(const struct kept *k, const void *with)
{
	(void)with;
	return k->kind == KEPT_ACCEPTED;
}

void server_kept_again(struct txns *x, uint64_t hash, struct packet *p)
{
	if (!kept_find(&x->kept, hash, is_accepted, NULL))
		return;
	struct wire *w = x->events.again(x->user, p);
	struct kept *k = w ? kept_find(&x->kept, hash, is_accepted, NULL) : NULL;
	if (k)
		answer(x, server_in(k), w);
	wire_unref(w);
}

bool server_has_to_tag(struct str response, struct str tag)
{
	char room[4096];
	struct arena arena;
	struct sip_msg m;
	struct sip_fault fault;
	arena_init(&arena, room, sizeof room);
	bool same = sip_parse(&m, response, &arena, NULL, &fault) == SIP_PARSED && str_eq(m.to.tag, tag);
	arena_fini(&arena);
	return same;
}

enum ack server_kept_ack(const struct txns *x, const struct txn_key *key, const struct str *tag)
{
	struct kept *k = server_kept_find(x, key);
	if (k && k->kind == KEPT_ACCEPTED)
		return ACK_UP;                  /* whatever its tag: TX-25 */
	if (!k || (tag && !server_has_to_tag(rest_of(server_in(k)), *tag)))
		return ACK_UNKNOWN;
	return ACK_ABSORBED;
}
