/* SPDX-License-Identifier: Apache-2.0 */
/* writer.c - the thread that brings what was learned into the file, many changes in one commit.
 *
 * Its wake-up is a condition, no descriptor: those who call it may have tables of descriptors of their own. */
#include "clock.h"
#include "log.h"
#include "mem.h"
#include "moves_private.h"
#include "thread.h"
#include <errno.h>
#include <time.h>

enum {
	BATCH_MAX = 1000,               /* changes in a commit */
	CALM_S = 15,                    /* counts of use are written this often */
	RETRY_S = 1
};

void writer_init(struct writer *w)
{
	pthread_condattr_t attr;
	mpsc_init(&w->queue);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
}

static bool queue_once(void *user, struct entry *e)
{
	(void)user;
	bool fresh = !e->queued;
	e->queued = true;
	return fresh;
}

static bool unqueue(void *user, struct entry *e)
{
	(void)user;
	e->queued = false;
	return true;
}

static void wake(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->news = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

static void push(struct writer *w, struct str key)
{
	struct change *c = mem_alloc(sizeof *c + key.n);
	c->n = key.n;
	memcpy(c->key, key.p, key.n);
	atomic_fetch_add(&w->waiting, 1);
	mpsc_push(&w->queue, &c->node);
}

void writer_add(struct moves *m, struct str key, bool soon)
{
	if (!m->writer.started)
		return;
	if (table_change(m->table, key, queue_once, NULL))
		push(&m->writer, key);
	if (soon)
		wake(&m->writer);
}

void writer_remove(struct moves *m, struct str key)
{
	if (!m->writer.started)
		return;
	push(&m->writer, key);
	wake(&m->writer);
}

static void free_batch(struct writer *w, struct change *c)
{
	while (c) {
		struct change *next = c->next;
		mem_free(c);
		atomic_fetch_sub(&w->waiting, 1);
		c = next;
	}
}

static struct str key_of(const struct change *c)
{
	return (struct str){ c->key, c->n };
}

/* Oldest first. What changes from now on is queued anew. */
static struct change *next_batch(struct moves *m)
{
	struct change *first = NULL, **at = &first;
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		struct change *c = (struct change *)mpsc_pop(&m->writer.queue);
		if (!c)
			break;
		c->next = NULL;
		*at = c;
		at = &c->next;
		table_change(m->table, key_of(c), unqueue, NULL);
	}
	return first;
}

/* What memory says of this key now. */
static int write_one(struct moves *m, struct str key)
{
	char memory[2048];
	struct arena arena;
	struct move v;
	int err;
	arena_init(&arena, memory, sizeof memory);
	if (!table_find(m->table, key, ALWAYS, &arena, &v))
		err = file_remove_learned(&m->file, key);
	else if (v.origin == MOVE_OPERATOR)
		err = file_used(&m->file, &v);
	else
		err = file_put(&m->file, &v);
	arena_fini(&arena);
	return err;
}

static int write_batch(struct moves *m, const struct change *batch)
{
	int err = moves_begin(m);
	if (err)
		return err;
	for (const struct change *c = batch; c && !err; c = c->next)
		err = write_one(m, key_of(c));
	return moves_end(m, err);
}

/* Until there is news, the time is over, or the end. True: the end. */
static bool wait_for_news(struct writer *w, int seconds, bool retry)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&w->lock);
	int late = 0;
	while (!w->stop && (retry || !w->news) && late != ETIMEDOUT)
		late = pthread_cond_timedwait(&w->wake, &w->lock, &until);
	w->news = false;
	bool stop = w->stop;
	pthread_mutex_unlock(&w->lock);
	return stop;
}

static void tell(struct writer *w, int err)
{
	if (err && !atomic_exchange(&w->failing, true))
		log_write(LOG_ERROR, "moves: what was learned cannot be written (%s): it works until sluice ends, and is tried again every second; "
		          "see to the disk of the state folder", strerror(-err));
	else if (!err && atomic_exchange(&w->failing, false))
		log_write(LOG_INFO, "moves: what was learned is written again");
}

static void *write_all(void *user)
{
	struct moves *m = user;
	struct writer *w = &m->writer;
	struct change *batch = NULL;
	for (bool stop = false; !stop; ) {
		stop = wait_for_news(w, batch ? RETRY_S : CALM_S, batch != NULL);
		while (batch || (batch = next_batch(m))) {
			int err = write_batch(m, batch);
			tell(w, err);
			if (err)
				break;
			free_batch(w, batch);
			batch = NULL;
		}
	}
	unsigned lost = 0;
	for (; batch; batch = next_batch(m)) {
		for (const struct change *c = batch; c; c = c->next)
			lost++;
		free_batch(w, batch);
	}
	if (lost)
		log_write(LOG_ERROR, "moves: %u changes of learned moves are lost: they could not be written before the end", lost);
	return NULL;
}

int moves_start(struct moves *m)
{
	pthread_mutex_lock(&m->file_lock);
	int err = file_tidy(&m->file, clock_wall_ms());
	pthread_mutex_unlock(&m->file_lock);
	if (!err)
		err = thread_start(&m->writer.thread, write_all, m);
	m->writer.started = !err;
	return err;
}

void writer_fini(struct moves *m)
{
	struct writer *w = &m->writer;
	if (w->started) {
		pthread_mutex_lock(&w->lock);
		w->stop = true;
		pthread_cond_signal(&w->wake);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
	}
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
}
