/* SPDX-License-Identifier: Apache-2.0 */
/* listener.c - bind every listener, or say which one cannot be and what to do. */
#include "transport_private.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#define BACKLOG          4096
#define KEEPALIVE_IDLE_S 60             /* a dead NAT entry is noticed within two minutes */
#define UNACKED_MS       10000          /* data that nobody acknowledges: the flow is dead (DESIGN, "Two verdicts") */
#define UDP_BUFFER       (4 << 20)      /* as far as net.core.rmem_max lets us */

int transport_fail(struct transport_error *error, int err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(error->text, sizeof error->text, fmt, ap);
	va_end(ap);
	return err;
}

static int fail_bind(struct transport_error *error, const struct listener *l, int err)
{
	char text[ADDR_TEXT];
	addr_text(&l->bound, text);
	const char *kind = transport_scheme(l->kind);
	switch (err) {
	case EADDRINUSE:
		return transport_fail(error, -err, "%s %s: address already in use by another process; stop it or choose "
		                      "another port", kind, text);
	case EACCES:
		return transport_fail(error, -err, "%s %s: not allowed to use this port; choose one above 1023, or run "
		                      "with CAP_NET_BIND_SERVICE", kind, text);
	case EADDRNOTAVAIL:
		return transport_fail(error, -err, "%s %s: this machine has no such address; bind to one that "
		                      "`ip addr` shows, or to 0.0.0.0 or [::]", kind, text);
	case EAFNOSUPPORT:
		return transport_fail(error, -err, "%s %s: this machine has no IPv6; remove the listener", kind, text);
	case EMFILE:
	case ENFILE:
		return transport_fail(error, -err, "%s %s: no file descriptor left; raise the limit of open files "
		                      "(ulimit -n)", kind, text);
	default:
		return transport_fail(error, -err, "%s %s: cannot listen: %s", kind, text, strerror(err));
	}
}

static void set(int fd, int level, int option, int value)
{
	/* What fails here is a comfort that an old kernel does not have. */
	(void)setsockopt(fd, level, option, &value, sizeof value);
}

/* Accepted connections inherit all of these, so none costs a system call a connection. */
static void tune_stream(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
	set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MS);
}

static void tune_udp(int fd, const struct addr *bind_to)
{
	set(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER);
	set(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER);
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_BUFFER);        /* beyond it, with CAP_NET_ADMIN */
	bool wildcard = addr_is_any(bind_to);   /* else everything comes to the one address */
	if (bind_to->family == AF_INET) {
		set(fd, IPPROTO_IP, IP_RECVERR, 1);
		set(fd, IPPROTO_IP, IP_PKTINFO, wildcard);
		/* Large messages are fragmented on the way rather than lost to a filtered ICMP. */
		set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	} else {
		set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
		set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, wildcard);
	}
}

static bool read_bound(int fd, struct addr *out)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;
	return !getsockname(fd, (struct sockaddr *)&sa, &n) && addr_from_sockaddr((struct sockaddr *)&sa, out);
}

/* One socket of the group. The first is bound without SO_REUSEPORT: with it, another process of the
 * same user would silently share the port. Set afterwards it lets our own follow, and Linux then puts
 * the first into their group. 0 or a positive errno. */
static int open_socket(struct listener *l, bool first, int *out)
{
	bool stream = transport_is_stream(l->kind);
	int fd = socket(l->bound.family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (l->bound.family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (stream)                     /* connections of an earlier run in TIME_WAIT; a listener still conflicts */
		set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!first)
		set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	struct sockaddr_storage sa;
	socklen_t n = addr_to_sockaddr(&l->bound, &sa);
	if (bind(fd, (struct sockaddr *)&sa, n) || (first && !read_bound(fd, &l->bound)))
		goto fail;
	if (first)
		set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (stream) {
		tune_stream(fd);
		if (listen(fd, BACKLOG))
			goto fail;
	} else {
		tune_udp(fd, &l->bound);
	}
	*out = fd;
	return 0;
fail:;
	int err = errno;
	close(fd);
	return err;
}

int listeners_open(struct transport *t, struct transport_error *error)
{
	for (unsigned i = 0; i < t->listener_count; i++) {
		struct listener *l = &t->listeners[i];
		for (unsigned worker = 0; worker < t->set.workers; worker++) {
			int err = open_socket(l, worker == 0, &l->fds[worker]);
			if (err)
				return fail_bind(error, l, err);
		}
		if (!l->advertise_port)
			l->advertise_port = l->bound.port;
		listener_make_name(t, l);
	}
	return 0;
}

unsigned transport_descriptors(const struct transport *t, unsigned worker, int *out)
{
	for (unsigned i = 0; out && i < t->listener_count; i++)
		out[i] = t->listeners[i].fds[worker];
	return t->listener_count;
}

void listeners_close(struct transport *t)
{
	for (unsigned i = 0; i < t->listener_count; i++) {
		for (unsigned worker = 0; worker < WORKERS_MAX; worker++) {
			int *fd = &t->listeners[i].fds[worker];
			if (*fd >= 0)
				close(*fd);
			*fd = -1;
		}
	}
}

/* How well a listener suits traffic that the kernel would send from `source`. */
static int fitness(const struct listener *l, const struct addr *to, const struct addr *source)
{
	if (source && addr_same_ip(&l->bound, source))
		return 4;
	if (l->wildcard)
		return 3;
	/* Loopback reaches loopback only, and nothing else comes from there. */
	return addr_is_loopback(&l->bound) == addr_is_loopback(to) ? 2 : 1;
}

uint8_t listener_towards(const struct transport *t, enum transport_kind kind, const struct addr *to,
                         const struct addr *source)
{
	uint8_t best = NO_LISTENER;
	int best_fitness = 0;
	for (unsigned i = 0; i < t->listener_count; i++) {
		const struct listener *l = &t->listeners[i];
		if (l->kind != kind || l->bound.family != to->family)
			continue;
		int fit = fitness(l, to, source);
		if (fit > best_fitness) {
			best_fitness = fit;
			best = (uint8_t)i;
		}
	}
	return best;
}

bool transport_udp_listener(const struct transport *t, const struct addr *local, uint8_t *listener)
{
	bool found = false;
	for (unsigned i = 0; i < t->listener_count; i++) {
		const struct listener *l = &t->listeners[i];
		if (l->kind != TRANSPORT_UDP || l->bound.family != local->family || l->bound.port != local->port)
			continue;
		bool exact = addr_same_ip(&l->bound, local);
		if (exact || (l->wildcard && !found)) {
			*listener = (uint8_t)i;
			found = true;
		}
		if (exact)
			break;
	}
	return found;
}
