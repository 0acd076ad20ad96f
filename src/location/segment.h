/* SPDX-License-Identifier: Apache-2.0 */
/* segment.h - one file of the journal: rows are only ever added. SQLite, so that an operator can look inside.
 *
 * Every call that fails gives -errno; after that a segment may only be abandoned: what a second
 * sync says about bytes that the first one lost is worth nothing. */
#ifndef SLUICE_SEGMENT_H
#define SLUICE_SEGMENT_H

#include "store.h"

struct segment;

/* The file must not exist (-EEXIST); mode 0600. After another failure part of it may be there. */
int segment_create(const char *path, struct segment **out);
int segment_begin(struct segment *s);
int segment_add(struct segment *s, const struct store_row *row);
/* In the same commit: all that was live when the segment began is in it, older ones are obsolete. */
int segment_mark_complete(struct segment *s);
int segment_commit(struct segment *s);
void segment_close(struct segment *s);          /* NULL is fine */
void segment_abandon(struct segment *s);        /* neither synced nor checkpointed any more; NULL is fine */

struct segment_seen {
	bool complete;                  /* see segment_mark_complete */
	bool safe;                      /* what was read is on the disk. Else it may stand in the system's memory only, left there by a
	                                 * process whose sync failed, and a later sync would not tell */
};
/* Every row in the order of writing. -EBADMSG: damaged, fn has had what could be read. -ENOTSUP: written by a
 * newer sluice. Anything else is no fault of the file (no memory, no descriptor, no permission, in use): try again. */
int segment_read(const char *path, struct segment_seen *seen, void (*fn)(void *user, const struct store_row *row), void *user);

#endif
