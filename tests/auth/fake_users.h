/* SPDX-License-Identifier: Apache-2.0 */
/* fake_users.h - a users_find over a table, in place of location's. */
#ifndef SLUICE_TESTS_AUTH_FAKE_USERS_H
#define SLUICE_TESTS_AUTH_FAKE_USERS_H

#include "users.h"

struct users {
	const struct user *list;
	unsigned count;
	unsigned asked;
};

bool users_find(struct users *u, struct str name, struct str domain, struct arena *arena, struct user *out)
{
	(void)arena;
	u->asked++;
	for (unsigned i = 0; i < u->count; i++) {
		const struct user *e = &u->list[i];
		bool is = str_eq(e->name, name);
		for (unsigned j = 0; j < e->alias_count; j++)
			is |= str_eq(e->aliases[j], name);
		if (is && str_eq(e->domain, domain)) {
			*out = *e;
			return true;
		}
	}
	return false;
}

#endif
