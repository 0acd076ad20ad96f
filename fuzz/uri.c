/* SPDX-License-Identifier: Apache-2.0 */
/* uri.c - any bytes as two URIs, parted by a line feed: equality is reflexive and symmetric, equal URIs have
 * one key, and what is read of one lies within it. */
#include "sip_uri.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static void look(const struct sip_uri *u, struct arena *arena)
{
	struct str out;
	struct addr ip;
	struct buf user = { 0 };
	need(sip_uri_equal(u, u));
	need(u->scheme == SIP_SCHEME_TEL || u->host.n);
	need(sip_unescape(u->user, arena, &out));
	sip_escape_user(&user, out);
	struct str again;
	need(sip_unescape(buf_str(&user), arena, &again) && str_eq(again, out));
	buf_fini(&user);
	need(!u->host_is_v6 || sip_uri_host_addr(u, &ip));
	need(!u->lr || sip_uri_param(u, STR("LR"), NULL));
	need(!u->transport.p || sip_uri_param(u, STR("transport"), NULL));
	need(u->scheme == SIP_SCHEME_OTHER || sip_host_equal(u->host, u->host));

	/* Writing it again gives the same URI. */
	struct sip_uri copy;
	need(sip_uri_parse(arena_str(arena, u->text), &copy) && sip_uri_equal(u, &copy));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str rest = { (const char *)bytes, n }, head = rest;
	struct sip_uri a, b;
	struct arena arena;
	arena_init(&arena, NULL, 0);
	str_cut(&rest, '\n', &head);
	bool first = sip_uri_parse(head, &a), second = sip_uri_parse(rest, &b);
	if (first)
		look(&a, &arena);
	if (second)
		look(&b, &arena);
	if (first && second) {
		bool equal = sip_uri_equal(&a, &b);
		need(equal == sip_uri_equal(&b, &a));
		need(!equal || str_eq(sip_uri_aor_key(&a, &arena), sip_uri_aor_key(&b, &arena)) || a.scheme == SIP_SCHEME_OTHER);
	}
	sip_host_equal(head, rest);
	arena_fini(&arena);
	return 0;
}
