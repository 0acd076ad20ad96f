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

int worker_init(struct worker *w, struct server *s, unsigned index, struct transport_error *why)
{
	const struct server_settings *set = s->settings;
	w->server = s;
	w->index = index;
	int err = loop_new(&w->loop);
	if (err)
		return failed(err, why, "event loop");
	err = transport_worker_new(s->transport, index, w->loop, &worker_transport_events, w, &w->transport);
	if (err)
		return failed(err, why, "transport");
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
		.transport_worker = w->transport, .location = s->location, .users = s->users,
	};
	err = registrar_new(&registrar, &w->registrar);
	if (err)
		return failed(err, why, "registrar");
	struct proxy_setup proxy = {
		.settings = set->proxy, .shared = s->proxy_shared, .policy = set->policy, .loop = w->loop, .txns = w->txns,
		.transport = s->transport, .transport_worker = w->transport, .resolver = w->resolver, .location = s->location,
		.users = s->users, .auth = w->auth, .probes = index == 0, .mine = mine, .user = w,
	};
	err = proxy_new(&proxy, &w->proxy);
	if (err)
		return failed(err, why, "proxy");
	if (index == 0) {
		w->expiry.fire = expire;
		loop_timer_set(w->loop, &w->expiry, clock_ms() + EXPIRE_EVERY_MS);
	}
	return 0;
}

void worker_end_work(struct worker *w)
{
	if (w->loop)
		loop_timer_stop(w->loop, &w->expiry);
	proxy_free(w->proxy);
	w->proxy = NULL;
}

void worker_fini(struct worker *w)
{
	worker_end_work(w);
	registrar_free(w->registrar);
	txns_free(w->txns);
	auth_thread_free(w->auth);
	resolver_free(w->resolver);
	transport_worker_free(w->transport);
	loop_free(w->loop);
}

static void *run(void *user)
{
	struct worker *w = user;
	char name[16];
	snprintf(name, sizeof name, "worker %u", w->index);
	pthread_setname_np(pthread_self(), name);
	transport_worker_go(w->transport);
	loop_run(w->loop);
	return NULL;
}

int worker_start(struct worker *w)
{
	int err = thread_start(&w->thread, run, w);
	w->running = err == 0;
	return err;
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
	while (sem_wait(&c.done) == -1 && errno == EINTR)
		;
	sem_destroy(&c.done);
}
