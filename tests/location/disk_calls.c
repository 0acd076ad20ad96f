/* SPDX-License-Identifier: Apache-2.0 */
/* What the store calls, put in its way by the linker's --wrap; and the clocks. */
#include "disk_private.h"
#include "clock.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_close(int fd);
int __wrap_close(int fd);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t at);
ssize_t __real_pread64(int fd, void *out, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *out, size_t n, off_t at);
int __wrap_fdatasync(int fd);
int __real_fstat64(int fd, struct stat *out);
int __wrap_fstat64(int fd, struct stat *out);
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
	const char *name = disk_watched(path);
	bool is_folder = disk.folder[0] && strcmp(path, disk.folder) == 0, no = (name || is_folder) && disk_fails(DISK_CALL_CHANGE);
	bool is_new = name && access(path, F_OK) != 0;
	int err = errno, fd = no ? -1 : __real_open64(path, flags, mode);
	if (no)
		errno = err;
	unsigned inode = fd < 0 || !name ? 0 : is_new ? disk_note_made(name) : disk_named(name)->inode;
	if (fd >= 0 && fd < DISK_FILES)
		disk.inode_of[fd] = inode;
	if (fd >= 0 && is_folder)
		disk.folder_fd = fd;
	pthread_mutex_unlock(&disk.lock);
	return fd;
}

/* 0: not a watched one. Under the lock. */
static unsigned inode_of(int fd)
{
	return disk.folder[0] && fd >= 0 && fd < DISK_FILES ? disk.inode_of[fd] : 0;
}

static size_t now_and_then_half(size_t n)
{
	return ++disk.passed % 5 == 0 && n > 1 ? n / 2 : n;
}

int __wrap_close(int fd)
{
	pthread_mutex_lock(&disk.lock);
	if (fd >= 0 && fd < DISK_FILES)
		disk.inode_of[fd] = 0;
	pthread_mutex_unlock(&disk.lock);
	return __real_close(fd);
}

/* One that fails has written half. */
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t at)
{
	pthread_mutex_lock(&disk.lock);
	unsigned inode = inode_of(fd);
	bool no = inode && disk_fails(DISK_CALL_CHANGE);
	int err = errno;
	n = no ? n / 2 : inode ? now_and_then_half(n) : n;
	ssize_t done = __real_pwrite64(fd, bytes, n, at);
	if (inode && done > 0)
		disk_note_written(inode, (uint64_t)at, bytes, (size_t)done);
	pthread_mutex_unlock(&disk.lock);
	if (!no)
		return done;
	errno = err;
	return -1;
}

ssize_t __wrap_pread64(int fd, void *out, size_t n, off_t at)
{
	pthread_mutex_lock(&disk.lock);
	bool watched = inode_of(fd), no = watched && disk_fails(DISK_CALL_READ);
	ssize_t got = no ? -1 : __real_pread64(fd, out, watched ? now_and_then_half(n) : n, at);
	pthread_mutex_unlock(&disk.lock);
	return got;
}

int __wrap_fstat64(int fd, struct stat *out)
{
	pthread_mutex_lock(&disk.lock);
	bool no = inode_of(fd) && disk_fails(DISK_CALL_READ);
	pthread_mutex_unlock(&disk.lock);
	return no ? -1 : __real_fstat64(fd, out);
}

/* What was not safe when a sync failed is lost, whatever a later sync says: that one succeeds. */
int __wrap_fdatasync(int fd)
{
	pthread_mutex_lock(&disk.lock);
	unsigned inode = inode_of(fd);
	bool no = inode && disk_fails(DISK_CALL_SYNC);
	if (inode)
		disk_note(no ? DISK_LOSE : DISK_SYNC, inode);
	pthread_mutex_unlock(&disk.lock);
	return no ? -1 : 0;
}

int __wrap_unlink(const char *path)
{
	if (disk_call_fails(path))
		return -1;
	int rc = __real_unlink(path);
	pthread_mutex_lock(&disk.lock);
	if (rc == 0 && disk_watched(path))
		disk_note_removed(disk_watched(path));
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

int __wrap_rename(const char *from, const char *to)
{
	if (disk_call_fails(from))
		return -1;
	int rc = __real_rename(from, to);
	pthread_mutex_lock(&disk.lock);
	if (rc == 0 && disk_watched(from)) {
		unsigned inode = disk_named(disk_watched(from))->inode;
		struct disk_op *op = disk_note(DISK_RENAME, inode);
		strcpy(op->name, disk_watched(from));
		strcpy(op->to, disk_watched(to));
		disk_forget_name(disk_watched(from));
		disk_put_name(disk_watched(to), inode);
	}
	pthread_mutex_unlock(&disk.lock);
	return rc;
}

int __wrap_fsync(int fd)
{
	pthread_mutex_lock(&disk.lock);
	bool ours = disk.folder[0] && fd == disk.folder_fd, no = ours && disk_fails(DISK_CALL_SYNC);
	if (ours && !no)
		disk_note(DISK_SYNC_FOLDER, 0);
	pthread_mutex_unlock(&disk.lock);
	return no ? -1 : 0;
}

DIR *__wrap_opendir(const char *path)
{
	pthread_mutex_lock(&disk.lock);
	bool no = disk.folder[0] && strcmp(path, disk.folder) == 0 && disk_fails(DISK_CALL_CHANGE);
	pthread_mutex_unlock(&disk.lock);
	return no ? NULL : __real_opendir(path);
}
