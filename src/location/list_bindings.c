/* SPDX-License-Identifier: Apache-2.0 */
/* list_bindings.c - showing bindings to people: copies, so that no lock is held while they are printed. */
#include "location_private.h"

struct listing {
	struct walk walk;
	struct location *loc;
	int64_t wall_ms;
	void (*fn)(void *user, const struct binding *b);
	void *user;
	struct arena arena;
	struct shown { struct shown *next; struct binding b; } *first, **last;
};

static void copy(struct walk *walk, const struct entry *e, struct str aor)
{
	struct listing *l = CONTAINER(walk, struct listing, walk);
	if (entry_expired(e, l->wall_ms))
		return;
	struct shown *s = ARENA_NEW(&l->arena, struct shown);
	entry_copy(e, arena_str(&l->arena, aor), &l->arena, &s->b);
	if (!location_entry_live(l->loc, e, l->wall_ms))
		s->b.state = BINDING_FLOW_LOST;
	else
		s->b.suspect = location_entry_suspect(l->loc, e, l->wall_ms);
	*l->last = s;
	l->last = &s->next;
}

static void show(struct walk *walk)
{
	struct listing *l = CONTAINER(walk, struct listing, walk);
	for (struct shown *s = l->first; s; s = s->next)
		l->fn(l->user, &s->b);
	l->first = NULL;
	l->last = &l->first;
	arena_fini(&l->arena);
}

void location_list(struct location *loc, struct str aor, int64_t wall_ms,
                   void (*fn)(void *user, const struct binding *b), void *user)
{
	struct listing l = { .walk = { copy, show }, .loc = loc, .wall_ms = wall_ms, .fn = fn, .user = user };
	l.last = &l.first;
	arena_init(&l.arena, NULL, 0);
	if (!aor.p) {
		location_walk(loc, &l.walk);
		return;
	}

	uint64_t hash = hash_str(loc->hash_key, aor);
	struct stripe *s = stripe_of(loc, hash);
	pthread_mutex_lock(&s->lock);
	struct aor *a = stripe_find(s, hash, aor);
	for (struct entry *e = a ? a->first : NULL; e; e = e->next)
		copy(&l.walk, e, aor);
	pthread_mutex_unlock(&s->lock);
	show(&l.walk);
}
