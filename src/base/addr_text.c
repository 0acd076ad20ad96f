/* SPDX-License-Identifier: Apache-2.0 */
/* addr_text.c - IP addresses as people and messages spell them, read and written in one pass.
 *
 * inet_pton and inet_ntop judge and spell the same (tests/base/addr_text.c compares), but every message has a dozen
 * addresses, and printf inside inet_ntop alone was 7 % of a call. */
#include "addr.h"
#include "decimal.h"
#include "encode.h"

#define IP_TEXT_MAX 45          /* "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" */
#define PORT_TEXT_MAX 5

/* --- reading --- */

static unsigned digit_of(char c)
{
	return (unsigned char)c - (unsigned)'0';        /* more than 9: it is none */
}

/* A number up to 255; where it ends, or NULL. A zero ends at once: "010" is eight to some. */
static const char *take_octet(const char *p, const char *end, uint8_t *out)
{
	if (p == end || digit_of(*p) > 9)
		return NULL;
	unsigned number = digit_of(*p++);
	for (unsigned left = number ? 2 : 0; left && p < end && digit_of(*p) <= 9; left--)
		number = 10 * number + digit_of(*p++);
	*out = (uint8_t)number;
	return number > 255 ? NULL : p;
}

/* Exactly four of them. */
static bool read_ip4(struct str text, uint8_t out[4])
{
	const char *end = text.p + text.n, *p = take_octet(text.p, end, out);
	for (unsigned i = 1; i < 4; i++) {
		if (!p || p == end || *p != '.')
			return false;
		p = take_octet(p + 1, end, out + i);
	}
	return p == end;
}

/* What stands between groups, and what it must be: one colon, nothing before the first; or "::" for a gap of zeros, once, and
 * its slip ":::". */
static bool take_colons(const char **at, const char *end, bool first, const uint8_t *to, const uint8_t **gap)
{
	unsigned colons = 0;
	while (*at < end && **at == ':' && colons < 4) {
		(*at)++;
		colons++;
	}
	if (colons != 2 && colons != 3)
		return colons == (first ? 0 : 1) && *at < end;
	if (*gap)
		return false;
	*gap = to;
	return true;
}

/* Up to four hexadecimal digits; false when there is none, or one more. */
static bool take_group(const char **at, const char *end, unsigned *out)
{
	const char *first = *at;
	int digit;
	for (*out = 0; *at < end && (digit = hex_value(**at)) >= 0; (*at)++)
		*out = *out << 4 | (unsigned)digit;
	return *at > first && *at - first <= 4;
}

/* Groups of 16 bits, the last two perhaps as an IPv4 address. RFC 4291 §2.2 */
static bool read_ip6(struct str text, uint8_t out[16])
{
	const char *p = text.p, *end = p + text.n;
	uint8_t ip[16] = { 0 }, *to = ip, *ip_end = ip + sizeof ip;
	const uint8_t *gap = NULL;
	do {
		if (!take_colons(&p, end, to == ip, to, &gap))
			return false;
		if (p == end)
			break;
		const char *first = p;
		unsigned group;
		if (to == ip_end || !take_group(&p, end, &group))
			return false;
		if (p < end && *p == '.') {
			if (ip_end - to < 4 || !read_ip4(str_range(first, end), to))
				return false;
			to += 4;
			break;
		}
		*to++ = (uint8_t)(group >> 8);
		*to++ = (uint8_t)group;
	} while (p < end);

	size_t missing = (size_t)(ip_end - to), behind = gap ? (size_t)(to - gap) : 0;
	if ((gap != NULL) != (missing > 0))
		return false;                   /* a gap stands for one group at least */
	memset(out, 0, 16);
	memcpy(out, ip, sizeof ip - missing - behind);
	memcpy(out + 16 - behind, to - behind, behind);
	return true;
}

bool addr_parse_ip(struct str text, struct addr *out)
{
	struct addr a = { 0 };
	uint8_t ip[16];
	bool brackets = text.n && text.p[0] == '[';
	if (brackets) {
		if (text.n < 2 || text.p[text.n - 1] != ']')
			return false;
		text = (struct str){ text.p + 1, text.n - 2 };
	}
	if (!text.n)
		return false;
	if (!brackets && read_ip4(text, a.ip)) {
		a.family = AF_INET;
		*out = a;
		return true;
	}
	if (!read_ip6(text, ip))
		return false;
	addr_set_ip6(out, ip);
	return true;
}

bool addr_parse(struct str text, uint16_t default_port, struct addr *out)
{
	struct addr a;
	uint32_t port = default_port;
	if (!addr_parse_ip(text, &a)) {
		const char *colon = str_find_last(text, ':');
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

/* --- writing: each gives back where the text ends --- */

static char *put_octet(char *at, unsigned octet)
{
	if (octet >= 100)
		*at++ = (char)('0' + octet / 100);
	if (octet >= 10)
		*at++ = (char)('0' + octet / 10 % 10);
	*at++ = (char)('0' + octet % 10);
	return at;
}

static char *put_ip4(char *at, const uint8_t ip[4])
{
	at = put_octet(at, ip[0]);
	for (unsigned i = 1; i < 4; i++) {
		*at++ = '.';
		at = put_octet(at, ip[i]);
	}
	return at;
}

static char *put_group(char *at, unsigned group)
{
	bool begun = false;
	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned digit = group >> shift & 15;
		begun |= digit || shift == 0;
		if (begun)
			*at++ = "0123456789abcdef"[digit];
	}
	return at;
}

/* The first of the longest runs of two zero groups or more. RFC 5952 §4.2 */
static unsigned longest_zeros(const unsigned groups[8], unsigned *start)
{
	unsigned longest = 1, run = 0;
	for (unsigned i = 0; i < 8; i++) {
		run = groups[i] ? 0 : run + 1;
		if (run > longest) {
			longest = run;
			*start = i + 1 - run;
		}
	}
	return longest > 1 ? longest : 0;
}

/* RFC 5952; an address of 96 zero bits shows its IPv4 part as such, as inet_ntop does (RFC 4291 §2.5.5.1). */
static char *put_ip6(char *at, const uint8_t ip[16])
{
	unsigned groups[8], start = 0;
	for (unsigned i = 0; i < 8; i++)
		groups[i] = (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
	unsigned zeros = longest_zeros(groups, &start);
	for (unsigned i = 0; i < 8; i++) {
		if (zeros && i == start) {
			*at++ = ':';
			i += zeros - 1;
			if (i == 7)
				*at++ = ':';
			continue;
		}
		if (i)
			*at++ = ':';
		if (i == 6 && start == 0 && zeros == 6)
			return put_ip4(at, ip + 12);
		at = put_group(at, groups[i]);
	}
	return at;
}

static char *put_ip(char *at, const struct addr *a)
{
	if (a->family == AF_INET)
		return put_ip4(at, a->ip);
	return a->family == AF_INET6 ? put_ip6(at, a->ip) : at;
}

static char *put_host(char *at, const struct addr *a)
{
	if (a->family != AF_INET6)
		return put_ip(at, a);
	*at++ = '[';
	at = put_ip6(at, a->ip);
	*at++ = ']';
	return at;
}

static char *put_host_port(char *at, const struct addr *a)
{
	at = put_host(at, a);
	*at++ = ':';
	return decimal_write(at, a->port);
}

static void add(struct buf *b, char *(*put)(char *at, const struct addr *a), const struct addr *a)
{
	char *at = buf_reserve(b, IP_TEXT_MAX + PORT_TEXT_MAX + sizeof "[]:");
	b->n += (size_t)(put(at, a) - at);
}

void addr_write_ip(struct buf *b, const struct addr *a)
{
	add(b, put_ip, a);
}

void addr_write_host(struct buf *b, const struct addr *a)
{
	add(b, put_host, a);
}

void addr_write(struct buf *b, const struct addr *a)
{
	add(b, put_host_port, a);
}

const char *addr_text(const struct addr *a, char out[ADDR_TEXT])
{
	if (a->family)
		*put_host_port(out, a) = '\0';
	else
		memcpy(out, "no address", sizeof "no address");
	return out;
}
