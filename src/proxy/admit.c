/* SPDX-License-Identifier: Apache-2.0 */
/* admit.c - may this request pass? No open relay (PX-10); From is one of the authenticated user's own
 * addresses; strangers reach nobody unless a domain or route says so. */
#include "aor.h"
#include "clock.h"
#include "proxy_private.h"

static bool serves(void *user, struct str host)
{
	const struct proxy *px = user;
	return policy_domain(px->s.policy, host) || transport_is_self(px->s.transport, host, 0);
}

static void refuse(struct proxy *px, struct packet *p, unsigned status, struct str phrase)
{
	px->counts.refused++;
	txn_reply_stateless(px->s.txns, p, status, phrase, STR_NONE);
}

/* Whether the address in From is one of this user's, and its key. */
static bool speaks_for(struct proxy *px, const struct user *user, const struct domain *domain, struct packet *p, struct str *key)
{
	struct user owner;
	return aor_find(px->s.users, domain, &p->msg.from.uri, &p->arena, &owner, key) == AOR_USER && str_eq(owner.name, user->name);
}

/* Digest for a request that leaves in the name of a user of ours. A redirect server asks as the end of the way that it is, with 401
 * (RFC 3261 §22.1). */
static unsigned authenticate(struct proxy *px, struct packet *p, const struct domain *domain, const struct route_view *view,
                             struct admission *out)
{
	enum auth_side side = view->domain && view->domain->redirects ? AUTH_REGISTRAR : AUTH_PROXY;
	struct user *user = ARENA_NEW(&p->arena, struct user);
	struct auth_question q = {
		.request = &p->msg, .side = side, .realm = domain->name,
		.source = (out->rights & PEER_PATH) ? NULL : &p->from.remote,        /* an edge is not to blame for its phones */
		.now_ms = p->at_ms, .wall_ms = clock_wall_ms(), .serves = serves, .user = px, .arena = &p->arena,
	};
	enum auth_verdict verdict = auth_check(px->s.auth, &q, user);
	unsigned status = auth_status(verdict, side);
	if (status == 401 || status == 407) {
		struct buf rows = { 0 };
		px->counts.refused++;
		auth_challenge(px->s.auth, &q, verdict == AUTH_STALE, &rows);
		txn_reply_stateless(px->s.txns, p, status, STR_NONE, buf_str(&rows));
		buf_fini(&rows);
		return status;
	}
	if (status) {
		refuse(px, p, status, verdict == AUTH_MALFORMED ? STR("Bad Request (credentials malformed)") : STR_NONE);
		return status;
	}
	if (!speaks_for(px, user, domain, p, &out->aor)) {
		refuse(px, p, 403, STR("Forbidden (From is not an address of the authenticated user)"));
		return 403;
	}
	out->caller = user;
	return 0;
}

bool may_reach(const struct context *cx, const struct flow_ref *from, const struct target *t, const struct addr *hop)
{
	const struct route_view *v = &cx->view;
	if (t->binding || t->trunk || policy_rights(cx->px->s.policy, hop, STR_NONE))
		return true;
	if (addr_is_loopback(hop) && !addr_is_loopback(&from->remote))
		return false;
	return cx->caller || cx->rights || v->outgoing || !v->dialog;
}

unsigned admit(struct proxy *px, struct packet *p, const struct route_view *view, struct admission *out)
{
	unsigned rights = policy_rights(px->s.policy, &p->from.remote, p->peer_names);
	*out = (struct admission){ .rights = rights };
	if (view->dialog && (!flow_ref_none(&view->flow) || view->lost || view->outgoing || rights))
		return 0;                               /* it belongs to a call that was let in */
	if (view->path && !flow_ref_none(&view->flow)) {
		if (rights & PEER_PATH)
			return 0;
		refuse(px, p, 403, STR("Forbidden (flow tokens are honoured from peers with the right 'path')"));
		return 403;
	}
	const struct domain *own = policy_domain(px->s.policy, p->msg.from.uri.host);
	if (own && !(rights & PEER_IDENTITY))
		return authenticate(px, p, own, view, out);

	/* Where it wants to go: to a user of ours, or through us to somebody else. */
	bool inbound = view->next.n == 0 && view->domain;
	if (inbound && ((rights & (PEER_INBOUND | PEER_RELAY)) || view->domain->inbound_from_anyone))
		return 0;
	if (!inbound && (rights & PEER_RELAY))
		return 0;
	if (view->next.n == 0 && !view->domain) {
		const struct route *r = policy_route(px->s.policy, &view->ruri, false);
		if (r && r->from_anyone)
			return 0;
		if (!r && view->dialog)
			return 0;                       /* a stranger's: may_reach says where to */
	}
	if (view->dialog && view->next.n)
		return 0;
	refuse(px, p, 403, inbound ? STR("Forbidden (calls to this domain need credentials)")
	                   : p->msg.method == SIP_REGISTER ? STR("Forbidden (no domain of this server)")
	                   : STR("Forbidden (this server does not relay for strangers)"));
	return 403;
}
