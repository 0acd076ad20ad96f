/* SPDX-License-Identifier: Apache-2.0 */
/* transaction.h - the four state machines of RFC 3261 §17 (with RFC 6026 and RFC 4320), and one
 * worker's table of them.
 *
 * The machines are pure (txn_machine.h): event in, actions out. This header is what runs them: it
 * parses what arrives, matches, absorbs retransmissions, sends and repeats, answers CANCEL with 200,
 * acknowledges failures, and hands everything else up. One struct txns a worker; all calls on its thread.
 *
 * No callback runs inside txn_send, txn_accept, txn_reply, txn_answer, txn_drop, txn_cancel or txn_forget; each of
 * them may be called from any callback. Callbacks come from txns_receive, txns_flow_closed, txns_unreachable and timers. */
#ifndef SLUICE_TRANSACTION_H
#define SLUICE_TRANSACTION_H

#include "hash.h"
#include "map.h"
#include "resolver.h"
#include "sip.h"
#include "transport.h"
#include "txn_machine.h"

/* --- settings --- */
enum force_rport {
	FORCE_RPORT_AUTO,               /* unless sent-by is the very address of the source: else a NAT may be between, and the port is its own */
	FORCE_RPORT_ALWAYS, FORCE_RPORT_NEVER
};
struct txn_settings {
	struct txn_timers timers;
	struct sip_limits limits;
	size_t max_bytes;               /* budget of finished transactions: the oldest make way, but for refused INVITEs without ACK [64 MiB] */
	size_t max_live;                /* unfinished ones; past it new requests get a stateless 503 [200000] */
	enum force_rport force_rport;   /* answer UDP requests to the port that they came from even without rport [auto] */
	int keep_s;                     /* RFC 6223: the value given to `keep` in REGISTER; -1: not given [-1] */
};
void txn_settings_init(struct txn_settings *s);

/* --- a request that came in --- */
struct txn_server {
	struct packet *packet;          /* the request (packet->msg is parsed). Freed by txn_prepare, or by the final answer with st itself */
	void *user;                     /* the handler's */
};

struct txn_events {
	/* A request that matches nothing. No state is kept yet: either txn_accept it, or answer with
	 * txn_reply_stateless, or just packet_free it. Never called for ACK or CANCEL. Syntax is checked (400, 505, 513 were
	 * answered below); the Via is stamped. The packet is the callee's. */
	void (*request)(void *user, struct packet *p);
	/* ACK for a 2xx (or for nothing we know): to be forwarded without state, or freed. The
	 * packet is the callee's. */
	void (*ack)(void *user, struct packet *p);
	/* A CANCEL matched an INVITE without a final answer; its own 200 is sent. `cancel` is borrowed. End the INVITE by
	 * txn_reply (487 or what the branches give). Once for an INVITE. (A CANCEL for an INVITE that was not accepted yet
	 * gets 481.) */
	void (*cancelled)(void *user, struct txn_server *st, const struct packet *cancel);
	/* One more 2xx to an INVITE of ours that has passed a 2xx on: a copy, or another fork's (RFC 6026 §7.2; see txn_leave). The
	 * response as it goes on to where the first one went, a reference for the callee; NULL: not at all. `p` is borrowed. */
	struct wire *(*again)(void *user, struct packet *p);
};

struct txns;
/* -EINVAL: a timer is negative, t1 is 0, or t2 is less than t1. */
int txns_new(struct loop *loop, struct transport *t, struct transport_worker *tw, struct resolver *resolver,
             const struct txn_settings *settings, const struct txn_events *events, void *user, struct txns **out);
void txns_free(struct txns *x);         /* ends every transaction without callbacks; NULL is fine */

/* What the transport reports goes here. */
/* Takes the packet. A request is stamped, then checked: a faulty one gets its status with the reason in the phrase,
 * unless it is an ACK or has no readable Via. A response belongs to the client transaction of its branch and CSeq method; a
 * branch is ours and unguessable, so sent-by is not compared (TP-07, PX-40). Faulty and unmatched
 * responses are dropped and counted. */
void txns_receive(struct txns *x, struct packet *p);
void txns_flow_closed(struct txns *x, const struct flow_ref *flow);     /* fails client transactions on it */
void txns_flow_unacked(struct txns *x, const struct flow_ref *flow);    /* `silent` to those on it that heard nothing */
/* Fails the branch that the quote names, no other: UNREACHABLE with proof, else NOT_SENT. */
void txns_unreachable(struct txns *x, const struct flow_ref *flow, struct str quote, bool proof);

/* --- serving --- */
/* Make a server transaction; takes the packet. NULL when the budget is used up (a 503 was sent) or when a copy of
 * the request was accepted meanwhile (it is absorbed); the packet is freed then. From here an INVITE gets its 100 by itself after timers.trying, and a non-INVITE when RFC 4320
 * says so (TX-16, TX-17). */
struct txn_server *txn_accept(struct txns *x, struct packet *p);
/* Send a response to where the request came from (RFC 3261 §18.2.2, RFC 3581; on a stream that has ended by a new connection:
 * TX-30). Takes no reference of the caller's; a failure to send changes nothing (TX-10). After a final response st must not be
 * touched any more; what copies, ACKs and further 2xx need stays as a record of some bytes. A provisional response over 100 to
 * a non-INVITE, or 408 to one, is a caller's mistake (TX-15, TX-18): asserted. */
void txn_reply(struct txns *x, struct txn_server *st, unsigned status, struct wire *response);
/* The same, written here from the request: sip_reply with a fresh To tag where one is needed.
 * `extra`: whole rows. */
void txn_answer(struct txns *x, struct txn_server *st, unsigned status, struct str phrase, struct str extra);
/* For a non-INVITE whose 200 must wait: write it now, and let the request go. It leaves with txn_answer_prepared, and st with it; copies
 * find nothing to repeat until then. txn_answer still says something else in its place. */
void txn_prepare(struct txns *x, struct txn_server *st, struct str extra);
void txn_answer_prepared(struct txns *x, struct txn_server *st);
/* End without an answer (RFC 4320 §4.2: a non-INVITE whose branches timed out). st is gone. */
void txn_drop(struct txns *x, struct txn_server *st);
/* Answer without a transaction; the To tag is a keyed hash of the request, so copies get the same
 * one and an ACK for it is absorbed (TX-31). The packet stays the caller's. */
void txn_reply_stateless(struct txns *x, struct packet *p, unsigned status, struct str phrase, struct str extra);

/* --- asking --- */
enum txn_failure {
	TXN_TIMEOUT,                    /* timer B or F: no final response (no response at all, or only provisional ones: see got_response) */
	TXN_FLOW_GONE,                  /* refused at once, or the stream ended while we waited */
	TXN_UNREACHABLE,                /* ICMP with our own branch in its quote: nobody listens there any more */
	TXN_NOT_SENT                    /* our own socket or a network on the way refused it: no word about who was meant */
};
struct txn_client;
struct txn_client_ops {
	/* Every response but copies: provisional, final, and each further 2xx to an INVITE (RFC 6026). The packet is the
	 * callee's. ACK for 300-699 was sent. */
	void (*response)(void *user, struct txn_client *ct, struct packet *p);
	/* No response has come within silent_ms, or the peer's TCP does not acknowledge (transport's flow_unacked): at most once,
	 * and only while nothing at all was heard. The transaction goes on. NULL: not wanted. */
	void (*silent)(void *user, struct txn_client *ct);
	/* No final response will come any more. */
	void (*failed)(void *user, struct txn_client *ct, enum txn_failure why);
	/* ct is gone when this returns; exactly once, always the last call: with the final response, for an INVITE's 2xx 64*T1 after it,
	 * or after failed. Not after txn_forget. */
	void (*over)(void *user, struct txn_client *ct);
};
struct txn_request {
	struct flow_ref to;             /* from a binding, a token or transport_open */
	struct wire *bytes;             /* the whole request, with our Via on top; a reference is taken */
	enum sip_method method;
	struct str branch;              /* of that Via: matches the responses (TX-21) */
	int64_t silent_ms;              /* after this long without any response `silent` is told; 0: never */
	const struct txn_client_ops *ops;
	void *user;
};
/* "z9hG4bK" and enough random characters to be unique and unguessable, never differing from another
 * only by case (TX-20). Not terminated. */
#define TXN_BRANCH_SIZE 24
void txn_branch(struct txns *x, char out[TXN_BRANCH_SIZE]);
/* Send it and keep a client transaction. Never fails in the call: what goes wrong comes as `failed`
 * in a later turn. Not for ACK. */
struct txn_client *txn_send(struct txns *x, const struct txn_request *r);
/* Send CANCEL for an INVITE: now when a provisional response has come, else with the first one
 * (PX-44); until then the INVITE is not repeated any more. `extra`: whole rows (Reason), copied. Responses keep coming as before; if no final response follows within 64*T1
 * of the CANCEL, `failed` says TIMEOUT (RFC 3261 §9.1). Fine to call twice or after the end of the INVITE (nothing
 * happens). */
void txn_cancel(struct txns *x, struct txn_client *ct, struct str extra);
/* The INVITE is wanted after all: true when its CANCEL had not left yet and its final response is still to come. */
bool txn_uncancel(struct txns *x, struct txn_client *ct);
/* No more callbacks for ct: it goes on by itself (ACK, absorbing copies) and ends. A cancelled one may be forgotten:
 * its CANCEL is still sent and repeated. */
void txn_forget(struct txns *x, struct txn_client *ct);
/* The same for a branch of the INVITE st, which is about to be answered 2xx: what ct still says with 2xx goes on to where that
 * answer goes, by events.again, 64*T1 long. Afterwards a branch and its INVITE are some bytes each (RFC 6026 §7). */
void txn_leave(struct txns *x, struct txn_client *ct, const struct txn_server *st);
bool txn_got_response(const struct txn_client *ct);             /* any response, also 100 */
const struct flow_ref *txn_client_flow(const struct txn_client *ct);

struct txn_counts {
	/* now */
	uint64_t server_live;           /* the user's: not answered finally */
	uint64_t client_live;
	uint64_t finished;              /* server transactions that only wait for copies, an ACK or further 2xx */
	uint64_t bytes_finished;        /* theirs, and those of the clients of INVITEs */
	/* since the start */
	uint64_t retransmitted;         /* requests and responses, by a timer */
	uint64_t absorbed;              /* copies of requests, of responses to INVITEs; ACKs for failures */
	uint64_t stray_responses;       /* dropped: faulty, or nobody waits for them, or not any more */
	uint64_t refused;               /* faulty requests, and 503 for want of room */
};
void txn_count(const struct txns *x, struct txn_counts *out);

#endif
