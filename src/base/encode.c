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

const uint8_t hex_values[256] = {
	['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ['A'] = 11, 12, 13, 14, 15, 16, ['a'] = 11, 12, 13, 14, 15, 16
};

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

/* --- base64url: three bytes are four letters; one or two left over are two or three --- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What a letter means, and one more: 0 stands for what is no letter. */
static const uint8_t values[256] = {
	['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
	['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
	['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, ['-'] = 63, ['_'] = 64
};

/* More than 63 when it is no letter. */
static uint32_t value_of(char c)
{
	return values[(unsigned char)c] - 1u;
}

size_t base64url_write(char *out, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	char *to = out;
	for (; n >= 3; p += 3, n -= 3) {
		uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*to++ = letters[bits >> 18];
		*to++ = letters[bits >> 12 & 63];
		*to++ = letters[bits >> 6 & 63];
		*to++ = letters[bits & 63];
	}
	if (n) {
		uint32_t bits = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0);
		*to++ = letters[bits >> 18];
		*to++ = letters[bits >> 12 & 63];
		if (n > 1)
			*to++ = letters[bits >> 6 & 63];
	}
	return (size_t)(to - out);
}

/* Two or three letters; the bits that make no byte must be zero. */
static bool read_rest(const char *p, size_t n, unsigned char *to)
{
	uint32_t a = value_of(p[0]), b = value_of(p[1]), c = n > 2 ? value_of(p[2]) : 0;
	if ((a | b | c) > 63 || (n > 2 ? c & 3 : b & 15))
		return false;
	to[0] = (unsigned char)(a << 2 | b >> 4);
	if (n > 2)
		to[1] = (unsigned char)(b << 4 | c >> 2);
	return true;
}

ssize_t base64url_read(struct str text, void *out, size_t cap)
{
	unsigned char *to = out;
	size_t rest = text.n % 4, n = text.n / 4 * 3 + (rest ? rest - 1 : 0);
	if (rest == 1 || n > cap)
		return -1;                      /* six bits make no byte */
	const char *p = text.p;
	for (size_t left = text.n / 4; left; left--, p += 4) {
		uint32_t a = value_of(p[0]), b = value_of(p[1]), c = value_of(p[2]), d = value_of(p[3]);
		if ((a | b | c | d) > 63)
			return -1;
		uint32_t bits = a << 18 | b << 12 | c << 6 | d;
		*to++ = (unsigned char)(bits >> 16);
		*to++ = (unsigned char)(bits >> 8);
		*to++ = (unsigned char)bits;
	}
	if (rest && !read_rest(p, rest, to))
		return -1;
	return (ssize_t)n;
}
