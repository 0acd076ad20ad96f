/* SPDX-License-Identifier: Apache-2.0 */
/* server_private.h - one worker and the process around it. */
#ifndef SLUICE_SERVER_PRIVATE_H
#define SLUICE_SERVER_PRIVATE_H

#include "server.h"
#include <pthread.h>
#include <semaphore.h>

struct worker {
	struct server *server;
	unsigned index;
	pthread_t thread;
	bool running;                   /* the thread was started */
	sem_t asked, done;              /* of the job, while it runs */
	void (*job)(struct worker *w, void *user);
	void *job_user;
	bool apart;                     /* its thread has a table of descriptors of its own */
	bool draining;                  /* new requests get 503 */
	struct loop *loop;
	struct transport_worker *transport;
	struct resolver *resolver;
	struct txns *txns;
	struct auth_thread *auth;
	struct registrar *registrar;
	struct proxy *proxy;
	struct loop_timer expiry;       /* worker 0 only */
	uint64_t requests[SIP_METHOD_COUNT];
};

struct server {
	const struct server_settings *settings;
	struct hash_key owner_key;      /* Call-ID to worker */
	struct transport *transport;
	struct location *location;
	struct users *users;
	struct moves *moves;
	int moves_err;                  /* the last answer of moves_reload */
	struct auth *auth;
	struct proxy_shared *proxy_shared;
	struct penalties *penalties;
	struct worker *workers;
	unsigned worker_count;
	int store_fd;                   /* of store_descriptor; -1: no store */
};

/* dispatch.c: what the transport and the transaction layer call; user is the worker. */
extern const struct transport_events worker_transport_events;
extern const struct txn_events worker_txn_events;
/* Which worker has the dialogs of this Call-ID. */
unsigned owner_of(const struct server *s, struct str call_id);

/* descriptors.c: give the calling thread a table of descriptors of its own; false: not to be had. */
bool descriptors_apart(struct worker *w);

/* worker.c: descriptors may be the worker's thread's own, so all that has any is made, used and ended on it. */
int worker_new_loop(struct worker *w, struct server *s, unsigned index, struct transport_error *why);
int worker_start(struct worker *w);                     /* its thread, when all loops are there; it waits for jobs */
/* Run job(w, user) on its thread and wait for it; here, when it has none. Not while its loop runs. */
void worker_do(struct worker *w, void (*job)(struct worker *w, void *user), void *user);
void worker_run(struct worker *w);                      /* its loop, until... */
void worker_halt(struct worker *w);                     /* ...here: waits for the end of the turn */
int worker_init(struct worker *w, struct transport_error *why);
/* When no loop runs: first drop what asks location, then (location gone, as its last commits are told to the loops) the rest but for
 * the loop, then the thread and the loop. Half-built is fine. */
void worker_end_work(struct worker *w);
void worker_fini(struct worker *w);
void worker_free(struct worker *w);
/* Run fn(w, user) in a turn of its loop, and wait for it. */
void worker_call(struct worker *w, void (*fn)(struct worker *w, void *user), void *user);

#endif
