/* SPDX-License-Identifier: Apache-2.0 */
/* disk.h - a layer between the store and the disk that writes down what reaches it, in order, and fails when told.
 *
 * It is the linker's --wrap of what the store calls. Only the names of segments in one folder count. Now and then a read or
 * a write does half of what was asked, as the system may. Nothing is really synced: what a sync would have saved is known from the
 * record. Time is a number, too: clock_ms and clock_wall_ms are wrapped. One object a process, since
 * the linker hands no pointer through. */
#ifndef SLUICE_TEST_LOCATION_DISK_H
#define SLUICE_TEST_LOCATION_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISK_NAME = 48 };

enum disk_kind {
	DISK_MAKE,                      /* a new file `inode` under `name` */
	DISK_REMOVE,                    /* `name` */
	DISK_RENAME,                    /* `name` becomes `to` */
	DISK_WRITE,                     /* `n` bytes at `at` */
	DISK_SYNC,                      /* what was written to `inode` before is safe */
	DISK_LOSE,                      /* a sync failed: what was not safe may never be, whatever a later sync says */
	DISK_SYNC_FOLDER                /* the names are safe */
};

struct disk_op {
	enum disk_kind kind;
	unsigned inode;                 /* 1, 2, ... */
	char name[DISK_NAME], to[DISK_NAME];
	uint64_t at;
	size_t n;
	unsigned char *bytes;
	int64_t wall_ms;                /* when */
};

struct disk_clock { _Atomic int64_t mono_ms, wall_ms; };
extern struct disk_clock disk_clock;    /* the writer reads it whenever it likes */

/* Write down what happens in this folder from now on, beginning with what is in it, all of it safe. */
void disk_watch(const char *folder);
size_t disk_count(void);                /* how many ops so far */
const struct disk_op *disk_at(size_t at);       /* until disk_forget */
void disk_stop(void);                   /* watch no more; the record stays */
void disk_forget(void);

/* Calls of these kinds are counted (a change: open, write, delete, rename, list). From the nth from
 * now (0: the next) on, `times` of them fail with the errno `err`; a write that fails may have written half. */
enum { DISK_CALL_SYNC = 1, DISK_CALL_READ = 2, DISK_CALL_CHANGE = 4 };
void disk_fail(unsigned nth, unsigned times, int err, unsigned kinds);
void disk_heal(void);
unsigned disk_failed(void);             /* since the last trouble began */
unsigned disk_failed_reads(void);       /* of those */

#endif
