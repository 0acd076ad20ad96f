/* SPDX-License-Identifier: Apache-2.0 */
/* prepared.c - 200s that are written before they may be sent: their requests need not stay.
 *
 * A REGISTER waits for its commit with some hundred bytes that are sent as they are, not with 5 KB that are out of the cache when it
 * comes to its turn. */
#include "transaction_private.h"
#include <assert.h>

/* RFC 3261 §8.2.6.1: a 100 repeats the Timestamp, which no other answer does. */
static bool is_needed(const struct packet *p)
{
	return sip_first(&p->msg, SIP_H_TIMESTAMP);
}

void txn_prepare(struct txns *x, struct txn_server *st, struct str extra)
{
	struct server *s = CONTAINER(st, struct server, pub);
	struct packet *p = st->packet;
	assert(s->txns == x && !s->invite && !s->prepared);
	s->prepared = answer_new(x, &p->msg, 200, STR_NONE, tag_for(x, p, TAG_TRANSACTION), extra);
	if (is_needed(p))
		return;
	packet_free(p);
	st->packet = NULL;
}

void txn_answer_prepared(struct txns *x, struct txn_server *st)
{
	struct server *s = CONTAINER(st, struct server, pub);
	struct wire *w = s->prepared;
	s->prepared = NULL;
	txn_reply(x, st, 200, w);
	wire_unref(w);
}

/* The rows that every answer takes from the request stand first in the prepared one, its To tag included. It is ours and may be longer
 * than what we accept: stamped, with full names, listing all bindings. */
static struct wire *answer_like(struct txns *x, struct str prepared, unsigned status, struct str phrase, struct str extra)
{
	static const struct sip_limits any = { .max_head_bytes = SIZE_MAX, .max_body_bytes = SIZE_MAX, .max_headers = INT16_MAX };
	char room[4096];
	struct arena arena;
	struct sip_msg m;
	struct sip_fault fault;
	arena_init(&arena, room, sizeof room);
	(void)sip_parse(&m, prepared, &arena, &any, &fault);
	struct wire *w = answer_new(x, &m, status, phrase, STR_NONE, extra);
	arena_fini(&arena);
	return w;
}

struct wire *server_write(struct server *s, unsigned status, struct str phrase, struct str extra)
{
	struct txns *x = s->txns;
	struct packet *p = s->pub.packet;
	assert(p || s->prepared);                       /* gone with a 2xx */
	if (!p)
		return answer_like(x, wire_str(s->prepared), status, phrase, extra);
	struct str tag = status > 100 ? tag_for(x, p, TAG_TRANSACTION) : STR_NONE;
	return answer_new(x, &p->msg, status, phrase, tag, extra);
}
