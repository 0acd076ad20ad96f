/* SPDX-License-Identifier: Apache-2.0 */
/* live_silence.c - flows that fall silent on loopback: suspected, heard again, unacknowledged, proved dead; and the datagrams
 * that keep a way through NAT open. */
#include "rig.h"
#include <errno.h>
#include <signal.h>
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

/* --- a phone: a blocking client over any transport, that may choose to read nothing --- */

struct phone {
	enum transport_kind kind;
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
	struct flow_ref flow;                   /* as the rig sees it */
};

static void phone_write(struct phone *p, const char *bytes, size_t n)
{
	if (p->ssl)
		assert_int_equal(SSL_write(p->ssl, bytes, (int)n), n);
	else if (p->kind == TRANSPORT_UDP)
		assert_int_equal(send(p->fd, bytes, n, 0), n);
	else
		client_send(p->fd, bytes, n);
}

/* Connect to the only listener and let the rig learn the flow. `window`: a small receive buffer, 0: the usual one. */
static void phone_open(struct phone *p, struct rig *r, int window)
{
	char text[TEXT];
	struct sockaddr_storage sa;
	struct addr to;
	assert_true(transport_listener(r->t, 0, &p->kind, &to));
	p->fd = socket(AF_INET, (p->kind == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (window)
		setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
	socklen_t n = addr_to_sockaddr(&to, &sa);
	assert_int_equal(connect(p->fd, (struct sockaddr *)&sa, n), 0);
	p->ctx = NULL;
	p->ssl = NULL;
	if (p->kind == TRANSPORT_TLS) {
		p->ctx = SSL_CTX_new(TLS_client_method());
		p->ssl = SSL_new(p->ctx);
		SSL_set_fd(p->ssl, p->fd);
		assert_int_equal(SSL_connect(p->ssl), 1);
	}
	unsigned messages = r->messages;
	phone_write(p, text, request_write(text, sizeof text, "OPTIONS", "X-Quiet: 1\r\n", ""));
	rig_wait(r, r->messages == messages + 1);
	p->flow = r->last_from;
}

static void phone_close(struct phone *p)
{
	SSL_free(p->ssl);
	SSL_CTX_free(p->ctx);
	close(p->fd);
}

/* --- on a worker's thread --- */

struct verdict {
	struct flow_ref flow;
	bool fresh;
};

static void suspect(struct rig_worker *w, void *arg)
{
	struct verdict *v = arg;
	v->fresh = transport_flow_suspect(w->transport, &v->flow);
}

static void kill_it(struct rig_worker *w, void *arg)
{
	transport_flow_dead(w->transport, arg);
}

struct grant {
	struct flow_ref flow;
	struct flow_registration registration;
	int expires_ms;
};

static void grant(struct rig_worker *w, void *arg)
{
	struct grant *g = arg;
	g->registration.until_ms = loop_now_ms(w->loop) + g->expires_ms;
	transport_flow_registered(w->transport, &g->flow, &g->registration);
}

static bool suspects(struct rig *r, unsigned worker, const struct flow_ref *flow)
{
	struct verdict v = { .flow = *flow };
	rig_on(r, worker, suspect, &v);
	assert_true(transport_flow_is_suspect(r->t, flow));
	return v.fresh;
}

static void comes_true(bool (*is)(struct rig *r, const void *arg), struct rig *r, const void *arg, int wait_ms, const char *what)
{
	int64_t until = now_ms() + wait_ms;
	while (!is(r, arg)) {
		if (now_ms() > until)
			fail_msg("not within %d ms: %s", wait_ms, what);
		nanosleep(&(struct timespec){ .tv_nsec = 2 * 1000000 }, NULL);
	}
}

static bool is_clear(struct rig *r, const void *flow)
{
	return !transport_flow_is_suspect(r->t, flow);
}

static bool is_suspect(struct rig *r, const void *flow)
{
	return transport_flow_is_suspect(r->t, flow);
}

static const char stun_request[20] = { 0, 1, 0, 0, 0x21, 0x12, (char)0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

/* --- suspicion --- */

static void a_silent_flow_is_suspect_until_any_byte_comes_from_it(void **state)
{
	static const struct str bytes[] = { STR_INIT("\r\n\r\n"), STR_INIT("O"), STR_INIT("PTIONS sip:"), STR_INIT("\r\n"),
	                                    { stun_request, sizeof stun_request } };
	(void)state;
	for (enum transport_kind kind = 0; kind < TRANSPORT_KINDS; kind++) {
		struct rig r;
		struct phone p, other;
		rig_init(&r);
		rig_listen(&r, kind, "127.0.0.1");
		rig_start(&r, 2);
		phone_open(&p, &r, 0);
		phone_open(&other, &r, 0);
		assert_false(transport_flow_is_suspect(r.t, &p.flow));
		for (unsigned i = 0; i < sizeof bytes / sizeof *bytes; i++) {
			if (transport_is_stream(kind) && bytes[i].p == stun_request)
				continue;
			unsigned worker = i % 2;                /* the flow is one worker's, suspicion anybody's */
			assert_true(suspects(&r, worker, &p.flow));
			assert_false(suspects(&r, !worker, &p.flow));
			assert_false(transport_flow_is_suspect(r.t, &other.flow));
			phone_write(&p, bytes[i].p, bytes[i].n);
			comes_true(is_clear, &r, &p.flow, WAIT_MS, "heard again");
		}
		if (kind == TRANSPORT_UDP) {
			assert_true(suspects(&r, 1, &p.flow));
			assert_int_equal(send(p.fd, "", 0, 0), 0);
			comes_true(is_clear, &r, &p.flow, WAIT_MS, "heard by an empty datagram");
		}
		phone_close(&other);
		phone_close(&p);
		rig_stop(&r);
	}
}

static void suspicion_ends_with_its_connection(void **state)
{
	struct rig r;
	struct phone p;
	(void)state;
	rig_init(&r);
	rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 2);
	for (int i = 0; i < 3; i++) {
		phone_open(&p, &r, 0);
		assert_false(transport_flow_is_suspect(r.t, &p.flow));
		assert_true(suspects(&r, 1, &p.flow));
		rig_forget_closed(&r);
		phone_close(&p);
		rig_wait(&r, r.closed_count == 2);
		assert_false(transport_flow_is_suspect(r.t, &p.flow));
		struct verdict v = { .flow = p.flow };
		rig_on(&r, 0, suspect, &v);                     /* dead is no news of silence */
		assert_false(v.fresh);
		assert_false(transport_flow_is_suspect(r.t, &p.flow));
	}
	rig_stop(&r);
}

/* --- bytes that nobody acknowledges --- */

struct flood {
	struct flow_ref flow;
	size_t size;
	unsigned count;
};

static void pour(struct rig_worker *w, void *arg)
{
	const struct flood *f = arg;
	char *text = mem_alloc(f->size);
	memset(text, 'm', f->size);
	struct wire *bytes = wire_new((struct str){ text, f->size });
	for (unsigned i = 0; i < f->count; i++)
		assert_int_equal(transport_send(w->transport, &f->flow, bytes), SEND_OK);
	wire_unref(bytes);
	mem_free(text);
}

static void rig_with_unacked(struct rig *r, enum transport_kind kind, unsigned unacked_ms)
{
	rig_init(r);
	r->settings.unacked_ms = unacked_ms;
	r->settings.queue_bytes = 32 << 20;
	rig_listen(r, kind, "127.0.0.1");
	rig_start(r, 2);
}

static void *read_all(void *arg)
{
	struct phone *p = arg;
	char bytes[65536];
	while (p->ssl ? SSL_read(p->ssl, bytes, sizeof bytes) > 0 : recv(p->fd, bytes, sizeof bytes, 0) > 0)
		;
	return NULL;
}

static void who_does_not_read_is_suspect_when_its_window_has_been_closed_for_a_while(void **state)
{
	(void)state;
	for (enum transport_kind kind = TRANSPORT_TCP; kind <= TRANSPORT_TLS; kind++) {
		struct rig r;
		struct phone p;
		pthread_t reader;
		rig_with_unacked(&r, kind, 300);
		phone_open(&p, &r, 4096);
		struct flood f = { p.flow, 100000, 100 };       /* more than both kernels hold */
		int64_t since = now_ms();
		rig_on(&r, 1, pour, &f);
		rig_wait(&r, r.unacked_count >= 2);             /* every worker is told */
		assert_in_range(now_ms() - since, 290, 1500);
		assert_true(flow_ref_same(&r.last_unacked, &p.flow));
		assert_true(transport_flow_is_suspect(r.t, &p.flow));
		assert_true(transport_flow_alive(r.t, &p.flow));
		/* It reads on: nothing is lost, and its next byte clears it. */
		assert_int_equal(pthread_create(&reader, NULL, read_all, &p), 0);
		if (!p.ssl) {
			client_say(p.fd, "\r\n\r\n");
			comes_true(is_clear, &r, &p.flow, WAIT_MS, "heard again");
		}
		shutdown(p.fd, SHUT_RDWR);
		pthread_join(reader, NULL);
		phone_close(&p);
		rig_stop(&r);
	}
}

static void whose_kernel_acknowledges_what_it_does_not_read_is_not_suspect(void **state)
{
	(void)state;
	for (enum transport_kind kind = TRANSPORT_TCP; kind <= TRANSPORT_TLS; kind++) {
		struct rig r;
		struct phone p;
		rig_with_unacked(&r, kind, 50);
		phone_open(&p, &r, 0);
		struct flood f = { p.flow, 300, 1 };
		for (int i = 0; i < 40; i++) {
			rig_on(&r, 0, pour, &f);
			nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000000 }, NULL);
			assert_false(transport_flow_is_suspect(r.t, &p.flow));
		}
		assert_int_equal(r.unacked_count, 0);
		phone_close(&p);
		rig_stop(&r);
	}
}

static void who_reads_slowly_is_not_suspect(void **state)
{
	struct rig r;
	struct phone p;
	char bytes[16384];
	(void)state;
	rig_with_unacked(&r, TRANSPORT_TCP, 600);
	phone_open(&p, &r, 8192);
	struct flood f = { p.flow, 100000, 100 };
	rig_on(&r, 0, pour, &f);
	for (int64_t until = now_ms() + 2000; now_ms() < until; ) {
		assert_true(client_some(p.fd, bytes, sizeof bytes, WAIT_MS) > 0);
		nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000000 }, NULL);
	}
	assert_int_equal(r.unacked_count, 0);
	assert_false(transport_flow_is_suspect(r.t, &p.flow));
	phone_close(&p);
	rig_stop(&r);
}

static bool has_closed(struct rig *r, const void *count)
{
	pthread_mutex_lock(&r->lock);
	bool is = r->closed_count >= *(const unsigned *)count;
	pthread_mutex_unlock(&r->lock);
	return is;
}

static void ten_seconds_of_a_closed_window_end_a_flow_and_unread_bytes_do_not(void **state)
{
	struct rig r;
	struct phone deaf, unread;
	unsigned both = 2;
	(void)state;
	rig_with_unacked(&r, TRANSPORT_TCP, 300);
	phone_open(&deaf, &r, 4096);
	phone_open(&unread, &r, 0);
	struct flood f = { deaf.flow, 100000, 100 }, few = { unread.flow, 300, 1 };
	int64_t since = now_ms();
	rig_on(&r, 0, pour, &f);
	rig_on(&r, 0, pour, &few);
	comes_true(has_closed, &r, &both, 20000, "dead");
	assert_in_range(now_ms() - since, 9000, 16000);
	assert_true(flow_ref_same(&r.closed[0].flow, &deaf.flow));
	assert_int_equal(r.closed[0].why, FLOW_END_SILENT);
	assert_false(transport_flow_alive(r.t, &deaf.flow));
	assert_true(transport_flow_alive(r.t, &unread.flow));
	assert_false(transport_flow_is_suspect(r.t, &unread.flow));
	phone_close(&deaf);
	phone_close(&unread);
	rig_stop(&r);
}

/* --- proved dead --- */

static void a_stream_that_was_proved_dead_is_reset(void **state)
{
	struct rig r;
	struct phone p;
	char byte;
	(void)state;
	rig_init(&r);
	rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 2);
	for (unsigned worker = 0; worker < 2; worker++) {
		phone_open(&p, &r, 0);
		rig_on(&r, worker, kill_it, &p.flow);
		assert_int_equal(recv(p.fd, &byte, 1, 0), -1);
		assert_int_equal(errno, ECONNRESET);
		assert_false(transport_flow_alive(r.t, &p.flow));
		phone_close(&p);
	}
	rig_stop(&r);
}

static void stun_says(struct phone *p, const char *type)
{
	char answer[128];
	phone_write(p, stun_request, sizeof stun_request);
	assert_true(client_some(p->fd, answer, sizeof answer, WAIT_MS) >= 20);
	assert_memory_equal(answer, type, 2);
	assert_memory_equal(answer + 4, stun_request + 4, 16);
	if (type[1] == 0x11)                            /* ERROR-CODE 400 */
		assert_memory_equal(answer + 20, "\x00\x09\x00\x1f\x00\x00\x04\x00", 8);
}

#define STUN_SUCCESS "\x01\x01"
#define STUN_ERROR   "\x01\x11"

static void stun_of_a_dead_udp_flow_gets_an_error_until_it_is_registered_again(void **state)
{
	struct rig r;
	struct phone p, other;
	char text[TEXT];
	(void)state;
	rig_init(&r);
	rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	rig_start(&r, 2);
	phone_open(&p, &r, 0);
	phone_open(&other, &r, 0);
	stun_says(&p, STUN_SUCCESS);
	rig_on(&r, 0, kill_it, &p.flow);
	assert_true(transport_flow_is_suspect(r.t, &p.flow));
	assert_false(transport_flow_alive(r.t, &p.flow));
	assert_true(transport_flow_holds(r.t, &other.flow));
	for (int i = 0; i < 3; i++) {
		stun_says(&p, STUN_ERROR);
		stun_says(&other, STUN_SUCCESS);
	}
	unsigned messages = r.messages;
	phone_write(&p, text, request_write(text, sizeof text, "OPTIONS", "X-Quiet: 1\r\n", ""));
	rig_wait(&r, r.messages == messages + 1);       /* it is served, but that is no registration */
	stun_says(&p, STUN_ERROR);
	assert_true(transport_flow_alive(r.t, &p.flow));
	assert_false(transport_flow_holds(r.t, &p.flow));
	struct verdict v = { .flow = p.flow };
	rig_on(&r, 1, suspect, &v);
	assert_false(v.fresh);
	struct grant g = { p.flow, { .registration = 7, .address = 8 }, 60000 };
	rig_on(&r, 1, grant, &g);
	stun_says(&p, STUN_SUCCESS);
	assert_true(transport_flow_holds(r.t, &p.flow));
	assert_false(transport_flow_is_suspect(r.t, &p.flow));
	phone_close(&p);
	phone_close(&other);
	rig_stop(&r);
}

/* --- behind NAT --- */

static bool pinged(struct phone *p, int wait_ms)
{
	char bytes[64];
	ssize_t n = client_some(p->fd, bytes, sizeof bytes, wait_ms);
	if (n < 0)
		return false;
	assert_int_equal(n, 4);
	assert_memory_equal(bytes, "\r\n\r\n", 4);
	return true;
}

static void phones_behind_nat_are_pinged_once_a_period_while_they_are_registered(void **state)
{
	struct rig r;
	struct phone nat, outbound, plain;
	(void)state;
	rig_init(&r);
	r.settings.nat_ping_s = 1;
	rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	rig_start(&r, 2);
	phone_open(&nat, &r, 0);
	phone_open(&outbound, &r, 0);
	phone_open(&plain, &r, 0);
	struct grant grants[] = {
		{ nat.flow, { .registration = 1, .address = 2, .nat = true }, 60000 },
		{ outbound.flow, { .registration = 3, .address = 2, .nat = true, .outbound = true }, 60000 },
		{ plain.flow, { .registration = 4, .address = 2 }, 60000 },
	};
	for (unsigned i = 0; i < 3; i++)
		rig_on(&r, 1, grant, &grants[i]);
	assert_true(pinged(&nat, 2000));
	int64_t since = now_ms();
	for (int i = 0; i < 2; i++)
		assert_true(pinged(&nat, 2000));
	assert_in_range(now_ms() - since, 1500, 2600);
	assert_false(pinged(&outbound, 10));
	assert_false(pinged(&plain, 10));
	rig_on(&r, 1, kill_it, &nat.flow);
	while (pinged(&nat, 20))
		;
	assert_false(pinged(&nat, 1500));               /* dead: it has to come by itself */
	grants[0].expires_ms = 1200;
	rig_on(&r, 0, grant, &grants[0]);
	assert_true(pinged(&nat, 1500));
	while (pinged(&nat, 1500))
		;                                       /* and its time is over, else this would not end */
	grants[0].expires_ms = 60000;
	rig_on(&r, 0, grant, &grants[0]);
	assert_true(pinged(&nat, 1500));
	grants[0].expires_ms = 0;
	rig_on(&r, 0, grant, &grants[0]);               /* taken back */
	while (pinged(&nat, 20))
		;
	assert_false(pinged(&nat, 1500));
	phone_close(&nat);
	phone_close(&outbound);
	phone_close(&plain);
	rig_stop(&r);
}

static void a_udp_flow_of_an_earlier_run_is_suspect_and_pinged_on(void **state)
{
	struct rig r;
	struct phone p;
	struct flow_ref found;
	(void)state;
	rig_init(&r);
	r.settings.nat_ping_s = 1;
	rig_listen(&r, TRANSPORT_UDP, "127.0.0.1");
	rig_start(&r, 1);
	phone_open(&p, &r, 0);
	struct flow_ref stored = p.flow, elsewhere = p.flow;
	stored.listener = 77;
	elsewhere.local.port++;
	struct flow_registration nat = { .registration = 1, .address = 2, .nat = true, .until_ms = now_ms() + 60000 };
	assert_false(transport_flow_restore(r.t, &elsewhere, &nat));
	assert_false(transport_registration_known(r.t, 1, now_ms()));
	assert_true(transport_flow_restore(r.t, &stored, &nat));
	assert_int_equal(stored.listener, 0);
	assert_true(transport_flow_is_suspect(r.t, &p.flow));
	assert_true(transport_sibling(r.t, 1, now_ms(), &found));
	assert_true(flow_ref_same(&found, &p.flow));
	assert_true(pinged(&p, 2000));
	assert_true(is_suspect(&r, &p.flow));           /* we said something, it did not */
	phone_write(&p, "\r\n", 2);
	comes_true(is_clear, &r, &p.flow, WAIT_MS, "heard");
	phone_close(&p);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_silent_flow_is_suspect_until_any_byte_comes_from_it),
		cmocka_unit_test(suspicion_ends_with_its_connection),
		cmocka_unit_test(who_does_not_read_is_suspect_when_its_window_has_been_closed_for_a_while),
		cmocka_unit_test(whose_kernel_acknowledges_what_it_does_not_read_is_not_suspect),
		cmocka_unit_test(who_reads_slowly_is_not_suspect),
		cmocka_unit_test(ten_seconds_of_a_closed_window_end_a_flow_and_unread_bytes_do_not),
		cmocka_unit_test(a_stream_that_was_proved_dead_is_reset),
		cmocka_unit_test(stun_of_a_dead_udp_flow_gets_an_error_until_it_is_registered_again),
		cmocka_unit_test(phones_behind_nat_are_pinged_once_a_period_while_they_are_registered),
		cmocka_unit_test(a_udp_flow_of_an_earlier_run_is_suspect_and_pinged_on),
	};
	signal(SIGPIPE, SIG_IGN);               /* OpenSSL writes without MSG_NOSIGNAL */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
