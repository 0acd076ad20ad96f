/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.c - a trunk wants credentials: answered once, same hop, new branch. RFC 3261 §22.2, RFC 8760. */
#include "proxy_private.h"
#include "random.h"
#include "sip_digest.h"

bool challenge_answer(struct context *cx, struct branch *b, const struct packet *p)
{
	const struct route *r = b->target->trunk;
	struct group *g = b->group;
	if (!r || !r->username.n || g->answered_challenge || cx->cancelled)
		return false;
	bool proxy = p->msg.status == 407;
	enum sip_header_id asked = proxy ? SIP_H_PROXY_AUTHENTICATE : SIP_H_WWW_AUTHENTICATE;
	struct sip_digest *digest;
	struct str value = STR_NONE;
	if (sip_digest_new(&digest))
		return false;
	for (int i = p->msg.first[asked]; i >= 0 && !value.n; i = p->msg.headers[i].next) {
		struct sip_challenge ch;
		char cnonce[16];
		random_token(cnonce, sizeof cnonce);
		if (sip_challenge_parse(p->msg.headers[i].value, cx->arena, &ch) != SIP_CREDENTIALS_OK)
			continue;
		value = sip_digest_answer(digest, &ch, r->username, r->password, cx->msg->method_name, b->target->ruri,
		                          (struct str){ cnonce, sizeof cnonce }, cx->arena);
	}
	sip_digest_free(digest);
	if (!value.n)
		return false;
	g->answered_challenge = true;
	g->credentials = arena_printf(cx->arena, "%s: %.*s\r\n", proxy ? "Proxy-Authorization" : "Authorization",
	                              STR_FMT(value));
	b->target->used = false;                        /* context_go_on starts the same target again */
	g->started = false;
	return true;
}
