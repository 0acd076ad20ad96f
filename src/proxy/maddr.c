/* SPDX-License-Identifier: Apache-2.0 */
/* maddr.c - a Request-URI that led here by its maddr is read without it. RFC 3261 §16.4. */
#include "proxy_private.h"

/* Is the maddr ours, and did the request come by the port and transport that the URI names, or means by saying nothing? */
static bool led_here(const struct proxy *px, const struct flow_ref *from, const struct sip_uri *uri)
{
	enum transport_kind kind = uri->scheme == SIP_SCHEME_SIPS ? TRANSPORT_TLS : TRANSPORT_UDP;
	if (uri->transport.p && !transport_kind_of(uri->transport, &kind))
		return false;
	if (uri->scheme == SIP_SCHEME_SIPS && kind == TRANSPORT_TCP)
		kind = TRANSPORT_TLS;
	uint16_t port = uri->port ? uri->port : kind == TRANSPORT_TLS ? 5061 : 5060;
	return kind == from->kind && port == from->local.port &&
	       (transport_is_self(px->s.transport, uri->maddr, port) || policy_domain(px->s.policy, uri->maddr));
}

static bool goes(struct str name)
{
	return str_ieq(name, STR("maddr")) || str_ieq(name, STR("transport"));
}

/* The URI without maddr, transport and port. */
static struct str without(const struct sip_uri *uri, struct arena *arena)
{
	struct buf b = { 0 };
	struct sip_param param;
	struct str rest = uri->params;
	buf_add(&b, str_range(uri->text.p, uri->host.p + uri->host.n));
	if (uri->host_is_v6)
		buf_byte(&b, ']');
	while (sip_param_next(&rest, &param)) {
		if (goes(param.name))
			continue;
		buf_byte(&b, ';');
		buf_add(&b, param.name);
		if (param.value.p) {
			buf_byte(&b, '=');
			buf_add(&b, param.value);
		}
	}
	if (uri->headers.p) {
		buf_byte(&b, '?');
		buf_add(&b, uri->headers);
	}
	struct str text = arena_str(arena, buf_str(&b));
	buf_fini(&b);
	return text;
}

void strip_own_maddr(const struct proxy *px, struct packet *p, struct route_view *v)
{
	if (!v->ruri.maddr.p || v->ruri.scheme == SIP_SCHEME_OTHER || !led_here(px, &p->from, &v->ruri))
		return;
	v->ruri_text = without(&v->ruri, &p->arena);
	if (!sip_uri_parse(v->ruri_text, &v->ruri))
		v->refuse = 400;
}
