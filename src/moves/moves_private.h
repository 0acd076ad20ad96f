/* SPDX-License-Identifier: Apache-2.0 */
/* moves_private.h - the table, the file, and the writer that brings what is learned from one to the other.
 *
 * Whoever changes the file takes over in memory what others wrote before, in the same transaction (moves_begin): so what memory says of the
 * operator's entries is true when a change is decided. A learned entry is changed in memory first; the writer gets its key only and writes
 * what memory says then, so the order of changes does not matter. Locks: file, then learning, then a stripe. */
#ifndef SLUICE_MOVES_PRIVATE_H
#define SLUICE_MOVES_PRIVATE_H

#include "file.h"
#include "mpsc.h"
#include "table.h"
#include <pthread.h>

/* Earlier than anything expires. */
#define ALWAYS INT64_MIN

struct change {
	struct mpsc_node node;          /* first */
	struct change *next;            /* in a batch */
	size_t n;
	char key[];
};
struct writer {
	pthread_t thread;
	bool started;
	struct mpsc queue;
	atomic_size_t waiting;          /* changes that are not in the file yet */
	atomic_bool failing;
	pthread_mutex_t lock;           /* of the two below */
	pthread_cond_t wake;
	bool news, stop;
};

struct moves {
	pthread_mutex_t file_lock;
	struct file file;
	struct table *table;
	unsigned max_learned;
	pthread_mutex_t learning;       /* one at a time decides whether a new entry leads back */
	struct writer writer;
};

/* A change of the file, with what others wrote taken over. Unless it fails, moves_end must follow, which gives err or why it could not commit. */
int moves_begin(struct moves *m);
int moves_end(struct moves *m, int err);

/* Is a target of v its old address, or does it lead there by way of entries of these tables (the second may be NULL)? */
bool moves_lead_back(struct table *t, struct table *also, const struct move *v);

void writer_init(struct writer *w);
void writer_fini(struct moves *m);      /* what waits is written, or lost with a sentence in the log */
/* What the entry of this key says is to be written. `soon`: a restart must not lose it; else within half a minute. */
void writer_add(struct moves *m, struct str key, bool soon);
/* The learned entry of this key is gone. */
void writer_remove(struct moves *m, struct str key);

#endif
