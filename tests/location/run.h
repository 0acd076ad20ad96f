/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - a run of phones over a store that is watched (disk.h), and what was promised to whom at which step of it.
 *
 * Twelve bindings of six users are registered, refreshed, spelled anew, removed, dropped and let expire, several at
 * once; segments begin, commits fail, the store is closed and opened. */
#ifndef SLUICE_TEST_LOCATION_RUN_H
#define SLUICE_TEST_LOCATION_RUN_H

#include "location.h"
#include "store.h"

enum { RUN_KEYS = 12, RUN_SEGMENT_MS = 60000, RUN_RETRY_MS = 1000, RUN_LONG_S = 86400, RUN_SHORT_S = 30 };

/* What a binding became by one change. Steps are disk_count() at that time. */
struct run_version {
	uint32_t cseq;
	bool bound, failed;
	int64_t expires_wall_ms;
	size_t asked;
	size_t acked;                   /* SIZE_MAX: never */
	size_t void_from;               /* answered 500, and taken back for good; SIZE_MAX: never */
	int partner;                    /* version of the user's other binding that came with it; -1: none */
};

struct run_found {
	bool bound;
	uint32_t cseq;
	int64_t expires_wall_ms;
};

struct run {
	const char *folder;
	bool refuse;
	bool unreadable;                /* a start could not read what is there: it may have lost what it promised before */
	uint64_t random;
	struct location *loc;
	struct loop *loop;
	uint32_t cseq;
	unsigned waiting;
	struct run_key {
		struct run_version *list;
		unsigned count, room;
	} keys[RUN_KEYS];
};

/* What is found in the folder is where it starts from. False: it did not open, *why says it. */
bool run_start(struct run *r, const char *folder, uint64_t seed, bool refuse, char *why, size_t why_size);
void run_steps(struct run *r, unsigned count, bool with_failures);
void run_register(struct run *r, unsigned key, uint32_t expires_s);     /* answered when it returns */
/* One burst of REGISTERs, all answered when it returns. */
void run_burst(struct run *r, unsigned most);
/* One binding is found dead. */
void run_drop(struct run *r);
/* After whatever failed: time goes on until the store is durable again. */
void run_heal(struct run *r);
/* Close and open it again in an orderly way; after false it may be tried again. */
bool run_restart(struct run *r, char *why, size_t why_size);
void run_close(struct run *r);          /* promises stay */
void run_free(struct run *r);

/* What is in memory is what was said last, but for what failed. Fails the test if not. */
void run_check_memory(struct run *r);
/* Read the folder as a starting store does. False: a segment was damaged, or it did not open: *why. */
bool run_recover(const char *folder, int64_t wall_ms, struct run_found found[RUN_KEYS], char *why, size_t why_size);
/* Is this what may be there after the first `step` steps? If not, *why says which binding and why. */
bool run_keeps_promises(const struct run *r, size_t step, int64_t wall_ms, const struct run_found found[RUN_KEYS], char *why,
                        size_t why_size);

#endif
