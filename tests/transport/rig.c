/* SPDX-License-Identifier: Apache-2.0 */
/* rig.c - see rig.h */
#include "rig.h"
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* --- what workers do --- */

static unsigned number_after(struct str text, const char *name, unsigned otherwise)
{
	const char *at = memmem(text.p, text.n, name, strlen(name));
	return at ? (unsigned)(at[strlen(name)] - '0') : otherwise;
}

static unsigned owner(void *user, struct str text, const struct flow_ref *from)
{
	(void)from;
	return number_after(text, "X-Owner: ", ((struct rig_worker *)user)->index);
}

static void flood(struct rig_worker *w, const struct flow_ref *to)
{
	static const char text[10000];
	struct wire *bytes = wire_new((struct str){ text, sizeof text });
	while (transport_send(w->transport, to, bytes) == SEND_OK)
		;
	wire_unref(bytes);
}

static void message(void *user, struct packet *p)
{
	struct rig_worker *w = user;
	struct rig *r = w->rig;
	unsigned kill = number_after(p->text, "X-Kill: ", 0);
	if (kill)
		transport_flow_kill(w->transport, &p->from, kill == 2);
	if (number_after(p->text, "X-Flood: ", 0))
		flood(w, &p->from);
	if (!str_starts(p->text, STR("SIP/2.0")) && !number_after(p->text, "X-Quiet: ", 0)) {
		char text[256];
		int n = snprintf(text, sizeof text, "SIP/2.0 200 OK\r\nX-Worker: %u\r\nX-Serial: %llx\r\nX-Size: %zu\r\n"
		                 "Content-Length: 0\r\n\r\n", w->index, (unsigned long long)p->from.serial, p->text.n);
		struct wire *bytes = wire_new((struct str){ text, (size_t)n });
		transport_send(w->transport, &p->from, bytes);
		wire_unref(bytes);
	}
	pthread_mutex_lock(&r->lock);
	r->messages++;
	r->last_from = p->from;
	r->last_worker = w->index;
	r->last_size = p->text.n;
	snprintf(r->last_names, sizeof r->last_names, "%.*s", STR_FMT(p->peer_names));
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	packet_free(p);
}

static void flow_closed(void *user, const struct flow_ref *flow, enum flow_end why)
{
	struct rig_worker *w = user;
	struct rig *r = w->rig;
	pthread_mutex_lock(&r->lock);
	if (r->closed_count < RIG_EVENTS)
		r->closed[r->closed_count++] = (struct rig_closed){ w->index, *flow, why };
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void unreachable(void *user, const struct flow_ref *flow, struct str quote, bool proof)
{
	struct rig_worker *w = user;
	struct rig *r = w->rig;
	pthread_mutex_lock(&r->lock);
	r->last_proof = proof;
	r->unreachable_count++;
	r->last_unreachable = *flow;
	snprintf(r->last_quote, sizeof r->last_quote, "%.*s", STR_FMT(quote));
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void flow_unacked(void *user, const struct flow_ref *flow)
{
	struct rig *r = ((struct rig_worker *)user)->rig;
	pthread_mutex_lock(&r->lock);
	r->unacked_count++;
	r->last_unacked = *flow;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void *run(void *arg)
{
	struct rig_worker *w = arg;
	loop_run(w->loop);
	return NULL;
}

/* --- life --- */

void rig_init(struct rig *r)
{
	memset(r, 0, sizeof *r);
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->changed, &attr);
	pthread_condattr_destroy(&attr);
	strcpy(r->dir, "/tmp/sluice-test-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->certificate, sizeof r->certificate, "%s/cert.pem", r->dir);
	snprintf(r->key, sizeof r->key, "%s/key.pem", r->dir);
	certificate_make(r->certificate, r->key, &(struct certificate){ "DNS:localhost,IP:127.0.0.1", NULL, 30 });
	transport_settings_init(&r->settings);
	r->settings.state_dir = str_of(r->dir);
	r->settings.max_flows = 1000;
}

unsigned rig_listen(struct rig *r, enum transport_kind kind, const char *ip)
{
	struct listener_settings *l = &r->listeners[r->listener_count];
	*l = (struct listener_settings){ .kind = kind };
	assert_true(addr_parse_ip(str_of(ip), &l->bind));
	if (kind == TRANSPORT_TLS) {
		l->certificate = str_of(r->certificate);
		l->key = str_of(r->key);
	}
	return r->listener_count++;
}

void rig_start(struct rig *r, unsigned workers)
{
	static const struct transport_events events = { owner, message, flow_closed, unreachable, flow_unacked };
	struct transport_error error = { "" };
	r->settings.workers = workers;
	r->settings.listeners = r->listeners;
	r->settings.listener_count = r->listener_count;
	if (transport_new(&r->settings, &r->t, &error))
		fail_msg("%s", error.text);
	for (unsigned i = 0; i < workers; i++) {
		struct rig_worker *w = &r->workers[i];
		*w = (struct rig_worker){ .rig = r, .index = i };
		assert_int_equal(loop_new(&w->loop), 0);
		assert_int_equal(transport_worker_new(r->t, i, w->loop, &events, w, &w->transport), 0);
	}
	for (unsigned i = 0; i < workers; i++) {
		transport_worker_go(r->workers[i].transport);
		assert_int_equal(pthread_create(&r->workers[i].thread, NULL, run, &r->workers[i]), 0);
	}
}

void rig_stop(struct rig *r)
{
	char command[128];
	unsigned workers = r->settings.workers;
	for (unsigned i = 0; r->t && i < workers; i++) {
		loop_stop(r->workers[i].loop);
		pthread_join(r->workers[i].thread, NULL);
	}
	for (bool some = r->t != NULL; some; ) {
		some = false;
		for (unsigned i = 0; i < workers; i++)
			some |= loop_run_posted(r->workers[i].loop);
	}
	for (unsigned i = 0; r->t && i < workers; i++)
		transport_worker_free(r->workers[i].transport);
	for (unsigned i = 0; r->t && i < workers; i++)
		loop_free(r->workers[i].loop);
	transport_free(r->t);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
	snprintf(command, sizeof command, "rm -rf %s", r->dir);
	assert_int_equal(system(command), 0);
}

struct addr rig_addr(const struct rig *r, unsigned listener)
{
	enum transport_kind kind;
	struct addr a;
	assert_true(transport_listener(r->t, listener, &kind, &a));
	return a;
}

struct call {
	struct loop_task task;
	struct rig_worker *w;
	void (*fn)(struct rig_worker *w, void *arg);
	void *arg;
	bool done;
};

static void run_call(struct loop_task *task)
{
	struct call *c = CONTAINER(task, struct call, task);
	struct rig *r = c->w->rig;
	c->fn(c->w, c->arg);
	pthread_mutex_lock(&r->lock);
	c->done = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void rig_on(struct rig *r, unsigned worker, void (*fn)(struct rig_worker *w, void *arg), void *arg)
{
	struct call c = { .task.run = run_call, .w = &r->workers[worker], .fn = fn, .arg = arg };
	loop_post(r->workers[worker].loop, &c.task);
	rig_wait(r, c.done);
}

bool rig_wait_change(struct rig *r)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_MS / 1000;
	return pthread_cond_timedwait(&r->changed, &r->lock, &until) == 0;
}

void rig_forget_closed(struct rig *r)
{
	pthread_mutex_lock(&r->lock);
	r->closed_count = 0;
	pthread_mutex_unlock(&r->lock);
}

struct transport_counts rig_counts(struct rig *r)
{
	struct transport_counts sum = { 0 }, one;
	uint64_t *to = (uint64_t *)&sum, *from = (uint64_t *)&one;
	for (unsigned i = 0; i < r->settings.workers; i++) {
		transport_count(r->workers[i].transport, &one);
		for (size_t n = 0; n < sizeof sum / sizeof *to; n++)
			to[n] += from[n];
	}
	return sum;
}

/* --- clients --- */

static int client(const struct addr *to, int type, uint16_t from_port)
{
	struct sockaddr_storage sa;
	int one = 1, fd = socket(to->family, type | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (from_port) {
		struct addr from = { .family = to->family, .port = from_port };
		memcpy(from.ip, to->ip, sizeof from.ip);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		socklen_t n = addr_to_sockaddr(&from, &sa);
		assert_int_equal(bind(fd, (struct sockaddr *)&sa, n), 0);
	}
	socklen_t n = addr_to_sockaddr(to, &sa);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, n), 0);
	return fd;
}

int client_udp(const struct addr *to)
{
	return client(to, SOCK_DGRAM, 0);
}

int client_tcp(const struct addr *to)
{
	return client(to, SOCK_STREAM, 0);
}

int client_tcp_from(const struct addr *to, uint16_t port)
{
	return client(to, SOCK_STREAM, port);
}

uint16_t client_port(int fd)
{
	struct sockaddr_storage sa;
	struct addr a;
	socklen_t n = sizeof sa;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
	assert_true(addr_from_sockaddr((struct sockaddr *)&sa, &a));
	return a.port;
}

void client_send(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
		assert_true(sent > 0);
		bytes += sent;
		n -= (size_t)sent;
	}
}

ssize_t client_some(int fd, char *out, size_t cap, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	if (poll(&p, 1, wait_ms) != 1)
		return -1;
	ssize_t n = recv(fd, out, cap, 0);
	return n < 0 ? 0 : n;
}

void client_read(int fd, char *out, size_t n)
{
	while (n) {
		ssize_t got = client_some(fd, out, n, WAIT_MS);
		if (got <= 0)
			fail_msg("%zu bytes are missing", n);
		out += got;
		n -= (size_t)got;
	}
}

void client_hears_nothing(int fd, int wait_ms)
{
	char byte;
	assert_int_equal(client_some(fd, &byte, 1, wait_ms), -1);
}

void client_sees_end(int fd)
{
	char bytes[4096];
	for (;;) {
		ssize_t n = client_some(fd, bytes, sizeof bytes, WAIT_MS);
		if (n == 0)
			return;
		if (n < 0)
			fail_msg("the connection is still open");
	}
}

size_t client_response(int fd, char *out, size_t cap)
{
	size_t n = 0;
	while (n < 4 || memcmp(out + n - 4, "\r\n\r\n", 4) != 0) {
		assert_true(n + 1 < cap);
		client_read(fd, out + n++, 1);
	}
	out[n] = '\0';
	return n;
}

size_t request_write(char *out, size_t cap, const char *method, const char *rows, const char *body)
{
	static atomic_uint number;
	unsigned id = atomic_fetch_add(&number, 1);
	int n = snprintf(out, cap, "%s sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/TCP client.test:5060;branch=z9hG4bK%u;rport\r\n"
	                 "From: <sip:alice@example.test>;tag=1\r\nTo: <sip:bob@example.test>\r\nCall-ID: %u@test\r\nCSeq: 1 %s\r\n"
	                 "Max-Forwards: 70\r\n%sContent-Length: %zu\r\n\r\n%s", method, id, id, method, rows, strlen(body), body);
	assert_true(n > 0 && (size_t)n < cap);
	return (size_t)n;
}
