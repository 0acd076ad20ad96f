/* SPDX-License-Identifier: Apache-2.0 */
/* stun.c - see stun.h */
#include "stun.h"

#define HEADER          20
#define COOKIE          0x2112A442u
#define BINDING_REQUEST 0x0001
#define BINDING_SUCCESS 0x0101
#define BINDING_ERROR   0x0111

#define ATTR_MESSAGE_INTEGRITY        0x0008
#define ATTR_ERROR_CODE               0x0009
#define ATTR_UNKNOWN_ATTRIBUTES       0x000A
#define ATTR_MESSAGE_INTEGRITY_SHA256 0x001C
#define ATTR_XOR_MAPPED_ADDRESS       0x0020
#define ATTR_FINGERPRINT              0x8028
#define FINGERPRINT_XOR               0x5354554Eu

/* As many as are listed in a 420: enough to tell, and the answer stays small (TP-31). */
#define UNKNOWN_MAX 8

static uint16_t get16(const char *p)
{
	return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
}

static uint32_t get32(const char *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static char *put16(char *p, unsigned v)
{
	p[0] = (char)(v >> 8);
	p[1] = (char)v;
	return p + 2;
}

/* CRC-32 of ISO/IEC 3309, bit by bit: keep-alives seldom carry a fingerprint. */
static uint32_t crc32_of(const char *p, size_t n)
{
	uint32_t crc = ~0u;
	for (size_t i = 0; i < n; i++) {
		crc ^= (uint8_t)p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
	}
	return ~crc;
}

/* Attributes of the comprehension-required range that RFC 8489 §18.3 defines. Without authentication
 * they say nothing to us, but they are known. */
static bool known(unsigned type)
{
	static const uint16_t types[] = { 0x0001, 0x0006, 0x0008, 0x0009, 0x000A, 0x0014, 0x0015, 0x001C, 0x001D,
	                                  0x001E, 0x0020 };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i] == type)
			return true;
	return false;
}

struct unknown {
	uint16_t types[UNKNOWN_MAX];
	unsigned count;
};

/* Walk the attributes; false: malformed, or the fingerprint is wrong. */
static bool read_attributes(struct str datagram, struct unknown *unknown)
{
	bool sealed = false;                    /* what follows MESSAGE-INTEGRITY is ignored. RFC 8489 §14.5 */
	size_t at = HEADER;
	while (at < datagram.n) {
		if (datagram.n - at < 4)
			return false;
		unsigned type = get16(datagram.p + at);
		size_t length = get16(datagram.p + at + 2), padded = (length + 3) & ~(size_t)3;
		if (padded > datagram.n - at - 4)
			return false;
		if (type == ATTR_FINGERPRINT)   /* the last attribute. RFC 8489 §14.7 */
			return length == 4 && at + 8 == datagram.n &&
			       get32(datagram.p + at + 4) == (crc32_of(datagram.p, at) ^ FINGERPRINT_XOR);
		if (type == ATTR_MESSAGE_INTEGRITY || type == ATTR_MESSAGE_INTEGRITY_SHA256)
			sealed = true;
		if (!sealed && type < 0x8000 && !known(type) && unknown->count < UNKNOWN_MAX)
			unknown->types[unknown->count++] = (uint16_t)type;
		at += 4 + padded;
	}
	return true;
}

static char *put_header(char *p, unsigned type, unsigned length, const char *request)
{
	p = put16(put16(p, type), length);
	memcpy(p, request + 4, 16);             /* cookie and transaction id */
	return p + 16;
}

/* RFC 8489 §14.2: the port is mixed with the cookie, the address with cookie and transaction id. */
static size_t write_success(char *out, const char *request, const struct addr *from)
{
	bool v6 = from->family == AF_INET6;
	unsigned ip_size = v6 ? 16 : 4;
	char *p = put_header(out, BINDING_SUCCESS, 8 + ip_size, request);
	p = put16(put16(p, ATTR_XOR_MAPPED_ADDRESS), 4 + ip_size);
	p = put16(put16(p, v6 ? 2 : 1), from->port ^ COOKIE >> 16);
	for (unsigned i = 0; i < ip_size; i++)
		*p++ = (char)(from->ip[i] ^ (uint8_t)request[4 + i]);
	return (size_t)(p - out);
}

/* An error response with its ERROR-CODE, and room for `more` bytes of attributes behind it: where they go. RFC 8489 §14.8 */
static char *put_error(char *out, const char *request, unsigned code, struct str reason, unsigned more)
{
	unsigned size = (unsigned)reason.n, padded = (size + 3) & ~3u;
	char *p = put_header(out, BINDING_ERROR, 8 + padded + more, request);
	p = put16(put16(p, ATTR_ERROR_CODE), 4 + size);
	p = put16(put16(p, 0), code / 100 << 8 | code % 100);
	memset(p, 0, padded);
	memcpy(p, reason.p, size);
	return p + padded;
}

static size_t write_unknown(char *out, const char *request, const struct unknown *unknown)
{
	unsigned list_size = 2 * unknown->count, list_padded = (list_size + 3) & ~3u;
	char *p = put_error(out, request, 420, STR("Unknown Attribute"), 4 + list_padded);
	p = put16(put16(p, ATTR_UNKNOWN_ATTRIBUTES), list_size);
	memset(p, 0, list_padded);
	for (unsigned i = 0; i < unknown->count; i++)
		put16(p + 2 * i, unknown->types[i]);
	return (size_t)(p + list_padded - out);
}

enum stun_result stun_handle(struct str datagram, const struct addr *from, char answer[STUN_ANSWER_MAX], size_t *n)
{
	if (datagram.n < HEADER || (datagram.p[0] & 0xC0) || get32(datagram.p + 4) != COOKIE)
		return STUN_NOT;
	size_t length = get16(datagram.p + 2);
	if (length % 4 || length != datagram.n - HEADER)
		return STUN_NOT;
	struct unknown unknown = { .count = 0 };
	if (get16(datagram.p) != BINDING_REQUEST || !read_attributes(datagram, &unknown))
		return STUN_SILENT;
	*n = unknown.count ? write_unknown(answer, datagram.p, &unknown) : write_success(answer, datagram.p, from);
	return STUN_ANSWER;
}

size_t stun_flow_failed(struct str request, char answer[STUN_ANSWER_MAX])
{
	return (size_t)(put_error(answer, request.p, 400, STR("Flow Failed, register again"), 0) - answer);
}
