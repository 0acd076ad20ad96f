/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"
#include "disk.h"
#include "record.h"
#include "store_private.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { AT_ONCE = 6 };

#define NEVER SIZE_MAX

static uint32_t below(struct run *r, uint32_t limit)
{
	r->random = r->random * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(r->random >> 33) % limit;
}

/* --- promises --- */
static unsigned promise(struct run *r, unsigned key, struct run_version v)
{
	struct run_key *k = &r->keys[key];
	if (k->count == k->room) {
		k->room = k->room ? 2 * k->room : 16;
		k->list = realloc(k->list, k->room * sizeof k->list[0]);
		assert_non_null(k->list);
	}
	k->list[k->count] = v;
	return k->count++;
}

static bool durable(const struct run *r)
{
	struct location_counts c;
	location_count(r->loc, &c);
	return c.durable;
}

/* Once the store is durable, all that was not refused is safe (in memory mode: also what was answered before), and what was
 * refused is gone for good. */
static void settle(struct run *r)
{
	if (!durable(r))
		return;
	size_t now = disk_count();
	for (unsigned i = 0; i < RUN_KEYS; i++)
		for (unsigned n = 0; n < r->keys[i].count; n++) {
			struct run_version *v = &r->keys[i].list[n];
			if (v->failed && v->void_from == NEVER)
				v->void_from = now;
			if (!v->failed && v->acked == NEVER)
				v->acked = now;
		}
}

static bool matches(const struct run_version *v, int64_t wall_ms, struct run_found found)
{
	bool bound = v->bound && v->expires_wall_ms > wall_ms;
	return found.bound ? bound && v->cseq == found.cseq : !bound;
}

/* Is it this version, or a newer one, with nothing newer promised? */
static bool may_be(const struct run_key *k, unsigned oldest, size_t step, int64_t wall_ms, struct run_found found)
{
	for (unsigned i = k->count; i-- > oldest;) {
		const struct run_version *v = &k->list[i];
		if (v->asked > step)
			continue;
		if (v->void_from > step && matches(v, wall_ms, found))
			return true;
		if (v->acked <= step)
			return false;
	}
	return false;
}

/* Contacts of one request are there together or not at all (RG-09). */
static bool partner_may_be(const struct run *r, unsigned key, size_t step, int64_t wall_ms, const struct run_found found[RUN_KEYS])
{
	const struct run_key *k = &r->keys[key];
	for (unsigned i = 0; i < k->count; i++) {
		const struct run_version *v = &k->list[i];
		if (found[key].bound && v->bound && v->cseq == found[key].cseq && v->partner >= 0)
			return may_be(&r->keys[key ^ 1], (unsigned)v->partner, step, wall_ms, found[key ^ 1]);
	}
	return true;
}

static void explain(const struct run_key *k, unsigned key, size_t step, struct run_found found, char *why, size_t why_size)
{
	int n = snprintf(why, why_size, "binding %u is %s%u; it was", key, found.bound ? "at " : "not bound ", (unsigned)found.cseq);
	unsigned count = k->count;
	while (count && k->list[count - 1].asked > step)
		count--;
	for (unsigned i = count > 6 ? count - 6 : 0; i < count && n > 0 && (size_t)n < why_size; i++) {
		const struct run_version *v = &k->list[i];
		n += snprintf(why + n, why_size - (size_t)n, " %s%u(asked %zu%s%s)", v->bound ? "" : "removed ", (unsigned)v->cseq, v->asked,
		              v->acked <= step ? ", promised" : "", v->void_from <= step ? ", taken back" : v->failed ? ", refused" : "");
	}
}

bool run_keeps_promises(const struct run *r, size_t step, int64_t wall_ms, const struct run_found found[RUN_KEYS], char *why,
                        size_t why_size)
{
	for (unsigned i = 0; i < RUN_KEYS; i++)
		if (!may_be(&r->keys[i], 0, step, wall_ms, found[i]) || !partner_may_be(r, i, step, wall_ms, found)) {
			explain(&r->keys[i], i, step, found[i], why, why_size);
			return false;
		}
	return true;
}

/* --- changes --- */
struct job {
	struct location_update u;
	struct location_wait wait;
	struct contact_update contacts[2];
	struct arena arena;
	struct run *run;
	struct { unsigned key, version; } of[2];
	unsigned count;
};

static void done(struct location_wait *wait, int err)
{
	struct job *j = CONTAINER(wait, struct job, wait);
	struct run *r = j->run;
	bool safe = !err && (r->refuse || durable(r));
	assert_true(!err || r->refuse);
	for (unsigned i = 0; i < j->count; i++) {
		struct run_version *v = &r->keys[j->of[i].key].list[j->of[i].version];
		v->failed = err != 0;
		if (safe)
			v->acked = disk_count();
	}
	r->waiting--;
	arena_fini(&j->arena);
	free(j);
}

/* Even keys are flows of a phone with an instance, odd ones plain contacts, spelled one way or the other. */
static void add_contact(struct job *j, unsigned key, uint32_t expires_s)
{
	struct run *r = j->run;
	struct contact_update *c = &j->contacts[j->u.contact_count++];
	*c = (struct contact_update){ .q = 1000, .expires_s = expires_s };
	if (key % 2 == 0) {
		c->instance = arena_printf(&j->arena, "urn:uuid:%u", key);
		c->reg_id = 1;
		c->contact = arena_printf(&j->arena, "sip:o%u@h", (unsigned)r->cseq);
	} else {
		c->contact = arena_printf(&j->arena, below(r, 2) ? "sip:p%u@h" : "SIP:p%u@H", key);
	}
	assert_true(sip_uri_parse(c->contact, &c->uri));
}

static void will_be(struct job *j, unsigned key, uint32_t expires_s)
{
	j->of[j->count].key = key;
	j->of[j->count++].version = promise(j->run, key, (struct run_version){
		.cseq = j->run->cseq, .bound = expires_s > 0, .expires_wall_ms = disk_clock.wall_ms + (int64_t)expires_s * 1000,
		.asked = disk_count(), .acked = NEVER, .void_from = NEVER, .partner = -1 });
}

static struct job *job_new(struct run *r, unsigned user)
{
	struct job *j = calloc(1, sizeof *j);
	assert_non_null(j);
	j->run = r;
	arena_init(&j->arena, NULL, 0);
	r->cseq++;
	j->u = (struct location_update){
		.aor = arena_printf(&j->arena, "u%u@h", user), .contacts = j->contacts, .call_id = STR("c"), .cseq = r->cseq,
		.path = STR("<sip:edge;lr>"), .user_agent = STR("a phone"), .wall_ms = disk_clock.wall_ms, .arena = &j->arena,
		.wait = &j->wait };
	j->wait = (struct location_wait){ .loop = r->loop, .done = done };
	return j;
}

static void submit(struct job *j)
{
	j->run->waiting++;
	assert_int_equal(location_register(j->run->loc, &j->u), LOCATION_DONE);
}

/* One binding of a user, or both, by Contact or by star. */
static void ask(struct run *r, unsigned user, bool brief)
{
	struct job *j = job_new(r, user);
	uint32_t what = below(r, 20), first = 2 * user + below(r, 2), expires_s = below(r, 4) == 0 ? 0 : brief ? RUN_SHORT_S : RUN_LONG_S;
	j->u.star = what == 0;
	if (j->u.star)
		expires_s = 0;
	else
		add_contact(j, first, expires_s);
	will_be(j, first, expires_s);
	if (what < 4) {
		if (!j->u.star)
			add_contact(j, first ^ 1, expires_s);
		will_be(j, first ^ 1, expires_s);
		for (unsigned i = 0; i < 2; i++)
			r->keys[j->of[i].key].list[j->of[i].version].partner = (int)j->of[!i].version;
	}
	submit(j);
}

static void wait_for_answers(struct run *r)
{
	while (r->waiting)
		assert_int_equal(loop_turn(r->loop, 1000), 0);
	settle(r);
}

void run_register(struct run *r, unsigned key, uint32_t expires_s)
{
	struct job *j = job_new(r, key / 2);
	add_contact(j, key, expires_s);
	will_be(j, key, expires_s);
	submit(j);
	wait_for_answers(r);
}

void run_burst(struct run *r, unsigned most)
{
	bool brief = below(r, 4) == 0;
	for (unsigned i = 1 + below(r, most); i > 0; i--)
		ask(r, below(r, RUN_KEYS / 2), brief);
	wait_for_answers(r);
	run_check_memory(r);
}

/* --- what is in memory --- */
static void see(void *user, const struct binding *b)
{
	struct run_found *found = user;
	unsigned number;
	char aor[32];
	snprintf(aor, sizeof aor, "%.*s", STR_FMT(b->aor));
	assert_int_equal(sscanf(aor, "u%u@h", &number), 1);
	assert_true(number < RUN_KEYS / 2);
	struct run_found *f = &found[2 * number + (b->reg_id == 0)];
	assert_false(f->bound);         /* one binding, once */
	*f = (struct run_found){ true, b->cseq, b->expires_wall_ms };
}

static void look(struct run *r, struct run_found found[RUN_KEYS])
{
	memset(found, 0, RUN_KEYS * sizeof found[0]);
	location_list(r->loc, STR_NONE, disk_clock.wall_ms, see, found);
}

void run_check_memory(struct run *r)
{
	struct run_found found[RUN_KEYS];
	look(r, found);
	for (unsigned i = 0; i < RUN_KEYS; i++) {
		unsigned n = r->keys[i].count;
		while (n > 1 && r->keys[i].list[n - 1].failed)
			n--;
		if (!matches(&r->keys[i].list[n - 1], disk_clock.wall_ms, found[i])) {
			char why[600];
			explain(&r->keys[i], i, NEVER - 1, found[i], why, sizeof why);
			fail_msg("in memory: %s", why);
		}
	}
}

/* --- the other steps --- */

/* Nobody is told what became of it: it is looked for. */
void run_drop(struct run *r)
{
	struct run_found found[RUN_KEYS];
	unsigned key = below(r, RUN_KEYS);
	struct arena arena;
	arena_init(&arena, NULL, 0);
	struct location_ask ask = { .aor = arena_printf(&arena, "u%u@h", key / 2), .wall_ms = disk_clock.wall_ms, .arena = &arena };
	struct target_set set;
	location_find(r->loc, &ask, &set);
	for (unsigned i = 0; i < set.instance_count; i++) {
		const struct binding *b = &set.instances[i].flows[0];
		if ((b->reg_id == 0) != (key % 2 == 1))
			continue;
		unsigned v = promise(r, key, (struct run_version){ .cseq = b->cseq, .asked = disk_count(), .acked = NEVER,
		                                                   .void_from = NEVER, .partner = -1 });
		assert_true(location_drop(r->loc, ask.aor, b->id, disk_clock.wall_ms));
		struct location_counts c;
		do
			location_count(r->loc, &c);
		while (c.pending);
		look(r, found);
		r->keys[key].list[v].failed = found[key].bound;
	}
	arena_fini(&arena);
	settle(r);
}

static void let_expire(struct run *r)
{
	disk_clock.wall_ms += RUN_SHORT_S * 1000 / 2 * (1 + below(r, 3));
	location_expire(r->loc, disk_clock.wall_ms, 1000);
}

void run_heal(struct run *r)
{
	unsigned tries = 0;
	do {
		disk_clock.mono_ms += 40 * RUN_RETRY_MS;
		run_burst(r, 1);
		assert_true(++tries < 100);
	} while (!durable(r));
}

/* One of the next calls fails. Half of the failures hit a sync. */
static void fail_once(struct run *r)
{
	static const int errs[] = { EIO, ENOSPC };
	bool sync = below(r, 2);
	disk_fail(below(r, sync ? 3 : 12), 1, errs[below(r, 2)],
	          sync ? DISK_CALL_SYNC : DISK_CALL_SYNC | DISK_CALL_CHANGE);
}

static void have_trouble(struct run *r)
{
	char why[500];
	fail_once(r);
	for (unsigned i = below(r, 3); i > 0; i--)
		run_burst(r, AT_ONCE);
	if (below(r, 3) == 0) {         /* started again before the store has healed, and with another failure then */
		fail_once(r);
		if (!run_restart(r, why, sizeof why)) {
			disk_heal();
			if (!run_restart(r, why, sizeof why))
				fail_msg("%s", why);
		}
	}
	disk_heal();
	run_heal(r);
}

void run_steps(struct run *r, unsigned count, bool with_failures)
{
	char why[300];
	for (unsigned i = 0; i < count; i++) {
		run_burst(r, AT_ONCE);
		switch (below(r, 10)) {
		case 0:
		case 1:
			disk_clock.mono_ms += RUN_SEGMENT_MS;
			break;
		case 2:
			run_drop(r);
			break;
		case 3:
			let_expire(r);
			break;
		case 4:
			if (with_failures)
				have_trouble(r);
			break;
		case 5:
			if (below(r, 3) == 0 && !run_restart(r, why, sizeof why))
				fail_msg("%s", why);
			break;
		default:
			break;
		}
	}
}

/* --- life --- */
static bool open_location(struct run *r, char *why, size_t why_size)
{
	struct location_settings s;
	location_settings_init(&s);
	struct store_settings store = { .folder = r->folder, .segment_ms = RUN_SEGMENT_MS, .retry_ms = RUN_RETRY_MS,
	                                .refuse_on_failure = r->refuse };
	r->loc = NULL;
	return store_open(&store, &s.store, why, why_size) == 0 &&
	       location_new(&s, disk_clock.wall_ms, &r->loc, why, why_size) == 0;
}

/* What a start found is what holds from this step on. */
static void take_for_true(struct run *r, size_t step)
{
	struct run_found found[RUN_KEYS];
	look(r, found);
	for (unsigned i = 0; i < RUN_KEYS; i++) {
		promise(r, i, (struct run_version){ .cseq = found[i].cseq, .bound = found[i].bound, .partner = -1,
		                                   .expires_wall_ms = found[i].expires_wall_ms, .asked = step,
		                                   .acked = durable(r) ? step : NEVER, .void_from = NEVER });
		r->cseq = found[i].cseq > r->cseq ? found[i].cseq : r->cseq;
	}
}

bool run_start(struct run *r, const char *folder, uint64_t seed, bool refuse, char *why, size_t why_size)
{
	*r = (struct run){ .folder = folder, .refuse = refuse, .random = seed };
	assert_int_equal(loop_new(&r->loop), 0);
	if (!open_location(r, why, why_size))
		return false;
	take_for_true(r, 0);
	return true;
}

bool run_restart(struct run *r, char *why, size_t why_size)
{
	char broken[800];
	struct run_found found[RUN_KEYS];
	run_close(r);
	unsigned reads = disk_failed_reads();
	bool opened = open_location(r, why, why_size);
	r->unreadable |= disk_failed_reads() != reads;
	if (!opened)
		return false;
	look(r, found);
	if (!r->unreadable && !run_keeps_promises(r, disk_count(), disk_clock.wall_ms, found, broken, sizeof broken))
		fail_msg("after a restart: %s", broken);
	take_for_true(r, disk_count());
	return true;
}

void run_close(struct run *r)
{
	location_free(r->loc);
	r->loc = NULL;
}

void run_free(struct run *r)
{
	run_close(r);
	loop_free(r->loop);
	for (unsigned i = 0; i < RUN_KEYS; i++)
		free(r->keys[i].list);
}

/* --- recovery --- */
struct reading {
	struct run_found *found;
	int64_t wall_ms;
	unsigned unreadable;
};

static void recovered(void *user, const struct store_row *row)
{
	struct reading *at = user;
	struct binding b;
	if (!record_read(row->record, &b))
		at->unreadable++;
	else if (b.expires_wall_ms > at->wall_ms)
		see(at->found, &b);
}

bool run_recover(const char *folder, int64_t wall_ms, struct run_found found[RUN_KEYS], char *why, size_t why_size)
{
	struct reading at = { .found = found, .wall_ms = wall_ms };
	struct store *st;
	uint64_t highest;
	memset(found, 0, RUN_KEYS * sizeof found[0]);
	if (store_open(&(struct store_settings){ .folder = folder }, &st, why, why_size))
		return false;
	int err = store_recover(st, wall_ms, recovered, &at, &highest, why, why_size);
	unsigned damaged = 0;
	for (unsigned i = 0; i < st->count; i++)
		damaged += st->older[i].damaged;
	store_close(st);
	if (!err && (at.unreadable || damaged))
		snprintf(why, why_size, "%u records cannot be read, %u segments are damaged", at.unreadable, damaged);
	return !err && !at.unreadable && !damaged;
}
