/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c - look-ups in the snapshot of domains, peers and routes. */
#include "policy.h"
#include <stdlib.h>

/* --- domains --- */

/* A host as it compares: an address, or a name in any case without its trailing dot. */
struct policy_name {
	struct addr ip;                 /* family 0: a name */
	struct str name;
	const struct domain *domain;
};

/* Every IPv4 address begins with a digit, every IPv6 address has a colon. */
static bool may_be_ip(struct str host)
{
	return host.n && ((host.p[0] >= '0' && host.p[0] <= '9') || str_find(host, ':'));
}

/* False: no host at all. */
static bool name_of(struct str host, struct policy_name *out)
{
	*out = (struct policy_name){ 0 };
	if (may_be_ip(host) && addr_parse_ip(host, &out->ip))
		return true;
	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	out->name = host;
	return host.n != 0;
}

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Any order will do, as long as it is one: the cheapest. */
static int compare_names(const void *a, const void *b)
{
	const struct policy_name *x = a, *y = b;
	if (x->ip.family || y->ip.family)
		return memcmp(&x->ip, &y->ip, sizeof x->ip);
	if (x->name.n != y->name.n)
		return x->name.n < y->name.n ? -1 : 1;
	if (str_ieq(x->name, y->name))
		return 0;
	size_t i = 0;
	while (lower(x->name.p[i]) == lower(y->name.p[i]))
		i++;
	return lower(x->name.p[i]) - lower(y->name.p[i]);
}

static int compare_entries(const void *a, const void *b)
{
	const struct policy_name *x = a, *y = b;
	int order = compare_names(x, y);
	return order ? order : (x->domain > y->domain) - (x->domain < y->domain);
}

static void index_name(struct policy *p, const struct domain *d, struct str host)
{
	struct policy_name *n = &p->names[p->name_count];
	if (!name_of(host, n))
		return;
	n->domain = d;
	p->name_count++;
}

/* Of equal names the first domain's stays. */
static void sort_names(struct policy *p)
{
	unsigned kept = 0;
	qsort(p->names, p->name_count, sizeof *p->names, compare_entries);
	for (unsigned i = 0; i < p->name_count; i++)
		if (kept == 0 || compare_names(&p->names[kept - 1], &p->names[i]))
			p->names[kept++] = p->names[i];
	p->name_count = kept;
}

/* Lower priority first; equal ones keep their order. */
static void sort_hops(struct route *r)
{
	for (unsigned i = 1; i < r->hop_count; i++) {
		struct route_hop hop = r->hops[i];
		unsigned at = i;
		for (; at && r->hops[at - 1].priority > hop.priority; at--)
			r->hops[at] = r->hops[at - 1];
		r->hops[at] = hop;
	}
}

struct str policy_domain_key(const struct domain *d, struct arena *arena)
{
	if (d->key.n)
		return d->key;
	struct sip_uri uri = { .scheme = SIP_SCHEME_SIP, .host = d->name };    /* the key of a URI without a user is its host */
	struct addr ip;
	if (addr_parse_ip(d->name, &ip) && ip.family == AF_INET6) {
		uri.host_is_v6 = true;
		if (uri.host.p[0] == '[')
			uri.host = (struct str){ uri.host.p + 1, uri.host.n - 2 };
	}
	return sip_uri_aor_key(&uri, arena);
}

void policy_index(struct policy *p)
{
	for (unsigned i = 0; i < p->route_count; i++)
		sort_hops(&p->routes[i]);
	size_t most = p->domain_count;
	for (unsigned i = 0; i < p->domain_count; i++)
		most += p->domains[i].alias_count;
	p->names = arena_array(&p->arena, most ? most : 1, sizeof *p->names);
	p->name_count = 0;
	for (unsigned i = 0; i < p->domain_count; i++) {
		struct domain *d = &p->domains[i];
		d->key = policy_domain_key(d, &p->arena);
		index_name(p, d, d->name);
		for (unsigned j = 0; j < d->alias_count; j++)
			index_name(p, d, d->aliases[j]);
	}
	sort_names(p);
}

bool policy_domain_has(const struct domain *d, struct str host)
{
	if (sip_host_equal(d->name, host))
		return true;
	for (unsigned i = 0; i < d->alias_count; i++) {
		if (sip_host_equal(d->aliases[i], host))
			return true;
	}
	return false;
}

const struct domain *policy_domain(const struct policy *p, struct str host)
{
	if (!p->names) {
		for (unsigned i = 0; i < p->domain_count; i++) {
			if (policy_domain_has(&p->domains[i], host))
				return &p->domains[i];
		}
		return NULL;
	}
	struct policy_name asked;
	const struct policy_name *found = name_of(host, &asked)
		? bsearch(&asked, p->names, p->name_count, sizeof *p->names, compare_names) : NULL;
	return found ? found->domain : NULL;
}

/* --- peers --- */

static bool name_listed(struct str names, struct str name)
{
	struct str item;
	do {
		bool more = str_cut(&names, ',', &item);
		if (!more)
			item = names;
		if (sip_host_equal(str_trim(item), name))
			return true;
		if (!more)
			return false;
	} while (true);
}

static bool is_peer(const struct peer *peer, const struct addr *source, struct str names)
{
	bool by_address = peer->block.base.family != 0;
	if (by_address && !cidr_has(&peer->block, source))
		return false;
	if (peer->tls_name.n && !(names.n && name_listed(names, peer->tls_name)))
		return false;
	return by_address || peer->tls_name.n;
}

unsigned policy_rights(const struct policy *p, const struct addr *source, struct str peer_names)
{
	unsigned rights = 0;
	for (unsigned i = 0; i < p->peer_count; i++) {
		if (is_peer(&p->peers[i], source, peer_names))
			rights |= p->peers[i].rights;
	}
	return rights;
}

/* --- routes --- */

#define NUMBER_MAX 64           /* no telephone number is as long: E.164 has 15 digits, dial strings some more */

static bool is_separator(char c)        /* visual-separator, RFC 3966 §3 */
{
	return c == '-' || c == '.' || c == '(' || c == ')';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character of a user part, its escape decoded; -1 at the end and at a broken escape. */
static int next_char(struct str *rest)
{
	if (rest->n == 0)
		return -1;
	int c = (unsigned char)rest->p[0];
	size_t used = 1;
	if (c == '%') {
		if (rest->n < 3 || hex_digit(rest->p[1]) < 0 || hex_digit(rest->p[2]) < 0)
			return -1;
		c = hex_digit(rest->p[1]) * 16 + hex_digit(rest->p[2]);
		used = 3;
	}
	*rest = (struct str){ rest->p + used, rest->n - used };
	return c;
}

/* The number of a URI written to room; STR_NONE: none. */
static struct str number_of(const struct sip_uri *uri, char room[NUMBER_MAX])
{
	struct str user = uri->user, kind, head;
	bool tel = uri->scheme == SIP_SCHEME_TEL;
	if (!tel && uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS)
		return STR_NONE;
	bool separators = tel || (sip_uri_param(uri, STR("user"), &kind) && str_ieq(kind, STR("phone")));
	if (str_cut(&user, ';', &head))                 /* "+1212;phone-context=..." */
		user = head;
	size_t n = 0, digits = 0;
	while (user.n) {
		int c = next_char(&user);
		if (separators && c >= 0 && is_separator((char)c))
			continue;
		bool digit = c >= '0' && c <= '9';
		if ((!digit && !(c == '+' && n == 0)) || n == NUMBER_MAX)
			return STR_NONE;
		room[n++] = (char)c;
		digits += digit;
	}
	return digits ? (struct str){ room, n } : STR_NONE;
}

bool policy_number(const struct sip_uri *uri, struct arena *arena, struct str *out)
{
	char room[NUMBER_MAX];
	struct str number = number_of(uri, room);
	if (!number.p)
		return false;
	*out = arena_str(arena, number);
	return true;
}

const struct route *policy_route(const struct policy *p, const struct sip_uri *ruri, bool number)
{
	char room[NUMBER_MAX];
	struct str digits = number_of(ruri, room);
	bool tel = ruri->scheme == SIP_SCHEME_TEL;
	bool foreign = (ruri->scheme == SIP_SCHEME_SIP || ruri->scheme == SIP_SCHEME_SIPS) && !policy_domain(p, ruri->host);
	bool by_number = digits.p && (tel || (number && !foreign));
	for (unsigned i = 0; i < p->route_count; i++) {
		const struct route *r = &p->routes[i];
		bool here = r->domain.n ? foreign && sip_host_equal(r->domain, ruri->host) : r->by_prefix && by_number;
		if (here && (!r->by_prefix || (digits.p && str_starts(digits, r->prefix))))
			return r;
	}
	return NULL;
}

struct str route_number(const struct route *r, struct str number, struct arena *arena)
{
	size_t strip = r->strip < number.n ? r->strip : number.n;
	struct str rest = { number.p + strip, number.n - strip };
	char *out = arena_alloc(arena, r->add.n + rest.n);
	if (r->add.n)
		memcpy(out, r->add.p, r->add.n);
	if (rest.n)
		memcpy(out + r->add.n, rest.p, rest.n);
	return (struct str){ out, r->add.n + rest.n };
}
