/* SPDX-License-Identifier: Apache-2.0 */
/* host.c - host names, IPv6 references, ports. RFC 3261 §25.1, RFC 5118 §4, RFC 5954 §4 */
#include "sip_private.h"

/* A name or an IPv4 address. What is made of digits and dots alone can only be an address. */
static const char *take_name(const char *p, const char *end, struct str *host)
{
	const char *start = p, *label = p;
	unsigned all = SIP_C_DIGIT;
	for (; p < end; p++) {
		unsigned classes = sip_chars[(unsigned char)*p];
		if (classes & SIP_C_LABEL) {
			all &= classes;
		} else if (*p == '.' && p > label) {
			label = p + 1;
		} else {
			break;
		}
	}
	struct addr ip;
	*host = str_range(start, p);
	if (p == start || (p < end && *p == '.') || (all && !addr_parse_ip(*host, &ip)))
		return NULL;
	return p;
}

/* "[" IPv6address "]". The address may be an IPv4-mapped one, which comes out as IPv4. */
static const char *take_reference(const char *p, const char *end, struct str *host)
{
	struct addr ip;
	struct str rest = str_range(p + 1, end);
	if (!str_cut(&rest, ']', host) || !str_find(*host, ':') || !addr_parse_ip(*host, &ip))
		return NULL;
	return rest.p;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && sip_is(*p, SIP_C_SPACE))
		p++;
	return p;
}

const char *sip_hostport_take(const char *p, const char *end, bool spaces, struct str *host, bool *is_v6, uint16_t *port)
{
	uint32_t number = 0;
	*is_v6 = p < end && *p == '[';
	p = *is_v6 ? take_reference(p, end, host) : take_name(p, end, host);
	if (!p)
		return NULL;
	const char *colon = spaces ? skip_space(p, end) : p;
	if (colon < end && *colon == ':') {
		p = spaces ? skip_space(colon + 1, end) : colon + 1;
		if (!sip_take_digits(&p, end, UINT16_MAX, &number))
			return NULL;
	}
	*port = (uint16_t)number;       /* ":0" says as little as no port at all, and is sent by phones without a listener */
	return p;
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
