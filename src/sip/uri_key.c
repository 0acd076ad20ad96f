/* SPDX-License-Identifier: Apache-2.0 */
/* uri_key.c - the one spelling of an address of record. RFC 3261 §10.3 step 5 */
#include "sip_private.h"

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
