/* SPDX-License-Identifier: Apache-2.0 */
/* kept_index.h - from a hash to the places in the ring (kept.h) where records of this hash stand. Eight bytes a record and open
 * addressing: a look-up that finds nothing, as for every new request, most often reads one cache line. Grows and
 * shrinks a little at every change, so that no single one stalls. */
#ifndef SLUICE_TRANSACTION_KEPT_INDEX_H
#define SLUICE_TRANSACTION_KEPT_INDEX_H

#include <stdint.h>

struct kept_slot {
	uint32_t tag;                   /* the low half of the hash */
	uint32_t at;                    /* where; 0: empty */
};
struct kept_index {
	struct kept_slot *slots, *old;  /* old: the table that is being emptied, or NULL */
	uint32_t mask, old_mask, moved, count;
};
struct kept_probe {                     /* a look-up under way */
	const struct kept_slot *slots;
	uint32_t tag, mask, slot;
};

#define KEPT_INDEX_BYTES 16             /* of the table, a record, on average */
#define KEPT_AT_MOVED 1                 /* never a place: its slot in the old table was emptied */

void kept_index_fini(struct kept_index *ix);
void kept_index_add(struct kept_index *ix, uint32_t tag, uint32_t at);
void kept_index_remove(struct kept_index *ix, uint32_t tag, uint32_t at);       /* must be there */
/* This tag will be asked for or removed soon. */
static inline void kept_index_prepare(const struct kept_index *ix, uint32_t tag)
{
	if (ix->slots)
		__builtin_prefetch(&ix->slots[tag & ix->mask]);
}
/* The places with this tag, one after the other; 0: no more. Nothing may change meanwhile. */
uint32_t kept_index_first(const struct kept_index *ix, uint32_t tag, struct kept_probe *probe);
uint32_t kept_index_next(const struct kept_index *ix, struct kept_probe *probe);

#endif
