/* SPDX-License-Identifier: Apache-2.0 */
/* addr.h - IP addresses with ports, small enough to copy. An IPv4-mapped IPv6 address is always
 * kept as IPv4. */
#ifndef SLUICE_ADDR_H
#define SLUICE_ADDR_H

#include "buf.h"
#include "str.h"
#include <sys/socket.h>

struct addr {
	uint8_t ip[16];                 /* IPv4: the first four, the rest zero */
	uint16_t port;                  /* host byte order; 0: none */
	uint8_t family;                 /* AF_INET, AF_INET6; 0: no address */
	uint8_t pad;                    /* always 0, so that memcmp compares */
	uint32_t scope;                 /* IPv6 link-local zone, else 0 */
};

/* "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; no port, no zone. Also reads RFC 3261's
 * three-colon slip "2001:db8:::192.0.2.1" (RFC 5118 §4.10). False when it is no address. */
bool addr_parse_ip(struct str text, struct addr *out);
/* "192.0.2.1:5060", "[::1]:5060"; without a port the port is `default_port`. */
bool addr_parse(struct str text, uint16_t default_port, struct addr *out);
/* An IPv6 address of 16 bytes as it came, without port and zone; an IPv4-mapped one turns into IPv4. */
void addr_set_ip6(struct addr *out, const void *ip);
bool addr_from_sockaddr(const struct sockaddr *sa, struct addr *out);
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out);

static inline bool addr_eq(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}
bool addr_same_ip(const struct addr *a, const struct addr *b);
bool addr_is_any(const struct addr *a);         /* 0.0.0.0 or :: */
bool addr_is_loopback(const struct addr *a);
/* Broadcast, multicast, unspecified: never a place to send a SIP message to (PX-41). */
bool addr_is_unsendable(const struct addr *a);

void addr_write_ip(struct buf *b, const struct addr *a);        /* no brackets */
void addr_write_host(struct buf *b, const struct addr *a);      /* IPv6 in brackets */
void addr_write(struct buf *b, const struct addr *a);           /* host:port */
/* For log lines: "192.0.2.1:5060" into the caller's array, which it returns. */
#define ADDR_TEXT 64
const char *addr_text(const struct addr *a, char out[ADDR_TEXT]);

/* A block of addresses, "192.0.2.0/24" or a single address. */
struct cidr {
	struct addr base;
	uint8_t bits;
};
bool cidr_parse(struct str text, struct cidr *out);
bool cidr_has(const struct cidr *c, const struct addr *a);

#endif
