/* SPDX-License-Identifier: Apache-2.0 */
/* name_addr.c - the values of From, To, Contact, Route and their kin. RFC 3261 §20.10, §25.1; RFC 8217 */
#include "sip_private.h"

/* Words of a display name without quotes. Bytes above ASCII are no tokens, but phones send them. */
static size_t words(struct str s)
{
	size_t n = 0;
	while (n < s.n && (sip_is(s.p[n], SIP_C_TOKEN | SIP_C_SPACE) || (unsigned char)s.p[n] >= 0x80))
		n++;
	return n;
}

/* [ display-name ] before "<". False: a quote that never ends, or something else behind it. */
static bool take_display(struct str *rest, struct str *display)
{
	if (rest->p[0] == '"') {
		const char *end = sip_quote_end(*rest);
		if (!end)
			return false;
		*display = str_range(rest->p, end);
		*rest = sip_skip_space(sip_skip(*rest, display->n));
		return rest->n && rest->p[0] == '<';
	}
	size_t n = words(*rest);
	if (!n || n == rest->n || rest->p[n] != '<')
		return true;
	*display = str_trim((struct str){ rest->p, n });
	*rest = sip_skip(*rest, n);
	return true;
}

/* "<" addr-spec ">", or addr-spec alone, which ends at the first ";" and may hold no "," or "?". */
static bool take_uri(struct str *rest, struct sip_addr *a)
{
	a->bracketed = rest->p[0] == '<';
	if (a->bracketed) {
		*rest = sip_skip(*rest, 1);
		return str_cut(rest, '>', &a->uri_text);
	}
	const char *end = str_find(*rest, ';');
	struct str uri = end ? str_range(rest->p, end) : *rest;
	*rest = sip_skip(*rest, uri.n);
	a->uri_text = str_trim(uri);
	return !str_find(uri, '?') && !str_find(uri, ',');
}

static void read_params(struct sip_addr *a)
{
	bool tagged = false;                    /* the first counts */
	struct sip_params it;
	struct sip_param param;
	sip_params_begin(&it, a->params);
	while (sip_params_next(&it, &param)) {
		if (tagged || !sip_word_is(param.name, STR("tag")))
			continue;
		a->tag = param.value;
		tagged = true;
	}
	a->params_fault = it.fault;
	if (tagged && !a->tag.n)                /* tag-param = "tag" EQUAL token; who answers would add a second one */
		a->params_fault = SIP_PARAMS_MALFORMED;
}

static bool read_addr(struct str rest, struct sip_addr *a)
{
	if (!rest.n)
		return false;
	a->star = rest.n == 1 && rest.p[0] == '*';
	if (a->star)
		return true;
	if (!take_display(&rest, &a->display) || !take_uri(&rest, a) || !sip_uri_read(a->uri_text, &a->uri))
		return false;
	rest = sip_skip_space(rest);
	if (!rest.n)
		return true;
	if (rest.p[0] != ';')
		return false;
	a->params = sip_skip(rest, 1);
	read_params(a);
	return true;
}

bool sip_addr_read(struct str value, struct sip_addr *out)
{
	out->text = value;
	if (read_addr(value, out))
		return true;
	*out = (struct sip_addr){ 0 };
	return false;
}

bool sip_addr_parse(struct str value, struct sip_addr *out)
{
	*out = (struct sip_addr){ 0 };
	return sip_addr_read(str_trim(value), out);
}

static bool is_text_of(const struct sip_addr *read, struct str value)
{
	return read && read->text.p == value.p && read->text.n == value.n;
}

bool sip_addr_of(const struct sip_msg *m, struct str value, struct sip_addr *out)
{
	const struct sip_addr *read = is_text_of(m->contact, value) ? m->contact : is_text_of(m->route, value) ? m->route : NULL;
	if (!read)
		return sip_addr_parse(value, out);
	*out = *read;
	return true;
}
