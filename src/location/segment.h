/* SPDX-License-Identifier: Apache-2.0 */
/* segment.h - one file of the journal: frames of rows (frame.h) that are only ever added.
 *
 * A commit is one write into bytes that were written before, as zeros, so that its one fdatasync has nothing of the file
 * system's own to save. Like every log that does not begin a sector for each commit it takes for granted that a sector which is
 * written again keeps the bytes that stay the same.
 *
 * Every call that fails gives -errno; after that a segment may only be abandoned: what a second
 * sync says about bytes that the first one lost is worth nothing. */
#ifndef SLUICE_SEGMENT_H
#define SLUICE_SEGMENT_H

#include "store.h"

struct segment;

/* The file must not exist (-EEXIST); mode 0600. After another failure part of it may be there. */
int segment_create(const char *path, struct segment **out);
/* Rows that stand or fall together, for the next commit. */
int segment_add(struct segment *s, const struct store_row *rows, unsigned count);
/* All of it is there one day, or nothing. complete: all that was live when the segment began is in it, this commit included;
 * older ones are obsolete. */
int segment_commit(struct segment *s, bool complete);
void segment_close(struct segment *s);          /* what is not committed is lost; NULL is fine */

struct segment_seen {
	bool complete;                  /* see segment_commit */
	/* The last commit. What was read may stand in the system's memory only, left there by a process whose sync failed, and a
	 * later sync would not tell. The commits before it were synced, or it would not have been begun. */
	uint64_t doubtful_from, doubtful_to;
};
/* Every row in the order of writing. -EBADMSG: damaged, fn has had what could be read. -ENOTSUP: written by a
 * newer sluice. Anything else is no fault of the file (no memory, no descriptor, no permission): try again. */
int segment_read(const char *path, struct segment_seen *seen, void (*fn)(void *user, const struct store_row *row), void *user);
/* Write what is doubtful again, and sync it. -errno: it is as doubtful as before. */
int segment_secure(const char *path, const struct segment_seen *seen);

#endif
