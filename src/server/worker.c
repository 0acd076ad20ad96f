/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - one thread of the server: its loop and what lives on it. */
#include "clock.h"
#include "server_private.h"
#include "thread.h"
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>

#define EXPIRE_EVERY_MS 1000
#define EXPIRE_AT_MOST 20000            /* bindings a turn, so that a mass expiry delays nobody */

static void expire(struct loop_timer *t)
{
	struct worker *w = CONTAINER(t, struct worker, expiry);
	unsigned gone = location_expire(w->server->location, clock_wall_ms(), EXPIRE_AT_MOST);
	loop_timer_set(w->loop, t, loop_now_ms(w->loop) + (gone == EXPIRE_AT_MOST ? 10 : EXPIRE_EVERY_MS));
}

static bool mine(void *user, struct str call_id)
{
	const struct worker *w = user;
	return owner_of(w->server, call_id) == w->index;
}

static int failed(int err, struct transport_error *why, const char *what)
{
	if (err && !why->text[0])
		snprintf(why->text, sizeof why->text, "cannot start a worker: %s: %s", what, strerror(-err));
	return err;
}

int worker_new_loop(struct worker *w, struct server *s, unsigned index, struct transport_error *why)
{
	w->server = s;
	w->index = index;
	return failed(loop_new(&w->loop), why, "event loop");
}

struct init {
	int err;
	struct transport_error *why;
};

static int init(struct worker *w, struct transport_error *why)
{
	struct server *s = w->server;
	const struct server_settings *set = s->settings;
	int err = transport_worker_new(s->transport, w->index, w->loop, &worker_transport_events, w, &w->transport);
	if (err)
		return failed(err, why, "transport");
	if (w->apart)
		transport_worker_apart(w->transport);
	struct resolver_settings resolver = set->resolver;
	resolver.penalties = s->penalties;
	err = resolver_new(w->loop, &resolver, &w->resolver);
	if (err)
		return failed(err, why, "DNS resolver");
	err = auth_thread_new(s->auth, &w->auth);
	if (err)
		return failed(err, why, "digest engines");
	err = txns_new(w->loop, s->transport, w->transport, w->resolver, &set->transaction, &worker_txn_events, w, &w->txns);
	if (err)
		return failed(err, why, "transactions");
	struct registrar_setup registrar = {
		.settings = set->registrar, .loop = w->loop, .txns = w->txns, .transport = s->transport,
		.transport_worker = w->transport, .location = s->location, .users = s->users, .moves = s->moves,
	};
	err = registrar_new(&registrar, &w->registrar);
	if (err)
		return failed(err, why, "registrar");
	struct proxy_setup proxy = {
		.settings = set->proxy, .shared = s->proxy_shared, .policy = set->policy, .loop = w->loop, .txns = w->txns,
		.transport = s->transport, .transport_worker = w->transport, .resolver = w->resolver, .location = s->location,
		.users = s->users, .moves = s->moves, .rules = &set->moves, .auth = w->auth, .probes = w->index == 0, .mine = mine, .user = w,
	};
	err = proxy_new(&proxy, &w->proxy);
	if (err)
		return failed(err, why, "proxy");
	if (w->index == 0) {
		w->expiry.fire = expire;
		loop_timer_set(w->loop, &w->expiry, clock_ms() + EXPIRE_EVERY_MS);
	}
	return 0;
}

static void init_job(struct worker *w, void *user)
{
	struct init *i = user;
	i->err = init(w, i->why);
}

int worker_init(struct worker *w, struct transport_error *why)
{
	struct init i = { .why = why };
	worker_do(w, init_job, &i);
	return i.err;
}

/* --- its end --- */

static void end_work(struct worker *w, void *user)
{
	(void)user;
	loop_timer_stop(w->loop, &w->expiry);
	proxy_free(w->proxy);
	w->proxy = NULL;
}

void worker_end_work(struct worker *w)
{
	if (w->loop)
		worker_do(w, end_work, NULL);
}

static void fini(struct worker *w, void *user)
{
	(void)user;
	registrar_free(w->registrar);
	txns_free(w->txns);
	auth_thread_free(w->auth);
	resolver_free(w->resolver);
	transport_worker_free(w->transport);
}

void worker_fini(struct worker *w)
{
	worker_do(w, fini, NULL);
}

void worker_free(struct worker *w)
{
	if (w->running) {
		w->job = NULL;
		sem_post(&w->asked);
		pthread_join(w->thread, NULL);
		sem_destroy(&w->asked);
		sem_destroy(&w->done);
	}
	loop_free(w->loop);
}

/* --- its thread --- */

static void wait_for(sem_t *s)
{
	while (sem_wait(s) == -1 && errno == EINTR)
		;
}

static void *run(void *user)
{
	struct worker *w = user;
	char name[16];
	snprintf(name, sizeof name, "worker %u", w->index);
	pthread_setname_np(pthread_self(), name);
	for (;;) {
		wait_for(&w->asked);
		if (!w->job)
			return NULL;
		w->job(w, w->job_user);
		sem_post(&w->done);
	}
}

static void begin(struct worker *w, void (*job)(struct worker *w, void *user), void *user)
{
	w->job = job;
	w->job_user = user;
	sem_post(&w->asked);
}

void worker_do(struct worker *w, void (*job)(struct worker *w, void *user), void *user)
{
	if (!w->running) {
		job(w, user);
		return;
	}
	begin(w, job, user);
	wait_for(&w->done);
}

static void part(struct worker *w, void *user)
{
	(void)user;
	w->apart = descriptors_apart(w);
}

int worker_start(struct worker *w)
{
	sem_init(&w->asked, 0, 0);
	sem_init(&w->done, 0, 0);
	int err = thread_start(&w->thread, run, w);
	w->running = err == 0;
	if (w->running)
		worker_do(w, part, NULL);
	return err;
}

static void run_loop(struct worker *w, void *user)
{
	(void)user;
	transport_worker_go(w->transport);
	loop_run(w->loop);
}

void worker_run(struct worker *w)
{
	begin(w, run_loop, NULL);
}

void worker_halt(struct worker *w)
{
	loop_stop(w->loop);
	wait_for(&w->done);
}

/* --- calls from the control thread --- */

struct call {
	struct loop_task task;
	struct worker *worker;
	void (*fn)(struct worker *w, void *user);
	void *user;
	sem_t done;
};

static void run_call(struct loop_task *t)
{
	struct call *c = CONTAINER(t, struct call, task);
	c->fn(c->worker, c->user);
	sem_post(&c->done);
}

void worker_call(struct worker *w, void (*fn)(struct worker *w, void *user), void *user)
{
	struct call c = { .task.run = run_call, .worker = w, .fn = fn, .user = user };
	sem_init(&c.done, 0, 0);
	loop_post(w->loop, &c.task);
	wait_for(&c.done);
	sem_destroy(&c.done);
}
