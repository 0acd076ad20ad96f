/* SPDX-License-Identifier: Apache-2.0 */
/* failover.c - two flows a user, one breaks: how long until a request arrives, and does the silent one ring again? */
#include "agent.h"

#include <ifaddrs.h>
#include <net/if.h>

static struct conn **fl; /* two a user */
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
static u64 fo_kept; /* 200s to the deregistration of one flow that still list the other */
void fo_left(const struct msg *m)
{
	char other[] = {';', 'r', 'e', 'g', '-', 'i', 'd', '=', (char)('0' + O.brk)};
	fo_kept += m->contact.n && memmem(m->contact.p, (size_t)m->contact.n, other, sizeof other);
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
/* After the first request to a silent flow: one more while it is silent still, and what follows when it is so no longer. */
static void fo_silent(const char *mode, u64 lost0)
{
	double kept, healed, gone;
	nextuser = 0;
	run_engine(st_fo_req, O.rate > 0 ? O.rate : 200, 0, (u64)O.users, 0, 0);
	double okp = 100.0 * (double)E.ok / O.users;
	printf("  again while silent: success %.2f %%; delivery ms p50 %.2f p99 %.2f max %.2f\n", okp, hist_q(&S.hdeliv, .5),
	        hist_q(&S.hdeliv, .99), (double)S.hdeliv.max / 1e6);
	fo_codes();
	jnum("again_pct", okp);
	jhist("again", &S.hdeliv);
	fo_heal(mode, &kept, &healed, &gone);
	printf("  healed: %.2f %% rang over the flow that had been silent; ms p50 %.2f p99 %.2f max %.2f; its binding was kept for "
	       "%.2f %% (other flow deregistered: %.2f %%); late copies answered 482: %llu; silent flows closed by the server: %llu\n",
	        healed, hist_q(&S.hdeliv, .5), hist_q(&S.hdeliv, .99), (double)S.hdeliv.max / 1e6, kept, gone, (unsigned long long)fo_late,
	        (unsigned long long)(lost_conns - lost0));
	fo_codes();
	jnum("healed_pct", healed);
	jnum("kept_pct", kept);
	jhist("heal", &S.hdeliv);
	jnum("late_copies", (double)fo_late);
	jnum("flows_closed", (double)(lost_conns - lost0));
}
int cmd_failover(void)
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
	if (!strcmp(mode, "drop") || !strcmp(mode, "blackhole"))
		fo_silent(mode, lost0);
	jclose();
	return 0;
}
