/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"
#include "clock.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { NAMES = 512 };

static struct {
	pthread_mutex_t lock;
	char folder[PATH_MAX];          /* "": nothing is watched */
	int folder_fd;                  /* the folder, opened to be synced */
	struct disk_op *ops;
	size_t count, room;
	struct named { char name[DISK_NAME]; unsigned inode; } names[NAMES];
	unsigned name_count, inodes;
	/* failing */
	unsigned failed, failed_reads, wait, times, kinds;
	int err;
} disk = { .lock = PTHREAD_MUTEX_INITIALIZER, .folder_fd = -1 };

struct disk_clock disk_clock;

/* --- the record --- */

/* The name within the folder, if it is one that counts. */
static const char *watched(const char *path)
{
	size_t n = strlen(disk.folder);
	if (!n || !path || strncmp(path, disk.folder, n) != 0 || path[n] != '/')
		return NULL;
	return strncmp(path + n + 1, "location-", 9) == 0 ? path + n + 1 : NULL;
}

static struct disk_op *note(enum disk_kind kind, unsigned inode)
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

static struct named *named(const char *name)
{
	for (unsigned i = 0; i < disk.name_count; i++)
		if (strcmp(disk.names[i].name, name) == 0)
			return &disk.names[i];
	return NULL;
}

static void forget_name(const char *name)
{
	struct named *n = named(name);
	if (n)
		*n = disk.names[--disk.name_count];
}

static void put_name(const char *name, unsigned inode)
{
	forget_name(name);
	if (disk.name_count == NAMES || strlen(name) >= DISK_NAME)
		abort();
	struct named *n = &disk.names[disk.name_count++];
	strcpy(n->name, name);
	n->inode = inode;
}

static unsigned note_made(const char *name)
{
	strcpy(note(DISK_MAKE, ++disk.inodes)->name, name);
	put_name(name, disk.inodes);
	return disk.inodes;
}

static void note_removed(const char *name)
{
	strcpy(note(DISK_REMOVE, 0)->name, name);
	forget_name(name);
}

static void note_written(unsigned inode, uint64_t at, const void *bytes, size_t n)
{
	struct disk_op *op = note(DISK_WRITE, inode);
	op->at = at;
	op->n = n;
	op->bytes = malloc(n ? n : 1);
	if (!op->bytes)
		abort();
	memcpy(op->bytes, bytes, n);
}

/* Does this call fail? Under the lock. */
static bool fails(unsigned kind)
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

static bool call_fails(const char *path)
{
	pthread_mutex_lock(&disk.lock);
	bool no = watched(path) && fails(DISK_CALL_CHANGE);
	pthread_mutex_unlock(&disk.lock);
	return no;
}

/* --- SQLite's files --- */
struct file {
	sqlite3_file base;
	unsigned inode;                 /* 0: not watched */
	/* The unix VFS syncs the folder with the first sync of a new journal, and so of a new WAL, but does not look whether that
	 * worked: for the WAL, which is what promises stand on, it is not counted. */
	bool folder_too;
	sqlite3_file *real;
};

static sqlite3_vfs *unix_vfs;

static struct file *of(sqlite3_file *f)
{
	return (struct file *)f;
}

static bool file_fails(struct file *f, unsigned kind)
{
	pthread_mutex_lock(&disk.lock);
	bool no = f->inode && disk.folder[0] && fails(kind);
	pthread_mutex_unlock(&disk.lock);
	return no;
}

static int shim_close(sqlite3_file *file)
{
	return of(file)->real->pMethods->xClose(of(file)->real);
}

static int shim_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
	if (file_fails(of(file), DISK_CALL_READ))
		return SQLITE_IOERR_READ;
	return of(file)->real->pMethods->xRead(of(file)->real, out, n, at);
}

static int shim_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
	struct file *f = of(file);
	bool no = file_fails(f, DISK_CALL_CHANGE);
	int err = errno, wanted = n;
	if (no)
		n /= 2;
	int rc = n ? f->real->pMethods->xWrite(f->real, bytes, n, at) : SQLITE_OK;
	pthread_mutex_lock(&disk.lock);
	if (rc == SQLITE_OK && f->inode && disk.folder[0] && n)
		note_written(f->inode, (uint64_t)at, bytes, (size_t)n);
	pthread_mutex_unlock(&disk.lock);
	if (!no || !wanted)
		return rc;
	errno = err;
	return err == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct file *f = of(file);
	if (file_fails(f, DISK_CALL_CHANGE))
		return SQLITE_IOERR_TRUNCATE;
	int rc = f->real->pMethods->xTruncate(f->real, size);
	pthread_mutex_lock(&disk.lock);
	if (rc == SQLITE_OK && f->inode && disk.folder[0])
		note(DISK_CUT, f->inode)->at = (uint64_t)size;
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

static int shim_sync(sqlite3_file *file, int flags)
{
	struct file *f = of(file);
	(void)flags;
	bool no = file_fails(f, DISK_CALL_SYNC);
	pthread_mutex_lock(&disk.lock);
	if (f->inode && disk.folder[0]) {
		note(no ? DISK_LOSE : DISK_SYNC, f->inode);
		if (f->folder_too && !no)
			note(DISK_SYNC_FOLDER, 0);
		f->folder_too = false;
	}
	pthread_mutex_unlock(&disk.lock);
	return no ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *out)
{
	if (file_fails(of(file), DISK_CALL_READ))
		return SQLITE_IOERR_FSTAT;
	return of(file)->real->pMethods->xFileSize(of(file)->real, out);
}

static int shim_lock(sqlite3_file *file, int level)
{
	return file_fails(of(file), DISK_CALL_CHANGE) ? SQLITE_IOERR_LOCK : of(file)->real->pMethods->xLock(of(file)->real, level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
	return of(file)->real->pMethods->xUnlock(of(file)->real, level);
}

static int shim_reserved(sqlite3_file *file, int *out)
{
	return of(file)->real->pMethods->xCheckReservedLock(of(file)->real, out);
}

static int shim_control(sqlite3_file *file, int what, void *arg)
{
	if (what == SQLITE_FCNTL_VFSNAME || what == SQLITE_FCNTL_PRAGMA)        /* questions, not calls of the system */
		return SQLITE_NOTFOUND;
	return file_fails(of(file), DISK_CALL_CHANGE) ? SQLITE_IOERR : of(file)->real->pMethods->xFileControl(of(file)->real, what, arg);
}

static int shim_sector(sqlite3_file *file)
{
	return of(file)->real->pMethods->xSectorSize(of(file)->real);
}

static int shim_traits(sqlite3_file *file)
{
	return of(file)->real->pMethods->xDeviceCharacteristics(of(file)->real);
}

/* Version 1: with locking_mode=EXCLUSIVE a WAL needs no shared memory. */
static const sqlite3_io_methods methods = {
	1, shim_close, shim_read, shim_write, shim_truncate, shim_sync, shim_size, shim_lock, shim_unlock, shim_reserved,
	shim_control, shim_sector, shim_traits, NULL, NULL, NULL, NULL, NULL, NULL
};

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
	struct file *f = of(file);
	(void)vfs;
	*f = (struct file){ .real = (sqlite3_file *)(f + 1) };
	pthread_mutex_lock(&disk.lock);
	const char *name = watched(path);
	bool no = name && fails(DISK_CALL_CHANGE), is_new = name && access(path, F_OK) != 0;
	pthread_mutex_unlock(&disk.lock);
	if (no)
		return SQLITE_CANTOPEN;
	int rc = unix_vfs->xOpen(unix_vfs, path, f->real, flags, out_flags);
	if (f->real->pMethods)
		f->base.pMethods = &methods;
	if (rc != SQLITE_OK || !name)
		return rc;

	pthread_mutex_lock(&disk.lock);
	f->inode = is_new ? note_made(name) : named(name)->inode;
	f->folder_too = (flags & SQLITE_OPEN_CREATE) && (flags & SQLITE_OPEN_MAIN_JOURNAL);
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
	(void)vfs;
	if (call_fails(path))
		return SQLITE_IOERR_DELETE;
	int rc = unix_vfs->xDelete(unix_vfs, path, 0);
	pthread_mutex_lock(&disk.lock);
	const char *name = watched(path);
	if (rc == SQLITE_OK && name) {
		note_removed(name);
		if (sync_folder)
			note(DISK_SYNC_FOLDER, 0);
	}
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

void disk_start(void)
{
	static sqlite3_vfs vfs;
	sqlite3_initialize();
	unix_vfs = sqlite3_vfs_find(NULL);
	vfs = *unix_vfs;
	vfs.zName = "disk";
	vfs.szOsFile = (int)sizeof(struct file) + unix_vfs->szOsFile;
	vfs.xOpen = shim_open;
	vfs.xDelete = shim_delete;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}

/* --- what the store calls by itself --- */
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
void __wrap_log_write(int level, const char *fmt, ...);
int64_t __wrap_clock_ms(void);
int64_t __wrap_clock_wall_ms(void);

/* What the store says of its troubles would fill the screen. */
void __wrap_log_write(int level, const char *fmt, ...)
{
	(void)level, (void)fmt;
}

int64_t __wrap_clock_ms(void)
{
	return disk_clock.mono_ms;
}

int64_t __wrap_clock_wall_ms(void)
{
	return disk_clock.wall_ms;
}

int __wrap_open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	int mode = flags & O_CREAT ? va_arg(args, int) : 0;
	va_end(args);
	pthread_mutex_lock(&disk.lock);
	const char *name = watched(path);
	bool is_folder = disk.folder[0] && strcmp(path, disk.folder) == 0, no = (name || is_folder) && fails(DISK_CALL_CHANGE);
	bool is_new = name && access(path, F_OK) != 0;
	int err = errno, fd = no ? -1 : __real_open64(path, flags, mode);
	if (no)
		errno = err;
	if (fd >= 0 && is_new)
		note_made(name);
	if (fd >= 0 && is_folder)
		disk.folder_fd = fd;
	pthread_mutex_unlock(&disk.lock);
	return fd;
}

int __wrap_unlink(const char *path)
{
	if (call_fails(path))
		return -1;
	int rc = __real_unlink(path);
	pthread_mutex_lock(&disk.lock);
	if (rc == 0 && watched(path))
		note_removed(watched(path));
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

int __wrap_rename(const char *from, const char *to)
{
	if (call_fails(from))
		return -1;
	int rc = __real_rename(from, to);
	pthread_mutex_lock(&disk.lock);
	if (rc == 0 && watched(from)) {
		unsigned inode = named(watched(from))->inode;
		struct disk_op *op = note(DISK_RENAME, inode);
		strcpy(op->name, watched(from));
		strcpy(op->to, watched(to));
		forget_name(watched(from));
		put_name(watched(to), inode);
	}
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

int __wrap_fsync(int fd)
{
	pthread_mutex_lock(&disk.lock);
	bool ours = disk.folder[0] && fd == disk.folder_fd, no = ours && fails(DISK_CALL_SYNC);
	if (ours && !no)
		note(DISK_SYNC_FOLDER, 0);
	pthread_mutex_unlock(&disk.lock);
	return no ? -1 : 0;
}

DIR *__wrap_opendir(const char *path)
{
	pthread_mutex_lock(&disk.lock);
	bool no = disk.folder[0] && strcmp(path, disk.folder) == 0 && fails(DISK_CALL_CHANGE);
	pthread_mutex_unlock(&disk.lock);
	return no ? NULL : __real_opendir(path);
}

/* --- the test's side --- */
static void note_file(const char *name)
{
	static unsigned char bytes[1 << 16];
	char path[PATH_MAX + DISK_NAME + 1];
	snprintf(path, sizeof path, "%s/%s", disk.folder, name);
	unsigned inode = note_made(name);
	FILE *f = fopen(path, "rb");
	if (!f)
		abort();
	size_t n;
	for (uint64_t at = 0; (n = fread(bytes, 1, sizeof bytes, f)) > 0; at += n)
		note_written(inode, at, bytes, n);
	fclose(f);
	note(DISK_SYNC, inode);
}

void disk_watch(const char *folder)
{
	disk_forget();
	disk.name_count = disk.inodes = disk.failed = disk.failed_reads = disk.times = 0;
	strcpy(disk.folder, folder);
	DIR *dir = __real_opendir(folder);
	if (!dir)
		abort();
	for (struct dirent *d; (d = readdir(dir));)
		if (strncmp(d->d_name, "location-", 9) == 0)
			note_file(d->d_name);
	closedir(dir);
	note(DISK_SYNC_FOLDER, 0);
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
