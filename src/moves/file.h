/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - the moves on the disk: one row a key, with the revision of the change that wrote it. A removed move leaves its row, so that who
 * reads what is new hears of it. Not thread-safe, and one table of descriptors: SQLite's locks belong to it. */
#ifndef SLUICE_MOVES_FILE_H
#define SLUICE_MOVES_FILE_H

#include "moves.h"
#include <sqlite3.h>

struct file {
	sqlite3 *db;
	int64_t seen;                   /* the newest revision that was read or written */
	int64_t data_version;           /* SQLite's, when it was read */
	sqlite3_stmt *put, *remove, *used;
	bool stamped;                   /* the change under way has given a row the next revision */
};
/* A row: `removed` ones have a key only. */
typedef void (*file_row_fn)(void *user, const struct move *v, bool removed);

/* -errno; the file may be half open: file_close takes it. */
int file_open(struct file *f, const char *path);
void file_close(struct file *f);
/* The rows past `seen`, which goes on; cheap when another process wrote nothing. On an error what has been given stays given, and comes again. */
int file_rows(struct file *f, file_row_fn fn, void *user);

/* A change: first what others wrote is read (file_rows's fn), so that what it is decided by is in memory; then rows; then the end, which commits when
 * err is 0, and gives err or why that failed. */
int file_begin(struct file *f, file_row_fn fn, void *user);
int file_end(struct file *f, int err);
/* In between. A learned move is not put in place of one of the operator's. */
int file_put(struct file *f, const struct move *v);
int file_remove(struct file *f, struct str key);        /* no row: nothing */
int file_remove_learned(struct file *f, struct str key);
int file_forget_all(struct file *f);                    /* all learned ones */
int file_used(struct file *f, const struct move *v);    /* what stands in v about its use; no other process needs to hear of it */
int file_tidy(struct file *f, int64_t wall_ms);         /* by itself: drop the rows of removed and expired moves */

#endif
