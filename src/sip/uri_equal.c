/* SPDX-License-Identifier: Apache-2.0 */
/* uri_equal.c - do two URIs mean the same? RFC 3261 §19.1.4, RFC 3966 §4 */
#include "sip_private.h"

static bool is_reserved(int c)
{
	return c && strchr(";/?:@&=+$,", c);
}

int sip_uri_char(struct str *rest)
{
	int hi, lo;
	struct str s = *rest;
	if (s.p[0] != '%' || s.n < 3 || (hi = sip_hex(s.p[1])) < 0 || (lo = sip_hex(s.p[2])) < 0) {
		*rest = sip_skip(s, 1);
		return (unsigned char)s.p[0];
	}
	*rest = sip_skip(s, 3);
	int c = hi * 16 + lo;
	return is_reserved(c) ? 256 + c : c;
}

static int fold_char(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool sip_uri_part_equal(struct str a, struct str b, bool fold)
{
	if (a.n == b.n && (fold ? str_ieq(a, b) : str_eq(a, b)))
		return true;
	if (!str_find(a, '%') && !str_find(b, '%'))
		return false;
	while (a.n && b.n) {
		int x = sip_uri_char(&a), y = sip_uri_char(&b);
		if (fold ? fold_char(x) != fold_char(y) : x != y)
			return false;
	}
	return a.n == b.n;
}

/* Both absent, or both there and equal. */
static bool same_part(struct str a, struct str b)
{
	return !a.p == !b.p && sip_uri_part_equal(a, b, false);
}

/* Parameters that only one of two equal SIP URIs may have are all but these. */
static bool must_be_in_both(struct str name)
{
	static const struct str names[] = { STR_INIT("user"), STR_INIT("ttl"), STR_INIT("method"),
	                                    STR_INIT("maddr"), STR_INIT("transport") };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (sip_uri_part_equal(name, names[i], true))
			return true;
	return false;
}

/* Visual separators do not count: RFC 3966 §4. */
static struct str next_digit(struct str s)
{
	while (s.n && (s.p[0] == '-' || s.p[0] == '.' || s.p[0] == '(' || s.p[0] == ')'))
		s = sip_skip(s, 1);
	return s;
}

static bool same_number(struct str a, struct str b)
{
	for (;;) {
		a = next_digit(a);
		b = next_digit(b);
		if (!a.n || !b.n)
			return a.n == b.n;
		if (sip_lower(a.p[0]) != sip_lower(b.p[0]))
			return false;
		a = sip_skip(a, 1);
		b = sip_skip(b, 1);
	}
}

static bool same_value(const struct sip_uri *u, struct str name, struct str x, struct str y)
{
	if (str_ieq(name, STR("lr")))
		return true;            /* "lr=on" is read as "lr" */
	if (!x.p != !y.p)
		return false;
	if (str_ieq(name, STR("maddr")) && sip_host_equal(x, y))
		return true;
	if (u->scheme == SIP_SCHEME_TEL && (str_ieq(name, STR("ext")) || (x.n && y.n && x.p[0] == '+' && y.p[0] == '+')))
		return same_number(x, y);
	return sip_uri_part_equal(x, y, true);
}

/* Every parameter of a agrees with b. In a tel URI none may be missing. */
static bool params_agree(const struct sip_uri *a, const struct sip_uri *b)
{
	struct str rest = a->params;
	for (bool more = rest.p != NULL; more; ) {
		struct str param = rest, other;
		more = str_cut(&rest, ';', &param);
		struct str name = param, value = STR_NONE;
		if (str_cut(&param, '=', &name))
			value = param;
		if (sip_uri_param(b, name, &other)) {
			if (!same_value(a, name, value, other))
				return false;
		} else if (a->scheme == SIP_SCHEME_TEL || must_be_in_both(name)) {
			return false;
		}
	}
	return true;
}

static bool same_header(struct str a, struct str b)
{
	struct str name_a, name_b;
	return str_cut(&a, '=', &name_a) && str_cut(&b, '=', &name_b) && sip_uri_part_equal(name_a, name_b, true) &&
	       sip_uri_part_equal(a, b, true);
}

static unsigned split_headers(struct str rest, struct str out[SIP_PARAMS_MAX])
{
	unsigned n = 0;
	for (bool more = rest.p != NULL; more && n < SIP_PARAMS_MAX; n++) {
		out[n] = rest;
		more = str_cut(&rest, '&', &out[n]);
	}
	return n;
}

/* The same headers in any order; each stands for one on the other side. */
static bool same_headers(const struct sip_uri *a, const struct sip_uri *b)
{
	if (!a->headers.p && !b->headers.p)
		return true;
	struct str in_a[SIP_PARAMS_MAX], in_b[SIP_PARAMS_MAX];
	unsigned n = split_headers(a->headers, in_a), left = split_headers(b->headers, in_b);
	if (n != left)
		return false;
	for (unsigned i = 0; i < n; i++) {
		unsigned j = 0;
		while (j < left && !same_header(in_a[i], in_b[j]))
			j++;
		if (j == left)
			return false;
		in_b[j] = in_b[--left];
	}
	return true;
}

bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	switch (a->scheme) {
	case SIP_SCHEME_OTHER:
		return str_ieq(a->scheme_name, b->scheme_name) && str_eq(a->host, b->host);
	case SIP_SCHEME_TEL:
		return same_number(a->user, b->user) && params_agree(a, b) && params_agree(b, a);
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		return same_part(a->user, b->user) && same_part(a->password, b->password) &&
		       a->port == b->port && sip_host_equal(a->host, b->host) &&
		       params_agree(a, b) && params_agree(b, a) && same_headers(a, b);
	}
	return false;
}
