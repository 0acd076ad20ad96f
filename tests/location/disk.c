/* SPDX-License-Identifier: Apache-2.0 */
#include "disk_private.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct disk disk = { .lock = PTHREAD_MUTEX_INITIALIZER, .folder_fd = -1 };
struct disk_clock disk_clock;

/* --- the record --- */

const char *disk_watched(const char *path)
{
	size_t n = strlen(disk.folder);
	if (!n || !path || strncmp(path, disk.folder, n) != 0 || path[n] != '/')
		return NULL;
	return strncmp(path + n + 1, "location-", 9) == 0 ? path + n + 1 : NULL;
}

struct disk_op *disk_note(enum disk_kind kind, unsigned inode)
{
	if (disk.count == disk.room) {
		disk.room = disk.room ? 2 * disk.room : 1024;
		disk.ops = realloc(disk.ops, disk.room * sizeof disk.ops[0]);
		if (!disk.ops)
			abort();
	}
	struct disk_op *op = &disk.ops[disk.count++];
	*op = (struct disk_op){ .kind = kind, .inode = inode, .wall_ms = disk_clock.wall_ms };
	return op;
}

struct disk_name *disk_named(const char *name)
{
	for (unsigned i = 0; i < disk.name_count; i++)
		if (strcmp(disk.names[i].name, name) == 0)
			return &disk.names[i];
	return NULL;
}

void disk_forget_name(const char *name)
{
	struct disk_name *n = disk_named(name);
	if (n)
		*n = disk.names[--disk.name_count];
}

void disk_put_name(const char *name, unsigned inode)
{
	disk_forget_name(name);
	if (disk.name_count == DISK_NAMES || strlen(name) >= DISK_NAME)
		abort();
	struct disk_name *n = &disk.names[disk.name_count++];
	strcpy(n->name, name);
	n->inode = inode;
}

unsigned disk_note_made(const char *name)
{
	strcpy(disk_note(DISK_MAKE, ++disk.inodes)->name, name);
	disk_put_name(name, disk.inodes);
	return disk.inodes;
}

void disk_note_removed(const char *name)
{
	strcpy(disk_note(DISK_REMOVE, 0)->name, name);
	disk_forget_name(name);
}

void disk_note_written(unsigned inode, uint64_t at, const void *bytes, size_t n)
{
	struct disk_op *op = disk_note(DISK_WRITE, inode);
	op->at = at;
	op->n = n;
	op->bytes = malloc(n ? n : 1);
	if (!op->bytes)
		abort();
	memcpy(op->bytes, bytes, n);
}

bool disk_fails(unsigned kind)
{
	if (!disk.times || !(disk.kinds & kind))
		return false;
	if (disk.wait) {
		disk.wait--;
		return false;
	}
	if (disk.times != UINT_MAX)
		disk.times--;
	disk.failed++;
	disk.failed_reads += kind == DISK_CALL_READ;
	errno = disk.err;
	return true;
}

bool disk_call_fails(const char *path)
{
	pthread_mutex_lock(&disk.lock);
	bool no = disk_watched(path) && disk_fails(DISK_CALL_CHANGE);
	pthread_mutex_unlock(&disk.lock);
	return no;
}

/* --- the test's side --- */
static void note_file(const char *name)
{
	static unsigned char bytes[1 << 16];
	char path[PATH_MAX + DISK_NAME + 1];
	snprintf(path, sizeof path, "%s/%s", disk.folder, name);
	unsigned inode = disk_note_made(name);
	FILE *f = fopen(path, "rb");
	if (!f)
		abort();
	size_t n;
	for (uint64_t at = 0; (n = fread(bytes, 1, sizeof bytes, f)) > 0; at += n)
		disk_note_written(inode, at, bytes, n);
	fclose(f);
	disk_note(DISK_SYNC, inode);
}

void disk_watch(const char *folder)
{
	disk_forget();
	disk.name_count = disk.inodes = disk.failed = disk.failed_reads = disk.times = 0;
	strcpy(disk.folder, folder);
	DIR *dir = opendir(folder);
	if (!dir)
		abort();
	for (struct dirent *d; (d = readdir(dir));)
		if (strncmp(d->d_name, "location-", 9) == 0)
			note_file(d->d_name);
	closedir(dir);
	disk_note(DISK_SYNC_FOLDER, 0);
}

size_t disk_count(void)
{
	pthread_mutex_lock(&disk.lock);
	size_t count = disk.count;
	pthread_mutex_unlock(&disk.lock);
	return count;
}

const struct disk_op *disk_at(size_t at)
{
	return &disk.ops[at];
}

void disk_stop(void)
{
	pthread_mutex_lock(&disk.lock);
	disk.folder[0] = '\0';
	disk.folder_fd = -1;
	disk.times = 0;
	pthread_mutex_unlock(&disk.lock);
}

void disk_forget(void)
{
	for (size_t i = 0; i < disk.count; i++)
		free(disk.ops[i].bytes);
	free(disk.ops);
	disk.ops = NULL;
	disk.count = disk.room = 0;
}

void disk_fail(unsigned nth, unsigned times, int err, unsigned kinds)
{
	pthread_mutex_lock(&disk.lock);
	disk.wait = nth;
	disk.times = times;
	disk.err = err;
	disk.kinds = kinds;
	disk.failed = disk.failed_reads = 0;
	pthread_mutex_unlock(&disk.lock);
}

void disk_heal(void)
{
	pthread_mutex_lock(&disk.lock);
	disk.times = 0;
	pthread_mutex_unlock(&disk.lock);
}

unsigned disk_failed_reads(void)
{
	pthread_mutex_lock(&disk.lock);
	unsigned failed = disk.failed_reads;
	pthread_mutex_unlock(&disk.lock);
	return failed;
}

unsigned disk_failed(void)
{
	pthread_mutex_lock(&disk.lock);
	unsigned failed = disk.failed;
	pthread_mutex_unlock(&disk.lock);
	return failed;
}
