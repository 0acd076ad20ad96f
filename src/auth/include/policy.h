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
	struct str *aliases;                    /* other names of the domain (also addresses), lower case */
	unsigned alias_count;
	bool open_registration;                 /* anybody may register anything: for a laboratory [false] */
	bool inbound_from_anyone;               /* strangers may call our users [false: only users and peers] */
};

/* What a neighbour may do, by address or by the name in its verified TLS client certificate. */
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
	struct str domain;                      /* matches this host; n == 0: not by domain */
	struct str prefix;                      /* matches user parts that are numbers ("+7", "00"); n == 0: not by number */
	bool by_prefix;                         /* prefix counts (it may be empty: every number) */
	struct route_hop *hops;
	unsigned hop_count;
	unsigned strip;                         /* digits taken off the front */
	struct str add;                         /* digits put in front */
	bool to_hop_domain;                     /* by number: the Request-URI's host becomes the hop's (a gateway) */
	struct str username, password;          /* to answer the next hop's challenges; n == 0: none */
	bool from_anyone;                       /* strangers may use it: an edge in front of a home that asks for credentials itself */
	unsigned probe_s;                       /* OPTIONS this often; a hop that does not answer goes last; 0: no probe */
};

struct policy {
	struct arena arena;                     /* all of it lives here */
	struct domain *domains;
	unsigned domain_count;
	struct peer *peers;
	unsigned peer_count;
	struct route *routes;
	unsigned route_count;
};

/* The domain of ours that a host names, by name or alias; NULL: not ours. A trailing dot and case
 * make no difference; IPv6 with or without brackets. */
const struct domain *policy_domain(const struct policy *p, struct str host);
/* The rights of a source: all that match, together. peer_names as in struct packet. */
unsigned policy_rights(const struct policy *p, const struct addr *source, struct str peer_names);
/* The route for a Request-URI: by domain for a host that is not ours; by number for a tel URI, or for a user
 * part of digits ('+' first allowed) at a host that is ours and is no user. NULL: none. `number` tells whether to look by number. */
const struct route *policy_route(const struct policy *p, const struct sip_uri *ruri, bool number);
/* The number after strip and add; in the arena. */
struct str route_number(const struct route *r, struct str number, struct arena *arena);

#endif
