/* SPDX-License-Identifier: Apache-2.0 */
/* route.c - which address of ours would a packet to somewhere leave from?
 *
 * Asked of the kernel by connecting a datagram socket, which sends nothing; remembered for a few
 * seconds in a small table, as routes change seldom and requests come often. */
#include "transport_private.h"
#include <netinet/in.h>
#include <unistd.h>

#define ENTRIES 512
#define KEEP_MS 5000
#define NONE_MS 100                     /* a link that is down may be up again soon */

struct route {
	struct addr to, source;         /* source.family 0: there is no route */
	int64_t until_ms;
};

struct route_cache {
	struct hash_key key;
	struct route routes[ENTRIES];
};

struct route_cache *route_cache_new(void)
{
	struct route_cache *c = mem_zalloc(sizeof *c);
	c->key = hash_key_new();
	return c;
}

void route_cache_free(struct route_cache *c)
{
	mem_free(c);
}

static struct addr ask_kernel(const struct addr *to)
{
	struct addr source = { .family = 0 };
	int fd = socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return source;
	struct sockaddr_storage sa;
	socklen_t n = addr_to_sockaddr(to, &sa);
	if (!connect(fd, (struct sockaddr *)&sa, n)) {
		n = sizeof sa;
		if (!getsockname(fd, (struct sockaddr *)&sa, &n))
			addr_from_sockaddr((struct sockaddr *)&sa, &source);
	}
	close(fd);
	source.port = 0;
	return source;
}

bool route_source(struct route_cache *c, const struct addr *to, int64_t now_ms, struct addr *source)
{
	struct addr key = *to;
	key.port = 9;                   /* any port but 0: all ports of a host share a route */
	struct route *r = &c->routes[hash_bytes(c->key, &key, sizeof key) % ENTRIES];
	if (now_ms >= r->until_ms || !addr_eq(&r->to, &key)) {
		*r = (struct route){ .to = key, .source = ask_kernel(&key) };
		r->until_ms = now_ms + (r->source.family ? KEEP_MS : NONE_MS);
	}
	*source = r->source;
	return source->family != 0;
}
