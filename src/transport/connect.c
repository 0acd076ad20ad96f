/* SPDX-License-Identifier: Apache-2.0 */
/* connect.c - flows to next hops: reuse the connection that leads there, or make it (TP-26).
 *
 * One table for all workers, behind a lock that is held while a socket is made at most: two workers that
 * need the same hop at the same time share one connection. Only connections of our own are in it: an
 * accepted one proves nothing about who is reached by its address. */
#include "stream.h"
#include "tls.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define UNACKED_MS       10000
#define KEEPALIVE_IDLE_S 60

struct outgoing_entry {
	struct map_node node;
	enum transport_kind kind;
	struct addr addr;
	struct str tls_name;
	struct flow_ref ref;
};

struct outgoing {
	pthread_mutex_t lock;
	struct hash_key key;
	struct map map;
};

struct outgoing *outgoing_new(void)
{
	struct outgoing *o = mem_zalloc(sizeof *o);
	pthread_mutex_init(&o->lock, NULL);
	o->key = hash_key_new();
	map_init(&o->map);
	return o;
}

void outgoing_free(struct outgoing *o)
{
	if (!o)
		return;
	map_fini(&o->map);
	pthread_mutex_destroy(&o->lock);
	mem_free(o);
}

static uint64_t hash_of(const struct outgoing *o, const struct hop *hop)
{
	uint64_t hash = hash_mix(hash_bytes(o->key, &hop->addr, sizeof hop->addr), hop->kind);
	return hop->kind == TRANSPORT_TLS ? hash_mix(hash, hash_istr(o->key, hop->tls_name)) : hash;
}

/* Certificates prove names, so over TLS the name must be the same too (TP-40). */
static bool leads_to(const struct outgoing_entry *e, const struct hop *hop)
{
	return e->kind == hop->kind && addr_eq(&e->addr, &hop->addr) &&
	       (hop->kind != TRANSPORT_TLS || str_ieq(e->tls_name, hop->tls_name));
}

static bool find(struct transport *t, const struct hop *hop, uint64_t hash, struct flow_ref *out)
{
	for (struct map_node *n = map_first(&t->outgoing->map, hash); n; n = map_again(&t->outgoing->map, n)) {
		struct outgoing_entry *e = CONTAINER(n, struct outgoing_entry, node);
		if (leads_to(e, hop) && flow_table_alive(&t->flows, e->ref.serial)) {
			*out = e->ref;
			return true;
		}
	}
	return false;
}

static void remember(struct stream *s, const struct hop *hop, uint64_t hash)
{
	struct str name = hop->kind == TRANSPORT_TLS ? hop->tls_name : STR("");
	struct outgoing_entry *e = mem_zalloc(sizeof *e + name.n);
	char *copy = (char *)(e + 1);
	if (name.n)
		memcpy(copy, name.p, name.n);
	*e = (struct outgoing_entry){ .kind = hop->kind, .addr = hop->addr, .tls_name = { copy, name.n }, .ref = s->ref };
	map_insert(&s->w->t->outgoing->map, &e->node, hash);
	s->entry = e;
}

void outgoing_forget(struct stream *s)
{
	struct outgoing *o = s->w->t->outgoing;
	if (!s->entry)
		return;
	pthread_mutex_lock(&o->lock);
	map_remove(&o->map, &s->entry->node);
	pthread_mutex_unlock(&o->lock);
	mem_free(s->entry);
	s->entry = NULL;
}

static void set(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof value);
}

/* A socket that is connecting; -errno. It leaves from the listener's address, when that is concrete, so
 * that what we write into Via is where we are. */
static int start_connect(const struct transport *t, uint8_t listener, const struct addr *to)
{
	int fd = socket(to->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MS);
	struct sockaddr_storage sa;
	socklen_t n;
	if (listener != NO_LISTENER && !t->listeners[listener].wildcard) {
		struct addr from = t->listeners[listener].bound;
		from.port = 0;
		set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
		n = addr_to_sockaddr(&from, &sa);
		if (bind(fd, (struct sockaddr *)&sa, n))
			goto fail;
	}
	n = addr_to_sockaddr(to, &sa);
	if (connect(fd, (struct sockaddr *)&sa, n) && errno != EINPROGRESS)
		goto fail;
	return fd;
fail:;
	int err = errno;
	close(fd);
	return -err;
}

static struct stream *make(struct transport_worker *w, const struct hop *hop, uint8_t listener)
{
	if (!flow_budget_take(w, true))
		return NULL;
	int fd = start_connect(w->t, listener, &hop->addr);
	struct flow_ref ref = { .kind = (uint8_t)hop->kind, .listener = listener, .remote = hop->addr };
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;
	if (fd >= 0 && !getsockname(fd, (struct sockaddr *)&sa, &n))
		addr_from_sockaddr((struct sockaddr *)&sa, &ref.local);
	struct stream *s = fd >= 0 ? stream_new(w, fd, &ref, STREAM_CONNECTING) : NULL;
	if (!s) {
		flow_budget_give(w);
		return NULL;
	}
	s->outgoing = true;
	bool tls = hop->kind == TRANSPORT_TLS;
	if (tls)
		s->tls = tls_session_connect(w->tls, listener, hop->tls_name);
	if ((tls && !s->tls) || stream_watch(s)) {
		stream_close(s, FLOW_END_LOCAL);
		return NULL;
	}
	return s;
}

static enum send_result open_stream(struct transport_worker *w, const struct hop *hop, uint8_t listener, struct flow_ref *out)
{
	struct transport *t = w->t;
	uint64_t hash = hash_of(t->outgoing, hop);
	struct stream *made = NULL;
	pthread_mutex_lock(&t->outgoing->lock);
	bool found = find(t, hop, hash, out);
	if (!found && (made = make(w, hop, listener)))
		remember(made, hop, hash);
	pthread_mutex_unlock(&t->outgoing->lock);
	if (made)
		*out = made->ref;
	return found || made ? SEND_OK : SEND_REFUSED;
}

enum send_result transport_open(struct transport_worker *w, const struct hop *hop, struct flow_ref *out)
{
	struct transport *t = w->t;
	struct addr source = { .family = 0 };
	if (!hop->addr.port || addr_is_unsendable(&hop->addr))
		return SEND_REFUSED;
	bool routed = route_source(w->routes, &hop->addr, loop_now_ms(w->loop), &source);
	uint8_t listener = listener_towards(t, hop->kind, &hop->addr, routed ? &source : NULL);
	if (transport_is_stream(hop->kind))
		return open_stream(w, hop, listener, out);
	if (listener == NO_LISTENER || !routed) /* without a route any socket would do, and most would be wrong */
		return SEND_REFUSED;
	const struct listener *l = &t->listeners[listener];
	*out = (struct flow_ref){ .kind = TRANSPORT_UDP, .listener = listener, .local = l->bound, .remote = hop->addr };
	if (l->wildcard) {
		out->local = source;
		out->local.port = l->bound.port;
	}
	return SEND_OK;
}

void stream_connected(struct stream *s)
{
	int err = 0;
	socklen_t n = sizeof err;
	if (getsockopt(s->io.fd, SOL_SOCKET, SO_ERROR, &err, &n))
		err = errno;
	/* TCP can connect a port to itself when the kernel happens to choose it, and a dead hop would seem to be us. */
	if (!err && addr_eq(&s->ref.local, &s->ref.remote))
		err = ECONNREFUSED;
	if (err) {
		stream_log_end(s, strerror(err));
		stream_close(s, FLOW_END_REFUSED);
		return;
	}
	s->heard_ms = loop_now_ms(s->w->loop);
	if (s->tls) {
		stream_enter(s, STREAM_HANDSHAKE);
		stream_wants_handshake(s);      /* the client speaks first */
	} else {
		stream_enter(s, STREAM_OPEN);
		stream_wants_flush(s);
	}
}
