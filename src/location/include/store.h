/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - what location needs of a durable store: files in the state folder. Nothing above this header knows how they look.
 *
 * A journal of rows (sequence, key, record): each change takes the next sequence number under the stripe lock that applied it;
 * recovery keeps the highest sequence per key; a delete is a row too, and outlives every older put. One writer
 * thread commits what has queued up together (group commit: one fdatasync). After a write or sync error a segment is closed and never
 * synced again; a new one starts with a snapshot of live memory. */
#ifndef SLUICE_STORE_H
#define SLUICE_STORE_H

#include "mpsc.h"
#include "str.h"
#include <stdbool.h>
#include <stdint.h>

struct store;
struct store_settings {
	const char *folder;             /* must exist and be writable; locked against a second process */
	int64_t segment_ms;             /* a new segment is begun this often [900000] */
	int64_t retry_ms;               /* after a failure; doubles up to 30 times as much [1000] */
	bool refuse_on_failure;         /* store.on_failure: refuse; else memory: go on, not durable, with an alarm */
};

/* A change on its way to the disk; lives in the caller until `committed` runs (on the writer's
 * thread, exactly once). Batches rows of one request so that they are committed together. */
struct store_row {
	uint64_t seq;
	struct str key;                 /* who: AOR and binding key, opaque here */
	struct str record;              /* n == 0: deleted */
	int64_t expires_wall_ms;        /* after this the row is of no use to anybody */
};
struct store_batch {
	struct mpsc_node node;
	const struct store_row *rows;
	unsigned count;
	void (*committed)(struct store_batch *self, int err);   /* 0, or -errno: nothing of it is durable */
};

/* Opens the newest state. *why says what to do when it fails (unwritable, locked, damaged beyond reading). */
int store_open(const struct store_settings *s, struct store **out, char *why, size_t why_size);
/* Every row that is live (highest seq per key, not deleted, not expired), once, before any put. A segment
 * that is damaged is reported to the log, set aside as .damaged, and what could be read is kept. -errno
 * when a segment was written by a newer sluice, or the system does not let us list or open what is there (which may pass, so
 * nothing is left out for it); *why then says what to do. */
int store_recover(struct store *st, int64_t wall_ms, void (*fn)(void *user, const struct store_row *row), void *user,
                  uint64_t *highest_seq, char *why, size_t why_size);
/* Begins a segment and starts the writer thread; when no segment can be begun (a full disk) that is an error with
 * refuse_on_failure, else a failure to go on from like any later one. `snapshot` is called, here or on that thread, when a new segment
 * must start from live memory: it puts every binding, and with that the older segments are obsolete. */
int store_start(struct store *st, void (*snapshot)(void *user, void (*put)(void *sink, const struct store_row *row), void *sink),
                void *user, char *why, size_t why_size);
/* Any thread; never waits. A batch without rows is committed after those before it. When a commit fails: with
 * refuse_on_failure each batch of it is told, the last one first, so that it finds its own change on top; else all
 * are told 0 and store_durable says false until a new segment has been started. */
void store_put(struct store *st, struct store_batch *batch);
bool store_durable(const struct store *st);                     /* false after a failure, while in memory mode */
void store_close(struct store *st);                             /* commits what is queued, joins the thread; NULL is fine */
struct store_counts {
	uint64_t commits, rows, errors, segments;
};
void store_count(const struct store *st, struct store_counts *out);

#endif
