/* SPDX-License-Identifier: Apache-2.0 */
/* operator.c - the changes of `sluice move`: in the file first, then in memory. */
#include "moves_private.h"
#include <errno.h>

/* `list`: what this call has added before. */
static int may_add(struct moves *m, struct table *list, const struct move *v)
{
	char memory[2048];
	struct arena arena;
	struct move there;
	if (v->target_count > MOVE_TARGETS_MAX)
		return -E2BIG;
	arena_init(&arena, memory, sizeof memory);
	bool taken = table_find(list, v->key, ALWAYS, &arena, &there) ||
	             (table_find(m->table, v->key, v->said_wall_ms, &arena, &there) && there.origin == MOVE_OPERATOR);
	arena_fini(&arena);
	if (taken)
		return -EEXIST;
	return moves_lead_back(m->table, list, v) ? -ELOOP : 0;
}

static void put_one(void *user, const struct move *v)
{
	struct moves *m = user;
	table_put(m->table, v);
}

int moves_add_many(struct moves *m, const struct move *list, unsigned count, unsigned *bad)
{
	int err = moves_begin(m);
	if (err)
		return err;
	struct table *fresh = table_new();
	for (unsigned i = 0; i < count && !err; i++) {
		if (bad)
			*bad = i;
		err = may_add(m, fresh, &list[i]);
		if (!err)
			err = file_put(&m->file, &list[i]);
		if (!err)
			table_put(fresh, &list[i]);
	}
	err = moves_end(m, err);
	if (!err)
		table_each(fresh, ALWAYS, put_one, m);
	table_free(fresh);
	return err;
}

int moves_add(struct moves *m, const struct move *v)
{
	return moves_add_many(m, v, 1, NULL);
}

/* 0: there is an entry, and its origin is among those that are meant. */
static int may_remove(struct moves *m, struct str key, bool learned_only)
{
	struct arena arena;
	struct move v;
	arena_init(&arena, NULL, 0);
	bool found = table_find(m->table, key, ALWAYS, &arena, &v);
	arena_fini(&arena);
	if (!found)
		return -ENOENT;
	return learned_only && v.origin == MOVE_OPERATOR ? -EPERM : 0;
}

static int remove_one(struct moves *m, struct str key, bool learned_only)
{
	int err = moves_begin(m);
	if (err)
		return err;
	err = may_remove(m, key, learned_only);
	if (!err)
		err = file_remove(&m->file, key);
	err = moves_end(m, err);
	if (!err)
		table_remove(m->table, key, NULL);
	return err;
}

int moves_remove(struct moves *m, struct str key)
{
	return remove_one(m, key, false);
}

int moves_forget(struct moves *m, struct str key)
{
	return remove_one(m, key, true);
}

static bool is_learned(const struct entry *e, int64_t wall_ms)
{
	(void)wall_ms;
	return e->origin != MOVE_OPERATOR;
}

int moves_forget_all(struct moves *m, uint64_t *count)
{
	int err = moves_begin(m);
	if (!err)
		err = moves_end(m, file_forget_all(&m->file));
	if (!err)
		*count = table_sweep(m->table, is_learned, ALWAYS, UINT64_MAX);
	return err;
}

int moves_pin(struct moves *m, struct str key, struct str said_by, int64_t wall_ms)
{
	struct arena arena;
	struct move v;
	int err = moves_begin(m);
	if (err)
		return err;
	arena_init(&arena, NULL, 0);
	bool pin = false;
	if (!table_find(m->table, key, wall_ms, &arena, &v))
		err = -ENOENT;
	else
		pin = v.origin != MOVE_OPERATOR;
	if (pin) {
		v.origin = MOVE_OPERATOR;
		v.state = MOVE_ACTIVE;
		v.said_by = said_by;
		v.path = STR("");
		v.said_wall_ms = wall_ms;
		v.expires_wall_ms = 0;
		err = file_put(&m->file, &v);
	}
	err = moves_end(m, err);
	if (!err && pin)
		table_put(m->table, &v);
	arena_fini(&arena);
	return err;
}
