/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - one TCP or TLS connection: life, reading, writing, deadlines.
 *
 * It belongs to one worker's thread. An idle one holds no buffer: bytes are read into the worker's
 * scratch, and only the start of an unfinished message is kept here. What is to be sent waits as
 * counted wires and goes out at the end of the turn; over TLS it is encrypted only then, so that a
 * pong never lands inside a message and at most one batch of ciphertext waits here. */
#ifndef SLUICE_STREAM_H
#define SLUICE_STREAM_H

#include "transport_private.h"

enum stream_state {
	STREAM_CONNECTING,              /* our connect is under way; messages queue up */
	STREAM_HANDSHAKE,               /* TLS is being set up; messages queue up */
	STREAM_OPEN,
	STREAM_LINGER,                  /* dead as a flow: the last answer goes out, then the peer's FIN is awaited */
	STREAM_CLOSED                   /* waits for the end of the turn to be freed */
};

struct stream {
	struct loop_fd io;
	struct transport_worker *w;
	struct flow_ref ref;
	enum stream_state state;
	bool outgoing, outbound, writing, half_closed;
	bool paused;                    /* stands in line since an earlier turn: not watched for reading */
	struct loop_timer timer;        /* the earliest deadline, or before it */
	int64_t opened_ms;              /* also: when its present state began, before STREAM_OPEN and in STREAM_LINGER */
	int64_t heard_ms;               /* the last byte */
	int64_t message_ms;             /* the last whole message, in or out; 0: none yet */
	int64_t partial_ms;             /* first byte of the message that is arriving; 0: none is */
	int64_t registered_until_ms;
	uint64_t messages_in, messages_out;
	uint64_t sent_bytes;            /* handed to the kernel; TLS: ciphertext */
	uint64_t acked_bytes;           /* of these, when they were last asked for */
	int64_t acks_due_ms;            /* more must be acknowledged by then; 0: nothing was outstanding */

	struct framer framer;
	struct buf in;                  /* start of a message that is not complete, or what parking left over */
	struct packet *parked;          /* its owner had no room; nothing is read until it has */

	struct wire **queue;            /* a ring of `room` (a power of two) */
	uint32_t first, waiting, room;
	size_t offset;                  /* of queue[first] that is written already */
	size_t queued;                  /* bytes, with an allowance for each wire */

	struct tls_session *tls;        /* NULL: TCP */
	struct buf cipher;              /* TLS: records that the socket did not take yet */
	size_t cipher_offset;
	struct str peer_names;          /* TLS: what the peer's certificate proved; from the heap */
	struct outgoing_entry *entry;   /* where transport_open finds it; NULL: nowhere */
	struct list dirty, parking;
	struct list share;              /* in w->readers or w->handshakes */
	struct list rank;               /* accepted and not registered: in w->strangers or w->guests */
	struct list grave;              /* in w->lingering, then in w->dead */
};

/* --- life (stream.c) --- */
/* Takes the descriptor. `ref` without its serial. NULL: no slot; the descriptor is closed. */
struct stream *stream_new(struct transport_worker *w, int fd, const struct flow_ref *ref, enum stream_state state);
int stream_watch(struct stream *s);
void stream_enter(struct stream *s, enum stream_state state);
/* Dead from here on; news goes to every worker; memory goes at the end of the turn. */
void stream_close(struct stream *s, enum flow_end why);
/* Dead as a flow, but what is queued goes out, and the peer may read it before its own FIN. */
void stream_linger(struct stream *s, enum flow_end why);
void stream_close_all(struct transport_worker *w);      /* at the very end: no news */
void stream_bury(struct transport_worker *w);           /* frees the dead */
void stream_rewatch(struct stream *s);                  /* what epoll should tell now */
void stream_rearm(struct stream *s);                    /* a deadline came nearer */
void stream_log_end(const struct stream *s, const char *why);

/* --- silence.c, stream_acks.c --- */
void stream_heard(struct stream *s);                    /* a byte came */
void stream_expect_acks(struct stream *s);              /* perhaps something was sent */
void stream_check_acks(struct stream *s);               /* s->acks_due_ms has come */

/* --- shares.c --- */
void stream_wants_handshake(struct stream *s);          /* a step of it, at the turn's end */
void stream_wants_read(struct stream *s);               /* there is more than one read took */
bool stream_may_read(const struct stream *s);           /* at once, not in line */
void stream_shares_run(struct transport_worker *w);

/* --- reading (stream_read.c) --- */
void stream_read(struct stream *s);
void stream_read_some(struct stream *s);                /* whose turn it is */
/* Bytes of the peer, decrypted where need be. */
void stream_take(struct stream *s, struct str bytes);
void stream_unpark(struct loop_timer *timer);

/* --- writing (stream_write.c) --- */
enum send_result stream_send(struct stream *s, struct wire *bytes);
void stream_flush(struct stream *s);
void stream_wants_flush(struct stream *s);
size_t stream_queue_max(const struct stream *s);        /* bytes that may wait before it is closed */
void stream_drop_queue(struct stream *s);
enum flow_end stream_end_of(int err);                   /* a socket's errno as a reason */
/* The next wire to be encrypted, from `offset` on; and that n of its bytes are done. */
bool stream_next_bytes(const struct stream *s, struct str *bytes);
void stream_bytes_done(struct stream *s, size_t n);

/* --- accept.c, connect.c --- */
struct acceptor *acceptor_new(struct transport_worker *w, uint8_t listener);
void acceptor_free(struct acceptor *a);                 /* NULL is fine */
void acceptors_wake(struct transport_worker *w);        /* a flow has closed: rest no longer */
/* Its place among those that would be closed first, if places run out. At every message and registration. */
void stream_rank(struct stream *s);
bool flow_budget_take(struct transport_worker *w, bool outgoing);
void flow_budget_give(struct transport_worker *w);
struct outgoing *outgoing_new(void);
void outgoing_free(struct outgoing *o);
void outgoing_forget(struct stream *s);
void stream_connected(struct stream *s);                /* the connect has an outcome */

#endif
