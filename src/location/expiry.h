/* SPDX-License-Identifier: Apache-2.0 */
/* expiry.h - entries by the time they expire: a binary heap that knows where each entry stands. */
#ifndef SLUICE_EXPIRY_H
#define SLUICE_EXPIRY_H

#include "entry.h"

struct expiry {
	struct entry **slots;
	uint32_t count, room;
};

void expiry_fini(struct expiry *x);
void expiry_add(struct expiry *x, struct entry *e);
void expiry_remove(struct expiry *x, struct entry *e);          /* must be in it */
static inline struct entry *expiry_first(const struct expiry *x) { return x->count ? x->slots[0] : NULL; }

#endif
