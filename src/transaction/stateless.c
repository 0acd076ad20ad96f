/* SPDX-License-Identifier: Apache-2.0 */
/* stateless.c - answers that cost no state (TX-31): the To tag is computed, so that every copy of a
 * request gets the same one and the ACK can be told by it. RFC 3261 §8.2.7 */
#include "encode.h"
#include "transaction_private.h"

/* From what a request, its copies and its ACK have in common. */
struct str tag_for(const struct txns *x, const struct sip_msg *m, enum tag_kind kind, struct arena *arena)
{
	uint64_t parts[] = {
		(uint64_t)kind, hash_str(x->tag_key, m->call_id), hash_str(x->tag_key, m->from.tag),
		hash_str(x->tag_key, m->via.branch), m->cseq,
	};
	uint64_t tag = hash_bytes(x->tag_key, parts, sizeof parts);
	char *text = arena_alloc(arena, HEX_SIZE(sizeof tag));
	hex_write(text, &tag, sizeof tag);
	return (struct str){ text, HEX_SIZE(sizeof tag) };
}

bool stateless_acked(const struct txns *x, const struct packet *ack)
{
	char room[64];
	struct arena arena;
	arena_init(&arena, room, sizeof room);
	bool ours = ack->msg.to.tag.n && str_eq(ack->msg.to.tag, tag_for(x, &ack->msg, TAG_STATELESS, &arena));
	arena_fini(&arena);
	return ours;
}

struct wire *answer_new(struct txns *x, const struct sip_msg *request, unsigned status, struct str phrase,
                        struct str to_tag, struct str extra)
{
	buf_clear(&x->scratch);
	sip_reply(&x->scratch, request, status, phrase, to_tag, extra);
	return wire_new(buf_str(&x->scratch));
}

void txn_reply_stateless(struct txns *x, struct packet *p, unsigned status, struct str phrase, struct str extra)
{
	if (p->msg.method == SIP_ACK)
		return;                                 /* never answered */
	struct reply_path path = reply_path_of(x, p);
	struct wire *w = answer_new(x, &p->msg, status, phrase, tag_for(x, &p->msg, TAG_STATELESS, &p->arena), extra);
	reply_send(x, &path, w);
	wire_unref(w);
}
