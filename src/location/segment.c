/* SPDX-License-Identifier: Apache-2.0 */
/* segment.c - one journal file in SQLite. */
#include "segment.h"
#include "mem.h"
#include "sqlite_error.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
	FORMAT = 1,                     /* user_version of the file */
	CHECKPOINT_PAGES = 1000
};

struct segment {
	sqlite3 *db;
	sqlite3_stmt *insert;
};

/* EXCLUSIVE keeps the index of the WAL in our own memory: no shared file, no mapping to fault on. */
static int open_file(const char *path, sqlite3 **out)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	int err = sqlite_error(db, rc);
	if (!err)
		err = sqlite_run(db, "PRAGMA locking_mode=EXCLUSIVE");
	if (err) {
		sqlite3_close(db);
		return err;
	}
	*out = db;
	return 0;
}

/* The checkpoint is ours, so that its failure is a failure of the commit that brought it on: SQLite by itself
 * would try again later, and a second sync may succeed without the bytes that the first one lost. */
static int after_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	(void)arg;
	return pages < CHECKPOINT_PAGES ? SQLITE_OK : sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static int prepare_tables(struct segment *s)
{
	sqlite3_wal_hook(s->db, after_commit, NULL);
	int err = sqlite_run(s->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA user_version=1;"
	                     "CREATE TABLE j(seq INTEGER, key BLOB, record BLOB, expires INTEGER)");
	_Static_assert(FORMAT == 1, "user_version above");
	if (!err)
		err = sqlite_error(s->db, sqlite3_prepare_v3(s->db, "INSERT INTO j VALUES(?,?,?,?)", -1, SQLITE_PREPARE_PERSISTENT,
		                                         &s->insert, NULL));
	return err;
}

int segment_create(const char *path, struct segment **out)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);

	struct segment *s = mem_zalloc(sizeof *s);
	int err = open_file(path, &s->db);
	if (!err)
		err = prepare_tables(s);
	if (err) {
		segment_abandon(s);
		return err;
	}
	*out = s;
	return 0;
}

int segment_begin(struct segment *s)
{
	return sqlite_run(s->db, "BEGIN");
}

int segment_add(struct segment *s, const struct store_row *row)
{
	sqlite3_bind_int64(s->insert, 1, (sqlite3_int64)row->seq);
	sqlite3_bind_blob64(s->insert, 2, row->key.p, row->key.n, SQLITE_STATIC);
	if (row->record.n)
		sqlite3_bind_blob64(s->insert, 3, row->record.p, row->record.n, SQLITE_STATIC);
	else
		sqlite3_bind_null(s->insert, 3);
	sqlite3_bind_int64(s->insert, 4, row->expires_wall_ms);
	int err = sqlite_error(s->db, sqlite3_step(s->insert));
	sqlite3_reset(s->insert);
	return err;
}

int segment_mark_complete(struct segment *s)
{
	return sqlite_run(s->db, "CREATE TABLE complete(yes INTEGER)");
}

int segment_commit(struct segment *s)
{
	return sqlite_run(s->db, "COMMIT");
}

void segment_close(struct segment *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->insert);
	sqlite3_close(s->db);
	mem_free(s);
}

void segment_abandon(struct segment *s)
{
	if (s && s->db)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	segment_close(s);
}

/* --- reading --- */

/* A sector that cannot be read is damage, as wrong bytes are. */
static int read_error(sqlite3 *db, int rc)
{
	bool unreadable = rc == SQLITE_IOERR_READ || rc == SQLITE_IOERR_SHORT_READ || rc == SQLITE_IOERR_CORRUPTFS;
	return unreadable ? -EBADMSG : sqlite_error(db, rc);
}

static int number(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return read_error(db, rc);
}

static struct str column(sqlite3_stmt *q, int at)
{
	const void *p = sqlite3_column_blob(q, at);
	return p ? (struct str){ p, (size_t)sqlite3_column_bytes(q, at) } : STR_NONE;
}

/* The rows from number *next on, which moves along. */
static int scan(sqlite3 *db, int64_t *next, void (*fn)(void *user, const struct store_row *row), void *user)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT seq, key, record, expires, rowid FROM j WHERE rowid >= ? ORDER BY rowid", -1, &q, NULL);
	sqlite3_bind_int64(q, 1, *next);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(q);
		if (rc != SQLITE_ROW)
			break;
		struct store_row row = { (uint64_t)sqlite3_column_int64(q, 0), column(q, 1), column(q, 2),
		                         sqlite3_column_int64(q, 3) };
		*next = sqlite3_column_int64(q, 4) + 1;
		fn(user, &row);
	}
	int err = read_error(db, rc);
	sqlite3_finalize(q);
	return err;
}

/* *next cannot be read: move it to one that can be. Rows have all numbers from 1 on. */
static bool skip_damage(sqlite3 *db, int64_t *next)
{
	int64_t highest = 0, found = 0;
	sqlite3_stmt *q = NULL;
	if (number(db, "SELECT max(rowid) FROM j", &highest) || sqlite3_prepare_v2(db, "SELECT 1 FROM j WHERE rowid = ?", -1, &q, NULL))
		return false;
	for (int64_t at = *next + 1; at <= highest && !found; at++) {
		sqlite3_bind_int64(q, 1, at);
		if (sqlite3_step(q) == SQLITE_ROW)
			found = at;
		sqlite3_reset(q);
	}
	sqlite3_finalize(q);
	*next = found;
	return found > 0;
}

static int read_rows(sqlite3 *db, void (*fn)(void *user, const struct store_row *row), void *user)
{
	int64_t next = 1;
	int err = scan(db, &next, fn, user);
	bool damaged = err == -EBADMSG;
	while (err == -EBADMSG && skip_damage(db, &next))
		err = scan(db, &next, fn, user);
	return damaged ? -EBADMSG : err;
}

static int read_all(sqlite3 *db, struct segment_seen *seen, void (*fn)(void *user, const struct store_row *row), void *user)
{
	int64_t version = 0, tables = 0, marks = 0;
	int err = number(db, "PRAGMA user_version", &version);
	if (!err && version > FORMAT)
		return -ENOTSUP;
	if (!err)
		err = number(db, "SELECT count(*) FROM sqlite_master WHERE name='j'", &tables);
	if (!err)
		err = number(db, "SELECT count(*) FROM sqlite_master WHERE name='complete'", &marks);
	seen->complete = marks > 0;
	/* Without the table the process ended while it made the file: empty, not damaged. */
	return err || !tables ? err : read_rows(db, fn, user);
}

int segment_read(const char *path, struct segment_seen *seen, void (*fn)(void *user, const struct store_row *row), void *user)
{
	sqlite3 *db = NULL;
	*seen = (struct segment_seen){ 0 };
	int err = open_file(path, &db);
	if (err)
		return err;
	err = read_all(db, seen, fn, user);
	if (!err)                       /* writes anew, and syncs, all that is in the WAL */
		seen->safe = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) == SQLITE_OK;
	if (!seen->safe)                /* leave it as it is, for whoever looks into it, or for the next start */
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	sqlite3_close(db);
	return err;
}
