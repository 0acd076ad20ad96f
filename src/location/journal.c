/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c - the row of segments: beginning, writing, failing, starting again, throwing away. */
#include "clock.h"
#include "folder.h"
#include "log.h"
#include "mem.h"
#include "store_private.h"

struct segment_info *journal_note(struct store *st, uint64_t number)
{
	st->segments = mem_realloc(st->segments, (st->count + 1) * sizeof st->segments[0]);
	struct segment_info *info = &st->segments[st->count++];
	*info = (struct segment_info){ .number = number };
	if (number > st->last_number)
		st->last_number = number;
	atomic_store(&st->open_segments, st->count);
	return info;
}

/* Remove those of the first `upto` segments that nobody needs; all of them when a complete one follows. */
static void discard(struct store *st, unsigned upto, int64_t expired_wall_ms, bool all)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < st->count; i++) {
		const struct segment_info *info = &st->segments[i];
		if (i >= upto || (!all && (info->damaged || info->until_wall_ms > expired_wall_ms)))
			st->segments[kept++] = *info;
		else if (info->damaged)
			folder_segment_set_aside(st->folder, info->number);
		else
			folder_segment_remove(st->folder, info->number);
	}
	st->count = kept;
	atomic_store(&st->open_segments, kept);
}

void journal_tidy(struct store *st, int64_t wall_ms)
{
	discard(st, st->current ? st->count - 1 : st->count, wall_ms, false);
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
	sink->err = segment_add(sink->segment, row);
	if (row->expires_wall_ms > sink->until_wall_ms)
		sink->until_wall_ms = row->expires_wall_ms;
}

static int write_snapshot(struct sink *sink)
{
	sink->err = segment_begin(sink->segment);
	sink->st->snapshot(sink->st->user, put, sink);
	if (!sink->err)
		sink->err = segment_mark_complete(sink->segment);
	if (!sink->err)
		sink->err = segment_commit(sink->segment);
	return sink->err;
}

static int begin(struct store *st)
{
	char path[PATH_MAX];
	uint64_t number = st->last_number + 1;
	struct sink sink = { .st = st };
	folder_segment_path(st->folder, number, path);
	int err = segment_create(path, &sink.segment);
	if (err)
		return err;
	if (st->needs_snapshot && (err = write_snapshot(&sink))) {
		segment_abandon(sink.segment);
		folder_segment_remove(st->folder, number);
		return err;
	}

	folder_sync(st->folder);
	segment_close(st->current);
	st->current = sink.segment;
	st->begun_ms = clock_ms();
	journal_note(st, number)->until_wall_ms = sink.until_wall_ms;
	if (st->needs_snapshot)
		discard(st, st->count - 1, 0, true);
	st->needs_snapshot = false;
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
	segment_abandon(st->current);
	st->current = NULL;
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
	journal_tidy(st, clock_wall_ms());
}

int journal_ready(struct store *st)
{
	if (!st->current)
		return st->failed ? start_again(st) : begin(st);
	if (clock_ms() - st->begun_ms >= st->settings.segment_ms)
		turn_over(st);
	return 0;
}

static int write_rows(struct store *st, struct store_batch *const *batches, unsigned count, uint64_t *rows)
{
	struct segment_info *info = &st->segments[st->count - 1];
	int err = segment_begin(st->current);
	for (unsigned i = 0; i < count && !err; i++) {
		for (unsigned k = 0; k < batches[i]->count && !err; k++) {
			const struct store_row *row = &batches[i]->rows[k];
			err = segment_add(st->current, row);
			if (row->expires_wall_ms > info->until_wall_ms)
				info->until_wall_ms = row->expires_wall_ms;
			++*rows;
		}
	}
	return err ? err : segment_commit(st->current);
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
