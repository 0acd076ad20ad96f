/* SPDX-License-Identifier: Apache-2.0 */
/* proxy_private.h - what the files of the proxy share.
 *
 * A response context (RFC 3261 §16.7) holds groups; a group is one phone instance, or one next hop with
 * its alternatives. A group has one branch that counts, and moves through its targets as they fail. A branch that stays silent
 * is replaced by the next target and stays open, abandoned: it may still answer, and whoever rings first counts. */
#ifndef SLUICE_PROXY_PRIVATE_H
#define SLUICE_PROXY_PRIVATE_H

#include "codes_best.h"
#include "proxy.h"
#include "sip_edit.h"
#include "sip_redirect.h"

struct hop_state {                      /* of one hop of one route; all workers */
	_Atomic bool down;
};
struct proxy_shared {
	struct hash_key loop_key;
	const struct policy *policy;
	struct hop_state *hops;         /* routes' hops one after the other */
	unsigned *first_hop;            /* of each route, index into hops */
	_Atomic unsigned turn;          /* shares equal hops out */
};

struct proxy {
	struct proxy_setup s;
	struct list contexts;
	struct list acks;               /* waiting for DNS */
	struct list probes;
	struct list flow_probes;
	unsigned flow_probe_count;
	struct list rescued;            /* rescue.c's */
	unsigned rescued_count;
	unsigned live;
	struct arena work;              /* for one build or decision; emptied after it (work_reset) */
	char work_block[8192];
	struct buf text;                /* a string in the making: work_str takes it */
	struct buf out;
	struct proxy_counts counts;
};
void work_reset(struct proxy *px);
/* What px->text holds, in the work arena; px->text is empty then. */
struct str work_str(struct proxy *px);

/* --- where a request can go --- */
struct target {
	struct str ruri;                /* the Request-URI as it leaves */
	struct str route;               /* Route values put on top, a comma list; n == 0: none */
	struct flow_ref flow;           /* over this flow; none: resolve `next` */
	struct str next_text;
	struct sip_uri next;
	const struct binding *binding;  /* what it was made from; NULL: not from location */
	const struct route *trunk;      /* the route it came from; NULL: none */
	const struct route_hop *trunk_hop;
	uint64_t registration;          /* of the phone behind `flow`, when a token says it; 0: `binding` does, if anything */
	bool used;                      /* a branch has it, or had it and it is not tried again */
	bool deferred;                  /* its next hop is known to be down, its flow to be silent: after all others */
	bool token_flow;                /* the flow comes from a token: when it is gone, that is a 430 */
	bool rescued;                   /* in a dialog: not where its route set leads */
	bool rerouted;                  /* what is left of the route set is dropped */
	bool entry;                     /* an entry of the table of moves led to it */
	const struct target *because;   /* the target whose 3xx named it; NULL: none did */
	unsigned because_status;
	struct str mapped;              /* rc, mp or np of that Contact, as it was */
	struct str diverted_by;         /* the address whose redirect or entry led to it; n == 0: none */
	unsigned ordinal;               /* of its entry in History-Info; 0: none yet */
	bool node;                      /* the next hop is an edge or another server: when it fails, no binding is to blame */
};

struct group {
	struct group *next;             /* in context->groups */
	struct context *cx;
	struct target **targets;        /* in the order to try; they stay where they are when some are added */
	unsigned count;
	unsigned rank;                  /* groups of one rank run together; they are neighbours in the list */
	int q;                          /* of its targets; a redirect's Contact has its own, redirect.c */
	bool started;                   /* nothing is to be started now */
	bool over;                      /* and never will */
	bool rang;                      /* a branch of it gave 101-199: that one counts */
	bool flow_lost;                 /* a flow ended after the request had left on it: the phone may still hold it */
	unsigned copies;                /* how often the request was started for it */
	unsigned merged;                /* how often it said 482 for that reason */
	struct loop_timer retry;        /* tries the same target again after such a 482 */
	struct loop_timer look;         /* looks whether the silent phone has another flow by now */
	unsigned depth;                 /* redirects that led to it; 0: the request's own address did */
	struct sip_uri address;         /* depth > 0: the address that they named */
	bool answered_challenge;        /* a trunk's challenge was answered once, */
	struct str credentials;         /* with this row */
};

struct rehearsal {
	void (*step)(void *user, const struct move_step *s);
	void *user;
};

struct context;
struct branch {
	struct list node;               /* in context->branches */
	struct context *cx;
	struct group *group;
	struct target *target;
	struct txn_client *client;      /* NULL: resolving, or over */
	struct resolve *ask;            /* NULL: not resolving */
	struct hop *hops;               /* what it resolved to; NULL: a flow */
	unsigned hop_count, hop_at;
	struct loop_timer timer_c;
	bool open;                      /* may still give a final response */
	bool cancelled;
	bool rang;                      /* gave 101-199 */
	bool abandoned;                 /* silent, and replaced by the next target of its group */
	bool lost;                      /* cancelled because another of its group rang, not because its time was over */
};

/* A question to DNS; in the request's arena, so that a branch without one stays small. */
struct pending_resolve {
	struct resolve ask;
	struct branch *branch;
};

struct context {
	struct list node;
	struct proxy *px;
	struct arena *arena;            /* the request's; NULL once a final answer was given */
	struct txn_server *st;          /* NULL: answered, or dropped */
	const struct sip_msg *msg;      /* the request; NULL once a final answer was given */
	bool invite;
	struct route_view view;
	const struct user *caller;      /* authenticated; NULL: a peer, a token, or nobody */
	struct str caller_aor;          /* the key of his address in From */
	unsigned rights;
	struct location_ask ask;
	bool asking;
	struct group *groups;           /* in the order in which they start */
	struct group **groups_at;       /* where the next ones go into that list */
	unsigned ranks;                 /* the last rank given */
	unsigned rank_floor;            /* a new group joins no rank below this one */
	struct list branches;           /* of struct branch */
	struct branch branch;           /* the first of them: most requests need no other */
	unsigned open;                  /* branches that may still give a final response */
	unsigned retries;               /* groups whose retry timer runs */
	struct loop_timer timer;        /* ends the wait for silent branches: replaced ones, and those cancelled */
	unsigned breadth_total, breadth;        /* what came in, and each branch's share (RFC 5393 §5.3.3) */
	uint64_t loop_hash;
	bool cancelled, stopped;        /* CANCEL came; a 6xx came */
	struct seen *seen;              /* redirect.c: addresses that this request has been to; NULL: it was not redirected */
	unsigned redirected;            /* how many addresses redirects and entries have added */
	struct str moved;               /* the entry that leads it (its key); n == 0: none */
	bool moved_learned;
	struct str told;                /* Contact rows of the 3xx that we make */
	unsigned ordinals;              /* the last one given in History-Info */
	const struct rehearsal *rehearsal;      /* nothing is sent or counted, decisions are told; NULL: it is a request */
	bool flow_failed;               /* at least one flow was dead: 480, not 430 (OB-84) */
	bool sips_only;                 /* targets were left out because they are not secure */
	struct packet *best;            /* the best final response so far */
	unsigned best_status;           /* of best, or made here (408, 480, 503); 0: none */
	struct packet **challenges;     /* 401 and 407 of all branches (PX-36) */
	unsigned challenge_count;
};

/* admit.c: may this request pass? 0: yes, and *out says for whom; it lives in the packet's arena. Otherwise the
 * request was answered (a status) and the packet is the caller's to free. */
struct admission {
	unsigned rights;                /* of the neighbour who sent it */
	const struct user *caller;      /* authenticated; NULL: a peer, a token, or nobody */
	struct str aor;                 /* the key of the caller's address in From */
};
unsigned admit(struct proxy *px, struct packet *p, const struct route_view *view, struct admission *out);

/* May the request go to this address that a URI led to? In a dialog a stranger's token opens the way to the phone that its
 * flow names and to neighbours of ours: Request-URI and Route are his to choose, and would make us his relay (PX-10). And what
 * listens on a loopback address of this host trusts whoever reaches it: no URI leads there from outside. */
bool may_reach(const struct context *cx, const struct flow_ref *from, const struct target *t, const struct addr *hop);

/* group.c: what becomes of a group's branches. */
/* The next target to try; NULL: none is left. */
struct target *group_next(const struct group *g);
/* Is there one, known already or found now (rescue_targets)? */
bool group_more(struct context *cx, struct group *g);
/* Room for `count` more targets at the end; the first of them. Those that are there stay where they are. */
struct target *group_add(struct context *cx, struct group *g, unsigned count);
/* A branch of it has ended, or was replaced: go on with the next target, wait for an abandoned one, or end it. */
void group_settle(struct context *cx, struct group *g);
/* This branch rings: it is the one that counts from now on, and the others are cancelled. */
void group_follow(struct branch *b);
/* A 482: the phone has the request from another branch of ours already. True when it is neither the phone's answer nor
 * the end of the group. */
bool group_merged(struct context *cx, struct branch *b);
/* Nothing was heard of this branch for too long. */
void group_silent(struct context *cx, struct branch *b);
/* The phone has answered: whatever else was sent to it is cancelled. */
void group_end(struct group *g);
/* May further flows of its phone turn up later (rescue_targets, targets_again)? */
bool group_may_grow(const struct group *g);
/* The branch that counts is silent: the next target takes its place, and it stays open. */
void group_replace(struct context *cx, struct group *g);
/* No group starts anything any more. */
void groups_end(struct context *cx);
/* Branches that are silent when this time comes are given up: those that were replaced, or all once the request was cancelled. */
void context_wait(struct context *cx, int64_t until_ms);
/* What an edge says in the Warning of a 100 to the home that asked for a flow which stays silent. */
#define FLOW_SILENT "399 sluice \"flow silent\""

/* targets.c: fill cx->groups. 0, or the status to answer with; TARGETS_LATER: location answers later, by
 * context_targets_found. */
#define TARGETS_LATER 1u
unsigned targets_find(struct context *cx);
unsigned targets_from_location(struct context *cx, const struct target_set *set);
/* How a binding is reached, in *t; false: it cannot be. */
bool target_of_binding(struct context *cx, struct target *t, const struct binding *b);
/* May a request with this Request-URI's scheme go to that binding's? */
bool target_may_be_used(struct context *cx, const struct target *t);
/* The bindings of an address, when they are known at once. */
bool target_find_bindings(struct proxy *px, struct str aor, struct arena *arena, struct target_set *out);
/* Every address that the branch's target led to is known to be down, and another target can go first: this one is put off. */
bool target_defer(struct branch *b);
/* Nothing was heard over this target's flow, or through its Path: it is tried last from now on, and probed. */
void target_suspect(struct context *cx, const struct target *t);
/* The route's hops in the order to try. */
struct group *group_of_route(struct context *cx, const struct route *r, struct str ruri_text, const struct sip_uri *ruri);

/* Groups for an address that a redirect or an entry named, at cx->groups_at. 0, or what it counts as when there are none. */
unsigned targets_of_uri(struct context *cx, struct str text, const struct sip_uri *uri);

/* redirect.c: those who moved. */
#define REDIRECT_NONE 1000u
/* Has the user moved whom the request is for? REDIRECT_NONE: no; 0: groups are there; else the answer, with cx->told when it is 3xx. */
unsigned redirect_by_entry(struct context *cx, struct str aor, bool is_user);
/* What a redirect server answers: 302, with cx->told; 0: none of the user's phones can be told of. */
unsigned redirect_to_bindings(struct context *cx, const struct target_set *set);
/* A branch got a 3xx. TAKEN: all that it names is gone to, and it is no answer any more (RD-38); PARTLY: what is left of it is one. */
enum redirect_fate { REDIRECT_PASSED, REDIRECT_TAKEN, REDIRECT_TAKEN_PARTLY };
enum redirect_fate redirect_follow(struct context *cx, struct branch *b, const struct packet *p);
bool redirect_seen(const struct context *cx, const struct sip_uri *uri);
/* All that a learned entry led to has failed: the old address, once. True: groups are there. */
bool redirect_fall_back(struct context *cx);
void redirect_ended(struct context *cx, unsigned status);       /* what the caller is told at last */

/* history.c: RFC 7044. */
bool history_asked(const struct context *cx);
struct str history_index(const struct context *cx);     /* of the entry for the Request-URI that came */
bool history_is_index(struct str s);                    /* digits and dots: what others write is copied only then */
void history_add(struct context *cx, struct sip_edit *e, struct target *t);

/* rescue.c: requests in a dialog whose way to the phone is gone. */
/* More targets for this group, found by the registration that the dialog's token names; false: there are none. Fine to call
 * again when those have failed. */
bool rescue_targets(struct context *cx, struct group *g);
/* Only another flow of the phone on this node: true when there is one that is not silent. */
bool rescue_sibling(struct context *cx, struct group *g);
/* What a dead flow is called towards whoever sent this request: to a home that can try the next flow 430, to an endpoint never
 * (OB-84); in a dialog 500 while the phone may come back, else 481. */
unsigned rescue_status(const struct context *cx);
/* A 2xx to an INVITE came this way: the ACK follows it. NULL: it takes the usual way. */
void rescue_remember(struct context *cx, const struct branch *b);
struct target *rescue_recall(struct context *cx);
void rescue_forget_all(struct proxy *px);

/* registered.c: a home's 200 to a REGISTER that went through us. */
void registered_note(struct context *cx, const struct packet *ok);

/* routes.c */
bool is_ours(const struct proxy *px, const struct sip_uri *uri);
/* PX-09. The new text lives in the packet's arena. */
void strip_own_maddr(const struct proxy *px, struct packet *p, struct route_view *v);
/* The key of an address: a user's of ours under all its spellings, else as written. */
struct str aor_of(const struct proxy *px, const struct sip_uri *uri, struct arena *arena);

/* forward.c: the request as this branch sends it, over `flow`. */
struct wire *forward_build(struct context *cx, const struct branch *b, const struct flow_ref *flow, struct str branch_id);
/* The loop hash over what the routing decision depends on (RFC 5393 §4.2.2), and whether one of our Via values below has
 * the same. */
uint64_t loop_hash(const struct proxy *px, const struct sip_msg *m, const struct route_view *view);
bool loop_found(const struct proxy *px, const struct sip_msg *m, uint64_t hash);
#define BRANCH_ID_SIZE (TXN_BRANCH_SIZE + 1 + 16)
void branch_id_make(struct proxy *px, uint64_t hash, char out[BRANCH_ID_SIZE]);
/* Our Via value for a flow; in the work arena. */
struct str via_value(struct proxy *px, const struct flow_ref *flow, struct str branch_id);

/* again.c: flows that the group's phone registered since its targets were found. True when there is one to try. */
bool targets_again(struct context *cx, struct group *g);
/* Look for such a flow once a second, as long as the group is silent. */
void group_look(struct context *cx, struct group *g);

/* An edge lets strangers through to the home, which asks who they are. Until then the address in From is a claim, and stands in
 * tokens as one: it opens no way to a phone, and lets nobody through. */
static inline uint64_t claim_of(uint64_t address) { return ~address; }
/* record_route.c: our values in the request that goes to t over `out`. */
void record_route_add(struct context *cx, struct sip_edit *e, const struct target *t, const struct flow_ref *out);
void path_add(struct context *cx, struct sip_edit *e, const struct flow_ref *out);

/* challenge.c: true when the challenge was answered and the same target is to be tried again. */
bool challenge_answer(struct context *cx, struct branch *b, const struct packet *p);

/* response.c: what goes up. `status` may differ from the packet's (503 becomes 500). */
struct wire *response_build(struct context *cx, struct packet *p, unsigned status);

/* branch.c */
void branch_start(struct context *cx, struct group *g);                 /* the group's current target */
void branch_cancel(struct branch *b, struct str reason_row);
void branch_close(struct branch *b);                    /* it will give no final response any more */
void branch_free(struct branch *b);
/* It was cancelled in favour of another, and nothing of that has left: it may give a final response again. */
bool branch_reopen(struct branch *b);
bool branch_phone_spoke(const struct branch *b);        /* the phone itself: a 100 of an edge is the edge's own */
bool branch_was_heard(const struct branch *b);          /* any response, also 100 */

/* context.c: what branches report */
void context_response(struct context *cx, struct branch *b, struct packet *p);          /* takes the packet */
/* The target gave nothing final: `status` is what it counts as (408, 430, 503). */
void context_target_failed(struct context *cx, struct branch *b, unsigned status);
/* CANCEL every open branch, start no other; branches that said nothing yet are not waited for. */
void context_cancel(struct context *cx, struct str reason_row);
/* What a request without a better answer is told: the status, and whole rows or a phrase that belong to it. */
unsigned context_choose(const struct context *cx, struct str *phrase, struct str *extra);
void context_go_on(struct context *cx);                 /* start what may start; answer when all is over */
void context_free(struct context *cx);

/* proxy.c: share Max-Breadth out over the groups. */
void context_set_breadth(struct context *cx);

/* ack.c */
void acks_drop(struct proxy *px);

/* options.c: ask whether somebody is there. */
struct txn_client *options_send(struct proxy *px, const struct flow_ref *flow, struct str ruri, const struct txn_client_ops *ops,
                                void *user);

/* flow_probe.c: ask over a flow that became suspect, now and then, until it is heard or dead. */
void flow_probe(struct proxy *px, const struct flow_ref *flow, struct str ruri);
void flow_probes_stop(struct proxy *px);

/* probe.c */
void probes_start(struct proxy *px);
void probes_stop(struct proxy *px);
bool hop_is_down(const struct proxy *px, const struct route *r, unsigned hop);

#endif
