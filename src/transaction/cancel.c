/* SPDX-License-Identifier: Apache-2.0 */
/* cancel.c - CANCEL received: RFC 3261 §9.2. It is answered here, hop by hop; the user only hears that an
 * INVITE is not wanted any more.
 *
 * CANCEL is a transaction of its own (TX-12): a small one that is finished from the start, so that
 * copies get the same 200 however the INVITE goes on. An unmatched CANCEL gets its 481 without state. */
#include "transaction_private.h"

static void answer_200(struct txns *x, const struct txn_key *key, struct packet *p)
{
	struct str tag = tag_for(x, p, TAG_TRANSACTION);
	struct wire *w = answer_new(x, &p->msg, 200, STR_NONE, tag, STR_NONE);
	server_finished_new(x, p, key, w);
	wire_unref(w);
}

void server_receive_cancel(struct txns *x, struct packet *p)
{
	struct txn_key key = txn_key_in(x, p);
	if (server_absorb_copy(x, p, &key)) {
		packet_free(p);
		return;
	}
	struct txn_key invite_key = txn_key_of(x, &p->msg, SIP_INVITE, p->msg.to.tag, &p->arena);
	struct server *invite = server_find(x, &invite_key);
	if (!invite && !server_kept_find(x, &invite_key)) {
		txn_reply_stateless(x, p, 481, STR_NONE, STR_NONE);
		packet_free(p);
		return;
	}
	answer_200(x, &key, p);
	if (invite && !server_is_final(invite) && !invite->cancelled) {
		invite->cancelled = true;
		x->events.cancelled(x->user, &invite->pub, p);
	}
	packet_free(p);
}
