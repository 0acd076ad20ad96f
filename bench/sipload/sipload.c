/* SPDX-License-Identifier: Apache-2.0 */
/* sipload: engine, SIP user agents, subcommands. See ../README.md. */
#include "core.h"

#include <getopt.h>
#include <ifaddrs.h>
#include <math.h>
#include <net/if.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct opts O = {.host = "127.0.0.1",
        .domain = "bench.test",
        .password = "secret",
        .port = 5060,
        .users = 1000,
        .flows = 1,
        .conns = 0,
        .socks = 16,
        .window = 100,
        .duration = 5,
        .warmup = 1,
        .timeout = 10,
        .pin = -1,
        .outbound = 1,
        .ping_interval = 30,
        .expires = 3600,
        .udp_rcvbuf = 8 << 20,
        .per_ip = 4000,
        .brk = 1,
        .order = 21,
        .probe = 1000,
        .settle_ms = 500};

/* ---------------- jobs (one transaction or one call each) ---------------- */
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
static struct job **pool;
static u32 npool, *freelist, nfree;

struct stats {
	u64 started, done, failed, timeouts, rejected, closed, retrans, uas_retrans, dup200, dupinv, acks, challenges;
	u64 codes[700];
	struct hist lat, h180, h200, hbye, hdeliv;
};
static struct stats S;

static struct {
	void (*start)(struct job *);
	double rate;
	int window;
	u64 limit;
	u64 t_begin, t_warm, t_end; /* 0: by count */
	u64 started, finished, ok, active;
	int measuring, stopping;
	u64 ok_at_end;
} E;
static struct acct A0, A1;
static u64 T0, T1;
static u32 runid;
static u32 *cseq_of;             /* per user*flows */
static struct conn **uac, **uas; /* client-side and callee-side connections */
static int nuac, nuas;
static u32 nextuser;
static u64 lost_conns;

static struct job *job_new(void)
{
	if (!nfree) {
		u32 grow = npool ? npool : 1024;
		pool = realloc(pool, sizeof *pool * (npool + grow));
		freelist = realloc(freelist, sizeof *freelist * (npool + grow));
		struct job *blk = calloc(grow, sizeof *blk);
		for (u32 i = 0; i < grow; i++) {
			blk[i].idx = npool + i;
			pool[npool + i] = &blk[i];
			freelist[nfree++] = npool + grow - 1 - i;
		}
		npool += grow;
	}
	struct job *j = pool[freelist[--nfree]];
	j->gen++;
	j->st = j->auth_try = j->got_ack = j->seen180 = j->leave = 0;
	j->authlen = j->routen = j->rurin = j->totagn = 0;
	j->c = j->uasc = j->dc = NULL;
	j->tdeliv = j->t200 = j->tbye = 0;
	j->rto = 500 * MSEC;
	return j;
}
static struct job *job_get(u32 idx, u32 gen)
{
	return idx < npool && pool[idx]->gen == gen && pool[idx]->kind ? pool[idx] : NULL;
}
static void job_end(struct job *j, int ok, int code)
{
	tmr_del(&j->tm);
	tmr_del(&j->utm);
	if (j->r200) {
		free(j->r200);
		j->r200 = NULL;
	}
	E.finished++;
	E.active--;
	if (ok)
		E.ok++;
	if (E.measuring || !E.t_end) {
		if (ok)
			S.done++;
		else
			S.failed++;
		if (code > 0 && code < 700)
			S.codes[code]++;
	} else if (!ok && j->warm) {
		S.failed++;
		if (code > 0 && code < 700)
			S.codes[code]++;
	}
	if (ok && j->warm)
		hist_add(&S.lat, NOW - j->t0);
	j->kind = 0;
	freelist[nfree++] = j->idx;
}
static void job_fail(struct job *j, int code)
{
	if (O.verbose)
		fprintf(stderr, "fail: kind %c user %u code %d state %d\n", j->kind, j->user, code, j->st);
	if (code == 1)
		S.timeouts++;
	else if (code == 2)
		S.closed++;
	else
		S.rejected++;
	job_end(j, 0, code);
}

/* ---------------- builders ---------------- */
static char *b_via(char *p, struct conn *c, char kind, struct job *j)
{
	p = AL(p, "Via: SIP/2.0/");
	p = ap(p, proto_name[c->proto], 3);
	*p++ = ' ';
	p = ap(p, c->addr, c->addrlen);
	p = AL(p, ";branch=z9hG4bKsl");
	*p++ = kind;
	p = ah8(p, j->idx);
	p = ah8(p, j->gen);
	return AL(p, ";rport\r\nMax-Forwards: 70\r\n");
}
static char *b_user(char *p, u32 u)
{
	*p++ = 'u';
	p = au(p, u);
	*p++ = '@';
	return as(p, O.domain);
}
static char *b_contact(char *p, struct conn *c, u32 u)
{
	static const char *const tr[3] = {"", ";transport=tcp", ";transport=tls"};
	p = AL(p, "Contact: <sip:u");
	p = au(p, u);
	*p++ = '@';
	if (O.dead_contact) /* as behind NAT: only the flow works. TCP port 9 of loopback: nobody */
		p = AL(p, "127.127.127.127:9");
	else
		p = ap(p, c->addr, c->addrlen);
	p = as(p, tr[c->proto]);
	if (O.ob)
		p = AL(p, ";ob");
	return AL(p, ">");
}
static void tx_register(struct job *j)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	p = AL(p, "REGISTER sip:");
	p = as(p, O.domain);
	p = AL(p, " SIP/2.0\r\n");
	p = b_via(p, c, j->kind, j);
	p = AL(p, "From: <sip:");
	p = b_user(p, j->user);
	p = AL(p, ">;tag=sl");
	p = ah8(p, j->idx);
	p = AL(p, "\r\nTo: <sip:");
	p = b_user(p, j->user);
	p = AL(p, ">\r\nCall-ID: r");
	p = ah8(p, j->user);
	*p++ = '-';
	p = au(p, j->flow);
	*p++ = '-';
	p = ah8(p, runid);
	p = AL(p, "@sipload\r\nCSeq: ");
	p = au(p, cseq_of[j->user * (u32)O.flows + j->flow]);
	p = AL(p, " REGISTER\r\n");
	p = b_contact(p, c, j->user);
	if (O.outbound) {
		p = AL(p, ";reg-id=");
		p = au(p, j->flow + 1u);
		p = AL(p, ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-0000");
		p = ah8(p, j->user);
		p = AL(p, ">\"");
	}
	p = AL(p, "\r\nExpires: ");
	p = au(p, j->leave ? 0 : (u64)O.expires);
	if (O.outbound)
		p = AL(p, "\r\nSupported: path, outbound");
	if (j->authlen) {
		p = AL(p, "\r\nAuthorization: ");
		p = ap(p, j->auth, (size_t)j->authlen);
	}
	p = AL(p, "\r\nAllow: INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS\r\nUser-Agent: sipload/1\r\n"
	          "Content-Length: 0\r\n\r\n");
	tx_end(c, (int)(p - b));
}
static const char SDP[] = "v=0\r\no=- 20518 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                          "m=audio 54609 RTP/AVP 0 8 96 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
                          "a=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
                          "a=sendrecv\r\n";
#define SDPLEN (sizeof SDP - 1)

/* From/To/Call-ID/CSeq of a request from caller cN to user uN */
static char *b_dialog(char *p, struct job *j, u32 cseq, const char *method)
{
	p = AL(p, "From: <sip:c");
	p = au(p, j->idx);
	*p++ = '@';
	p = as(p, O.domain);
	p = AL(p, ">;tag=f");
	p = ah8(p, j->gen);
	p = AL(p, "\r\nTo: <sip:");
	p = b_user(p, j->user);
	*p++ = '>';
	if (j->totagn) {
		p = AL(p, ";tag=");
		p = ap(p, j->totag, (size_t)j->totagn);
	}
	p = AL(p, "\r\nCall-ID: c");
	p = ah8(p, j->idx);
	p = ah8(p, j->gen);
	*p++ = '-';
	p = ah8(p, runid);
	p = AL(p, "@sipload\r\nCSeq: ");
	p = au(p, cseq);
	*p++ = ' ';
	p = as(p, method);
	return AL(p, "\r\n");
}
static void tx_invite(struct job *j)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	p = AL(p, "INVITE sip:");
	p = b_user(p, j->user);
	p = AL(p, " SIP/2.0\r\n");
	p = b_via(p, c, 'I', j);
	p = b_dialog(p, j, 1, "INVITE");
	p = b_contact(p, c, j->idx);
	p = AL(p, "\r\nAllow: INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS\r\nSupported: path, outbound\r\n"
	          "User-Agent: sipload/1\r\nContent-Type: application/sdp\r\nContent-Length: ");
	p = au(p, SDPLEN);
	p = AL(p, "\r\n\r\n");
	p = ap(p, SDP, SDPLEN);
	tx_end(c, (int)(p - b));
}
static void tx_ack_fail(struct job *j, const struct msg *m)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	p = AL(p, "ACK sip:");
	p = b_user(p, j->user);
	p = AL(p, " SIP/2.0\r\n");
	p = b_via(p, c, 'I', j);
	p = AL(p, "From: ");
	p = ahv(p, m->from);
	p = AL(p, "\r\nTo: ");
	p = ahv(p, m->to);
	p = AL(p, "\r\nCall-ID: ");
	p = ahv(p, m->callid);
	p = AL(p, "\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n");
	tx_end(c, (int)(p - b));
}
static void tx_indialog(struct job *j, char kind, const char *method, u32 cseq)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	p = as(p, method);
	*p++ = ' ';
	p = ap(p, j->ruri, (size_t)j->rurin);
	p = AL(p, " SIP/2.0\r\n");
	p = b_via(p, c, kind, j);
	p = ap(p, j->route, (size_t)j->routen);
	p = b_dialog(p, j, cseq, method);
	p = AL(p, "User-Agent: sipload/1\r\nContent-Length: 0\r\n\r\n");
	tx_end(c, (int)(p - b));
}
static const char BODY[] = "The quick brown fox jumps over the lazy dog; sipload message body of 100 "
                           "bytes or so, plain ASCII..\r\n";
static void tx_message(struct job *j)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	p = j->kind == K_OPT ? AL(p, "OPTIONS sip:") : AL(p, "MESSAGE sip:");
	p = j->kind == K_OPT ? as(p, O.domain) : b_user(p, j->user);
	p = AL(p, " SIP/2.0\r\n");
	p = b_via(p, c, (char)j->kind, j);
	p = b_dialog(p, j, 1, j->kind == K_OPT ? "OPTIONS" : "MESSAGE");
	p = AL(p, "User-Agent: sipload/1\r\n");
	if (j->kind == K_OPT)
		p = AL(p, "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n");
	else {
		p = AL(p, "Content-Type: text/plain\r\nContent-Length: ");
		p = au(p, sizeof BODY - 1);
		p = AL(p, "\r\n\r\n");
		p = ap(p, BODY, sizeof BODY - 1);
	}
	tx_end(c, (int)(p - b));
}
static void tx_ping(struct job *j)
{
	struct conn *c = j->c;
	char *b = tx_begin(c), *p = b;
	if (c->proto == P_UDP) { /* STUN binding request */
		u32 w[5] = {htonl(0x00010000), htonl(0x2112A442), htonl(j->idx), htonl(j->gen), htonl(runid)};
		p = ap(p, (char *)w, 20);
	} else
		p = AL(p, "\r\n\r\n");
	tx_end(c, (int)(p - b));
}

/* ---------------- digest ---------------- */
static void hexs(char *out, const u8 *d, int n)
{
	for (int i = 0; i < n; i++) {
		out[2 * i] = "0123456789abcdef"[d[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[d[i] & 15];
	}
	out[2 * n] = 0;
}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void digest(int sha, char *out, const char *in, int n)
{
	u8 d[32];
	if (sha) {
		SHA256((const u8 *)in, (size_t)n, d);
		hexs(out, d, 32);
	} else {
		MD5((const u8 *)in, (size_t)n, d);
		hexs(out, d, 16);
	}
}
#pragma GCC diagnostic pop
static struct hv dparam(struct hv h, const char *name)
{
	size_t nl = strlen(name);
	const char *p = h.p, *e = h.p + h.n;
	while ((p = memmem(p, (size_t)(e - p), name, nl))) {
		if ((p == h.p || p[-1] == ' ' || p[-1] == ',') && p + nl < e && p[nl] == '=') {
			p += nl + 1;
			const char *q;
			if (p < e && *p == '"') {
				p++;
				q = memchr(p, '"', (size_t)(e - p));
			} else {
				q = memchr(p, ',', (size_t)(e - p));
			}
			if (!q)
				q = e;
			return (struct hv){p, (int)(q - p)};
		}
		p += nl;
	}
	return (struct hv){NULL, 0};
}
static int make_auth(struct job *j, const struct msg *m)
{
	struct hv realm = dparam(m->auth, "realm"), nonce = dparam(m->auth, "nonce"), qop = dparam(m->auth, "qop"),
	          alg = dparam(m->auth, "algorithm"), opq = dparam(m->auth, "opaque");
	if (!nonce.p || !realm.p)
		return 0;
	int sha = alg.n >= 7 && !strncasecmp(alg.p, "SHA-256", 7);
	char ha1[65], ha2[65], resp[65], t[1024];
	int n = snprintf(t, sizeof t, "u%u:%.*s:%s", j->user, realm.n, realm.p, O.password);
	digest(sha, ha1, t, n);
	n = snprintf(t, sizeof t, "REGISTER:sip:%s", O.domain);
	digest(sha, ha2, t, n);
	if (qop.p)
		n = snprintf(t, sizeof t, "%s:%.*s:00000001:%08x:auth:%s", ha1, nonce.n, nonce.p, j->idx, ha2);
	else
		n = snprintf(t, sizeof t, "%s:%.*s:%s", ha1, nonce.n, nonce.p, ha2);
	digest(sha, resp, t, n);
	char *p = j->auth, *e = p + sizeof j->auth;
	p += snprintf(p, (size_t)(e - p),
	        "Digest username=\"u%u\", realm=\"%.*s\", nonce=\"%.*s\", uri=\"sip:%s\", response=\"%s\", algorithm=%s", j->user, realm.n,
	        realm.p, nonce.n, nonce.p, O.domain, resp, sha ? "SHA-256" : "MD5");
	if (qop.p && p < e)
		p += snprintf(p, (size_t)(e - p), ", qop=auth, nc=00000001, cnonce=\"%08x\"", j->idx);
	if (opq.p && p < e)
		p += snprintf(p, (size_t)(e - p), ", opaque=\"%.*s\"", opq.n, opq.p);
	if (p >= e)
		return 0;
	j->authlen = (int)(p - j->auth);
	return 1;
}

/* ---------------- UAC transactions ---------------- */
static void uac_send(struct job *j);
static void uac_timer(struct tmr *t)
{
	struct job *j = (struct job *)((char *)t - offsetof(struct job, tm));
	if (NOW >= j->deadline) {
		job_fail(j, 1);
		return;
	}
	if (j->st == 2) { /* end of hold time: hang up */
		j->st = 3;
		j->tbye = NOW;
		uac_send(j);
		return;
	}
	if (j->c && j->c->proto == P_UDP && j->st != 1) {
		S.retrans++;
		j->rto *= 2;
		if (j->kind != K_CALL && j->rto > 4 * NSEC)
			j->rto = 4 * NSEC;
		uac_send(j);
		return;
	}
	tmr_set(&j->tm, j->deadline, uac_timer);
}
/* (re)send whatever the job's state calls for, and arm its timer */
static void uac_send(struct job *j)
{
	switch (j->kind) {
	case K_REG:
	case K_FLOW:
		tx_register(j);
		break;
	case K_CALL:
		if (j->st == 0)
			tx_invite(j);
		else if (j->st == 3)
			tx_indialog(j, 'B', "BYE", 2);
		break;
	case K_MSG:
	case K_OPT:
		tx_message(j);
		break;
	case K_PING:
		tx_ping(j);
		break;
	}
	u64 when = j->deadline;
	if (j->c->proto == P_UDP && NOW + j->rto < when)
		when = NOW + j->rto;
	tmr_set(&j->tm, when, uac_timer);
}
/* start a transaction on conn c, waiting for the connection if need be */
static void uac_go(struct job *j, struct conn *c)
{
	j->c = c;
	if (!c || c->state == CS_DEAD) {
		j->deadline = 0;
		job_fail(j, 2);
		return;
	}
	if (c->state != CS_OPEN) {
		c->job = j;
		c->jobgen = j->gen;
		tmr_set(&j->tm, j->deadline, uac_timer);
		j->st = 1;
		return;
	}
	uac_send(j);
}

/* Contact URI and Record-Route set of a 2xx */
static void dialog_from(struct job *j, const struct msg *m)
{
	j->totagn = 0;
	const char *t = memmem(m->to.p, (size_t)m->to.n, ";tag=", 5);
	if (t) {
		t += 5;
		int n = (int)(m->to.p + m->to.n - t);
		const char *s = memchr(t, ';', (size_t)n);
		if (s)
			n = (int)(s - t);
		if (n < (int)sizeof j->totag) {
			memcpy(j->totag, t, (size_t)n);
			j->totagn = n;
		}
	}
	struct hv c = m->contact;
	const char *lt = memchr(c.p ? c.p : "", '<', (size_t)c.n);
	if (lt) {
		const char *gt = memchr(lt, '>', (size_t)(c.p + c.n - lt));
		if (gt) {
			c.p = lt + 1;
			c.n = (int)(gt - lt - 1);
		}
	}
	if (c.n >= (int)sizeof j->ruri)
		c.n = 0;
	memcpy(j->ruri, c.p ? c.p : "", (size_t)c.n);
	j->rurin = c.n;
	/* split comma lists, reverse */
	struct hv r[16];
	int nr = 0;
	for (int i = 0; i < m->nrr; i++) {
		const char *p = m->rrv[i].p, *e = p + m->rrv[i].n, *s = p;
		int in = 0;
		for (; p <= e && nr < 16; p++) {
			if (p == e || (*p == ',' && !in)) {
				while (s < p && *s == ' ')
					s++;
				if (p > s)
					r[nr++] = (struct hv){s, (int)(p - s)};
				s = p + 1;
			} else if (*p == '<')
				in = 1;
			else if (*p == '>')
				in = 0;
		}
	}
	char *p = j->route, *e = p + sizeof j->route;
	for (int i = nr - 1; i >= 0; i--)
		if (p + r[i].n + 16 < e) {
			p = AL(p, "Route: ");
			p = ahv(p, r[i]);
			p = AL(p, "\r\n");
		}
	j->routen = (int)(p - j->route);
}

static u64 fo_kept; /* 200s to the deregistration of one flow that still list the other */
static void fo_left(const struct msg *m)
{
	char other[] = {';', 'r', 'e', 'g', '-', 'i', 'd', '=', (char)('0' + O.brk)};
	fo_kept += m->contact.n && memmem(m->contact.p, (size_t)m->contact.n, other, sizeof other);
}

static void on_response(struct conn *c, struct msg *m)
{
	(void)c;
	struct hv v = m->via[0];
	const char *b = memmem(v.p, (size_t)v.n, "z9hG4bKsl", 9);
	u32 idx, gen;
	if (!b || b + 26 > v.p + v.n || !hex8(b + 10, &idx) || !hex8(b + 18, &gen))
		return;
	char kind = b[9];
	struct job *j = job_get(idx, gen);
	if (!j)
		return;
	int st = m->status;
	switch (kind) {
	case K_REG:
	case K_FLOW:
		if (st < 200)
			return;
		if ((st == 401 || st == 407) && j->auth_try < 2 && m->auth.n && make_auth(j, m)) {
			j->auth_try++;
			S.challenges++;
			cseq_of[j->user * (u32)O.flows + j->flow]++;
			j->rto = 500 * MSEC;
			uac_send(j);
			return;
		}
		if (st < 300) {
			if (j->leave)
				fo_left(m);
			job_end(j, 1, 0);
		} else
			job_fail(j, st);
		return;
	case K_MSG:
	case K_OPT:
		if (st < 200)
			return;
		if (st < 300)
			job_end(j, 1, 0);
		else
			job_fail(j, st);
		return;
	case 'I':
		if (st < 200) {
			if (j->st == 0) {
				j->st = 1;
				tmr_set(&j->tm, j->deadline, uac_timer);
			}
			if (st == 180 && !j->seen180) {
				j->seen180 = 1;
				if (j->warm)
					hist_add(&S.h180, NOW - j->t0);
			}
			return;
		}
		if (st < 300) {
			if (j->st <= 1) {
				j->t200 = NOW;
				if (j->warm)
					hist_add(&S.h200, NOW - j->t0);
				dialog_from(j, m);
				tx_indialog(j, 'A', "ACK", 1);
				j->rto = 500 * MSEC;
				if (O.hold_ms) {
					j->st = 2;
					tmr_set(&j->tm, NOW + (u64)O.hold_ms * MSEC, uac_timer);
				} else {
					j->st = 3;
					j->tbye = NOW;
					uac_send(j);
				}
			} else {
				S.dup200++;
				tx_indialog(j, 'A', "ACK", 1);
			}
			return;
		}
		if (j->st <= 1) {
			tx_ack_fail(j, m);
			job_fail(j, st);
		}
		return;
	case 'B':
		if (st < 200 || j->st != 3)
			return;
		if (st < 300) {
			if (j->warm)
				hist_add(&S.hbye, NOW - j->tbye);
			job_end(j, 1, 0);
		} else
			job_fail(j, st);
		return;
	}
}

/* ---------------- UAS ---------------- */
static int uas_code = 200; /* failover 430 mode answers otherwise on a broken flow */
static u64 fo_late;        /* copies that came over a broken flow after the other had delivered */
static int b_reply(char *b, struct conn *c, const struct msg *m, const char *line, int sdp, int rr, u32 user)
{
	char *p = b;
	p = as(p, line);
	for (int i = 0; i < m->nvia; i++) {
		p = ahv(p, m->via[i]);
		p = AL(p, "\r\n");
	}
	if (rr)
		for (int i = 0; i < m->nrr; i++) {
			p = ahv(p, m->rr[i]);
			p = AL(p, "\r\n");
		}
	p = AL(p, "From: ");
	p = ahv(p, m->from);
	p = AL(p, "\r\nTo: ");
	p = ahv(p, m->to);
	if (!memmem(m->to.p, (size_t)m->to.n, ";tag=", 5)) {
		p = AL(p, ";tag=uas");
		p = ah8(p, user);
	}
	p = AL(p, "\r\nCall-ID: ");
	p = ahv(p, m->callid);
	p = AL(p, "\r\nCSeq: ");
	p = ahv(p, m->cseq);
	p = AL(p, "\r\n");
	if (rr) {
		p = b_contact(p, c, user);
		p = AL(p, "\r\n");
	}
	if (sdp) {
		p = AL(p, "Content-Type: application/sdp\r\nContent-Length: ");
		p = au(p, SDPLEN);
		p = AL(p, "\r\n\r\n");
		p = ap(p, SDP, SDPLEN);
	} else
		p = AL(p, "Content-Length: 0\r\n\r\n");
	return (int)(p - b);
}
static void uas_timer(struct tmr *t)
{
	struct job *j = (struct job *)((char *)t - offsetof(struct job, utm));
	if (!j->r200 || j->got_ack || !j->uasc)
		return;
	S.uas_retrans++;
	char *b = tx_begin(j->uasc);
	memcpy(b, j->r200, (size_t)j->r200n);
	tx_end(j->uasc, j->r200n);
	j->urto *= 2;
	if (j->urto > 4 * NSEC)
		j->urto = 4 * NSEC;
	tmr_set(&j->utm, NOW + j->urto, uas_timer);
}
static void on_request(struct conn *c, struct msg *m)
{
	char *b;
	u32 idx = 0, gen = 0, user = 0;
	struct job *j = NULL;
	if (m->callid.n > 17 && m->callid.p[0] == 'c' && hex8(m->callid.p + 1, &idx) && hex8(m->callid.p + 9, &gen))
		j = job_get(idx, gen);
	const char *u = memmem(m->ruri.p, (size_t)m->ruri.n, ":u", 2);
	if (u)
		user = (u32)strtoul(u + 2, NULL, 10);
	int n = m->method.n;
	if (n == 3 && !memcmp(m->method.p, "ACK", 3)) {
		S.acks++;
		if (j) {
			j->got_ack = 1;
			tmr_del(&j->utm);
		}
		return;
	}
	if (c->broken && uas_code == 430) {
		b = tx_begin(c);
		tx_end(c, b_reply(b, c, m, "SIP/2.0 430 Flow Failed\r\n", 0, 0, user));
		return;
	}
	/* a healed flow brings what the other one brought before: RFC 3261 8.2.2.2 */
	if (c->broken && (!j || (j->tdeliv && j->dc != c)) && n >= 6 && (!memcmp(m->method.p, "INVITE", 6) || !memcmp(m->method.p, "MESSAG", 6))) {
		fo_late++;
		b = tx_begin(c);
		tx_end(c, b_reply(b, c, m, "SIP/2.0 482 Request merged\r\n", 0, 0, user));
		return;
	}
	if (j && !j->tdeliv) {
		j->tdeliv = NOW;
		j->dc = c;
		if (j->warm)
			hist_add(&S.hdeliv, NOW - j->t0);
	}
	if (n == 6 && !memcmp(m->method.p, "INVITE", 6)) {
		if (j && j->r200)
			S.dupinv++;
		b = tx_begin(c);
		tx_end(c, b_reply(b, c, m, "SIP/2.0 180 Ringing\r\n", 0, 1, user));
		b = tx_begin(c);
		int l = b_reply(b, c, m, "SIP/2.0 200 OK\r\n", 1, 1, user);
		if (j && c->proto == P_UDP && !j->r200) {
			j->r200 = malloc((size_t)l);
			memcpy(j->r200, b, (size_t)l);
			j->r200n = l;
			j->uasc = c;
			j->urto = 500 * MSEC;
			tmr_set(&j->utm, NOW + j->urto, uas_timer);
		}
		tx_end(c, l);
		return;
	}
	if (n == 6 && !memcmp(m->method.p, "CANCEL", 6)) { /* not emulated beyond a 200 */
		b = tx_begin(c);
		tx_end(c, b_reply(b, c, m, "SIP/2.0 200 OK\r\n", 0, 0, user));
		return;
	}
	b = tx_begin(c);
	tx_end(c, b_reply(b, c, m, "SIP/2.0 200 OK\r\n", 0, 0, user));
}

static void app_msg(struct conn *c, const char *b, int n)
{
	if (c->proto == P_UDP) {
		if (n >= 20 && b[0] == 0x01 && b[1] == 0x01) { /* STUN binding success */
			u32 w[2];
			memcpy(w, b + 8, 8);
			struct job *j = job_get(ntohl(w[0]), ntohl(w[1]));
			if (j && j->kind == K_PING)
				job_end(j, 1, 0);
			return;
		}
		if (n < 16)
			return;
	}
	struct msg m;
	if (O.verbose > 2)
		fprintf(stderr, "<<< %s\n%.*s\n", c->addr, n, b);
	if (sip_parse(b, n, &m) < 0) {
		if (O.verbose)
			fprintf(stderr, "cannot parse:\n%.*s\n", n, b);
		return;
	}
	if (m.status)
		on_response(c, &m);
	else
		on_request(c, &m);
}
static void app_pong(struct conn *c)
{
	struct job *j = c->job;
	if (j && j->gen == c->jobgen && j->kind == K_PING) {
		c->job = NULL;
		job_end(j, 1, 0);
	}
}
static void app_open(struct conn *c)
{
	struct job *j = c->job;
	c->job = NULL;
	if (j && j->gen == c->jobgen && j->kind) {
		j->st = 0;
		if (O.noreg && j->kind == K_FLOW)
			job_end(j, 1, 0);
		else
			uac_send(j);
	}
}
static void app_closed(struct conn *c)
{
	struct job *j = c->job;
	lost_conns++;
	c->job = NULL;
	if (j && j->gen == c->jobgen && j->kind)
		job_fail(j, 2);
}

/* ---------------- engine ---------------- */
static volatile sig_atomic_t interrupted;
static void on_int(int s)
{
	(void)s;
	interrupted = 1;
}
static void start_one(u64 t0)
{
	struct job *j = job_new();
	j->t0 = t0;
	j->deadline = NOW + (u64)(O.timeout * 1e9);
	j->warm = !E.t_end || (E.measuring && !E.stopping);
	E.started++;
	E.active++;
	if (j->warm)
		S.started++;
	j->kind = 'x';
	E.start(j);
}
/* run jobs until count or time is reached; returns elapsed seconds of the measured part */
static double run_engine(void (*start)(struct job *), double rate, int window, u64 limit, double dur, double warm)
{
	memset(&E, 0, sizeof E);
	memset(&S, 0, sizeof S);
	NOW = now_ns();
	E.start = start;
	E.rate = rate;
	E.window = window;
	E.limit = limit;
	E.t_begin = NOW;
	if (dur > 0) {
		E.t_warm = NOW + (u64)(warm * 1e9);
		E.t_end = E.t_warm + (u64)(dur * 1e9);
	}
	T0 = NOW;
	acct_take(&A0, 0);
	u64 cap = NOW + (u64)((dur + warm) * 1e9) + (u64)((O.timeout + 2) * 1e9);
	if (!E.t_end)
		cap = NOW + 300 * NSEC;
	for (;;) {
		if (E.t_end && !E.measuring && !E.stopping && NOW >= E.t_warm) {
			u64 st = S.started;
			memset(&S, 0, sizeof S);
			(void)st;
			E.measuring = 1;
			acct_take(&A0, 0);
			NOW = now_ns();
			T0 = NOW;
			E.t_end = NOW + (u64)(dur * 1e9);
		}
		if (E.t_end && E.measuring && NOW >= E.t_end) {
			acct_take(&A1, 0);
			T1 = now_ns();
			E.measuring = 0;
			E.stopping = 1;
			E.ok_at_end = S.done;
		}
		if (interrupted)
			break;
		u64 wait = 5 * MSEC;
		if (!E.stopping) {
			if (rate > 0) {
				for (int k = 0; k < 512; k++) {
					u64 due = E.t_begin + (u64)((double)E.started * 1e9 / rate);
					if (limit && E.started >= limit)
						break;
					if (due > NOW) {
						wait = due - NOW;
						break;
					}
					wait = 0;
					if (window && E.active >= (u64)window)
						break;
					start_one(due);
				}
			} else {
				for (int k = 0; k < 4096 && E.active < (u64)window && !(limit && E.started >= limit); k++)
					start_one(NOW);
			}
			if (limit && E.started >= limit && !E.t_end && E.active == 0)
				break;
		} else if (E.active == 0)
			break;
		tx_flush_all();
		if (wait > 4 * MSEC)
			wait = 4 * MSEC;
		net_poll(wait);
		tmr_run();
		if (NOW > cap)
			break;
		if (!E.t_end && E.ok == 0 && E.finished > 50 && E.finished == S.timeouts)
			break; /* nobody answers: do not wait for all the rest */
	}
	tx_flush_all();
	if (!E.t_end) {
		acct_take(&A1, 0);
		T1 = now_ns();
		E.ok_at_end = S.done;
	}
	/* abandon leftovers */
	for (u32 i = 0; i < npool; i++)
		if (pool[i]->kind)
			job_fail(pool[i], 1);
	if (E.t_end && !T1)
		T1 = NOW;
	return (double)(T1 - T0) / 1e9;
}

/* ---------------- reporting ---------------- */
static char jbuf[16384];
static int jlen;
static void jopen(void)
{
	jlen = snprintf(
	        jbuf, sizeof jbuf, "{\"cmd\":\"%s\",\"label\":\"%s\",\"proto\":\"%s\"", O.cmd, O.label ? O.label : "", proto_name[O.proto]);
}
static void jnum(const char *k, double v)
{
	jlen += snprintf(jbuf + jlen, sizeof jbuf - (size_t)jlen, isfinite(v) ? ",\"%s\":%.6g" : ",\"%s\":null", k, v);
}
static void jstr(const char *k, const char *v)
{
	jlen += snprintf(jbuf + jlen, sizeof jbuf - (size_t)jlen, ",\"%s\":\"%s\"", k, v);
}
static void jhist(const char *k, const struct hist *h)
{
	char t[64];
	if (!h->n)
		return;
	snprintf(t, sizeof t, "%s_p50_ms", k);
	jnum(t, hist_q(h, .5));
	snprintf(t, sizeof t, "%s_p99_ms", k);
	jnum(t, hist_q(h, .99));
	snprintf(t, sizeof t, "%s_p999_ms", k);
	jnum(t, hist_q(h, .999));
	snprintf(t, sizeof t, "%s_max_ms", k);
	jnum(t, (double)h->max / 1e6);
}
static void jclose(void)
{
	if (O.extra_json)
		jlen += snprintf(jbuf + jlen, sizeof jbuf - (size_t)jlen, ",%s", O.extra_json);
	jlen += snprintf(jbuf + jlen, sizeof jbuf - (size_t)jlen, "}\n");
	if (O.json) {
		FILE *f = strcmp(O.json, "-") ? fopen(O.json, "a") : stdout;
		if (f) {
			fputs(jbuf, f);
			if (f != stdout)
				fclose(f);
		}
	}
}
static void report(const char *unit, double el)
{
	double done = (double)E.ok_at_end, cpu = A1.cpu_s - A0.cpu_s, self = A1.self_s - A0.self_s;
	double us = done > 0 ? cpu / done * 1e6 : NAN;
	printf("%s %s: %.0f %s in %.2f s = %.0f/s; failed %llu (timeout %llu, closed %llu, rejected %llu)\n", O.cmd, proto_name[O.proto],
	        done, unit, el, done / el, (unsigned long long)S.failed, (unsigned long long)S.timeouts, (unsigned long long)S.closed,
	        (unsigned long long)S.rejected);
	printf("  latency ms: p50 %.3f p99 %.3f p99.9 %.3f max %.3f\n", hist_q(&S.lat, .5), hist_q(&S.lat, .99), hist_q(&S.lat, .999),
	        (double)S.lat.max / 1e6);
	if (S.h200.n)
		printf("  INVITE->180 p50 %.3f p99 %.3f | INVITE->200 p50 %.3f p99 %.3f p99.9 %.3f | BYE p50 %.3f p99 %.3f\n",
		        hist_q(&S.h180, .5), hist_q(&S.h180, .99), hist_q(&S.h200, .5), hist_q(&S.h200, .99), hist_q(&S.h200, .999),
		        hist_q(&S.hbye, .5), hist_q(&S.hbye, .99));
	if (S.retrans + S.uas_retrans + S.dup200 + S.dupinv)
		printf("  retransmissions: uac %llu, uas 2xx %llu, duplicate 200 %llu, duplicate INVITE %llu\n",
		        (unsigned long long)S.retrans, (unsigned long long)S.uas_retrans, (unsigned long long)S.dup200,
		        (unsigned long long)S.dupinv);
	if (O.npids)
		printf("  server CPU: %.3f s = %.1f us per %s (%.0f %% of a core, %d procs); generator %.3f s (%.0f %%); "
		       "machine busy core0 %.0f %% core1 %.0f %%\n",
		        cpu, us, unit, cpu / el * 100, A1.nproc, self, self / el * 100, (A1.cpu_busy[0] - A0.cpu_busy[0]) / el * 100,
		        (A1.cpu_busy[1] - A0.cpu_busy[1]) / el * 100);
	else
		printf("  generator CPU %.3f s (%.0f %%)\n", self, self / el * 100);
	for (int i = 3; i < 700; i++)
		if (S.codes[i])
			printf("  status %d: %llu\n", i, (unsigned long long)S.codes[i]);
	jopen();
	jstr("unit", unit);
	jnum("per_s", done / el);
	jnum("done", done);
	jnum("elapsed_s", el);
	jnum("failed", (double)S.failed);
	jnum("timeouts", (double)S.timeouts);
	jnum("closed", (double)S.closed);
	jnum("rejected", (double)S.rejected);
	jnum("rate", O.rate);
	jnum("window", O.window);
	jhist("lat", &S.lat);
	jhist("i180", &S.h180);
	jhist("i200", &S.h200);
	jhist("bye", &S.hbye);
	jnum("retrans", (double)(S.retrans + S.uas_retrans));
	jnum("acks", (double)S.acks);
	if (O.npids) {
		jnum("cpu_s", cpu);
		jnum("cpu_s_per_1000", us / 1000);
		jnum("server_core_pct", cpu / el * 100);
		jnum("procs", A1.nproc);
	}
	jnum("gen_pct", self / el * 100);
	jnum("core0_pct", (A1.cpu_busy[0] - A0.cpu_busy[0]) / el * 100);
	jnum("core1_pct", (A1.cpu_busy[1] - A0.cpu_busy[1]) / el * 100);
	jnum("udp_rcvbuf_errors", (double)(A1.udp_rcverr - A0.udp_rcverr));
	jclose();
}

/* ---------------- job starters ---------------- */
static void st_register(struct job *j)
{ /* user-major over flows; users are spread over the conns */
	u32 total = (u32)(O.users * O.flows), k = nextuser++ % total;
	j->kind = K_REG;
	j->user = k % (u32)O.users;
	j->flow = (u8)(k / (u32)O.users);
	cseq_of[j->user * (u32)O.flows + j->flow]++;
	uac_go(j, uas[(j->user + j->flow) % (u32)nuas]);
}
static u64 rng = 88172645463325252ull;
static u32 rnd(u32 n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)((rng >> 16) % n);
}
static void st_call(struct job *j)
{
	j->kind = K_CALL;
	j->user = rnd((u32)O.users);
	uac_go(j, uac[nextuser++ % (u32)nuac]);
}
static void st_message(struct job *j)
{
	j->kind = K_MSG;
	j->user = rnd((u32)O.users);
	uac_go(j, uac[nextuser++ % (u32)nuac]);
}
static void st_options(struct job *j)
{
	j->kind = K_OPT;
	j->user = nextuser;
	uac_go(j, uac[nextuser++ % (u32)nuac]);
}

static void wait_quiet(int ms)
{
	u64 end = now_ns() + (u64)ms * MSEC;
	while ((NOW = now_ns()) < end) {
		tx_flush_all();
		net_poll(2 * MSEC);
		tmr_run();
	}
}
static struct conn **open_set(int n, u32 base, int *count)
{
	struct conn **v = calloc((size_t)n, sizeof *v);
	int bulk = O.proto == P_UDP;
	for (int i = 0; i < n; i++) {
		v[i] = conn_open(O.proto, base + (u32)(i / O.per_ip), O.bind_port ? O.bind_port + i : 0, bulk);
		if (!v[i])
			die("cannot connect");
		if (O.proto != P_UDP && i % 64 == 63) { /* pace */
			for (int k = 0; k < 200 && v[i]->state != CS_OPEN && v[i]->state != CS_DEAD; k++)
				net_poll(5 * MSEC);
		}
	}
	u64 end = now_ns() + 20 * NSEC;
	for (;;) {
		int open = 0;
		for (int i = 0; i < n; i++)
			open += v[i]->state == CS_OPEN;
		if (open == n)
			break;
		NOW = now_ns();
		if (NOW > end)
			die("only %d of %d connections came up", open, n);
		net_poll(5 * MSEC);
	}
	*count = n;
	return v;
}
#define LOOP(b, c, d) (127u << 24 | (u32)(b) << 16 | (u32)(c) << 8 | (u32)(d))

static int default_conns(void)
{
	if (O.proto == P_UDP)
		return O.socks;
	return O.conns ? O.conns : O.users < 1000 ? O.users : 1000;
}
static void prep_registered(void)
{
	uas = open_set(default_conns(), LOOP(0, 1, 1), &nuas);
	nextuser = 0;
	double el = run_engine(st_register, 0, O.window < 64 ? O.window : 64, (u64)O.users * (u64)O.flows, 0, 0);
	if (E.ok != (u64)O.users * (u64)O.flows)
		die("preparation: only %llu of %d registered in %.1f s (last codes: 401 %llu 404 %llu 500 %llu timeouts %llu)",
		        (unsigned long long)E.ok, O.users * O.flows, el, (unsigned long long)S.codes[401], (unsigned long long)S.codes[404],
		        (unsigned long long)S.codes[500], (unsigned long long)S.timeouts);
	nextuser = 0;
	wait_quiet(100);
}
static int report_done(const char *unit, double el)
{
	report(unit, el);
	return E.ok_at_end > 0 ? 0 : 1;
}
static int cmd_register(void)
{
	uas = open_set(default_conns(), LOOP(0, 1, 1), &nuas);
	return report_done("reg", run_engine(st_register, O.rate, O.window, (u64)O.count, O.count ? 0 : O.duration, O.warmup));
}
static int cmd_call(void)
{
	prep_registered();
	uac = open_set(default_conns(), LOOP(0, 2, 1), &nuac);
	return report_done("call", run_engine(st_call, O.rate, O.window, (u64)O.count, O.count ? 0 : O.duration, O.warmup));
}
static int cmd_message(void)
{
	prep_registered();
	uac = open_set(default_conns(), LOOP(0, 2, 1), &nuac);
	return report_done("msg", run_engine(st_message, O.rate, O.window, (u64)O.count, O.count ? 0 : O.duration, O.warmup));
}
static int cmd_options(void)
{
	uac = open_set(default_conns(), LOOP(0, 2, 1), &nuac);
	return report_done("opt", run_engine(st_options, O.rate, O.window, (u64)O.count, O.count ? 0 : O.duration, O.warmup));
}

/* ---------------- flows: many idle connections ---------------- */
/* With --procs K the connections are held by K child processes, since a process cannot hold more descriptors than its
 * ulimit -n; the parent leads them from phase to phase and adds up. User numbers: child * cap + local number. */
#define MAXPROCS 64
struct fres {
	u64 ok, tmo, closed, rej, open, failed;
	double el, self;
	struct hist lat;
};
struct fshm {
	volatile u32 phase, arg[2];
	struct {
		volatile u32 done;
		struct fres r;
	} ch[MAXPROCS];
};
enum { F_NONE, F_GROW, F_PING, F_CLOSE, F_EXIT };
static struct fshm *fs;
static struct conn **fl;
static u32 nfl, fcap, fself, nprocs = 1;
static void st_flow(struct job *j)
{
	u32 k = nextuser++;
	j->kind = K_FLOW;
	j->user = fself * fcap + k;
	j->flow = 0;
	cseq_of[j->user]++;
	struct conn *c = conn_open(O.proto, LOOP(1, fself, 1) + k / (u32)O.per_ip, 0, 0);
	fl[k] = c;
	nfl = nextuser;
	if (c)
		c->user = j->user;
	uac_go(j, c);
}
static void st_ping(struct job *j)
{
	u32 k = nextuser++ % nfl;
	struct conn *c = fl[k];
	j->kind = K_PING;
	j->user = k;
	if (c && c->state == CS_OPEN && c->proto != P_UDP) {
		c->job = j;
		c->jobgen = j->gen;
	}
	if (c && c->state != CS_OPEN)
		c = NULL;
	uac_go(j, c);
}
static u32 probe_upto;
static void st_probe(struct job *j)
{
	j->kind = K_MSG;
	j->user = rnd(nprocs) * fcap + rnd(probe_upto);
	uac_go(j, uac[nextuser++ % (u32)nuac]);
}
static void f_do(u32 what, u32 arg, struct fres *r)
{
	memset(r, 0, sizeof *r);
	if (what == F_GROW && arg > nfl) {
		nextuser = nfl;
		r->el = run_engine(st_flow, O.crate / nprocs, O.window, arg - nfl, 0, 0);
	} else if (what == F_PING && nfl) {
		nextuser = 0;
		r->el = run_engine(st_ping, (double)nfl / O.ping_interval, 0, 0, O.duration, O.warmup);
	} else if (what == F_CLOSE) {
		for (u32 i = 0; i < nfl; i++)
			if (fl[i])
				conn_close(fl[i], 1);
		return;
	}
	r->ok = what == F_PING ? E.ok_at_end : E.ok;
	r->tmo = S.timeouts;
	r->closed = S.closed;
	r->rej = S.rejected;
	r->failed = S.failed;
	r->lat = S.lat;
	r->self = A1.self_s - A0.self_s;
	for (u32 i = 0; i < nfl; i++)
		r->open += fl[i] && fl[i]->state == CS_OPEN;
}
static void f_child(u32 me)
{
	fself = me;
	O.npids = 0; /* the parent does the accounting */
	rng += me * 7919;
	net_init();
	u32 seen = 0;
	u64 end = now_ns() + 900 * NSEC;
	pid_t parent = getppid();
	for (;;) {
		NOW = now_ns();
		if (NOW > end || getppid() != parent || interrupted)
			_exit(1);
		if (fs->phase == seen) { /* answer what comes in meanwhile */
			tx_flush_all();
			net_poll(5 * MSEC);
			tmr_run();
			continue;
		}
		seen = fs->phase;
		u32 what = fs->arg[0], arg = fs->arg[1];
		if (what == F_EXIT)
			_exit(0);
		f_do(what, arg, &fs->ch[me].r);
		__sync_synchronize();
		fs->ch[me].done = seen;
	}
}
/* run one phase everywhere; wall time, sums and merged histogram in r */
static void f_phase(u32 what, u32 arg, struct fres *r)
{
	static struct acct a0, a1;
	if (nprocs == 1) {
		f_do(what, arg, r);
		return;
	}
	acct_take(&a0, 0);
	u64 t0 = now_ns();
	fs->arg[0] = what;
	fs->arg[1] = arg;
	__sync_synchronize();
	fs->phase++;
	memset(r, 0, sizeof *r);
	u64 cap = t0 + (u64)((O.duration + O.warmup + O.timeout) * 1e9) + 300 * NSEC;
	if (what == F_EXIT)
		return;
	for (u32 i = 0; i < nprocs; i++)
		while (fs->ch[i].done != fs->phase && now_ns() < cap && !interrupted)
			usleep(1000);
	acct_take(&a1, 0);
	r->el = (double)(now_ns() - t0) / 1e9;
	for (u32 i = 0; i < nprocs; i++) {
		struct fres *c = &fs->ch[i].r;
		r->ok += c->ok;
		r->tmo += c->tmo;
		r->closed += c->closed;
		r->rej += c->rej;
		r->failed += c->failed;
		r->open += c->open;
		r->self += c->self;
		r->lat.n += c->lat.n;
		r->lat.sum += c->lat.sum;
		if (c->lat.max > r->lat.max)
			r->lat.max = c->lat.max;
		for (int k = 0; k < 58 * 128; k++)
			r->lat.b[k] += c->lat.b[k];
	}
	A0 = a0;
	A1 = a1;
}
static int cmd_flows(void)
{
	static struct fres r;
	int total = O.nsteps ? O.steps[O.nsteps - 1] : O.users, rc = 0;
	if (!O.nsteps) {
		O.steps[0] = total;
		O.nsteps = 1;
	}
	struct rlimit rl = {1048576, 1048576};
	setrlimit(RLIMIT_NOFILE, &rl);
	getrlimit(RLIMIT_NOFILE, &rl);
	nprocs = O.procs > 0 ? (u32)O.procs : ((u32)total + (u32)rl.rlim_cur - 201) / ((u32)rl.rlim_cur - 200);
	if (nprocs > MAXPROCS)
		die("more than %d processes needed: ulimit -n is %lu", MAXPROCS, (unsigned long)rl.rlim_cur);
	fcap = ((u32)total + nprocs - 1) / nprocs;
	if (rl.rlim_cur < (rlim_t)fcap + 100)
		die("ulimit -n is %lu, too low for %u connections a process", (unsigned long)rl.rlim_cur, fcap);
	O.users = (int)(nprocs * fcap);
	O.flows = 1;
	cseq_of = calloc((size_t)O.users + 1, sizeof *cseq_of);
	fl = calloc(fcap + 1, sizeof *fl);
	static pid_t kid[MAXPROCS];
	if (nprocs > 1) {
		fs = mmap(NULL, sizeof *fs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (fs == MAP_FAILED)
			die("mmap");
		for (u32 i = 0; i < nprocs; i++) {
			kid[i] = fork();
			if (kid[i] < 0)
				die("fork");
			if (!kid[i])
				f_child(i);
		}
	}
	struct acct m0, m1;
	acct_take(&m0, 1);
	printf("flows %s: server before: PSS %.1f MB RSS %.1f MB, procs %d; generator processes %u (ulimit -n %lu)\n", proto_name[O.proto],
	        m0.pss_mb, m0.rss_mb, m0.nproc, nprocs, (unsigned long)rl.rlim_cur);
	u64 before = 0;
	for (int s = 0; s < O.nsteps; s++) {
		u32 share = ((u32)O.steps[s] + nprocs - 1) / nprocs;
		if (share > fcap)
			share = fcap;
		f_phase(F_GROW, share, &r);
		double el = r.el, cpu = A1.cpu_s - A0.cpu_s;
		u64 ok = r.ok, open = r.open;
		if (nprocs == 1)
			wait_quiet(O.settle_ms);
		else
			usleep((useconds_t)O.settle_ms * 1000);
		acct_take(&m1, 1);
		double kib = open ? (m1.pss_mb - m0.pss_mb) * 1024 / (double)open : 0;
		printf("  %d flows: +%llu in %.2f s = %.0f/s (failed: timeout %llu closed %llu rejected %llu); open now %llu, "
		       "connect+register p50 %.2f p99 %.2f ms; server CPU %.1f us each; gen %.0f us each\n",
		        O.steps[s], (unsigned long long)ok, el, (double)ok / el, (unsigned long long)r.tmo, (unsigned long long)r.closed,
		        (unsigned long long)r.rej, (unsigned long long)open, hist_q(&r.lat, .5), hist_q(&r.lat, .99),
		        cpu / (double)ok * 1e6, r.self / (double)ok * 1e6);
		printf("  memory: PSS %.1f MB, RSS %.1f MB; PSS per open flow %.2f KiB; kernel TCP mem %+.1f MB, slab %+.1f MB (both "
		       "ends)\n",
		        m1.pss_mb, m1.rss_mb, kib, m1.sock_mb - m0.sock_mb, m1.slab_mb - m0.slab_mb);
		jopen();
		jstr("unit", "flow");
		jnum("flows", O.steps[s]);
		jnum("open", (double)open);
		jnum("per_s", (double)ok / el);
		jnum("failed", (double)(r.tmo + r.closed + r.rej));
		jhist("lat", &r.lat);
		jnum("cpu_s_per_1000", cpu / (double)ok * 1000);
		jnum("pss_mb", m1.pss_mb);
		jnum("pss_before_mb", m0.pss_mb);
		jnum("pss_kib_per_flow", kib);
		jnum("rss_mb", m1.rss_mb);
		jnum("sock_mb", m1.sock_mb - m0.sock_mb);
		jnum("slab_mb", m1.slab_mb - m0.slab_mb);
		if (open && O.ping_interval > 0 && O.duration > 0) { /* each flow pings every ping_interval, spread evenly */
			f_phase(F_PING, 0, &r);
			double e2 = nprocs == 1 ? r.el : O.duration, c2 = (A1.cpu_s - A0.cpu_s) * (nprocs == 1 ? 1 : O.duration / r.el);
			double pps = (double)r.ok / e2;
			printf("  keepalive: %.0f pings/s asked, %.0f answered/s, lost %llu (timeout %llu, closed %llu); RTT ms p50 %.3f "
			       "p99 %.3f "
			       "p99.9 %.3f; server CPU %.2f us per ping = %.1f %% of a core\n",
			        (double)open / O.ping_interval, pps, (unsigned long long)r.failed, (unsigned long long)r.tmo,
			        (unsigned long long)r.closed, hist_q(&r.lat, .5), hist_q(&r.lat, .99), hist_q(&r.lat, .999),
			        c2 / (double)r.ok * 1e6, c2 / e2 * 100);
			jnum("pings_per_s", pps);
			jnum("pings_asked_per_s", (double)open / O.ping_interval);
			jnum("pings_lost", (double)r.failed);
			jhist("ping", &r.lat);
			jnum("ping_cpu_us", c2 / (double)r.ok * 1e6);
			jnum("ping_core_pct", c2 / e2 * 100);
		}
		if (open && O.probe && !O.noreg) { /* do the flows carry requests? */
			if (!uac)
				uac = open_set(O.proto == P_UDP ? 4 : 10, LOOP(0, 2, 1), &nuac);
			nextuser = 0;
			probe_upto = share;
			run_engine(st_probe, 0, 32, (u64)O.probe, 0, 0);
			printf("  probe: %llu of %d MESSAGEs delivered to random flows; p50 %.2f p99 %.2f ms\n", (unsigned long long)E.ok,
			        O.probe, hist_q(&S.lat, .5), hist_q(&S.lat, .99));
			jnum("probe_ok", (double)E.ok);
			jnum("probe_sent", O.probe);
			jhist("probe", &S.lat);
		}
		jclose();
		fflush(stdout);
		u64 want = (u64)share * nprocs - before;
		before = open;
		if (ok < want * 9 / 10 || interrupted) {
			printf("  stopping: only %llu of %llu new flows came up\n", (unsigned long long)ok, (unsigned long long)want);
			rc = 1;
			break;
		}
	}
	if (O.hold_ms) {
		wait_quiet(O.hold_ms);
		printf("  held %d ms more\n", O.hold_ms);
	}
	struct acct a, b;
	acct_take(&a, 0);
	f_phase(F_CLOSE, 0, &r);
	if (O.gap_ms) { /* mass disconnect: CPU until the server has let go */
		usleep((useconds_t)O.gap_ms * 1000);
		acct_take(&b, 1);
		printf("  mass RST of %llu flows: server CPU in the following %d ms: %.2f s (%.1f us per flow); PSS %.1f MB\n",
		        (unsigned long long)before, O.gap_ms, b.cpu_s - a.cpu_s, (b.cpu_s - a.cpu_s) / (double)before * 1e6, b.pss_mb);
	}
	if (nprocs > 1) {
		f_phase(F_EXIT, 0, &r);
		for (u32 i = 0; i < nprocs; i++)
			waitpid(kid[i], NULL, 0);
	}
	return rc;
}

/* ---------------- failover: two flows a user, one breaks ---------------- */
static int fo_order[2];
/* The flows that break have addresses of their own, which is what a packet filter tells them by. */
#define BREAKING "127.66.0.0/16"
static void st_fo_reg(struct job *j)
{
	u32 k = nextuser++;
	j->kind = K_FLOW;
	j->user = k % (u32)O.users;
	j->flow = (u8)fo_order[k / (u32)O.users];
	cseq_of[j->user * 2 + j->flow]++;
	u32 base = j->flow + 1 == O.brk ? LOOP(66, 0, 1) : LOOP(1, 0, 1);
	struct conn *c = conn_open(O.proto, base + j->user / (u32)O.per_ip, 0, 0);
	fl[j->user * 2 + j->flow] = c;
	if (c) {
		c->user = j->user;
		c->flow = (u8)(j->flow + 1);
	}
	uac_go(j, c);
}
static void st_fo_req(struct job *j)
{
	j->kind = O.invite ? K_CALL : K_MSG;
	j->user = nextuser % (u32)O.users;
	uac_go(j, uac[nextuser++ % (u32)nuac]);
}
/* deregister the flow that did not break */
static void st_fo_leave(struct job *j)
{
	j->kind = K_FLOW;
	j->leave = 1;
	j->user = nextuser++;
	j->flow = (u8)(2 - O.brk);
	u32 i = j->user * 2 + j->flow;
	cseq_of[i]++;
	uac_go(j, fl[i]);
}
/* Whether this network namespace has nothing but loopback, as one made for the run has: never filter a machine's own packets. */
static int only_loopback(void)
{
	struct ifaddrs *list;
	int only = !getifaddrs(&list);
	if (!only)
		return 0;
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		if ((i->ifa_flags & IFF_UP) && !(i->ifa_flags & IFF_LOOPBACK))
			only = 0;
	freeifaddrs(list);
	return only;
}
static void filter(const char *rules)
{
	if (!only_loopback())
		die("mode drop runs in a network namespace with nothing but loopback; bench/run makes one");
	FILE *f = popen("nft -f -", "w");
	if (!f || fputs(rules, f) < 0 || pclose(f))
		die("nft failed");
}
static void fo_break(const char *mode)
{
	int drop = !strcmp(mode, "drop"), mute = !strcmp(mode, "blackhole"), rst = !strcmp(mode, "rst"), fin = !strcmp(mode, "fin");
	if (!strcmp(mode, "430"))
		uas_code = 430;
	else if (!drop && !mute && !rst && !fin && strcmp(mode, "none"))
		die("unknown mode %s", mode);
	for (u32 u = 0; u < (u32)O.users; u++) {
		struct conn *c = fl[u * 2 + (u32)O.brk - 1];
		c->broken = strcmp(mode, "none") != 0;
		if (rst || fin)
			conn_close(c, rst);
		else if (mute)
			conn_mute(c, 1);
	}
	if (drop) /* on the way in: the sender of a packet that is dropped on its way out is told */
		filter("table inet sipload {\n chain in {\n  type filter hook input priority 0;\n"
		       "  ip saddr " BREAKING " drop\n  ip daddr " BREAKING " drop\n }\n}\n");
}
/* The silent flows work again: late copies are answered; then the flow that carried meanwhile is deregistered, which shows
 * whether the silent one still has its binding, and a request to everybody shows whether it is used. */
static void fo_heal(const char *mode, double *kept, double *healed, double *gone)
{
	u32 users = (u32)O.users;
	if (!strcmp(mode, "drop"))
		filter("delete table inet sipload\n");
	else
		for (u32 u = 0; u < users; u++)
			conn_mute(fl[u * 2 + (u32)O.brk - 1], 0);
	wait_quiet(O.settle_ms);
	nextuser = 0;
	run_engine(st_fo_leave, 0, 64, users, 0, 0);
	*gone = 100.0 * (double)E.ok / users;
	*kept = 100.0 * (double)fo_kept / users;
	nextuser = 0;
	run_engine(st_fo_req, O.rate > 0 ? O.rate : 200, 0, users, 0, 0);
	*healed = 100.0 * (double)E.ok / users;
}
static void fo_register(void)
{
	fl = calloc((size_t)O.users * 2, sizeof *fl);
	fo_order[0] = O.order == 12 ? 0 : 1;
	fo_order[1] = 1 - fo_order[0];
	for (int k = 0; k < 2; k++) { /* first one flow of everybody, then the other, a second apart */
		nextuser = (u32)(k * O.users);
		run_engine(st_fo_reg, 0, 64, (u64)O.users, 0, 0);
		if (E.ok != (u64)O.users)
			die("failover: only %llu of %d flows registered (timeouts %llu closed %llu rejected %llu)",
			        (unsigned long long)E.ok, O.users, (unsigned long long)S.timeouts, (unsigned long long)S.closed,
			        (unsigned long long)S.rejected);
		wait_quiet(1100);
	}
}
static void fo_codes(void)
{
	for (int i = 3; i < 700; i++)
		if (S.codes[i])
			printf("  status %d: %llu\n", i, (unsigned long long)S.codes[i]);
}
static int cmd_failover(void)
{
	O.flows = 2;
	const char *mode = O.mode ? O.mode : "rst";
	fo_register();
	uac = open_set(O.proto == P_UDP ? 4 : 10, LOOP(0, 2, 1), &nuac);
	fo_break(mode);
	wait_quiet(O.gap_ms);
	nextuser = 0;
	u64 lost0 = lost_conns;
	double el = run_engine(st_fo_req, O.rate > 0 ? O.rate : 200, 0, (u64)O.users, 0, 0);
	double okp = 100.0 * (double)E.ok / O.users;
	printf("failover %s %s (%s, flow %d broken, registered last: flow %d, gap %d ms): success %.2f %% of %d; delivered %llu, delivery "
	       "ms "
	       "p50 %.2f p99 %.2f max %.2f; answer ms p50 %.2f p99 %.2f; timeouts %llu rejected %llu; flows lost %llu\n",
	        mode, proto_name[O.proto], O.invite ? "INVITE" : "MESSAGE", O.brk, fo_order[1] + 1, O.gap_ms, okp, O.users,
	        (unsigned long long)S.hdeliv.n, hist_q(&S.hdeliv, .5), hist_q(&S.hdeliv, .99), (double)S.hdeliv.max / 1e6,
	        hist_q(&S.lat, .5), hist_q(&S.lat, .99), (unsigned long long)S.timeouts, (unsigned long long)S.rejected,
	        (unsigned long long)(lost_conns - lost0));
	fo_codes();
	jopen();
	jstr("mode", mode);
	jstr("method", O.invite ? "INVITE" : "MESSAGE");
	jnum("gap_ms", O.gap_ms);
	jnum("success_pct", okp);
	jnum("users", O.users);
	jnum("elapsed_s", el);
	jhist("deliver", &S.hdeliv);
	jhist("lat", &S.lat);
	jnum("timeouts", (double)S.timeouts);
	jnum("rejected", (double)S.rejected);
	if (!strcmp(mode, "drop") || !strcmp(mode, "blackhole")) {
		double kept, healed, gone;
		fo_heal(mode, &kept, &healed, &gone);
		printf("  healed: %.2f %% rang over the flow that had been silent; ms p50 %.2f p99 %.2f max %.2f; its binding was kept for "
		       "%.2f %% (other flow deregistered: %.2f %%); late copies answered 482: %llu; silent flows closed by the server: %llu\n",
		        healed, hist_q(&S.hdeliv, .5), hist_q(&S.hdeliv, .99), (double)S.hdeliv.max / 1e6, kept, gone,
		        (unsigned long long)fo_late, (unsigned long long)(lost_conns - lost0));
		fo_codes();
		jnum("healed_pct", healed);
		jnum("kept_pct", kept);
		jhist("heal", &S.hdeliv);
		jnum("late_copies", (double)fo_late);
		jnum("flows_closed", (double)(lost_conns - lost0));
	}
	jclose();
	return 0;
}

/* ---------------- main ---------------- */
static void usage(void)
{
	fputs("usage: sipload COMMAND [options]      (targets in 127.0.0.0/8 only)\n"
	      " commands: register call message options flows failover floor\n"
	      " --host A --port P --proto udp|tcp|tls --domain D (bench.test) --password W (secret)\n"
	      " --users N --flows M (bindings a user) --conns K (TCP/TLS conns each side) --socks K (UDP sockets each side)\n"
	      " --window W (closed loop) | --rate R (open loop, per second; latency counts from the due time)\n"
	      " --duration S --warmup S | --count N;  --timeout S\n"
	      " --pids P[,P...] server pids for CPU and memory (descendants are found)  --pin CPU (this process)\n"
	      " --json FILE (append one line)  --label TEXT  --extra '\"k\":1'\n"
	      " --no-outbound (no reg-id/+sip.instance)  --ob (Contact;ob)  --dead-contact (only the flow reaches the UA)\n"
	      " call: --hold MS\n"
	      " flows: --steps N,N,..  --procs K (processes holding the connections; default by ulimit -n)  --crate R (connects/s; 0: "
	      "window)  --ping-interval S  --probe N  --no-register\n"
	      "        --settle MS  --gap MS (mass RST at the end, watch the server so long)\n"
	      " failover: --mode none|rst|fin|430|blackhole|drop --break 1|2 --order 12|21 --gap MS --invite\n"
	      " floor: --host --port (UDP and TCP) --tls-port P --cert F --key F\n"
	      " -v (repeat) verbose\n",
	        stderr);
	exit(2);
}
enum {
	X_HOST = 1000,
	X_PORT,
	X_PROTO,
	X_DOMAIN,
	X_PASS,
	X_USERS,
	X_FLOWS,
	X_CONNS,
	X_SOCKS,
	X_WINDOW,
	X_RATE,
	X_DUR,
	X_WARM,
	X_COUNT,
	X_TIMEOUT,
	X_PIDS,
	X_PIN,
	X_JSON,
	X_LABEL,
	X_EXTRA,
	X_NOOB,
	X_OB,
	X_DEAD,
	X_HOLD,
	X_STEPS,
	X_CRATE,
	X_PINGI,
	X_PROBE,
	X_NOREG,
	X_SETTLE,
	X_GAP,
	X_MODE,
	X_BREAK,
	X_ORDER,
	X_INVITE,
	X_BINDPORT,
	X_EXPIRES,
	X_RCVBUF,
	X_PERIP,
	X_PROCS
};
static const struct option lo[] = {{"host", 1, 0, X_HOST}, {"port", 1, 0, X_PORT}, {"proto", 1, 0, X_PROTO}, {"domain", 1, 0, X_DOMAIN},
        {"password", 1, 0, X_PASS}, {"users", 1, 0, X_USERS}, {"flows", 1, 0, X_FLOWS}, {"conns", 1, 0, X_CONNS}, {"socks", 1, 0, X_SOCKS},
        {"window", 1, 0, X_WINDOW}, {"rate", 1, 0, X_RATE}, {"duration", 1, 0, X_DUR}, {"warmup", 1, 0, X_WARM}, {"count", 1, 0, X_COUNT},
        {"timeout", 1, 0, X_TIMEOUT}, {"pids", 1, 0, X_PIDS}, {"pin", 1, 0, X_PIN}, {"json", 1, 0, X_JSON}, {"label", 1, 0, X_LABEL},
        {"extra", 1, 0, X_EXTRA}, {"no-outbound", 0, 0, X_NOOB}, {"ob", 0, 0, X_OB}, {"dead-contact", 0, 0, X_DEAD}, {"hold", 1, 0, X_HOLD},
        {"steps", 1, 0, X_STEPS}, {"crate", 1, 0, X_CRATE}, {"ping-interval", 1, 0, X_PINGI}, {"probe", 1, 0, X_PROBE},
        {"no-register", 0, 0, X_NOREG}, {"settle", 1, 0, X_SETTLE}, {"gap", 1, 0, X_GAP}, {"mode", 1, 0, X_MODE}, {"break", 1, 0, X_BREAK},
        {"order", 1, 0, X_ORDER}, {"invite", 0, 0, X_INVITE}, {"bind-port", 1, 0, X_BINDPORT}, {"expires", 1, 0, X_EXPIRES},
        {"rcvbuf", 1, 0, X_RCVBUF}, {"per-ip", 1, 0, X_PERIP}, {"procs", 1, 0, X_PROCS}, {0, 0, 0, 0}};

int main(int argc, char **argv)
{
	if (argc < 2)
		usage();
	O.cmd = argv[1];
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, on_int);
	signal(SIGTERM, on_int);
	if (!strcmp(O.cmd, "floor"))
		return cmd_floor(argc - 1, argv + 1);
	int o;
	optind = 2;
	while ((o = getopt_long(argc, argv, "v", lo, NULL)) != -1) {
		switch (o) {
		case 'v':
			O.verbose++;
			break;
		case X_HOST:
			O.host = optarg;
			break;
		case X_PORT:
			O.port = atoi(optarg);
			break;
		case X_PROTO:
			O.proto = !strcasecmp(optarg, "udp")   ? P_UDP
			          : !strcasecmp(optarg, "tcp") ? P_TCP
			          : !strcasecmp(optarg, "tls") ? P_TLS
			                                       : -1;
			if (O.proto < 0)
				usage();
			break;
		case X_DOMAIN:
			O.domain = optarg;
			break;
		case X_PASS:
			O.password = optarg;
			break;
		case X_USERS:
			O.users = atoi(optarg);
			break;
		case X_FLOWS:
			O.flows = atoi(optarg);
			break;
		case X_CONNS:
			O.conns = atoi(optarg);
			break;
		case X_SOCKS:
			O.socks = atoi(optarg);
			break;
		case X_WINDOW:
			O.window = atoi(optarg);
			break;
		case X_RATE:
			O.rate = atof(optarg);
			break;
		case X_DUR:
			O.duration = atof(optarg);
			break;
		case X_WARM:
			O.warmup = atof(optarg);
			break;
		case X_COUNT:
			O.count = atol(optarg);
			break;
		case X_TIMEOUT:
			O.timeout = atof(optarg);
			break;
		case X_PIDS:
			for (char *t = strtok(optarg, ", "); t && O.npids < 64; t = strtok(NULL, ", "))
				O.pids[O.npids++] = atoi(t);
			break;
		case X_PIN:
			O.pin = atoi(optarg);
			break;
		case X_JSON:
			O.json = optarg;
			break;
		case X_LABEL:
			O.label = optarg;
			break;
		case X_EXTRA:
			O.extra_json = optarg;
			break;
		case X_NOOB:
			O.outbound = 0;
			break;
		case X_OB:
			O.ob = 1;
			break;
		case X_DEAD:
			O.dead_contact = 1;
			break;
		case X_HOLD:
			O.hold_ms = atoi(optarg);
			break;
		case X_STEPS:
			for (char *t = strtok(optarg, ", "); t && O.nsteps < 16; t = strtok(NULL, ", "))
				O.steps[O.nsteps++] = atoi(t);
			break;
		case X_CRATE:
			O.crate = atof(optarg);
			break;
		case X_PINGI:
			O.ping_interval = atof(optarg);
			break;
		case X_PROBE:
			O.probe = atoi(optarg);
			break;
		case X_NOREG:
			O.noreg = 1;
			break;
		case X_SETTLE:
			O.settle_ms = atoi(optarg);
			break;
		case X_GAP:
			O.gap_ms = atoi(optarg);
			break;
		case X_MODE:
			O.mode = optarg;
			break;
		case X_BREAK:
			O.brk = atoi(optarg) == 2 ? 2 : 1;
			break;
		case X_ORDER:
			O.order = atoi(optarg);
			break;
		case X_INVITE:
			O.invite = 1;
			break;
		case X_BINDPORT:
			O.bind_port = atoi(optarg);
			break;
		case X_EXPIRES:
			O.expires = atoi(optarg);
			break;
		case X_RCVBUF:
			O.udp_rcvbuf = atoi(optarg);
			break;
		case X_PROCS:
			O.procs = atoi(optarg);
			break;
		case X_PERIP:
			O.per_ip = atoi(optarg);
			break;
		default:
			usage();
		}
	}
	if (O.users < 1 || O.flows < 1 || O.window < 1 || O.socks < 1 || O.per_ip < 1 || O.per_ip > 25000)
		usage();
	if (O.pin >= 0) {
		cpu_set_t s;
		CPU_ZERO(&s);
		CPU_SET((unsigned)O.pin, &s);
		sched_setaffinity(0, sizeof s, &s);
	}
	struct rlimit rl;
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	NOW = now_ns();
	runid = (u32)(NOW >> 10);
	rng ^= NOW;
	tmr_init();
	net_init();
	if (O.proto == P_TLS) {
		g_ctx = SSL_CTX_new(TLS_client_method());
		SSL_CTX_set_mode(g_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
		SSL_CTX_set_session_cache_mode(g_ctx, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_verify(g_ctx, SSL_VERIFY_NONE, NULL);
	}
	on_msg = app_msg;
	on_pong = app_pong;
	on_open = app_open;
	on_closed = app_closed;
	int nmax = O.nsteps ? O.steps[O.nsteps - 1] : O.users;
	cseq_of = calloc((size_t)(nmax > O.users ? nmax : O.users) * (size_t)(O.flows < 2 ? 2 : O.flows), sizeof *cseq_of);
	if (!strcmp(O.cmd, "register"))
		return cmd_register();
	if (!strcmp(O.cmd, "call"))
		return cmd_call();
	if (!strcmp(O.cmd, "message"))
		return cmd_message();
	if (!strcmp(O.cmd, "options"))
		return cmd_options();
	if (!strcmp(O.cmd, "flows"))
		return cmd_flows();
	if (!strcmp(O.cmd, "failover"))
		return cmd_failover();
	usage();
}
