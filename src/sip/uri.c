/* SPDX-License-Identifier: Apache-2.0 */
/* uri.c - take a URI apart. RFC 3261 §19.1.1, §25.1; RFC 3966 §3 */
#include "sip_private.h"

bool sip_names_add(struct sip_names *names, struct str name, bool escaped)
{
	for (unsigned i = 0; i < names->count; i++)
		if (escaped ? sip_uri_part_equal(names->seen[i], name, true) : str_ieq(names->seen[i], name))
			return false;
	if (names->count == SIP_PARAMS_MAX)
		return false;
	names->seen[names->count++] = name;
	return true;
}

/* uri-parameters = *( ";" pname [ "=" pvalue ] ) */
static bool read_params(struct sip_uri *u)
{
	struct sip_names names;
	names.count = 0;
	struct str rest = u->params;
	for (bool more = rest.p != NULL; more; ) {
		struct str param = rest;
		more = str_cut(&rest, ';', &param);
		if (!sip_all_escaped(param, SIP_C_PARAM))
			return false;
		struct str name = param, value = STR_NONE;
		if (str_cut(&param, '=', &name))
			value = param;
		if (!name.n || !sip_names_add(&names, name, true))
			return false;
		/* A name with escapes is still that name, but no one asks for it this way. */
		if (name.n == 2 && str_ieq(name, STR("lr")))
			u->lr = true;
		else if (name.n == 2 && str_ieq(name, STR("ob")))
			u->ob = true;
		else if (name.n == 9 && str_ieq(name, STR("transport")))
			u->transport = value.p ? value : STR("");
		else if (name.n == 5 && str_ieq(name, STR("maddr")))
			u->maddr = value.p ? value : STR("");
	}
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
		if (!sip_all_escaped(name, SIP_C_HNV) || !sip_all_escaped(header, SIP_C_HNV))
			return false;
	}
	return true;
}

/* [ userinfo ] host [ ":" port ] [ uri-parameters ] [ headers ] */
static bool read_sip(struct sip_uri *u, struct str rest)
{
	struct str info;
	if (str_cut(&rest, '@', &info)) {
		u->user = info;
		if (str_cut(&info, ':', &u->user)) {
			u->password = info;
			if (!sip_all_escaped(u->password, SIP_C_PASSWORD))
				return false;
		}
		if (!u->user.n || !sip_all_escaped(u->user, SIP_C_USER))
			return false;
	}
	if (!sip_hostport_take(&rest, false, &u->host, &u->host_is_v6, &u->port))
		return false;
	if (rest.n && rest.p[0] == ';') {
		u->params = sip_skip(rest, 1);
		const char *question = str_find(rest, '?');
		if (question)
			u->params = str_range(u->params.p, question);
		rest = sip_skip(rest, 1 + u->params.n);
		if (!read_params(u))
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
	if (str_cut(&rest, ';', &u->user))
		u->params = rest;
	return number_ok(u->user) && read_params(u);
}

/* scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) */
static bool scheme_ok(struct str scheme)
{
	if (!scheme.n || sip_lower(scheme.p[0]) < 'a' || sip_lower(scheme.p[0]) > 'z')
		return false;
	for (size_t i = 1; i < scheme.n; i++)
		if (!sip_is(scheme.p[i], SIP_C_HOST) && scheme.p[i] != '+')
			return false;
	return !str_find(scheme, '_');
}

static enum sip_scheme scheme_of(struct str name)
{
	if (name.n == 3 && str_ieq(name, STR("sip")))
		return SIP_SCHEME_SIP;
	if (name.n == 4 && str_ieq(name, STR("sips")))
		return SIP_SCHEME_SIPS;
	if (name.n == 3 && str_ieq(name, STR("tel")))
		return SIP_SCHEME_TEL;
	return SIP_SCHEME_OTHER;
}

bool sip_uri_parse(struct str text, struct sip_uri *out)
{
	*out = (struct sip_uri){ .text = text };
	struct str rest = text;
	if (!str_cut(&rest, ':', &out->scheme_name) || !scheme_ok(out->scheme_name))
		return false;
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
