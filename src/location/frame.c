/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - heads, frames and rows as bytes.
 *
 * head:  magic(16) format(4) 0(4) marker(8) sum(8), zeros
 * frame: marker(8) sum(8) commit(8) size(4) count(4), rows, zeros up to a multiple of 8; the sum is of all behind it
 * row:   seq(8) expires(8) key-length(4) record-length(4) key record */
#include "frame.h"
#include "hash.h"
#include <endian.h>
#include <string.h>

enum { MAGIC = 16, HEAD_SUMMED = MAGIC + 16, SUM_AT = 8, SUM_END = 16, ROW_FIXED = 24 };

static const char magic[MAGIC] = "sluice journal\n";

static void put32(char *at, uint32_t number)
{
	number = htole32(number);
	memcpy(at, &number, sizeof number);
}

static void put64(char *at, uint64_t number)
{
	number = htole64(number);
	memcpy(at, &number, sizeof number);
}

static uint32_t get32(const char *at)
{
	uint32_t number;
	memcpy(&number, at, sizeof number);
	return le32toh(number);
}

static uint64_t get64(const char *at)
{
	uint64_t number;
	memcpy(&number, at, sizeof number);
	return le64toh(number);
}

static uint64_t sum(uint64_t marker, const char *bytes, size_t n)
{
	return hash_bytes((struct hash_key){ marker, 0 }, bytes, n);
}

/* --- the head --- */
void frame_head_write(char out[FRAME_HEAD], uint64_t marker)
{
	memset(out, 0, FRAME_HEAD);
	memcpy(out, magic, MAGIC);
	put32(out + MAGIC, FRAME_FORMAT);
	put64(out + MAGIC + 8, marker);
	put64(out + HEAD_SUMMED, sum(0, out, HEAD_SUMMED));
}

static enum frame_head judge_part(struct str bytes)
{
	for (size_t i = 0; i < bytes.n && i < MAGIC; i++)
		if (bytes.p[i] != '\0' && bytes.p[i] != magic[i])
			return FRAME_HEAD_WRONG;
	return FRAME_HEAD_PART;
}

enum frame_head frame_head_read(struct str bytes, uint64_t *marker)
{
	if (bytes.n < FRAME_HEAD || memcmp(bytes.p, magic, MAGIC) != 0 ||
	    get64(bytes.p + HEAD_SUMMED) != sum(0, bytes.p, HEAD_SUMMED))
		return judge_part(bytes);
	*marker = get64(bytes.p + MAGIC + 8);
	return get32(bytes.p + MAGIC) > FRAME_FORMAT ? FRAME_HEAD_NEWER : FRAME_HEAD_FINE;
}

/* --- frames --- */
size_t frame_size(const struct store_row *rows, unsigned count)
{
	size_t n = FRAME_LEAST;
	for (unsigned i = 0; i < count; i++)
		n += ROW_FIXED + rows[i].key.n + rows[i].record.n;
	return (n + 7) & ~(size_t)7;
}

static char *put_str(char *at, struct str s)
{
	if (s.n)
		memcpy(at, s.p, s.n);
	return at + s.n;
}

static void seal(char *out, size_t size, uint64_t marker, uint64_t commit, uint32_t count)
{
	put64(out, marker);
	put64(out + SUM_END, commit);
	put32(out + SUM_END + 8, (uint32_t)size);
	put32(out + SUM_END + 12, count);
	put64(out + SUM_AT, sum(marker, out + SUM_END, size - SUM_END));
}

void frame_write(char *out, uint64_t marker, uint64_t commit, const struct store_row *rows, unsigned count)
{
	char *at = out + FRAME_LEAST;
	for (unsigned i = 0; i < count; i++) {
		put64(at, rows[i].seq);
		put64(at + 8, (uint64_t)rows[i].expires_wall_ms);
		put32(at + 16, (uint32_t)rows[i].key.n);
		put32(at + 20, (uint32_t)rows[i].record.n);
		at = put_str(at + ROW_FIXED, rows[i].key);
		at = put_str(at, rows[i].record);
	}
	while ((at - out) % 8)
		*at++ = '\0';
	seal(out, (size_t)(at - out), marker, commit, count);
}

void frame_end_write(char *out, uint64_t marker, uint64_t commit, bool complete)
{
	seal(out, FRAME_LEAST, marker, commit, complete ? FRAME_END_COMPLETE : FRAME_END);
}

size_t frame_size_read(struct str bytes, uint64_t marker)
{
	if (bytes.n < FRAME_LEAST || get64(bytes.p) != marker)
		return 0;
	size_t size = get32(bytes.p + SUM_END + 8);
	return size >= FRAME_LEAST && size <= FRAME_MOST && size % 8 == 0 ? size : 0;
}

/* Do the lengths of the rows stay within them? With a sum that fits they do, unless whoever wrote them was wrong. */
static bool rows_fit(struct str rows, uint32_t count)
{
	for (; count; count--) {
		if (rows.n < ROW_FIXED)
			return false;
		size_t key = get32(rows.p + 16), record = get32(rows.p + 20);
		if (rows.n - ROW_FIXED < key || rows.n - ROW_FIXED - key < record)
			return false;
		rows = (struct str){ rows.p + ROW_FIXED + key + record, rows.n - ROW_FIXED - key - record };
	}
	return true;
}

bool frame_read(struct str bytes, uint64_t marker, struct frame *out)
{
	if (get64(bytes.p + SUM_AT) != sum(marker, bytes.p + SUM_END, bytes.n - SUM_END))
		return false;
	*out = (struct frame){ get64(bytes.p + SUM_END), get32(bytes.p + SUM_END + 12),
	                       { bytes.p + FRAME_LEAST, bytes.n - FRAME_LEAST } };
	return frame_is_end(out) ? !out->rows.n : rows_fit(out->rows, out->count);
}

void frame_row(struct str *rest, struct store_row *out)
{
	size_t key = get32(rest->p + 16), record = get32(rest->p + 20);
	const char *text = rest->p + ROW_FIXED;
	*out = (struct store_row){ get64(rest->p), { text, key }, { text + key, record }, (int64_t)get64(rest->p + 8) };
	*rest = (struct str){ text + key + record, rest->n - ROW_FIXED - key - record };
}
