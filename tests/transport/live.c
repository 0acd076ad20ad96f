/* SPDX-License-Identifier: Apache-2.0 */
/* live.c - datagrams and TCP on loopback: framing, keep-alive, the hop between workers, the end of flows. */
#include "rig.h"
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TEXT 4096

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void ask(int fd, const char *rows)
{
	char text[TEXT];
	client_send(fd, text, request_write(text, sizeof text, "OPTIONS", rows, ""));
}

static void is_ok(int fd)
{
	char text[TEXT];
	client_response(fd, text, sizeof text);
	assert_memory_equal(text, "SIP/2.0 200 OK\r\n", 16);
}

static unsigned worker_in(const char *response)
{
	const char *at = strstr(response, "X-Worker: ");
	assert_non_null(at);
	return (unsigned)(at[10] - '0');
}

/* --- UDP --- */

static void datagram_is_answered(int fd)
{
	char text[TEXT];
	ask(fd, "");
	ssize_t n = client_some(fd, text, sizeof text, WAIT_MS);
	assert_true(n > 16);
	assert_memory_equal(text, "SIP/2.0 200 OK\r\n", 16);
}

/* TP-04 */
static void a_udp_answer_leaves_from_the_address_that_was_asked(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned any = rig_listen(&r, TRANSPORT_UDP, "0.0.0.0");
	unsigned any6 = rig_listen(&r, TRANSPORT_UDP, "::");
	unsigned one = rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	rig_start(&r, 1);
	const char *ips[] = { "127.0.0.2", "127.0.0.3" };
	for (int i = 0; i < 2; i++) {           /* a connected socket takes answers from there only */
		struct addr to = rig_addr(&r, any);
		assert_true(addr_parse_ip(str_of(ips[i]), &to));
		to.port = rig_addr(&r, any).port;
		int fd = client_udp(&to);
		datagram_is_answered(fd);
		assert_true(addr_same_ip(&r.last_from.local, &to));
		close(fd);
	}
	struct addr to6;
	assert_true(addr_parse_ip(STR("::1"), &to6));
	to6.port = rig_addr(&r, any6).port;
	int fd = client_udp(&to6);
	datagram_is_answered(fd);
	assert_true(addr_eq(&r.last_from.local, &to6));
	close(fd);
	struct addr to = rig_addr(&r, one);
	fd = client_udp(&to);
	datagram_is_answered(fd);
	close(fd);
	rig_stop(&r);
}

/* TP-13 */
static void a_datagram_may_be_as_large_as_udp_allows(void **state)
{
	static char body[65000], text[65507];
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned udp = rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, udp);
	int fd = client_udp(&to);
	memset(body, 'x', sizeof body - 1);
	size_t n = request_write(text, sizeof text, "MESSAGE", "X-Quiet: 1\r\n", body);
	client_send(fd, text, n);
	rig_wait(&r, r.messages == 1);
	assert_int_equal(r.last_size, n);
	close(fd);
	rig_stop(&r);
}

/* TP-17 */
static void empty_datagrams_and_keepalive_bytes_are_dropped_in_silence(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned udp = rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, udp);
	int fd = client_udp(&to);
	for (int i = 0; i < 100; i++) {
		send(fd, "", 0, 0);
		send(fd, "\r\n\r\n", 4, 0);
		send(fd, "\r\n", 2, 0);
		send(fd, "\0\0\0\0", 4, 0);
		send(fd, "\0", 1, 0);
	}
	datagram_is_answered(fd);               /* and the first thing heard is this answer */
	assert_int_equal(r.messages, 1);
	client_hears_nothing(fd, 20);
	close(fd);
	rig_stop(&r);
}

/* OB-59 TP-27 TP-28 */
static void stun_and_sip_share_the_port(void **state)
{
	static const char request[20] = { 0, 1, 0, 0, 0x21, 0x12, (char)0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	const char *ips[] = { "127.0.0.1", "::1" };
	struct rig r;
	(void)state;
	rig_init(&r);
	rig_listen(&r, TRANSPORT_UDP, ips[0]);
	rig_listen(&r, TRANSPORT_UDP, ips[1]);
	rig_start(&r, 2);
	for (unsigned i = 0; i < 2; i++) {
		char answer[128];
		struct addr to = rig_addr(&r, i);
		int fd = client_udp(&to);
		client_send(fd, request, sizeof request);
		assert_int_equal(client_some(fd, answer, sizeof answer, WAIT_MS), i ? 44 : 32);
		assert_memory_equal(answer, "\x01\x01", 2);
		assert_memory_equal(answer + 4, request + 4, 16);
		unsigned port = ((unsigned)(uint8_t)answer[26] << 8 | (uint8_t)answer[27]) ^ 0x2112;
		assert_int_equal(port, client_port(fd));
		datagram_is_answered(fd);
		close(fd);
	}
	rig_stop(&r);
}

struct shot {
	struct hop hop;
	struct flow_ref flow;
	enum send_result opened, sent;
	const char *text;
};

static void shoot(struct rig_worker *w, void *arg)
{
	struct shot *s = arg;
	s->opened = transport_open(w->transport, &s->hop, &s->flow);
	if (s->opened != SEND_OK)
		return;
	struct wire *bytes = wire_new(str_of(s->text));
	s->sent = transport_send(w->transport, &s->flow, bytes);
	wire_unref(bytes);
}

static struct addr dead_port(const char *ip, int type)
{
	struct addr a;
	struct sockaddr_storage sa;
	assert_true(addr_parse_ip(str_of(ip), &a));
	int fd = socket(a.family, type, 0);
	socklen_t n = addr_to_sockaddr(&a, &sa);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, n), 0);
	a.port = client_port(fd);
	close(fd);
	return a;
}

/* TP-16 */
static void icmp_tells_that_a_datagram_did_not_arrive(void **state)
{
	struct rig r;
	(void)state;
	static const char *const ips[][2] = {
		{ "127.0.0.1", "127.0.0.1" }, { "0.0.0.0", "127.0.0.1" }, { "::1", "::1" }, { "::", "::1" } };
	for (int i = 0; i < 4; i++) {
		rig_init(&r);
		rig_listen(&r, TRANSPORT_UDP, ips[i][0]);
		rig_start(&r, 2);
		struct shot s = { .hop = { .kind = TRANSPORT_UDP, .addr = dead_port(ips[i][1], SOCK_DGRAM) }, .text = "hello there" };
		rig_on(&r, 1, shoot, &s);
		assert_int_equal(s.sent, SEND_OK);
		assert_true(addr_is_loopback(&s.flow.local));
		rig_wait(&r, r.unreachable_count == 2);         /* every worker is told */
		assert_true(flow_ref_same(&r.last_unreachable, &s.flow));
		assert_true(r.last_proof);
		assert_string_equal(r.last_quote, "hello there");
		rig_stop(&r);
	}
}

/* --- streams --- */

/* TP-01 TP-19 */
static void a_request_may_come_one_byte_at_a_time(void **state)
{
	char text[TEXT];
	const char *ips[] = { "127.0.0.1", "::1" };
	struct rig r;
	(void)state;
	rig_init(&r);
	rig_listen(&r, TRANSPORT_TCP, ips[0]);
	rig_listen(&r, TRANSPORT_TCP, ips[1]);
	rig_start(&r, 1);
	for (unsigned i = 0; i < 2; i++) {
		struct addr to = rig_addr(&r, i);
		int fd = client_tcp(&to);
		size_t n = request_write(text, sizeof text, "MESSAGE", "", "hello");
		for (size_t at = 0; at < n; at++)
			client_send(fd, text + at, 1);
		is_ok(fd);
		assert_int_equal(r.last_size, n);
		close(fd);
	}
	rig_stop(&r);
}

/* TP-19 */
static void fifty_requests_may_come_in_one_write(void **state)
{
	static char text[64 * 1024];
	size_t n = 0;
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	int fd = client_tcp(&to);
	for (int i = 0; i < 50; i++)
		n += request_write(text + n, sizeof text - n, "MESSAGE", "", "with a body");
	client_send(fd, text, n);
	for (int i = 0; i < 50; i++)
		is_ok(fd);
	assert_int_equal(r.messages, 50);
	close(fd);
	rig_stop(&r);
}

/* TP-18 OB-56 OB-57 */
static void pings_get_pongs_however_they_come(void **state)
{
	char bytes[16], text[TEXT];
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	int fd = client_tcp(&to);
	client_say(fd, "\r\n\r\n");
	client_read(fd, bytes, 2);
	assert_memory_equal(bytes, "\r\n", 2);
	for (int i = 0; i < 4; i++) {                   /* split over reads */
		client_hears_nothing(fd, 10);
		client_send(fd, &"\r\n\r\n"[i], 1);
	}
	client_read(fd, bytes, 2);
	client_say(fd, "\r\n");                         /* one line end is no ping */
	client_hears_nothing(fd, 50);
	ask(fd, "");                                    /* and does not shift what follows */
	is_ok(fd);
	client_say(fd, "\r\n\r\n\r\n\r\n\r\n\r\n");     /* three */
	client_read(fd, bytes, 6);
	client_hears_nothing(fd, 20);
	size_t n = request_write(text, sizeof text, "OPTIONS", "", "");
	memcpy(text + n, "\r\n\r\n", 4);
	client_send(fd, text, n + 4);                   /* directly behind a message */
	is_ok(fd);
	client_read(fd, bytes, 2);
	memcpy(text, "\r\n\r\n", 4);
	n = request_write(text + 4, sizeof text - 4, "OPTIONS", "", "");
	client_send(fd, text, n + 4);                   /* directly before one */
	client_read(fd, bytes, 2);
	is_ok(fd);
	assert_int_equal(rig_counts(&r).pongs, 7);
	close(fd);
	rig_stop(&r);
}

struct flood {
	struct flow_ref flow;
	size_t size;
	unsigned count;
	enum send_result last;
};

static void pour(struct rig_worker *w, void *arg)
{
	struct flood *f = arg;
	char *text = mem_alloc(f->size);
	memset(text, 'm', f->size);
	struct wire *bytes = wire_new((struct str){ text, f->size });
	for (unsigned i = 0; i < f->count; i++)
		f->last = transport_send(w->transport, &f->flow, bytes);
	wire_unref(bytes);
	mem_free(text);
}

/* OB-58 */
static void a_pong_never_splits_a_message(void **state)
{
	enum { SIZE = 30000, COUNT = 200 };
	static char bytes[SIZE];
	struct rig r;
	(void)state;
	rig_init(&r);
	r.settings.queue_bytes = 8 << 20;
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	int fd = client_tcp(&to), small = 65536;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	ask(fd, "X-Quiet: 1\r\n");
	rig_wait(&r, r.messages == 1);
	struct flood f = { .flow = r.last_from, .size = SIZE, .count = COUNT };
	rig_on(&r, 0, pour, &f);                        /* far more than the socket takes */
	for (int i = 0; i < 20; i++)
		client_say(fd, "\r\n\r\n");
	size_t messages = 0, pongs = 0;
	while (messages < COUNT || pongs < 20) {
		client_read(fd, bytes, 2);
		if (bytes[0] == '\r') {
			pongs++;
			continue;
		}
		client_read(fd, bytes + 2, SIZE - 2);
		for (int i = 0; i < SIZE; i++)
			assert_int_equal(bytes[i], 'm');
		messages++;
	}
	close(fd);
	rig_stop(&r);
}

/* TP-20 TP-21 TP-22 */
static void what_cannot_be_framed_is_refused_and_the_connection_closed(void **state)
{
	static const struct {
		const char *row;
		const char *status;
	} cases[] = {
		{ "", "400" },
		{ "Content-Length: -1\r\n", "400" },
		{ "Content-Length: five\r\n", "400" },
		{ "Content-Length: 3\r\nContent-Length: 4\r\n", "400" },
		{ "Content-Length: 4294967297\r\n", "4" },
		{ "Content-Length: 1000000000\r\n", "413" },
	};
	char text[TEXT];
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int fd = client_tcp(&to);
		int n = snprintf(text, sizeof text, "INVITE sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/TCP a.test;branch=z9hG4bK1\r\n"
		                 "From: <sip:a@b.test>;tag=1\r\nTo: <sip:bob@example.test>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n%s\r\n",
		                 cases[i].row);
		client_send(fd, text, (size_t)n);
		client_response(fd, text, sizeof text);
		assert_memory_equal(text, "SIP/2.0 ", 8);
		assert_memory_equal(text + 8, cases[i].status, strlen(cases[i].status));
		client_sees_end(fd);
		close(fd);
		rig_wait(&r, r.closed_count == i + 1);
		assert_int_equal(r.closed[i].why, FLOW_END_PROTOCOL);
	}
	assert_int_equal(r.messages, 0);
	rig_stop(&r);
}

/* TP-22 */
static void a_header_without_end_is_refused(void **state)
{
	static char line[70000];
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	int fd = client_tcp(&to);
	memset(line, 'x', sizeof line);
	client_say(fd, "OPTIONS sip:bob@example.test SIP/2.0\r\nSubject: ");
	for (size_t at = 0; at < sizeof line; at += 1000)
		if (send(fd, line + at, 1000, MSG_NOSIGNAL) < 0)
			break;
	client_sees_end(fd);
	rig_wait(&r, r.closed_count == 1);
	assert_int_equal(r.closed[0].why, FLOW_END_PROTOCOL);
	close(fd);
	rig_stop(&r);
}

/* --- flows and workers --- */

/* OB-88 */
static void every_worker_learns_once_that_a_flow_has_ended(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 3);
	struct addr to = rig_addr(&r, tcp);
	for (int reset = 0; reset < 2; reset++) {
		int fd = client_tcp(&to);
		ask(fd, "");
		is_ok(fd);
		struct flow_ref flow = r.last_from;
		assert_true(transport_flow_alive(r.t, &flow));
		if (reset)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
		rig_forget_closed(&r);
		close(fd);
		rig_wait(&r, r.closed_count == 3);
		unsigned workers = 0;
		for (int i = 0; i < 3; i++) {
			assert_int_equal(r.closed[i].why, reset ? FLOW_END_RESET : FLOW_END_CLOSED);
			assert_int_equal(r.closed[i].flow.serial, flow.serial);
			workers |= 1u << r.closed[i].worker;
		}
		assert_int_equal(workers, 7);
		assert_false(transport_flow_alive(r.t, &flow));
		struct flood f = { .flow = flow, .size = 10, .count = 1 };
		rig_on(&r, 0, pour, &f);
		assert_int_equal(f.last, SEND_GONE);
	}
	rig_stop(&r);
}

struct listing {
	unsigned count;
	struct flow_info last;
};

static void note_flow(void *user, const struct flow_info *info)
{
	struct listing *l = user;
	l->count++;
	l->last = *info;
}

static void list_flows(struct rig_worker *w, void *arg)
{
	transport_flows(w->transport, note_flow, arg);
}

static void flows_are_listed_with_what_passed_over_them(void **state)
{
	struct rig r;
	struct listing before = { 0 }, l = { 0 }, after = { 0 };
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	rig_on(&r, 0, list_flows, &before);
	assert_int_equal(before.count, 0);
	int fd = client_tcp(&to);
	ask(fd, "");
	is_ok(fd);
	ask(fd, "X-Quiet: 1\r\n");
	rig_wait(&r, r.messages == 2);
	rig_on(&r, 0, list_flows, &l);
	assert_int_equal(l.count, 1);
	assert_true(flow_ref_same(&l.last.ref, &r.last_from));
	assert_int_equal(l.last.messages_in, 2);
	assert_int_equal(l.last.messages_out, 1);
	assert_false(l.last.outgoing || l.last.registered);
	assert_int_equal(rig_counts(&r).flows_open, 1);
	close(fd);
	rig_wait(&r, r.closed_count == 1);
	rig_on(&r, 0, list_flows, &after);
	assert_int_equal(after.count, 0);
	assert_int_equal(rig_counts(&r).flows_open, 0);
	assert_int_equal(rig_counts(&r).flows_closed[FLOW_END_CLOSED], 1);
	rig_stop(&r);
}

static void same_address_and_port_on_a_new_connection_is_another_flow(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	int fd = client_tcp(&to);
	uint16_t port = client_port(fd);
	ask(fd, "");
	is_ok(fd);
	struct flow_ref first = r.last_from;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
	close(fd);
	rig_wait(&r, r.closed_count == 1);
	fd = client_tcp_from(&to, port);
	ask(fd, "");
	is_ok(fd);
	assert_true(addr_eq(&r.last_from.remote, &first.remote));
	assert_true(r.last_from.serial != first.serial);
	assert_false(flow_ref_same(&r.last_from, &first));
	assert_false(transport_flow_alive(r.t, &first));
	assert_true(transport_flow_alive(r.t, &r.last_from));
	close(fd);
	rig_stop(&r);
}

static void a_message_reaches_its_owner_and_the_answer_its_flow(void **state)
{
	char text[TEXT];
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	unsigned udp = rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	rig_start(&r, 2);
	struct addr to_tcp = rig_addr(&r, tcp), to_udp = rig_addr(&r, udp);
	for (int round = 0; round < 20; round++) {
		int stream = client_tcp(&to_tcp), datagram = client_udp(&to_udp);
		for (unsigned owner = 0; owner < 2; owner++) {
			ask(stream, owner ? "X-Owner: 1\r\n" : "X-Owner: 0\r\n");
			client_response(stream, text, sizeof text);
			assert_int_equal(worker_in(text), owner);
			ask(datagram, owner ? "X-Owner: 1\r\n" : "X-Owner: 0\r\n");
			assert_true(client_some(datagram, text, sizeof text, WAIT_MS) > 0);
			assert_int_equal(worker_in(text), owner);
		}
		close(stream);
		close(datagram);
	}
	rig_stop(&r);
}

struct block {
	pthread_mutex_t lock;
	struct loop_task task;
};

static void wait_at_lock(struct loop_task *task)
{
	struct block *b = CONTAINER(task, struct block, task);
	pthread_mutex_lock(&b->lock);
	pthread_mutex_unlock(&b->lock);
}

/* A connection that this worker reads. */
static int connection_on(const struct addr *to, unsigned worker)
{
	char text[TEXT];
	for (int i = 0; i < 200; i++) {
		int fd = client_tcp(to);
		ask(fd, "");
		client_response(fd, text, sizeof text);
		if (worker_in(text) == worker)
			return fd;
		close(fd);
	}
	fail_msg("no connection came to worker %u", worker);
	return -1;
}

struct many {
	int fd;
	const char *method;
	unsigned count;
};

static void *send_many(void *arg)
{
	const struct many *m = arg;
	char text[TEXT];
	size_t n = request_write(text, sizeof text, m->method, "X-Owner: 1\r\nX-Quiet: 1\r\n", "");
	for (unsigned i = 0; i < m->count; i++)
		client_send(m->fd, text, n);
	return NULL;
}

static void check_parking(const char *method, unsigned count)
{
	struct rig r;
	struct block b;
	pthread_t sender;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 2);
	struct addr to = rig_addr(&r, tcp);
	int busy = connection_on(&to, 0), other = connection_on(&to, 0);
	struct many many = { busy, method, count };
	unsigned before = r.messages;
	pthread_mutex_init(&b.lock, NULL);
	pthread_mutex_lock(&b.lock);
	b.task.run = wait_at_lock;
	loop_post(r.workers[1].loop, &b.task);
	pthread_create(&sender, NULL, send_many, &many);
	for (int i = 0; i < 300 && !rig_counts(&r).hops_full; i++)
		client_hears_nothing(other, 10);
	assert_true(rig_counts(&r).hops_full > 0);
	ask(other, "");                                 /* nobody else waits */
	is_ok(other);
	assert_int_equal(r.messages, before + 1);
	pthread_mutex_unlock(&b.lock);
	pthread_join(sender, NULL);
	rig_wait(&r, r.messages == before + 1 + count); /* and nothing was lost */
	pthread_mutex_destroy(&b.lock);
	close(busy);
	close(other);
	rig_stop(&r);
}

/* What ends transactions waits longer in line, but not without end: it can be a stranger's. */
static void a_worker_that_is_behind_parks_only_the_connections_that_need_it(void **state)
{
	(void)state;
	check_parking("MESSAGE", 6000);
	check_parking("ACK", 10000);
}

/* TP-25 */
static void a_peer_that_does_not_read_is_cut_off_and_delays_nobody(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	int deaf = client_tcp(&to), other = client_tcp(&to);
	ask(deaf, "X-Quiet: 1\r\n");
	rig_wait(&r, r.messages == 1);
	struct flood f = { .flow = r.last_from, .size = 1000, .count = 100 };
	int64_t slowest = 0;
	for (int i = 0; i < 200 && f.last == SEND_OK; i++) {
		rig_on(&r, 0, pour, &f);
		int64_t since = now_ms();
		ask(other, "");
		is_ok(other);
		int64_t took = now_ms() - since;
		slowest = took > slowest ? took : slowest;
	}
	assert_int_equal(f.last, SEND_GONE);
	rig_wait(&r, r.closed_count == 1);
	assert_int_equal(r.closed[0].why, FLOW_END_OVERFLOW);
	assert_true(slowest < 500);
	close(deaf);
	close(other);
	rig_stop(&r);
}

/* TP-26 */
static void our_connection_to_a_hop_is_used_again_and_an_accepted_one_is_not(void **state)
{
	struct rig r, peer;
	(void)state;
	rig_init(&peer);
	unsigned there = rig_listen(&peer, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&peer, 1);
	rig_init(&r);
	unsigned here = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 2);
	char text[TEXT];
	text[request_write(text, sizeof text, "OPTIONS", "", "")] = '\0';
	struct shot s = { .hop = { .kind = TRANSPORT_TCP, .addr = rig_addr(&peer, there) }, .text = text };
	struct shot again = s;
	rig_on(&r, 0, shoot, &s);
	rig_on(&r, 1, shoot, &again);
	assert_int_equal(s.sent, SEND_OK);
	assert_int_equal(again.sent, SEND_OK);
	assert_true(s.flow.local.port != 0);
	assert_true(flow_ref_same(&s.flow, &again.flow));
	rig_wait(&peer, peer.messages == 2);
	rig_wait(&r, r.messages == 2);                  /* the answers come back over it */
	/* A client whose own port we would be asked to reach: not its connection. */
	struct addr to = rig_addr(&r, here);
	int fd = client_tcp(&to);
	ask(fd, "");
	is_ok(fd);
	struct shot hijack = { .hop = { .kind = TRANSPORT_TCP, .addr = r.last_from.remote }, .text = text };
	struct flow_ref accepted = r.last_from;
	rig_on(&r, 0, shoot, &hijack);
	assert_false(hijack.opened == SEND_OK && flow_ref_same(&hijack.flow, &accepted));
	close(fd);
	rig_stop(&peer);
	rig_stop(&r);
}

static void a_refused_connect_is_told_to_every_worker(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 2);
	struct shot s = { .hop = { .kind = TRANSPORT_TCP, .addr = dead_port("127.0.0.1", SOCK_STREAM) }, .text = "x" };
	rig_on(&r, 1, shoot, &s);
	assert_int_equal(s.sent, SEND_OK);
	rig_wait(&r, r.closed_count == 2);
	assert_int_equal(r.closed[0].why, FLOW_END_REFUSED);
	assert_int_equal(r.closed[0].flow.serial, s.flow.serial);
	rig_stop(&r);
}

static void end_it(struct rig_worker *w, void *arg)
{
	transport_flow_kill(w->transport, arg, true);
}

static void a_killed_flow_is_reset_from_any_worker(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 2);
	struct addr to = rig_addr(&r, tcp);
	for (unsigned i = 0; i < 2; i++) {
		int fd = client_tcp(&to);
		ask(fd, "");
		is_ok(fd);
		rig_forget_closed(&r);
		rig_on(&r, i, end_it, &r.last_from);
		client_sees_end(fd);
		rig_wait(&r, r.closed_count == 2);
		assert_int_equal(r.closed[0].why, FLOW_END_LOCAL);
		close(fd);
	}
	rig_stop(&r);
}

static void a_flow_may_end_inside_the_callback_of_its_own_message(void **state)
{
	static const struct {
		const char *rows;
		enum flow_end why;
	} cases[] = {
		{ "X-Quiet: 1\r\nX-Kill: 1\r\n", FLOW_END_LOCAL },
		{ "X-Quiet: 1\r\nX-Kill: 2\r\n", FLOW_END_LOCAL },
		{ "X-Quiet: 1\r\nX-Flood: 1\r\n", FLOW_END_OVERFLOW },
	};
	static char text[8 * TEXT];
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unsigned before = r.messages;
		rig_forget_closed(&r);
		int fd = client_tcp(&to);
		/* More of the same stand behind it in the read, and the start of another. */
		size_t n = request_write(text, sizeof text, "MESSAGE", cases[i].rows, "");
		n += request_write(text + n, sizeof text - n, "MESSAGE", "X-Quiet: 1\r\n", "");
		n += request_write(text + n, sizeof text - n, "MESSAGE", "X-Quiet: 1\r\n", "cut");
		client_send(fd, text, n - 2);
		client_sees_end(fd);
		rig_wait(&r, r.closed_count == 1);
		assert_int_equal(r.closed[0].why, cases[i].why);
		assert_int_equal(r.messages, before + 1);
		close(fd);
	}
	rig_stop(&r);
}

static void hush(struct rig_worker *w, void *arg)
{
	(void)arg;
	transport_worker_quiet(w->transport);
}

static void a_quiet_worker_takes_no_connections_and_keeps_its_flows(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	unsigned udp = rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp), to_udp = rig_addr(&r, udp);
	struct sockaddr_storage sa;
	socklen_t n = addr_to_sockaddr(&to, &sa);
	int fd = client_tcp(&to), datagram = client_udp(&to_udp), late = socket(AF_INET, SOCK_STREAM, 0);
	ask(fd, "");
	is_ok(fd);
	rig_on(&r, 0, hush, NULL);
	assert_int_equal(connect(late, (struct sockaddr *)&sa, n), -1);
	ask(fd, "");
	is_ok(fd);
	datagram_is_answered(datagram);                 /* responses to what we sent still arrive there */
	close(fd);
	close(datagram);
	close(late);
	rig_stop(&r);
}

static void what_cannot_be_reached_is_refused_at_once(void **state)
{
	static const struct {
		enum transport_kind kind;
		const char *addr;
	} cases[] = {
		{ TRANSPORT_UDP, "127.0.0.1:0" },       { TRANSPORT_TCP, "127.0.0.1:0" },   { TRANSPORT_UDP, "0.0.0.0:5060" },
		{ TRANSPORT_TCP, "0.0.0.0:5060" },      { TRANSPORT_UDP, "224.0.0.1:5060" }, { TRANSPORT_UDP, "255.255.255.255:5060" },
		{ TRANSPORT_UDP, "[::1]:5060" },        /* no UDP listener of the family */
	};
	static char large[65508 + 1];
	struct rig r;
	(void)state;
	rig_init(&r);
	rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct shot s = { .hop.kind = cases[i].kind, .text = "x" };
		assert_true(addr_parse(str_of(cases[i].addr), 0, &s.hop.addr));
		rig_on(&r, 0, shoot, &s);
		assert_int_equal(s.opened, SEND_REFUSED);
	}
	memset(large, 'x', sizeof large - 1);           /* one byte more than UDP carries */
	struct shot s = { .hop = { .kind = TRANSPORT_UDP, .addr = rig_addr(&r, 0) }, .text = large };
	rig_on(&r, 0, shoot, &s);
	assert_int_equal(s.opened, SEND_OK);
	assert_int_equal(s.sent, SEND_REFUSED);
	rig_stop(&r);
}

/* --- deadlines --- */

/* TP-23 */
static void slow_senders_and_silent_strangers_are_cut(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	r.settings.message_ms = 150;
	r.settings.unregistered_ms = 300;
	r.settings.idle_ms = 600;
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	int64_t since = now_ms();
	int slow = client_tcp(&to), silent = client_tcp(&to), pinging = client_tcp(&to), talking = client_tcp(&to);
	client_say(slow, "OPTIONS sip:");
	client_say(pinging, "\r\n\r\n");                /* keep-alives alone do not make a guest */
	ask(talking, "");
	is_ok(talking);
	client_sees_end(slow);
	assert_in_range(now_ms() - since, 140, 290);
	client_sees_end(silent);
	client_sees_end(pinging);
	assert_in_range(now_ms() - since, 290, 1500);
	client_hears_nothing(talking, 50);              /* judged by its last message (TP-24) */
	client_say(talking, "\r\n\r\n");
	client_sees_end(talking);
	assert_in_range(now_ms() - since, 590, 2000);
	rig_wait(&r, r.closed_count == 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(r.closed[i].why, FLOW_END_TIMEOUT);
	close(slow);
	close(silent);
	close(pinging);
	close(talking);
	rig_stop(&r);
}

static void register_it(struct rig_worker *w, void *arg)
{
	transport_flow_registered(w->transport, arg, &(struct flow_registration){
		.registration = 1, .address = 2, .outbound = true, .until_ms = loop_now_ms(w->loop) + 60000 });
}

/* OB-61 */
static void a_registered_flow_ends_only_after_flow_timer_and_grace(void **state)
{
	char pong[2];
	struct rig r;
	(void)state;
	rig_init(&r);
	r.settings.flow_timer_s = 1;
	r.settings.flow_grace_s = 1;
	r.settings.idle_ms = r.settings.unregistered_ms = 100;
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	int fd = client_tcp(&to);
	ask(fd, "");
	is_ok(fd);
	rig_on(&r, 0, register_it, &r.last_from);
	client_hears_nothing(fd, 300);                  /* the rules for strangers are over */
	client_say(fd, "\r\n\r\n");
	client_read(fd, pong, 2);
	int64_t since = now_ms();
	client_hears_nothing(fd, 1300);
	client_sees_end(fd);
	assert_in_range(now_ms() - since, 1950, 2900);
	rig_wait(&r, r.closed_count == 1);
	assert_int_equal(r.closed[0].why, FLOW_END_SILENT);
	close(fd);
	rig_stop(&r);
}

static void at_the_limit_who_said_nothing_makes_room(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	r.settings.max_flows = 3;
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	int guest = client_tcp(&to), silent = client_tcp(&to), pinging = client_tcp(&to);
	ask(guest, "");
	is_ok(guest);
	int64_t since = now_ms();
	int late = client_tcp(&to), later = client_tcp(&to);
	client_say(pinging, "\r\n\r\n");
	ask(late, "");
	ask(later, "");
	is_ok(late);                                    /* in silent's place, after a second of grace */
	is_ok(later);                                   /* in the place of who only pings */
	assert_in_range(now_ms() - since, 950, 2500);
	client_sees_end(silent);
	client_sees_end(pinging);
	ask(guest, "");
	is_ok(guest);
	close(guest);
	close(silent);
	close(pinging);
	close(late);
	close(later);
	rig_stop(&r);
}

static void at_the_limit_listeners_rest_until_a_flow_closes(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	r.settings.max_flows = 2;
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	int fds[3];
	for (int i = 0; i < 3; i++) {
		fds[i] = client_tcp(&to);               /* the third waits in the kernel */
		ask(fds[i], "");
	}
	is_ok(fds[0]);
	is_ok(fds[1]);
	client_hears_nothing(fds[2], 100);
	close(fds[0]);
	is_ok(fds[2]);
	close(fds[1]);
	close(fds[2]);
	rig_stop(&r);
}

/* --- start --- */

static void a_taken_port_is_a_sentence_that_says_what_to_do(void **state)
{
	static const enum transport_kind kinds[] = { TRANSPORT_UDP, TRANSPORT_TCP };
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rig first, second;
		rig_init(&first);
		rig_listen(&first, kinds[i], "127.0.0.1");
		rig_start(&first, 2);
		rig_init(&second);
		rig_listen(&second, TRANSPORT_TCP, "127.0.0.1");
		rig_listen(&second, kinds[i], "127.0.0.1");
		second.listeners[1].bind = rig_addr(&first, 0);
		second.settings.workers = 2;
		second.settings.listeners = second.listeners;
		second.settings.listener_count = 2;
		struct transport_error error;
		char expected[200], text[ADDR_TEXT];
		assert_int_equal(transport_new(&second.settings, &second.t, &error), -EADDRINUSE);
		snprintf(expected, sizeof expected, "%s %s: address already in use by another process; stop it or choose another port",
		         i ? "tcp" : "udp", addr_text(&second.listeners[1].bind, text));
		assert_string_equal(error.text, expected);
		rig_stop(&second);
		rig_stop(&first);
	}
}

static void check_self(const struct rig *r, const char *host, unsigned port, bool expected)
{
	if (transport_is_self(r->t, str_of(host), (uint16_t)port) != expected)
		fail_msg("%s:%u is %sself", host, port, expected ? "not " : "");
}

static void we_know_our_own_names(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	rig_listen(&r, TRANSPORT_TCP, "0.0.0.0");
	rig_listen(&r, TRANSPORT_TCP, "::1");
	r.listeners[0].advertise_host = STR("Edge.Example.Test");
	r.listeners[0].advertise_port = 15060;
	rig_start(&r, 1);
	unsigned udp = rig_addr(&r, 0).port, any = rig_addr(&r, 1).port, v6 = rig_addr(&r, 2).port;
	check_self(&r, "127.0.0.1", udp, true);
	check_self(&r, "127.0.0.1", 15060, true);
	check_self(&r, "edge.example.test", 15060, true);
	check_self(&r, "edge.example.test.", 0, true);
	check_self(&r, "edge.example.test", 15061, false);
	check_self(&r, "other.example.test", 0, false);
	check_self(&r, "127.0.0.1", 0, true);
	check_self(&r, "127.0.0.9", any, true);                 /* a wildcard has every address of the machine */
	check_self(&r, "127.0.0.9", udp, any == udp);
	check_self(&r, "192.0.2.77", any, false);
	check_self(&r, "192.0.2.77", 0, false);
	check_self(&r, "::1", v6, true);
	check_self(&r, "[0:0:0:0:0:0:0:1]", v6, true);
	check_self(&r, "::2", v6, false);
	check_self(&r, "", 0, false);
	rig_stop(&r);
}

/* TP-37 */
static void our_uris_name_where_the_flow_reaches_us(void **state)
{
	struct rig r;
	struct buf out = { 0 };
	(void)state;
	rig_init(&r);
	rig_listen(&r, TRANSPORT_UDP, "0.0.0.0");
	rig_listen(&r, TRANSPORT_TCP, "::1");
	rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	for (int i = 0; i < 4; i++)
		r.listeners[i].advertise_port = (uint16_t)(5060 + i);
	r.listeners[2].advertise_host = STR("edge.example.test");
	r.listeners[3].advertise_host = STR("2001:db8::1");
	rig_start(&r, 1);
	static const struct {
		const char *local, *sent_by, *uri;
		enum transport_kind kind;
	} cases[] = {
		{ "127.0.0.5:9", "127.0.0.5:5060", "sip:tok@127.0.0.5:5060;lr", TRANSPORT_UDP },
		{ "[::1]:9", "[::1]:5061", "sip:tok@[::1]:5061;transport=tcp;lr", TRANSPORT_TCP },
		{ "127.0.0.1:9", "edge.example.test:5062", "sips:tok@edge.example.test:5062;lr", TRANSPORT_TLS },
		{ "127.0.0.1:9", "[2001:db8::1]:5063", "sip:tok@[2001:db8::1]:5063;lr", TRANSPORT_UDP },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct flow_ref flow = { .kind = (uint8_t)cases[i].kind, .listener = (uint8_t)i };
		assert_true(addr_parse(str_of(cases[i].local), 0, &flow.local));
		transport_sent_by(r.t, &flow, &out);
		assert_int_equal(out.n, strlen(cases[i].sent_by));
		assert_memory_equal(out.p, cases[i].sent_by, out.n);
		buf_clear(&out);
		transport_uri(r.t, &flow, STR("tok"), &out);
		assert_int_equal(out.n, strlen(cases[i].uri));
		assert_memory_equal(out.p, cases[i].uri, out.n);
		buf_clear(&out);
	}
	buf_fini(&out);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_udp_answer_leaves_from_the_address_that_was_asked),
		cmocka_unit_test(a_datagram_may_be_as_large_as_udp_allows),
		cmocka_unit_test(empty_datagrams_and_keepalive_bytes_are_dropped_in_silence),
		cmocka_unit_test(stun_and_sip_share_the_port),
		cmocka_unit_test(icmp_tells_that_a_datagram_did_not_arrive),
		cmocka_unit_test(a_request_may_come_one_byte_at_a_time),
		cmocka_unit_test(fifty_requests_may_come_in_one_write),
		cmocka_unit_test(pings_get_pongs_however_they_come),
		cmocka_unit_test(a_pong_never_splits_a_message),
		cmocka_unit_test(what_cannot_be_framed_is_refused_and_the_connection_closed),
		cmocka_unit_test(a_header_without_end_is_refused),
		cmocka_unit_test(every_worker_learns_once_that_a_flow_has_ended),
		cmocka_unit_test(flows_are_listed_with_what_passed_over_them),
		cmocka_unit_test(same_address_and_port_on_a_new_connection_is_another_flow),
		cmocka_unit_test(a_message_reaches_its_owner_and_the_answer_its_flow),
		cmocka_unit_test(a_peer_that_does_not_read_is_cut_off_and_delays_nobody),
		cmocka_unit_test(our_connection_to_a_hop_is_used_again_and_an_accepted_one_is_not),
		cmocka_unit_test(a_refused_connect_is_told_to_every_worker),
		cmocka_unit_test(a_killed_flow_is_reset_from_any_worker),
		cmocka_unit_test(a_flow_may_end_inside_the_callback_of_its_own_message),
		cmocka_unit_test(a_quiet_worker_takes_no_connections_and_keeps_its_flows),
		cmocka_unit_test(what_cannot_be_reached_is_refused_at_once),
		cmocka_unit_test(slow_senders_and_silent_strangers_are_cut),
		cmocka_unit_test(a_registered_flow_ends_only_after_flow_timer_and_grace),
		cmocka_unit_test(at_the_limit_who_said_nothing_makes_room),
		cmocka_unit_test(at_the_limit_listeners_rest_until_a_flow_closes),
		cmocka_unit_test(a_worker_that_is_behind_parks_only_the_connections_that_need_it),
		cmocka_unit_test(we_know_our_own_names),
		cmocka_unit_test(our_uris_name_where_the_flow_reaches_us),
		cmocka_unit_test(a_taken_port_is_a_sentence_that_says_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
