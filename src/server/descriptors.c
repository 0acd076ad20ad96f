/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.c - a table of descriptors for each worker.
 *
 * RLIMIT_NOFILE is a limit of a table, and a connection stays with the worker that accepted it: with a table each, the workers hold
 * that many connections each. A table that one thread has alone also grows without waiting for anybody, and the kernel counts
 * no reference to a file for a system call on it.
 *
 * What others may write to must be open before, and stays at the same number in all tables: the loops' and the store's wake-ups. A worker
 * keeps these, its loop and its sockets, and closes the rest: a journal segment that has been removed would take space on the disk as
 * long as a table holds it. */
#include "log.h"
#include "mem.h"
#include "server_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ThreadSanitizer takes equal numbers for one descriptor and would see races that are none. */
#ifdef __SANITIZE_THREAD__
#define MAY_BE_APART false
#else
#define MAY_BE_APART true
#endif
#define STANDARD   3                    /* stdin, stdout, stderr */
#define TABLE_MAX  (1 << 16)            /* descriptors that the kernel's table has room for from the start; half a megabyte */

static int by_number(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;
	return (x > y) - (x < y);
}

/* The kernel's table doubles as it fills, and where several threads share it the one that needs more stands still until no other can be
 * looking at the old one: for 10 to 20 ms. Once, before there is anybody to wait, is better. */
static void grow_shared_table(void)
{
	long files = sysconf(_SC_OPEN_MAX);
	int fd = eventfd(0, EFD_CLOEXEC);
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, (int)(files < TABLE_MAX ? files : TABLE_MAX) - 1);
	if (high >= 0)
		close(high);
	if (fd >= 0)
		close(fd);
}

/* The first gap is closed in a copy of the table, or, where that is not allowed or not known (Linux before 5.9), not at all. */
static bool close_all_but(int *keep, unsigned count)
{
	unsigned from = STANDARD;
	int flags = CLOSE_RANGE_UNSHARE;
	qsort(keep, count, sizeof *keep, by_number);
	for (unsigned i = 0; i <= count; i++) {
		unsigned next = i < count ? (unsigned)keep[i] : ~0U;
		if (next > from || i == count) {
			if (close_range(from, i < count ? next - 1 : next, flags))
				return false;
			flags = 0;
		}
		from = next + 1;
	}
	return true;
}

bool descriptors_apart(struct worker *w)
{
	const struct server *s = w->server;
	unsigned listeners = transport_descriptors(s->transport, w->index, NULL), count = 0;
	int *keep = mem_alloc((s->worker_count * LOOP_DESCRIPTORS + listeners + 1) * sizeof *keep);
	for (unsigned i = 0; i < s->worker_count; i++, count += LOOP_DESCRIPTORS)
		loop_descriptors(s->workers[i].loop, keep + count);
	count += transport_descriptors(s->transport, w->index, keep + count);
	if (s->store_fd >= 0)
		keep[count++] = s->store_fd;
	errno = ENOTSUP;
	bool apart = MAY_BE_APART && close_all_but(keep, count);
	mem_free(keep);
	if (!apart && w->index == 0) {
		log_write(LOG_INFO, "workers share one table of descriptors: %s", strerror(errno));
		grow_shared_table();
	}
	return apart;
}
