/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_private.h"
#include "mem.h"
#include <arpa/nameser.h>
#include <resolv.h>

#define SCANNED_MAX 256                 /* resource records of one section that are looked at */
#define TTL_MAX_S   86400
#define NAMES_MAX   8192                /* bytes of all names of one answer */

/* What is gathered before its size is known. */
struct gather {
	ns_msg msg;
	enum dns_type type;
	uint32_t ttl_s;
	unsigned count;
	struct dns_record records[RECORDS_MAX];
	char names[NAMES_MAX];
	size_t names_used;
};

bool dns_name_ok(struct str name)
{
	size_t label = 0;
	bool number = true;
	if (name.n == 0 || name.n > 253)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			number = true;
			continue;
		}
		bool digit = c >= '0' && c <= '9', letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		if ((!digit && !letter && c != '-' && c != '_') || ++label > 63)
			return false;
		number = number && digit;
	}
	return label > 0 && !number;    /* a host whose last label is a number is a broken address */
}

/* --- life --- */

static struct dns_answer *answer_new(unsigned count, size_t names)
{
	struct dns_answer *a = mem_zalloc(sizeof *a + count * sizeof a->records[0] + names);
	a->refs = 1;
	a->count = count;
	return a;
}

struct dns_answer *dns_answer_empty(enum dns_outcome outcome)
{
	struct dns_answer *a = answer_new(0, 0);
	a->outcome = outcome;
	return a;
}

struct dns_answer *dns_answer_of(const struct addr *addrs, unsigned count)
{
	struct dns_answer *a = answer_new(count, 0);
	for (unsigned i = 0; i < count; i++)
		a->records[i].addr = addrs[i];
	return a;
}

struct dns_answer *dns_answer_ref(struct dns_answer *a)
{
	a->refs++;
	return a;
}

void dns_answer_unref(struct dns_answer *a)
{
	if (a && --a->refs == 0)
		mem_free(a);
}

/* --- reading --- */

static struct str without_dot(struct str name)
{
	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	return name;
}

/* A name inside rdata, copied. False: malformed, or no host's name (the root is an empty one). */
static bool name_take(struct gather *g, const uint8_t *at, const uint8_t *end, struct str *out)
{
	char text[NS_MAXDNAME];
	if (at >= end || ns_name_uncompress(ns_msg_base(g->msg), ns_msg_end(g->msg), at, text, sizeof text) < 0)
		return false;
	struct str name = without_dot(str_of(text));
	if ((name.n && !dns_name_ok(name)) || name.n > sizeof g->names - g->names_used)
		return false;
	char *copy = g->names + g->names_used;
	memcpy(copy, name.p, name.n);
	g->names_used += name.n;
	*out = (struct str){ copy, name.n };
	return true;
}

static bool read_address(const ns_rr *rr, struct dns_record *r)
{
	size_t n = ns_rr_type(*rr) == ns_t_a ? 4 : 16;
	if (ns_rr_rdlen(*rr) != n)
		return false;
	if (n == 4) {
		r->addr.family = AF_INET;
		memcpy(r->addr.ip, ns_rr_rdata(*rr), n);
		return true;
	}
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };
	memcpy(&sa.sin6_addr, ns_rr_rdata(*rr), n);
	return addr_from_sockaddr((struct sockaddr *)&sa, &r->addr);    /* a mapped one becomes IPv4 */
}

/* priority, weight, port, target. RFC 2782 */
static bool read_srv(struct gather *g, const ns_rr *rr, struct dns_record *r)
{
	const uint8_t *at = ns_rr_rdata(*rr), *end = at + ns_rr_rdlen(*rr);
	if (end - at < 7)
		return false;
	r->rank = (uint16_t)ns_get16(at);
	r->weight = (uint16_t)ns_get16(at + 2);
	r->port = (uint16_t)ns_get16(at + 4);
	return name_take(g, at + 6, end, &r->target) && (r->port || !r->target.n);
}

static bool text_take(const uint8_t **at, const uint8_t *end, struct str *out)
{
	if (*at >= end || end - *at - 1 < **at)
		return false;
	*out = (struct str){ (const char *)*at + 1, **at };
	*at += 1 + out->n;
	return true;
}

static bool service_kind(struct str service, enum transport_kind *out)
{
	static const struct { struct str name; enum transport_kind kind; } services[] = {       /* RFC 3263 §4.1, §9 */
		{ STR_INIT("SIP+D2U"), TRANSPORT_UDP },
		{ STR_INIT("SIP+D2T"), TRANSPORT_TCP },
		{ STR_INIT("SIPS+D2T"), TRANSPORT_TLS },
	};
	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (str_ieq(service, services[i].name)) {
			*out = services[i].kind;
			return true;
		}
	return false;
}

/* order, preference, flags, service, regexp, replacement. Only the "s" form that RFC 3263 §4.1 uses. */
static bool read_naptr(struct gather *g, const ns_rr *rr, struct dns_record *r)
{
	const uint8_t *at = ns_rr_rdata(*rr), *end = at + ns_rr_rdlen(*rr);
	struct str flags, service, regexp;
	if (end - at < 7)
		return false;
	r->rank = (uint16_t)ns_get16(at);
	r->weight = (uint16_t)ns_get16(at + 2);
	at += 4;
	return text_take(&at, end, &flags) && text_take(&at, end, &service) && text_take(&at, end, &regexp) &&
	       str_ieq(flags, STR("s")) && regexp.n == 0 && service_kind(service, &r->kind) &&
	       name_take(g, at, end, &r->target) && r->target.n > 0;
}

static bool read_record(struct gather *g, const ns_rr *rr, struct dns_record *r)
{
	*r = (struct dns_record){ .rank = 0 };
	switch (g->type) {
	case DNS_A:
	case DNS_AAAA:  return read_address(rr, r);
	case DNS_SRV:   return read_srv(g, rr, r);
	case DNS_NAPTR: return read_naptr(g, rr, r);
	}
	return false;
}

static void lower_ttl(struct gather *g, uint32_t ttl_s)
{
	if (ttl_s > INT32_MAX)
		ttl_s = 0;              /* RFC 2181 §8 */
	if (ttl_s < g->ttl_s)
		g->ttl_s = ttl_s;
}

static bool rr_at(struct gather *g, ns_sect section, int i, ns_rr *rr)
{
	return i < SCANNED_MAX && i < ns_msg_count(g->msg, section) && ns_parserr(&g->msg, section, i, rr) == 0;
}

/* Records of our type at this owner; whether there were any, also ones of no use to us. */
static bool gather_at(struct gather *g, struct str owner, struct str *alias)
{
	ns_rr rr;
	bool any = false;
	for (int i = 0; rr_at(g, ns_s_an, i, &rr); i++) {
		if (ns_rr_class(rr) != ns_c_in || !str_ieq(without_dot(str_of(ns_rr_name(rr))), owner))
			continue;
		if (ns_rr_type(rr) == ns_t_cname && !alias->n) {
			const uint8_t *at = ns_rr_rdata(rr);
			if (name_take(g, at, at + ns_rr_rdlen(rr), alias))
				lower_ttl(g, ns_rr_ttl(rr));
		}
		if ((int)ns_rr_type(rr) != (int)g->type)
			continue;
		any = true;
		lower_ttl(g, ns_rr_ttl(rr));
		if (g->count < RECORDS_MAX && read_record(g, &rr, &g->records[g->count]))
			g->count++;
	}
	return any;
}

/* How long "there is none" holds: the SOA's TTL or its last field, whichever is less. RFC 2308 §5 */
static bool negative_ttl(struct gather *g)
{
	ns_rr rr;
	for (int i = 0; rr_at(g, ns_s_ns, i, &rr); i++) {
		if (ns_rr_type(rr) != ns_t_soa || ns_rr_rdlen(rr) < 22)
			continue;
		lower_ttl(g, ns_rr_ttl(rr));
		lower_ttl(g, (uint32_t)ns_get32(ns_rr_rdata(rr) + ns_rr_rdlen(rr) - 4));
		return true;
	}
	return false;
}

static struct str moved(const struct gather *g, struct dns_answer *a, struct str name)
{
	if (!name.n)
		return STR("");
	char *names = (char *)&a->records[a->count];
	return (struct str){ names + (name.p - g->names), name.n };
}

static struct dns_answer *pack(const struct gather *g, struct str alias)
{
	struct dns_answer *a = answer_new(g->count, g->names_used);
	memcpy(&a->records[a->count], g->names, g->names_used);
	for (unsigned i = 0; i < g->count; i++) {
		a->records[i] = g->records[i];
		a->records[i].target = moved(g, a, g->records[i].target);
	}
	a->ttl_s = g->ttl_s;
	a->alias = moved(g, a, alias);
	return a;
}

struct dns_answer *dns_answer_read(const uint8_t *bytes, size_t n, enum dns_type type, struct str name)
{
	struct gather g;
	g.type = type;
	g.ttl_s = TTL_MAX_S;
	g.count = 0;
	g.names_used = 0;
	if (n > UINT16_MAX || ns_initparse(bytes, (int)n, &g.msg) < 0 || !ns_msg_getflag(g.msg, ns_f_qr))
		return dns_answer_empty(DNS_REFUSED);
	int rcode = ns_msg_getflag(g.msg, ns_f_rcode);
	if (rcode != ns_r_noerror && rcode != ns_r_nxdomain)
		return dns_answer_empty(DNS_REFUSED);

	struct str owner = name, alias = STR("");
	for (int i = 0; i < ALIASES_MAX; i++) {
		struct str next = STR("");
		if (gather_at(&g, owner, &next))
			return pack(&g, STR(""));
		if (!next.n)
			break;
		owner = alias = next;
	}
	/* Nothing there. With an SOA the server followed the aliases to their end; without one it may have
	 * left the last step to us. */
	if (negative_ttl(&g) || rcode == ns_r_nxdomain)
		alias = STR("");
	else if (!alias.n)
		g.ttl_s = 0;            /* nobody says how long this holds. RFC 2308 §5 */
	return pack(&g, alias);
}
