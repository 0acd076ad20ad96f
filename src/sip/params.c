/* SPDX-License-Identifier: Apache-2.0 */
/* params.c - the parameters of header values, and which names were there before. RFC 3261 §7.3.1, §25.1 */
#include "sip_private.h"

static bool seen_before(const struct sip_names *names, struct str name, bool escaped)
{
	for (unsigned i = 0; i < names->count; i++)
		if (escaped ? sip_uri_part_equal(names->seen[i], name, true) : str_ieq(names->seen[i], name))
			return true;
	return false;
}

bool sip_names_add(struct sip_names *names, struct str name, bool escaped)
{
	/* The same for all cases of a letter. */
	unsigned first = (unsigned char)name.p[0] | 32U, last = (unsigned char)name.p[name.n - 1] | 32U;
	uint64_t bit = UINT64_C(1) << ((5 * name.n + 3 * first + last) & 63);
	if ((names->hashes & bit) && seen_before(names, name, escaped))
		return false;
	if (names->count == SIP_PARAMS_MAX)
		return false;
	names->hashes |= bit;
	names->seen[names->count++] = name;
	return true;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && sip_is(*p, SIP_C_SPACE))
		p++;
	return p;
}

static const char *find_or_end(const char *p, const char *end, char c)
{
	const char *at = p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
	return at ? at : end;
}

static struct str without_spaces_behind(const char *p, const char *end)
{
	while (end > p && sip_is(end[-1], SIP_C_SPACE))
		end--;
	return str_range(p, end);
}

/* What stands behind a name's token: white space, or what makes it no token. */
static const char *name_end(const char *p, const char *end, struct sip_param *out)
{
	p = skip_space(p, end);
	if (p == end || *p == ';' || *p == '=')
		return p;
	out->fit = false;
	while (p < end && *p != ';' && *p != '=')
		p++;
	out->name = without_spaces_behind(out->name.p, p);
	return p;
}

/* The value behind "="; where it ends. */
static const char *take_value(const char *p, const char *end, struct sip_param *out)
{
	p = skip_space(p, end);
	const char *start = p, *close = NULL;
	bool quoted = p < end && *p == '"';
	if (quoted) {
		close = sip_quote_end(str_range(p, end));
		p = close ? close : end;
	}
	p = find_or_end(p, end, ';');
	out->value = without_spaces_behind(start, p);
	out->fit &= quoted ? out->value.p + out->value.n == close : !str_find(out->value, '"');
	return p;
}

static inline bool take_param(struct str *rest, struct sip_param *out)
{
	const char *end = rest->p + rest->n, *p = skip_space(rest->p, end);
	if (p == end)
		return false;
	if (*p == ';')
		p = skip_space(p + 1, end);
	out->name.p = p;
	while (p < end && sip_is(*p, SIP_C_TOKEN))
		p++;
	out->name.n = (size_t)(p - out->name.p);
	out->value = STR_NONE;
	out->fit = true;
	if (p < end && *p != ';' && *p != '=')
		p = name_end(p, end, out);
	if (p < end && *p == '=')
		p = take_value(p + 1, end, out);
	out->fit &= out->name.n > 0;
	*rest = str_range(p, end);
	return true;
}

bool sip_param_next(struct str *rest, struct sip_param *out)
{
	return rest->n && take_param(rest, out);
}

void sip_params_begin(struct sip_params *it, struct str params)
{
	it->rest = sip_skip_space(params);
	it->fault = !it->rest.n || it->rest.p[0] == ';' ? SIP_PARAMS_EMPTY : SIP_PARAMS_FINE;
	it->names.hashes = 0;
	it->names.count = 0;
}

bool sip_params_next(struct sip_params *it, struct sip_param *out)
{
	if (!it->rest.n || !take_param(&it->rest, out))
		return false;
	if (it->fault > SIP_PARAMS_EMPTY)
		return true;                    /* the first fault is the one that is told */
	if (!out->name.n && !out->value.p)
		it->fault = SIP_PARAMS_EMPTY;
	else if (!out->fit)
		it->fault = SIP_PARAMS_MALFORMED;
	else if (!sip_names_add(&it->names, out->name, false))
		it->fault = SIP_PARAMS_TWICE;
	return true;
}

bool sip_param_find(struct str params, struct str name, struct str *value)
{
	struct sip_param param;
	while (sip_param_next(&params, &param)) {
		if (!str_ieq(param.name, name))
			continue;
		if (value)
			*value = param.value;
		return true;
	}
	return false;
}
