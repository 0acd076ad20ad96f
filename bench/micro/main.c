/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs the benchmarks that are named, or all. Without --count each is timed: nanoseconds a step, the best of some
 * rounds, as the others only saw more of the rest of the machine. With --count each calls micro_measured once, for
 * callgrind to count in, and prints its name (see `run`). */
#include "log.h"
#include "micro.h"
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Stands before libc's: "random" keys and serials are the same in each run, so the tables that they are spread over have
 * the same chains, and the counts repeat exactly. */
ssize_t getrandom(void *out, size_t n, unsigned flags)
{
	static uint64_t state = 1;
	unsigned char *bytes = out;
	(void)flags;
	for (size_t i = 0; i < n; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = (unsigned char)(state >> 56);
	}
	return (ssize_t)n;
}

void micro_must(bool well, const char *what)
{
	if (well)
		return;
	fprintf(stderr, "bench-micro: %s failed: there is nothing to measure\n", what);
	exit(1);
}

void micro_folder_make(char folder[MICRO_FOLDER])
{
	const char *above = getenv("TMPDIR");
	snprintf(folder, MICRO_FOLDER, "%s/sluice-micro-XXXXXX", above && strlen(above) < 40 ? above : "/tmp");
	micro_must(mkdtemp(folder), "mkdtemp");
}

void micro_folder_remove(const char *folder)
{
	DIR *dir = opendir(folder);
	micro_must(dir, folder);
	for (struct dirent *d; (d = readdir(dir));)
		if (d->d_name[0] != '.')
			unlinkat(dirfd(dir), d->d_name, 0);
	closedir(dir);
	rmdir(folder);
}

/* Callgrind counts while this runs, and writes a profile when it returns. */
__attribute__((noinline)) void micro_measured(void (*step)(void *state), void *state);
void micro_measured(void (*step)(void *state), void *state)
{
	for (int i = 0; i < MICRO_ROUNDS; i++)
		step(state);
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure(const struct micro *m, bool counted)
{
	double best = 1e18;
	void *state = m->begin(m->with);
	for (int i = 0; i < MICRO_WARM; i++)
		m->step(state);
	for (int round = 0; round < (counted ? 1 : 100); round++) {
		double start = now_ns();
		micro_measured(m->step, state);
		double each = (now_ns() - start) / MICRO_ROUNDS;
		best = each < best ? each : best;
	}
	m->end(state);
	if (counted)
		printf("%s\n", m->name);
	else
		printf("%-28s %7.0f ns\n", m->name, best);
}

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const struct micro *const tables[] = { micro_sip, micro_token, micro_digest, micro_location, micro_base };
	log_set_level(LOG_WARN);
	bool counted = argc > 1 && !strcmp(argv[1], "--count");
	for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct micro *m = tables[i]; m->name; m++)
			if (wanted(m->name, argv + 1 + counted))
				measure(m, counted);
	return 0;
}
