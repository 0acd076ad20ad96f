/* SPDX-License-Identifier: Apache-2.0 */
/* uri.c - take a URI apart. RFC 3261 §19.1.1, §25.1; RFC 3966 §3 */
#include "sip_private.h"

static void read_param(struct sip_uri *u, struct str name, struct str value)
{
	/* A name with escapes is still that name, but no one asks for it this way. */
	if (sip_word_is(name, STR("lr")))
		u->lr = true;
	else if (sip_word_is(name, STR("ob")))
		u->ob = true;
	else if (sip_word_is(name, STR("transport")))
		u->transport = value.p ? value : STR("");
	else if (sip_word_is(name, STR("maddr")))
		u->maddr = value.p ? value : STR("");
}

/* uri-parameters = *( ";" pname [ "=" pvalue ] ), from behind the first ";"; where they end, NULL when one is empty, there
 * twice or too many. */
static const char *take_params(struct sip_uri *u, const char *p, const char *end)
{
	struct sip_names names;
	names.hashes = names.count = 0;
	u->params.p = p;
	for (;; p++) {
		struct str name = { p, sip_span_escaped(str_range(p, end), SIP_C_NAME) }, value = STR_NONE;
		p += name.n;
		if (p < end && *p == '=') {
			value = (struct str){ p + 1, sip_span_escaped(str_range(p + 1, end), SIP_C_PARAM) };
			p = value.p + value.n;
		}
		if (str_find(name, '%'))
			names.hashes = UINT64_MAX;      /* it may be what a name without escapes is */
		if (!name.n || !sip_names_add(&names, name, true))
			return NULL;
		read_param(u, name, value);
		if (p == end || *p != ';')
			break;
	}
	u->params.n = (size_t)(p - u->params.p);
	return p;
}

/* headers = "?" hname "=" hvalue *( "&" hname "=" hvalue ) */
static bool headers_ok(struct str rest)
{
	unsigned count = 0;
	for (bool more = true; more; ) {
		struct str header = rest, name;
		more = str_cut(&rest, '&', &header);
		if (!str_cut(&header, '=', &name) || !name.n || ++count > SIP_PARAMS_MAX)
			return false;
		if (sip_span_escaped(name, SIP_C_HNV) < name.n || sip_span_escaped(header, SIP_C_HNV) < header.n)
			return false;
	}
	return true;
}

/* userinfo = user [ ":" password ] "@", when there is an "@"; where it ends, NULL when it is malformed */
static const char *take_userinfo(struct sip_uri *u, const char *start, const char *end)
{
	const char *p = start + sip_span_escaped(str_range(start, end), SIP_C_USER);
	if (p == end || (*p != '@' && !memchr(p, '@', (size_t)(end - p))))
		return start;
	u->user = str_range(start, p);
	if (*p == ':') {
		u->password = (struct str){ p + 1, sip_span_escaped(str_range(p + 1, end), SIP_C_PASSWORD) };
		p = u->password.p + u->password.n;
	}
	return u->user.n && *p == '@' ? p + 1 : NULL;
}

/* [ userinfo ] host [ ":" port ] [ uri-parameters ] [ headers ] */
static bool read_sip(struct sip_uri *u, const char *p, const char *end)
{
	p = take_userinfo(u, p, end);
	if (p)
		p = sip_hostport_take(p, end, false, &u->host, &u->host_is_v6, &u->port);
	if (p && p < end && *p == ';')
		p = take_params(u, p + 1, end);
	if (!p || p == end)
		return p;
	u->headers = str_range(p + 1, end);
	return *p == '?' && headers_ok(u->headers);
}

/* Digits with visual separators; a local number may also hold hexadecimal digits, "*" and "#". */
static bool number_ok(struct str number)
{
	bool global = number.n && number.p[0] == '+', digit = false;
	for (size_t i = global; i < number.n; i++) {
		char c = number.p[i];
		if (sip_is_digit(c) || (!global && (c == '*' || c == '#' || sip_hex(c) >= 0)))
			digit = true;
		else if (c != '-' && c != '.' && c != '(' && c != ')')
			return false;
	}
	return digit;
}

static bool read_tel(struct sip_uri *u, struct str text)
{
	const char *end = text.p + text.n, *semicolon = str_find(text, ';');
	u->user = str_range(text.p, semicolon ? semicolon : end);
	return number_ok(u->user) && (!semicolon || take_params(u, semicolon + 1, end) == end);
}

static enum sip_scheme scheme_of(struct str name)
{
	if (sip_word_is(name, STR("sip")))
		return SIP_SCHEME_SIP;
	if (sip_word_is(name, STR("sips")))
		return SIP_SCHEME_SIPS;
	if (sip_word_is(name, STR("tel")))
		return SIP_SCHEME_TEL;
	return SIP_SCHEME_OTHER;
}

bool sip_uri_read(struct str text, struct sip_uri *out)
{
	/* scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) */
	size_t n = sip_span(text, SIP_C_SCHEME);
	out->text = text;
	if (!n || n == text.n || text.p[n] != ':' || sip_lower(text.p[0]) < 'a')
		return false;
	struct str rest = sip_skip(text, n + 1);
	out->scheme_name = (struct str){ text.p, n };
	out->scheme = scheme_of(out->scheme_name);
	switch (out->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		return read_sip(out, rest.p, rest.p + rest.n);
	case SIP_SCHEME_TEL:
		return read_tel(out, rest);
	case SIP_SCHEME_OTHER:
		out->host = rest;
		return sip_all(rest, SIP_C_URI);
	}
	return false;
}

bool sip_uri_parse(struct str text, struct sip_uri *out)
{
	*out = (struct sip_uri){ 0 };
	return sip_uri_read(text, out);
}

bool sip_uri_param(const struct sip_uri *uri, struct str name, struct str *value)
{
	struct str rest = uri->params;
	for (bool more = rest.p != NULL; more; ) {
		struct str param = rest;
		more = str_cut(&rest, ';', &param);
		struct str have = param, val = STR_NONE;
		if (str_cut(&param, '=', &have))
			val = param;
		if (!sip_uri_part_equal(have, name, true))
			continue;
		if (value)
			*value = val;
		return true;
	}
	return false;
}
