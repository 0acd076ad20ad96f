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

struct store_row {
	uint64_t seq;
	struct str key;                 /* who: AOR and binding key, opaque here */
	struct str record;              /* n == 0: deleted */
	int64_t expires_wall_ms;        /* after this the row is of no use to anybody */
};
/* A change on its way to the disk: the rows of one request, which are committed together. Lives in the caller until it is
 * among those that store_client.committed is given. */
struct store_batch {
	struct mpsc_node node;
	const struct store_row *rows;
	unsigned count;
};
struct store_client {
	void *user;
	/* Here or on the writer's thread, when a new segment must start from live memory: puts every binding, and with that the
	 * older segments are obsolete. */
	void (*snapshot)(void *user, void (*put)(void *sink, const struct store_row *row), void *sink);
	/* On the writer's thread, once a commit: these, oldest first, are durable (0), or nothing of them is (-errno; only with
	 * refuse_on_failure, else 0 is said while store_durable says false). */
	void (*committed)(void *user, struct store_batch *const *batches, unsigned count, int err);
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
 * refuse_on_failure, else a failure to go on from like any later one. */
int store_start(struct store *st, const struct store_client *client, char *why, size_t why_size);
/* What a thread must keep that gets a table of descriptors of its own, in order to put. */
int store_descriptor(const struct store *st);
/* Any thread; never waits. A batch without rows is committed after those before it. */
void store_put(struct store *st, struct store_batch *batch);
bool store_durable(const struct store *st);                     /* false after a failure, while in memory mode */
void store_close(struct store *st);                             /* commits what is queued, joins the thread; NULL is fine */
struct store_counts {
	uint64_t commits, rows, errors, segments;
};
void store_count(const struct store *st, struct store_counts *out);

#endif
