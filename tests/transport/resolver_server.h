/* SPDX-License-Identifier: Apache-2.0 */
/* resolver_server.h - a DNS server of a few records for the tests of the resolver: on a loop, on a free port of
 * 127.0.0.1, over UDP. A question's name decides about its manners, see enum manner. */
#ifndef SLUICE_TEST_RESOLVER_SERVER_H
#define SLUICE_TEST_RESOLVER_SERVER_H

#include "addr.h"
#include "loop.h"
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum manner { MANNER_HONEST, MANNER_SILENT, MANNER_FAIL, MANNER_GARBAGE, MANNER_CUT, MANNER_NO_SOA, MANNER_TOO_LARGE };

struct record {
	const char *name;
	int type;                       /* 0: no record, only the manner */
	uint32_t ttl_s;
	unsigned a, b, port;            /* SRV: priority, weight, port; NAPTR: order, preference */
	const char *text;               /* address, target, replacement, alias */
	const char *service;            /* NAPTR */
	enum manner manner;
};

struct dns_bytes {
	uint8_t p[4096];
	size_t n;
};

static inline void dns_put16(struct dns_bytes *b, unsigned v)
{
	b->p[b->n++] = (uint8_t)(v >> 8);
	b->p[b->n++] = (uint8_t)v;
}

static inline void dns_put32(struct dns_bytes *b, uint32_t v)
{
	dns_put16(b, v >> 16);
	dns_put16(b, v & 0xffff);
}

static inline void dns_put_text(struct dns_bytes *b, const char *text)
{
	size_t n = strlen(text);
	b->p[b->n++] = (uint8_t)n;
	memcpy(b->p + b->n, text, n);
	b->n += n;
}

static inline void dns_put_name(struct dns_bytes *b, const char *name)
{
	while (*name && strcmp(name, ".") != 0) {
		size_t n = strcspn(name, ".");
		b->p[b->n++] = (uint8_t)n;
		memcpy(b->p + b->n, name, n);
		b->n += n;
		name += n + (name[n] == '.');
	}
	b->p[b->n++] = 0;
}

static inline void dns_put_record(struct dns_bytes *b, const struct record *r)
{
	uint8_t ip[16];
	dns_put_name(b, r->name);
	dns_put16(b, (unsigned)r->type);
	dns_put16(b, 1);
	dns_put32(b, r->ttl_s);
	size_t length_at = b->n;
	dns_put16(b, 0);
	switch (r->type) {
	case ns_t_a:
	case ns_t_aaaa:
		inet_pton(r->type == ns_t_a ? AF_INET : AF_INET6, r->text, ip);
		memcpy(b->p + b->n, ip, r->type == ns_t_a ? 4 : 16);
		b->n += r->type == ns_t_a ? 4 : 16;
		break;
	case ns_t_srv:
		dns_put16(b, r->a);
		dns_put16(b, r->b);
		dns_put16(b, r->port);
		dns_put_name(b, r->text);
		break;
	case ns_t_naptr:
		dns_put16(b, r->a);
		dns_put16(b, r->b);
		dns_put_text(b, "s");
		dns_put_text(b, r->service);
		dns_put_text(b, "");
		dns_put_name(b, r->text);
		break;
	case ns_t_cname:
		dns_put_name(b, r->text);
		break;
	case ns_t_soa:
		dns_put_name(b, "ns.example");
		dns_put_name(b, "root.example");
		for (int i = 0; i < 4; i++)
			dns_put32(b, 1);
		dns_put32(b, r->ttl_s);
		break;
	}
	unsigned length = (unsigned)(b->n - length_at - 2);
	b->p[length_at] = (uint8_t)(length >> 8);
	b->p[length_at + 1] = (uint8_t)length;
}

/* A response with the question and these records in the answer section; soa: one in the authority section. */
static inline void dns_put_response(struct dns_bytes *b, unsigned id, unsigned rcode, const char *name, int type,
                                    const struct record *const *records, unsigned count, const struct record *soa)
{
	b->n = 0;
	dns_put16(b, id);
	dns_put16(b, 0x8580 | rcode);           /* response, authoritative, recursion desired and available */
	dns_put16(b, 1);
	dns_put16(b, count);
	dns_put16(b, soa ? 1 : 0);
	dns_put16(b, 0);
	dns_put_name(b, name);
	dns_put16(b, (unsigned)type);
	dns_put16(b, 1);
	for (unsigned i = 0; i < count; i++)
		dns_put_record(b, records[i]);
	if (soa)
		dns_put_record(b, soa);
}

struct dns_server {
	struct loop_fd io;              /* first */
	struct loop *loop;
	const struct record *zone;
	unsigned count;
	unsigned asked;                 /* questions that came */
	struct loop_fd listener, stream;        /* for TCP; one connection at a time */
	char servers[32];               /* for resolver_settings.servers */
};

/* to: NULL over TCP */
static inline void dns_server_reply(struct dns_server *s, const struct sockaddr_in *to, const char *name, int type, unsigned id)
{
	const struct record *found[32];
	unsigned count = 0;
	bool exists = false;
	enum manner manner = MANNER_HONEST;
	static const struct record soa = { "example", ns_t_soa, 20, 0, 0, 0, NULL, NULL, MANNER_HONEST };
	const char *owner = name;
	for (int hop = 0; hop < 4; hop++) {
		const char *alias = NULL;
		for (unsigned i = 0; i < s->count && count < 32; i++) {
			const struct record *r = &s->zone[i];
			if (strcasecmp(r->name, owner) != 0)
				continue;
			exists = true;
			if (r->manner && (!r->type || r->type == type))
				manner = r->manner;
			if (r->type && (r->type == type || r->type == ns_t_cname))
				found[count++] = r;
			if (r->type == ns_t_cname)
				alias = r->text;
		}
		if (!alias)
			break;
		owner = alias;
	}
	struct dns_bytes b;
	unsigned rcode = manner == MANNER_FAIL ? 2 : exists ? 0 : 3;
	dns_put_response(&b, id, rcode, name, type, found, count, count || manner == MANNER_NO_SOA ? NULL : &soa);
	if (manner == MANNER_GARBAGE)
		memset(b.p + 12 + strlen(name) + 6, 0xc0, b.n - 12 - strlen(name) - 6);
	if (manner == MANNER_CUT)
		b.n -= 3;
	if (manner == MANNER_TOO_LARGE && to) {
		b.p[2] |= 2;                    /* truncated: come by TCP */
		b.p[7] = 0;
		b.n = 12 + strlen(name) + 6;
	}
	uint8_t length[2] = { (uint8_t)(b.n >> 8), (uint8_t)b.n };
	if (!to && (write(s->stream.fd, length, 2) != 2 || write(s->stream.fd, b.p, b.n) != (ssize_t)b.n))
		return;
	if (to && manner != MANNER_SILENT)
		sendto(s->io.fd, b.p, b.n, 0, (const struct sockaddr *)to, sizeof *to);
}

static inline void dns_server_question(struct dns_server *s, const struct sockaddr_in *to, const uint8_t *q, size_t n)
{
	char name[256];
	size_t used = 0, at = 12;
	if (n < 17)
		return;
	while (q[at] && at + q[at] + 1 < n && used + q[at] + 2 < sizeof name) {
		memcpy(name + used, q + at + 1, q[at]);
		used += q[at];
		name[used++] = '.';
		at += q[at] + 1u;
	}
	name[used ? used - 1 : 0] = '\0';
	s->asked++;
	dns_server_reply(s, to, name, q[at + 1] << 8 | q[at + 2], (unsigned)(q[0] << 8 | q[1]));
}

static inline void dns_server_ready(struct loop_fd *io, uint32_t events)
{
	(void)events;
	uint8_t q[512];
	struct sockaddr_in from;
	socklen_t from_n = sizeof from;
	ssize_t n = recvfrom(io->fd, q, sizeof q, 0, (struct sockaddr *)&from, &from_n);
	if (n > 0)
		dns_server_question((struct dns_server *)io, &from, q, (size_t)n);
}

static inline void dns_server_hang_up(struct dns_server *s)
{
	if (s->stream.fd < 0)
		return;
	loop_unwatch(s->loop, &s->stream);
	close(s->stream.fd);
	s->stream.fd = -1;
}

static inline void dns_server_stream_ready(struct loop_fd *io, uint32_t events)
{
	(void)events;
	struct dns_server *s = CONTAINER(io, struct dns_server, stream);
	uint8_t q[514];
	ssize_t n = recv(io->fd, q, sizeof q, 0);
	if (n <= 2)
		dns_server_hang_up(s);
	else
		dns_server_question(s, NULL, q + 2, (size_t)n - 2);
}

static inline void dns_server_accept(struct loop_fd *io, uint32_t events)
{
	(void)events;
	struct dns_server *s = CONTAINER(io, struct dns_server, listener);
	dns_server_hang_up(s);
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC);
	s->stream = (struct loop_fd){ .fd = fd, .events = EPOLLIN, .ready = dns_server_stream_ready };
	if (fd >= 0)
		loop_watch(s->loop, &s->stream);
}

/* The same free port for both, which somebody else's TCP may have taken meanwhile. */
static inline bool dns_server_bind(struct dns_server *s, unsigned *port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof sa;
	s->io.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	s->listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (!bind(s->io.fd, (struct sockaddr *)&sa, n) && !getsockname(s->io.fd, (struct sockaddr *)&sa, &n) &&
	    !bind(s->listener.fd, (struct sockaddr *)&sa, n) && !listen(s->listener.fd, 4)) {
		*port = ntohs(sa.sin_port);
		return true;
	}
	close(s->io.fd);
	close(s->listener.fd);
	return false;
}

static inline int dns_server_open(struct dns_server *s, struct loop *loop, const struct record *zone, unsigned count)
{
	unsigned port = 0;
	memset(s, 0, sizeof *s);
	s->loop = loop;
	s->zone = zone;
	s->count = count;
	s->stream.fd = -1;
	for (int tries = 0; !port && tries < 10; tries++)
		dns_server_bind(s, &port);
	if (!port)
		return -EADDRINUSE;
	snprintf(s->servers, sizeof s->servers, "127.0.0.1:%u", port);
	s->io.events = s->listener.events = EPOLLIN;
	s->io.ready = dns_server_ready;
	s->listener.ready = dns_server_accept;
	int err = loop_watch(loop, &s->io);
	return err ? err : loop_watch(loop, &s->listener);
}

static inline void dns_server_close(struct dns_server *s)
{
	dns_server_hang_up(s);
	loop_unwatch(s->loop, &s->listener);
	loop_unwatch(s->loop, &s->io);
	close(s->listener.fd);
	close(s->io.fd);
}

#endif
