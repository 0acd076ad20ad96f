/* SPDX-License-Identifier: Apache-2.0 */
/* uac.c - the side that asks: sending again, responses, calls. */
#include "agent.h"

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
void uac_send(struct job *j)
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
void uac_go(struct job *j, struct conn *c)
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

void on_response(struct conn *c, struct msg *m)
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
