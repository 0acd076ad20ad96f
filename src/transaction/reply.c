/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c - where a response goes: RFC 3261 §18.2.2, RFC 3581 §4. */
#include "transaction_private.h"

static uint16_t default_port(enum transport_kind kind)
{
	return kind == TRANSPORT_TLS ? 5061 : 5060;
}

bool reply_forces_rport(const struct txns *x, const struct packet *p)
{
	struct addr sent_by;
	switch (x->settings.force_rport) {
	case FORCE_RPORT_AUTO:
		return !addr_parse_ip(p->msg.via.host, &sent_by) || !addr_same_ip(&sent_by, &p->from.remote);
	case FORCE_RPORT_ALWAYS:
		return true;
	case FORCE_RPORT_NEVER:
		break;
	}
	return false;
}

/* UDP: maddr, else the source: its port when rport was asked for or is forced, else the port of sent-by.
 * (`received` is the source address whenever sent-by is not.) */
static struct addr datagram_target(const struct txns *x, const struct packet *p)
{
	const struct sip_via *via = &p->msg.via;
	struct addr to = p->from.remote;
	uint16_t sent_by_port = via->port ? via->port : default_port(TRANSPORT_UDP);
	if (via->maddr.n && addr_parse_ip(via->maddr, &to))
		to.port = sent_by_port;
	else if (!via->has_rport && !reply_forces_rport(x, p))
		to.port = sent_by_port;
	return to;
}

/* The response would go to a socket of ours. That is right when the request was ours too (it
 * waits here for this response), and a cycle otherwise (PX-41). */
static bool feeds_ourselves(const struct txns *x, const struct packet *p, const struct addr *to)
{
	if (!addr_same_ip(to, &p->from.local) && !addr_is_loopback(to))
		return false;
	struct buf ip = { 0 };
	addr_write_ip(&ip, to);
	bool self = transport_is_self(x->transport, buf_str(&ip), to->port);
	buf_fini(&ip);
	return self && !client_find(x, p->msg.via.branch, p->msg.method);
}

bool reply_may_reach(const struct addr *source, const struct addr *to)
{
	return !addr_is_unsendable(to) && (!addr_is_loopback(to) || addr_is_loopback(source));
}

struct reply_path reply_path_of(const struct txns *x, const struct packet *p)
{
	struct reply_path path = { .flow = p->from, .host = p->msg.via.host, .port = p->msg.via.port };
	if (transport_is_stream(p->from.kind))
		return path;
	path.flow.remote = datagram_target(x, p);
	if (!reply_may_reach(&p->from.remote, &path.flow.remote) || feeds_ourselves(x, p, &path.flow.remote))
		path.flow.remote = (struct addr){ 0 };
	return path;
}

void reply_send_here(struct txns *x, const struct reply_path *path, struct wire *w)
{
	if (!flow_ref_none(&path->flow))
		transport_send(x->worker, &path->flow, w);
}

/* The connection is gone: a new one to the address that the request came from (`received`), at the port
 * of sent-by; never to the old source port. */
static bool reconnect(struct txns *x, struct reply_path *path)
{
	struct hop hop = { .kind = path->flow.kind, .addr = path->flow.remote, .tls_name = path->host };
	hop.addr.port = path->port ? path->port : default_port(hop.kind);
	return !addr_is_unsendable(&hop.addr) && transport_open(x->worker, &hop, &path->flow) == SEND_OK;
}

void reply_send(struct txns *x, struct reply_path *path, struct wire *w)
{
	if (flow_ref_none(&path->flow))
		return;
	enum send_result sent = transport_send(x->worker, &path->flow, w);
	if (sent != SEND_GONE || !transport_is_stream(path->flow.kind))
		return;
	if (reconnect(x, path) && transport_send(x->worker, &path->flow, w) == SEND_OK)
		late_watch(x, path, w);
}
