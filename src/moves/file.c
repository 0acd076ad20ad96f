/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - rows and their revisions in SQLite. */
#include "file.h"
#include "buf.h"
#include "sqlite_error.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 5000 };        /* another process may be writing */

#define COLUMNS "key, revision, removed, old_uri, targets, origin, state, way, permanent, said_by, path, said_ms, expires_ms, hits, used_ms, last_status"
enum { KEY, REVISION, REMOVED, OLD_URI, TARGETS, ORIGIN, STATE, WAY, PERMANENT, SAID_BY, PATH, SAID, EXPIRES, HITS, USED, LAST_STATUS };

/* targets: a line "Q URI" each. */
static const char tables[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS moves(key TEXT PRIMARY KEY NOT NULL, revision INTEGER NOT NULL, removed INTEGER NOT NULL DEFAULT 0,"
	" old_uri TEXT NOT NULL, targets TEXT NOT NULL, origin INTEGER NOT NULL, state INTEGER NOT NULL, way INTEGER NOT NULL,"
	" permanent INTEGER NOT NULL, said_by TEXT NOT NULL, path TEXT NOT NULL, said_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
	" hits INTEGER NOT NULL, used_ms INTEGER NOT NULL, last_status INTEGER NOT NULL);"
	"CREATE INDEX IF NOT EXISTS moves_by_revision ON moves(revision);"
	"COMMIT;";

/* All rows of a change have the same revision, the one after the newest: file_begin has seen that, and no other can write before the end. The newest row
 * outlives file_tidy, so that revisions only grow. */
static const char put_sql[] =
	"INSERT INTO moves(" COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)"
	" ON CONFLICT(key) DO UPDATE SET revision=excluded.revision, removed=0, old_uri=excluded.old_uri, targets=excluded.targets,"
	" origin=excluded.origin, state=excluded.state, way=excluded.way, permanent=excluded.permanent, said_by=excluded.said_by,"
	" path=excluded.path, said_ms=excluded.said_ms, expires_ms=excluded.expires_ms, hits=excluded.hits, used_ms=excluded.used_ms,"
	" last_status=excluded.last_status"
	" WHERE excluded.origin = 0 OR moves.origin <> 0 OR moves.removed OR moves.expires_ms BETWEEN 1 AND excluded.said_ms";
static const char remove_sql[] = "UPDATE moves SET removed = 1, revision = ?1 WHERE key = ?2 AND NOT removed AND (?3 OR origin <> 0)";
static const char used_sql[] = "UPDATE moves SET hits = ?1, used_ms = ?2, last_status = ?3 WHERE key = ?4 AND NOT removed";

/* It says who calls whom: nobody else may read it. SQLite gives its other files the same mode. */
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

int file_open(struct file *f, const char *path)
{
	int err = make_private(path);
	if (err)
		return err;
	int rc = sqlite3_open_v2(path, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	err = sqlite_error(f->db, rc);
	if (err)
		return err;
	sqlite3_busy_timeout(f->db, BUSY_MS);
	err = sqlite_run(f->db, tables);
	if (err)
		return err;
	rc = sqlite3_prepare_v3(f->db, put_sql, -1, SQLITE_PREPARE_PERSISTENT, &f->put, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v3(f->db, remove_sql, -1, SQLITE_PREPARE_PERSISTENT, &f->remove, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v3(f->db, used_sql, -1, SQLITE_PREPARE_PERSISTENT, &f->used, NULL);
	return sqlite_error(f->db, rc);
}

void file_close(struct file *f)
{
	sqlite3_finalize(f->put);
	sqlite3_finalize(f->remove);
	sqlite3_finalize(f->used);
	sqlite3_close(f->db);
	*f = (struct file){ 0 };
}

/* --- reading --- */
static struct str column(sqlite3_stmt *q, int at)
{
	const char *p = (const char *)sqlite3_column_text(q, at);
	return (struct str){ p ? p : "", (size_t)sqlite3_column_bytes(q, at) };
}

static void read_targets(struct str lines, struct move *v)
{
	struct str line, q;
	uint32_t number;
	while (v->target_count < MOVE_TARGETS_MAX && str_cut(&lines, '\n', &line))
		if (str_cut(&line, ' ', &q) && str_u32(q, 1000, &number))
			v->targets[v->target_count++] = (struct move_target){ line, (int)number };
}

/* False: no version of ours wrote it. */
static bool read_row(sqlite3_stmt *q, struct move *v)
{
	int64_t origin = sqlite3_column_int64(q, ORIGIN), state = sqlite3_column_int64(q, STATE), way = sqlite3_column_int64(q, WAY);
	int64_t status = sqlite3_column_int64(q, LAST_STATUS);
	if (origin < 0 || origin > MOVE_DOMAIN || state < 0 || state > MOVE_WAITING || way < 0 || way > MOVE_GONE || status < 0 || status > 699)
		return false;
	v->old_uri = column(q, OLD_URI);
	v->origin = (enum move_origin)origin;
	v->state = (enum move_state)state;
	v->way = (enum move_way)way;
	v->permanent = sqlite3_column_int(q, PERMANENT) != 0;
	v->said_by = column(q, SAID_BY);
	v->path = column(q, PATH);
	v->said_wall_ms = sqlite3_column_int64(q, SAID);
	v->expires_wall_ms = sqlite3_column_int64(q, EXPIRES);
	v->hits = (uint64_t)sqlite3_column_int64(q, HITS);
	v->used_wall_ms = sqlite3_column_int64(q, USED);
	v->last_status = (unsigned)status;
	read_targets(column(q, TARGETS), v);
	return v->target_count || v->way == MOVE_GONE;
}

static int read_rows(struct file *f, file_row_fn fn, void *user)
{
	/* All of them are read in the order of the table: by way of the index that would take twice as long. */
	const char *sql = f->seen ? "SELECT " COLUMNS " FROM moves WHERE revision > ? ORDER BY revision"
	                          : "SELECT " COLUMNS " FROM moves WHERE +revision > ?";
	struct move_target targets[MOVE_TARGETS_MAX];
	sqlite3_stmt *q = NULL;
	int64_t seen = f->seen;
	int rc = sqlite3_prepare_v2(f->db, sql, -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(q, 1, f->seen);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(q);
		if (rc != SQLITE_ROW)
			break;
		struct move v = { .key = column(q, KEY), .targets = targets };
		int64_t revision = sqlite3_column_int64(q, REVISION);
		seen = revision > seen ? revision : seen;
		fn(user, &v, sqlite3_column_int(q, REMOVED) || !read_row(q, &v));
	}
	int err = sqlite_error(f->db, rc);
	sqlite3_finalize(q);
	if (!err)
		f->seen = seen;
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

int file_rows(struct file *f, file_row_fn fn, void *user)
{
	int64_t now = 0;
	int err = version(f->db, &now);         /* before the rows: what comes in between is read again */
	if (err || now == f->data_version)
		return err;
	err = read_rows(f, fn, user);
	if (!err)
		f->data_version = now;
	return err;
}

/* --- changing --- */
int file_begin(struct file *f, file_row_fn fn, void *user)
{
	int err = sqlite_run(f->db, "BEGIN IMMEDIATE");
	if (err)
		return err;
	f->stamped = false;
	err = file_rows(f, fn, user);
	return err ? file_end(f, err) : 0;
}

int file_end(struct file *f, int err)
{
	if (!err)
		err = sqlite_run(f->db, "COMMIT");
	if (!err)
		f->seen += f->stamped;
	else if (!sqlite3_get_autocommit(f->db))
		(void)sqlite_run(f->db, "ROLLBACK");    /* the first error is the one to tell */
	return err;
}

static int bind_text(sqlite3_stmt *q, int at, struct str s)
{
	return sqlite3_bind_text64(q, at, s.n ? s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8);
}

/* What was bound, unless rc says that it could not be; the statement is ready for the next. */
static int run(struct file *f, sqlite3_stmt *q, int rc)
{
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	int err = sqlite_error(f->db, rc);
	sqlite3_reset(q);
	return err;
}

/* The same; the rows that it changes get the revision of this change. */
static int run_stamped(struct file *f, sqlite3_stmt *q, int rc)
{
	int err = run(f, q, rc);
	f->stamped |= !err && sqlite3_changes(f->db) > 0;
	return err;
}

static struct str write_targets(struct buf *b, const struct move *v)
{
	for (unsigned i = 0; i < v->target_count; i++) {
		buf_u64(b, (uint64_t)v->targets[i].q);
		buf_byte(b, ' ');
		buf_add(b, v->targets[i].uri);
		buf_byte(b, '\n');
	}
	return buf_str(b);
}

int file_put(struct file *f, const struct move *v)
{
	struct buf targets = { 0 };
	const struct { int at; struct str text; } texts[] = {
		{ KEY, v->key }, { OLD_URI, v->old_uri }, { TARGETS, write_targets(&targets, v) }, { SAID_BY, v->said_by }, { PATH, v->path },
	};
	const struct { int at; int64_t number; } numbers[] = {
		{ REVISION, f->seen + 1 }, { REMOVED, 0 }, { ORIGIN, v->origin }, { STATE, v->state }, { WAY, v->way },
		{ PERMANENT, v->permanent }, { SAID, v->said_wall_ms }, { EXPIRES, v->expires_wall_ms }, { HITS, (int64_t)v->hits },
		{ USED, v->used_wall_ms }, { LAST_STATUS, v->last_status },
	};
	int rc = SQLITE_OK;
	for (unsigned i = 0; i < sizeof texts / sizeof *texts && rc == SQLITE_OK; i++)
		rc = bind_text(f->put, texts[i].at + 1, texts[i].text);
	for (unsigned i = 0; i < sizeof numbers / sizeof *numbers && rc == SQLITE_OK; i++)
		rc = sqlite3_bind_int64(f->put, numbers[i].at + 1, numbers[i].number);
	int err = run_stamped(f, f->put, rc);
	buf_fini(&targets);
	return err;
}

static int remove_row(struct file *f, struct str key, bool operators_too)
{
	int rc = sqlite3_bind_int64(f->remove, 1, f->seen + 1);
	if (rc == SQLITE_OK)
		rc = bind_text(f->remove, 2, key);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int(f->remove, 3, operators_too);
	return run_stamped(f, f->remove, rc);
}

int file_remove(struct file *f, struct str key)
{
	return remove_row(f, key, true);
}

int file_remove_learned(struct file *f, struct str key)
{
	return remove_row(f, key, false);
}

int file_forget_all(struct file *f)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(f->db, "UPDATE moves SET removed = 1, revision = ? WHERE origin <> 0 AND NOT removed", -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(q, 1, f->seen + 1);
	int err = run_stamped(f, q, rc);
	sqlite3_finalize(q);
	return err;
}

int file_used(struct file *f, const struct move *v)
{
	int rc = sqlite3_bind_int64(f->used, 1, (int64_t)v->hits);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(f->used, 2, v->used_wall_ms);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(f->used, 3, v->last_status);
	if (rc == SQLITE_OK)
		rc = bind_text(f->used, 4, v->key);
	return run(f, f->used, rc);
}

int file_tidy(struct file *f, int64_t wall_ms)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(f->db, "DELETE FROM moves WHERE (removed OR expires_ms BETWEEN 1 AND ?)"
	                            " AND revision < (SELECT max(revision) FROM moves)", -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(q, 1, wall_ms);
	int err = run(f, q, rc);
	sqlite3_finalize(q);
	return err;
}
