/* SPDX-License-Identifier: Apache-2.0 */
/* machine.c - names and addresses from the system. */
#include "machine.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

static bool link_local(const struct addr *a)
{
	return a->family == AF_INET ? a->ip[0] == 169 && a->ip[1] == 254 : a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

/* The address from which this machine reaches others of a family: connecting a UDP socket asks the routing table and sends nothing. */
static bool outward(int family, struct addr *out)
{
	struct addr far;
	struct sockaddr_storage sa;
	socklen_t n;
	addr_parse(family == AF_INET ? STR("192.0.2.1:9") : STR("[2001:db8::1]:9"), 9, &far);
	n = addr_to_sockaddr(&far, &sa);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&sa, n) == 0;
	n = sizeof sa;
	ok = ok && getsockname(fd, (struct sockaddr *)&sa, &n) == 0 && addr_from_sockaddr((struct sockaddr *)&sa, out);
	if (fd >= 0)
		close(fd);
	return ok;
}

static unsigned rank(const struct addr *a, const struct addr *v4, const struct addr *v6)
{
	if (addr_same_ip(a, v4))
		return 0;
	if (addr_is_loopback(a))
		return a->family == AF_INET ? 4 : 5;
	return addr_same_ip(a, v6) ? 1 : a->family == AF_INET ? 2 : 3;
}

static void add_addresses(struct machine *m, struct arena *arena)
{
	struct ifaddrs *list;
	struct addr v4 = { 0 }, v6 = { 0 };
	unsigned room = 0;
	outward(AF_INET, &v4);
	outward(AF_INET6, &v6);
	if (getifaddrs(&list))
		return;
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		room++;
	m->addresses = arena_array(arena, room, sizeof *m->addresses);
	for (unsigned want = 0; want <= 5; want++)
		for (struct ifaddrs *i = list; i; i = i->ifa_next) {
			struct addr a;
			if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || !addr_from_sockaddr(i->ifa_addr, &a) || link_local(&a))
				continue;
			a.port = 0;
			if (rank(&a, &v4, &v6) == want)
				m->addresses[m->count++] = a;
		}
	freeifaddrs(list);
}

/* Letters, digits, '-' and '.' only: what may stand in a URI and in a certificate. */
static struct str host_name(struct arena *arena)
{
	char name[256];
	if (gethostname(name, sizeof name - 1))
		return STR("localhost");
	name[sizeof name - 1] = '\0';
	for (char *p = name; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
		else if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '.'))
			return STR("localhost");
	}
	/* A last label that begins with a digit could be taken for an address. RFC 3261 §25.1: toplabel */
	struct str s = str_of(name), rest = s, label;
	while (str_cut(&rest, '.', &label))
		;
	if (!rest.n || (rest.p[0] >= '0' && rest.p[0] <= '9') || rest.p[0] == '-')
		return STR("localhost");
	return arena_str(arena, s);
}

void machine_look(struct machine *m, struct arena *arena)
{
	*m = (struct machine){ .name = host_name(arena) };
	add_addresses(m, arena);
}

bool machine_has(const struct machine *m, struct str host)
{
	struct addr a;
	if (!addr_parse_ip(host, &a))
		return str_ieq(host, m->name) || str_ieq(host, STR("localhost"));
	for (unsigned i = 0; i < m->count; i++)
		if (addr_same_ip(&m->addresses[i], &a))
			return true;
	return false;
}
