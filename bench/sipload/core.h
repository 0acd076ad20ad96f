/* SPDX-License-Identifier: Apache-2.0 */
/* sipload - a small fast SIP load generator: shared declarations. */
#ifndef SIPLOAD_CORE_H
#define SIPLOAD_CORE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define NSEC 1000000000ull
#define MSEC 1000000ull
#define MAXMSG 4096
#define UDPBATCH 64

enum { P_UDP, P_TCP, P_TLS };
extern const char *const proto_name[3]; /* "UDP" ... */

/* ---- options ---- */
struct opts {
	const char *cmd, *host, *domain, *password, *json, *label, *sizes, *mode, *extra_json;
	int port, proto, users, flows, conns, socks, window, auth, pin, outbound, ob;
	int hold_ms, gap_ms, order, brk, invite, steps[16], nsteps, probe, noreg, dead_contact;
	int verbose, bind_port, expires, udp_rcvbuf, per_ip, reuse_nonce, settle_ms, procs;
	double rate, duration, warmup, timeout, ping_interval, crate;
	long count;
	int pids[64], npids;
};
extern struct opts O;

/* ---- time ---- */
static inline u64 now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * NSEC + (u64)t.tv_nsec;
}
extern u64 NOW; /* refreshed once per loop turn and per received batch */

/* ---- histogram: log-linear, < 1 % error ---- */
struct hist {
	u64 n, max, sum;
	u32 b[58 * 128];
};
void hist_add(struct hist *h, u64 ns);
double hist_q(const struct hist *h, double q); /* milliseconds */
double hist_mean(const struct hist *h);

/* ---- timers: wheel of 4 ms slots ---- */
struct tmr {
	struct tmr *prev, *next;
	u64 when;
	void (*fn)(struct tmr *);
};
void tmr_init(void);
void tmr_set(struct tmr *t, u64 when, void (*fn)(struct tmr *));
void tmr_del(struct tmr *t);
void tmr_run(void);

/* ---- connections ---- */
enum { CS_CONNECTING, CS_HANDSHAKE, CS_OPEN, CS_DEAD };
struct udpq {
	int n;
	struct mmsghdr mm[UDPBATCH];
	struct iovec iov[UDPBATCH];
	char buf[UDPBATCH][MAXMSG];
};
struct job;
struct conn {
	int fd;
	u8 proto, state, mute, want_w, dirty, uas, flow, srv, broken;
	SSL *ssl;
	char *rx, *tx;
	u32 rxlen, txlen, txcap, txoff;
	u32 user;
	struct job *job;
	u32 jobgen;
	struct udpq *uq;
	char addr[22]; /* local ip:port */
	u8 addrlen;
};
struct conn *conn_open(int proto, u32 lip, int lport, int bulk);
void conn_close(struct conn *c, int rst);
char *tx_begin(struct conn *c);
void tx_end(struct conn *c, int len);
void tx_flush_all(void);
void net_init(void);
void net_poll(u64 max_wait_ns);
void conn_want_write(struct conn *c, int on);
void conn_mute(struct conn *c, int on); /* stop reading, or read again */
extern int g_ep;
extern SSL_CTX *g_ctx;
/* application hooks */
extern void (*on_msg)(struct conn *c, const char *b, int n);
extern void (*on_pong)(struct conn *c);
extern void (*on_open)(struct conn *c);
extern void (*on_closed)(struct conn *c);
extern void (*on_accept)(int fd);
extern int g_listen_fd;

/* ---- SIP parsing ---- */
struct hv {
	const char *p;
	int n;
};
struct msg {
	int status; /* 0: request */
	struct hv method, ruri;
	struct hv via[12];
	int nvia; /* whole lines without CRLF */
	struct hv rr[8];
	int nrr; /* whole lines; value in rrv */
	struct hv rrv[8];
	struct hv from, to, callid, cseq, contact, auth; /* values */
};
int sip_parse(const char *b, int n, struct msg *m);
int sip_frame(const char *b, int n); /* >0 length of whole message, 0 need more, -1 bad */

/* ---- appenders ---- */
static inline char *ap(char *p, const char *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}
#define AL(p, lit) ap((p), lit, sizeof(lit) - 1)
static inline char *as(char *p, const char *s)
{
	return ap(p, s, strlen(s));
}
static inline char *ahv(char *p, struct hv v)
{
	return ap(p, v.p, (size_t)v.n);
}
static inline char *au(char *p, u64 v)
{
	char t[20];
	int i = 20;
	do
		t[--i] = (char)('0' + v % 10);
	while (v /= 10);
	return ap(p, t + i, (size_t)(20 - i));
}
static inline char *ah8(char *p, u32 v)
{
	for (int i = 7; i >= 0; i--, v >>= 4)
		p[i] = "0123456789abcdef"[v & 15];
	return p + 8;
}
static inline int hex8(const char *p, u32 *out)
{
	u32 v = 0;
	for (int i = 0; i < 8; i++) {
		int c = p[i];
		if (c >= '0' && c <= '9')
			c -= '0';
		else if (c >= 'a' && c <= 'f')
			c -= 'a' - 10;
		else
			return 0;
		v = v << 4 | (u32)c;
	}
	*out = v;
	return 1;
}

/* ---- server accounting from /proc ---- */
struct acct {
	double cpu_s;          /* all threads of all server pids and their descendants */
	double pss_mb, rss_mb; /* only when asked */
	double cpu_busy[2];    /* seconds busy of core 0 and 1 (whole machine) */
	double self_s;         /* the generator */
	double sock_mb;        /* kernel TCP socket memory, /proc/net/sockstat */
	double slab_mb;
	u64 udp_rcverr;
	int nproc;
};
void acct_take(struct acct *a, int mem);

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
int cmd_floor(int argc, char **argv);
#endif
