/* SPDX-License-Identifier: Apache-2.0 */
/* change.c - how a change gets its numbers, its rows, and its way back. */
#include "location_private.h"
#include "mem.h"
#include "record.h"

enum { LOOPS = 64 };            /* more than there are workers, most often */

struct change {
	struct store_batch batch;
	struct list pending;            /* in stripe.pending, when there is a store */
	struct location *loc;
	struct location_wait *wait;     /* NULL: nobody waits */
	uint64_t hash;
	struct str aor;
	struct step *steps;
	uint64_t *fresh_ids;            /* of the steps: a fresh entry may be gone by the time the store answers */
	struct store_row *rows;         /* two a step at most */
	unsigned count;
};

static uint64_t next_sequence(struct location *loc)
{
	return atomic_fetch_add_explicit(&loc->sequence, 1, memory_order_relaxed) + 1;
}

/* A fresh version under another Contact text has another journal key (equal URIs may be written in many
 * ways): the old row must be deleted as well. */
static bool key_moves(const struct step *step)
{
	return step->old && (!step->fresh || (!entry_is_outbound(step->fresh) &&
	       !str_eq(entry_string(step->old, ENTRY_CONTACT), entry_string(step->fresh, ENTRY_CONTACT))));
}

static void apply(struct location *loc, struct stripe *s, uint64_t hash, struct str aor, const struct step *step)
{
	if (step->fresh) {
		step->fresh->id = next_sequence(loc);
		/* The row must outlive every older put of its key, or the older one would come back. */
		if (step->old && !key_moves(step) && step->old->journal_until_ms > step->fresh->journal_until_ms)
			step->fresh->journal_until_ms = step->old->journal_until_ms;
	}
	/* Fresh first, so that the AOR does not vanish and come back in between. */
	if (step->fresh)
		stripe_link(s, hash, aor, step->fresh);
	if (step->old)
		stripe_unlink(s, step->old);
}

static size_t row_bytes(const struct entry *e, struct str aor, bool with_record)
{
	struct binding b;
	entry_view(e, aor, &b);
	return record_key_size(&b) + (with_record ? record_size(&b) : 0);
}

static char *add_row(struct change *c, char *at, const struct entry *e, bool deleted, uint64_t seq)
{
	struct binding b;
	entry_view(e, c->aor, &b);
	struct str key = { at, record_key_size(&b) }, record = { at + key.n, deleted ? 0 : record_size(&b) };
	record_key_write(&b, at);
	if (!deleted)
		record_write(&b, at + key.n);
	c->rows[c->batch.count++] = (struct store_row){ seq, key, record, e->journal_until_ms };
	return at + key.n + record.n;
}

static void add_rows(struct change *c, char *at)
{
	for (unsigned i = 0; i < c->count; i++) {
		const struct step *step = &c->steps[i];
		if (key_moves(step))
			at = add_row(c, at, step->old, true, next_sequence(c->loc));
		if (step->fresh)
			at = add_row(c, at, step->fresh, false, step->fresh->id);
	}
}

static size_t rows_bytes(struct str aor, const struct step *steps, unsigned count)
{
	size_t n = 0;
	for (unsigned i = 0; i < count; i++) {
		if (key_moves(&steps[i]))
			n += row_bytes(steps[i].old, aor, false);
		if (steps[i].fresh)
			n += row_bytes(steps[i].fresh, aor, true);
	}
	return n;
}

struct change *change_apply(struct location *loc, struct stripe *s, uint64_t hash, struct str aor,
                            const struct step *steps, unsigned count, struct location_wait *wait)
{
	bool durable = loc->settings.store;
	size_t each = sizeof(struct step) + sizeof(uint64_t) + 2 * sizeof(struct store_row);
	size_t text = aor.n + (durable ? rows_bytes(aor, steps, count) : 0);
	struct change *c = mem_alloc(sizeof *c + count * each + text);
	c->loc = loc;
	c->wait = wait;
	c->hash = hash;
	c->count = count;
	c->rows = (struct store_row *)(c + 1);
	c->steps = (struct step *)(c->rows + (size_t)2 * count);
	c->fresh_ids = (uint64_t *)(c->steps + count);
	char *at = (char *)(c->fresh_ids + count);
	memcpy(at, aor.p, aor.n);
	c->aor = (struct str){ at, aor.n };
	c->batch.rows = c->rows;
	c->batch.count = 0;
	if (wait)
		wait->change = c;

	for (unsigned i = 0; i < count; i++) {
		apply(loc, s, hash, aor, &steps[i]);
		c->steps[i] = steps[i];
		c->fresh_ids[i] = steps[i].fresh ? steps[i].fresh->id : 0;
	}
	if (durable) {
		add_rows(c, at + aor.n);
		list_add_tail(&s->pending, &c->pending);
	}
	return c;
}

/* Is somebody else under this key now? */
static bool taken(const struct stripe *s, const struct change *c, const struct entry *old)
{
	struct str contact = entry_string(old, ENTRY_CONTACT);
	struct sip_uri uri;
	if (!sip_uri_parse(contact, &uri))
		uri = (struct sip_uri){ .text = contact };
	struct aor *a = stripe_find(s, c->hash, c->aor);
	for (const struct entry *e = a ? a->first : NULL; e; e = e->next)
		if (entry_matches(e, entry_string(old, ENTRY_INSTANCE), old->reg_id, &uri))
			return true;
	return false;
}

/* The step that made a version of this binding where `old` had been removed. Its fresh entry may be gone, its row is not. */
static struct step *step_instead(struct change *c, const struct entry *old)
{
	struct binding b;
	struct sip_uri uri;
	for (unsigned i = 0; i < c->batch.count; i++) {
		if (!c->rows[i].record.n || !record_read(c->rows[i].record, &b))
			continue;
		if (!sip_uri_parse(b.contact, &uri))
			uri = (struct sip_uri){ .text = b.contact };
		for (unsigned n = 0; n < c->count; n++)
			if (c->fresh_ids[n] == c->rows[i].seq && !c->steps[n].old && entry_matches(old, b.instance, b.reg_id, &uri))
				return &c->steps[n];
	}
	return NULL;
}

static struct step *step_over(struct change *c, uint64_t replaced)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->steps[i].old && c->steps[i].old->id == replaced)
			return &c->steps[i];
	return NULL;
}

/* The step of a later change, still unanswered, that took this one's result for the value before it. */
static struct step *built_upon(struct stripe *s, const struct change *c, unsigned step)
{
	for (struct list *at = c->pending.next; at != &s->pending; at = at->next) {
		struct change *later = CONTAINER(at, struct change, pending);
		if (later->hash != c->hash || !str_eq(later->aor, c->aor))
			continue;
		uint64_t fresh = c->fresh_ids[step];
		struct step *found = fresh ? step_over(later, fresh) : step_instead(later, c->steps[step].old);
		if (found)
			return found;
	}
	return NULL;
}

/* The old value returns only if nothing newer came. When that has no answer yet, the old value is what returns if it
 * fails as well: not ours, which was refused. */
static void take_back(struct stripe *s, struct change *c, unsigned i)
{
	struct entry *old = c->steps[i].old;
	if (!old && !c->fresh_ids[i])           /* emptied by an earlier change that failed */
		return;
	struct step *later = built_upon(s, c, i);
	if (later) {
		mem_free(later->old);
		later->old = old;
		c->steps[i].old = NULL;
		return;
	}

	struct entry *fresh = c->fresh_ids[i] ? stripe_entry(s, c->hash, c->aor, c->fresh_ids[i]) : NULL;
	if (old && (c->fresh_ids[i] ? fresh != NULL : !taken(s, c, old))) {
		stripe_link(s, c->hash, c->aor, old);
		c->steps[i].old = NULL;
	}
	if (fresh) {
		stripe_unlink(s, fresh);
		mem_free(fresh);
	}
}

static void leave_pending(struct change *c)
{
	struct stripe *s = stripe_of(c->loc, c->hash);
	pthread_mutex_lock(&s->lock);
	list_remove(&c->pending);
	pthread_mutex_unlock(&s->lock);
}

static void refuse(struct change *c)
{
	struct stripe *s = stripe_of(c->loc, c->hash);
	pthread_mutex_lock(&s->lock);
	for (unsigned i = c->count; i-- > 0;)
		take_back(s, c, i);
	list_remove(&c->pending);
	pthread_mutex_unlock(&s->lock);
}

static void end(struct change *c)
{
	for (unsigned i = 0; i < c->count; i++)
		mem_free(c->steps[i].old);
	atomic_fetch_sub_explicit(&c->loc->pending, 1, memory_order_relaxed);
	mem_free(c);
}

/* On the loop's thread, which made the changes: what it allocated it frees. */
static void tell(struct loop_task *task)
{
	for (struct location_wait *w = CONTAINER(task, struct location_wait, task), *next; w; w = next) {
		next = w->next;
		if (!w->err && w->change->loc->settings.store)
			leave_pending(w->change);
		end(w->change);
		w->done(w, w->err);
	}
}

static void post(struct location_wait *first)
{
	first->task.run = tell;
	loop_post(first->loop, &first->task);
}

/* Those who wait on each loop in one task, so that a commit wakes a worker once. */
struct answers {
	struct location_wait *first[LOOPS], *last[LOOPS];
	unsigned count;
};

static void answer(struct answers *a, struct location_wait *w)
{
	unsigned i = 0;
	w->next = NULL;
	while (i < a->count && a->first[i]->loop != w->loop)
		i++;
	if (i == LOOPS) {
		post(w);
	} else if (i == a->count) {
		a->first[i] = a->last[i] = w;
		a->count++;
	} else {
		a->last[i]->next = w;
		a->last[i] = w;
	}
}

/* When nothing became durable the last change goes first, so that each finds its own on top. */
void change_committed(void *user, struct store_batch *const *batches, unsigned count, int err)
{
	struct answers a = { .count = 0 };
	(void)user;
	for (unsigned i = err ? count : 0; i-- > 0;)
		refuse(CONTAINER(batches[i], struct change, batch));
	for (unsigned i = 0; i < count; i++) {
		struct change *c = CONTAINER(batches[i], struct change, batch);
		if (c->wait) {
			c->wait->err = err;
			answer(&a, c->wait);
		} else {
			if (!err)
				leave_pending(c);
			end(c);
		}
	}
	for (unsigned i = 0; i < a.count; i++)
		post(a.first[i]);
}

void change_submit(struct change *c)
{
	atomic_fetch_add_explicit(&c->loc->pending, 1, memory_order_relaxed);
	if (c->loc->settings.store) {
		store_put(c->loc->settings.store, &c->batch);
	} else if (c->wait) {
		c->wait->err = 0;
		c->wait->next = NULL;
		post(c->wait);
	} else {
		end(c);
	}
}
