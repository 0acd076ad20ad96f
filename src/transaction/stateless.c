/* SPDX-License-Identifier: Apache-2.0 */
/* stateless.c - answers that cost no state (TX-31): the To tag is computed, so that every copy of a
 * request gets the same one and the ACK can be told by it. RFC 3261 §8.2.7 */
#include "codes.h"
#include "encode.h"
#include "transaction_private.h"
#include <stdio.h>
#include <stdlib.h>

#define TAG_SIZE HEX_SIZE(sizeof(uint64_t))

/* From what a request, its copies and its ACK have in common: the key of the transaction that there would be. Its hash is a
 * secret of the table. */
static void tag_write(const struct txns *x, uint64_t key_hash, enum tag_kind kind, char out[TAG_SIZE])
{
	uint64_t parts[] = { key_hash, (uint64_t)kind };
	uint64_t tag = hash_bytes(x->tag_key, parts, sizeof parts);
	hex_write(out, &tag, sizeof tag);
}

struct str tag_for(const struct txns *x, struct packet *request, enum tag_kind kind)
{
	char *text = arena_alloc(&request->arena, TAG_SIZE);
	tag_write(x, txn_key_in(x, request).hash, kind, text);
	return (struct str){ text, TAG_SIZE };
}

bool stateless_acked(const struct txns *x, const struct packet *ack, const struct txn_key *invite)
{
	char tag[TAG_SIZE];
	if (ack->msg.to.tag.n != sizeof tag)
		return false;
	tag_write(x, invite->hash, TAG_STATELESS, tag);
	return memcmp(ack->msg.to.tag.p, tag, sizeof tag) == 0;
}

#ifdef SLUICE_CHECKS
/* Is there a row of this name? */
static bool has_row(void *of, struct str name)
{
	struct str rest = *(struct str *)of, line;
	while (str_cut(&rest, '\n', &line))
		if (line.n > name.n && line.p[name.n] == ':' && str_ieq((struct str){ line.p, name.n }, name))
			return true;
	return false;
}

/* An answer without a header that its code demands is a mistake of ours: it does not pass a test. */
static void check_headers(const struct sip_msg *request, unsigned status, struct str response)
{
	struct str missing = codes_missing_header(status, request->method_name, has_row, &response);
	if (missing.p) {
		fprintf(stderr, "%u to %.*s lacks %.*s\n", status, STR_FMT(request->method_name), STR_FMT(missing));
		abort();
	}
}
#else
static void check_headers(const struct sip_msg *request, unsigned status, struct str response)
{
	(void)request, (void)status, (void)response;
}
#endif

struct wire *answer_new(struct txns *x, const struct sip_msg *request, unsigned status, struct str phrase,
                        struct str to_tag, struct str extra)
{
	buf_clear(&x->scratch);
	sip_reply(&x->scratch, request, status, phrase, to_tag, extra);
	check_headers(request, status, buf_str(&x->scratch));
	return wire_new(buf_str(&x->scratch));
}

void txn_reply_stateless(struct txns *x, struct packet *p, unsigned status, struct str phrase, struct str extra)
{
	if (p->msg.method == SIP_ACK)
		return;                                 /* never answered */
	struct reply_path path = reply_path_of(x, p);
	struct wire *w = answer_new(x, &p->msg, status, phrase, tag_for(x, p, TAG_STATELESS), extra);
	reply_send(x, &path, w);
	wire_unref(w);
}
