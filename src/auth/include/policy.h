/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h - what may go where: domains, peers, routes. An immutable snapshot, made once from the
 * configuration and shared by all workers (DESIGN "Safe by default", PX-10). */
#ifndef SLUICE_POLICY_H
#define SLUICE_POLICY_H

#include "addr.h"
#include "arena.h"
#include "sip_uri.h"
#include "str.h"

/* A domain that we are responsible for: its users register here. The realm is its name. */
struct domain {
	struct str name;                        /* lower case */
	struct str key;                         /* policy_index's; see policy_domain_key */
	struct str *aliases;                    /* other names of the domain (also addresses), lower case */
	unsigned alias_count;
	bool open_registration;                 /* anybody may register anything: for a laboratory [false] */
	bool inbound_from_anyone;               /* strangers may call our users [false: only users and peers] */
	bool redirects;                         /* callers are told with 302 where its users are, instead of being taken there [false] */
};

/* What a neighbour may do, by address or by the name in its verified TLS client certificate. An entry with both
 * wants both; one with neither is nobody. */
enum peer_right {
	PEER_INBOUND = 1,                       /* call our users without credentials */
	PEER_RELAY = 2,                         /* send requests on to routes and foreign domains */
	PEER_PATH = 4,                          /* an edge or a home of ours: its Path is believed, our flow tokens are honoured from it */
	PEER_IDENTITY = 8                       /* its P-Asserted-Identity is believed, and ours is sent to it; may use From of our users */
};
struct peer {
	struct cidr block;                      /* bits 0 and family 0: not by address */
	struct str tls_name;                    /* n == 0: not by name */
	unsigned rights;
};

/* Where requests for somebody else go: the first entry that matches. */
struct route_hop {
	struct str uri;                         /* "sip:gw1.example.net:5080;transport=tcp" */
	struct sip_uri parsed;
	unsigned priority;                      /* lower first; equal ones are shared out in turn */
};
struct route {
	struct str domain;                      /* matches this host (not one of ours); n == 0: not by domain */
	struct str prefix;                      /* matches user parts that are numbers ("+7", "00"); n == 0: not by number */
	bool by_prefix;                         /* prefix counts (it may be empty: every number) */
	struct route_hop *hops;
	unsigned hop_count;
	unsigned strip;                         /* characters taken off the front; '+' is one */
	struct str add;                         /* put in front after that */
	bool to_hop_domain;                     /* by number: the Request-URI's host becomes the hop's (a gateway) */
	struct str username, password;          /* to answer the next hop's challenges; n == 0: none */
	bool diversion;                         /* a call that was redirected says who redirected it (RFC 5806): most gateways bill by it [false] */
	bool from_anyone;                       /* strangers may use it: an edge in front of a home that asks for credentials itself */
	unsigned probe_s;                       /* OPTIONS this often; a hop that does not answer goes last; 0: no probe */
};

struct policy_name;
struct policy {
	struct arena arena;                     /* all of it lives here */
	struct domain *domains;
	unsigned domain_count;
	struct peer *peers;
	unsigned peer_count;
	struct route *routes;
	unsigned route_count;
	struct policy_name *names;              /* policy_index's: NULL, domains are walked */
	unsigned name_count;
};

/* Put the hops of each route in the order of their priority, the names of the domains in one for look-ups, and make their keys
 * (in the policy's arena). Call it once, when the policy is complete and before it is shared. When two domains claim a name the first has it. */
void policy_index(struct policy *p);
/* The domain of ours that a host names, by name or alias; NULL: not ours. A trailing dot and case
 * make no difference; IPv6 with or without brackets, in any spelling. */
const struct domain *policy_domain(const struct policy *p, struct str host);
/* The same question for one domain. */
bool policy_domain_has(const struct domain *d, struct str host);
/* The domain as it stands in the key of an address (aor.h): its `key`, or made in the arena. */
struct str policy_domain_key(const struct domain *d, struct arena *arena);

/* The rights of a source: those of all entries that match, together. peer_names as in struct packet. */
unsigned policy_rights(const struct policy *p, const struct addr *source, struct str peer_names);

/* The telephone number in a URI: a tel URI's, or a user part of digits ('+' first allowed, parameters behind a ';'
 * ignored; visual separators only with ;user=phone). Escapes decoded, separators gone, in the arena. False: no number. */
bool policy_number(const struct sip_uri *uri, struct arena *arena, struct str *out);
/* The route for a Request-URI: the first entry that fits. By domain for a host that is not ours; an entry with domain
 * and prefix wants both. By number alone for a tel URI, and, when `number` says that it may be one (the caller
 * knows that it is no user), for a number at a host that is ours. NULL: none. */
const struct route *policy_route(const struct policy *p, const struct sip_uri *ruri, bool number);
/* What policy_number gave, after strip and add; in the arena. */
struct str route_number(const struct route *r, struct str number, struct arena *arena);

#endif
