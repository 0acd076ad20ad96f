/* SPDX-License-Identifier: Apache-2.0 */
/* server_private.h - one worker and the process around it. */
#ifndef SLUICE_SERVER_PRIVATE_H
#define SLUICE_SERVER_PRIVATE_H

#include "server.h"
#include <pthread.h>

struct worker {
	struct server *server;
	unsigned index;
	pthread_t thread;
	bool running;                   /* the thread was started */
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
	struct auth *auth;
	struct proxy_shared *proxy_shared;
	struct penalties *penalties;
	struct worker *workers;
	unsigned worker_count;
};

/* dispatch.c: what the transport and the transaction layer call; user is the worker. */
extern const struct transport_events worker_transport_events;
extern const struct txn_events worker_txn_events;
/* Which worker has the dialogs of this Call-ID. */
unsigned owner_of(const struct server *s, struct str call_id);

/* worker.c */
int worker_init(struct worker *w, struct server *s, unsigned index, struct transport_error *why);
/* Its thread has ended: first drop what asks location, then (location gone, as its last commits are told to the loops) the
 * rest. Half-built is fine. */
void worker_end_work(struct worker *w);
void worker_fini(struct worker *w);
int worker_start(struct worker *w);
/* Run fn(w, user) on the worker's thread and wait for it. */
void worker_call(struct worker *w, void (*fn)(struct worker *w, void *user), void *user);

#endif
