/* SPDX-License-Identifier: Apache-2.0 */
/* users_table.h - all users at one moment: never changed, counted, found by name or alias. */
#ifndef SLUICE_USERS_TABLE_H
#define SLUICE_USERS_TABLE_H

#include "users.h"
#include "hash.h"
#include <stdatomic.h>

struct users_table {
	atomic_uint refs;
	struct arena arena;             /* everything below, and the strings */
	struct hash_key key;
	struct user *list;              /* by domain, name */
	unsigned count, room;
	struct users_slot {
		uint64_t hash;
		uint32_t user;          /* index + 1; 0: free */
		struct str name;
	} *slots;
	size_t mask;
};

struct users_table *users_table_new(void);
/* While it is built: users in order, an alias after its user. Copies. */
void users_table_add(struct users_table *t, struct str name, struct str domain, struct str ha1_md5, struct str ha1_sha256);
void users_table_alias(struct users_table *t, struct str alias);        /* of the user added last */
void users_table_seal(struct users_table *t);                           /* from now on it can be searched */

struct users_table *users_table_ref(struct users_table *t);
void users_table_unref(struct users_table *t);                          /* NULL is fine */
/* domain in any case; NULL: nobody. */
const struct user *users_table_find(const struct users_table *t, struct str name, struct str domain);

#endif
