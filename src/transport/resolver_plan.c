/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3263 §4 as one pass from the URI to hops. A pass runs on what is known; every name that it needs and does not
 * know is asked for, all at once, and when the answers are there the pass is run again from the start. Each
 * draw begins with the chance of the ask, so all passes of one ask go the same way. */
#include "resolver_private.h"
#include <unistd.h>

struct goal {
	struct str host;                /* maddr or host: the TARGET of RFC 3263 §4 */
	struct str tls_name;            /* of the URI's host, never of an SRV target: RFC 5922 §7.3 (TP-35) */
	enum transport_kind kinds[TRANSPORT_KINDS];     /* that the URI admits, the preferred one first */
	unsigned kind_count;
	bool sips;
	bool open;                      /* the URI does not name a transport */
	uint16_t port;                  /* 0: the URI has none */
};

static uint16_t default_port(enum transport_kind kind)
{
	return kind == TRANSPORT_TLS ? 5061 : 5060;
}

static void add_hop(struct query *q, const struct goal *goal, enum transport_kind kind, const struct addr *addr, uint16_t port)
{
	struct hop hop = { .kind = kind, .addr = *addr, .sips = goal->sips,
	                   .tls_name = kind == TRANSPORT_TLS ? goal->tls_name : STR_NONE };
	hop.addr.port = port;
	if (addr_is_unsendable(&hop.addr) || q->hop_count == HOPS_MAX)
		return;
	for (unsigned i = 0; i < q->hop_count; i++)
		if (q->hops[i].kind == kind && addr_eq(&q->hops[i].addr, &hop.addr))
			return;
	q->hops[q->hop_count++] = hop;
}

/* --- addresses --- */

/* An address that we have no route to goes last. RFC 6724 rule 1 by way of RFC 7984 §4.1: connecting a
 * datagram socket asks the routing table and sends nothing. */
static bool usable6(struct query *q, const struct addr *addr)
{
	struct sockaddr_storage sa;
	struct addr to = *addr;
	to.port = 5060;
	socklen_t n = addr_to_sockaddr(&to, &sa);
	return q->resolver->probe6 >= 0 && connect(q->resolver->probe6, (struct sockaddr *)&sa, n) == 0;
}

static unsigned collect(const struct dns_answer *a, const struct dns_record **out)
{
	unsigned count = a ? a->count : 0;
	for (unsigned i = 0; i < count; i++)
		out[i] = &a->records[i];
	return count;
}

/* Every address of a host, IPv6 first where it is usable. */
static void add_host(struct query *q, const struct goal *goal, enum transport_kind kind, struct str host, uint16_t port)
{
	const struct resolver_settings *set = &q->resolver->set;
	const struct dns_record *four[RECORDS_MAX], *six[RECORDS_MAX];
	uint64_t chance = q->chance;
	struct addr addr;
	if (addr_parse_ip(host, &addr)) {
		add_hop(q, goal, kind, &addr, port);
		return;
	}
	const struct dns_answer *a4 = set->ipv4 ? query_look(q, DNS_A, host) : NULL;
	const struct dns_answer *a6 = set->ipv6 ? query_look(q, DNS_AAAA, host) : NULL;
	unsigned count4 = collect(a4, four), count6 = collect(a6, six);
	dns_shuffle(four, count4, &chance);
	dns_shuffle(six, count6, &chance);
	bool usable[RECORDS_MAX];
	for (unsigned i = 0; i < count6; i++)
		if ((usable[i] = usable6(q, &six[i]->addr)))
			add_hop(q, goal, kind, &six[i]->addr, port);
	for (unsigned i = 0; i < count4; i++)
		add_hop(q, goal, kind, &four[i]->addr, port);
	for (unsigned i = 0; i < count6; i++)
		if (!usable[i])
			add_hop(q, goal, kind, &six[i]->addr, port);
}

/* The host itself at a known port or the default one. RFC 3263 §4.2 */
static void add_goal_host(struct query *q, const struct goal *goal)
{
	for (unsigned i = 0; i < goal->kind_count; i++)
		add_host(q, goal, goal->kinds[i], goal->host, goal->port ? goal->port : default_port(goal->kinds[i]));
}

/* A server that swallows NAPTR questions has cost the first wait. Ask for what the last pass may turn out to need. */
static void foresee_host(struct query *q, const struct goal *goal)
{
	if (q->resolver->set.ipv4)
		query_look(q, DNS_A, goal->host);
	if (q->resolver->set.ipv6)
		query_look(q, DNS_AAAA, goal->host);
}

/* --- SRV and NAPTR --- */

/* True: the answer stands or falls with these SRV records, so the host's own addresses are not wanted: there are
 * some, or they are not known yet, or DNS failed (a failure is not "there are none": the host may be a web
 * server that knows nothing of SIP). */
static bool add_services(struct query *q, const struct goal *goal, enum transport_kind kind, struct str name)
{
	const struct dns_record *records[RECORDS_MAX];
	const struct dns_answer *a = query_look(q, DNS_SRV, name);
	unsigned count = collect(a, records);
	uint64_t chance = q->chance;
	dns_order_srv(records, count, &chance);
	for (unsigned i = 0; i < count && i < HOPS_MAX && q->hop_count < HOPS_MAX; i++)
		if (records[i]->target.n)       /* "." says that there is no such service here. RFC 2782 */
			add_host(q, goal, kind, records[i]->target, records[i]->port);
	return !a || count || a->outcome != DNS_ANSWERED;
}

static bool add_services_of_host(struct query *q, const struct goal *goal, enum transport_kind kind)
{
	static const char *const prefixes[TRANSPORT_KINDS] = { "_sip._udp.", "_sip._tcp.", "_sips._tcp." };
	return add_services(q, goal, kind, arena_printf(q->ask->arena, "%s%.*s", prefixes[kind], STR_FMT(goal->host)));
}

/* False: no NAPTR record is of use, ask for SRV records directly. RFC 3263 §4.1 */
static bool add_by_naptr(struct query *q, const struct goal *goal, bool *found)
{
	const struct dns_record *records[RECORDS_MAX];
	const struct dns_answer *a = query_look(q, DNS_NAPTR, goal->host);
	if (!a) {
		*found = true;
		return true;
	}
	unsigned count = 0;
	for (unsigned i = 0; i < a->count; i++)
		if (!goal->sips || a->records[i].kind == TRANSPORT_TLS)
			records[count++] = &a->records[i];
	dns_order_naptr(records, count, q->ask->prefer_stream);
	for (unsigned i = 0; i < count; i++)
		*found |= add_services(q, goal, records[i]->kind, records[i]->target);
	return count > 0;
}

static bool add_by_srv(struct query *q, const struct goal *goal)
{
	static const enum transport_kind datagram_first[] = { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };
	static const enum transport_kind stream_first[] = { TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_UDP };
	const enum transport_kind *kinds = q->ask->prefer_stream ? stream_first : datagram_first;
	bool found = false;
	for (unsigned i = 0; i < TRANSPORT_KINDS; i++)
		if (!goal->sips || kinds[i] == TRANSPORT_TLS)
			found |= add_services_of_host(q, goal, kinds[i]);
	return found;
}

/* --- the URI --- */

static struct str without_dot(struct str host)
{
	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

/* False: the URI asks for something that is not there. */
static bool read_uri(const struct resolve *ask, struct goal *goal)
{
	const struct sip_uri *uri = &ask->uri;
	goal->sips = uri->scheme == SIP_SCHEME_SIPS;
	if (!goal->sips && uri->scheme != SIP_SCHEME_SIP)
		return false;
	goal->host = without_dot(uri->maddr.n ? uri->maddr : uri->host);
	goal->tls_name = without_dot(uri->host);
	goal->port = uri->port;

	enum transport_kind named;
	goal->open = !uri->transport.n;
	if (!goal->open && !transport_kind_of(uri->transport, &named))
		return false;
	if (goal->sips) {                       /* sips:…;transport=tcp is TLS over TCP. RFC 3261 §26.2.2 */
		goal->kinds[goal->kind_count++] = TRANSPORT_TLS;
		return goal->open || transport_is_stream(named);
	}
	if (!goal->open) {
		goal->kinds[goal->kind_count++] = named;
		return true;
	}
	if (ask->prefer_stream)
		goal->kinds[goal->kind_count++] = TRANSPORT_TCP;
	goal->kinds[goal->kind_count++] = TRANSPORT_UDP;
	return true;
}

void plan_run(struct query *q)
{
	struct goal goal = { .kind_count = 0 };
	struct addr addr;
	q->hop_count = 0;
	q->missing = q->failed = false;
	if (!read_uri(q->ask, &goal))
		return;
	bool numeric = addr_parse_ip(goal.host, &addr);
	if (!numeric && !dns_name_ok(goal.host))
		return;

	if (numeric || goal.port || hosts_find(q->resolver->hosts, goal.host, DNS_A, loop_now_ms(q->resolver->loop), NULL)) {
		add_goal_host(q, &goal);
		return;
	}
	bool found = false;
	if (!goal.open)
		found = add_services_of_host(q, &goal, goal.kinds[0]);
	else if (!add_by_naptr(q, &goal, &found))
		found = add_by_srv(q, &goal);
	if (!found)
		add_goal_host(q, &goal);
	else if (q->hurry)
		foresee_host(q, &goal);
}
