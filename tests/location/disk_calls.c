/* SPDX-License-Identifier: Apache-2.0 */
/* What folder.c and segment.c call by themselves, put in their way by the linker's --wrap; and the clocks. */
#include "disk_private.h"
#include "clock.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

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
	const char *name = disk_watched(path);
	bool is_folder = disk.folder[0] && strcmp(path, disk.folder) == 0, no = (name || is_folder) && disk_fails(DISK_CALL_CHANGE);
	bool is_new = name && access(path, F_OK) != 0;
	int err = errno, fd = no ? -1 : __real_open64(path, flags, mode);
	if (no)
		errno = err;
	if (fd >= 0 && is_new)
		disk_note_made(name);
	if (fd >= 0 && is_folder)
		disk.folder_fd = fd;
	pthread_mutex_unlock(&disk.lock);
	return fd;
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
