/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c - the row of segments: beginning, writing, failing, starting again, throwing away. */
#include "clock.h"
#include "folder.h"
#include "log.h"
#include "mem.h"
#include "store_private.h"
#include <errno.h>

static void count_files(struct store *st)
{
	atomic_store(&st->open_segments, st->count + (st->current != NULL));
}

void journal_note(struct store *st, struct segment_info info)
{
	st->older = mem_realloc(st->older, (st->count + 1) * sizeof st->older[0]);
	st->older[st->count++] = info;
	if (info.number > st->last_number)
		st->last_number = info.number;
	count_files(st);
}

static int throw_away(struct store *st, const struct segment_info *info)
{
	return info->damaged ? folder_segment_set_aside(st->folder, info->number) : folder_segment_remove(st->folder, info->number);
}

/* The oldest first, and each is gone from the disk before the next goes: what is obsolete must not outlast the
 * segment that made it so. What cannot be thrown away keeps its place, and those behind it keep theirs. */
void journal_tidy(struct store *st, int64_t wall_ms)
{
	unsigned kept = 0, gone = 0;
	int err = 0;
	for (unsigned i = 0; i < st->count; i++) {
		const struct segment_info *info = &st->older[i];
		bool needed = !info->obsolete && (info->damaged || info->until_wall_ms > wall_ms);
		if (!needed && !err) {
			err = gone ? folder_sync(st->folder) : 0;
			if (!err)
				err = throw_away(st, info);
			gone += !err;
		}
		if (needed || err)
			st->older[kept++] = *info;
	}
	if (err)
		log_write(LOG_WARN, "store: cannot remove old journal files in %s: %s; it is tried again", st->folder, strerror(-err));
	st->count = kept;
	count_files(st);
}

/* --- a new segment --- */
struct sink {
	struct store *st;
	struct segment *segment;
	int64_t until_wall_ms;
	int err;
};

static void put(void *user, const struct store_row *row)
{
	struct sink *sink = user;
	if (sink->err)
		return;
	sink->err = segment_add(sink->segment, row, 1);
	if (row->expires_wall_ms > sink->until_wall_ms)
		sink->until_wall_ms = row->expires_wall_ms;
}

static int write_snapshot(struct sink *sink)
{
	sink->st->client.snapshot(sink->st->client.user, put, sink);
	if (!sink->err)
		sink->err = segment_commit(sink->segment, true);
	return sink->err;
}

/* The current segment becomes one of the older ones. */
static void retire(struct store *st)
{
	if (!st->current)
		return;
	segment_close(st->current);
	st->current = NULL;
	journal_note(st, st->now);
}

static int begin(struct store *st)
{
	char path[PATH_MAX];
	uint64_t number = ++st->last_number;    /* a number once, also when what failed cannot be removed */
	struct sink sink = { .st = st };
	folder_segment_path(st->folder, number, path);
	int err = segment_create(path, &sink.segment);
	if (!err && st->needs_snapshot)
		err = write_snapshot(&sink);
	if (!err)
		err = folder_sync(st->folder);  /* without its name nothing in it is safe */
	if (err) {
		segment_close(sink.segment);
		/* Nothing was promised for what is in it, yet some of it may be read one day: it goes before all others. */
		if (err != -EEXIST && folder_segment_remove(st->folder, number))
			journal_note(st, (struct segment_info){ .number = number, .obsolete = true });
		return err;
	}

	retire(st);
	for (unsigned i = 0; st->needs_snapshot && i < st->count; i++)
		st->older[i].obsolete = true;
	st->current = sink.segment;
	st->now = (struct segment_info){ .number = number, .until_wall_ms = sink.until_wall_ms };
	st->begun_ms = clock_ms();
	st->needs_snapshot = false;
	journal_tidy(st, clock_wall_ms());
	return 0;
}

/* --- trouble --- */
static void fail(struct store *st, int err)
{
	if (!st->failed) {
		log_write(LOG_ERROR, "store: cannot write in %s: %s. Until that works again (it is tried by itself) %s", st->folder,
		          strerror(-err), st->settings.refuse_on_failure ? "registrations are refused"
		          : "registrations are in memory only, and a restart would lose them");
		st->retry_wait_ms = st->settings.retry_ms;
	}
	retire(st);
	st->needs_snapshot = true;
	st->failed = err;
	st->retry_ms = clock_ms() + st->retry_wait_ms;
	if (st->retry_wait_ms < 30 * st->settings.retry_ms)
		st->retry_wait_ms *= 2;
	atomic_store(&st->durable, false);
}

static int start_again(struct store *st)
{
	if (clock_ms() < st->retry_ms)
		return st->failed;
	int err = begin(st);
	if (err) {
		fail(st, err);
		return err;
	}
	log_write(LOG_WARN, "store: writing in %s again; what is in memory is on the disk", st->folder);
	st->failed = 0;
	atomic_store(&st->durable, true);
	return 0;
}

/* An old segment gives way to a new one. When that cannot be made the old one still serves. */
static void turn_over(struct store *st)
{
	int err = begin(st);
	if (err) {
		log_write(LOG_ERROR, "store: cannot begin a new journal file in %s: %s; going on with the old one", st->folder,
		          strerror(-err));
		st->begun_ms = clock_ms();
	}
}

int journal_begin(struct store *st)
{
	int err = begin(st);
	if (err && !st->settings.refuse_on_failure)
		fail(st, err);
	return st->settings.refuse_on_failure ? err : 0;
}

int journal_ready(struct store *st)
{
	if (!st->current)
		return start_again(st);
	if (clock_ms() - st->begun_ms >= st->settings.segment_ms)
		turn_over(st);
	return 0;
}

static int write_rows(struct store *st, struct store_batch *const *batches, unsigned count, uint64_t *rows)
{
	int err = 0;
	for (unsigned i = 0; i < count && !err; i++) {
		const struct store_batch *b = batches[i];
		err = b->count ? segment_add(st->current, b->rows, b->count) : 0;
		for (unsigned k = 0; k < b->count; k++)
			if (b->rows[k].expires_wall_ms > st->now.until_wall_ms)
				st->now.until_wall_ms = b->rows[k].expires_wall_ms;
		*rows += b->count;
	}
	return err || !*rows ? err : segment_commit(st->current, false);
}

int journal_write(struct store *st, struct store_batch *const *batches, unsigned count)
{
	uint64_t rows = 0;
	int err = journal_ready(st);
	if (!err) {
		err = write_rows(st, batches, count, &rows);
		if (err)
			fail(st, err);
	}
	if (err) {
		atomic_fetch_add(&st->errors, 1);
	} else {
		atomic_fetch_add(&st->commits, 1);
		atomic_fetch_add(&st->rows, rows);
	}
	return err;
}
