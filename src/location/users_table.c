/* SPDX-License-Identifier: Apache-2.0 */
/* users_table.c - building and searching one snapshot of the users. */
#include "users_table.h"
#include "mem.h"

struct users_table *users_table_new(void)
{
	struct users_table *t = mem_zalloc(sizeof *t);
	atomic_init(&t->refs, 1);
	arena_init(&t->arena, NULL, 0);
	t->key = hash_key_new();
	return t;
}

/* Arrays double inside the arena: what they leave behind is no more than what they are. */
static void *grown(struct arena *arena, const void *old, size_t count, size_t room, size_t each)
{
	void *fresh = arena_array(arena, room, each);
	if (count)
		memcpy(fresh, old, count * each);
	return fresh;
}

void users_table_add(struct users_table *t, struct str name, struct str domain, struct str ha1_md5, struct str ha1_sha256)
{
	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 16;
		t->list = grown(&t->arena, t->list, t->count, t->room, sizeof t->list[0]);
	}
	/* Neighbours are of the same domain most often: one copy serves them. */
	const struct user *before = t->count ? &t->list[t->count - 1] : NULL;
	bool same = before && str_eq(before->domain, domain);
	t->list[t->count++] = (struct user){
		.name = arena_str(&t->arena, name), .domain = same ? before->domain : arena_str(&t->arena, domain),
		.ha1_md5 = arena_str(&t->arena, ha1_md5), .ha1_sha256 = arena_str(&t->arena, ha1_sha256),
	};
}

void users_table_alias(struct users_table *t, struct str alias)
{
	struct user *u = &t->list[t->count - 1];
	if ((u->alias_count & (u->alias_count - 1)) == 0)       /* full at 0, 1, 2, 4, 8 ... */
		u->aliases = grown(&t->arena, u->aliases, u->alias_count, u->alias_count ? 2 * u->alias_count : 1,
		                   sizeof u->aliases[0]);
	u->aliases[u->alias_count++] = arena_str(&t->arena, alias);
}

static uint64_t hash_of(const struct users_table *t, struct str name, struct str domain)
{
	return hash_mix(hash_str(t->key, name), hash_istr(t->key, domain));
}

static void enter(struct users_table *t, struct str name, unsigned user)
{
	uint64_t hash = hash_of(t, name, t->list[user].domain);
	size_t at = hash & t->mask;
	while (t->slots[at].user)
		at = (at + 1) & t->mask;
	t->slots[at] = (struct users_slot){ hash, user + 1, name };
}

void users_table_seal(struct users_table *t)
{
	size_t names = t->count, room = 16;
	for (unsigned i = 0; i < t->count; i++)
		names += t->list[i].alias_count;
	while (room < 2 * names)
		room *= 2;
	t->mask = room - 1;
	t->slots = arena_array(&t->arena, room, sizeof t->slots[0]);
	for (unsigned i = 0; i < t->count; i++) {
		enter(t, t->list[i].name, i);
		for (unsigned k = 0; k < t->list[i].alias_count; k++)
			enter(t, t->list[i].aliases[k], i);
	}
}

struct users_table *users_table_ref(struct users_table *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void users_table_unref(struct users_table *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	arena_fini(&t->arena);
	mem_free(t);
}

const struct user *users_table_find(const struct users_table *t, struct str name, struct str domain)
{
	uint64_t hash = hash_of(t, name, domain);
	for (size_t at = hash & t->mask; t->slots[at].user; at = (at + 1) & t->mask) {
		const struct user *u = &t->list[t->slots[at].user - 1];
		if (t->slots[at].hash == hash && str_eq(t->slots[at].name, name) && str_ieq(u->domain, domain))
			return u;
	}
	return NULL;
}
