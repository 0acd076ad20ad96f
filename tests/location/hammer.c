/* SPDX-License-Identifier: Apache-2.0 */
/* Several workers at once on few AORs, with flows that die: for ThreadSanitizer, and for what must hold
 * whatever the order was. */
#include "kit.h"
#include "clock.h"
#include <stddef.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { WORKERS = 3, AORS = 4, RUN_MS = 700, WAITING_MOST = 64 };

static const char *const aors[AORS] = { "a@h", "b@h", "c@h", "d@h" };
static atomic_bool dead[KIT_STREAMS];

static bool alive(void *user, const struct flow_ref *flow)
{
	(void)user;
	return !atomic_load(&dead[flow->serial % KIT_STREAMS]);
}

struct worker {
	struct location *loc;
	struct loop *loop;
	unsigned index, waiting, answered;
	uint32_t seed, cseq;
	pthread_t thread;
};

struct job {
	struct location_update u;
	struct location_wait wait;
	struct contact_update c;
	struct arena arena;
	struct worker *w;
};

static uint32_t next(struct worker *w, uint32_t below)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (w->seed >> 8) % below;
}

static void done(struct location_wait *wait, int err)
{
	struct job *j = CONTAINER(wait, struct job, wait);
	struct worker *w = j->w;
	if (err)
		fail_msg("a commit failed");
	w->waiting--;
	w->answered++;
	arena_fini(&j->arena);
	free(j);
}

static void do_register(struct worker *w)
{
	struct job *j = calloc(1, sizeof *j);
	j->w = w;
	arena_init(&j->arena, NULL, 0);
	j->c = (struct contact_update){ .contact = STR("sip:x@192.0.2.1"), .instance = STR("urn:uuid:1"), .reg_id = 1 + next(w, 3),
	                                .q = 1000, .expires_s = next(w, 6) * 10 };
	sip_uri_parse(j->c.contact, &j->c.uri);
	j->u = (struct location_update){
		.aor = str_of(aors[next(w, AORS)]), .contacts = &j->c, .contact_count = 1, .call_id = w->index ? STR("c1") : STR("c0"),
		.cseq = ++w->cseq, .flow = { .serial = 1 + next(w, KIT_STREAMS - 1), .kind = TRANSPORT_TCP, .remote.family = AF_INET },
		.via_flow = true, .wall_ms = 1000000, .arena = &j->arena, .wait = &j->wait };
	j->wait = (struct location_wait){ .loop = w->loop, .done = done };
	location_foresee(w->loc, &(struct location_update *){ &j->u }, 1);
	if (location_register(w->loc, &j->u) == LOCATION_DONE) {
		w->waiting++;
		return;
	}
	arena_fini(&j->arena);
	free(j);
}

static void do_find(struct worker *w)
{
	struct arena arena;
	arena_init(&arena, NULL, 0);
	struct location_ask ask = { .aor = str_of(aors[next(w, AORS)]), .wall_ms = 1000000, .arena = &arena, .loop = w->loop };
	struct target_set set;
	location_find(w->loc, &ask, &set);
	if (set.instance_count > 1 || (set.instance_count && set.instances[0].flow_count > 3))
		fail_msg("more flows than there are keys");
	if (set.instance_count && next(w, 2))
		location_drop(w->loc, ask.aor, set.instances[0].flows[0].id, ask.wall_ms);
	arena_fini(&arena);
}

static void count_one(void *user, const struct binding *b)
{
	unsigned *n = user;
	*n += b->contact.n > 0;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	for (int64_t end = clock_ms() + RUN_MS; clock_ms() < end;) {
		unsigned seen = 0;
		uint32_t flow = 1 + next(w, KIT_STREAMS - 1);
		atomic_store(&dead[flow], next(w, 2));
		if (w->waiting < WAITING_MOST)
			do_register(w);
		do_find(w);
		if (next(w, 50) == 0)
			location_expire(w->loc, 1000000 + 25000, 100);
		if (next(w, 50) == 0)
			location_list(w->loc, STR_NONE, 1000000, count_one, &seen);
		loop_turn(w->loop, w->waiting < WAITING_MOST ? 0 : 1000);
	}
	while (w->waiting)
		loop_turn(w->loop, 1000);
	return NULL;
}

static void workers_may_do_anything_at_once(void **state)
{
	(void)state;
	char folder[64], why[300] = "";
	struct location_settings s;
	struct location *loc;
	struct worker workers[WORKERS] = { 0 };
	unsigned answered = 0;
	kit_make_folder(folder);
	location_settings_init(&s);
	s.flow_alive = alive;
	/* A new segment every 50 ms, so that it turns over meanwhile. */
	struct store_settings store = { .folder = folder, .segment_ms = 50, .refuse_on_failure = true };
	if (store_open(&store, &s.store, why, sizeof why) || location_new(&s, 1000000, &loc, why, sizeof why))
		fail_msg("%s", why);
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .loc = loc, .index = i, .seed = i + 1 };
		assert_int_equal(loop_new(&workers[i].loop), 0);
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		answered += workers[i].answered;
	}
	struct location_counts c;
	location_count(loc, &c);
	assert_true(c.bindings <= AORS * 3);
	assert_true(answered > 0);
	print_message("%u changes answered, %llu commits of %llu rows\n", answered, (unsigned long long)c.commits,
	              (unsigned long long)c.journal_rows);
	location_free(loc);
	for (unsigned i = 0; i < WORKERS; i++)
		loop_free(workers[i].loop);
	kit_remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_may_do_anything_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
