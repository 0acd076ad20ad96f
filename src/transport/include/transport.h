/* SPDX-License-Identifier: Apache-2.0 */
/* transport.h - messages in, messages out, over UDP, TCP and TLS; and the flows they travel on.
 *
 * One struct transport a process holds listeners, keys and the table of flow generations; one struct
 * transport_worker a thread holds its sockets and connections. What arrives is framed (RFC 3261
 * §18.3), keep-alives and STUN are answered here (RFC 5626 §4.4, §5.4), and each message is handed once
 * to the worker that owns it. What goes out is a struct wire, shared and counted, never copied again but
 * into a connection's own queue.
 *
 * A flow is one TCP or TLS connection, or one UDP 5-tuple. A stream's serial (worker, slot, generation)
 * names this connection for ever: closing bumps the slot's generation first, and with that every token
 * and binding that names the flow is dead, everywhere, in O(1). RFC 3261 §18, RFC 3581, RFC 5626. */
#ifndef SLUICE_TRANSPORT_H
#define SLUICE_TRANSPORT_H

#include "addr.h"
#include "arena.h"
#include "loop.h"
#include "sip.h"
#include "str.h"
#include <stdatomic.h>

enum transport_kind { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_KINDS };
/* "UDP", "TCP", "TLS" as in Via; false for another name. Without case. */
struct str transport_name(enum transport_kind kind);
bool transport_kind_of(struct str name, enum transport_kind *out);
static inline bool transport_is_stream(enum transport_kind kind) { return kind != TRANSPORT_UDP; }

/* --- naming a flow --- */
struct flow_ref {
	uint64_t serial;                /* streams: worker, slot, generation; 0: UDP, or no flow at all */
	uint8_t kind;                   /* enum transport_kind */
	uint8_t listener;               /* the listener it belongs to (UDP: whose socket sends) */
	struct addr local, remote;      /* concrete, also on wildcard listeners; remote.family 0: no flow */
};
static inline bool flow_ref_none(const struct flow_ref *f) { return f->remote.family == 0; }
/* The same flow: equal serial for streams, equal 5-tuple for UDP. */
bool flow_ref_same(const struct flow_ref *a, const struct flow_ref *b);
/* For log lines: "flow 3:17.2 (tls 192.0.2.7:49152)" or "udp 192.0.2.7:5060". */
#define FLOW_TEXT 112
const char *flow_text(const struct flow_ref *f, char out[FLOW_TEXT]);

/* --- bytes that go out: shared by retransmission, queue and batch. Counted from any thread. --- */
struct wire {
	atomic_uint refs;
	uint32_t n;
	char data[];
};
struct wire *wire_new(struct str bytes);        /* a copy; one reference */
struct wire *wire_ref(struct wire *w);
void wire_unref(struct wire *w);                /* NULL is fine */
static inline struct str wire_str(const struct wire *w) { return (struct str){ w->data, w->n }; }

/* --- one message that arrived: it owns its bytes and all that is made from them --- */
struct packet {
	struct arena arena;             /* first block: behind the text, in the same allocation */
	struct str text;                /* one framed message */
	struct flow_ref from;           /* where it came from; from.local is where it came to */
	int64_t at_ms;
	struct str peer_names;          /* what the peer's verified TLS certificate proves (a client's, or a next hop's that we
	                                 * connected to), comma-separated; n == 0: nothing */
	struct str key;                 /* the transaction layer's own, a request's: what makes it this one and no other */
	uint64_t key_hash;
	struct loop_task task;          /* transport's own */
	void *owner;                    /* transport's own */
	uint8_t hop;                    /* transport's own */
	struct sip_msg msg;             /* filled by the transaction layer (sip_parse); until then it holds anything */
};
/* For transport, tests and what answers itself: a packet with a copy of text. */
struct packet *packet_new(struct str text);
void packet_free(struct packet *p);             /* NULL is fine */
/* Would a datagram to this URI go where the packet came from? Else a phone that names it in Contact is behind NAT. */
bool packet_comes_from(const struct packet *p, const struct sip_uri *uri);

/* --- upward: given at start, called on the worker's thread --- */
enum flow_end {                         /* why a stream ended */
	FLOW_END_CLOSED,                /* FIN */
	FLOW_END_RESET,                 /* RST or a write error */
	FLOW_END_REFUSED,               /* our connect failed, or TLS did */
	FLOW_END_SILENT,                /* Flow-Timer + grace, or no data acknowledged */
	FLOW_END_TIMEOUT,               /* deadline for handshake, message or authentication */
	FLOW_END_PROTOCOL,              /* cannot be framed, too large */
	FLOW_END_OVERFLOW,              /* the peer does not read: its queue is full */
	FLOW_END_LOCAL                  /* we wanted it: stop, kill */
};
struct transport_events {
	/* Which worker owns this message? Called where it was read, before anything is parsed. */
	unsigned (*owner)(void *user, struct str text, const struct flow_ref *from);
	/* A message for this worker; the packet is the callee's. */
	void (*message)(void *user, struct packet *p);
	/* A stream has ended. Told to every worker, once each; the serial is dead already. */
	void (*flow_closed)(void *user, const struct flow_ref *flow, enum flow_end why);
	/* A datagram did not arrive: destination unreachable for `remote`; quote is the start of what was sent (may be cut).
	 * `proof`: its host says by ICMP that nobody listens on that port; else a network on the way, or our own, refused
	 * it, which says nothing about who was meant. Told to every worker. Believe it only with a matching quote. RFC 3261
	 * §18.4, RFC 1122 §3.2.2.1, TP-16 */
	void (*unreachable)(void *user, const struct flow_ref *flow, struct str quote, bool proof);
	/* The peer's TCP has not acknowledged what was sent settings.unacked_ms ago: the stream became suspect. Told to every
	 * worker. NULL: not wanted. */
	void (*flow_unacked)(void *user, const struct flow_ref *flow);
};

/* --- settings: borrowed for the call, copied --- */
struct listener_settings {
	enum transport_kind kind;
	struct addr bind;
	struct str advertise_host;      /* name or address for Via, Record-Route, Path; STR_NONE: the local address */
	uint16_t advertise_port;        /* 0: the bound port */
	struct str certificate, key;    /* TLS: PEM files (chain; private key) */
};
struct transport_settings {
	const struct listener_settings *listeners;
	unsigned listener_count;        /* 1..64 */
	unsigned workers;               /* 1..64 */
	struct sip_limits limits;
	struct str state_dir;           /* keys live here; must exist */
	struct str tls_ca;              /* PEM file that outgoing TLS and client certificates are checked with; STR_NONE: the system's
	                                 * (Debian: ca-certificates). Read at start */
	bool tls_verify;                /* check the server's certificate when we connect out [true] */
	bool wildcard_certificates;     /* accept *.example.com (off: RFC 5922 §7.2) */
	unsigned handshake_ms;          /* deadline of a TLS handshake or our connect [5000] */
	unsigned message_ms;            /* first byte to complete message [15000] */
	unsigned unregistered_ms;       /* an accepted connection without a registration on which no message came yet (pings
	                                 * are none) [120000] */
	unsigned idle_ms;               /* without a registration: since the last message either way, on our own connections
	                                 * since the last byte; longer than Timer C (TP-24) [300000] */
	unsigned flow_timer_s;          /* what Flow-Timer promises; 0: not used [120] */
	unsigned flow_grace_s;          /* added before a silent registered flow is dead [30] */
	unsigned unacked_ms;            /* bytes that the peer's TCP leaves unacknowledged this long make the flow suspect [1200];
	                                 * ten seconds of it end it */
	unsigned nat_ping_s;            /* how often UDP phones behind NAT are sent something; 0: never [25] */
	size_t queue_bytes;             /* a connection's unsent bytes before it is closed; 16 times as many on our own
	                                 * connections to neighbours, which carry everybody's messages [262144] */
	unsigned max_flows;             /* of all workers; 0: 2^20. A table of descriptors (transport_worker_apart) holds no more than RLIMIT_NOFILE,
	                                 * which is raised to its hard limit, less a reserve */
	unsigned stun_per_second;       /* answers per source address [50] */
};
void transport_settings_init(struct transport_settings *s);     /* the defaults in brackets */

/* What went wrong, as a sentence that says what to do. */
struct transport_error {
	char text[400];
};

/* --- life --- */
struct transport;
struct transport_worker;
/* Reads or makes the keys, binds every listener (UDP: a group of `workers` sockets; the first bound
 * without SO_REUSEPORT, so that a taken port is an error), loads certificates. 0, or -errno with
 * *error filled; then nothing is left open. Port 0 binds any free port (see transport_listener). */
int transport_new(const struct transport_settings *s, struct transport **out, struct transport_error *error);
/* The sockets of a worker, which such a table must have: as many as are returned (out may be NULL). */
unsigned transport_descriptors(const struct transport *t, unsigned worker, int *out);
void transport_free(struct transport *t);                       /* after all workers have stopped; NULL is fine */
/* Attach the calling thread's loop as worker `index`. Nothing arrives before transport_go. */
int transport_worker_new(struct transport *t, unsigned index, struct loop *loop, const struct transport_events *events,
                         void *user, struct transport_worker **out);
/* The calling thread has a table of descriptors of its own, made after transport_new: as many flows as that holds are this worker's
 * alone. Before transport_worker_go; from there on only that thread may call anything for this worker, also to free it. */
void transport_worker_apart(struct transport_worker *w);
void transport_worker_go(struct transport_worker *w);           /* when all workers are attached: listen */
void transport_worker_quiet(struct transport_worker *w);        /* stop listening and accepting; flows live on */
/* Closes its flows. Only when no worker's loop runs any more, and after loop_run_posted on all of them: what was
 * posted owns memory until it has run. Nobody is told anything from here on. NULL is fine. */
void transport_worker_free(struct transport_worker *w);

/* --- sending --- */
enum send_result {
	SEND_OK,                        /* written, queued, or handed to the flow's worker */
	SEND_GONE,                      /* the flow is dead: next flow (OB-89) */
	SEND_REFUSED                    /* no such socket, no descriptor, queue full, unsendable address */
};
/* Send over a flow. Takes no reference of the caller's. A later failure is told by flow_closed
 * (streams) or unreachable (UDP). Callable on any worker, for a flow of any worker. Bytes leave together at the end
 * of the turn. */
enum send_result transport_send(struct transport_worker *w, const struct flow_ref *to, struct wire *bytes);

/* A next hop that was resolved (resolver.h). */
struct hop {
	enum transport_kind kind;
	struct addr addr;
	struct str tls_name;            /* TLS: the name its certificate must have and SNI (TP-35, TP-36) */
	bool sips;                      /* reached because of sips: */
};
/* The flow to a hop: for UDP a socket of the right family; for streams an open connection of ours on any worker
 * to the same address and name, else a new one that connects while messages queue up (SEND_OK; when it
 * fails flow_closed tells REFUSED). Never reuses accepted connections (TP-26). *out has its local address, as
 * Via and Record-Route need it. */
enum send_result transport_open(struct transport_worker *w, const struct hop *hop, struct flow_ref *out);

/* --- flows --- */
/* Any thread. A stream: its generation, one atomic load. UDP: not proved dead, or heard since; one load while nothing is known
 * against any. No flow: true. */
bool transport_flow_alive(const struct transport *t, const struct flow_ref *f);
/* Do the registrations on this flow hold? Not when it is dead; on UDP neither when it was proved dead since the last one was
 * granted, though somebody talks from there again (OB-88). */
bool transport_flow_holds(const struct transport *t, const struct flow_ref *f);
/* --- two verdicts on a flow --- */
/* Dead, by proof: the generation says so of streams. Here the proof came from elsewhere (ICMP): the peer must be able to
 * notice, so a stream is reset and a UDP phone's STUN gets an error until it registers on this flow again (RFC 5626 §4.4.2). */
void transport_flow_dead(struct transport_worker *w, const struct flow_ref *f);
/* Suspect, by silence: something waits for an answer over this flow and none came. It is tried last, and any byte from
 * it clears it. True when it was not suspect before: the caller may want to probe it. Any worker, streams and UDP. Transport itself
 * suspects a stream whose peer does not acknowledge (settings.unacked_ms). */
bool transport_flow_suspect(struct transport_worker *w, const struct flow_ref *f);
/* Any thread; one atomic load while nothing of its kind is suspect. */
bool transport_flow_is_suspect(const struct transport *t, const struct flow_ref *f);

/* --- who is registered on which flow: what finds a phone again by the token of a dead flow --- */
struct flow_registration {
	uint64_t registration;          /* token_registration of AOR and instance */
	uint64_t address;               /* token_registration of the AOR alone (instance ""): whose it is, whatever the phone */
	bool outbound;                  /* flow_timer_s + flow_grace_s of silence end the flow */
	bool nat;                       /* UDP, behind NAT and without keep-alives of its own: pinged every settings.nat_ping_s */
	int64_t until_ms;               /* the registration's end; now or earlier: it was removed */
};
/* A REGISTER was granted on this flow, here or by a home that we are the edge of: from now on keep-alives judge it, not the
 * deadline for strangers. Any worker. */
void transport_flow_registered(struct transport_worker *w, const struct flow_ref *f, const struct flow_registration *r);
/* A UDP flow that a store kept over a restart: gives it the listener that has its local address now, and it is suspect until
 * something is heard from it. r: who is registered on it; NULL: not known. False: no listener has the address. */
bool transport_flow_restore(struct transport *t, struct flow_ref *f, const struct flow_registration *r);
/* Which phone of this address is registered on this flow? 0: none. Any thread, as those below. */
uint64_t transport_registration_on(const struct transport *t, const struct flow_ref *f, uint64_t address, int64_t now_ms);
/* Is this phone registered on this flow? */
bool transport_is_registered_on(const struct transport *t, const struct flow_ref *f, uint64_t registration, int64_t now_ms);
/* A live flow of this phone on this node: not suspect before suspect, then the one registered last. False: it has none. */
bool transport_sibling(const struct transport *t, uint64_t registration, int64_t now_ms, struct flow_ref *out);
/* Has this phone a registration through this node whose time is not over, even if no flow of it lives? Then it may come back. */
bool transport_registration_known(const struct transport *t, uint64_t registration, int64_t now_ms);

/* End a stream so that the peer notices (RST when `reset`). */
void transport_flow_kill(struct transport_worker *w, const struct flow_ref *f, bool reset);

/* For listings: this worker's streams. Strings live until fn returns. */
struct flow_info {
	struct flow_ref ref;
	bool outgoing, registered;
	int64_t opened_ms, heard_ms;    /* monotonic */
	uint64_t messages_in, messages_out, bytes_queued;
	struct str tls_name;            /* what the peer proved or we asked for */
};
void transport_flows(struct transport_worker *w, void (*fn)(void *user, const struct flow_info *info), void *user);
struct transport_counts {
	uint64_t messages_in, messages_out, datagrams_dropped, flows_open, flows_accepted, flows_closed[FLOW_END_LOCAL + 1],
	         pongs, stun_answers, handshakes, handshakes_failed, hops_full;
};
void transport_count(const struct transport_worker *w, struct transport_counts *out);    /* any thread */

/* --- names of ourselves --- */
/* "host:port" of Via for what leaves over this flow: the advertised or local address. */
void transport_sent_by(const struct transport *t, const struct flow_ref *f, struct buf *out);
/* A URI of ours for Record-Route or Path on the side of this flow: "sip:USER@host:port;transport=tcp;lr",
 * sips: for TLS (never transport=tls: TP-37). user may be empty. */
void transport_uri(const struct transport *t, const struct flow_ref *f, struct str user, struct buf *out);
/* Is host:port (port 0: the default of the transport, or any listener) one of our listeners, by address, by advertised
 * name, or by an address of this machine when the listener is a wildcard? */
bool transport_is_self(const struct transport *t, struct str host, uint16_t port);
/* The bound address of listener i (after port 0 was resolved); false past the end. */
bool transport_listener(const struct transport *t, unsigned i, enum transport_kind *kind, struct addr *bound);

#endif
