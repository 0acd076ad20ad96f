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

/* uri-parameters = *( ";" pname [ "=" pvalue ] ), from behind the first ";" */
static bool take_params(struct sip_uri *u, struct str *rest)
{
	struct sip_names names;
	names.hashes = 0;
	names.count = 0;
	u->params = *rest;
	for (;;) {
		struct str name = { rest->p, sip_span_escaped(*rest, SIP_C_NAME) }, value = STR_NONE;
		*rest = sip_skip(*rest, name.n);
		if (rest->n && rest->p[0] == '=') {
			*rest = sip_skip(*rest, 1);
			value = (struct str){ rest->p, sip_span_escaped(*rest, SIP_C_PARAM) };
			*rest = sip_skip(*rest, value.n);
		}
		if (str_find(name, '%'))
			names.hashes = UINT64_MAX;      /* it may be what a name without escapes is */
		if (!name.n || !sip_names_add(&names, name, true))
			return false;
		read_param(u, name, value);
		if (!rest->n || rest->p[0] != ';')
			break;
		*rest = sip_skip(*rest, 1);
	}
	u->params.n -= rest->n;
	return true;
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

/* userinfo = user [ ":" password ] "@", when there is an "@" */
static bool take_userinfo(struct sip_uri *u, struct str *rest)
{
	size_t n = sip_span_escaped(*rest, SIP_C_USER);
	struct str behind = sip_skip(*rest, n);
	if (!str_find(behind, '@'))
		return true;
	u->user = (struct str){ rest->p, n };
	if (behind.p[0] == ':') {
		behind = sip_skip(behind, 1);
		u->password = (struct str){ behind.p, sip_span_escaped(behind, SIP_C_PASSWORD) };
		behind = sip_skip(behind, u->password.n);
	}
	*rest = sip_skip(behind, 1);
	return n && behind.p[0] == '@';
}

/* [ userinfo ] host [ ":" port ] [ uri-parameters ] [ headers ] */
static bool read_sip(struct sip_uri *u, struct str rest)
{
	if (!take_userinfo(u, &rest) || !sip_hostport_take(&rest, false, &u->host, &u->host_is_v6, &u->port))
		return false;
	if (rest.n && rest.p[0] == ';') {
		rest = sip_skip(rest, 1);
		if (!take_params(u, &rest))
			return false;
	}
	if (!rest.n)
		return true;
	u->headers = sip_skip(rest, 1);
	return rest.p[0] == '?' && headers_ok(u->headers);
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

static bool read_tel(struct sip_uri *u, struct str rest)
{
	u->user = rest;
	if (!str_cut(&rest, ';', &u->user))
		return number_ok(u->user);
	return number_ok(u->user) && take_params(u, &rest) && !rest.n;
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

bool sip_uri_parse(struct str text, struct sip_uri *out)
{
	*out = (struct sip_uri){ .text = text };
	/* scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) */
	size_t n = sip_span(text, SIP_C_SCHEME);
	if (!n || n == text.n || text.p[n] != ':' || sip_lower(text.p[0]) < 'a')
		return false;
	struct str rest = sip_skip(text, n + 1);
	out->scheme_name = (struct str){ text.p, n };
	out->scheme = scheme_of(out->scheme_name);
	switch (out->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		return read_sip(out, rest);
	case SIP_SCHEME_TEL:
		return read_tel(out, rest);
	case SIP_SCHEME_OTHER:
		out->host = rest;
		return sip_all(rest, SIP_C_URI);
	}
	return false;
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
