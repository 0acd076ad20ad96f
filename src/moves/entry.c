/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c - packing a move into one block. */
#include "entry.h"
#include "mem.h"

static const char *text_of(const struct entry *e)
{
	return (const char *)&e->targets[e->target_count];
}

struct str entry_key(const struct entry *e)
{
	return (struct str){ text_of(e), e->key_n };
}

static char *put(char *at, struct str s)
{
	return s.n ? mempcpy(at, s.p, s.n) : at;
}

struct entry *entry_pack(const struct move *v)
{
	unsigned count = v->target_count < MOVE_TARGETS_MAX ? v->target_count : MOVE_TARGETS_MAX;
	size_t n = sizeof(struct entry) + count * sizeof(struct entry_target) + v->key.n + v->old_uri.n + v->said_by.n + v->path.n;
	for (unsigned i = 0; i < count; i++)
		n += v->targets[i].uri.n;
	struct entry *e = mem_alloc(n);
	*e = (struct entry){
		.size = (uint32_t)n, .key_n = (uint32_t)v->key.n, .old_uri_n = (uint32_t)v->old_uri.n,
		.said_by_n = (uint32_t)v->said_by.n, .path_n = (uint32_t)v->path.n, .last_status = (uint16_t)v->last_status,
		.target_count = (uint8_t)count, .origin = (uint8_t)v->origin, .state = (uint8_t)v->state, .way = (uint8_t)v->way,
		.permanent = v->permanent, .hits = v->hits, .said_wall_ms = v->said_wall_ms, .expires_wall_ms = v->expires_wall_ms,
		.used_wall_ms = v->used_wall_ms,
	};
	char *at = (char *)&e->targets[count];
	at = put(put(put(put(at, v->key), v->old_uri), v->said_by), v->path);
	for (unsigned i = 0; i < count; i++) {
		e->targets[i] = (struct entry_target){ (uint32_t)v->targets[i].uri.n, v->targets[i].q };
		at = put(at, v->targets[i].uri);
	}
	return e;
}

void entry_free(struct entry *e)
{
	mem_free(e);
}

static struct str take(const char **at, size_t n)
{
	struct str s = { *at, n };
	*at += n;
	return s;
}

void entry_read(const struct entry *e, struct arena *arena, struct move *out)
{
	const char *at = text_of(e);
	*out = (struct move){
		.key = take(&at, e->key_n), .targets = arena_array(arena, e->target_count, sizeof *out->targets),
		.target_count = e->target_count, .origin = (enum move_origin)e->origin, .state = (enum move_state)e->state,
		.way = (enum move_way)e->way, .permanent = e->permanent, .said_wall_ms = e->said_wall_ms,
		.expires_wall_ms = e->expires_wall_ms, .hits = e->hits, .used_wall_ms = e->used_wall_ms, .last_status = e->last_status,
	};
	out->old_uri = take(&at, e->old_uri_n);
	out->said_by = take(&at, e->said_by_n);
	out->path = take(&at, e->path_n);
	for (unsigned i = 0; i < e->target_count; i++)
		out->targets[i] = (struct move_target){ take(&at, e->targets[i].uri_n), e->targets[i].q };
}
