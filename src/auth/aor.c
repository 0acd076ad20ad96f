/* SPDX-License-Identifier: Apache-2.0 */
/* aor.c - from the spellings of an address to its key. */
#include "aor.h"

/* sip_uri_aor_key does the spelling of hosts; names go through its escapes, so that "a%" stays "a%". */
struct str aor_key(const struct domain *d, struct str name, struct arena *arena)
{
	struct buf user = { 0 };
	sip_escape_user(&user, name);
	struct sip_uri uri = { .scheme = SIP_SCHEME_SIP, .user = buf_str(&user), .host = d->name };
	struct addr ip;
	if (addr_parse_ip(d->name, &ip) && ip.family == AF_INET6) {
		uri.host_is_v6 = true;
		if (uri.host.p[0] == '[')
			uri.host = (struct str){ uri.host.p + 1, uri.host.n - 2 };
	}
	struct str key = sip_uri_aor_key(&uri, arena);
	buf_fini(&user);
	return key;
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
