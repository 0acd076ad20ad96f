/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - one move as the table keeps it: a single block without pointers into it, so that a look-up copies it whole. */
#ifndef SLUICE_MOVES_ENTRY_H
#define SLUICE_MOVES_ENTRY_H

#include "map.h"
#include "moves.h"

struct entry {
	struct map_node node;
	uint32_t size;                  /* of the whole block */
	uint32_t key_n, old_uri_n, said_by_n, path_n;
	uint16_t last_status;
	uint8_t target_count;
	uint8_t origin, state, way;     /* of their enums */
	bool permanent;
	bool queued;                    /* a change of it waits for the writer */
	uint64_t hits;
	int64_t said_wall_ms, expires_wall_ms, used_wall_ms;
	struct entry_target {
		uint32_t uri_n;
		int32_t q;
	} targets[];                    /* then the text: key, old URI, who, path, targets */
};

struct entry *entry_pack(const struct move *v);
void entry_free(struct entry *e);
struct str entry_key(const struct entry *e);
/* The move with its strings in the entry, which must live as long; its list of targets is in the arena. */
void entry_read(const struct entry *e, struct arena *arena, struct move *out);
static inline bool entry_expired(const struct entry *e, int64_t wall_ms)
{
	return e->expires_wall_ms && e->expires_wall_ms <= wall_ms;
}

#endif
