/* SPDX-License-Identifier: Apache-2.0 */
/* aor.c - from the spellings of an address to its key. */
#include "aor.h"

struct str aor_key(const struct domain *d, struct str name, struct arena *arena)
{
	struct str host = policy_domain_key(d, arena);
	char *text = arena_alloc(arena, name.n + 1 + host.n), *p = text;
	p = mempcpy(p, name.p, name.n);
	*p++ = '@';
	p = mempcpy(p, host.p, host.n);
	return str_range(text, p);
}

enum aor_owner aor_find(struct users *users, const struct domain *d, const struct sip_uri *uri, struct arena *arena,
                        struct user *user, struct str *key)
{
	struct str name;
	if ((uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS) || uri->user.n == 0 ||
	    !policy_domain_has(d, uri->host) || !sip_unescape(uri->user, arena, &name))
		return AOR_ELSEWHERE;
	if (users_find(users, name, d->name, arena, user)) {
		*key = aor_key(d, user->name, arena);
		return AOR_USER;
	}
	*key = aor_key(d, name, arena);
	return AOR_NOBODY;
}
