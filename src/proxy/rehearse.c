/* SPDX-License-Identifier: Apache-2.0 */
/* rehearse.c - what would become of a call to an address, without sending anything: the same decisions by the same functions. */
#include "proxy_private.h"

static void tell_targets(struct context *cx)
{
	for (const struct group *g = cx->groups; g; g = g->next)
		for (unsigned i = 0; i < g->count; i++) {
			const struct target *t = g->targets[i];
			char text[ADDR_TEXT];
			struct str to = t->next_text;
			if (!flow_ref_none(&t->flow))
				to = arena_printf(cx->arena, "%.*s %s", STR_FMT(transport_name(t->flow.kind)), addr_text(&t->flow.remote, text));
			cx->rehearsal->step(cx->rehearsal->user, &(struct move_step){ MOVE_RULE_COUNT, t->ruri, to, 0 });
		}
}

bool proxy_rehearse(struct proxy *px, struct str uri, void (*step)(void *user, const struct move_step *s), void *user)
{
	struct arena arena;
	struct sip_msg m;
	struct sip_fault fault;
	struct rehearsal rehearsal = { step, user };
	arena_init(&arena, NULL, 0);
	struct str text = arena_printf(&arena, "INVITE %.*s SIP/2.0\r\nVia: SIP/2.0/UDP localhost;branch=z9hG4bKrehearsal\r\nMax-Forwards: 70\r\n"
	                               "From: <%.*s>;tag=1\r\nTo: <%.*s>\r\nCall-ID: rehearsal\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	                               STR_FMT(uri), STR_FMT(uri), STR_FMT(uri));
	bool fine = sip_parse(&m, text, &arena, NULL, &fault) == SIP_PARSED;
	if (fine) {
		struct context cx = {
			.px = px, .arena = &arena, .msg = &m, .invite = true, .rights = PEER_RELAY, .rehearsal = &rehearsal,
			.view = { .ruri_text = m.ruri_text, .ruri = m.ruri, .domain = policy_domain(px->s.policy, m.ruri.host) },
		};
		unsigned status = targets_find(&cx);
		if (status == TARGETS_LATER)
			location_forget(px->s.location, &cx.ask);
		else if (status)
			step(user, &(struct move_step){ MOVE_RULE_COUNT, uri, cx.told, status });
		tell_targets(&cx);
	}
	arena_fini(&arena);
	return fine;
}
