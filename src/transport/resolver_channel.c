/* SPDX-License-Identifier: Apache-2.0 */
/* c-ares on the loop: its sockets are watched, its timeouts are one timer. When the system's servers change
 * (resolv.conf is another file than before) a new ares_channel takes over, also what was being asked.
 *
 * Sockets are not kept open between questions (no ARES_FLAG_STAYOPEN): each burst of questions leaves from a
 * fresh port, which a forger of answers must guess besides the id. */
#include "resolver_private.h"
#include "log.h"
#include "mem.h"
#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/time.h>

#define SYSTEM_FILE "/etc/resolv.conf"
#define LOOK_MS    5000
#define EDNS_BYTES 1232                 /* fits every path unfragmented (DNS flag day 2020) */

struct dns_socket {
	struct loop_fd io;              /* first: ready() finds the socket by it */
	struct list node;               /* in dns_channel.sockets */
	struct dns_channel *channel;
};

struct dns_channel {
	struct loop *loop;
	ares_channel ares;
	struct list sockets;
	struct loop_timer timer;
	unsigned timeout_ms, tries, asking;
	bool system;                    /* the servers are those of SYSTEM_FILE */
	bool closing;
	int64_t look_at_ms;
	struct stat file;
};

struct dns_ask {
	struct dns_channel *channel;
	dns_channel_done *done;
	void *user;
	enum dns_type type;
	struct str name;
};

/* c-ares adds jitter of its own, so looking a little late is as good as on time. */
static void arm(struct dns_channel *c)
{
	struct timeval tv;
	if (!c->asking) {
		loop_timer_stop(c->loop, &c->timer);
		return;
	}
	int64_t wait_ms = c->timeout_ms;
	if (ares_timeout(c->ares, NULL, &tv))
		wait_ms = (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1;
	loop_timer_set(c->loop, &c->timer, loop_now_ms(c->loop) + wait_ms);
}

static void timed_out(struct loop_timer *timer)
{
	struct dns_channel *c = CONTAINER(timer, struct dns_channel, timer);
	ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm(c);
}

static void ready(struct loop_fd *io, uint32_t events)
{
	struct dns_channel *c = ((struct dns_socket *)io)->channel;
	int fd = io->fd;
	bool broken = events & (EPOLLERR | EPOLLHUP);
	ares_process_fd(c->ares, broken || events & EPOLLIN ? fd : ARES_SOCKET_BAD,
	                broken || events & EPOLLOUT ? fd : ARES_SOCKET_BAD);
	if (!c->asking)
		loop_timer_stop(c->loop, &c->timer);
}

static struct dns_socket *socket_of(struct dns_channel *c, int fd)
{
	LIST_EACH(&c->sockets, it) {
		struct dns_socket *s = CONTAINER(it, struct dns_socket, node);
		if (s->io.fd == fd)
			return s;
	}
	return NULL;
}

static void socket_close(struct dns_socket *s)
{
	loop_unwatch(s->channel->loop, &s->io);
	list_remove(&s->node);
	mem_free(s);
}

static void socket_state(void *user, ares_socket_t fd, int readable, int writable)
{
	struct dns_channel *c = user;
	struct dns_socket *s = socket_of(c, fd);
	uint32_t events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
	if (!events) {
		if (s)
			socket_close(s);
		return;
	}
	if (s) {
		loop_rewatch(c->loop, &s->io, events);
		return;
	}
	s = mem_zalloc(sizeof *s);
	s->io = (struct loop_fd){ .fd = fd, .events = events, .ready = ready };
	s->channel = c;
	list_add_tail(&c->sockets, &s->node);
	if (loop_watch(c->loop, &s->io)) {      /* c-ares will find it silent and time out */
		list_remove(&s->node);
		mem_free(s);
	}
}

static int option_error(int status)
{
	return status == ARES_ENOMEM ? -ENOMEM : status == ARES_EFILE ? -EIO : -EINVAL;
}

static int set_servers(ares_channel ares, struct str servers)
{
	char *text = mem_zalloc(servers.n + 1);
	memcpy(text, servers.p, servers.n);
	int status = ares_set_servers_ports_csv(ares, text);
	mem_free(text);
	return status;
}

static bool file_changed(struct dns_channel *c)
{
	struct stat now;
	if (stat(SYSTEM_FILE, &now))
		return false;           /* being replaced, or gone: what was read still holds */
	bool same = now.st_ino == c->file.st_ino && now.st_size == c->file.st_size &&
	            now.st_mtim.tv_sec == c->file.st_mtim.tv_sec && now.st_mtim.tv_nsec == c->file.st_mtim.tv_nsec;
	c->file = now;
	return !same;
}

static int ares_open(struct dns_channel *c, ares_channel *out)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS, .ednspsz = EDNS_BYTES,
		.timeout = (int)c->timeout_ms, .tries = (int)c->tries, .sock_state_cb = socket_state, .sock_state_cb_data = c,
	};
	return ares_init_options(out, &options, ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
	                         ARES_OPT_SOCK_STATE_CB);
}

int dns_channel_new(struct loop *loop, const struct resolver_settings *s, struct dns_channel **out)
{
	struct dns_channel *c = mem_zalloc(sizeof *c);
	c->loop = loop;
	c->timeout_ms = s->timeout_ms;
	c->tries = s->tries;
	c->timer.fire = timed_out;
	c->system = s->servers.n == 0;
	list_init(&c->sockets);
	if (c->system)
		file_changed(c);
	int status = ares_open(c, &c->ares);
	if (status == ARES_SUCCESS && !c->system)
		status = set_servers(c->ares, s->servers);
	if (status != ARES_SUCCESS) {
		dns_channel_free(c);
		return option_error(status);
	}
	*out = c;
	return 0;
}

void dns_channel_free(struct dns_channel *c)
{
	if (!c)
		return;
	c->closing = true;
	if (c->ares)
		ares_destroy(c->ares);  /* ends every question and closes every socket */
	loop_timer_stop(c->loop, &c->timer);
	LIST_EACH(&c->sockets, it)
		socket_close(CONTAINER(it, struct dns_socket, node));
	mem_free(c);
}

static enum dns_outcome outcome_of(int status)
{
	switch (status) {
	case ARES_ENOTFOUND: case ARES_ENODATA: case ARES_EBADNAME:
		return DNS_ANSWERED;
	case ARES_EFORMERR: case ARES_ESERVFAIL: case ARES_ENOTIMP: case ARES_EREFUSED: case ARES_EBADRESP:
		return DNS_REFUSED;
	default:
		return DNS_SILENT;
	}
}

static void answered(void *user, int status, int timeouts, unsigned char *bytes, int n)
{
	(void)timeouts;
	struct dns_ask *ask = user;
	struct dns_answer *answer = NULL;
	if (status == ARES_EDESTRUCTION && !ask->channel->closing) {
		ares_query(ask->channel->ares, ask->name.p, ns_c_in, (int)ask->type, answered, ask);
		return;
	}
	ask->channel->asking--;
	if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED)
		answer = NULL;
	else if (bytes && (status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA))
		answer = dns_answer_read(bytes, (size_t)n, ask->type, ask->name);
	else
		answer = dns_answer_empty(outcome_of(status));
	ask->done(ask->user, answer);
	mem_free(ask);
}

static void follow_system(struct dns_channel *c)
{
	ares_channel old = c->ares, renewed;
	if (!c->system || loop_now_ms(c->loop) < c->look_at_ms)
		return;
	c->look_at_ms = loop_now_ms(c->loop) + LOOK_MS;
	if (!file_changed(c) || ares_open(c, &renewed) != ARES_SUCCESS)
		return;
	log_write(LOG_INFO, "resolver: " SYSTEM_FILE " has changed, asking the servers it names now");
	c->ares = renewed;
	ares_destroy(old);              /* its questions come to answered() and go on to the new one */
}

void dns_channel_ask(struct dns_channel *c, enum dns_type type, const char *name, dns_channel_done *done, void *user)
{
	follow_system(c);
	size_t n = strlen(name);
	struct dns_ask *ask = mem_zalloc(sizeof *ask + n + 1);
	char *copy = memcpy(ask + 1, name, n);
	*ask = (struct dns_ask){ .channel = c, .done = done, .user = user, .type = type, .name = { copy, n } };
	c->asking++;
	if (!loop_timer_armed(&c->timer) || c->timer.at_ms > loop_now_ms(c->loop) + c->timeout_ms)
		loop_timer_set(c->loop, &c->timer, loop_now_ms(c->loop) + c->timeout_ms);
	ares_query(c->ares, ask->name.p, ns_c_in, (int)type, answered, ask);
}
