/* SPDX-License-Identifier: Apache-2.0 */
/* map.h - an intrusive hash table that grows and shrinks a little at every change, so that no single
 * insertion stalls. Keys stay with the caller: a look-up walks the nodes of equal hash and
 * compares. Not thread-safe. */
#ifndef SLUICE_MAP_H
#define SLUICE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_node {
	struct map_node *next;
	uint64_t hash;
};

struct map {
	struct map_node **slots, **old;         /* old: the table that is being emptied, or NULL */
	size_t mask, old_mask, moved, count;
	bool walking;                           /* inside map_each: no resize now */
};

void map_init(struct map *m);                           /* no memory is taken before the first insert */
void map_fini(struct map *m);                           /* frees the table, not the nodes */
void map_insert(struct map *m, struct map_node *node, uint64_t hash);
void map_remove(struct map *m, struct map_node *node);  /* must be in the map */
/* The first node of this hash, then the next one with the same hash; NULL when there is none. */
struct map_node *map_first(const struct map *m, uint64_t hash);
struct map_node *map_again(const struct map *m, const struct map_node *node);
/* For look-ups that follow soon: have their slot on its way from memory, and then, when that has come, the node in it: `bytes` of what it
 * is a part of. */
void map_foresee_slot(const struct map *m, uint64_t hash);
void map_foresee_node(const struct map *m, uint64_t hash, size_t bytes);
/* Visit all nodes in no order; fn may remove and free the node that it is given, nothing else.
 * Stops early when fn returns false. */
void map_each(struct map *m, bool (*fn)(void *user, struct map_node *node), void *user);

#endif
