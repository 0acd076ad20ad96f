/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - the rooms put together: N workers, each with loop, transport, transactions, registrar and
 * proxy, over one location. Starts, dispatches, drains, stops.
 *
 * server_start returns when everything listens; the calling thread stays free for signals and the control
 * socket. All other calls here are for that thread. */
#ifndef SLUICE_SERVER_H
#define SLUICE_SERVER_H

#include "auth.h"
#include "location.h"
#include "move_rules.h"
#include "moves.h"
#include "policy.h"
#include "proxy.h"
#include "registrar.h"
#include "store.h"
#include "transaction.h"
#include "transport.h"

/* Every setting, as the configuration gives it: an immutable snapshot, borrowed by the server until
 * server_stop has returned. */
struct server_settings {
	unsigned workers;                       /* 0: as many as CPUs this process may use (affinity, cgroup quota) */
	struct str state_dir;                   /* must exist */
	struct transport_settings transport;    /* workers and state_dir are filled in by the server */
	struct txn_settings transaction;
	struct resolver_settings resolver;
	bool memory_only;                       /* no journal (store.kind: memory) [false] */
	bool refuse_on_store_failure;           /* store.on_failure: refuse [false] */
	int64_t segment_ms;
	struct location_settings location;      /* max_contacts, replace_oldest; the rest is filled in */
	struct auth_settings auth;              /* users is filled in */
	struct registrar_settings registrar;
	struct proxy_settings proxy;
	struct move_rules moves;
	const struct policy *policy;
	int64_t drain_ms;                       /* how long server_stop waits for calls being set up [2000] */
};
void server_settings_init(struct server_settings *s);

struct server;
/* 0, or -errno with a sentence in *why that says what happened and what to do; then nothing is left running. */
int server_start(const struct server_settings *s, struct server **out, struct transport_error *why);
/* Stop listening, refuse new requests with 503, wait for running ones up to drain_ms, commit, end the threads, free. */
void server_stop(struct server *s);

struct transport *server_transport(struct server *s);
struct location *server_location(struct server *s);
struct users *server_users(struct server *s);
struct moves *server_moves(struct server *s);
unsigned server_workers(const struct server *s);
/* Once a second: is there news of the cluster's keys (token_keys_watch)? `at_once`: somebody says that there is. Its answers. */
int server_watch_keys(struct server *s, bool at_once, struct transport_error *why);
/* proxy_rehearse, on a worker's thread; `step` runs there while the caller waits. */
bool server_rehearse(struct server *s, struct str uri, void (*step)(void *user, const struct move_step *m), void *user);
/* Once a second: take over what another process wrote about moves, and drop what has expired. 0, or moves_reload's -errno. */
int server_watch_moves(struct server *s);
/* Every stream of every worker, collected on their threads; fn runs on the caller's. */
void server_flows(struct server *s, void (*fn)(void *user, const struct flow_info *info), void *user);
struct server_counts {
	struct transport_counts transport;
	struct txn_counts transaction;
	struct proxy_counts proxy;
	struct location_counts location;
	uint64_t requests[SIP_METHOD_COUNT];
};
void server_count(struct server *s, struct server_counts *out);

#endif
