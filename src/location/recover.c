/* SPDX-License-Identifier: Apache-2.0 */
/* recover.c - what the segments say together: of each key the row with the highest sequence number. */
#include "folder.h"
#include "hash.h"
#include "list.h"
#include "log.h"
#include "map.h"
#include "mem.h"
#include "store_private.h"
#include <errno.h>
#include <stdio.h>

struct kept {
	struct map_node node;
	struct list all;                /* in merge.all: as they came, so that they are handed over in the order of their memory */
	struct store_row row;
	size_t room;
	char text[];                    /* key, record */
};

struct merge {
	struct map rows;
	struct list all;
	struct hash_key key;
	struct segment_info *segment;   /* that is being read */
	uint64_t highest;
	int64_t wall_ms;
	void (*fn)(void *user, const struct store_row *row);
	void *user;
};

static void fill(struct kept *k, const struct store_row *row)
{
	k->row = *row;
	k->row.key.p = k->text;
	k->row.record.p = k->text + row->key.n;
	memcpy(k->text, row->key.p, row->key.n);
	if (row->record.n)
		memcpy(k->text + row->key.n, row->record.p, row->record.n);
}

static void keep(struct merge *m, uint64_t hash, const struct store_row *row)
{
	size_t room = row->key.n + row->record.n;
	struct kept *k = mem_alloc(sizeof *k + room);
	k->room = room;
	fill(k, row);
	list_add_tail(&m->all, &k->all);
	map_insert(&m->rows, &k->node, hash);
}

static void drop(struct merge *m, struct kept *k)
{
	map_remove(&m->rows, &k->node);
	list_remove(&k->all);
	mem_free(k);
}

static void merge_row(void *user, const struct store_row *row)
{
	struct merge *m = user;
	if (row->expires_wall_ms > m->segment->until_wall_ms)
		m->segment->until_wall_ms = row->expires_wall_ms;
	if (row->seq > m->highest)
		m->highest = row->seq;
	if (!row->key.n || row->expires_wall_ms <= m->wall_ms)  /* older ones of this key have expired before it */
		return;

	uint64_t hash = hash_str(m->key, row->key);
	for (struct map_node *n = map_first(&m->rows, hash); n; n = map_again(&m->rows, n)) {
		struct kept *k = CONTAINER(n, struct kept, node);
		if (!str_eq(k->row.key, row->key))
			continue;
		if (k->row.seq >= row->seq)
			return;
		if (k->room >= row->key.n + row->record.n) {
			fill(k, row);
			return;
		}
		drop(m, k);
		break;
	}
	keep(m, hash, row);
}

/* To nobody, when fn is NULL. The table goes first: nobody looks for them any more. */
static void hand_over(struct merge *m)
{
	map_fini(&m->rows);
	for (struct list *at = m->all.next, *next; at != &m->all; at = next) {
		struct kept *k = CONTAINER(at, struct kept, all);
		next = at->next;
		if (m->fn && k->row.record.n)
			m->fn(m->user, &k->row);
		mem_free(k);
	}
}

static int cannot_read(const char *path, int err, char *why, size_t why_size)
{
	if (err == -ENOTSUP)
		snprintf(why, why_size, "the journal file %s was written by a newer sluice: run that one, or name another state folder", path);
	else
		snprintf(why, why_size, "cannot open the journal file %s (%s): bindings may stand only there, so it is not left out", path,
		         strerror(-err));
	return err;
}

/* 0 also for a damaged segment: the rest is kept. */
static int read_segment(struct store *st, struct merge *m, bool *complete, char *why, size_t why_size)
{
	char path[PATH_MAX];
	folder_segment_path(st->folder, m->segment->number, path);
	struct segment_seen seen;
	int err = segment_read(path, &seen, merge_row, m);
	*complete = seen.complete;
	if (err || segment_secure(path, &seen))
		st->needs_snapshot = true;
	if (!err)
		return 0;
	if (err != -EBADMSG)
		return cannot_read(path, err, why, why_size);
	log_write(LOG_ERROR, "store: %s is damaged: bindings that stood only there are lost until their phones register "
	          "again; the file is kept as %s.damaged", path, path);
	m->segment->damaged = true;
	*complete = false;              /* older ones may help out */
	return 0;
}

static int read_newest_first(struct store *st, struct merge *m, char *why, size_t why_size)
{
	bool complete = false;
	for (unsigned i = st->count; i-- > 0;) {
		m->segment = &st->older[i];
		if (complete) {         /* obsolete; the process ended before it could remove it */
			m->segment->obsolete = true;
			continue;
		}
		int err = read_segment(st, m, &complete, why, why_size);
		if (err)
			return err;
	}
	return 0;
}

int store_recover(struct store *st, int64_t wall_ms, void (*fn)(void *user, const struct store_row *row), void *user,
                  uint64_t *highest_seq, char *why, size_t why_size)
{
	uint64_t *numbers;
	unsigned count;
	bool foreign;
	int err = folder_segments(st->folder, &numbers, &count, &foreign);
	if (err) {
		snprintf(why, why_size, "cannot list the state folder %s: %s", st->folder, strerror(-err));
		return err;
	}
	for (unsigned i = 0; i < count; i++)
		journal_note(st, (struct segment_info){ .number = numbers[i] });
	mem_free(numbers);
	if (foreign)
		log_write(LOG_WARN, "store: location-*.db in %s are journal files of an earlier sluice, and are not read: bindings that stand only "
		          "there come back when their phones register again. Remove the files", st->folder);

	struct merge m = { .key = hash_key_new(), .wall_ms = wall_ms, .user = user };
	map_init(&m.rows);
	list_init(&m.all);
	err = read_newest_first(st, &m, why, why_size);
	if (!err)
		m.fn = fn;
	hand_over(&m);
	if (!err) {
		journal_tidy(st, wall_ms);
		*highest_seq = m.highest;
	}
	return err;
}
