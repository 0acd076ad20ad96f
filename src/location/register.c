/* SPDX-License-Identifier: Apache-2.0 */
/* register.c - what a REGISTER changes: all of it or nothing. RFC 3261 §10.3 steps 6 to 8, RFC 5626 §6. */
#include "location_private.h"
#include "mem.h"

/* The change is planned as a whole before anything is touched (RG-09). */
struct plan {
	struct location *loc;
	struct location_update *u;
	struct aor *aor;                /* NULL: nothing is bound */
	struct step *steps;
	unsigned count;
};

static struct entry *first_of(const struct plan *p)
{
	return p->aor ? p->aor->first : NULL;
}

static bool in_plan(const struct plan *p, const struct entry *e)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->steps[i].old == e)
			return true;
	return false;
}

/* Expired bindings are gone, also as guards of the order (RG-27); one over a lost flow still counts. */
static bool stale(const struct plan *p, const struct entry *e)
{
	return !entry_expired(e, p->u->wall_ms) && str_eq(entry_string(e, ENTRY_CALL_ID), p->u->call_id) &&
	       p->u->cseq <= e->cseq;
}

static enum location_result plan_star(struct plan *p)
{
	for (struct entry *e = first_of(p); e; e = e->next) {
		if (stale(p, e))
			return LOCATION_STALE;
		p->steps[p->count++] = (struct step){ .old = e };
	}
	return LOCATION_DONE;
}

/* reg-id without an instance means nothing (OB-66). */
static uint32_t reg_id_of(const struct contact_update *c)
{
	return c->instance.n ? c->reg_id : 0;
}

/* The binding that this contact is about. URI equality is not transitive: of several the one that is
 * spelled the same is meant. */
static struct entry *bound(const struct plan *p, const struct contact_update *c)
{
	struct entry *found = NULL;
	for (struct entry *e = first_of(p); e; e = e->next) {
		if (!entry_matches(e, c->instance, reg_id_of(c), &c->uri) || in_plan(p, e))
			continue;
		if (!found || str_eq(entry_string(e, ENTRY_CONTACT), c->contact))
			found = e;
	}
	return found;
}

/* A later contact of the same request that is about the same binding decides. */
static bool overruled(const struct plan *p, unsigned at)
{
	const struct contact_update *c = &p->u->contacts[at];
	for (unsigned i = at + 1; i < p->u->contact_count; i++) {
		const struct contact_update *later = &p->u->contacts[i];
		if (reg_id_of(c) != reg_id_of(later))
			continue;
		if (reg_id_of(c) ? str_eq(c->instance, later->instance) : sip_uri_equal(&c->uri, &later->uri))
			return true;
	}
	return false;
}

static struct entry *entry_for(const struct location_update *u, const struct contact_update *c)
{
	return entry_new(&(struct binding){
		.instance = c->instance, .reg_id = reg_id_of(c), .contact = c->contact, .contact_params = c->contact_params,
		.path = u->path, .call_id = u->call_id, .user_agent = u->user_agent, .cseq = u->cseq, .q = c->q,
		.expires_wall_ms = u->wall_ms + (int64_t)c->expires_s * 1000, .updated_wall_ms = u->wall_ms,
		.flow = u->flow, .via_flow = u->via_flow,
	});
}

static enum location_result plan_contacts(struct plan *p)
{
	for (unsigned i = 0; i < p->u->contact_count; i++) {
		const struct contact_update *c = &p->u->contacts[i];
		if (overruled(p, i))
			continue;
		struct entry *old = bound(p, c);
		if (old && stale(p, old))
			return LOCATION_STALE;
		struct entry *fresh = c->expires_s ? entry_for(p->u, c) : NULL;
		if (old || fresh)
			p->steps[p->count++] = (struct step){ old, fresh };
	}
	return LOCATION_DONE;
}

/* Who makes room: first what cannot be reached any more, then, where that is wanted, the oldest phone
 * without outbound (a ghost of one that changed its address, most often). */
static struct entry *dispensable(const struct plan *p, bool reachable)
{
	struct entry *found = NULL;     /* the list is newest first: the last one that fits */
	for (struct entry *e = first_of(p); e; e = e->next) {
		if (entry_expired(e, p->u->wall_ms) || in_plan(p, e))
			continue;
		bool live = location_entry_live(p->loc, e, p->u->wall_ms);
		if (reachable ? live && !entry_is_outbound(e) : !live)
			found = e;
	}
	return found;
}

static enum location_result plan_room(struct plan *p)
{
	unsigned total = 0, added = 0;
	for (struct entry *e = first_of(p); e; e = e->next)
		total += !entry_expired(e, p->u->wall_ms);
	for (unsigned i = 0; i < p->count; i++) {
		const struct step *step = &p->steps[i];
		if (step->old && !entry_expired(step->old, p->u->wall_ms))
			total--;
		else
			added += step->fresh != NULL;
		total += step->fresh != NULL;
	}
	while (added && total > p->loc->settings.max_contacts) {
		struct entry *victim = dispensable(p, false);
		if (!victim && p->loc->settings.replace_oldest)
			victim = dispensable(p, true);
		if (!victim)
			return LOCATION_FULL;
		p->steps[p->count++] = (struct step){ .old = victim };
		total--;
	}
	return LOCATION_DONE;
}

static enum location_result plan(struct plan *p)
{
	if (p->u->star)
		return plan_star(p);
	enum location_result result = plan_contacts(p);
	return result == LOCATION_DONE ? plan_room(p) : result;
}

static void forget_plan(struct plan *p)
{
	for (unsigned i = 0; i < p->count; i++)
		mem_free(p->steps[i].fresh);
}

/* Bound by this request over UDP: who sent it was there a moment ago. What proved the flow dead before is taken back when the
 * binding is granted. */
static bool just_bound(const struct entry *e, const struct location_update *u)
{
	return e->flow.kind == TRANSPORT_UDP && e->cseq == u->cseq && str_eq(entry_string(e, ENTRY_CALL_ID), u->call_id) &&
	       flow_ref_same(&e->flow, &u->flow) && !entry_expired(e, u->wall_ms);
}

/* Every live binding of the AOR as it is now. Entries are looked at after they were linked: a flow that
 * died between the request's arrival and now shows here (OB-88). */
static void fill_after(struct location *loc, struct stripe *s, uint64_t hash, struct location_update *u)
{
	struct aor *a = stripe_find(s, hash, u->aor);
	u->after_count = 0;
	u->after = arena_array(u->arena, a ? a->count : 1, sizeof u->after[0]);
	for (struct entry *e = a ? a->first : NULL; e; e = e->next)
		if (location_entry_live(loc, e, u->wall_ms) || just_bound(e, u))
			entry_copy_told(e, u->aor, u->arena, &u->after[u->after_count++]);
}

/* --- many at a time --- */
enum {
	TOGETHER = 64,                  /* whose memory is asked for at once */
	LINE = 64,                      /* of the cache */
	FORESEEN = 512                  /* bytes of a binding: most have no more */
};

static void foresee_entry(const struct stripe *s, uint64_t hash, struct str aor)
{
	const struct aor *a = stripe_find(s, hash, aor);
	const char *first = a ? (const char *)a->first : NULL;
	for (size_t at = 0; first && at < FORESEEN; at += LINE)
		__builtin_prefetch(first + at);
}

/* Slot, AOR, binding: each is found through the one before it, so one of them is asked for in a round. */
static void foresee(struct location *loc, struct location_update *const *updates, unsigned count)
{
	uint64_t hashes[TOGETHER];
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < count; i++) {
			hashes[i] = round ? hashes[i] : hash_str(loc->hash_key, updates[i]->aor);
			struct stripe *s = stripe_of(loc, hashes[i]);
			pthread_mutex_lock(&s->lock);
			if (round == 0)
				map_foresee_slot(&s->aors, hashes[i]);
			else if (round == 1)
				map_foresee_node(&s->aors, hashes[i], sizeof(struct aor) + updates[i]->aor.n);
			else
				foresee_entry(s, hashes[i], updates[i]->aor);
			pthread_mutex_unlock(&s->lock);
		}
	}
}

void location_foresee(struct location *loc, struct location_update *const *updates, unsigned count)
{
	for (unsigned at = 0; at < count; at += TOGETHER)
		foresee(loc, updates + at, count - at < TOGETHER ? count - at : TOGETHER);
}

enum location_result location_register(struct location *loc, struct location_update *u)
{
	uint64_t hash = hash_str(loc->hash_key, u->aor);
	struct stripe *s = stripe_of(loc, hash);
	bool fetch = !u->star && u->contact_count == 0;
	enum location_result result = LOCATION_UNCHANGED;
	struct change *change = NULL;

	pthread_mutex_lock(&s->lock);
	if (!fetch) {
		struct plan p = { .loc = loc, .u = u, .aor = stripe_find(s, hash, u->aor) };
		p.steps = arena_array(u->arena, u->contact_count + (p.aor ? p.aor->count : 0) + 1, sizeof p.steps[0]);
		result = plan(&p);
		if (result == LOCATION_DONE)
			change = change_apply(loc, s, hash, u->aor, p.steps, p.count, u->wait);
		else
			forget_plan(&p);
	}
	if (fetch || change)
		fill_after(loc, s, hash, u);
	pthread_mutex_unlock(&s->lock);

	/* Also when nothing was there to remove: an earlier removal may still be on its way to the disk, and the
	 * answer must not overtake it. */
	if (change)
		change_submit(change);
	return result;
}
