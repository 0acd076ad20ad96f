/* SPDX-License-Identifier: Apache-2.0 */
/* moves.h - who has moved, where their calls go now, and who said so. RFC 3261 §21.3.2.
 *
 * One entry an old address. The operator writes entries with `sluice move`, also while no server runs; a running server learns
 * some from 301 (move_rules.h says from whom). The file in the state folder is the truth between processes, and every
 * row in it carries a revision: whoever writes takes the next one, whoever reads takes what is newer than the last it saw, so that a
 * server follows `sluice move` without reading everything again. Look-ups go to memory: striped locks held for
 * microseconds, results copied into the caller's arena. Time comes from the caller. */
#ifndef SLUICE_MOVES_H
#define SLUICE_MOVES_H

#include "arena.h"
#include "str.h"
#include <stdbool.h>
#include <stdint.h>

struct moves;

enum move_origin {
	MOVE_OPERATOR,                  /* `sluice move add`, or what was learned and then pinned: no cap, no doubt, no suspension */
	MOVE_PHONE,                     /* a 301 of the user's own phone */
	MOVE_DOMAIN                     /* a 301 of the domain that the old address is in, over verified TLS */
};
enum move_state {
	MOVE_ACTIVE,
	MOVE_SUSPENDED,                 /* the user has registered since: calls go to the phone */
	MOVE_DOUBTED,                   /* a target failed: calls go to the old address, until somebody says it again */
	MOVE_WAITING                    /* learned by the rule `ask`: not used before the operator pins it */
};
enum move_way {
	MOVE_TELL,                      /* the caller is told: 301, 302 or 300 with the targets */
	MOVE_PROXY,                     /* the server goes there for him */
	MOVE_GONE                       /* no target: 410 */
};

#define MOVE_TARGETS_MAX 16
struct move_target {
	struct str uri;                 /* sip, sips or tel; without method and headers (sip_redirect.h) */
	int q;                          /* thousandths */
};
struct move {
	struct str key;                 /* sip_uri_aor_key of the old address; for a domain of ours aor.h's */
	struct str old_uri;             /* as it was said */
	struct move_target *targets;    /* by q, descending */
	unsigned target_count;
	enum move_origin origin;
	enum move_state state;
	enum move_way way;              /* learned ones: MOVE_PROXY */
	bool permanent;                 /* 301; else 302, which has a lifetime or is not remembered */
	struct str said_by;             /* the operator's system user, the AOR whose phone, the domain */
	struct str path;                /* over which authenticated path: "tls 192.0.2.7:5061 (new.example)"; operator: "" */
	int64_t said_wall_ms, expires_wall_ms;  /* expires 0: until removed */
	uint64_t hits;                  /* requests that it led */
	int64_t used_wall_ms;           /* the last of them; 0: none yet */
	unsigned last_status;           /* what the last of them got from the targets; 0: nothing yet */
};

struct moves_settings {
	const char *path;               /* "STATE/moves.db"; made when it is not there */
	unsigned max_learned;           /* 0: 100000. Past it nothing is learned */
};
/* Reads all that has not expired. -errno; *why says what to do. */
int moves_open(const struct moves_settings *s, int64_t wall_ms, struct moves **out, char *why, size_t why_size);
void moves_close(struct moves *m);      /* NULL is fine. What was learned is in the file before it returns */

/* --- look-ups: any thread --- */
/* One atomic load: false, nobody has moved at all. */
bool moves_any(const struct moves *m);
/* The entry of this key, whatever its state, when it has not expired. */
bool moves_find(struct moves *m, struct str key, int64_t wall_ms, struct arena *arena, struct move *out);
/* All entries, or that of one key (STR_NONE: all), in no order. Strings live until fn returns; no lock is held then. */
void moves_each(struct moves *m, struct str key, int64_t wall_ms, void (*fn)(void *user, const struct move *v), void *user);
struct moves_counts {
	uint64_t entries, learned, waiting;
	bool durable;                   /* false: the writer has failed; it tries again */
};
void moves_count(struct moves *m, struct moves_counts *out);

/* --- the operator's: any process; durable when they return, and seen by look-ups of this object at once --- */
/* A new entry; in place of a learned one too. -EEXIST: there is one of the operator's; -ELOOP: a target leads, by way of other entries,
 * to the old address or is it. -E2BIG: more than MOVE_TARGETS_MAX. state, said_wall_ms
 * (which is also the time now), hits are the caller's to fill. */
int moves_add(struct moves *m, const struct move *v);
int moves_remove(struct moves *m, struct str key);      /* whoever said it; -ENOENT */
int moves_forget(struct moves *m, struct str key);      /* a learned one; -ENOENT: none, -EPERM: it is the operator's */
int moves_forget_all(struct moves *m, uint64_t *count);  /* all that was learned */
/* A learned one becomes the operator's: active, kept until removed. -ENOENT; 0 for one that is the operator's already. */
int moves_pin(struct moves *m, struct str key, struct str said_by, int64_t wall_ms);
/* Many new entries in one commit (bulk). Stops at the first that fails, *bad: nothing is added then. */
int moves_add_many(struct moves *m, const struct move *list, unsigned count, unsigned *bad);

/* --- the running server's: any thread, never wait; seen by look-ups at once, in the file soon after --- */
/* The writer's thread, before the others; -errno. Without it what is learned stays in memory. The file belongs to the table of descriptors where it was
 * opened: start, reload and the operator's functions are for threads that share it, the others for any. */
int moves_start(struct moves *m);
enum move_learned {
	MOVE_LEARNED,                   /* new, or in place of what was learned before (doubt and suspension end) */
	MOVE_KNOWN,                     /* the same is active already; its lifetime is renewed */
	MOVE_OPERATORS,                 /* the operator has an entry: nothing changed */
	MOVE_LOOP,                      /* a target leads back: nothing changed */
	MOVE_FULL                       /* max_learned: nothing changed */
};
enum move_learned moves_learn(struct moves *m, const struct move *v);
/* A learned one is told off: expires=0 in a 301 clears it. False: there was none. */
bool moves_unlearn(struct moves *m, struct str key);
/* Learned ones only: the operator's stay as they are. False: no such entry, or it is so already. */
bool moves_doubt(struct moves *m, struct str key);
bool moves_suspend(struct moves *m, struct str key);    /* learned of a phone only */
/* It led a request, which its targets answered with this. In the file within half a minute. */
void moves_used(struct moves *m, struct str key, int64_t wall_ms, unsigned status);
/* Take over what another process wrote (cheap when nothing; it waits while a change is being written). -errno keeps what is known. */
int moves_reload(struct moves *m, int64_t wall_ms);
/* Drop what has expired; looks at `at_most` entries, going on where the last call ended. */
unsigned moves_expire(struct moves *m, int64_t wall_ms, unsigned at_most);

#endif
