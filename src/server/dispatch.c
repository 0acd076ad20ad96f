/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch.c - whose request is it: the registrar's, our own to answer, or the proxy's? By method, and by whose domain the
 * Request-URI is. RFC 3261 §16.2, §10.3, §11.2. */
#include "clock.h"
#include "server_private.h"

/* --- the owner of a message --- */

unsigned owner_of(const struct server *s, struct str call_id)
{
	return (unsigned)(hash_str(s->owner_key, call_id) % s->worker_count);
}

/* Does this worker answer it by itself, so that it need not move: REGISTER for a domain of ours. */
static bool answered_here(const struct server *s, const struct sip_glance *g)
{
	struct sip_uri uri;
	return sip_method_of(g->method) == SIP_REGISTER && sip_uri_parse(g->ruri, &uri) &&
	       policy_domain(s->settings->policy, uri.host);
}

static unsigned owner(void *user, struct str text, const struct flow_ref *from)
{
	const struct worker *w = user;
	struct sip_glance g;
	(void)from;
	if (w->server->worker_count == 1 || !sip_glance(text, &g) || g.call_id.n == 0)
		return w->index;
	if (g.is_request && answered_here(w->server, &g))
		return w->index;
	return owner_of(w->server, g.call_id);
}

static void message(void *user, struct packet *p)
{
	txns_receive(((struct worker *)user)->txns, p);
}

static void flow_closed(void *user, const struct flow_ref *flow, enum flow_end why)
{
	(void)why;
	txns_flow_closed(((struct worker *)user)->txns, flow);
}

static void unreachable(void *user, const struct flow_ref *flow, struct str quote, bool proof)
{
	txns_unreachable(((struct worker *)user)->txns, flow, quote, proof);
}

static void flow_unacked(void *user, const struct flow_ref *flow)
{
	txns_flow_unacked(((struct worker *)user)->txns, flow);
}

const struct transport_events worker_transport_events = { owner, message, flow_closed, unreachable, flow_unacked };

/* --- requests --- */

static bool serves(void *user, struct str host)
{
	const struct worker *w = user;
	return policy_domain(w->server->settings->policy, host) || transport_is_self(w->server->transport, host, 0);
}

static void refuse(struct worker *w, struct packet *p, unsigned status, struct str phrase, struct str extra)
{
	txn_reply_stateless(w->txns, p, status, phrase, extra);
	packet_free(p);
}

/* REGISTER: who is it (401, never 407: RG-03), then the registrar. */
static void do_register(struct worker *w, struct packet *p, const struct domain *domain)
{
	struct user user;
	struct register_request q = {
		.packet = p, .domain = domain,
		.rights = policy_rights(w->server->settings->policy, &p->from.remote, p->peer_names),
	};
	if (!domain->open_registration) {
		struct auth_question ask = {
			.request = &p->msg, .side = AUTH_REGISTRAR, .realm = domain->name,
			.source = (q.rights & PEER_PATH) ? NULL : &p->from.remote,      /* an edge is not to blame for its phones */
			.now_ms = p->at_ms, .wall_ms = clock_wall_ms(), .serves = serves, .user = w, .arena = &p->arena,
		};
		enum auth_verdict verdict = auth_check(w->auth, &ask, &user);
		unsigned status = auth_status(verdict, AUTH_REGISTRAR);
		if (status == 401) {
			struct buf rows = { 0 };
			auth_challenge(w->auth, &ask, verdict == AUTH_STALE, &rows);
			refuse(w, p, 401, STR_NONE, buf_str(&rows));
			buf_fini(&rows);
			return;
		}
		if (status) {
			refuse(w, p, status, verdict == AUTH_MALFORMED ? STR("Bad Request (credentials malformed)") : STR_NONE,
			       STR_NONE);
			return;
		}
		q.user = &user;
	}
	registrar_handle(w->registrar, &q);
}

/* OPTIONS to the server itself: RFC 3261 §11.2. */
static void do_options(struct worker *w, struct packet *p)
{
	struct sip_values it;
	struct str value;
	struct buf unknown = { 0 };
	sip_values_begin(&it, &p->msg, SIP_H_REQUIRE);
	while (sip_values_next(&it, &value)) {
		if (str_ieq(value, STR("path")) || str_ieq(value, STR("outbound")))
			continue;
		buf_add(&unknown, unknown.n ? STR(", ") : STR("Unsupported: "));
		buf_add(&unknown, value);
	}
	if (unknown.n) {
		BUF_LIT(&unknown, "\r\n");
		refuse(w, p, 420, STR_NONE, buf_str(&unknown));
	} else {
		refuse(w, p, 200, STR_NONE,
		       STR("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, MESSAGE, SUBSCRIBE, NOTIFY, REFER, INFO, UPDATE, "
		           "PRACK\r\nAccept: */*\r\nAccept-Encoding: identity\r\nAccept-Language: en\r\n"
		           "Supported: path, outbound\r\n"));
	}
	buf_fini(&unknown);
}

static void request(void *user, struct packet *p)
{
	struct worker *w = user;
	struct route_view view;
	w->requests[p->msg.method]++;
	if (w->draining) {
		refuse(w, p, 503, STR("Service Unavailable (shutting down)"), STR("Retry-After: 10\r\n"));
		return;
	}
	proxy_look_at_routes(w->proxy, p, &view);
	if (!view.refuse && view.ruri.scheme != SIP_SCHEME_OTHER && flow_ref_none(&view.flow) && !view.lost) {
		if (p->msg.method == SIP_REGISTER && view.domain) {
			do_register(w, p, view.domain);
			return;
		}
		if (p->msg.method == SIP_OPTIONS && view.ruri.user.n == 0 && view.next.n == 0 &&
		    (view.domain || transport_is_self(w->server->transport, view.ruri.host, view.ruri.port))) {
			do_options(w, p);
			return;
		}
	}
	proxy_handle(w->proxy, p, &view);
}

static void ack(void *user, struct packet *p)
{
	struct worker *w = user;
	w->requests[SIP_ACK]++;
	proxy_ack(w->proxy, p);
}

static void cancelled(void *user, struct txn_server *st, const struct packet *cancel)
{
	struct worker *w = user;
	w->requests[SIP_CANCEL]++;
	proxy_cancelled(w->proxy, st, cancel);
}

static struct wire *again(void *user, struct packet *p)
{
	return proxy_again(((struct worker *)user)->proxy, p);
}

const struct txn_events worker_txn_events = { request, ack, cancelled, again };
