/* SPDX-License-Identifier: Apache-2.0 */
/* registrations.c - see registrations.h
 *
 * Locks are taken phone first, then address; the verdicts' own come last. An entry is changed with both held, so either one is
 * enough to read it. */
#include "registrations.h"
#include "clock.h"
#include "transport_private.h"
#include "udp_verdicts.h"

#define SHARD_SHIFT 54                  /* the top bits choose the shard: the map uses the low ones */
#define PHONE_MAX   (REGISTRATIONS_A_PHONE + 1)         /* and a dead one that is remembered */

struct entry {
	struct map_node by_phone, by_address;
	uint64_t registration, address;
	struct flow_ref flow;
	int64_t until_ms;
	uint64_t order;                 /* higher: registered later */
	bool nat;
};

struct shard {
	pthread_mutex_t lock;
	struct map map;
};

struct registrations {
	struct hash_key key;
	_Atomic uint64_t order;
	atomic_size_t count;
	struct shard phones[REGISTRATIONS_SHARDS], addresses[REGISTRATIONS_SHARDS];
	struct flow_ref *pings;         /* the sweep's own */
	size_t ping_count, ping_room;
};

struct registrations *registrations_new(void)
{
	struct registrations *r = mem_zalloc(sizeof *r);
	r->key = hash_key_new();
	for (unsigned i = 0; i < REGISTRATIONS_SHARDS; i++) {
		pthread_mutex_init(&r->phones[i].lock, NULL);
		pthread_mutex_init(&r->addresses[i].lock, NULL);
		map_init(&r->phones[i].map);
		map_init(&r->addresses[i].map);
	}
	return r;
}

static bool free_entry(void *user, struct map_node *node)
{
	struct shard *s = user;
	map_remove(&s->map, node);
	mem_free(CONTAINER(node, struct entry, by_phone));
	return true;
}

void registrations_free(struct registrations *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < REGISTRATIONS_SHARDS; i++) {
		map_each(&r->phones[i].map, free_entry, &r->phones[i]);
		map_fini(&r->phones[i].map);
		map_fini(&r->addresses[i].map);         /* its nodes are gone with the entries */
		pthread_mutex_destroy(&r->phones[i].lock);
		pthread_mutex_destroy(&r->addresses[i].lock);
	}
	mem_free(r->pings);
	mem_free(r);
}

size_t registrations_count(const struct registrations *r)
{
	return atomic_load_explicit(&r->count, memory_order_relaxed);
}

/* --- keys --- */

/* Of a phone or an address. */
static uint64_t hash_of(const struct registrations *r, uint64_t name)
{
	return hash_bytes(r->key, &name, sizeof name);
}

static struct shard *phone_shard(struct registrations *r, uint64_t hash)
{
	return &r->phones[hash >> SHARD_SHIFT];
}

static struct shard *address_shard(struct registrations *r, uint64_t hash)
{
	return &r->addresses[hash >> SHARD_SHIFT];
}

/* The entries of one phone, with its shard locked: e is the loop's variable. */
static struct entry *phone_next(const struct shard *s, struct map_node *n, uint64_t registration)
{
	for (; n; n = map_again(&s->map, n)) {
		struct entry *e = CONTAINER(n, struct entry, by_phone);
		if (e->registration == registration)
			return e;
	}
	return NULL;
}

static struct entry *phone_first(const struct shard *s, uint64_t hash, uint64_t registration)
{
	return phone_next(s, map_first(&s->map, hash), registration);
}

static struct entry *phone_again(const struct shard *s, struct entry *e)
{
	return phone_next(s, map_again(&s->map, &e->by_phone), e->registration);
}

/* --- changing: the phone's shard is locked --- */

static void drop(struct registrations *r, struct shard *phones, struct entry *e)
{
	struct shard *addresses = address_shard(r, e->by_address.hash);
	pthread_mutex_lock(&addresses->lock);
	map_remove(&addresses->map, &e->by_address);
	pthread_mutex_unlock(&addresses->lock);
	map_remove(&phones->map, &e->by_phone);
	mem_free(e);
	atomic_fetch_sub_explicit(&r->count, 1, memory_order_relaxed);
}

static bool is_crowded(const struct shard *addresses, uint64_t hash, uint64_t address)
{
	unsigned n = 0;
	for (struct map_node *at = map_first(&addresses->map, hash); at; at = map_again(&addresses->map, at))
		n += CONTAINER(at, struct entry, by_address)->address == address;
	return n >= REGISTRATIONS_AN_ADDRESS;
}

/* Takes e. */
static void link_entry(struct registrations *r, struct shard *phones, uint64_t by_phone, struct entry *e)
{
	uint64_t by_address = hash_of(r, e->address);
	struct shard *addresses = address_shard(r, by_address);
	pthread_mutex_lock(&addresses->lock);
	bool crowded = is_crowded(addresses, by_address, e->address);
	if (!crowded)
		map_insert(&addresses->map, &e->by_address, by_address);
	pthread_mutex_unlock(&addresses->lock);
	if (crowded) {
		mem_free(e);
		return;
	}
	map_insert(&phones->map, &e->by_phone, by_phone);
	atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);
}

static void renew(struct registrations *r, struct entry *e, const struct flow_registration *to)
{
	struct shard *addresses = address_shard(r, e->by_address.hash);
	pthread_mutex_lock(&addresses->lock);
	e->until_ms = to->until_ms;
	e->nat = to->nat;
	e->order = atomic_fetch_add_explicit(&r->order, 1, memory_order_relaxed);
	pthread_mutex_unlock(&addresses->lock);
}

/* A phone behind NAT has one binding, whatever port its last REGISTER came from: with an instance-id it is known by it. */
static bool replaced(const struct entry *e, const struct flow_registration *to)
{
	return e->nat && to->nat && to->registration != to->address;
}

/* What a phone that comes back again and again leaves behind goes here, not at its end. Of its dead flows the one that was
 * granted longest stays, if it outlasts the new one: until then the phone is known. So a phone never has more entries
 * than PHONE_MAX, and they are looked at in one go: the map may turn over at each that is dropped. */
static void prune(struct transport *t, struct shard *phones, uint64_t hash, const struct flow_registration *to, int64_t now_ms)
{
	struct registrations *r = t->registrations;
	struct entry *all[PHONE_MAX], *longest_dead = NULL, *oldest = NULL;
	unsigned n = 0, living = 0;
	for (struct entry *e = phone_first(phones, hash, to->registration); e && n < PHONE_MAX; e = phone_again(phones, e))
		all[n++] = e;
	for (unsigned i = 0; i < n; i++) {
		struct entry *e = all[i], *over = NULL;
		if (e->until_ms <= now_ms || replaced(e, to)) {
			over = e;
		} else if (transport_flow_holds(t, &e->flow)) {
			living++;
			oldest = !oldest || e->order < oldest->order ? e : oldest;
		} else if (longest_dead && longest_dead->until_ms >= e->until_ms) {
			over = e;
		} else {
			over = longest_dead;
			longest_dead = e;
		}
		if (over)
			drop(r, phones, over);
	}
	if (longest_dead && longest_dead->until_ms <= to->until_ms)
		drop(r, phones, longest_dead);
	if (living >= REGISTRATIONS_A_PHONE)
		drop(r, phones, oldest);
}

static struct entry *find_flow(const struct shard *phones, uint64_t hash, uint64_t registration, const struct flow_ref *f)
{
	for (struct entry *e = phone_first(phones, hash, registration); e; e = phone_again(phones, e))
		if (flow_ref_same(&e->flow, f))
			return e;
	return NULL;
}

void registrations_note(struct transport *t, const struct flow_ref *f, const struct flow_registration *granted, int64_t now_ms)
{
	struct registrations *r = t->registrations;
	uint64_t hash = hash_of(r, granted->registration);
	struct shard *phones = phone_shard(r, hash);
	struct flow_registration own = *granted, *to = &own;
	own.nat &= !own.outbound && f->kind == TRANSPORT_UDP;   /* others ping us */
	pthread_mutex_lock(&phones->lock);
	struct entry *e = find_flow(phones, hash, to->registration, f);
	if (to->until_ms <= now_ms) {
		if (e)
			drop(r, phones, e);
	} else if (e && e->address == to->address) {
		renew(r, e, to);                /* the common case: again on the same flow */
	} else {
		if (e)
			drop(r, phones, e);
		prune(t, phones, hash, to, now_ms);
		e = mem_zalloc(sizeof *e);
		*e = (struct entry){ .registration = to->registration, .address = to->address, .flow = *f, .until_ms = to->until_ms,
		                     .nat = to->nat, .order = atomic_fetch_add_explicit(&r->order, 1, memory_order_relaxed) };
		link_entry(r, phones, hash, e);
	}
	pthread_mutex_unlock(&phones->lock);
}

bool transport_flow_restore(struct transport *t, struct flow_ref *f, const struct flow_registration *r)
{
	if (f->kind != TRANSPORT_UDP || !transport_udp_listener(t, &f->local, &f->listener))
		return false;
	int64_t now_ms = clock_ms();
	udp_verdict_suspect(t->verdicts, f, now_ms);
	if (r)
		registrations_note(t, f, r, now_ms);
	return true;
}

/* --- asking --- */

uint64_t transport_registration_on(const struct transport *t, const struct flow_ref *f, uint64_t address, int64_t now_ms)
{
	struct registrations *r = t->registrations;
	uint64_t hash = hash_of(r, address), found = 0, order = 0;
	struct shard *addresses = address_shard(r, hash);
	pthread_mutex_lock(&addresses->lock);
	for (struct map_node *n = map_first(&addresses->map, hash); n; n = map_again(&addresses->map, n)) {
		const struct entry *e = CONTAINER(n, struct entry, by_address);
		if (e->address == address && e->until_ms > now_ms && flow_ref_same(&e->flow, f) && (!found || e->order > order)) {
			found = e->registration;
			order = e->order;
		}
	}
	pthread_mutex_unlock(&addresses->lock);
	return found;
}

bool transport_is_registered_on(const struct transport *t, const struct flow_ref *f, uint64_t registration, int64_t now_ms)
{
	struct registrations *r = t->registrations;
	uint64_t hash = hash_of(r, registration);
	struct shard *phones = phone_shard(r, hash);
	pthread_mutex_lock(&phones->lock);
	const struct entry *e = find_flow(phones, hash, registration, f);
	bool is = e && e->until_ms > now_ms;
	pthread_mutex_unlock(&phones->lock);
	return is;
}

bool transport_sibling(const struct transport *t, uint64_t registration, int64_t now_ms, struct flow_ref *out)
{
	struct registrations *r = t->registrations;
	uint64_t hash = hash_of(r, registration);
	struct shard *phones = phone_shard(r, hash);
	struct entry *best = NULL;
	bool best_suspect = false;
	pthread_mutex_lock(&phones->lock);
	for (struct entry *e = phone_first(phones, hash, registration); e; e = phone_again(phones, e)) {
		if (e->until_ms <= now_ms || !transport_flow_holds(t, &e->flow))
			continue;
		bool suspect = transport_flow_is_suspect(t, &e->flow);
		if (!best || (best_suspect && !suspect) || (best_suspect == suspect && e->order > best->order)) {
			best = e;
			best_suspect = suspect;
		}
	}
	if (best)
		*out = best->flow;
	pthread_mutex_unlock(&phones->lock);
	return best != NULL;
}

bool transport_registration_known(const struct transport *t, uint64_t registration, int64_t now_ms)
{
	struct registrations *r = t->registrations;
	uint64_t hash = hash_of(r, registration);
	struct shard *phones = phone_shard(r, hash);
	bool known = false;
	pthread_mutex_lock(&phones->lock);
	for (struct entry *e = phone_first(phones, hash, registration); e && !known; e = phone_again(phones, e))
		known = e->until_ms > now_ms;
	pthread_mutex_unlock(&phones->lock);
	return known;
}

/* --- the sweep --- */

struct sweep {
	struct transport *t;
	struct shard *phones;
	int64_t now_ms;
	bool ping;
};

static void add_ping(struct registrations *r, const struct flow_ref *f)
{
	if (r->ping_count == r->ping_room) {
		r->ping_room = r->ping_room ? 2 * r->ping_room : 16;
		r->pings = mem_realloc(r->pings, r->ping_room * sizeof *r->pings);
	}
	r->pings[r->ping_count++] = *f;
}

static bool sweep_one(void *user, struct map_node *node)
{
	const struct sweep *s = user;
	struct entry *e = CONTAINER(node, struct entry, by_phone);
	if (e->until_ms <= s->now_ms)
		drop(s->t->registrations, s->phones, e);
	else if (s->ping && e->nat && transport_flow_holds(s->t, &e->flow))
		add_ping(s->t->registrations, &e->flow);
	return true;
}

void registrations_sweep(struct transport *t, unsigned shard, int64_t now_ms,
                         void (*ping)(void *user, const struct flow_ref *f), void *user)
{
	struct registrations *r = t->registrations;
	struct sweep s = { t, &r->phones[shard], now_ms, ping != NULL };
	r->ping_count = 0;
	pthread_mutex_lock(&s.phones->lock);
	map_each(&s.phones->map, sweep_one, &s);
	pthread_mutex_unlock(&s.phones->lock);
	for (size_t i = 0; i < r->ping_count; i++)
		ping(user, &r->pings[i]);
}
