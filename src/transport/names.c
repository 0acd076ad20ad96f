/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - who we are: what stands in Via and in our URIs, and which names mean us. */
#include "transport_private.h"
#include "clock.h"
#include <ifaddrs.h>

#define INTERFACES_KEEP_MS 10000

static uint16_t default_port(enum transport_kind kind)
{
	return kind == TRANSPORT_TLS ? 5061 : 5060;
}

void listener_make_name(struct transport *t, struct listener *l)
{
	struct buf name = { 0 };
	struct addr ip = l->bound;
	if (l->advertise_host.n && !addr_parse_ip(l->advertise_host, &ip))
		buf_add(&name, l->advertise_host);
	else if (l->advertise_host.n || !l->wildcard)
		addr_write_host(&name, &ip);            /* IPv6 needs its brackets */
	else
		return;
	buf_byte(&name, ':');
	buf_u64(&name, l->advertise_port);
	l->name = arena_str(&t->arena, buf_str(&name));
	buf_fini(&name);
}

/* The host and port by which the other side of this flow reaches us. */
static void write_ourselves(const struct transport *t, const struct flow_ref *f, struct buf *out)
{
	const struct listener *l = f->listener < t->listener_count ? &t->listeners[f->listener] : NULL;
	if (l && l->name.n) {
		buf_add(out, l->name);
		return;
	}
	addr_write_host(out, &f->local);
	buf_byte(out, ':');
	buf_u64(out, l ? l->advertise_port : default_port(f->kind));
}

void transport_sent_by(const struct transport *t, const struct flow_ref *f, struct buf *out)
{
	write_ourselves(t, f, out);
}

void transport_uri(const struct transport *t, const struct flow_ref *f, struct str user, struct buf *out)
{
	buf_add(out, f->kind == TRANSPORT_TLS ? STR("sips:") : STR("sip:"));
	if (user.n) {
		buf_add(out, user);
		buf_byte(out, '@');
	}
	write_ourselves(t, f, out);
	if (f->kind == TRANSPORT_TCP)
		BUF_LIT(out, ";transport=tcp");
	BUF_LIT(out, ";lr");
}

/* --- addresses of this machine, for wildcard listeners --- */

struct interfaces {
	pthread_mutex_t lock;
	int64_t until_ms;
	struct addr *addrs;
	size_t count;
};

struct interfaces *interfaces_new(void)
{
	struct interfaces *i = mem_zalloc(sizeof *i);
	pthread_mutex_init(&i->lock, NULL);
	return i;
}

void interfaces_free(struct interfaces *i)
{
	if (!i)
		return;
	pthread_mutex_destroy(&i->lock);
	mem_free(i->addrs);
	mem_free(i);
}

static void read_interfaces(struct interfaces *i)
{
	struct ifaddrs *all;
	if (getifaddrs(&all))
		return;                         /* what was known before still holds, most likely */
	i->count = 0;
	for (struct ifaddrs *a = all; a; a = a->ifa_next) {
		struct addr addr;
		if (!a->ifa_addr || !addr_from_sockaddr(a->ifa_addr, &addr))
			continue;
		i->addrs = mem_realloc(i->addrs, (i->count + 1) * sizeof *i->addrs);
		i->addrs[i->count++] = addr;
	}
	freeifaddrs(all);
}

bool interfaces_have(struct interfaces *i, const struct addr *a)
{
	bool found = a->family == AF_INET && addr_is_loopback(a);       /* all of 127/8 is here */
	pthread_mutex_lock(&i->lock);
	if (clock_ms() >= i->until_ms) {
		read_interfaces(i);
		i->until_ms = clock_ms() + INTERFACES_KEEP_MS;
	}
	for (size_t n = 0; n < i->count && !found; n++)
		found = addr_same_ip(&i->addrs[n], a);
	pthread_mutex_unlock(&i->lock);
	return found;
}

static bool may_have_port(const struct listener *l, uint16_t port)
{
	return !port || port == l->bound.port || port == l->advertise_port;
}

static bool is_own_port(const struct transport *t, uint16_t port)
{
	unsigned i = 0;
	while (i < t->listener_count && !may_have_port(&t->listeners[i], port))
		i++;
	return i < t->listener_count;
}

static bool is_listener_host(const struct transport *t, const struct listener *l, struct str host, const struct addr *ip)
{
	if (l->advertise_host.n && sip_host_equal(l->advertise_host, host))
		return true;
	if (!ip || ip->family != l->bound.family)
		return false;
	return l->wildcard ? interfaces_have(t->interfaces, ip) : addr_same_ip(&l->bound, ip);
}

bool transport_is_self(const struct transport *t, struct str host, uint16_t port)
{
	struct addr ip;
	if (!is_own_port(t, port))              /* most often: nothing else to look at */
		return false;
	bool numeric = addr_parse_ip(host, &ip);
	for (unsigned i = 0; i < t->listener_count; i++) {
		const struct listener *l = &t->listeners[i];
		if (may_have_port(l, port) && is_listener_host(t, l, host, numeric ? &ip : NULL))
			return true;
	}
	return false;
}

bool transport_listener(const struct transport *t, unsigned i, enum transport_kind *kind, struct addr *bound)
{
	if (i >= t->listener_count)
		return false;
	*kind = t->listeners[i].kind;
	*bound = t->listeners[i].bound;
	return true;
}
