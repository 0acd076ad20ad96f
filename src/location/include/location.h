/* SPDX-License-Identifier: Apache-2.0 */
/* location.h - where each user agent can be reached right now, and who the users are.
 *
 * An AOR has instances, an instance has one flow per reg-id; a phone without outbound has bindings by
 * Contact URI. Location knows flow refs, never sockets; whether a flow lives is asked through a callback. Shared by all workers:
 * striped locks held for microseconds, results are copied into the caller's arena. Time comes from
 * the caller. Memory is the truth while the process runs; a journal makes each change durable before its
 * 200 leaves (store.h). RFC 3261 §10.3, RFC 5626 §6, §7, RFC 3327. */
#ifndef SLUICE_LOCATION_H
#define SLUICE_LOCATION_H

#include "arena.h"
#include "hash.h"
#include "loop.h"
#include "sip.h"
#include "transport.h"

struct location;
struct binding;
struct change;
struct store;

struct location_settings {
	struct store *store;            /* taken; NULL: memory only */
	/* Any thread, under a stripe lock: one atomic load. NULL: every flow lives. */
	bool (*flow_alive)(void *user, const struct flow_ref *flow);
	/* Any thread, under a stripe lock: is the flow silent (transport_flow_is_suspect)? Such bindings sort last. NULL: none is. */
	bool (*flow_suspect)(void *user, const struct flow_ref *flow);
	/* While recovering: b->flow, a UDP flow of an earlier run, finds its socket among today's listeners; false: none has its
	 * address, so the flow is lost. NULL: as it was. */
	bool (*flow_restore)(void *user, struct binding *b);
	void *user;
	unsigned max_contacts;          /* bindings of one AOR [16] */
	bool replace_oldest;            /* past the limit, when none is unreachable (those go first), the oldest binding of a
	                                 * non-outbound phone makes room [true]; else the request is refused */
};
void location_settings_init(struct location_settings *s);
/* Reads the store's live bindings and starts the store; takes it in every case. A binding over a stream of an earlier boot is kept as flow-lost: it
 * guards Call-ID and CSeq order and is listed, but is no target. wall_ms: now. -errno; *why then says what to do. */
int location_new(const struct location_settings *s, int64_t wall_ms, struct location **out, char *why, size_t why_size);
/* Closes the store after its last commit. No REGISTER may wait for its `done` any more: one that does is not told. NULL is fine. */
void location_free(struct location *loc);

/* The one spelling of an instance-id: "urn:UUID:F81D..." becomes "urn:uuid:f81d...", other URNs lose the case that has no
 * meaning (OB-75). Without quotes and <>. Slices of it where nothing changes. */
struct str location_instance(struct str instance, struct arena *arena);
/* The same of a value of +sip.instance as it stands in a Contact: quoted, with or without <>. */
struct str location_instance_of(struct str value, struct arena *arena);

/* --- one binding, as copied to callers; strings live in the caller's arena --- */
/* FLOW_LOST only in listings: over a stream of an earlier boot, or over one that has closed since. */
enum binding_state { BINDING_LIVE, BINDING_FLOW_LOST };
struct binding {
	struct str aor;                 /* sip_uri_aor_key */
	struct str instance;            /* canonical ("urn:uuid:..." in lower case); n == 0: none */
	uint32_t reg_id;                /* 0: not an outbound binding */
	struct str contact;             /* the URI as registered */
	struct str contact_params;      /* header parameters as received but expires; ";q=0.5;+sip.instance=..." or empty */
	struct str path;                /* Path values as one comma list, first on top; n == 0: none */
	struct str call_id, user_agent;
	uint32_t cseq;
	int q;                          /* thousandths [1000] */
	int64_t expires_wall_ms, updated_wall_ms;
	struct flow_ref flow;           /* how it came, when directly; flow_ref_none: reached through path or contact */
	bool via_flow;                  /* send over `flow`, not by resolving the contact (outbound, NAT, any stream) */
	bool suspect;                   /* silent lately: sorted behind the others of its instance */
	enum binding_state state;
	uint64_t id;                    /* names this version of this binding: see location_drop */
};

/* --- REGISTER --- */
struct contact_update {
	struct str contact, contact_params, instance;   /* as in struct binding; instance by location_instance */
	struct sip_uri uri;             /* of contact: plain bindings are found by URI equality (RG-23) */
	uint32_t reg_id;                /* with instance: the key is AOR + instance + reg-id, the URI is not compared (OB-69) */
	int q;
	uint32_t expires_s;             /* 0: remove */
};
enum location_result {
	LOCATION_DONE,                  /* applied (also when there was nothing to remove); `done` follows when it is durable */
	LOCATION_STALE,                 /* same Call-ID, CSeq not higher: nothing changed (RG-24, RG-14) */
	LOCATION_FULL,                  /* max_contacts: nothing changed (RG-28) */
	LOCATION_UNCHANGED              /* a plain fetch: `after` is filled, no `done` follows */
};
/* Whoever waits for a change to be durable; the caller's until `done`. */
struct location_wait {
	struct loop *loop;
	/* Durable (err 0) or not (-errno: the change was taken back unless something newer came; answer 500). On `loop`'s
	 * thread, exactly once, never inside the call. */
	void (*done)(struct location_wait *self, int err);
	/* location's own */
	struct loop_task task;
	struct location_wait *next;     /* of the same commit and loop */
	struct change *change;
	int err;
};
struct location_update {
	/* asked */
	struct str aor;
	bool star;                      /* Contact: *  with Expires: 0 */
	const struct contact_update *contacts;
	unsigned contact_count;         /* 0 and no star: a fetch */
	struct str path, call_id, user_agent;
	uint32_t cseq;
	struct flow_ref flow;           /* flow_ref_none when it came through an edge */
	bool via_flow;
	int64_t wall_ms;
	struct arena *arena;            /* `after` is made here */
	struct location_wait *wait;     /* told when it is durable; a fetch needs none */
	/* answer: all live bindings of the AOR after the change, newest first; without path, call_id and user_agent */
	struct binding *after;
	unsigned after_count;
};
/* location_register is called soon for each of these, in any order: have what it will look at on its way from memory, for all of them
 * at once. Changes nothing. */
void location_foresee(struct location *loc, struct location_update *const *updates, unsigned count);
/* All contacts of the request, or none (RG-09). Also checks the AOR's flows: a binding whose flow died
 * between arrival and now is not left as live. */
enum location_result location_register(struct location *loc, struct location_update *u);

/* --- finding targets --- */
struct target_instance {                /* one phone: its flows are tried one after the other (OB-80) */
	struct binding *flows;          /* best first: suspects last, then most recently registered first (OB-90) */
	unsigned flow_count;
	int q;                          /* the highest of its flows */
};
struct target_set {
	struct target_instance *instances;      /* by q, descending; then most recently registered */
	unsigned instance_count;
	bool known_flow_lost;           /* nothing live, but bindings whose flow was lost with an earlier boot: 480 with Retry-After */
};
enum location_answer { LOCATION_NOW, LOCATION_LATER };
struct location_ask {
	struct str aor;
	int64_t wall_ms;
	struct arena *arena;
	struct loop *loop;
	void (*done)(struct location_ask *self, struct target_set *out);
};
/* The live flows of an AOR, grouped by instance, best first; the same instance without reg-id counts as one phone
 * too; a URI is there once (PX-12). LOCATION_NOW: *out is filled, living in ask->arena. LOCATION_LATER (a shared
 * store only): the answer comes exactly once, as a completion on the caller's loop, unless
 * location_forget(ask) comes first. */
enum location_answer location_find(struct location *loc, struct location_ask *ask, struct target_set *out);
void location_forget(struct location *loc, struct location_ask *ask);

/* A flow of this binding proved dead (430, closed): take the binding out, if it is still this version. Durable in
 * its own time; nobody waits. True when it was there. */
bool location_drop(struct location *loc, struct str aor, uint64_t binding_id, int64_t wall_ms);
/* This binding stayed silent: it sorts last until `until_wall_ms`, or until a newer version of it is registered. For bindings
 * over Path, whose flow nobody here can hear; a flow of our own is suspected by transport_flow_suspect. Not durable. until 0
 * clears it. */
void location_suspect(struct location *loc, struct str aor, uint64_t binding_id, int64_t until_wall_ms);
/* Drop what has expired, within a second of its time; call about once a second. Looks at `at_most` AORs; returns how many. */
unsigned location_expire(struct location *loc, int64_t wall_ms, unsigned at_most);

/* --- listing: all bindings, or those of one AOR (STR_NONE: all). Strings live until fn returns; fn
 * runs without a lock held. --- */
void location_list(struct location *loc, struct str aor, int64_t wall_ms, void (*fn)(void *user, const struct binding *b), void *user);
struct location_counts {
	uint64_t aors, bindings, flow_lost, commits, commit_errors, journal_rows, pending;
	bool durable;                   /* false: the store failed, or there is none */
};
void location_count(struct location *loc, struct location_counts *out);

#endif
