/* SPDX-License-Identifier: Apache-2.0 */
/* transport_private.h - what the files of this room share.
 *
 * struct transport is read by every worker and changed by none after transport_new, but for what is
 * atomic or behind a lock. struct transport_worker and its streams belong to one thread. */
#ifndef SLUICE_TRANSPORT_PRIVATE_H
#define SLUICE_TRANSPORT_PRIVATE_H

#include "flow_table.h"
#include "framer.h"
#include "hash.h"
#include "list.h"
#include "log.h"
#include "map.h"
#include "mem.h"
#include "stun.h"
#include "transport.h"
#include "udp_crowd.h"
#include <pthread.h>

#define WORKERS_MAX    64
#define LISTENERS_MAX  64
#define NO_LISTENER    255              /* flow_ref.listener of a connection of ours without a listener of its kind */
#define READ_BYTES     8192             /* of one stream in one turn: the others wait no longer than that takes */
#define UDP_BATCH      64               /* datagrams a system call */
#define DATAGRAM_MAX   65507            /* UDP payload over IPv4 */

struct tls;
struct tls_session;
struct token_keys;
struct interfaces;
struct outgoing;
struct registrations;
struct udp_verdicts;

/* --- connections that a table of descriptors has, and has room for --- */
struct flow_room {
	atomic_uint open;
	unsigned limit;
};

struct listener {
	enum transport_kind kind;
	struct addr bound;              /* with its real port */
	bool wildcard;
	struct str advertise_host;
	uint16_t advertise_port;        /* never 0 */
	struct str name;                /* "host:port" of Via and of our URIs; n == 0: a wildcard's, each flow has its own */
	struct str certificate, key;
	int fds[WORKERS_MAX];           /* one a worker, which has it in its own table at the same number; -1 when closed */
};

struct transport {
	struct transport_settings set;  /* its slices live in the arena; `listeners` is NULL */
	struct arena arena;
	struct listener *listeners;
	unsigned listener_count;
	struct transport_worker *workers[WORKERS_MAX];
	struct flow_table flows;
	struct registrations *registrations;
	struct udp_verdicts *verdicts;
	unsigned max_flows;
	atomic_uint flows_open;
	struct flow_room shared_room;   /* of workers without a table of descriptors of their own */
	struct outgoing *outgoing;      /* connections of ours, by where they lead */
	struct interfaces *interfaces;  /* addresses of this machine */
	struct tls **tls;               /* one a worker: its own library context */
	struct log_limit full_log, tls_log;
	bool stopped;                   /* no loop runs any more: nobody is told anything */
	struct token_keys *keys;        /* with node and boot id (token_keys.h) */
};

/* --- counting: written by the worker alone, read by anybody --- */
enum counter {
	COUNT_MESSAGES_IN, COUNT_MESSAGES_OUT, COUNT_DROPPED, COUNT_ACCEPTED, COUNT_PONGS, COUNT_STUN, COUNT_HANDSHAKES,
	COUNT_HANDSHAKES_FAILED, COUNT_HOPS_FULL, COUNT_OPEN, COUNT_CLOSED,     /* COUNT_CLOSED + enum flow_end */
	COUNTERS = COUNT_CLOSED + FLOW_END_LOCAL + 1
};

/* --- a worker's socket of one UDP listener --- */
struct udp_out {
	struct addr local, remote;
	struct wire *bytes;
};
struct udp_port {
	struct loop_fd io;
	struct transport_worker *w;
	uint8_t listener;
	struct list dirty;              /* in w->udp_dirty while something waits */
	unsigned count;
	struct udp_out out[UDP_BATCH];
};
struct udp_receive;

/* --- messages that wait for another worker: each kind has room of its own there. Streams and a crowd need little, as they can wait
 * where they are; a datagram that finds none is lost. --- */
enum hop_kind { HOP_DATAGRAM, HOP_CROWD, HOP_STREAM, HOP_KINDS };

/* --- a worker's socket of one TCP or TLS listener --- */
struct acceptor {
	struct loop_fd io;
	struct transport_worker *w;
	uint8_t listener;
};

struct transport_worker {
	struct transport *t;
	unsigned index;
	struct loop *loop;
	struct transport_events events;
	void *user;
	struct flow_slots slots;
	struct flow_room own_room, *room;       /* room: this one, or the transport's */
	struct udp_port *udp[LISTENERS_MAX];
	struct acceptor *acceptors[LISTENERS_MAX];
	struct udp_receive *udp_receive;
	struct udp_crowd *crowd;        /* NULL: no UDP */
	struct stun_limit *stun_limit;
	struct list udp_dirty;          /* ports with datagrams to send */
	struct list dirty;              /* streams with bytes to send */
	struct list handshakes;         /* streams whose TLS handshake has something to do */
	struct list readers;            /* streams with more to read than their part of this turn */
	int64_t reads_end_us;           /* of this turn, for streams that are read as they come; 0: none was yet */
	struct list parked;             /* streams that wait for room in another worker's queue */
	struct list strangers;          /* accepted, no message yet; the oldest first */
	struct list guests;             /* accepted, not registered; the one whose last message is oldest first */
	struct list lingering;          /* streams that are no flows any more but still say their last */
	struct list dead;               /* streams to free at the end of the turn */
	struct loop_hook turn_end;
	struct loop_timer flush_timer;  /* armed while something waits: a turn end will come */
	struct loop_timer park_timer, rest_timer, sweep_timer;
	int64_t sweep_since_ms;
	uint64_t swept;                 /* shards, since then */
	bool resting, quiet;
	char *scratch;                  /* READ_BYTES: what was read last */
	struct tls *tls;
	struct wire *pong, *ping;
	struct route_cache *routes;
	_Atomic uint64_t counts[COUNTERS];
	atomic_uint hops[HOP_KINDS];    /* messages that wait for this worker, by all others */
};

static inline void count_add(struct transport_worker *w, unsigned what, int64_t n)
{
	uint64_t now = atomic_load_explicit(&w->counts[what], memory_order_relaxed);
	atomic_store_explicit(&w->counts[what], now + (uint64_t)n, memory_order_relaxed);
}

/* --- worker.c --- */
/* A framed message came in: make it a packet and bring it to its owner. NULL: done. A packet: the
 * owner's queue is full; the caller keeps it and tries worker_dispatch again, or drops it. */
struct packet *worker_receive(struct transport_worker *w, struct str text, const struct flow_ref *from,
                              struct str peer_names, enum hop_kind kind);
bool worker_dispatch(struct transport_worker *w, struct packet *p, enum hop_kind kind);
/* Something waits for the turn's end. */
void worker_wants_flush(struct transport_worker *w);
/* Tell every worker, in its next turn. */
void worker_tell_closed(struct transport_worker *w, const struct flow_ref *flow, enum flow_end why);
void worker_tell_unreachable(struct transport_worker *w, const struct flow_ref *flow, struct str quote, bool proof);
void worker_tell_unacked(struct transport_worker *w, const struct flow_ref *flow);

/* --- flow.c --- */
const char *transport_scheme(enum transport_kind kind);         /* "udp", for people */

/* --- silence.c --- */
/* A datagram came, of any kind. False: this flow has failed, and no registration was granted on it since. */
bool udp_heard(struct transport_worker *w, const struct flow_ref *from);

/* --- sweep.c --- */
void sweep_start(struct transport_worker *w);                   /* worker 0 does it, the others nothing */

/* --- listener.c --- */
int listeners_open(struct transport *t, struct transport_error *error);
void listeners_close(struct transport *t);
/* The listener whose address fits best to reach `to`: of the kind and family; NO_LISTENER: none. */
uint8_t listener_towards(const struct transport *t, enum transport_kind kind, const struct addr *to,
                         const struct addr *source);
/* The UDP listener that has this local address (bound to it, or a wildcard of its family and port); false: none. */
bool transport_udp_listener(const struct transport *t, const struct addr *local, uint8_t *listener);
int transport_fail(struct transport_error *error, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* --- udp.c --- */
struct udp_receive *udp_receive_new(void);
void udp_receive_free(struct udp_receive *r);
struct udp_port *udp_port_new(struct transport_worker *w, uint8_t listener);
void udp_port_free(struct udp_port *p);
enum send_result udp_send(struct udp_port *p, const struct addr *local, const struct addr *remote, struct wire *bytes);
void udp_flush(struct udp_port *p);

/* --- route.c --- */
/* The local address that the kernel would send from; asked at most every few seconds. */
struct route_cache *route_cache_new(void);
void route_cache_free(struct route_cache *c);
bool route_source(struct route_cache *c, const struct addr *to, int64_t now_ms, struct addr *source);

/* --- names.c --- */
void listener_make_name(struct transport *t, struct listener *l);      /* once its port is known */
struct interfaces *interfaces_new(void);
void interfaces_free(struct interfaces *i);
bool interfaces_have(struct interfaces *i, const struct addr *a);

#endif
