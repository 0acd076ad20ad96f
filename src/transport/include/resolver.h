/* SPDX-License-Identifier: Apache-2.0 */
/* resolver.h - from a URI to the addresses to try, in order (RFC 3263: NAPTR, SRV, A/AAAA).
 *
 * One resolver a worker; c-ares underneath, nothing blocks. Answers are cached by their TTL, also
 * negative ones; while no server answers, records serve on past their TTL (RFC 8767). RFC 2782 order: priority,
 * then weighted chance. A name in the hosts file is answered by it alone, without NAPTR and SRV. An ask
 * gives at most 16 hops; it is answered after timeout_ms when some hops are known by then, and after
 * timeout_ms * tries in any case. */
#ifndef SLUICE_RESOLVER_H
#define SLUICE_RESOLVER_H

#include "transport.h"

/* Hops that failed lately: what one worker learns holds for all. Any thread; made before the resolvers, freed after them. */
struct penalties;
struct penalties *penalties_new(void);
void penalties_free(struct penalties *p);               /* NULL is fine */

struct resolver;
struct resolver_settings {
	struct str servers;             /* "127.0.0.1:5353,..."; STR_NONE: the system's resolv.conf */
	unsigned timeout_ms;            /* one try [1000] */
	unsigned tries;                 /* [3] */
	unsigned negative_s;            /* how long "no such name" is kept at most [30] */
	unsigned max_entries;           /* cache [10000] */
	struct str hosts;               /* names looked at before DNS [/etc/hosts]; STR_NONE: localhost alone */
	struct penalties *penalties;    /* borrowed; NULL: this resolver's own [NULL] */
	bool ipv4, ipv6;                /* addresses that we have listeners for: others are not asked for [both] */
};
void resolver_settings_init(struct resolver_settings *s);
int resolver_new(struct loop *loop, const struct resolver_settings *s, struct resolver **out);     /* -errno */
void resolver_free(struct resolver *r);         /* unanswered asks are dropped without a call */

enum resolve_status {
	RESOLVE_OK,                     /* hops has at least one */
	RESOLVE_NONE,                   /* the name, or a transport we have for it, does not exist: 404-like, 480/503 by the caller */
	RESOLVE_FAILED                  /* DNS did not answer: 503-like */
};

/* One question; zeroed by the caller, in whom it lives until answered or forgotten. */
struct resolve {
	struct sip_uri uri;             /* host, port, scheme, transport, maddr are looked at */
	struct str text;                /* keeps the URI alive: in `arena` */
	struct arena *arena;            /* answers are made here; must outlive the ask */
	bool prefer_stream;             /* too large for UDP (TP-10): TCP before UDP where the URI leaves it open */
	void (*done)(struct resolve *self);     /* only after RESOLVE_LATER; exactly once, never inside resolver_ask */
	/* answer */
	enum resolve_status status;
	struct hop *hops;
	unsigned count;
	/* resolver's own */
	struct list node;
	void *query;
	uint64_t number;
};
enum resolve_when { RESOLVE_NOW, RESOLVE_LATER };
/* Numeric hosts and cached names answer RESOLVE_NOW (status, hops, count are filled). An explicit transport
 * or port is honoured by RFC 3263 §4.1, §4.2; sips: gives only TLS; hops that lie in a penalty (below) go last. */
enum resolve_when resolver_ask(struct resolver *r, struct resolve *ask);
void resolver_forget(struct resolver *r, struct resolve *ask);          /* no call any more; fine when not pending */

/* A hop failed, or sent 503 with Retry-After (TX-29): put it last until then, an hour at most. */
void resolver_penalise(struct resolver *r, const struct hop *hop, int64_t until_ms);
bool resolver_penalised(struct resolver *r, const struct hop *hop, int64_t now_ms);

#endif
