/* SPDX-License-Identifier: Apache-2.0 */
/* aor.h - whose address is this? One user has many spellings (aliases of the name, aliases of the domain, sip and
 * sips, escapes, parameters) and one key under which location keeps the bindings. Registrar and proxy
 * both make it here, so that what was registered is found. RFC 3261 §10.3 step 5; RG-10, RG-12. */
#ifndef SLUICE_AOR_H
#define SLUICE_AOR_H

#include "policy.h"
#include "users.h"

/* The key of user part `name` (escapes decoded, may hold NUL) at the domain: "NAME@DOMAIN", with the name and the
 * domain as the configuration spells them. The same as sip_uri_aor_key of such a URI. In the arena. */
struct str aor_key(const struct domain *d, struct str name, struct arena *arena);

enum aor_owner {
	AOR_USER,               /* *user is whose it is */
	AOR_NOBODY,             /* no such user; the key is that of the name as written, for open_registration */
	AOR_ELSEWHERE           /* no user part, another domain, or not a SIP or SIPS URI: no key */
};
/* Whose address a URI at domain d is. Copies live in the arena. */
enum aor_owner aor_find(struct users *users, const struct domain *d, const struct sip_uri *uri, struct arena *arena,
                        struct user *user, struct str *key);

#endif
