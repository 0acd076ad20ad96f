/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - what pread and pwrite leave to be done by their callers. */
#include "file.h"
#include <errno.h>
#include <unistd.h>

int file_write(int fd, const void *bytes, size_t n, uint64_t at)
{
	for (size_t done = 0; done < n;) {
		ssize_t now = pwrite(fd, (const char *)bytes + done, n - done, (off_t)(at + done));
		if (now > 0)
			done += (size_t)now;
		else if (now == 0)
			return -EIO;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int file_read(int fd, void *out, size_t n, uint64_t at, size_t *got)
{
	for (*got = 0; *got < n;) {
		ssize_t now = pread(fd, (char *)out + *got, n - *got, (off_t)(at + *got));
		if (now > 0)
			*got += (size_t)now;
		else if (now == 0)
			return 0;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}
