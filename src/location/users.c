/* SPDX-License-Identifier: Apache-2.0 */
/* users.c - the file of users, and the snapshot of it that look-ups read. */
#include "users.h"
#include "mem.h"
#include "sqlite_error.h"
#include "users_table.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 5000 };        /* another process may be writing */

struct users {
	pthread_mutex_t file;           /* one at a time uses db */
	sqlite3 *db;
	int64_t data_version;           /* of what the snapshot was read from */
	pthread_mutex_t swap;           /* held for a pointer and a count only */
	struct users_table *now;
};

/* Run one statement with text parameters; *changed (may be NULL) rows were touched. */
static int change(sqlite3 *db, const char *sql, const struct str *values, int count, int *changed)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
	for (int i = 0; i < count && rc == SQLITE_OK; i++)
		rc = sqlite3_bind_text64(q, i + 1, values[i].n ? values[i].p : "", values[i].n, SQLITE_STATIC, SQLITE_UTF8);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	if (changed)
		*changed = sqlite3_changes(db);
	int err = sqlite_error(db, rc);
	sqlite3_finalize(q);
	return err;
}

static struct str column(sqlite3_stmt *q, int at)
{
	const char *p = (const char *)sqlite3_column_text(q, at);
	return (struct str){ p ? p : "", (size_t)sqlite3_column_bytes(q, at) };
}

/* --- reading all --- */
static int read_users(sqlite3 *db, struct users_table *t)
{
	sqlite3_stmt *users = NULL, *aliases = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT name, domain, ha1_md5, ha1_sha256 FROM users ORDER BY domain, name", -1, &users,
	                            NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, "SELECT name, domain, alias FROM aliases ORDER BY domain, name, alias", -1, &aliases,
		                        NULL);
	/* Both come in the same order: one walk along the two. */
	int more = rc == SQLITE_OK ? sqlite3_step(aliases) : rc;
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(users);
		if (rc != SQLITE_ROW)
			break;
		struct str name = column(users, 0), domain = column(users, 1);
		users_table_add(t, name, domain, column(users, 2), column(users, 3));
		while (more == SQLITE_ROW && str_eq(column(aliases, 1), domain) && str_eq(column(aliases, 0), name)) {
			users_table_alias(t, column(aliases, 2));
			more = sqlite3_step(aliases);
		}
	}
	int err = sqlite_error(db, rc);
	if (!err)
		err = sqlite_error(db, more);
	sqlite3_finalize(users);
	sqlite3_finalize(aliases);
	return err;
}

static int version(sqlite3 *db, int64_t *out)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA data_version", -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return sqlite_error(db, rc);
}

/* With u->file held. One read transaction, so that users and aliases belong together. */
static int read_again(struct users *u)
{
	struct users_table *fresh = users_table_new();
	int64_t seen = 0;
	int err = sqlite_run(u->db, "BEGIN");
	if (!err) {
		err = read_users(u->db, fresh);
		if (!err)
			err = version(u->db, &seen);
		int end = sqlite_run(u->db, "COMMIT");
		err = err ? err : end;
	}
	if (err) {
		users_table_unref(fresh);
		return err;
	}
	users_table_seal(fresh);
	u->data_version = seen;
	pthread_mutex_lock(&u->swap);
	struct users_table *old = u->now;
	u->now = fresh;
	pthread_mutex_unlock(&u->swap);
	users_table_unref(old);
	return 0;
}

static struct users_table *current(struct users *u)
{
	pthread_mutex_lock(&u->swap);
	struct users_table *t = users_table_ref(u->now);
	pthread_mutex_unlock(&u->swap);
	return t;
}

/* --- the file --- */

/* Password hashes are in it: nobody else may read it. SQLite gives its other files the same mode. */
static int make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	struct stat st;
	int err = fstat(fd, &st) || ((st.st_mode & 077) && fchmod(fd, 0600)) ? -errno : 0;
	close(fd);
	return err;
}

/* domain is kept in lower case, name and alias as they are; text compares byte by byte. A name can be
 * spelled only once in a domain, be it a user's or an alias: the triggers see to what two tables cannot. */
static const char tables[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS users(domain TEXT NOT NULL, name TEXT NOT NULL, ha1_md5 TEXT NOT NULL,"
	" ha1_sha256 TEXT NOT NULL, PRIMARY KEY(domain, name)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS aliases(domain TEXT NOT NULL, alias TEXT NOT NULL, name TEXT NOT NULL,"
	" PRIMARY KEY(domain, alias), FOREIGN KEY(domain, name) REFERENCES users(domain, name) ON DELETE CASCADE) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS aliases_of ON aliases(domain, name);"
	"CREATE TRIGGER IF NOT EXISTS no_user_like_an_alias BEFORE INSERT ON users"
	" WHEN EXISTS(SELECT 1 FROM aliases WHERE domain = NEW.domain AND alias = NEW.name)"
	" BEGIN SELECT RAISE(ABORT, 'taken by an alias'); END;"
	"CREATE TRIGGER IF NOT EXISTS no_alias_like_a_user BEFORE INSERT ON aliases"
	" WHEN EXISTS(SELECT 1 FROM users WHERE domain = NEW.domain AND name = NEW.alias)"
	" BEGIN SELECT RAISE(ABORT, 'taken by a user'); END;"
	"COMMIT";

static int open_file(struct users *u, const char *path)
{
	int err = make_private(path);
	if (err)
		return err;
	int rc = sqlite3_open_v2(path, &u->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	err = sqlite_error(u->db, rc);
	if (!err) {
		sqlite3_busy_timeout(u->db, BUSY_MS);
		err = sqlite_run(u->db, tables);
	}
	return err ? err : read_again(u);
}

int users_open(const char *path, struct users **out, char *why, size_t why_size)
{
	struct users *u = mem_zalloc(sizeof *u);
	pthread_mutex_init(&u->file, NULL);
	pthread_mutex_init(&u->swap, NULL);
	int err = open_file(u, path);
	if (err == -EBADMSG)
		snprintf(why, why_size, "%s is damaged or not a file of users: put a copy back, or move it away and add the users again",
		         path);
	else if (err)
		snprintf(why, why_size, "cannot use the file of users %s (%s): its folder must exist and both be writable by the "
		         "user that runs sluice", path, strerror(-err));
	if (err) {
		users_close(u);
		return err;
	}
	*out = u;
	return 0;
}

void users_close(struct users *u)
{
	if (!u)
		return;
	sqlite3_close(u->db);
	users_table_unref(u->now);
	pthread_mutex_destroy(&u->file);
	pthread_mutex_destroy(&u->swap);
	mem_free(u);
}

int users_reload(struct users *u)
{
	int64_t seen = 0;
	pthread_mutex_lock(&u->file);
	int err = version(u->db, &seen);
	if (!err && seen != u->data_version)
		err = read_again(u);
	pthread_mutex_unlock(&u->file);
	return err;
}

/* --- changes --- */
static struct str lower(struct str s, struct arena *arena)
{
	char *out = arena_alloc(arena, s.n);
	for (size_t i = 0; i < s.n; i++)
		out[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
	return (struct str){ out, s.n };
}

static int insert_aliases(sqlite3 *db, const struct user *user, struct str domain)
{
	int err = 0;
	for (unsigned i = 0; i < user->alias_count && !err; i++)
		err = change(db, "INSERT INTO aliases(domain, alias, name) VALUES(?,?,?)",
		             (struct str[]){ domain, user->aliases[i], user->name }, 3, NULL);
	return err;
}

static int insert(sqlite3 *db, const struct user *user, struct str domain)
{
	int err = change(db, "INSERT INTO users(domain, name, ha1_md5, ha1_sha256) VALUES(?,?,?,?)",
	                 (struct str[]){ domain, user->name, user->ha1_md5, user->ha1_sha256 }, 4, NULL);
	return err ? err : insert_aliases(db, user, domain);
}

static int replace(sqlite3 *db, const struct user *user, struct str domain)
{
	int changed = 0;
	int err = change(db, "UPDATE users SET ha1_md5 = ?, ha1_sha256 = ? WHERE domain = ? AND name = ?",
	                 (struct str[]){ user->ha1_md5, user->ha1_sha256, domain, user->name }, 4, &changed);
	if (!err && !changed)
		return -ENOENT;
	if (!err)
		err = change(db, "DELETE FROM aliases WHERE domain = ? AND name = ?", (struct str[]){ domain, user->name }, 2, NULL);
	return err ? err : insert_aliases(db, user, domain);
}

static int delete(sqlite3 *db, const struct user *user, struct str domain)
{
	int changed = 0;
	int err = change(db, "DELETE FROM users WHERE domain = ? AND name = ?", (struct str[]){ domain, user->name }, 2, &changed);
	return !err && !changed ? -ENOENT : err;
}

/* All of the list in one commit, or nothing. */
static int edit(struct users *u, int (*one)(sqlite3 *, const struct user *, struct str domain), const struct user *list,
                unsigned count, unsigned *bad)
{
	struct arena arena;
	arena_init(&arena, NULL, 0);
	pthread_mutex_lock(&u->file);
	int err = sqlite_run(u->db, "BEGIN IMMEDIATE");
	if (!err) {
		for (unsigned i = 0; i < count && !err; i++) {
			if (bad)
				*bad = i;
			err = one(u->db, &list[i], lower(list[i].domain, &arena));
		}
		if (!err)
			err = sqlite_run(u->db, "COMMIT");
		if (err && !sqlite3_get_autocommit(u->db))
			(void)sqlite_run(u->db, "ROLLBACK");   /* the first error is the one to tell */
	}
	if (!err)
		err = read_again(u);
	pthread_mutex_unlock(&u->file);
	arena_fini(&arena);
	return err;
}

int users_add(struct users *u, const struct user *user)
{
	return edit(u, insert, user, 1, NULL);
}

int users_set(struct users *u, const struct user *user)
{
	return edit(u, replace, user, 1, NULL);
}

int users_remove(struct users *u, struct str name, struct str domain)
{
	return edit(u, delete, &(struct user){ .name = name, .domain = domain }, 1, NULL);
}

int users_add_many(struct users *u, const struct user *list, unsigned count, unsigned *bad)
{
	return edit(u, insert, list, count, bad);
}

/* --- look-ups --- */
bool users_find(struct users *u, struct str name, struct str domain, struct arena *arena, struct user *out)
{
	struct users_table *t = current(u);
	const struct user *found = users_table_find(t, name, domain);
	if (found) {
		*out = (struct user){
			.name = arena_str(arena, found->name), .domain = arena_str(arena, found->domain),
			.ha1_md5 = arena_str(arena, found->ha1_md5), .ha1_sha256 = arena_str(arena, found->ha1_sha256),
			.aliases = arena_array(arena, found->alias_count, sizeof(struct str)), .alias_count = found->alias_count,
		};
		for (unsigned i = 0; i < found->alias_count; i++)
			out->aliases[i] = arena_str(arena, found->aliases[i]);
	}
	users_table_unref(t);
	return found != NULL;
}

void users_each(struct users *u, void (*fn)(void *user, const struct user *entry), void *user)
{
	struct users_table *t = current(u);
	for (unsigned i = 0; i < t->count; i++)
		fn(user, &t->list[i]);
	users_table_unref(t);
}

unsigned users_count(struct users *u)
{
	struct users_table *t = current(u);
	unsigned count = t->count;
	users_table_unref(t);
	return count;
}
