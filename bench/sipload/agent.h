/* SPDX-License-Identifier: Apache-2.0 */
/* sipload: phones and callers, the jobs they do, and what is told about them. */
#ifndef SIPLOAD_AGENT_H
#define SIPLOAD_AGENT_H
#include "core.h"

#include <signal.h>

/* ---- jobs ---- */
enum { K_REG = 'R', K_CALL = 'I', K_MSG = 'M', K_OPT = 'O', K_PING = 'P', K_FLOW = 'F' };
struct job {
	struct tmr tm;  /* UAC retransmission or overall timeout */
	struct tmr utm; /* UAS 2xx retransmission */
	u32 idx, gen;
	u8 kind, st, warm, auth_try, got_ack, seen180, leave;
	u32 user;
	u8 flow;
	struct conn *c, *uasc, *dc; /* dc: where it was delivered */
	u64 t0, t200, tbye, deadline, rto, urto, tdeliv;
	char auth[768];
	int authlen;
	char totag[96], ruri[200], route[900];
	int totagn, rurin, routen;
	char *r200;
	int r200n;
};
extern struct job **pool; /* all that ever were; kind 0: free */
extern u32 npool;

struct stats {
	u64 started, done, failed, timeouts, rejected, closed, retrans, uas_retrans, dup200, dupinv, acks, challenges;
	u64 codes[700];
	struct hist lat, h180, h200, hbye, hdeliv;
};
extern struct stats S;

struct engine {
	void (*start)(struct job *);
	double rate;
	int window;
	u64 limit;
	u64 t_begin, t_warm, t_end; /* 0: by count */
	u64 started, finished, ok, active;
	int measuring, stopping;
	u64 ok_at_end;
};
extern struct engine E;
extern struct acct A0, A1;
extern u64 T0, T1;
extern u32 runid;
extern u32 *cseq_of;             /* per user*flows */
extern struct conn **uac, **uas; /* client-side and callee-side connections */
extern int nuac, nuas;
extern u32 nextuser;
extern u64 lost_conns;
extern volatile sig_atomic_t interrupted;

struct job *job_new(void);
struct job *job_get(u32 idx, u32 gen);
void job_end(struct job *j, int ok, int code);
void job_fail(struct job *j, int code); /* code 1: timeout, 2: connection lost, else the status */

/* ---- requests ---- */
#define SDP \
	"v=0\r\no=- 20518 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" \
	"m=audio 54609 RTP/AVP 0 8 96 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n" \
	"a=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n" \
	"a=sendrecv\r\n"
#define SDPLEN (sizeof SDP - 1)
char *b_contact(char *p, struct conn *c, u32 u);
void tx_register(struct job *j);
void tx_invite(struct job *j);
void tx_ack_fail(struct job *j, const struct msg *m);
void tx_indialog(struct job *j, char kind, const char *method, u32 cseq);
void tx_message(struct job *j);
void tx_ping(struct job *j);
int make_auth(struct job *j, const struct msg *m);

/* ---- the two sides of a transaction ---- */
void uac_send(struct job *j);
void uac_go(struct job *j, struct conn *c);
void on_response(struct conn *c, struct msg *m);
void on_request(struct conn *c, struct msg *m);
extern int uas_code; /* failover 430 mode answers otherwise on a broken flow */
extern u64 fo_late;  /* copies that came over a broken flow after the other had delivered */
void fo_left(const struct msg *m);

/* ---- engine ---- */
void app_msg(struct conn *c, const char *b, int n);
void app_pong(struct conn *c);
void app_open(struct conn *c);
void app_closed(struct conn *c);
void on_int(int s);
double run_engine(void (*start)(struct job *), double rate, int window, u64 limit, double dur, double warm);
void wait_quiet(int ms);
struct conn **open_set(int n, u32 base, int *count);
#define LOOP(b, c, d) (127u << 24 | (u32)(b) << 16 | (u32)(c) << 8 | (u32)(d))
extern u64 rng;
u32 rnd(u32 n);

/* ---- reporting ---- */
void jopen(void);
void jnum(const char *k, double v);
void jstr(const char *k, const char *v);
void jhist(const char *k, const struct hist *h);
void jclose(void);
void report(const char *unit, double el);

/* ---- commands ---- */
int cmd_register(void);
int cmd_call(void);
int cmd_message(void);
int cmd_options(void);
int cmd_flows(void);
int cmd_failover(void);
#endif
