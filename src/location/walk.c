/* SPDX-License-Identifier: Apache-2.0 */
/* walk.c - visiting every entry without stopping the traffic. */
#include "location_private.h"

enum { AORS_A_HOLD = 16 };      /* under one hold of the lock: some ten microseconds */

/* Visit the AORs behind the mark, which moves along in the stripe's list. False at its end. */
static bool some(struct stripe *s, struct aor *mark, struct walk *walk)
{
	unsigned n = 0;
	while (mark->all.next != &s->all && n < AORS_A_HOLD) {
		struct list *next = mark->all.next;
		const struct aor *a = CONTAINER(next, struct aor, all);
		for (const struct entry *e = a->first; e; e = e->next)  /* another walker's mark has none */
			walk->entry(walk, e, aor_str(a));
		list_remove(&mark->all);
		list_insert(next, &mark->all);
		n++;
	}
	return mark->all.next != &s->all;
}

static void walk_stripe(struct stripe *s, struct walk *walk)
{
	struct aor mark = { 0 };
	pthread_mutex_lock(&s->lock);
	list_add_head(&s->all, &mark.all);
	while (some(s, &mark, walk)) {
		pthread_mutex_unlock(&s->lock);
		walk->rest(walk);
		pthread_mutex_lock(&s->lock);
	}
	list_remove(&mark.all);
	pthread_mutex_unlock(&s->lock);
	walk->rest(walk);
}

void location_walk(struct location *loc, struct walk *walk)
{
	for (unsigned i = 0; i < STRIPES; i++)
		walk_stripe(&loc->stripes[i], walk);
}
