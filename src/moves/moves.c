/* SPDX-License-Identifier: Apache-2.0 */
/* moves.c - opening the file, look-ups, and taking over what other processes wrote. */
#include "mem.h"
#include "moves_private.h"
#include <errno.h>
#include <stdio.h>

struct reading {
	struct moves *m;
	int64_t wall_ms;
};

static void take_over(void *user, const struct move *v, bool removed)
{
	struct reading *r = user;
	if (removed || (v->expires_wall_ms && v->expires_wall_ms <= r->wall_ms))
		table_remove(r->m->table, v->key, NULL);
	else
		table_put(r->m->table, v);
}

static int open_and_read(struct moves *m, const char *path, int64_t wall_ms)
{
	struct reading r = { m, wall_ms };
	int err = file_open(&m->file, path);
	return err ? err : file_rows(&m->file, take_over, &r);
}

int moves_open(const struct moves_settings *s, int64_t wall_ms, struct moves **out, char *why, size_t why_size)
{
	struct moves *m = mem_zalloc(sizeof *m);
	pthread_mutex_init(&m->file_lock, NULL);
	pthread_mutex_init(&m->learning, NULL);
	m->table = table_new();
	m->max_learned = s->max_learned ? s->max_learned : 100000;
	writer_init(&m->writer);
	int err = open_and_read(m, s->path, wall_ms);
	if (err == -EBADMSG)
		snprintf(why, why_size, "%s is damaged or not a file of moves: put a copy back, or move it away and add the moves again", s->path);
	else if (err)
		snprintf(why, why_size, "cannot use the file of moves %s (%s): its folder must exist and both be writable by the user that "
		         "runs sluice", s->path, strerror(-err));
	if (err) {
		moves_close(m);
		return err;
	}
	*out = m;
	return 0;
}

void moves_close(struct moves *m)
{
	if (!m)
		return;
	writer_fini(m);
	file_close(&m->file);
	table_free(m->table);
	pthread_mutex_destroy(&m->file_lock);
	pthread_mutex_destroy(&m->learning);
	mem_free(m);
}

int moves_begin(struct moves *m)
{
	struct reading r = { m, ALWAYS };
	pthread_mutex_lock(&m->file_lock);
	int err = file_begin(&m->file, take_over, &r);
	if (err)
		pthread_mutex_unlock(&m->file_lock);
	return err;
}

int moves_end(struct moves *m, int err)
{
	err = file_end(&m->file, err);
	pthread_mutex_unlock(&m->file_lock);
	return err;
}

int moves_reload(struct moves *m, int64_t wall_ms)
{
	struct reading r = { m, wall_ms };
	pthread_mutex_lock(&m->file_lock);
	int err = file_rows(&m->file, take_over, &r);
	pthread_mutex_unlock(&m->file_lock);
	return err;
}

static bool has_expired(const struct entry *e, int64_t wall_ms)
{
	return entry_expired(e, wall_ms);
}

unsigned moves_expire(struct moves *m, int64_t wall_ms, unsigned at_most)
{
	return (unsigned)table_sweep(m->table, has_expired, wall_ms, at_most);
}

/* --- look-ups --- */
bool moves_any(const struct moves *m)
{
	return atomic_load_explicit(&table_counts(m->table)->entries, memory_order_relaxed) != 0;
}

bool moves_find(struct moves *m, struct str key, int64_t wall_ms, struct arena *arena, struct move *out)
{
	return table_find(m->table, key, wall_ms, arena, out);
}

void moves_each(struct moves *m, struct str key, int64_t wall_ms, void (*fn)(void *user, const struct move *v), void *user)
{
	if (!key.p) {
		table_each(m->table, wall_ms, fn, user);
		return;
	}
	struct arena arena;
	struct move v;
	arena_init(&arena, NULL, 0);
	if (table_find(m->table, key, wall_ms, &arena, &v))
		fn(user, &v);
	arena_fini(&arena);
}

void moves_count(struct moves *m, struct moves_counts *out)
{
	const struct table_counts *c = table_counts(m->table);
	*out = (struct moves_counts){ .entries = c->entries, .learned = c->learned, .waiting = c->waiting, .durable = !m->writer.failing };
}
