/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - OPTIONS of our own, out of any dialog: is somebody there? RFC 3261 §11. */
#include "proxy_private.h"
#include "random.h"

struct txn_client *options_send(struct proxy *px, const struct flow_ref *flow, struct str ruri, const struct txn_client_ops *ops,
                                void *user)
{
	char id[BRANCH_ID_SIZE], tag[12], call[20];
	struct buf me = { 0 };
	branch_id_make(px, random_u64(), id);
	random_token(tag, sizeof tag);
	do                                              /* the answer must come to this worker */
		random_token(call, sizeof call);
	while (!px->s.mine(px->s.user, (struct str){ call, sizeof call }));
	transport_sent_by(px->s.transport, flow, &me);
	struct str via = via_value(px, flow, (struct str){ id, sizeof id });
	buf_clear(&px->out);
	buf_printf(&px->out,
	           "OPTIONS %.*s SIP/2.0\r\nVia: %.*s\r\nMax-Forwards: 70\r\nFrom: <sip:%.*s>;tag=%.12s\r\nTo: <%.*s>\r\n"
	           "Call-ID: %.20s\r\nCSeq: 1 OPTIONS\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n",
	           STR_FMT(ruri), STR_FMT(via), STR_FMT(buf_str(&me)), tag, STR_FMT(ruri), call);
	struct wire *w = wire_new(buf_str(&px->out));
	struct txn_request r = { .to = *flow, .bytes = w, .method = SIP_OPTIONS, .branch = { id, sizeof id }, .ops = ops, .user = user };
	struct txn_client *ct = txn_send(px->s.txns, &r);
	wire_unref(w);
	buf_fini(&me);
	work_reset(px);
	return ct;
}
