/* SPDX-License-Identifier: Apache-2.0 */
/* txn_machine.h - the four state machines, pure: an event goes in, what to do comes out.
 *
 * They touch no socket, timer or clock; time is a number that the caller hands in. States are those
 * of the figures: RFC 3261 figures 6 and 8 for non-INVITE, RFC 6026 figures 5 and 7 for INVITE, with
 * RFC 4320 §4.1 for the 100 to a non-INVITE.
 *
 * At most two timers of a machine run at a time: one that repeats and one that ends the state. The
 * caller needs one clock for both: it calls *_timer when wake_at has come. */
#ifndef SLUICE_TXN_MACHINE_H
#define SLUICE_TXN_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define TXN_NEVER INT64_MAX

struct txn_timers {                     /* ms; RFC 3261 table 4. All settable, so that tests run in milliseconds */
	int64_t t1, t2, t4;             /* [500, 4000, 5000] */
	int64_t d;                      /* absorbing 3xx-6xx copies over UDP [32000] */
	int64_t trying;                 /* 100 to an INVITE unless answered by then [200] */
};

struct txn_waits {
	const struct txn_timers *timers;        /* borrowed; outlives the machine */
	bool reliable;                  /* the transport repeats lost bytes itself */
	int64_t interval;               /* the last wait of A, E or G */
	int64_t repeat_at;              /* A, E, G; in a server that was not answered: when the 100 is due */
	int64_t end_at;                 /* B, D, M; F, K; H, I, L; J */
};

/* What to do, in this order. */
struct txn_actions {
	bool send;                      /* client: the request; server: its last response, if there is one yet */
	bool send_trying;               /* server: make a 100 and send it */
	bool send_ack;                  /* INVITE client: for this final response, or once more for its copy */
	bool pass_up;                   /* the response (client) or the ACK (server) goes to the user */
	bool failed;                    /* client: no final response will come; tell the user */
	bool ended;                     /* the state is Terminated: destroy it */
	int64_t wake_at;                /* call *_timer then; TXN_NEVER: no timer runs */
};

/* --- INVITE client: RFC 6026 figure 5 --- */
enum ict_state { ICT_CALLING, ICT_PROCEEDING, ICT_COMPLETED, ICT_ACCEPTED, ICT_TERMINATED };
struct ict {
	enum ict_state state;
	struct txn_waits waits;
};
struct txn_actions ict_start(struct ict *t, const struct txn_timers *timers, bool reliable, int64_t now);
struct txn_actions ict_response(struct ict *t, unsigned status, int64_t now);
struct txn_actions ict_timer(struct ict *t, int64_t now);       /* A, B, D, M: whichever is due */
struct txn_actions ict_error(struct ict *t);                    /* the transport could not send, or lost the flow */
/* Nobody wants an answer any more: while nothing was heard the request is not repeated (what heals late must not ring). */
struct txn_actions ict_cancel_wanted(struct ict *t);
struct txn_actions ict_wanted_again(struct ict *t, int64_t now);
/* A CANCEL was sent: without a final response within 64*T1 the transaction is given up. RFC 3261 §9.1 */
struct txn_actions ict_cancel_sent(struct ict *t, int64_t now);

/* --- other clients: RFC 3261 figure 6 --- */
enum nict_state { NICT_TRYING, NICT_PROCEEDING, NICT_COMPLETED, NICT_TERMINATED };
struct nict {
	enum nict_state state;
	struct txn_waits waits;
};
struct txn_actions nict_start(struct nict *t, const struct txn_timers *timers, bool reliable, int64_t now);
struct txn_actions nict_response(struct nict *t, unsigned status, int64_t now);
struct txn_actions nict_timer(struct nict *t, int64_t now);     /* E, F, K */
struct txn_actions nict_error(struct nict *t);

/* --- INVITE server: RFC 6026 figure 7. A transport error changes nothing here nor in the other
 * server, so it is no event (RFC 6026 §8.8, TX-10). --- */
enum ist_state { IST_PROCEEDING, IST_COMPLETED, IST_CONFIRMED, IST_ACCEPTED, IST_TERMINATED };
struct ist {
	enum ist_state state;
	struct txn_waits waits;
};
struct txn_actions ist_start(struct ist *t, const struct txn_timers *timers, bool reliable, int64_t now);
struct txn_actions ist_request(struct ist *t, int64_t now);     /* a copy of the INVITE */
struct txn_actions ist_respond(struct ist *t, unsigned status, int64_t now);    /* by the user; `send` says whether it may go out */
struct txn_actions ist_ack(struct ist *t, int64_t now);
struct txn_actions ist_timer(struct ist *t, int64_t now);       /* G, H, I, L, and the wait before the 100 */

/* --- other servers: RFC 3261 figure 8, RFC 4320 --- */
enum nist_state { NIST_TRYING, NIST_PROCEEDING, NIST_COMPLETED, NIST_TERMINATED };
struct nist {
	enum nist_state state;
	struct txn_waits waits;
};
struct txn_actions nist_start(struct nist *t, const struct txn_timers *timers, bool reliable, int64_t now);
struct txn_actions nist_request(struct nist *t, int64_t now);
struct txn_actions nist_respond(struct nist *t, unsigned status, int64_t now);
struct txn_actions nist_timer(struct nist *t, int64_t now);     /* J, and the wait before the 100 */
/* How long after the request a 100 may and must leave: the time that timer E of the client takes
 * until it is reset to T2. RFC 4320 §4.1 */
int64_t nist_trying_ms(const struct txn_timers *timers);

/* As in the figures, for log lines. */
const char *ict_state_name(enum ict_state state);
const char *nict_state_name(enum nict_state state);
const char *ist_state_name(enum ist_state state);
const char *nist_state_name(enum nist_state state);

#endif
