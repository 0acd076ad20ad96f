/* SPDX-License-Identifier: Apache-2.0 */
/* redirect.c - the Contact values of a 3xx as targets. RFC 3261 §8.1.3.4, §19.1.5, §20.10 */
#include "sip_private.h"
#include "sip_redirect.h"

#define LIFETIME_UNREADABLE 3600        /* RFC 3261 §20.10 (RD-08) */

struct str sip_uri_as_ruri(struct str text, const struct sip_uri *uri, struct arena *arena)
{
	struct str rest = uri->params;
	struct sip_param param;
	if (uri->headers.p)
		text = str_range(text.p, uri->headers.p - 1);
	if (!uri->params.p || !sip_uri_param(uri, STR("method"), NULL))
		return text;
	char *out = arena_alloc(arena, text.n);
	size_t n = (size_t)(uri->params.p - 1 - text.p);
	memcpy(out, text.p, n);
	while (sip_param_next(&rest, &param)) {
		if (sip_uri_part_equal(param.name, STR("method"), true))
			continue;
		struct str whole = param.value.p ? str_range(param.name.p, param.value.p + param.value.n) : param.name;
		out[n++] = ';';
		memcpy(out + n, whole.p, whole.n);
		n += whole.n;
	}
	return (struct str){ out, n };
}

/* Expires, for values without a lifetime of their own. */
static uint32_t common_lifetime(const struct sip_msg *m)
{
	uint32_t seconds = LIFETIME_UNREADABLE;
	if (!sip_first(m, SIP_H_EXPIRES))
		return SIP_LIFETIME_NONE;
	return sip_number(m, SIP_H_EXPIRES, &seconds) && seconds < SIP_LIFETIME_NONE ? seconds : LIFETIME_UNREADABLE;
}

/* False: malformed. */
static bool read_target(const struct sip_msg *m, struct str value, uint32_t common, struct arena *arena, struct sip_redirect_target *out)
{
	struct sip_addr addr;
	struct str text;
	*out = (struct sip_redirect_target){ .value = value, .q = 1000, .lifetime_s = common };
	if (!sip_addr_of(m, value, &addr) || addr.star || addr.params_fault != SIP_PARAMS_FINE)
		return false;
	if (sip_param_find(addr.params, STR("q"), &text) && (out->q = sip_q(text)) < 0)
		return false;
	if (sip_param_find(addr.params, STR("expires"), &text) && !str_u32(text, SIP_LIFETIME_NONE - 1, &out->lifetime_s))
		out->lifetime_s = LIFETIME_UNREADABLE;
	out->params = addr.params;
	out->headers = addr.uri.headers;
	out->uri_text = sip_uri_as_ruri(addr.uri_text, &addr.uri, arena);
	return sip_uri_parse(out->uri_text, &out->uri);
}

unsigned sip_redirect_targets(const struct sip_msg *m, unsigned most, struct arena *arena, struct sip_redirect_target **out,
                              unsigned *malformed)
{
	struct sip_values it;
	struct str value;
	struct sip_redirect_target *list = arena_array(arena, most, sizeof *list), fresh;
	unsigned count = 0, bad = 0;
	uint32_t common = common_lifetime(m);
	sip_values_begin(&it, m, SIP_H_CONTACT);
	while (most && sip_values_next(&it, &value)) {
		if (!read_target(m, value, common, arena, &fresh)) {
			bad++;
			continue;
		}
		/* Each goes behind those of equal q; the last falls off when there is no room. */
		unsigned at = count;
		while (at && list[at - 1].q < fresh.q)
			at--;
		if (at == most)
			continue;
		count += count < most;
		memmove(&list[at + 1], &list[at], (count - 1 - at) * sizeof *list);
		list[at] = fresh;
	}
	*out = list;
	if (malformed)
		*malformed = bad;
	return count;
}
