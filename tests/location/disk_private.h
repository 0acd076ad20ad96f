/* SPDX-License-Identifier: Apache-2.0 */
/* disk_private.h - the record (disk.c) and the calls that go into it (disk_calls.c). All of it under disk.lock, but
 * disk_call_fails. */
#ifndef SLUICE_TEST_LOCATION_DISK_PRIVATE_H
#define SLUICE_TEST_LOCATION_DISK_PRIVATE_H

#include "disk.h"
#include <limits.h>
#include <pthread.h>

enum { DISK_NAMES = 512, DISK_FILES = 256 };

struct disk_name { char name[DISK_NAME]; unsigned inode; };

struct disk {
	pthread_mutex_t lock;
	char folder[PATH_MAX];          /* "": nothing is watched */
	int folder_fd;                  /* the folder, opened to be synced */
	unsigned inode_of[DISK_FILES];  /* by descriptor; 0: not watched */
	unsigned passed;                /* reads and writes, so that now and then one is short */
	struct disk_op *ops;
	size_t count, room;
	struct disk_name names[DISK_NAMES];
	unsigned name_count, inodes;
	/* failing */
	unsigned failed, failed_reads, wait, times, kinds;
	int err;
};
extern struct disk disk;

/* The name within the folder, if it is one that counts. */
const char *disk_watched(const char *path);
struct disk_name *disk_named(const char *name);
void disk_put_name(const char *name, unsigned inode);
void disk_forget_name(const char *name);

struct disk_op *disk_note(enum disk_kind kind, unsigned inode);
unsigned disk_note_made(const char *name);              /* its inode */
void disk_note_removed(const char *name);
void disk_note_written(unsigned inode, uint64_t at, const void *bytes, size_t n);

/* Does this call fail? errno is set then. */
bool disk_fails(unsigned kind);
bool disk_call_fails(const char *path);                 /* a change of what has this name */

#endif
