/* SPDX-License-Identifier: Apache-2.0 */
/* location.c - the life of the table: recovery, expiry, listing, counting. */
#include "location_private.h"
#include "log.h"
#include "mem.h"
#include "record.h"
#include <stdio.h>

void location_settings_init(struct location_settings *s)
{
	*s = (struct location_settings){ .max_contacts = 16, .replace_oldest = true };
}

/* --- what the journal kept --- */
struct recovery {
	struct location *loc;
	int64_t wall_ms;
	unsigned unreadable;
};

static void recover_row(void *user, const struct store_row *row)
{
	struct recovery *r = user;
	struct binding b;
	if (!record_read(row->record, &b)) {
		r->unreadable++;
		return;
	}
	if (b.expires_wall_ms <= r->wall_ms)
		return;
	b.id = row->seq;
	/* A serial of an earlier process may name somebody else's connection now. UDP and Path survive. */
	const struct location_settings *set = &r->loc->settings;
	bool udp = !flow_ref_none(&b.flow) && !transport_is_stream(b.flow.kind);
	bool lost = udp && set->flow_restore && !set->flow_restore(set->user, &b);
	struct entry *e = entry_new(&b);
	e->journal_until_ms = row->expires_wall_ms;
	e->earlier_boot = lost || entry_over_stream(e);
	uint64_t hash = hash_str(r->loc->hash_key, b.aor);
	stripe_link(stripe_of(r->loc, hash), hash, b.aor, e);
}

/* --- what a new segment starts with --- */
struct snapshot {
	struct walk walk;
	void (*put)(void *sink, const struct store_row *row);
	void *sink;
	struct arena arena;             /* rows that were read under the lock and are not written yet */
	struct waiting { struct waiting *next; struct store_row row; } *waiting;
};

static void snapshot_entry(struct walk *walk, const struct entry *e, struct str aor)
{
	struct snapshot *s = CONTAINER(walk, struct snapshot, walk);
	struct binding b;
	entry_view(e, aor, &b);
	struct str key = { NULL, record_key_size(&b) }, record = { NULL, record_size(&b) };
	char *text = arena_alloc(&s->arena, key.n + record.n);
	key.p = text;
	record.p = text + key.n;
	record_key_write(&b, text);
	record_write(&b, text + key.n);

	struct waiting *w = arena_alloc(&s->arena, sizeof *w);
	*w = (struct waiting){ s->waiting, { e->id, key, record, e->journal_until_ms } };
	s->waiting = w;
}

static void snapshot_rest(struct walk *walk)
{
	struct snapshot *s = CONTAINER(walk, struct snapshot, walk);
	for (struct waiting *w = s->waiting; w; w = w->next)
		s->put(s->sink, &w->row);
	s->waiting = NULL;
	arena_fini(&s->arena);
}

static void snapshot(void *user, void (*put)(void *sink, const struct store_row *row), void *sink)
{
	struct snapshot s = { .walk = { snapshot_entry, snapshot_rest }, .put = put, .sink = sink };
	arena_init(&s.arena, NULL, 0);
	location_walk(user, &s.walk);
}

/* --- life --- */
static int recover(struct location *loc, int64_t wall_ms, char *why, size_t why_size)
{
	struct recovery r = { .loc = loc, .wall_ms = wall_ms };
	uint64_t highest = 0;
	int err = store_recover(loc->settings.store, wall_ms, recover_row, &r, &highest, why, why_size);
	if (err)
		return err;
	if (r.unreadable)
		log_write(LOG_ERROR, "location: %u bindings in the journal cannot be read and are left out; their phones come back when "
		          "they register again", r.unreadable);
	atomic_store(&loc->sequence, highest);
	struct store_client client = { .user = loc, .snapshot = snapshot, .committed = change_committed };
	return store_start(loc->settings.store, &client, why, why_size);
}

int location_new(const struct location_settings *s, int64_t wall_ms, struct location **out, char *why, size_t why_size)
{
	struct location *loc = mem_zalloc(sizeof *loc);
	loc->settings = *s;
	loc->hash_key = hash_key_new();
	for (unsigned i = 0; i < STRIPES; i++)
		stripe_init(&loc->stripes[i], wall_ms);

	int err = s->store ? recover(loc, wall_ms, why, why_size) : 0;
	if (err) {
		location_free(loc);
		return err;
	}
	*out = loc;
	return 0;
}

void location_free(struct location *loc)
{
	if (!loc)
		return;
	store_close(loc->settings.store);
	for (unsigned i = 0; i < STRIPES; i++)
		stripe_fini(&loc->stripes[i]);
	mem_free(loc);
}

bool location_entry_live(const struct location *loc, const struct entry *e, int64_t wall_ms)
{
	if (e->earlier_boot || entry_expired(e, wall_ms))
		return false;
	/* A UDP flow that was proved dead takes every binding that came over it, whether or not the Contact names the same address. */
	bool over_flow = entry_over_stream(e) || (!flow_ref_none(&e->flow) && !transport_is_stream(e->flow.kind));
	return !over_flow || !loc->settings.flow_alive || loc->settings.flow_alive(loc->settings.user, &e->flow);
}

bool location_entry_suspect(const struct location *loc, const struct entry *e, int64_t wall_ms)
{
	if (e->suspect_until_ms > wall_ms)
		return true;
	if (flow_ref_none(&e->flow) || !loc->settings.flow_suspect)
		return false;
	/* Over UDP the Contact leads where the registration came from, when the flow itself is not used. */
	return (e->via_flow || e->flow.kind == TRANSPORT_UDP) && loc->settings.flow_suspect(loc->settings.user, &e->flow);
}

void location_suspect(struct location *loc, struct str aor, uint64_t binding_id, int64_t until_wall_ms)
{
	uint64_t hash = hash_str(loc->hash_key, aor);
	struct stripe *s = stripe_of(loc, hash);
	pthread_mutex_lock(&s->lock);
	struct entry *e = stripe_entry(s, hash, aor, binding_id);
	if (e)
		e->suspect_until_ms = until_wall_ms;
	pthread_mutex_unlock(&s->lock);
}

/* --- bindings that end --- */
bool location_drop(struct location *loc, struct str aor, uint64_t binding_id, int64_t wall_ms)
{
	uint64_t hash = hash_str(loc->hash_key, aor);
	struct stripe *s = stripe_of(loc, hash);
	struct change *change = NULL;
	pthread_mutex_lock(&s->lock);
	struct step step = { .old = stripe_entry(s, hash, aor, binding_id) };
	bool was_there = step.old && !entry_expired(step.old, wall_ms);
	if (step.old)
		change = change_apply(loc, s, hash, aor, &step, 1, NULL);
	pthread_mutex_unlock(&s->lock);
	if (change)
		change_submit(change);
	return was_there;
}

static unsigned expire_stripe(struct stripe *s, int64_t wall_ms, unsigned at_most)
{
	unsigned n = 0;
	pthread_mutex_lock(&s->lock);
	while (n < at_most && stripe_expire(s, wall_ms))
		n++;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* The journal needs no row: what it holds of them has expired too. */
unsigned location_expire(struct location *loc, int64_t wall_ms, unsigned at_most)
{
	unsigned n = 0, from = atomic_fetch_add_explicit(&loc->expire_from, 1, memory_order_relaxed);
	for (unsigned i = 0; i < STRIPES && n < at_most; i++)
		n += expire_stripe(&loc->stripes[(from + i) % STRIPES], wall_ms, at_most - n);
	return n;
}

void location_count(struct location *loc, struct location_counts *out)
{
	*out = (struct location_counts){ .pending = atomic_load(&loc->pending) };
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe *s = &loc->stripes[i];
		pthread_mutex_lock(&s->lock);
		out->aors += s->aors.count;
		out->bindings += s->bindings;
		out->flow_lost += s->earlier_boot;
		pthread_mutex_unlock(&s->lock);
	}
	if (loc->settings.store) {
		struct store_counts c;
		store_count(loc->settings.store, &c);
		out->commits = c.commits;
		out->commit_errors = c.errors;
		out->journal_rows = c.rows;
		out->durable = store_durable(loc->settings.store);
	}
}
