/* SPDX-License-Identifier: Apache-2.0 */
/* transaction_private.h - what the files of this room share: the table, and the two kinds of
 * transaction in it. */
#ifndef SLUICE_TRANSACTION_PRIVATE_H
#define SLUICE_TRANSACTION_PRIVATE_H

#include "kept.h"
#include "list.h"
#include "transaction.h"
#include "waiter.h"

/* Where the responses to a request go (reply.c). */
struct reply_path {
	struct flow_ref flow;           /* flow.remote is where to send; none: nowhere */
	struct str host;                /* sent-by, for RFC 3263 when all else fails; lives with the path's owner */
	uint16_t port;                  /* of sent-by; 0: absent */
};

struct server {
	struct txn_server pub;
	struct map_node node;           /* in txns.servers */
	struct loop_timer timer;
	struct txns *txns;
	struct reply_path path;
	struct wire *last;              /* the last response; NULL: none yet, or not needed any more */
	struct wire *prepared;          /* the final one, written and not sent yet (prepared.c); most often pub.packet is gone then */
	union {
		struct ist ist;
		struct nist nist;
	};
	bool invite, finished, cancelled;
	uint8_t shown;                  /* the state that the log knows */
	uint32_t key_n;
	char key[];                     /* path.host is a part of it */
};
static inline struct str server_key(const struct server *s) { return (struct str){ s->key, s->key_n }; }

struct txn_client {
	struct map_node node;           /* in txns.clients */
	struct loop_timer timer;
	struct waiter waiter;           /* on the stream that it waits on */
	struct txns *txns;
	struct flow_ref flow;
	struct wire *bytes;             /* the request; once completed its ACK, or NULL */
	const struct txn_client_ops *ops;       /* NULL: nobody listens */
	void *user;
	uint64_t heir;                  /* the hash of the INVITE that it was left to (txn_leave); 0: none */
	struct str cancel_rows;         /* for the CANCEL that waits for a provisional response; on the heap */
	union {
		struct ict ict;
		struct nict nict;
	};
	enum sip_method method;
	int64_t machine_at, silent_at;  /* what the timer is for: the machine's wake_at, and when `silent` is told */
	enum txn_failure why;           /* of `refused` */
	bool invite, got_response, refused, cancel_wanted, cancel_sent;
	uint8_t shown;                  /* the state that the log knows */
	struct str branch;              /* in `tail` */
	char tail[];
};

struct txns {
	struct loop *loop;
	struct transport *transport;
	struct transport_worker *worker;
	struct resolver *resolver;
	struct txn_settings settings;
	struct txn_events events;
	void *user;
	struct hash_key table_key, tag_key;     /* tags are seen outside: they have a key of their own */
	struct map servers, clients;
	struct waiters waiters;
	struct kept_ring kept;          /* what stays of those that are over */
	struct list late;               /* responses looking for another way (late.c) */
	unsigned late_count;
	struct buf scratch;             /* to write a message in before it becomes a wire */
	struct txn_counts counts;
};

/* --- match.c: which transaction a message belongs to --- */
struct txn_key {
	struct str bytes;
	uint64_t hash;
};
/* The key of a request as if its method were `method`, and its To tag `to_tag` (only RFC 2543
 * requests have that in their key). In the arena. */
struct txn_key txn_key_of(const struct txns *x, const struct sip_msg *m, enum sip_method method, struct str to_tag,
                          struct arena *arena);
/* The request's own key, made once and kept in the packet; an ACK's is its INVITE's. */
struct txn_key txn_key_in(const struct txns *x, struct packet *request);
bool txn_key_is_old_style(struct str key);
/* The sent-by of the request with this key, a slice of it; *port 0: absent. */
struct str txn_key_sent_by(struct str key, uint16_t *port);
/* The branch is no RFC 3261 one: absent, without the cookie, or nothing but the cookie (TX-22, TX-23). */
bool txn_is_old_style(const struct sip_msg *m);
struct server *server_find(const struct txns *x, const struct txn_key *key);
struct txn_client *client_find(const struct txns *x, struct str branch, enum sip_method method);
uint64_t client_hash(const struct txns *x, struct str branch, enum sip_method method);

/* --- server.c, cancel.c, client.c: what arrives; each takes the packet --- */
void server_receive(struct txns *x, struct packet *p);
void server_receive_ack(struct txns *x, struct packet *p);
void server_receive_cancel(struct txns *x, struct packet *p);
void client_receive(struct txns *x, struct packet *p);
/* Was it a copy of a request that is known here? Then what is due was sent. */
bool server_absorb_copy(struct txns *x, const struct packet *p, const struct txn_key *key);
/* A server transaction that has its final answer from the start (CANCEL: TX-12). */
void server_finished_new(struct txns *x, const struct packet *p, const struct txn_key *key, struct wire *answer);
bool server_is_final(const struct server *s);
void server_free(struct server *s);
/* prepared.c: a response written from the request, or from the prepared answer, as a wire of one reference. */
struct wire *server_write(struct server *s, unsigned status, struct str phrase, struct str extra);
void client_free(struct txn_client *ct);

/* --- server_kept.c: those that are over --- */
/* A record instead of s. rest: what copies get (KEPT_ANSWERED), or the response whose To tag an ACK must have. */
void server_keep(const struct server *s, enum kept_kind kind, int64_t until_ms, struct str rest);
struct kept *server_kept_find(const struct txns *x, const struct txn_key *key);
void server_kept_copy(struct txns *x, struct kept *k, const struct packet *p);
/* One more 2xx for the Accepted INVITE with this hash: the user makes it, and it leaves. */
void server_kept_again(struct txns *x, uint64_t hash, struct packet *p);
enum ack { ACK_UNKNOWN, ACK_ABSORBED, ACK_UP };
/* An ACK for the INVITE with this key. tag: the To tag that its response must have had; NULL: any. */
enum ack server_kept_ack(const struct txns *x, const struct txn_key *key, const struct str *tag);
bool server_has_to_tag(struct str response, struct str tag);

/* --- client_kept.c: the same of clients --- */
/* A record instead of ct, which has its final response, if anything is due for copies of that. */
void client_keep(const struct txn_client *ct, int64_t until_ms);
/* Was the response a copy for one of them? Then what is due was sent. */
bool client_absorb_copy(struct txns *x, struct packet *p);

/* --- stateless.c --- */
/* A response written from the request, as a wire of one reference. */
struct wire *answer_new(struct txns *x, const struct sip_msg *request, unsigned status, struct str phrase,
                        struct str to_tag, struct str extra);
/* The To tag of our own answers: equal for every copy of a request, unguessable. In the arena. */
enum tag_kind { TAG_STATELESS, TAG_TRANSACTION };
struct str tag_for(const struct txns *x, struct packet *request, enum tag_kind kind);
/* The ACK for the INVITE with this key is for a response that we sent without a transaction. */
bool stateless_acked(const struct txns *x, const struct packet *ack, const struct txn_key *invite);

/* --- reply.c --- */
/* Is the request answered at its source port although it did not ask (settings.force_rport)? */
bool reply_forces_rport(const struct txns *x, const struct packet *request);
/* host stays a slice of the message. */
struct reply_path reply_path_of(const struct txns *x, const struct packet *request);
/* Does the answer to somebody else's host stay off our own? What listens on a loopback address trusts whoever reaches it, and Via
 * is a stranger's to write: only a request from such an address is answered at one. */
bool reply_may_reach(const struct addr *source, const struct addr *to);
/* Send, on a stream that has ended also by a new connection (TX-30, TP-06): then path->flow is the
 * new one. A failure is nobody's business: the transaction stays as it is (TX-10). */
void reply_send(struct txns *x, struct reply_path *path, struct wire *w);
/* Only where the request came from: for what is not worth a connection (our own 100). */
void reply_send_here(struct txns *x, const struct reply_path *path, struct wire *w);

/* --- late.c --- */
/* `w` went into a connection to sent-by that is being made: should that fail, ask the DNS. */
void late_watch(struct txns *x, const struct reply_path *path, struct wire *w);
void late_free_all(struct txns *x);

#endif
