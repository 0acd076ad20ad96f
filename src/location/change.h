/* SPDX-License-Identifier: Apache-2.0 */
/* change.h - a change of one AOR's bindings: applied in memory at once, then written to the journal; taken back when it
 * cannot be written, unless something newer has come. */
#ifndef SLUICE_CHANGE_H
#define SLUICE_CHANGE_H

#include "store.h"
#include "stripe.h"

struct location;

/* One binding that changes: old alone is removed, fresh alone is new, both: fresh takes old's place. */
struct step {
	struct entry *old, *fresh;
};

struct change;
/* Under the stripe lock: give the steps their sequence numbers, apply them, and build the rows for the
 * journal. NULL for wait: nobody waits for it. Takes the entries. */
struct change *change_apply(struct location *loc, struct stripe *s, uint64_t hash, struct str aor,
                            const struct step *steps, unsigned count, struct location_wait *wait);
/* Hand it to the store, without the lock. It frees itself and posts wait's `done`. */
void change_submit(struct change *c);
/* The store's answer (store_client.committed); user: the location. */
void change_committed(void *user, struct store_batch *const *batches, unsigned count, int err);

#endif
