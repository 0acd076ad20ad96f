/* SPDX-License-Identifier: Apache-2.0 */
/* instance.c - the one spelling of an instance-id.
 *
 * Instance-ids are URNs and equal when they are lexically equal as such (RFC 5626 §4.1): "urn", the
 * namespace and the digits of escapes have no case (RFC 2141 §5); a UUID has none at all (RFC 4122 §3). */
#include "location.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool has_capital(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	return false;
}

struct str location_instance(struct str instance, struct arena *arena)
{
	if (!has_capital(instance) || !str_istarts(instance, STR("urn:")))
		return instance;

	bool uuid = str_istarts(instance, STR("urn:uuid:"));
	unsigned colons = 0, escape = 0;        /* escape: hex digits of a %HH still to come */
	char *out = arena_alloc(arena, instance.n);
	for (size_t i = 0; i < instance.n; i++) {
		char c = instance.p[i];
		out[i] = uuid || colons < 2 || escape ? lower(c) : c;
		if (escape)
			escape--;
		if (c == '%')
			escape = 2;
		if (c == ':')
			colons++;
	}
	return (struct str){ out, instance.n };
}

struct str location_instance_of(struct str value, struct arena *arena)
{
	struct str s = str_trim(sip_unquote(value, arena));
	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = (struct str){ s.p + 1, s.n - 2 };
	return location_instance(s, arena);
}
