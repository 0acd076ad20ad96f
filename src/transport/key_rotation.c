/* SPDX-License-Identifier: Apache-2.0 */
/* key_rotation.c - which key writes when, and when an old one may go. */
#include "key_file.h"
#include "random.h"

unsigned key_file_writing(const struct key_file *f, int64_t now_s)
{
	unsigned row = f->count - 1;
	while (row && f->row[row].from_s > now_s)
		row--;
	return row;
}

/* Nothing is written under a row once the next one writes; what was written last lives as long as the registration that
 * stored it, or the dialog: a day for that. */
int64_t key_file_until(const struct key_file *f, unsigned row, int64_t overlap_s)
{
	return row + 1 < f->count ? f->row[row + 1].from_s + overlap_s : INT64_MAX;
}

static void make_key(struct key_file *f, int64_t now_s, int64_t from_s)
{
	struct key_row *row = &f->row[f->count];
	bool taken;
	do {
		random_bytes(&row->id, sizeof row->id);
		taken = false;
		for (unsigned i = 0; i < f->count; i++)
			taken |= f->row[i].id == row->id;
	} while (taken);
	random_bytes(row->secret, sizeof row->secret);
	row->made_s = now_s;
	row->from_s = from_s;
	f->count++;
}

void key_file_new(struct key_file *out, int64_t now_s)
{
	*out = (struct key_file){ .has_registration = true };
	random_bytes(out->registration, sizeof out->registration);
	make_key(out, now_s, now_s);
}

enum key_rotation key_file_rotate(struct key_file *f, int64_t now_s, int64_t from_s, int64_t overlap_s, unsigned *removed)
{
	unsigned over = 0;
	if (f->row[f->count - 1].from_s > now_s)
		return KEY_WAITING;
	while (key_file_until(f, over, overlap_s) <= now_s)
		over++;
	if (f->count - over == KEYS_MAX)
		return KEY_FULL;
	memmove(f->row, f->row + over, (f->count - over) * sizeof *f->row);
	f->count -= over;
	make_key(f, now_s, from_s);
	*removed = over;
	return KEY_ROTATED;
}
