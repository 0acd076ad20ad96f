/* SPDX-License-Identifier: Apache-2.0 */
/* addr.c - IP addresses: to and from the kernel, and what kind of place they are. */
#include "addr.h"
#include <netinet/in.h>

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static size_t ip_bytes(const struct addr *a)
{
	return a->family == AF_INET ? 4 : 16;
}

void addr_set_ip6(struct addr *out, const void *ip)
{
	*out = (struct addr){ 0 };
	if (memcmp(ip, mapped, sizeof mapped) == 0) {
		out->family = AF_INET;
		memcpy(out->ip, (const char *)ip + sizeof mapped, 4);
	} else {
		out->family = AF_INET6;
		memcpy(out->ip, ip, 16);
	}
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
		addr_set_ip6(&a, &in.sin6_addr);
		a.port = ntohs(in.sin6_port);
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
