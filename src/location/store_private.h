/* SPDX-License-Identifier: Apache-2.0 */
/* store_private.h - the store as its files see it. */
#ifndef SLUICE_STORE_PRIVATE_H
#define SLUICE_STORE_PRIVATE_H

#include "segment.h"
#include "store.h"
#include <pthread.h>
#include <stdatomic.h>

enum { BATCHES_A_COMMIT = 4096, ROWS_A_COMMIT = 8192 };

/* A segment in the folder. It goes when nothing in it matters any more. */
struct segment_info {
	uint64_t number;
	int64_t until_wall_ms;          /* the latest expiry of its rows */
	bool damaged;
	bool obsolete;                  /* a later one holds all that lived when that one began */
};

struct store {
	struct mpsc queue;
	struct store_settings settings;
	char *folder;
	int lock_fd, wake_fd;           /* -1: none */
	pthread_t thread;
	bool running;
	atomic_bool stop, sleeping, durable;

	/* The writer's own */
	struct store_client client;
	struct segment_info *older;     /* in the order in which they ended */
	unsigned count;
	uint64_t last_number;
	struct segment *current;        /* NULL: the last one failed */
	struct segment_info now;        /* of the current one */
	int64_t begun_ms;
	bool needs_snapshot;            /* the next segment must hold all that lives */
	int failed;                     /* -errno while current is NULL */
	int64_t retry_ms, retry_wait_ms;
	int64_t next_us;                /* no commit before this time */
	struct store_batch *taken[BATCHES_A_COMMIT];

	atomic_uint_fast64_t commits, rows, errors, open_segments;
};

/* --- journal.c: the row of segments; the writer's thread, or before it runs --- */
void journal_note(struct store *st, struct segment_info older);
/* The first segment. -errno: there is none, and refuse_on_failure. */
int journal_begin(struct store *st);
/* A segment to write into: the current one, or a new one when that is old, or failed a while ago. -errno: none now. */
int journal_ready(struct store *st);
int journal_write(struct store *st, struct store_batch *const *batches, unsigned count);
void journal_tidy(struct store *st, int64_t wall_ms);   /* remove segments that are obsolete or have expired */

#endif
