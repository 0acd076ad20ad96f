/* SPDX-License-Identifier: Apache-2.0 */
/* location_private.h - what the files of location share. */
#ifndef SLUICE_LOCATION_PRIVATE_H
#define SLUICE_LOCATION_PRIVATE_H

#include "change.h"
#include "location.h"
#include "store.h"
#include "stripe.h"
#include <stdatomic.h>

enum { STRIPES = 64 };          /* by the top bits of the hash; the maps use the low ones */

struct location {
	struct location_settings settings;
	struct hash_key hash_key;
	atomic_uint_fast64_t sequence;          /* the last number given to a change */
	atomic_uint_fast64_t pending;           /* changes that the store has not answered */
	atomic_uint expire_from;                /* the stripe that location_expire starts with */
	struct stripe stripes[STRIPES];
};

static inline struct stripe *stripe_of(struct location *loc, uint64_t hash)
{
	return &loc->stripes[hash >> 58];
}

/* Can a request be sent to it now? */
bool location_entry_live(const struct location *loc, const struct entry *e, int64_t wall_ms);
/* Is it silent? Asked of its flow when it is ours to hear, else as location_suspect was told. Under the stripe lock. */
bool location_entry_suspect(const struct location *loc, const struct entry *e, int64_t wall_ms);

/* Call fn for every entry, a few AORs at a time under their lock; between them `rest` runs without it. Entries
 * that come or go meanwhile may be seen or not, the others are seen once. */
struct walk {
	void (*entry)(struct walk *self, const struct entry *e, struct str aor);
	void (*rest)(struct walk *self);
};
void location_walk(struct location *loc, struct walk *walk);

#endif
