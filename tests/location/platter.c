/* SPDX-License-Identifier: Apache-2.0 */
#include "platter.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 1024, NAMES = 64, SECTOR = 512 };

/* A step whose effect is not in the safe state yet. */
struct open_step {
	const struct disk_op *op;
	bool synced;                    /* it is on the disk, but a doomed one before it may be or not */
	bool doomed;                    /* a sync of it failed: no later one saves it */
};

struct steps {
	struct open_step *list;
	unsigned count, room;
};

struct inode {
	unsigned char *bytes;           /* what is safe */
	size_t n, room;
	struct steps open;
};

struct entry { char name[DISK_NAME]; unsigned inode; };

struct platter {
	struct inode inodes[FILES];
	unsigned inode_count;           /* the highest number */
	struct entry names[NAMES];      /* that are safe */
	unsigned name_count;
	struct steps open_names;
	uint64_t random;
	/* what is being written out */
	unsigned char *bytes;
	size_t n, room;
	struct entry there[NAMES];
	unsigned there_count;
};

static uint64_t next(struct platter *p)
{
	uint64_t z = p->random += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static bool chance(struct platter *p, unsigned percent)
{
	return next(p) % 100 < percent;
}

static void *grown(void *old, size_t bytes)
{
	void *fresh = realloc(old, bytes);
	if (!fresh)
		abort();
	return fresh;
}

static void add(struct steps *s, const struct disk_op *op)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 16;
		s->list = grown(s->list, s->room * sizeof s->list[0]);
	}
	s->list[s->count++] = (struct open_step){ .op = op };
}

struct platter *platter_new(void)
{
	struct platter *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	return p;
}

void platter_free(struct platter *p)
{
	for (unsigned i = 0; i <= p->inode_count; i++) {
		free(p->inodes[i].bytes);
		free(p->inodes[i].open.list);
	}
	free(p->open_names.list);
	free(p->bytes);
	free(p);
}

/* --- bytes --- */
static void resize(unsigned char **bytes, size_t *n, size_t *room, size_t size)
{
	if (size > *room) {
		*room = size + size / 2;
		*bytes = grown(*bytes, *room);
	}
	if (size > *n)
		memset(*bytes + *n, 0, size - *n);
	*n = size;
}

static void lay(unsigned char **bytes, size_t *n, size_t *room, size_t at, const unsigned char *from, size_t count)
{
	if (at + count > *n)
		resize(bytes, n, room, at + count);
	if (count)
		memcpy(*bytes + at, from, count);
}

static void make_safe(struct inode *f, const struct disk_op *op)
{
	lay(&f->bytes, &f->n, &f->room, op->at, op->bytes, op->n);
}

/* What was synced is safe, as far as nothing doomed is before it. */
static void synced(struct inode *f)
{
	for (unsigned i = 0; i < f->open.count; i++)
		f->open.list[i].synced = !f->open.list[i].doomed;
	unsigned done = 0;
	while (done < f->open.count && f->open.list[done].synced)
		make_safe(f, f->open.list[done++].op);
	f->open.count -= done;
	if (f->open.count)
		memmove(f->open.list, f->open.list + done, f->open.count * sizeof f->open.list[0]);
}

static void doom(struct inode *f)
{
	for (unsigned i = 0; i < f->open.count; i++)
		f->open.list[i].doomed = !f->open.list[i].synced;
}

/* --- names --- */
static struct entry *entry(struct entry *list, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static void drop(struct entry *list, unsigned *count, const char *name)
{
	struct entry *e = entry(list, *count, name);
	if (e)
		*e = list[--*count];
}

static void put(struct entry *list, unsigned *count, const char *name, unsigned inode)
{
	drop(list, count, name);
	if (*count == NAMES)
		abort();
	strcpy(list[*count].name, name);
	list[(*count)++].inode = inode;
}

static void name_step(struct entry *list, unsigned *count, const struct disk_op *op)
{
	if (op->kind == DISK_MAKE)
		put(list, count, op->name, op->inode);
	else
		drop(list, count, op->name);
	if (op->kind == DISK_RENAME)
		put(list, count, op->to, op->inode);
}

/* --- steps --- */
void platter_step(struct platter *p, const struct disk_op *op)
{
	if (op->inode >= FILES)
		abort();
	if (op->inode > p->inode_count)
		p->inode_count = op->inode;
	switch (op->kind) {
	case DISK_MAKE:
	case DISK_REMOVE:
	case DISK_RENAME:
		add(&p->open_names, op);
		return;
	case DISK_WRITE:
		add(&p->inodes[op->inode].open, op);
		return;
	case DISK_SYNC:
		synced(&p->inodes[op->inode]);
		return;
	case DISK_LOSE:
		doom(&p->inodes[op->inode]);
		return;
	case DISK_SYNC_FOLDER:
		for (unsigned i = 0; i < p->open_names.count; i++)
			name_step(p->names, &p->name_count, p->open_names.list[i].op);
		p->open_names.count = 0;
		return;
	}
	abort();
}

bool platter_safe(const struct platter *p)
{
	for (unsigned i = 1; i <= p->inode_count; i++)
		if (p->inodes[i].open.count)
			return false;
	return p->open_names.count == 0;
}

/* --- the ruin --- */

/* Names that a step is about and that already lack one. */
struct behind { const char *names[2 * NAMES]; unsigned count; };

static bool is_behind(const struct behind *b, const char *name)
{
	if (!name[0])                   /* only a rename has a second one */
		return false;
	for (unsigned i = 0; i < b->count; i++)
		if (strcmp(b->names[i], name) == 0)
			return true;
	return false;
}

static void choose_names(struct platter *p, struct ruin how)
{
	struct behind behind = { .count = 0 };
	memcpy(p->there, p->names, sizeof p->there);
	p->there_count = p->name_count;
	if (how.names == RUIN_NO_NAMES)
		return;
	for (unsigned i = 0; i < p->open_names.count; i++) {
		const struct disk_op *op = p->open_names.list[i].op;
		bool lost = how.names == RUIN_ANY_NAMES && chance(p, 50);
		if (lost || is_behind(&behind, op->name) || is_behind(&behind, op->to)) {
			if (behind.count + 2 > 2 * NAMES)
				abort();
			behind.names[behind.count++] = op->name;
			behind.names[behind.count++] = op->to;
		} else {
			name_step(p->there, &p->there_count, op);
		}
	}
}

static void lay_step(struct platter *p, const struct disk_op *op, size_t from, size_t to)
{
	lay(&p->bytes, &p->n, &p->room, op->at + from, op->bytes + from, to - from);
}

static void whole_step(struct platter *p, const struct disk_op *op)
{
	lay_step(p, op, 0, op->n);
}

static void some_sectors(struct platter *p, const struct disk_op *op, unsigned percent, bool full_length)
{
	if (full_length && op->at + op->n > p->n)
		resize(&p->bytes, &p->n, &p->room, op->at + op->n);
	for (size_t from = 0, to; from < op->n; from = to) {
		to = from + SECTOR - (op->at + from) % SECTOR;
		to = to > op->n ? op->n : to;
		if (chance(p, percent))
			lay_step(p, op, from, to);
	}
}

/* The last step of which anything is there, when what came first is there; it is torn. */
static const struct disk_op *last_step(struct platter *p)
{
	const struct disk_op *found = NULL;
	unsigned seen = 0;
	for (unsigned i = 1; i <= p->inode_count; i++)
		for (unsigned k = 0; k < p->inodes[i].open.count; k++)
			if (next(p) % ++seen == 0)
				found = p->inodes[i].open.list[k].op;
	return found;
}

static void build(struct platter *p, const struct inode *f, struct ruin how, const struct disk_op *last, bool full_length)
{
	p->n = 0;
	lay(&p->bytes, &p->n, &p->room, 0, f->bytes, f->n);
	for (unsigned i = 0; i < f->open.count; i++) {
		const struct disk_op *op = f->open.list[i].op;
		if (f->open.list[i].synced || how.bytes == RUIN_ALL_BYTES || (how.bytes == RUIN_FIRST_BYTES && op < last) ||
		    (how.bytes == RUIN_ANY_WRITES && chance(p, how.percent)))
			whole_step(p, op);
		else if (how.bytes == RUIN_FIRST_BYTES && op == last && op->n)
			lay_step(p, op, 0, next(p) % (op->n + 1));
		else if (how.bytes == RUIN_ANY_SECTORS)
			some_sectors(p, op, how.percent, full_length);
	}
}

static void write_file(const struct platter *p, const char *folder, const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, p->bytes, p->n) != (ssize_t)p->n)
		abort();
	close(fd);
}

void platter_write(struct platter *p, const char *folder, struct ruin how)
{
	p->random = how.seed;
	choose_names(p, how);
	const struct disk_op *last = how.bytes == RUIN_FIRST_BYTES ? last_step(p) : NULL;
	for (unsigned i = 0; i < p->there_count; i++) {
		build(p, &p->inodes[p->there[i].inode], how, last, chance(p, 50));
		write_file(p, folder, p->there[i].name);
	}
}
