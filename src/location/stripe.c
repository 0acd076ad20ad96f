/* SPDX-License-Identifier: Apache-2.0 */
/* stripe.c - AORs and their entries, linked and unlinked. */
#include "stripe.h"
#include "mem.h"

void stripe_init(struct stripe *s, int64_t wall_ms)
{
	pthread_mutex_init(&s->lock, NULL);
	map_init(&s->aors);
	list_init(&s->all);
	expiry_init(&s->expiry, wall_ms);
	list_init(&s->pending);
	s->bindings = 0;
	s->earlier_boot = 0;
}

void stripe_fini(struct stripe *s)
{
	for (struct list *at = s->all.next, *next; at != &s->all; at = next) {
		next = at->next;
		struct aor *a = CONTAINER(at, struct aor, all);
		for (struct entry *e = a->first, *later; e; e = later) {
			later = e->next;
			mem_free(e);
		}
		mem_free(a);
	}
	expiry_fini(&s->expiry);
	map_fini(&s->aors);
	pthread_mutex_destroy(&s->lock);
}

struct aor *stripe_find(const struct stripe *s, uint64_t hash, struct str aor)
{
	for (struct map_node *n = map_first(&s->aors, hash); n; n = map_again(&s->aors, n)) {
		struct aor *a = CONTAINER(n, struct aor, node);
		if (str_eq(aor_str(a), aor))
			return a;
	}
	return NULL;
}

static struct aor *make(struct stripe *s, uint64_t hash, struct str aor)
{
	struct aor *a = mem_alloc(sizeof *a + aor.n);
	*a = (struct aor){ .n = (uint32_t)aor.n };
	memcpy(a->text, aor.p, aor.n);
	map_insert(&s->aors, &a->node, hash);
	list_add_tail(&s->all, &a->all);
	return a;
}

static bool newer(const struct entry *a, const struct entry *b)
{
	return a->updated_wall_ms != b->updated_wall_ms ? a->updated_wall_ms > b->updated_wall_ms : a->id > b->id;
}

void stripe_link(struct stripe *s, uint64_t hash, struct str aor, struct entry *e)
{
	struct aor *a = stripe_find(s, hash, aor);
	if (!a)
		a = make(s, hash, aor);

	struct entry **at = &a->first;
	while (*at && newer(*at, e))
		at = &(*at)->next;
	e->next = *at;
	*at = e;
	e->aor = a;
	a->count++;
	expiry_add(&s->expiry, &a->expiry, e->expires_wall_ms);
	s->bindings++;
	s->earlier_boot += e->earlier_boot;
}

void stripe_unlink(struct stripe *s, struct entry *e)
{
	struct aor *a = e->aor;
	struct entry **at = &a->first;
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	e->next = NULL;
	e->aor = NULL;
	s->bindings--;
	s->earlier_boot -= e->earlier_boot;

	if (--a->count == 0) {
		map_remove(&s->aors, &a->node);
		list_remove(&a->all);
		expiry_remove(&s->expiry, &a->expiry);
		mem_free(a);
	}
}

bool stripe_expire(struct stripe *s, int64_t wall_ms)
{
	struct expiry_node *n = expiry_next(&s->expiry, wall_ms);
	if (!n)
		return false;
	struct aor *a = CONTAINER(n, struct aor, expiry);
	for (struct entry *e = a->first, *next; e; e = next) {
		next = e->next;
		if (!entry_expired(e, wall_ms)) {
			expiry_add(&s->expiry, &a->expiry, e->expires_wall_ms);
			continue;
		}
		stripe_unlink(s, e);    /* the AOR goes with its last one, and is not looked at any more */
		mem_free(e);
	}
	return true;
}

struct entry *stripe_entry(const struct stripe *s, uint64_t hash, struct str aor, uint64_t id)
{
	struct aor *a = stripe_find(s, hash, aor);
	for (struct entry *e = a ? a->first : NULL; e; e = e->next)
		if (e->id == id)
			return e;
	return NULL;
}
