/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - how a journal file is laid out: a head, frames one behind the other, zeros that were written ahead.
 *
 * A frame holds the rows of one request, which stand or fall together. It begins with the file's marker, a random number that
 * nobody outside knows, and its sum is keyed by it: what a phone sends can never pass for a frame. It also says where the
 * commit that wrote it begins; a commit ends with a frame without rows. A gap in the last commit is a write that the power cut
 * off, one before it is damage.
 * Numbers are little-endian; a frame starts at a multiple of 8. */
#ifndef SLUICE_FRAME_H
#define SLUICE_FRAME_H

#include "store.h"

enum {
	FRAME_HEAD = 512,               /* bytes of the file's head, safe before the first commit; none writes its sector again */
	FRAME_FORMAT = 1,
	FRAME_LEAST = 32,               /* bytes of a frame without rows */
	FRAME_MOST = 1 << 24
};

enum frame_head {
	FRAME_HEAD_FINE,
	FRAME_HEAD_NEWER,               /* of a later format */
	FRAME_HEAD_PART,                /* nothing, or what the power left of one that was being written */
	FRAME_HEAD_WRONG
};

void frame_head_write(char out[FRAME_HEAD], uint64_t marker);
enum frame_head frame_head_read(struct str bytes, uint64_t *marker);

size_t frame_size(const struct store_row *rows, unsigned count);
void frame_write(char *out, uint64_t marker, uint64_t commit, const struct store_row *rows, unsigned count);
/* FRAME_LEAST bytes: a commit ends with one. */
void frame_end_write(char *out, uint64_t marker, uint64_t commit, bool complete);

#define FRAME_END 0u                    /* no rows: the commit ends here */
#define FRAME_END_COMPLETE UINT32_MAX   /* and all that lived is in the file */
struct frame {
	uint64_t commit;                /* where its commit begins */
	uint32_t count;                 /* of rows, or one of these */
	struct str rows;
};
static inline bool frame_is_end(const struct frame *f) { return f->count == FRAME_END || f->count == FRAME_END_COMPLETE; }
/* What the frame at the start of these bytes says its size is, when its first FRAME_LEAST bytes are there; 0: there is none. */
size_t frame_size_read(struct str bytes, uint64_t marker);
/* All of its bytes: are they as they were written? */
bool frame_read(struct str bytes, uint64_t marker, struct frame *out);
/* The next row of frame->rows. */
void frame_row(struct str *rest, struct store_row *out);

#endif
