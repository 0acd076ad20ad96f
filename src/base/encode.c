/* SPDX-License-Identifier: Apache-2.0 */
/* encode.c - hexadecimal and base64url. */
#include "encode.h"

void hex_write(char *out, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = bytes;
	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
}

/* -1 when c is no digit. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_read(struct str text, void *out, size_t n)
{
	unsigned char *to = out;
	if (text.n % 2 || text.n / 2 != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(text.p[2 * i]), low = hex_value(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		to[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

size_t base64url_write(char *out, const void *bytes, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *p = bytes;
	char *to = out;
	uint32_t bits = 0;
	unsigned held = 0;
	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | p[i];
		for (held += 8; held >= 6; held -= 6)
			*to++ = letters[bits >> (held - 6) & 63];
	}
	if (held)
		*to++ = letters[bits << (6 - held) & 63];
	return (size_t)(to - out);
}

static int base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

ssize_t base64url_read(struct str text, void *out, size_t cap)
{
	unsigned char *to = out;
	size_t n = 0;
	uint32_t bits = 0;
	unsigned held = 0;
	if (text.n % 4 == 1)
		return -1;                      /* six bits make no byte */
	for (size_t i = 0; i < text.n; i++) {
		int value = base64url_value(text.p[i]);
		if (value < 0)
			return -1;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held < 8)
			continue;
		if (n == cap)
			return -1;
		held -= 8;
		to[n++] = (unsigned char)(bits >> held);
	}
	if (bits & ((1u << held) - 1))
		return -1;
	return (ssize_t)n;
}
