/* SPDX-License-Identifier: Apache-2.0 */
/* proxy.h - edge proxy and authoritative proxy: where a request may go, over which flow, and which
 * answer comes back. RFC 3261 §16, RFC 5626 §5 and §7, RFC 3327, RFC 5393, RFC 5658.
 *
 * One object a worker. A request that is let in gets a response context: targets grouped by phone
 * instance, one flow of an instance at a time; a flow that proves dead is replaced by the next one in the
 * same turn, and the caller notices nothing (OB-80..OB-89). */
#ifndef SLUICE_PROXY_H
#define SLUICE_PROXY_H

#include "auth.h"
#include "flow_token.h"
#include "location.h"
#include "move_rules.h"
#include "moves.h"
#include "policy.h"
#include "resolver.h"
#include "transaction.h"

struct proxy_settings {
	int64_t timer_c_ms;             /* per INVITE branch, restarted by 101-199 [185000] */
	unsigned max_breadth;           /* RFC 5393 [60] */
	unsigned max_targets;           /* branches of one request [32] */
	unsigned udp_limit;             /* a larger request prefers a stream, when no flow decides [1300] (TP-10) */
	/* What is heard of nothing for so long is suspect, and replaced by the next flow of its phone: an INVITE on a stream
	 * [1200], on UDP [2000], any other request [4500]. 0: never. */
	int64_t silent_stream_ms, silent_udp_ms, silent_other_ms;
	int64_t give_up_ms;             /* a replaced branch may still answer for so long after the request came [8000] */
	uint32_t flow_timer_s;          /* an edge writes it into the 2xx of an outbound registration; 0: not */
};
void proxy_settings_init(struct proxy_settings *s);

/* What all workers share: the key of the loop check, and which route hops answer. */
struct proxy_shared;
int proxy_shared_new(const struct policy *policy, struct proxy_shared **out);
void proxy_shared_free(struct proxy_shared *s);

struct proxy;
struct proxy_setup {
	struct proxy_settings settings;
	struct proxy_shared *shared;
	const struct policy *policy;
	struct loop *loop;
	struct txns *txns;
	struct transport *transport;
	struct transport_worker *transport_worker;
	struct resolver *resolver;
	struct location *location;
	struct users *users;
	struct moves *moves;            /* who has moved */
	const struct move_rules *rules; /* of redirects */
	struct auth_thread *auth;
	bool probes;                    /* this worker sends the OPTIONS probes of routes (one of them does) */
	bool (*mine)(void *user, struct str call_id);   /* would responses with this Call-ID come to this worker? */
	void *user;
};
int proxy_new(const struct proxy_setup *setup, struct proxy **out);
void proxy_free(struct proxy *px);      /* before txns_free; drops every context without an answer */

/* Our own Route values taken off, and what their tokens say (RFC 3261 §16.4, RFC 5626 §5.3). Made once per
 * request, before anything decides by the Request-URI. */
struct route_view {
	struct str ruri_text;           /* after undoing a strict router (PX-07), without a maddr of ours (PX-09) */
	struct sip_uri ruri;
	const struct domain *domain;    /* of ours, that the host of ruri names; NULL: none */
	unsigned own;                   /* our values on top that are to be removed */
	unsigned count;                 /* Route values that came, with `strict` (else nobody asks) */
	struct str next;                /* the Route value that is then on top; n == 0: none */
	bool dialog;                    /* a token made for this dialog was among them: the request belongs to a call that passed here */
	bool sender;                    /* a token of the sender's own side was among them: the next one with a flow says whom it is for */
	bool outgoing;                  /* it came over the flow of such a token, or a sibling's: one of ours speaks, and may say where to */
	bool path;                      /* a Path token was among them (asked by a home) */
	bool own_path_ob;               /* that Path value had ;ob */
	struct flow_ref flow;           /* incoming: the flow a token names; flow_ref_none: none */
	bool lost;                      /* incoming, but the flow that the token names is dead: only another one of the phone helps */
	uint64_t registration;          /* whose phone it is for, by the last token that says so; 0: none does */
	unsigned refuse;                /* 403 forged, 430 gone or unknown, 400 unreadable; 0: go on */
	bool strict;                    /* the Request-URI was ours and came from the last Route value, which goes too */
};
void proxy_look_at_routes(struct proxy *px, struct packet *p, struct route_view *out);

/* A request that is not for us to answer (packet taken): admitted or refused, then forwarded. */
void proxy_handle(struct proxy *px, struct packet *p, const struct route_view *view);
/* From txn_events and transport: as named there. */
void proxy_ack(struct proxy *px, struct packet *p);
void proxy_cancelled(struct proxy *px, struct txn_server *st, const struct packet *cancel);
struct wire *proxy_again(struct proxy *px, struct packet *p);

/* What would become of a call to this address (of a user of ours, say), without sending anything: each decision by its rule, then each
 * target in the order of trying (rule MOVE_RULE_COUNT: `from` is the Request-URI, `to` the flow or next hop), or the status that the caller
 * would get, with its Contact rows in `to`. Strings live until `step` returns. False: not a URI that a request can have. */
struct move_step {
	enum move_rule rule;
	struct str from, to;
	unsigned status;
};
bool proxy_rehearse(struct proxy *px, struct str uri, void (*step)(void *user, const struct move_step *s), void *user);

unsigned proxy_live(const struct proxy *px);            /* contexts without a final answer */
struct proxy_counts {
	uint64_t forwarded, answered, flow_failed, next_flow, refused, loops;
};
void proxy_count(const struct proxy *px, struct proxy_counts *out);

#endif
