/* SPDX-License-Identifier: Apache-2.0 */
/* flows.c - many idle connections: memory, keep-alive, and whether they carry requests. */
#include "agent.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

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
int cmd_flows(void)
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
