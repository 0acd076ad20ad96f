/* SPDX-License-Identifier: Apache-2.0 */
/* learn.c - what the running server learns, and what it thinks of it later: in memory at once, in the file by the writer. */
#include "moves_private.h"

static bool same_targets(const struct move *a, const struct move *b)
{
	if (a->target_count != b->target_count)
		return false;
	for (unsigned i = 0; i < a->target_count; i++)
		if (!str_eq(a->targets[i].uri, b->targets[i].uri) || a->targets[i].q != b->targets[i].q)
			return false;
	return true;
}

static bool renew(void *user, struct entry *e)
{
	const struct move *v = user;
	if (e->origin == MOVE_OPERATOR)
		return false;
	e->said_wall_ms = v->said_wall_ms;
	e->expires_wall_ms = v->expires_wall_ms;
	return true;
}

/* With m->learning held. */
static enum move_learned learn(struct moves *m, const struct move *v, struct arena *arena)
{
	struct move there;
	bool known = table_find(m->table, v->key, v->said_wall_ms, arena, &there);
	if (known && there.origin == MOVE_OPERATOR)
		return MOVE_OPERATORS;
	if (known && there.state == v->state && there.origin == v->origin && there.permanent == v->permanent && same_targets(&there, v))
		return table_change(m->table, v->key, renew, (void *)v) ? MOVE_KNOWN : MOVE_OPERATORS;
	if (moves_lead_back(m->table, NULL, v))
		return MOVE_LOOP;
	/* A disk that takes nothing must not make the queue grow either. */
	if ((!known && table_counts(m->table)->learned >= m->max_learned) || m->writer.waiting > 2 * (size_t)m->max_learned)
		return MOVE_FULL;
	table_put(m->table, v);
	return MOVE_LEARNED;
}

enum move_learned moves_learn(struct moves *m, const struct move *v)
{
	char memory[2048];
	struct arena arena;
	arena_init(&arena, memory, sizeof memory);
	pthread_mutex_lock(&m->learning);
	enum move_learned done = learn(m, v, &arena);
	pthread_mutex_unlock(&m->learning);
	arena_fini(&arena);
	if (done == MOVE_LEARNED || done == MOVE_KNOWN)
		writer_add(m, v->key, true);
	return done;
}

static bool is_learned(const struct entry *e)
{
	return e->origin != MOVE_OPERATOR;
}

bool moves_unlearn(struct moves *m, struct str key)
{
	bool there = table_remove(m->table, key, is_learned);
	if (there)
		writer_remove(m, key);
	return there;
}

static bool doubt(void *user, struct entry *e)
{
	(void)user;
	bool now = e->origin != MOVE_OPERATOR && e->state == MOVE_ACTIVE;
	if (now)
		e->state = MOVE_DOUBTED;
	return now;
}

bool moves_doubt(struct moves *m, struct str key)
{
	bool now = table_change(m->table, key, doubt, NULL);
	if (now)
		writer_add(m, key, true);
	return now;
}

static bool suspend(void *user, struct entry *e)
{
	(void)user;
	bool now = e->origin == MOVE_PHONE && (e->state == MOVE_ACTIVE || e->state == MOVE_DOUBTED);
	if (now)
		e->state = MOVE_SUSPENDED;
	return now;
}

bool moves_suspend(struct moves *m, struct str key)
{
	bool now = table_change(m->table, key, suspend, NULL);
	if (now)
		writer_add(m, key, true);
	return now;
}

struct use {
	int64_t wall_ms;
	unsigned status;
};

static bool use(void *user, struct entry *e)
{
	const struct use *u = user;
	e->hits++;
	e->used_wall_ms = u->wall_ms;
	e->last_status = (uint16_t)u->status;
	return true;
}

void moves_used(struct moves *m, struct str key, int64_t wall_ms, unsigned status)
{
	struct use u = { wall_ms, status };
	if (table_change(m->table, key, use, &u))
		writer_add(m, key, false);
}
