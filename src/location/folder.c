/* SPDX-License-Identifier: Apache-2.0 */
/* folder.c - locking and listing the state folder. */
#include "folder.h"
#include "mem.h"
#include "str.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static int cannot(const char *folder, int err, char *why, size_t why_size)
{
	if (err == -ENOENT)
		snprintf(why, why_size, "the state folder %s does not exist: make it, or name another one", folder);
	else
		snprintf(why, why_size, "cannot write in the state folder %s (%s): let the user that runs sluice write there, "
		         "or name another one", folder, strerror(-err));
	return err;
}

static int in_use(const char *folder, int fd, char *why, size_t why_size)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;
	snprintf(why, why_size, "the state folder %s is in use by process %ld: stop that one first, or name another folder",
	         folder, pid);
	return -EBUSY;
}

/* Only for the words of in_use: a full disk leaves them out. */
static int say_who(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if ((pwrite(fd, text, (size_t)n, 0) == n && ftruncate(fd, n) == 0) || errno == ENOSPC || errno == EDQUOT)
		return 0;
	return -errno;
}

int folder_lock(const char *folder, int *out, char *why, size_t why_size)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/lock", folder) >= (int)sizeof path)
		return cannot(folder, -ENAMETOOLONG, why, why_size);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return cannot(folder, -errno, why, why_size);

	int err = flock(fd, LOCK_EX | LOCK_NB) ? -errno : say_who(fd);
	if (err) {
		err = err == -EWOULDBLOCK ? in_use(folder, fd, why, why_size) : cannot(folder, err, why, why_size);
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* "location-17.journal" */
static bool segment_number(const char *name, struct str suffix, uint64_t *out)
{
	struct str s = str_of(name), prefix = STR("location-");
	if (s.n <= prefix.n + suffix.n || !str_starts(s, prefix) || !str_ends(s, suffix))
		return false;
	return str_u64(str_range(s.p + prefix.n, s.p + s.n - suffix.n), INT64_MAX, out);
}

int folder_segments(const char *folder, uint64_t **list, unsigned *count, bool *foreign)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return -errno;
	*list = NULL;
	*count = 0;
	*foreign = false;
	uint64_t number;
	for (struct dirent *d; (d = readdir(dir));) {
		*foreign |= segment_number(d->d_name, STR(".db"), &number);
		if (!segment_number(d->d_name, STR(".journal"), &number))
			continue;
		*list = mem_realloc(*list, (*count + 1) * sizeof **list);
		(*list)[(*count)++] = number;
	}
	closedir(dir);
	if (*count)
		qsort(*list, *count, sizeof **list, by_number);
	return 0;
}

void folder_segment_path(const char *folder, uint64_t number, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/location-%llu.journal", folder, (unsigned long long)number);
}

int folder_segment_remove(const char *folder, uint64_t number)
{
	char path[PATH_MAX];
	folder_segment_path(folder, number, path);
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

int folder_segment_set_aside(const char *folder, uint64_t number)
{
	char path[PATH_MAX], to[PATH_MAX + 16];
	folder_segment_path(folder, number, path);
	snprintf(to, sizeof to, "%s.damaged", path);
	return rename(path, to) && errno != ENOENT ? -errno : 0;
}

int folder_sync(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = fsync(fd) ? -errno : 0;
	close(fd);
	return err;
}
