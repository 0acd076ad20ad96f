/* SPDX-License-Identifier: Apache-2.0 */
/* users.h - who may register and call: name, domain, HA1 per algorithm, aliases. In ordinary tables
 * beside the journal; the whole table is held in memory and replaced at once by users_reload, so look-ups
 * take no lock that a reload holds long. Passwords are never stored. */
#ifndef SLUICE_USERS_H
#define SLUICE_USERS_H

#include "arena.h"
#include "str.h"
#include <stdint.h>

struct users;
struct user {
	struct str name, domain;        /* name: the digest user name and the user part of the AOR, unescaped */
	struct str ha1_md5, ha1_sha256; /* hex, over name:domain:password (the realm is the domain) */
	struct str *aliases;            /* other user parts of the same domain that are this user */
	unsigned alias_count;
};

/* --- the file; any process (the server's own and `sluice user`), SQLite with WAL --- */
int users_open(const char *path, struct users **out, char *why, size_t why_size);       /* makes the file and table; -errno */
void users_close(struct users *u);
/* Read the table again if another process has changed it (cheap when not: call it as often as a second);
 * -errno keeps the old one. */
int users_reload(struct users *u);
/* -EEXIST: there already, or one of its names is another's (name or alias); -ENOENT: no such user (set, remove). Changes are durable when they return
 * and are seen by look-ups of this object at once. */
int users_add(struct users *u, const struct user *user);
int users_set(struct users *u, const struct user *user);
int users_remove(struct users *u, struct str name, struct str domain);
/* Many at once, in one commit (bulk provisioning). Stops at the first that fails: nothing is added then. */
int users_add_many(struct users *u, const struct user *list, unsigned count, unsigned *bad);

/* --- look-ups: any thread; copied into the arena --- */
bool users_find(struct users *u, struct str name, struct str domain, struct arena *arena, struct user *out);    /* by name or alias */
void users_each(struct users *u, void (*fn)(void *user, const struct user *entry), void *user);         /* by domain, name */
unsigned users_count(struct users *u);

#endif
