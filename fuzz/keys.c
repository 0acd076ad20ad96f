/* SPDX-License-Identifier: Apache-2.0 */
/* The key file: whatever stands in it, what is believed is whole and in order, and can be rotated. */
#include "key_file.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OVERLAP_S 93600
#define DATE_MAX  253402300799          /* the end of the year 9999 */

static char dir[] = "/tmp/sluice-fuzz-XXXXXX", path[64];

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void clean(void)
{
	unlink(path);
	rmdir(dir);
}

static int file(void)
{
	static int fd = -1;
	if (fd >= 0)
		return fd;
	must(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/" KEY_FILE_NAME, dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd >= 0 && !atexit(clean));
	return fd;
}

static void check(const struct key_file *f)
{
	must(f->count >= 1 && f->count <= KEYS_MAX && f->has_registration);
	for (unsigned i = 0; i < f->count; i++) {
		must(f->row[i].from_s <= DATE_MAX && f->row[i].made_s <= DATE_MAX);
		for (unsigned j = 0; j < i; j++)
			must(f->row[j].id != f->row[i].id && f->row[j].from_s <= f->row[i].from_s);
	}
}

static void rotate(const struct key_file *f, int64_t now_s)
{
	struct key_file next = *f;
	unsigned removed, writing = key_file_writing(f, now_s);
	must(writing < f->count && (writing == 0 || f->row[writing].from_s <= now_s));
	must(key_file_until(f, f->count - 1, OVERLAP_S) == INT64_MAX);
	if (key_file_rotate(&next, now_s, now_s + 300, OVERLAP_S, &removed) != KEY_ROTATED)
		return;
	check(&next);
	must(next.count == f->count - removed + 1 && removed <= writing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t times[] = { 0, 1795000000, DATE_MAX - 300 };
	struct key_file f;
	struct key_problem why;
	must(ftruncate(file(), 0) == 0 && pwrite(file(), data, size, 0) == (ssize_t)size);
	if (key_file_read(dir, &f, &why)) {
		must(why.err && why.said.text[0]);
		return 0;
	}
	check(&f);
	for (unsigned i = 0; i < sizeof times / sizeof *times; i++)
		rotate(&f, times[i]);
	return 0;
}
