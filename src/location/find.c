/* SPDX-License-Identifier: Apache-2.0 */
/* find.c - the target set: the live flows of an AOR, grouped by phone. RFC 3261 §16.5, RFC 5626 §7. */
#include "location_private.h"

/* Bindings of one look-up, newest first. */
struct found {
	struct binding *list;
	unsigned count;
	bool flow_lost;
};

static void collect(struct location *loc, struct location_ask *ask, struct found *out)
{
	uint64_t hash = hash_str(loc->hash_key, ask->aor);
	struct stripe *s = stripe_of(loc, hash);
	struct str name = arena_str(ask->arena, ask->aor);
	pthread_mutex_lock(&s->lock);
	struct aor *a = stripe_find(s, hash, ask->aor);
	if (a)
		out->list = arena_array(ask->arena, a->count, sizeof out->list[0]);
	for (struct entry *e = a ? a->first : NULL; e; e = e->next) {
		if (location_entry_live(loc, e, ask->wall_ms)) {
			struct binding *b = &out->list[out->count++];
			entry_copy(e, name, ask->arena, b);
			b->suspect = location_entry_suspect(loc, e, ask->wall_ms);
		} else if (e->earlier_boot && !entry_expired(e, ask->wall_ms)) {
			out->flow_lost = true;
		}
	}
	pthread_mutex_unlock(&s->lock);
}

/* Would a request to the one arrive exactly where a request to the other does? The same URI over two flows is
 * two ways to a phone, not one target twice. */
static bool same_target(const struct binding *a, const struct binding *b)
{
	struct sip_uri x, y;
	if (a->via_flow != b->via_flow || !str_eq(a->path, b->path) || (a->via_flow && !flow_ref_same(&a->flow, &b->flow)))
		return false;
	return str_eq(a->contact, b->contact) ||
	       (sip_uri_parse(a->contact, &x) && sip_uri_parse(b->contact, &y) && sip_uri_equal(&x, &y));
}

/* A target is in the set once (PX-12): the newest binding of it stays. */
static void drop_doubles(struct found *f)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < f->count; i++) {
		unsigned k = 0;
		while (k < kept && !same_target(&f->list[k], &f->list[i]))
			k++;
		if (k == kept)
			f->list[kept++] = f->list[i];
	}
	f->count = kept;
}

/* list[from] goes to list[to], before it; those between make room. */
static void move_up(struct binding *list, unsigned from, unsigned to)
{
	struct binding b = list[from];
	memmove(&list[to + 1], &list[to], (from - to) * sizeof b);
	list[to] = b;
}

/* Move the flows of the phone that list[from] belongs to right behind it, in their order (OB-80, OB-90);
 * the instance is looked at within one AOR only (OB-76). Returns where the next phone starts. */
static unsigned gather(struct found *f, unsigned from)
{
	struct str instance = f->list[from].instance;
	unsigned end = from + 1;
	for (unsigned i = end; instance.n && i < f->count; i++)
		if (str_eq(f->list[i].instance, instance))
			move_up(f->list, i, end++);
	return end;
}

/* What fell silent is still a way to the phone, but the last one to try. */
static void suspects_last(struct binding *flows, unsigned count)
{
	unsigned heard = 0;
	for (unsigned i = 0; i < count; i++)
		if (!flows[i].suspect)
			move_up(flows, i, heard++);
}

static void insert_by_q(struct target_set *out, struct target_instance phone)
{
	unsigned at = out->instance_count++;
	for (; at > 0 && out->instances[at - 1].q < phone.q; at--)
		out->instances[at] = out->instances[at - 1];
	out->instances[at] = phone;
}

enum location_answer location_find(struct location *loc, struct location_ask *ask, struct target_set *out)
{
	struct found f = { 0 };
	collect(loc, ask, &f);
	drop_doubles(&f);

	*out = (struct target_set){ .instances = arena_array(ask->arena, f.count, sizeof out->instances[0]),
	                            .known_flow_lost = f.count == 0 && f.flow_lost };
	for (unsigned from = 0, end; from < f.count; from = end) {
		end = gather(&f, from);
		struct target_instance phone = { .flows = &f.list[from], .flow_count = end - from };
		for (unsigned i = from; i < end; i++)
			if (f.list[i].q > phone.q)
				phone.q = f.list[i].q;
		suspects_last(phone.flows, phone.flow_count);
		insert_by_q(out, phone);
	}
	return LOCATION_NOW;
}

/* Memory answers at once, so nothing ever waits. */
void location_forget(struct location *loc, struct location_ask *ask)
{
	(void)loc;
	(void)ask;
}
