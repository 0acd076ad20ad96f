/* SPDX-License-Identifier: Apache-2.0 */
/* resolver_private.h - the parts of the resolver, from the wire up.
 *
 *     resolver_answer.c   one DNS answer as records; pure
 *     resolver_order.c    RFC 2782 and NAPTR order; pure, the chance is handed in
 *     resolver_cache.c    questions with their last answer; time is a number
 *     resolver_hosts.c    names that this machine knows without DNS
 *     resolver_channel.c  c-ares on the loop
 *     resolver_plan.c     RFC 3263: which names to ask for, and what hops they give
 *     resolver_penalty.c  hops that failed lately
 *     resolver.c          asks: wait for what the plan misses, then answer */
#ifndef SLUICE_RESOLVER_PRIVATE_H
#define SLUICE_RESOLVER_PRIVATE_H

#include "hash.h"
#include "map.h"
#include "resolver.h"

#define RECORDS_MAX 64                  /* of one answer */
#define ALIASES_MAX 8                   /* CNAME after CNAME */
#define HOPS_MAX    16                  /* of one ask */
#define LOOKS_MAX   48                  /* names looked up for one ask */

/* --- answers --- */
enum dns_type { DNS_A = 1, DNS_AAAA = 28, DNS_SRV = 33, DNS_NAPTR = 35 };
enum dns_outcome {
	DNS_ANSWERED,                   /* records, an alias, or the certainty that there is nothing */
	DNS_REFUSED,                    /* a server answered, but not the question */
	DNS_SILENT                      /* no server answered */
};
struct dns_record {
	struct addr addr;               /* A, AAAA; without port */
	uint16_t rank, weight;          /* SRV: priority, weight; NAPTR: order, preference; lower rank first */
	uint16_t port;                  /* SRV */
	enum transport_kind kind;       /* NAPTR: the transport that its service means */
	struct str target;              /* SRV: the host, empty for "."; NAPTR: where the SRV records are */
};
struct dns_answer {
	unsigned refs;                  /* of one thread */
	enum dns_outcome outcome;
	uint32_t ttl_s;
	struct str alias;               /* the answer stands at another name, which must be asked for; else n == 0 */
	unsigned count;
	struct dns_record records[];    /* the names stand behind them */
};
/* Read a message. Never fails: what is no answer to this question is DNS_REFUSED. NAPTR records that are
 * not about SIP over a transport of ours, and names that no host has, are left out. */
struct dns_answer *dns_answer_read(const uint8_t *bytes, size_t n, enum dns_type type, struct str name);
struct dns_answer *dns_answer_empty(enum dns_outcome outcome);
struct dns_answer *dns_answer_of(const struct addr *addrs, unsigned count);
struct dns_answer *dns_answer_ref(struct dns_answer *a);
void dns_answer_unref(struct dns_answer *a);            /* NULL is fine */
/* Letters, digits, '-' and '_' in labels of 1..63, 253 in all, the last label no number: a name worth asking for. */
bool dns_name_ok(struct str name);

/* --- order. *chance is the state of a small generator: equal states give equal orders. --- */
void dns_order_srv(const struct dns_record **records, unsigned count, uint64_t *chance);
void dns_order_naptr(const struct dns_record **records, unsigned count, bool streams_first);
void dns_shuffle(const struct dns_record **records, unsigned count, uint64_t *chance);

/* --- cache --- */
struct dns_question {
	struct map_node node;
	struct list recent;             /* in dns_cache.recent, latest first */
	struct list waiting;            /* looks (resolver.c) */
	struct resolver *resolver;
	enum dns_type type;
	bool asking;                    /* on the wire: not evicted */
	struct dns_answer *answer;      /* the last one; NULL: none yet */
	int64_t fresh_until_ms, stale_until_ms;
	struct str name;                /* NUL-terminated */
};
struct dns_cache {
	struct map map;
	struct list recent;
	struct hash_key key;
	unsigned max;
	int64_t negative_ms;
};
void dns_cache_init(struct dns_cache *c, unsigned max, unsigned negative_s);
void dns_cache_fini(struct dns_cache *c);
/* The question, made when it is new; the one that was not used for longest goes. NULL when all that could go are
 * being asked. */
struct dns_question *dns_cache_question(struct dns_cache *c, enum dns_type type, struct str name);
/* Its answer while that may be used, else NULL. Borrowed. */
struct dns_answer *dns_cache_fresh(const struct dns_question *q, int64_t now_ms);
/* Take an answer. A failure does not displace records: those serve on for a while (RFC 8767). */
void dns_cache_store(struct dns_cache *c, struct dns_question *q, struct dns_answer *taken, int64_t now_ms);

/* --- hosts --- */
struct hosts;
struct hosts *hosts_new(struct str path);               /* STR_NONE: no file, localhost alone */
void hosts_free(struct hosts *h);
/* False: not a name of this machine's. True: *out (when not NULL) is a counted answer, maybe of no record. */
bool hosts_find(struct hosts *h, struct str name, enum dns_type type, int64_t now_ms, struct dns_answer **out);

/* --- channel --- */
struct dns_channel;
typedef void dns_channel_done(void *user, struct dns_answer *taken);    /* NULL: the channel was freed */
int dns_channel_new(struct loop *loop, const struct resolver_settings *s, struct dns_channel **out);
void dns_channel_free(struct dns_channel *c);
/* done comes exactly once, perhaps inside this call. */
void dns_channel_ask(struct dns_channel *c, enum dns_type type, const char *name, dns_channel_done *done, void *user);

/* --- penalties --- */
void penalties_add(struct penalties *p, const struct hop *hop, int64_t now_ms, int64_t until_ms);
bool penalties_hold(struct penalties *p, const struct hop *hop, int64_t now_ms);

/* --- one ask under way; lives in the ask's arena --- */
struct look {
	struct list node;               /* in query.looks */
	struct list waiting;            /* in dns_question.waiting while there is no answer */
	struct query *query;
	enum dns_type type;
	struct str name;
	struct dns_answer *answer;      /* counted; NULL: not yet */
};
struct query {
	struct resolver *resolver;
	struct resolve *ask;
	struct list ready;              /* in resolver.ready when nothing is waited for */
	struct list looks;
	unsigned look_count, waiting;
	bool planning;
	bool hurry;                     /* what has not come by now does not come */
	bool last_wait;                 /* patience runs for the last time */
	struct loop_timer patience;
	uint64_t chance;                /* where every draw of this ask begins */
	/* What a pass finds: */
	struct hop hops[HOPS_MAX];
	unsigned hop_count;
	bool missing, failed;
};
struct resolver {
	struct loop *loop;
	struct resolver_settings set;
	struct dns_channel *channel;
	struct dns_cache cache;
	struct hosts *hosts;
	struct penalties *penalties, *own;      /* own: NULL when they are shared */
	struct list asks;               /* resolve.node */
	struct list ready;              /* query.ready: to be planned again in a turn of their own */
	struct loop_timer deliver;
	bool *freed;                    /* set when resolver_free comes inside a callback */
	int probe6;                     /* a UDP socket that is never sent on; -1: no IPv6 here */
};
/* One pass over RFC 3263: fills hops, or sets missing after starting every look that can be started now. */
void plan_run(struct query *q);
/* What DNS (or this machine) says; NULL while it is being asked. Aliases are followed. Valid as long as the query. */
const struct dns_answer *query_look(struct query *q, enum dns_type type, struct str name);

#endif
