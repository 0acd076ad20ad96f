/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - folders and a lock. */
#include "state.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int state_make(struct str folder)
{
	char path[4096];
	if (folder.n == 0 || folder.n >= sizeof path)
		return -ENAMETOOLONG;
	memcpy(path, folder.p, folder.n);
	path[folder.n] = '\0';
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	struct stat st;
	if (stat(path, &st))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int state_hold(struct str folder, int *pid)
{
	char path[4096], text[16] = "";
	snprintf(path, sizeof path, "%.*s/control.lock", STR_FMT(folder));
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int err = -errno;
		ssize_t n = read(fd, text, sizeof text - 1);
		*pid = n > 0 ? atoi(text) : 0;
		close(fd);
		return err;
	}
	int n = snprintf(text, sizeof text, "%d\n", getpid());
	/* Who holds it is only for the message of a second one: without it there is less to say. */
	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)n, 0) != n)
		*pid = 0;
	return fd;
}
