/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the store's queue and its one writer: all that waits is committed together. */
#include "folder.h"
#include "clock.h"
#include "list.h"
#include "mem.h"
#include "store_private.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { TIDY_EVERY_MS = 60000, GATHER_US = 1000, GATHER_ROWS = 8 };

int store_open(const struct store_settings *s, struct store **out, char *why, size_t why_size)
{
	struct store *st = aligned_alloc(_Alignof(struct store), sizeof *st);   /* mpsc has lines of its own */
	if (!st)
		return -ENOMEM;
	memset(st, 0, sizeof *st);
	mpsc_init(&st->queue);
	st->settings = *s;
	if (st->settings.segment_ms == 0)
		st->settings.segment_ms = 900000;
	if (st->settings.retry_ms == 0)
		st->settings.retry_ms = 1000;
	st->folder = mem_alloc(strlen(s->folder) + 1);
	memcpy(st->folder, s->folder, strlen(s->folder) + 1);
	st->lock_fd = -1;
	st->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int err = st->wake_fd < 0 ? -errno : 0;
	if (err)
		snprintf(why, why_size, "the store cannot be started: %s", strerror(-err));
	else
		err = folder_lock(st->folder, &st->lock_fd, why, why_size);
	if (err) {
		store_close(st);
		return err;
	}
	*out = st;
	return 0;
}

/* --- the writer --- */
static unsigned take(struct store *st)
{
	unsigned count = 0, rows = 0;
	struct mpsc_node *node;
	while (count < BATCHES_A_COMMIT && rows < ROWS_A_COMMIT && (node = mpsc_pop(&st->queue))) {
		st->taken[count] = CONTAINER(node, struct store_batch, node);
		rows += st->taken[count++]->count;
	}
	return count;
}

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void commit(struct store *st, unsigned count)
{
	unsigned gathered = count < GATHER_ROWS ? count : GATHER_ROWS;
	st->next_us = now_us() + gathered * (GATHER_US / GATHER_ROWS);
	int err = journal_write(st, st->taken, count);
	st->client.committed(st->client.user, st->taken, count, st->settings.refuse_on_failure ? err : 0);
}

/* A commit costs the same for one row and for ten. When many come the next is not begun at once: about one a millisecond then, while
 * a row that comes alone waits for nothing. */
static void gather(struct store *st)
{
	if (now_us() < st->next_us)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
		                &(struct timespec){ st->next_us / 1000000, st->next_us % 1000000 * 1000 }, NULL);
}

/* Until there is something to do. A writer that pushes after `sleeping` was set sees it; one that
 * pushed before is seen by mpsc_ready. */
static void rest(struct store *st)
{
	int64_t wait_ms = TIDY_EVERY_MS;
	if (st->failed) {
		wait_ms = st->retry_ms - clock_ms();
		wait_ms = wait_ms < 0 ? 0 : wait_ms;
	}
	atomic_store(&st->sleeping, true);
	if (!mpsc_ready(&st->queue) && !atomic_load(&st->stop)) {
		struct pollfd p = { .fd = st->wake_fd, .events = POLLIN };
		if (poll(&p, 1, (int)wait_ms) == 0) {
			journal_ready(st);
			journal_tidy(st, clock_wall_ms());
		}
	}
	atomic_store(&st->sleeping, false);
	eventfd_t count;
	(void)eventfd_read(st->wake_fd, &count);        /* nothing to read is fine */
}

static void *writer(void *arg)
{
	struct store *st = arg;
	for (;;) {
		gather(st);
		unsigned count = take(st);
		if (count)
			commit(st, count);
		else if (atomic_load(&st->stop) && mpsc_empty(&st->queue))
			return NULL;
		else
			rest(st);
	}
}

int store_start(struct store *st, const struct store_client *client, char *why, size_t why_size)
{
	st->client = *client;
	atomic_store(&st->durable, true);
	int err = journal_begin(st);
	if (!err)
		err = -pthread_create(&st->thread, NULL, writer, st);
	if (err) {
		snprintf(why, why_size, "cannot begin a journal file in the state folder %s: %s", st->folder, strerror(-err));
		return err;
	}
	st->running = true;
	return 0;
}

void store_put(struct store *st, struct store_batch *batch)
{
	mpsc_push(&st->queue, &batch->node);
	if (atomic_load(&st->sleeping) && atomic_exchange(&st->sleeping, false))
		(void)eventfd_write(st->wake_fd, 1);    /* cannot fail: the counter is far from full */
}

int store_descriptor(const struct store *st)
{
	return st->wake_fd;
}

bool store_durable(const struct store *st)
{
	return atomic_load(&st->durable);
}

void store_close(struct store *st)
{
	if (!st)
		return;
	if (st->running) {
		atomic_store(&st->stop, true);
		(void)eventfd_write(st->wake_fd, 1);
		pthread_join(st->thread, NULL);
	}
	segment_close(st->current);
	if (st->wake_fd >= 0)
		close(st->wake_fd);
	if (st->lock_fd >= 0)
		close(st->lock_fd);
	mem_free(st->older);
	mem_free(st->folder);
	free(st);
}

void store_count(const struct store *st, struct store_counts *out)
{
	*out = (struct store_counts){
		.commits = atomic_load(&st->commits), .rows = atomic_load(&st->rows), .errors = atomic_load(&st->errors),
		.segments = atomic_load(&st->open_segments),
	};
}
