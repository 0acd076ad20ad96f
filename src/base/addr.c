/* SPDX-License-Identifier: Apache-2.0 */
/* addr.c - IP addresses: read, write, judge. */
#include "addr.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#define IP_TEXT_MAX 64          /* longer than any spelling, INET6_ADDRSTRLEN is 46 */

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static size_t ip_bytes(const struct addr *a)
{
	return a->family == AF_INET ? 4 : 16;
}

/* An IPv6 address as it came; an IPv4-mapped one turns into IPv4. */
static void set_ip6(struct addr *out, const void *ip)
{
	if (memcmp(ip, mapped, sizeof mapped) == 0) {
		out->family = AF_INET;
		memcpy(out->ip, (const char *)ip + sizeof mapped, 4);
	} else {
		out->family = AF_INET6;
		memcpy(out->ip, ip, 16);
	}
}

/* The text with its NUL, brackets gone and three colons made two; false when it is too long or its
 * brackets do not match. */
static bool plain_ip(struct str text, char out[IP_TEXT_MAX])
{
	if (text.n && text.p[0] == '[') {
		if (text.n < 2 || text.p[text.n - 1] != ']')
			return false;
		text = (struct str){ text.p + 1, text.n - 2 };
		if (!str_find(text, ':'))
			return false;           /* brackets are for IPv6 */
	}
	if (text.n == 0 || text.n >= IP_TEXT_MAX || str_find(text, '\0'))
		return false;
	memcpy(out, text.p, text.n);
	out[text.n] = '\0';
	char *slip = strstr(out, ":::");
	if (slip)
		memmove(slip, slip + 1, strlen(slip));
	return true;
}

bool addr_parse_ip(struct str text, struct addr *out)
{
	char plain[IP_TEXT_MAX];
	unsigned char ip[16];
	struct addr a = { 0 };
	if (!plain_ip(text, plain))
		return false;
	if (inet_pton(AF_INET, plain, ip) == 1) {
		a.family = AF_INET;
		memcpy(a.ip, ip, 4);
	} else if (inet_pton(AF_INET6, plain, ip) == 1) {
		set_ip6(&a, ip);
	} else {
		return false;
	}
	*out = a;
	return true;
}

bool addr_parse(struct str text, uint16_t default_port, struct addr *out)
{
	struct addr a;
	uint32_t port = default_port;
	if (!addr_parse_ip(text, &a)) {
		const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;
		if (!colon || !str_u32(str_range(colon + 1, text.p + text.n), UINT16_MAX, &port))
			return false;
		if (!addr_parse_ip(str_range(text.p, colon), &a))
			return false;
		if (a.family == AF_INET6 && text.p[0] != '[')
			return false;           /* where would the port begin? */
	}
	a.port = (uint16_t)port;
	*out = a;
	return true;
}

bool addr_from_sockaddr(const struct sockaddr *sa, struct addr *out)
{
	struct addr a = { 0 };
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof in);
		a.family = AF_INET;
		a.port = ntohs(in.sin_port);
		memcpy(a.ip, &in.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, sa, sizeof in);
		a.port = ntohs(in.sin6_port);
		set_ip6(&a, &in.sin6_addr);
		if (a.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in.sin6_addr))
			a.scope = in.sin6_scope_id;
	} else {
		return false;
	}
	*out = a;
	return true;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	if (a->family == AF_INET) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(a->port) };
		memcpy(&in.sin_addr, a->ip, 4);
		memcpy(out, &in, sizeof in);
		return sizeof in;
	}
	struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope };
	memcpy(&in.sin6_addr, a->ip, 16);
	memcpy(out, &in, sizeof in);
	return sizeof in;
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->scope == b->scope && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool addr_is_any(const struct addr *a)
{
	static const unsigned char zero[16];
	return a->family && memcmp(a->ip, zero, sizeof zero) == 0;
}

bool addr_is_loopback(const struct addr *a)
{
	static const unsigned char one[16] = { [15] = 1 };
	if (a->family == AF_INET)
		return a->ip[0] == 127;
	return a->family == AF_INET6 && memcmp(a->ip, one, sizeof one) == 0;
}

bool addr_is_unsendable(const struct addr *a)
{
	if (a->family == AF_INET)               /* this network, multicast, reserved and broadcast */
		return a->ip[0] == 0 || a->ip[0] >= 224;
	return a->family != AF_INET6 || a->ip[0] == 0xff || addr_is_any(a);
}

void addr_write_ip(struct buf *b, const struct addr *a)
{
	char text[INET6_ADDRSTRLEN];
	if (a->family && inet_ntop(a->family, a->ip, text, sizeof text))
		buf_add(b, str_of(text));
}

void addr_write_host(struct buf *b, const struct addr *a)
{
	if (a->family == AF_INET6)
		buf_byte(b, '[');
	addr_write_ip(b, a);
	if (a->family == AF_INET6)
		buf_byte(b, ']');
}

void addr_write(struct buf *b, const struct addr *a)
{
	addr_write_host(b, a);
	buf_byte(b, ':');
	buf_u64(b, a->port);
}

const char *addr_text(const struct addr *a, char out[ADDR_TEXT])
{
	char text[INET6_ADDRSTRLEN] = "no address";
	if (a->family)
		inet_ntop(a->family, a->ip, text, sizeof text);
	snprintf(out, ADDR_TEXT, a->family == AF_INET6 ? "[%s]:%u" : a->family ? "%s:%u" : "%s", text, a->port);
	return out;
}

/* Clear what lies behind the first `bits` bits. */
static void keep_bits(struct addr *a, unsigned bits)
{
	for (unsigned i = 0; i < ip_bytes(a); i++, bits = bits > 8 ? bits - 8 : 0)
		if (bits < 8)
			a->ip[i] &= (uint8_t)(0xff << (8 - bits));
}

bool cidr_parse(struct str text, struct cidr *out)
{
	struct cidr c;
	struct str ip, bits = text;
	bool has_bits = str_cut(&bits, '/', &ip);
	if (!addr_parse_ip(has_bits ? ip : text, &c.base))
		return false;
	uint32_t all = 8 * (uint32_t)ip_bytes(&c.base), wanted = all;
	if (has_bits && !str_u32(bits, all, &wanted))
		return false;
	c.bits = (uint8_t)wanted;
	keep_bits(&c.base, wanted);
	*out = c;
	return true;
}

bool cidr_has(const struct cidr *c, const struct addr *a)
{
	struct addr masked = *a;
	if (a->family != c->base.family)
		return false;
	keep_bits(&masked, c->bits);
	return memcmp(masked.ip, c->base.ip, sizeof masked.ip) == 0;
}
