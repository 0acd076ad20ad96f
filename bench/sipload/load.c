/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - register, call, message, options: how many a second, and what each costs. */
#include "agent.h"

static void st_register(struct job *j)
{ /* user-major over flows; users are spread over the conns */
	u32 total = (u32)(O.users * O.flows), k = nextuser++ % total;
	j->kind = K_REG;
	j->user = k % (u32)O.users;
	j->flow = (u8)(k / (u32)O.users);
	cseq_of[j->user * (u32)O.flows + j->flow]++;
	uac_go(j, uas[(j->user + j->flow) % (u32)nuas]);
}
u64 rng = 88172645463325252ull;
u32 rnd(u32 n)
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
int cmd_register(void)
{
	uas = open_set(default_conns(), LOOP(0, 1, 1), &nuas);
	return report_done("reg", run_engine(st_register, O.rate, O.window, (u64)O.count, O.count ? 0 : O.duration, O.warmup));
}
int cmd_call(void)
{
	prep_registered();
	uac = open_set(default_conns(), LOOP(0, 2, 1), &nuac);
	return report_done("call", run_engine(st_call, O.rate, O.window, (u64)O.count, O.count ? 0 : O.duration, O.warmup));
}
int cmd_message(void)
{
	prep_registered();
	uac = open_set(default_conns(), LOOP(0, 2, 1), &nuac);
	return report_done("msg", run_engine(st_message, O.rate, O.window, (u64)O.count, O.count ? 0 : O.duration, O.warmup));
}
int cmd_options(void)
{
	uac = open_set(default_conns(), LOOP(0, 2, 1), &nuac);
	return report_done("opt", run_engine(st_options, O.rate, O.window, (u64)O.count, O.count ? 0 : O.duration, O.warmup));
}
