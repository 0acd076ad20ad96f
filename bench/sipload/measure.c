/* SPDX-License-Identifier: Apache-2.0 */
/* measure.c - histograms, and what the server and the machine spent, from /proc. */
#include "core.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>

static int hidx(u64 v)
{
	if (v < 128)
		return (int)v;
	int e = 63 - __builtin_clzll(v);
	return (e - 6) * 128 + (int)((v >> (e - 7)) & 127);
}
static u64 hval(int i)
{
	if (i < 128)
		return (u64)i;
	int e = i / 128 + 6;
	return (1ull << e) + ((u64)(i % 128) << (e - 7)) + (1ull << (e - 7)) / 2;
}
void hist_add(struct hist *h, u64 ns)
{
	h->b[hidx(ns)]++;
	h->n++;
	h->sum += ns;
	if (ns > h->max)
		h->max = ns;
}
double hist_q(const struct hist *h, double q)
{
	if (!h->n)
		return 0;
	u64 want = (u64)((double)h->n * q), acc = 0;
	if (want >= h->n)
		return (double)h->max / 1e6;
	for (int i = 0; i < 58 * 128; i++) {
		acc += h->b[i];
		if (acc > want)
			return (double)(hval(i) < h->max ? hval(i) : h->max) / 1e6;
	}
	return (double)h->max / 1e6;
}
double hist_mean(const struct hist *h)
{
	return h->n ? (double)h->sum / (double)h->n / 1e6 : 0;
}

static int slurp(const char *path, char *buf, int cap)
{
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	int n = (int)read(fd, buf, (size_t)cap - 1);
	close(fd);
	if (n < 0)
		return -1;
	buf[n] = 0;
	return n;
}
static double task_cpu(int pid)
{
	char path[64], buf[512];
	double s = 0;
	snprintf(path, sizeof path, "/proc/%d/task", pid);
	DIR *d = opendir(path);
	if (!d)
		return 0;
	struct dirent *e;
	while ((e = readdir(d))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		char p2[400];
		snprintf(p2, sizeof p2, "/proc/%d/task/%s/schedstat", pid, e->d_name);
		if (slurp(p2, buf, sizeof buf) > 0)
			s += (double)strtoull(buf, NULL, 10) / 1e9;
	}
	closedir(d);
	return s;
}
static double smaps_field(const char *b, const char *k)
{
	const char *p = strstr(b, k);
	return p ? strtod(p + strlen(k), NULL) / 1024.0 : 0;
}
void acct_take(struct acct *a, int mem)
{
	static int pid[8192], ppid[8192];
	static u8 in[8192];
	char path[64], buf[4096];
	memset(a, 0, sizeof *a);
	if (O.npids) {
		int n = 0;
		DIR *d = opendir("/proc");
		struct dirent *e;
		while (d && (e = readdir(d)) && n < 8192) {
			if (!isdigit((unsigned char)e->d_name[0]))
				continue;
			snprintf(path, sizeof path, "/proc/%.16s/stat", e->d_name);
			if (slurp(path, buf, sizeof buf) <= 0)
				continue;
			char *r = strrchr(buf, ')');
			if (!r)
				continue;
			pid[n] = atoi(buf);
			ppid[n] = atoi(r + 4);
			in[n] = 0;
			for (int i = 0; i < O.npids; i++)
				if (pid[n] == O.pids[i])
					in[n] = 1;
			n++;
		}
		if (d)
			closedir(d);
		for (int again = 1; again;) {
			again = 0;
			for (int i = 0; i < n; i++)
				if (!in[i])
					for (int k = 0; k < n; k++)
						if (in[k] && pid[k] == ppid[i]) {
							in[i] = 1;
							again = 1;
							break;
						}
		}
		for (int i = 0; i < n; i++) {
			if (!in[i])
				continue;
			a->nproc++;
			a->cpu_s += task_cpu(pid[i]);
			if (mem) {
				snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid[i]);
				if (slurp(path, buf, sizeof buf) > 0) {
					a->pss_mb += smaps_field(buf, "\nPss:");
					a->rss_mb += smaps_field(buf, "\nRss:");
				}
			}
		}
	}
	if (slurp("/proc/stat", buf, sizeof buf) > 0)
		for (int c = 0; c < 2; c++) {
			char k[8];
			snprintf(k, sizeof k, "\ncpu%d ", c);
			char *p = strstr(buf, k);
			if (p) {
				double us, ni, sy, id, io, ir, so;
				if (sscanf(p + 6, "%lf %lf %lf %lf %lf %lf %lf", &us, &ni, &sy, &id, &io, &ir, &so) == 7)
					a->cpu_busy[c] = (us + ni + sy + ir + so) / (double)sysconf(_SC_CLK_TCK);
			}
		}
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	a->self_s = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	if (slurp("/proc/net/snmp", buf, sizeof buf) > 0) {
		char *p = strstr(buf, "\nUdp: ");
		p = p ? strstr(p + 1, "\nUdp: ") : NULL;
		unsigned long long v[5];
		if (p && sscanf(p + 6, "%llu %llu %llu %llu %llu", v, v + 1, v + 2, v + 3, v + 4) == 5)
			a->udp_rcverr = v[4];
	}
	if (mem) {
		if (slurp("/proc/net/sockstat", buf, sizeof buf) > 0) {
			char *p = strstr(buf, "TCP: ");
			p = p ? strstr(p, " mem ") : NULL;
			if (p)
				a->sock_mb = atof(p + 5) * 4096 / 1048576;
		}
		if (slurp("/proc/meminfo", buf, sizeof buf) > 0)
			a->slab_mb = smaps_field(buf, "\nSlab:");
	}
}
