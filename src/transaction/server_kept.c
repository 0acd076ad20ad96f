/* SPDX-License-Identifier: Apache-2.0 */
/* server_kept.c - server transactions that are over: what their copies, ACKs and further 2xx find. */
#include "kept_flow.h"
#include "transaction_private.h"

struct kept_server {
	uint32_t flow_n, key_n, rest_n;
	char bytes[];                   /* the flow that its answers take, the key, and what the kind needs */
};

static struct kept_server *server_in(struct kept *k)
{
	return (struct kept_server *)(k + 1);
}

static struct str key_of(const struct kept_server *ks)
{
	return (struct str){ ks->bytes + ks->flow_n, ks->key_n };
}

static struct str rest_of(const struct kept_server *ks)
{
	return (struct str){ ks->bytes + ks->flow_n + ks->key_n, ks->rest_n };
}

void server_keep(const struct server *s, enum kept_kind kind, int64_t until_ms, struct str rest)
{
	size_t flow_n = kept_flow_size(&s->path.flow);
	size_t n = sizeof(struct kept_server) + flow_n + s->key_n + rest.n;
	struct kept_server *ks = kept_add(&s->txns->kept, kind, s->node.hash, until_ms, n);
	if (!ks)
		return;                         /* no budget: a copy will be a new request */
	*ks = (struct kept_server){ (uint32_t)flow_n, s->key_n, (uint32_t)rest.n };
	kept_flow_write(ks->bytes, &s->path.flow);
	char *at = mempcpy(ks->bytes + flow_n, s->key, s->key_n);
	if (rest.n)
		memcpy(at, rest.p, rest.n);
}

static bool has_key(const struct kept *k, const void *with)
{
	const struct txn_key *key = with;
	const struct kept_server *ks = (const struct kept_server *)(k + 1);
	return kept_is_server(k) && str_eq(key_of(ks), key->bytes);
}

struct kept *server_kept_find(const struct txns *x, const struct txn_key *key)
{
	return kept_find(&x->kept, key->hash, has_key, key);
}

/* Only streams take another one, and all of those are of one size. */
static void change_flow(struct kept_server *ks, const struct flow_ref *flow)
{
	if (kept_flow_size(flow) == ks->flow_n)
		kept_flow_write(ks->bytes, flow);
}

static void answer(struct txns *x, struct kept_server *ks, struct wire *w)
{
	struct reply_path path = { .flow = kept_flow_read(ks->bytes, ks->flow_n) };
	path.host = txn_key_sent_by(key_of(ks), &path.port);
	reply_send(x, &path, w);
	change_flow(ks, &path.flow);
}

void server_kept_copy(struct txns *x, struct kept *k, const struct packet *p)
{
	struct kept_server *ks = server_in(k);
	struct flow_ref flow = kept_flow_read(ks->bytes, ks->flow_n);
	if (transport_is_stream(p->from.kind) && !transport_flow_alive(x->transport, &flow))
		change_flow(ks, &p->from);      /* the sender came back over another connection */
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
