/* SPDX-License-Identifier: Apache-2.0 */
/* uri_key.c - escapes, and the one spelling of an address of record. RFC 3261 §10.3 step 5, §19.1.2 */
#include "sip_private.h"

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

/* The number without visual separators, hexadecimal digits in lower case. */
static struct str tel_key(struct str number, struct arena *arena)
{
	char *text = arena_alloc(arena, number.n);
	size_t n = 0;
	for (size_t i = 0; i < number.n; i++)
		if (!memchr("-.()", number.p[i], 4))
			text[n++] = sip_lower(number.p[i]);
	return (struct str){ text, n };
}

/* Lower case without the final dot; addresses in their canonical form. */
static void write_host(struct buf *out, struct str host)
{
	struct addr ip;
	if (addr_parse_ip(host, &ip)) {
		addr_write_host(out, &ip);
		return;
	}
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	char *p = buf_reserve(out, host.n);
	for (size_t i = 0; i < host.n; i++)
		p[i] = sip_lower(host.p[i]);
	out->n += host.n;
}

struct str sip_uri_aor_key(const struct sip_uri *uri, struct arena *arena)
{
	if (uri->scheme == SIP_SCHEME_TEL)
		return tel_key(uri->user, arena);
	if (uri->scheme == SIP_SCHEME_OTHER)
		return arena_str(arena, uri->text);
	struct str user = uri->user;
	struct buf key = { 0 };
	if (user.p) {
		sip_unescape(user, arena, &user);       /* cannot fail: the parser has seen the escapes */
		buf_add(&key, user);
		buf_byte(&key, '@');
	}
	write_host(&key, uri->host);
	struct str done = arena_str(arena, buf_str(&key));
	buf_fini(&key);
	return done;
}
