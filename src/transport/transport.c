/* SPDX-License-Identifier: Apache-2.0 */
/* transport.c - what the process shares: settings, listeners, keys, flow generations. */
#include "flow_token.h"
#include "registrations.h"
#include "stream.h"
#include "tls.h"
#include "token_keys.h"
#include "transport_private.h"
#include "udp_verdicts.h"
#include <errno.h>
#include <sys/resource.h>

/* Descriptors that are not for connections: store, log, DNS, epoll, what a library opens for a moment. */
#define RESERVE_FIXED      64
#define RESERVE_A_WORKER   8
#define FLOWS_DEFAULT      (1u << 20)

void transport_settings_init(struct transport_settings *s)
{
	*s = (struct transport_settings){
		.workers = 1,
		.limits = { .max_head_bytes = 65535, .max_body_bytes = 65535, .max_headers = 256 },
		.tls_verify = true,
		.handshake_ms = 5000, .message_ms = 15000, .unregistered_ms = 120000, .idle_ms = 300000,
		.flow_timer_s = 120, .flow_grace_s = 30, .unacked_ms = 1200, .nat_ping_s = 25,
		.queue_bytes = 262144, .stun_per_second = 50 };
}

/* The soft limit of open files is 1024 on most systems, for programs that use select(); the hard one is what the
 * operator grants. */
static rlim_t files_limit(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files))
		return 1024;
	struct rlimit wanted = { .rlim_cur = files.rlim_max, .rlim_max = files.rlim_max };
	return setrlimit(RLIMIT_NOFILE, &wanted) ? files.rlim_cur : files.rlim_max;
}

/* Connections that one table of descriptors has room for. */
static unsigned flow_limit(const struct transport_settings *s)
{
	rlim_t files = files_limit(), limit = s->max_flows ? s->max_flows : FLOWS_DEFAULT;
	unsigned reserve = RESERVE_FIXED + s->workers * (RESERVE_A_WORKER + s->listener_count);
	rlim_t granted = files > 2 * reserve ? files - reserve : files / 2;
	limit = limit < granted ? limit : granted;
	return limit < FLOW_SLOTS_MAX ? (unsigned)limit : FLOW_SLOTS_MAX;
}

static void copy_listeners(struct transport *t, const struct transport_settings *s)
{
	t->listener_count = s->listener_count;
	t->listeners = arena_array(&t->arena, s->listener_count, sizeof *t->listeners);
	for (unsigned i = 0; i < s->listener_count; i++) {
		const struct listener_settings *from = &s->listeners[i];
		struct listener *l = &t->listeners[i];
		*l = (struct listener){
			.kind = from->kind, .bound = from->bind, .wildcard = addr_is_any(&from->bind),
			.advertise_host = arena_str(&t->arena, from->advertise_host), .advertise_port = from->advertise_port,
			.certificate = arena_str(&t->arena, from->certificate), .key = arena_str(&t->arena, from->key) };
		for (unsigned worker = 0; worker < WORKERS_MAX; worker++)
			l->fds[worker] = -1;
	}
}

/* TLS is there without a listener too: next hops may want it. */
static int open_all(struct transport *t, struct transport_error *error)
{
	int err = token_keys_load(t->set.state_dir.p, &t->keys, error);
	if (!err)
		err = tls_open(t, error);
	if (!err)
		err = listeners_open(t, error);
	return err;
}

int transport_new(const struct transport_settings *s, struct transport **out, struct transport_error *error)
{
	if (!s->listener_count || s->listener_count > LISTENERS_MAX)
		return transport_fail(error, -EINVAL, "listeners: %u are configured; there must be 1 to %d", s->listener_count,
		                      LISTENERS_MAX);
	if (!s->workers || s->workers > WORKERS_MAX)
		return transport_fail(error, -EINVAL, "workers: %u are configured; there must be 1 to %d", s->workers, WORKERS_MAX);
	struct transport *t = mem_zalloc(sizeof *t);
	t->set = *s;
	t->set.listeners = NULL;
	t->set.state_dir = arena_str(&t->arena, s->state_dir.n ? s->state_dir : STR("."));
	t->set.tls_ca = arena_str(&t->arena, s->tls_ca);
	copy_listeners(t, s);
	t->max_flows = s->max_flows ? s->max_flows : FLOWS_DEFAULT;
	t->shared_room.limit = flow_limit(s);
	flow_table_init(&t->flows, s->workers, t->shared_room.limit);
	t->registrations = registrations_new();
	t->verdicts = udp_verdicts_new();
	t->outgoing = outgoing_new();
	t->interfaces = interfaces_new();
	int err = open_all(t, error);
	if (err) {
		transport_free(t);
		return err;
	}
	*out = t;
	return 0;
}

void transport_free(struct transport *t)
{
	if (!t)
		return;
	listeners_close(t);
	tls_close(t);
	token_keys_free(t->keys);
	interfaces_free(t->interfaces);
	outgoing_free(t->outgoing);
	registrations_free(t->registrations);
	udp_verdicts_free(t->verdicts);
	flow_table_fini(&t->flows);
	arena_fini(&t->arena);
	mem_free(t);
}

struct token_keys *transport_keys(const struct transport *t)
{
	return t->keys;
}

uint32_t transport_node(const struct transport *t)
{
	return token_keys_node(t->keys);
}
