/* SPDX-License-Identifier: Apache-2.0 */
/* host.c - host names, IPv6 references, ports. RFC 3261 §25.1, RFC 5118 §4, RFC 5954 §4 */
#include "sip_private.h"

/* A name or an IPv4 address. What is made of digits and dots alone can only be an address. */
static bool take_name(struct str *rest, struct str *host)
{
	const char *p = rest->p, *end = p + rest->n, *label = p;
	unsigned all = SIP_C_DIGIT;
	for (; p < end; p++) {
		unsigned classes = sip_chars[(unsigned char)*p];
		if (classes & SIP_C_LABEL) {
			all &= classes;
		} else if (*p == '.') {
			if (p == label)
				return false;
			label = p + 1;
		} else {
			break;
		}
	}
	struct addr ip;
	*host = str_range(rest->p, p);
	*rest = str_range(p, end);
	return host->n && (!all || addr_parse_ip(*host, &ip));
}

/* "[" IPv6address "]". The address may be an IPv4-mapped one, which comes out as IPv4. */
static bool take_reference(struct str *rest, struct str *host)
{
	struct addr ip;
	*rest = sip_skip(*rest, 1);
	return str_cut(rest, ']', host) && str_find(*host, ':') && addr_parse_ip(*host, &ip);
}

static bool take_port(struct str *rest, uint16_t *port)
{
	size_t n = sip_span(*rest, SIP_C_DIGIT);
	uint32_t number;
	if (!str_u32((struct str){ rest->p, n }, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;       /* ":0" says as little as no port at all, and is sent by phones without a listener */
	*rest = sip_skip(*rest, n);
	return true;
}

bool sip_hostport_take(struct str *rest, bool spaces, struct str *host, bool *is_v6, uint16_t *port)
{
	struct str r = *rest;
	*port = 0;
	*is_v6 = r.n && r.p[0] == '[';
	if (!(*is_v6 ? take_reference(&r, host) : take_name(&r, host)))
		return false;
	struct str colon = spaces ? sip_skip_space(r) : r;
	if (colon.n && colon.p[0] == ':') {
		r = sip_skip(colon, 1);
		if (spaces)
			r = sip_skip_space(r);
		if (!take_port(&r, port))
			return false;
	}
	*rest = r;
	return true;
}

static struct str without_final_dot(struct str host)
{
	return host.n > 1 && host.p[host.n - 1] == '.' ? (struct str){ host.p, host.n - 1 } : host;
}

bool sip_host_equal(struct str a, struct str b)
{
	struct addr ip_a, ip_b;
	a = without_final_dot(a);
	b = without_final_dot(b);
	if (str_ieq(a, b))
		return true;
	return addr_parse_ip(a, &ip_a) && addr_parse_ip(b, &ip_b) && addr_eq(&ip_a, &ip_b);
}

bool sip_uri_host_addr(const struct sip_uri *uri, struct addr *out)
{
	return uri->host.n && uri->scheme != SIP_SCHEME_OTHER && addr_parse_ip(uri->host, out);
}
