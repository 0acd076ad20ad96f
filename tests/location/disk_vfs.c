/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's way to the disk: the default VFS with a record of what passes. */
#include "disk_private.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

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
	bool no = f->inode && disk.folder[0] && disk_fails(kind);
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
		disk_note_written(f->inode, (uint64_t)at, bytes, (size_t)n);
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
		disk_note(DISK_CUT, f->inode)->at = (uint64_t)size;
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
		disk_note(no ? DISK_LOSE : DISK_SYNC, f->inode);
		if (f->folder_too && !no)
			disk_note(DISK_SYNC_FOLDER, 0);
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
	const char *name = disk_watched(path);
	bool no = name && disk_fails(DISK_CALL_CHANGE), is_new = name && access(path, F_OK) != 0;
	pthread_mutex_unlock(&disk.lock);
	if (no)
		return SQLITE_CANTOPEN;
	int rc = unix_vfs->xOpen(unix_vfs, path, f->real, flags, out_flags);
	if (f->real->pMethods)
		f->base.pMethods = &methods;
	if (rc != SQLITE_OK || !name)
		return rc;

	pthread_mutex_lock(&disk.lock);
	f->inode = is_new ? disk_note_made(name) : disk_named(name)->inode;
	f->folder_too = (flags & SQLITE_OPEN_CREATE) && (flags & SQLITE_OPEN_MAIN_JOURNAL);
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
	(void)vfs;
	if (disk_call_fails(path))
		return SQLITE_IOERR_DELETE;
	int rc = unix_vfs->xDelete(unix_vfs, path, 0);
	pthread_mutex_lock(&disk.lock);
	const char *name = disk_watched(path);
	if (rc == SQLITE_OK && name) {
		disk_note_removed(name);
		if (sync_folder)
			disk_note(DISK_SYNC_FOLDER, 0);
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
