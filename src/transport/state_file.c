/* SPDX-License-Identifier: Apache-2.0 */
#include "state_file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_folder(const char *dir, struct transport_error *why)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	int err = -errno;
	return transport_fail(why, err, "cannot open the state folder %s: %s; make it and give it to the user that runs sluice",
	                       dir, strerror(-err));
}

static int fill(int fd, const char *dir, const char *name, struct buf *out, struct transport_error *why)
{
	size_t before = out->n;
	for (;;) {
		ssize_t n = read(fd, buf_reserve(out, 4096), 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = -errno;
			return transport_fail(why, err, "cannot read %s/%s: %s", dir, name, strerror(-err));
		}
		if (n == 0)
			return 0;
		out->n += (size_t)n;
		if (out->n - before > STATE_FILE_MAX)
			return transport_fail(why, -EFBIG, "%s/%s is larger than %d bytes: this is not the file that sluice made; "
			                       "restore it from a backup", dir, name, STATE_FILE_MAX);
	}
}

int state_file_read(const char *dir, const char *name, bool secret, struct buf *out, struct transport_error *why)
{
	int folder = open_folder(dir, why);
	if (folder < 0)
		return folder == -ENOENT ? -ENOTDIR : folder;   /* -ENOENT speaks of the file alone */

	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err = fd < 0 ? -errno : 0;
	close(folder);
	if (err == -ENOENT)
		return err;
	if (err)
		return transport_fail(why, err, "cannot open %s/%s: %s; the user that runs sluice must be able to read it", dir, name,
		                       strerror(-err));

	struct stat st;
	if (fstat(fd, &st))
		err = transport_fail(why, -errno, "cannot look at %s/%s: %s", dir, name, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err = transport_fail(why, -EINVAL, "%s/%s is not a regular file; move it away or restore the file", dir, name);
	else if (secret && (st.st_mode & (S_IWGRP | S_IRWXO)))
		err = transport_fail(why, -EPERM, "%s/%s holds secrets and others may read or change it (mode %04o); run: chmod 600 %s/%s",
		                      dir, name, (unsigned)(st.st_mode & 07777), dir, name);
	else
		err = fill(fd, dir, name, out, why);
	close(fd);
	return err;
}

static int write_all(int fd, struct str text)
{
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text.p += n;
		text.n -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

/* A half-written file of an earlier start that was cut off is of no use to anybody: take it away. */
static int make_beside(int folder, const char *beside)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = openat(folder, beside, flags, 0600);
	if (fd < 0 && errno == EEXIST && !unlinkat(folder, beside, 0))
		fd = openat(folder, beside, flags, 0600);
	return fd < 0 ? -errno : fd;
}

/* Only root can, and needs to. */
static int give_to_owner(int folder, int fd)
{
	struct stat dir;
	if (geteuid() != 0)
		return 0;
	return fstat(folder, &dir) || fchown(fd, dir.st_uid, dir.st_gid) ? -errno : 0;
}

static int make_in(int folder, const char *name, struct str text)
{
	char beside[NAME_MAX];
	snprintf(beside, sizeof beside, "%s.new", name);
	int fd = make_beside(folder, beside);
	if (fd < 0)
		return fd;

	int err = give_to_owner(folder, fd);
	if (!err)
		err = write_all(fd, text);
	if (close(fd) && !err)
		err = -errno;
	if (!err && renameat(folder, beside, folder, name))
		err = -errno;
	if (err) {
		unlinkat(folder, beside, 0);
		return err;
	}
	return fsync(folder) ? -errno : 0;
}

int state_file_make(const char *dir, const char *name, struct str text, struct transport_error *why)
{
	int folder = open_folder(dir, why);
	if (folder < 0)
		return folder;
	int err = make_in(folder, name, text);
	close(folder);
	if (err)
		return transport_fail(why, err, "cannot make %s/%s: %s; the user that runs sluice must be able to write in this folder",
		                       dir, name, strerror(-err));
	return 0;
}
