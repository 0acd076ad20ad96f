/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - one JSON line a run, and lines to read. */
#include "agent.h"

#include <math.h>

static char jbuf[16384];
static int jlen;
void jopen(void)
{
	jlen = snprintf(
	        jbuf, sizeof jbuf, "{\"cmd\":\"%s\",\"label\":\"%s\",\"proto\":\"%s\"", O.cmd, O.label ? O.label : "", proto_name[O.proto]);
}
void jnum(const char *k, double v)
{
	jlen += snprintf(jbuf + jlen, sizeof jbuf - (size_t)jlen, isfinite(v) ? ",\"%s\":%.6g" : ",\"%s\":null", k, v);
}
void jstr(const char *k, const char *v)
{
	jlen += snprintf(jbuf + jlen, sizeof jbuf - (size_t)jlen, ",\"%s\":\"%s\"", k, v);
}
void jhist(const char *k, const struct hist *h)
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
void jclose(void)
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
void report(const char *unit, double el)
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
