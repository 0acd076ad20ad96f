/* SPDX-License-Identifier: Apache-2.0 */
/* stripe.h - one part of the table of AORs under one lock. Every call but stripe_lock needs it held. */
#ifndef SLUICE_STRIPE_H
#define SLUICE_STRIPE_H

#include "entry.h"
#include "expiry.h"
#include "list.h"
#include "map.h"
#include <pthread.h>

struct aor {
	struct map_node node;
	struct list all;                /* in stripe.all */
	struct expiry_node expiry;
	struct entry *first;            /* NULL only in a walker's mark, see location_walk */
	uint32_t count, n;
	char text[];
};
static inline struct str aor_str(const struct aor *a) { return (struct str){ a->text, a->n }; }

struct stripe {
	pthread_mutex_t lock;
	struct map aors;
	struct list all;
	struct expiry expiry;           /* all AORs */
	size_t bindings;
	struct list pending;            /* changes that the store has not answered, in the order they were applied */
	size_t earlier_boot;            /* how many are over lost flows */
};

void stripe_init(struct stripe *s, int64_t wall_ms);
void stripe_fini(struct stripe *s);     /* frees the entries */

struct aor *stripe_find(const struct stripe *s, uint64_t hash, struct str aor);
/* Put an entry where its update time says, making the AOR when it is the first. */
void stripe_link(struct stripe *s, uint64_t hash, struct str aor, struct entry *e);
/* Take it out, and the AOR with the last one. The entry is the caller's. */
void stripe_unlink(struct stripe *s, struct entry *e);
/* Drop what has expired of the next AOR that is due; false: none is. */
bool stripe_expire(struct stripe *s, int64_t wall_ms);
struct entry *stripe_entry(const struct stripe *s, uint64_t hash, struct str aor, uint64_t id);

#endif
