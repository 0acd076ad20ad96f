/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - start in the order of the rooms, drain, stop in the reverse order. */
#include "clock.h"
#include "flow_token.h"
#include "log.h"
#include "mem.h"
#include "server_private.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#define MOVES_AT_MOST 20000             /* moves that are looked at for their expiry, a second */

void server_settings_init(struct server_settings *s)
{
	*s = (struct server_settings){ .segment_ms = 900000, .drain_ms = 2000 };
	transport_settings_init(&s->transport);
	txn_settings_init(&s->transaction);
	resolver_settings_init(&s->resolver);
	location_settings_init(&s->location);
	auth_settings_init(&s->auth);
	registrar_settings_init(&s->registrar);
	proxy_settings_init(&s->proxy);
	move_rules_init(&s->moves);
}

/* CPUs that this process may use: affinity, then the cgroup's quota. */
static unsigned cpus(void)
{
	cpu_set_t set;
	unsigned n = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
	FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
	if (f) {
		unsigned long long quota, period;
		if (fscanf(f, "%llu %llu", &quota, &period) == 2 && period) {
			unsigned whole = (unsigned)((quota + period - 1) / period);
			if (whole && whole < n)
				n = whole;
		}
		fclose(f);
	}
	return n > 64 ? 64 : n ? n : 1;
}

static bool flow_alive(void *user, const struct flow_ref *flow)
{
	return transport_flow_holds(((struct server *)user)->transport, flow);
}

static bool flow_suspect(void *user, const struct flow_ref *flow)
{
	return transport_flow_is_suspect(((struct server *)user)->transport, flow);
}

static int open_users(struct server *s, struct transport_error *why)
{
	char path[4096];
	snprintf(path, sizeof path, "%.*s/users.db", STR_FMT(s->settings->state_dir));
	return users_open(path, &s->users, why->text, sizeof why->text);
}

/* Before any worker has a table of descriptors of its own: the file is asked on the control thread and on the writer's. */
static int open_moves(struct server *s, struct transport_error *why)
{
	char path[4096];
	snprintf(path, sizeof path, "%.*s/moves.db", STR_FMT(s->settings->state_dir));
	struct moves_settings set = { .path = path };
	int err = moves_open(&set, clock_wall_ms(), &s->moves, why->text, sizeof why->text);
	return err ? err : moves_start(s->moves);
}

/* A UDP flow that outlived the process, with the phone that is registered on it: as registrar.c notes it. */
static bool flow_restore(void *user, struct binding *b)
{
	struct transport *t = ((struct server *)user)->transport;
	const struct token_keys *keys = transport_keys(t);
	struct flow_registration r = {
		.registration = token_registration(keys, b->aor, b->instance),
		.address = token_registration(keys, b->aor, STR("")),
		.outbound = b->reg_id != 0, .nat = b->via_flow && b->reg_id == 0,
		.until_ms = clock_ms() + (b->expires_wall_ms - clock_wall_ms()),
	};
	return transport_flow_restore(t, &b->flow, &r);
}

static int open_store(struct server *s, struct store **out, struct transport_error *why)
{
	const struct server_settings *set = s->settings;
	char folder[4096];
	if (set->memory_only)
		return 0;
	snprintf(folder, sizeof folder, "%.*s", STR_FMT(set->state_dir));
	struct store_settings st = { .folder = folder, .segment_ms = set->segment_ms,
	                             .refuse_on_failure = set->refuse_on_store_failure };
	return store_open(&st, out, why->text, sizeof why->text);
}

static int open_location(struct server *s, struct store *store, struct transport_error *why)
{
	struct location_settings loc = s->settings->location;
	loc.store = store;
	loc.flow_alive = flow_alive;
	loc.flow_suspect = flow_suspect;
	loc.flow_restore = flow_restore;
	loc.user = s;
	return location_new(&loc, clock_wall_ms(), &s->location, why->text, sizeof why->text);
}

static int open_transport(struct server *s, struct transport_error *why)
{
	struct transport_settings t = s->settings->transport;
	t.workers = s->worker_count;
	t.state_dir = s->settings->state_dir;
	return transport_new(&t, &s->transport, why);
}

static void free_all(struct server *s)
{
	for (unsigned i = 0; i < s->worker_count; i++)
		worker_end_work(&s->workers[i]);
	location_free(s->location);
	for (unsigned i = 0; i < s->worker_count; i++)
		worker_fini(&s->workers[i]);
	for (unsigned i = 0; i < s->worker_count; i++)
		worker_free(&s->workers[i]);
	mem_free(s->workers);
	proxy_shared_free(s->proxy_shared);
	penalties_free(s->penalties);
	auth_free(s->auth);
	moves_close(s->moves);
	users_close(s->users);
	transport_free(s->transport);
	mem_free(s);
}

static int build(struct server *s, struct transport_error *why)
{
	struct store *store = NULL;
	int err = open_store(s, &store, why);           /* first: it locks the state folder */
	if (err)
		return err;
	s->store_fd = store ? store_descriptor(store) : -1;
	err = open_transport(s, why);
	if (err) {
		store_close(store);
		return err;
	}
	err = open_location(s, store, why);             /* takes the store; UDP flows find their sockets again */
	if (!err)
		err = open_users(s, why);
	if (!err)
		err = open_moves(s, why);
	if (err)
		return err;
	struct auth_settings auth = s->settings->auth;
	auth.users = s->users;
	err = auth_new(&auth, &s->auth);
	if (!err)
		err = proxy_shared_new(s->settings->policy, &s->proxy_shared);
	for (unsigned i = 0; !err && i < s->worker_count; i++)
		err = worker_new_loop(&s->workers[i], s, i, why);
	for (unsigned i = 0; !err && i < s->worker_count; i++)
		err = worker_start(&s->workers[i]);
	for (unsigned i = 0; !err && i < s->worker_count; i++)
		err = worker_init(&s->workers[i], why);
	return err;
}

static void run_posted(struct worker *w, void *some)
{
	*(bool *)some |= loop_run_posted(w->loop);
}

static void halt(struct server *s)
{
	for (unsigned i = 0; i < s->worker_count; i++)
		worker_halt(&s->workers[i]);
	/* What workers had posted to each other owns memory until it has run. */
	for (bool some = true; some; ) {
		some = false;
		for (unsigned i = 0; i < s->worker_count; i++)
			worker_do(&s->workers[i], run_posted, &some);
	}
}

int server_start(const struct server_settings *settings, struct server **out, struct transport_error *why)
{
	struct server *s = mem_zalloc(sizeof *s);
	why->text[0] = 0;
	s->settings = settings;
	s->owner_key = hash_key_new();
	s->penalties = penalties_new();
	s->worker_count = settings->workers ? settings->workers : cpus();
	s->workers = mem_zalloc(s->worker_count * sizeof *s->workers);
	s->store_fd = -1;
	int err = build(s, why);
	if (err) {
		if (!why->text[0])
			snprintf(why->text, sizeof why->text, "cannot start: %s", strerror(-err));
		free_all(s);
		return err;
	}
	for (unsigned i = 0; i < s->worker_count; i++)
		worker_run(&s->workers[i]);
	*out = s;
	return 0;
}

/* --- stop --- */

static void drain(struct worker *w, void *user)
{
	(void)user;
	w->draining = true;
	transport_worker_quiet(w->transport);
}

struct busy {
	unsigned calls, commits;
};

static void ask_busy(struct worker *w, void *user)
{
	struct busy *b = user;
	b->calls += proxy_live(w->proxy);
	b->commits += registrar_waiting(w->registrar);
}

/* Calls being set up are waited for until the deadline; commits under way always, as their phones wait for an answer that is
 * already decided. */
static void wait_for_work(struct server *s)
{
	int64_t deadline = clock_ms() + s->settings->drain_ms;
	for (;;) {
		struct busy b = { 0 };
		for (unsigned i = 0; i < s->worker_count; i++)
			worker_call(&s->workers[i], ask_busy, &b);
		if (b.commits == 0 && (b.calls == 0 || clock_ms() >= deadline))
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000000 }, NULL);
	}
}

void server_stop(struct server *s)
{
	for (unsigned i = 0; i < s->worker_count; i++)
		worker_call(&s->workers[i], drain, NULL);
	wait_for_work(s);
	halt(s);
	free_all(s);
}

/* --- keys --- */

static void nothing(struct worker *w, void *user)
{
	(void)w, (void)user;
}

int server_watch_keys(struct server *s, bool at_once, struct transport_error *why)
{
	struct token_keys *keys = transport_keys(s->transport);
	int news = token_keys_watch(keys, clock_wall_ms(), at_once, why);
	if (news == 1) {
		/* A worker that answers has ended the turn in which it may have held a key from before. */
		for (unsigned i = 0; i < s->worker_count; i++)
			worker_call(&s->workers[i], nothing, NULL);
		token_keys_sweep(keys);
	}
	return news;
}

/* --- moves --- */

int server_watch_moves(struct server *s)
{
	int64_t wall_ms = clock_wall_ms();
	int err = moves_reload(s->moves, wall_ms);
	if (err != s->moves_err)
		log_write(err ? LOG_ERROR : LOG_INFO, "moves: %.*s/moves.db: %s", STR_FMT(s->settings->state_dir),
		          err ? strerror(-err) : "can be read again");
	s->moves_err = err;
	moves_expire(s->moves, wall_ms, MOVES_AT_MOST);
	return err;
}

/* --- looking in --- */

struct transport *server_transport(struct server *s) { return s->transport; }
struct location *server_location(struct server *s) { return s->location; }
struct users *server_users(struct server *s) { return s->users; }
struct moves *server_moves(struct server *s) { return s->moves; }
unsigned server_workers(const struct server *s) { return s->worker_count; }

struct rehearsal {
	struct str uri;
	void (*step)(void *user, const struct move_step *m);
	void *user;
	bool fine;
};

static void rehearse(struct worker *w, void *user)
{
	struct rehearsal *r = user;
	r->fine = proxy_rehearse(w->proxy, r->uri, r->step, r->user);
}

bool server_rehearse(struct server *s, struct str uri, void (*step)(void *user, const struct move_step *m), void *user)
{
	struct rehearsal r = { uri, step, user, false };
	worker_call(&s->workers[0], rehearse, &r);
	return r.fine;
}

struct flow_list {
	struct arena arena;
	struct flow_info *list;
	size_t count, cap;
};

static void collect_flow(void *user, const struct flow_info *info)
{
	struct flow_list *l = user;
	if (l->count == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 256;
		l->list = mem_realloc(l->list, l->cap * sizeof *l->list);
	}
	l->list[l->count] = *info;
	l->list[l->count++].tls_name = arena_str(&l->arena, info->tls_name);
}

static void collect_flows(struct worker *w, void *user)
{
	transport_flows(w->transport, collect_flow, user);
}

void server_flows(struct server *s, void (*fn)(void *user, const struct flow_info *info), void *user)
{
	struct flow_list l = { 0 };
	arena_init(&l.arena, NULL, 0);
	for (unsigned i = 0; i < s->worker_count; i++)
		worker_call(&s->workers[i], collect_flows, &l);
	for (size_t i = 0; i < l.count; i++)
		fn(user, &l.list[i]);
	mem_free(l.list);
	arena_fini(&l.arena);
}

static void add_words(void *to, const void *from, size_t bytes)
{
	uint64_t *t = to;
	const uint64_t *f = from;
	for (size_t i = 0; i < bytes / sizeof *t; i++)
		t[i] += f[i];
}

static void add_counts(struct worker *w, void *user)
{
	struct server_counts *c = user, one = { 0 };
	transport_count(w->transport, &one.transport);
	txn_count(w->txns, &one.transaction);
	proxy_count(w->proxy, &one.proxy);
	add_words(&c->transport, &one.transport, sizeof c->transport);
	add_words(&c->transaction, &one.transaction, sizeof c->transaction);
	add_words(&c->proxy, &one.proxy, sizeof c->proxy);
	add_words(c->requests, w->requests, sizeof c->requests);
}

void server_count(struct server *s, struct server_counts *out)
{
	memset(out, 0, sizeof *out);
	for (unsigned i = 0; i < s->worker_count; i++)
		worker_call(&s->workers[i], add_counts, out);
	location_count(s->location, &out->location);
}
