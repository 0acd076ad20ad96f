/* SPDX-License-Identifier: Apache-2.0 */
/* escape.c - "%HH" in URIs. RFC 3261 §19.1.2 */
#include "sip_private.h"

int sip_hex(char c)
{
	if (sip_is_digit(c))
		return c - '0';
	c = sip_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t sip_span_escaped(struct str s, unsigned classes)
{
	size_t n = 0;
	for (;;) {
		while (n < s.n && sip_is(s.p[n], classes))
			n++;
		if (s.n - n < 3 || s.p[n] != '%' || sip_hex(s.p[n + 1]) < 0 || sip_hex(s.p[n + 2]) < 0)
			return n;
		n += 3;
	}
}

bool sip_unescape(struct str s, struct arena *arena, struct str *out)
{
	const char *percent = str_find(s, '%');
	if (!percent) {
		*out = s;
		return true;
	}
	char *text = arena_alloc(arena, s.n);
	size_t n = (size_t)(percent - s.p);
	memcpy(text, s.p, n);
	for (size_t i = n; i < s.n; i++) {
		if (s.p[i] != '%') {
			text[n++] = s.p[i];
			continue;
		}
		int hi = s.n - i < 3 ? -1 : sip_hex(s.p[i + 1]), lo = s.n - i < 3 ? -1 : sip_hex(s.p[i + 2]);
		if (hi < 0 || lo < 0)
			return false;
		text[n++] = (char)(hi * 16 + lo);
		i += 2;
	}
	*out = (struct str){ text, n };
	return true;
}

void sip_escape_user(struct buf *out, struct str s)
{
	static const char digits[] = "0123456789ABCDEF";
	char *p = buf_reserve(out, 3 * s.n);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (sip_is((char)c, SIP_C_USER) && c != '#') {
			*p++ = (char)c;
			continue;
		}
		*p++ = '%';
		*p++ = digits[c >> 4];
		*p++ = digits[c & 15];
	}
	out->n = (size_t)(p - out->p);
}
