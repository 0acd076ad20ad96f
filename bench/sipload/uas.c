/* SPDX-License-Identifier: Apache-2.0 */
/* uas.c - the side that is asked: phones. */
#include "agent.h"

int uas_code = 200; /* failover 430 mode answers otherwise on a broken flow */
u64 fo_late;        /* copies that came over a broken flow after the other had delivered */
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
void on_request(struct conn *c, struct msg *m)
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
