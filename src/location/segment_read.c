/* SPDX-License-Identifier: Apache-2.0 */
/* segment_read.c - reading a journal file, whatever a power loss or a bad sector made of it. */
#include "file.h"
#include "frame.h"
#include "mem.h"
#include "segment.h"
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WINDOW = 1 << 20,
	BLOCK = 4096,                   /* what a sector that cannot be read takes with it */
	UNREADABLE_MOST = 64            /* a disk that answers no more is not asked for each block of a file */
};

#define NOWHERE UINT64_MAX

/* A part of the file that moves along. */
struct reader {
	int fd;
	uint64_t size, from;
	char *bytes;
	size_t n, room;
	unsigned unreadable;            /* blocks: they are taken for zeros */
	int err;
	uint64_t marker;
	/* what was found */
	bool complete, damaged;
	uint64_t doubtful_from, doubtful_to;
};

static void load_by_blocks(struct reader *r, size_t want)
{
	for (r->n = 0; r->n < want && !r->err;) {
		size_t got, n = want - r->n < BLOCK ? want - r->n : BLOCK;
		int err = r->unreadable < UNREADABLE_MOST ? file_read(r->fd, r->bytes + r->n, n, r->from + r->n, &got) : -EIO;
		if (err == -EIO) {
			memset(r->bytes + r->n, 0, n);
			r->unreadable++;
		} else {
			r->err = err;
		}
		r->n += n;
	}
}

/* The bytes at `at`, `want` of them if the file is as long. */
static struct str look(struct reader *r, uint64_t at, size_t want)
{
	if (at < r->from || at + want > r->from + r->n) {
		uint64_t left = at < r->size ? r->size - at : 0;
		size_t n = want > WINDOW ? want : WINDOW, got = 0;
		if (n > left)
			n = (size_t)left;
		if (n > r->room) {
			mem_free(r->bytes);
			r->bytes = mem_alloc(n);
			r->room = n;
		}
		r->from = at;
		int err = file_read(r->fd, r->bytes, n, at, &got);
		r->n = got;
		if (err == -EIO)
			load_by_blocks(r, n);
		else
			r->err = err;
	}
	if (r->err || at >= r->from + r->n)
		return (struct str){ "", 0 };
	return (struct str){ r->bytes + (at - r->from), (size_t)(r->from + r->n - at) };
}

/* The frame at `at`, if there is one: its size, else 0. */
static size_t frame_at(struct reader *r, uint64_t at, struct frame *out)
{
	struct str bytes = look(r, at, FRAME_LEAST);
	size_t size = frame_size_read(bytes, r->marker);
	if (!size || size > r->size - at)
		return 0;
	if (size > bytes.n)
		bytes = look(r, at, size);
	bool good = bytes.n >= size && frame_read((struct str){ bytes.p, size }, r->marker, out) && out->commit <= at;
	return good ? size : 0;
}

/* The next place from `at` on where a frame stands; NOWHERE. */
static uint64_t find_frame(struct reader *r, uint64_t at)
{
	struct frame f;
	uint64_t word;
	while (at + FRAME_LEAST <= r->size && !r->err) {
		struct str bytes = look(r, at, FRAME_LEAST);
		if (bytes.n < FRAME_LEAST)
			break;
		const char *p = bytes.p, *end = bytes.p + bytes.n - sizeof word;
		while (p <= end && (memcpy(&word, p, sizeof word), le64toh(word)) != r->marker)
			p += 8;
		uint64_t found = at + (uint64_t)(p - bytes.p);
		if (p <= end && frame_at(r, found, &f))
			return found;
		at = p <= end ? found + 8 : found;
	}
	return NOWHERE;
}

static bool zeros_from(struct reader *r, uint64_t at)
{
	while (at < r->size && !r->err) {
		struct str bytes = look(r, at, 1);
		for (size_t i = 0; i < bytes.n; i++)
			if (bytes.p[i] != '\0')
				return false;
		at += bytes.n;
	}
	return !r->unreadable;
}

/* Without the head the first frame tells the marker, if that one is left. */
static void guess_marker(struct reader *r)
{
	struct str bytes = look(r, FRAME_HEAD, FRAME_LEAST);
	if (bytes.n >= FRAME_LEAST)
		memcpy(&r->marker, bytes.p, sizeof r->marker);
	r->marker = le64toh(r->marker);
}

/* False: there is nothing to read behind it. */
static bool read_head(struct reader *r)
{
	struct str bytes = look(r, 0, FRAME_HEAD);
	switch (frame_head_read(str_range(bytes.p, bytes.p + (bytes.n > FRAME_HEAD ? FRAME_HEAD : bytes.n)), &r->marker)) {
	case FRAME_HEAD_FINE:
		return true;
	case FRAME_HEAD_NEWER:
		r->err = r->err ? r->err : -ENOTSUP;
		return false;
	case FRAME_HEAD_PART:           /* the process ended while it made the file: empty, not damaged */
		if (zeros_from(r, FRAME_HEAD))
			return false;
		break;
	case FRAME_HEAD_WRONG:
		break;
	}
	r->damaged = true;
	guess_marker(r);
	return true;
}

/* Where the commit ends that begins at `at`, if all of it is there; else NOWHERE, and *gap is what it lacks first. */
static uint64_t whole_commit(struct reader *r, uint64_t at, uint64_t *gap)
{
	struct frame f = { .count = 1 };
	uint64_t begin = at;
	for (size_t size; !frame_is_end(&f); at += size) {
		size = frame_at(r, at, &f);
		if (!size || f.commit != begin) {
			*gap = at;
			return NOWHERE;
		}
	}
	return at;
}

/* Where the next commit begins after the one that has this gap; NOWHERE: it is the last. */
static uint64_t next_commit(struct reader *r, uint64_t gap)
{
	struct frame f;
	for (uint64_t at = find_frame(r, gap); at != NOWHERE; at = find_frame(r, at)) {
		at += frame_at(r, at, &f);
		if (f.commit > gap)
			return f.commit;
	}
	return NOWHERE;
}

/* All frames between. */
static void hand_over(struct reader *r, uint64_t from, uint64_t to, void (*fn)(void *user, const struct store_row *row), void *user)
{
	struct frame f;
	struct store_row row;
	while ((from = find_frame(r, from)) < to) {
		from += frame_at(r, from, &f);
		r->complete |= f.count == FRAME_END_COMPLETE;
		for (; f.rows.n && f.count; f.count--) {
			frame_row(&f.rows, &row);
			fn(user, &row);
		}
	}
}

/* Rows build upon each other: of a commit that the power cut off nothing counts, as nothing of it was promised. In one that was
 * followed by another a gap is damage, and what can be read counts. */
static void read_commits(struct reader *r, void (*fn)(void *user, const struct store_row *row), void *user)
{
	uint64_t at = FRAME_HEAD, gap, end;
	for (; !r->err; at = end) {
		end = whole_commit(r, at, &gap);
		if (end == NOWHERE) {
			end = next_commit(r, gap);
			if (end == NOWHERE)
				break;
			r->damaged = true;
		} else {
			r->doubtful_from = at;
			r->doubtful_to = end;
		}
		hand_over(r, at, end, fn, user);
	}
	r->damaged |= r->unreadable;
}

static int size_of(struct reader *r)
{
	struct stat st;
	if (fstat(r->fd, &st))
		return -errno;
	r->size = (uint64_t)st.st_size;
	return 0;
}

int segment_read(const char *path, struct segment_seen *seen, void (*fn)(void *user, const struct store_row *row), void *user)
{
	*seen = (struct segment_seen){ 0 };
	struct reader r = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (r.fd < 0)
		return -errno;
	r.err = size_of(&r);
	if (!r.err && read_head(&r))
		read_commits(&r, fn, user);
	close(r.fd);
	mem_free(r.bytes);
	*seen = (struct segment_seen){ r.complete && !r.damaged, r.doubtful_from, r.doubtful_to };
	return !r.err && r.damaged ? -EBADMSG : r.err;
}

/* --- what the last process may not have got to the disk --- */
static int write_again(int fd, uint64_t from, uint64_t to)
{
	char *bytes = mem_alloc(WINDOW);
	int err = 0;
	for (size_t got; from < to && !err; from += got) {
		size_t n = to - from < WINDOW ? (size_t)(to - from) : WINDOW;
		err = file_read(fd, bytes, n, from, &got);
		if (!err && got < n)
			err = -EIO;
		if (!err)
			err = file_write(fd, bytes, n, from);
	}
	mem_free(bytes);
	return err;
}

int segment_secure(const char *path, const struct segment_seen *seen)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = write_again(fd, seen->doubtful_from, seen->doubtful_to);
	if (!err && fdatasync(fd))
		err = -errno;
	close(fd);
	return err;
}
