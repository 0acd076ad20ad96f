/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c - starts jobs, at a rate or so many at once, and hands what arrives to them. */
#include "agent.h"

struct stats S;
struct engine E;
struct acct A0, A1;
u64 T0, T1;
u32 runid;
u32 *cseq_of;
struct conn **uac, **uas;
int nuac, nuas;
u32 nextuser;
u64 lost_conns;
volatile sig_atomic_t interrupted;

void app_msg(struct conn *c, const char *b, int n)
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
void app_pong(struct conn *c)
{
	struct job *j = c->job;
	if (j && j->gen == c->jobgen && j->kind == K_PING) {
		c->job = NULL;
		job_end(j, 1, 0);
	}
}
void app_open(struct conn *c)
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
void app_closed(struct conn *c)
{
	struct job *j = c->job;
	lost_conns++;
	c->job = NULL;
	if (j && j->gen == c->jobgen && j->kind)
		job_fail(j, 2);
}

void on_int(int s)
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
double run_engine(void (*start)(struct job *), double rate, int window, u64 limit, double dur, double warm)
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

void wait_quiet(int ms)
{
	u64 end = now_ns() + (u64)ms * MSEC;
	while ((NOW = now_ns()) < end) {
		tx_flush_all();
		net_poll(2 * MSEC);
		tmr_run();
	}
}
struct conn **open_set(int n, u32 base, int *count)
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
