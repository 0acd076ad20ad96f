/* SPDX-License-Identifier: Apache-2.0 */
/* live_tls.c - TLS on loopback: handshakes, names, certificates of both sides. */
#include "rig.h"
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TEXT 4096

/* --- a blocking client --- */

struct client {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
};

struct client_options {
	const char *sni;
	const char *certificate, *key;          /* NULL: none is offered */
	int max_version;                        /* 0: the newest */
	SSL_SESSION *resume;
};

static void start(struct client *c, const struct addr *to, const struct client_options *o)
{
	*c = (struct client){ .fd = client_tcp(to), .ctx = SSL_CTX_new(TLS_client_method()) };
	struct timeval limit = { .tv_sec = WAIT_MS / 1000 };
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (o->certificate) {
		assert_int_equal(SSL_CTX_use_certificate_file(c->ctx, o->certificate, SSL_FILETYPE_PEM), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(c->ctx, o->key, SSL_FILETYPE_PEM), 1);
	}
	if (o->max_version)
		SSL_CTX_set_max_proto_version(c->ctx, o->max_version);
	SSL_CTX_set_security_level(c->ctx, 0);
	c->ssl = SSL_new(c->ctx);
	if (o->sni)
		SSL_set_tlsext_host_name(c->ssl, o->sni);
	if (o->resume)
		SSL_set_session(c->ssl, o->resume);
	SSL_set_fd(c->ssl, c->fd);
}

static void stop(struct client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	close(c->fd);
}

static void ask(struct client *c, const char *rows)
{
	char text[TEXT];
	size_t n = request_write(text, sizeof text, "OPTIONS", rows, "");
	assert_int_equal(SSL_write(c->ssl, text, (int)n), n);
}

static void is_ok(struct client *c)
{
	char text[TEXT];
	int n = 0;
	while (n < 4 || memcmp(text + n - 4, "\r\n\r\n", 4) != 0) {
		int got = SSL_read(c->ssl, text + n, 1);
		if (got != 1)
			fail_msg("no response; SSL error %d", SSL_get_error(c->ssl, got));
		n++;
	}
	assert_memory_equal(text, "SIP/2.0 200 OK\r\n", 16);
}

/* --- as a server --- */

/* TP-32 OB-56 */
static void requests_and_pings_pass_over_both_versions(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tls = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	rig_start(&r, 2);
	struct addr to = rig_addr(&r, tls);
	for (int i = 0; i < 2; i++) {
		struct client c;
		char pong[3];
		start(&c, &to, &(struct client_options){ .max_version = versions[i] });
		assert_int_equal(SSL_connect(c.ssl), 1);
		assert_int_equal(SSL_version(c.ssl), versions[i]);
		ask(&c, "");
		is_ok(&c);
		assert_int_equal(r.last_from.kind, TRANSPORT_TLS);
		ask(&c, "X-Owner: 1\r\n");
		is_ok(&c);
		assert_int_equal(SSL_write(c.ssl, "\r\n", 2), 2);
		assert_int_equal(SSL_write(c.ssl, "\r\n", 2), 2);
		assert_int_equal(SSL_read(c.ssl, pong, sizeof pong), 2);
		assert_memory_equal(pong, "\r\n", 2);
		rig_forget_closed(&r);
		SSL_shutdown(c.ssl);
		rig_wait(&r, r.closed_count == 2);
		assert_int_equal(r.closed[0].why, FLOW_END_CLOSED);
		stop(&c);
	}
	assert_int_equal(rig_counts(&r).handshakes, 2);
	rig_stop(&r);
}

static void versions_before_1_2_are_refused(void **state)
{
	struct rig r;
	struct client c;
	(void)state;
	rig_init(&r);
	unsigned tls = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tls);
	start(&c, &to, &(struct client_options){ .max_version = TLS1_1_VERSION });
	SSL_set_min_proto_version(c.ssl, TLS1_1_VERSION);
	assert_true(SSL_connect(c.ssl) != 1);
	rig_wait(&r, r.closed_count == 1);
	assert_int_equal(rig_counts(&r).handshakes_failed, 1);
	stop(&c);
	rig_stop(&r);
}

/* TP-19 */
static void many_requests_may_share_a_record_and_one_may_span_many(void **state)
{
	static char text[64 * 1024], body[40000];
	size_t n = 0;
	struct rig r;
	struct client c;
	(void)state;
	rig_init(&r);
	unsigned tls = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tls);
	start(&c, &to, &(struct client_options){ 0 });
	assert_int_equal(SSL_connect(c.ssl), 1);
	for (int i = 0; i < 30; i++)
		n += request_write(text + n, sizeof text - n, "MESSAGE", "", "x");
	assert_int_equal(SSL_write(c.ssl, text, (int)n), n);
	for (int i = 0; i < 30; i++)
		is_ok(&c);
	memset(body, 'y', sizeof body - 1);
	n = request_write(text, sizeof text, "MESSAGE", "", body);
	for (size_t at = 0; at < n; at += 777)
		assert_true(SSL_write(c.ssl, text + at, (int)(n - at < 777 ? n - at : 777)) > 0);
	is_ok(&c);
	assert_int_equal(r.last_size, n);
	stop(&c);
	rig_stop(&r);
}

/* TP-36 */
static void the_certificate_is_chosen_by_server_name(void **state)
{
	struct rig r;
	char certificate[100], key[100];
	(void)state;
	rig_init(&r);
	snprintf(certificate, sizeof certificate, "%s/other.pem", r.dir);
	snprintf(key, sizeof key, "%s/other.key", r.dir);
	certificate_make(certificate, key, &(struct certificate){ "URI:sip:other.test,DNS:ignored.test", NULL, 30 });
	unsigned first = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	unsigned second = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	r.listeners[second].certificate = str_of(certificate);
	r.listeners[second].key = str_of(key);
	rig_start(&r, 1);
	static const struct {
		const char *sni;
		bool other;
	} cases[] = { { "localhost", false }, { "other.test", true }, { "OTHER.test", true }, { "unknown.test", false },
	              { NULL, false } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct client c;
		struct addr to = rig_addr(&r, first);
		start(&c, &to, &(struct client_options){ .sni = cases[i].sni });
		assert_int_equal(SSL_connect(c.ssl), 1);
		GENERAL_NAMES *names = X509_get_ext_d2i(SSL_get0_peer_certificate(c.ssl), NID_subject_alt_name, NULL, NULL);
		assert_int_equal(sk_GENERAL_NAME_value(names, 0)->type == GEN_URI, cases[i].other);
		GENERAL_NAMES_free(names);
		stop(&c);
	}
	rig_stop(&r);
}

/* TP-32 TP-33 TP-38 */
static void a_client_certificate_proves_names_only_when_it_verifies(void **state)
{
	static const struct {
		struct certificate certificate;
		bool trusted;
		const char *names;
	} cases[] = {
		{ { "URI:sip:proxy.test,DNS:ignored.test", NULL, 30 }, true, "proxy.test" },
		{ { "DNS:a.test,DNS:b.test", NULL, 30 }, true, "a.test,b.test" },
		{ { "URI:sip:stranger.test", NULL, 30 }, false, "" },
		{ { "URI:sip:old.test", NULL, -1 }, true, "" },
		{ { "URI:sip:proxy.test", "clientAuth", 30 }, true, "proxy.test" },
		{ { "URI:sip:proxy.test", "serverAuth", 30 }, true, "proxy.test" },     /* public authorities issue these */
		{ { "URI:sip:proxy.test", "1.3.6.1.5.5.7.3.20", 30 }, true, "proxy.test" },
		{ { "URI:sip:proxy.test", "codeSigning", 30 }, true, "" },
		{ { NULL, NULL, 0 }, false, "" },                 /* no certificate at all */
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig r;
		struct client c;
		char certificate[100], key[100];
		rig_init(&r);
		snprintf(certificate, sizeof certificate, "%s/client.pem", r.dir);
		snprintf(key, sizeof key, "%s/client.key", r.dir);
		bool offers = cases[i].certificate.days != 0;
		if (offers)
			certificate_make(certificate, key, &cases[i].certificate);
		r.settings.tls_ca = cases[i].trusted ? str_of(certificate) : str_of(r.certificate);
		unsigned tls = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
		rig_start(&r, 1);
		struct addr to = rig_addr(&r, tls);
		start(&c, &to, &(struct client_options){ .certificate = offers ? certificate : NULL, .key = key });
		assert_int_equal(SSL_connect(c.ssl), 1);
		ask(&c, "");
		is_ok(&c);                              /* a bad certificate breaks nothing */
		rig_wait(&r, r.messages == 1);
		assert_string_equal(r.last_names, cases[i].names);
		stop(&c);
		rig_stop(&r);
	}
}

static SSL_SESSION *session_of(struct client *c)
{
	ask(c, "");
	is_ok(c);                                       /* TLS 1.3 sends the ticket after the handshake */
	return SSL_get1_session(c->ssl);
}

static void a_session_is_resumed_on_any_worker(void **state)
{
	struct rig r;
	struct client c;
	(void)state;
	rig_init(&r);
	unsigned tls = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	rig_start(&r, 3);
	struct addr to = rig_addr(&r, tls);
	start(&c, &to, &(struct client_options){ 0 });
	assert_int_equal(SSL_connect(c.ssl), 1);
	SSL_SESSION *session = session_of(&c);
	SSL_shutdown(c.ssl);
	stop(&c);
	for (int i = 0; i < 8; i++) {
		start(&c, &to, &(struct client_options){ .resume = session });
		assert_int_equal(SSL_connect(c.ssl), 1);
		assert_int_equal(SSL_session_reused(c.ssl), 1);
		SSL_SESSION_free(session);
		session = session_of(&c);
		SSL_shutdown(c.ssl);
		stop(&c);
	}
	SSL_SESSION_free(session);
	rig_stop(&r);
}

/* TP-23 */
static void a_handshake_that_does_not_go_on_is_cut(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	r.settings.handshake_ms = 150;
	unsigned tls = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tls);
	int silent = client_tcp(&to), garbage = client_tcp(&to), slow = client_tcp(&to);
	client_say(garbage, "OPTIONS sip:bob@example.test SIP/2.0\r\n\r\n");
	client_send(slow, "\x16\x03\x01", 3);
	client_sees_end(garbage);
	client_sees_end(silent);
	client_sees_end(slow);
	rig_wait(&r, r.closed_count == 3);
	close(silent);
	close(garbage);
	close(slow);
	rig_stop(&r);
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void a_rush_of_handshakes_delays_no_established_flow(void **state)
{
	enum { RUSH = 100 };
	static struct client rush[RUSH];
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tls = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tls), to_tcp = rig_addr(&r, tcp);
	int fd = client_tcp(&to_tcp);
	for (int i = 0; i < RUSH; i++)
		start(&rush[i], &to, &(struct client_options){ 0 });
	for (int i = 0; i < RUSH; i++) {                /* every hello is on its way before any answer is read */
		BIO_socket_nbio(rush[i].fd, 1);
		SSL_connect(rush[i].ssl);
	}
	int64_t slowest = 0;
	while (rig_counts(&r).handshakes < RUSH) {
		char pong[2];
		int64_t since = now_ms();
		client_say(fd, "\r\n\r\n");
		client_read(fd, pong, 2);
		slowest = now_ms() - since > slowest ? now_ms() - since : slowest;
		for (int i = 0; i < RUSH; i++)
			if (!SSL_is_init_finished(rush[i].ssl))
				SSL_connect(rush[i].ssl);
	}
	assert_true(slowest < 250);
	for (int i = 0; i < RUSH; i++) {
		BIO_socket_nbio(rush[i].fd, 0);
		stop(&rush[i]);
	}
	close(fd);
	rig_stop(&r);
}

static void pour(struct rig_worker *w, void *arg)
{
	struct rig *r = w->rig;
	static char text[1000];
	memset(text, 'm', sizeof text);
	struct wire *bytes = wire_new((struct str){ text, sizeof text });
	for (unsigned i = 0; i < 100; i++)
		*(enum send_result *)arg = transport_send(w->transport, &r->last_from, bytes);
	wire_unref(bytes);
}

/* TP-25 */
static void a_peer_that_does_not_read_is_cut_off_over_tls_too(void **state)
{
	struct rig r;
	struct client c;
	enum send_result last = SEND_OK;
	(void)state;
	rig_init(&r);
	unsigned tls = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tls);
	start(&c, &to, &(struct client_options){ 0 });
	assert_int_equal(SSL_connect(c.ssl), 1);
	ask(&c, "X-Quiet: 1\r\n");
	rig_wait(&r, r.messages == 1);
	for (int i = 0; i < 200 && last == SEND_OK; i++)
		rig_on(&r, 0, pour, &last);
	assert_int_equal(last, SEND_GONE);
	rig_wait(&r, r.closed_count == 1);
	assert_int_equal(r.closed[0].why, FLOW_END_OVERFLOW);
	stop(&c);
	rig_stop(&r);
}

static void a_tls_flow_may_end_inside_the_callback_of_its_own_message(void **state)
{
	static const char *const rows[] = { "X-Quiet: 1\r\nX-Kill: 1\r\n", "X-Quiet: 1\r\nX-Kill: 2\r\n",
	                                    "X-Quiet: 1\r\nX-Flood: 1\r\n" };
	struct rig r;
	(void)state;
	rig_init(&r);
	unsigned tls = rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tls);
	for (unsigned i = 0; i < 3; i++) {
		char text[3 * TEXT];
		struct client c;
		unsigned before = r.messages;
		rig_forget_closed(&r);
		start(&c, &to, &(struct client_options){ 0 });
		assert_int_equal(SSL_connect(c.ssl), 1);
		size_t n = request_write(text, sizeof text, "MESSAGE", rows[i], "");
		n += request_write(text + n, sizeof text - n, "MESSAGE", "X-Quiet: 1\r\n", "");
		assert_int_equal(SSL_write(c.ssl, text, (int)n), n);
		rig_wait(&r, r.closed_count == 1);
		assert_int_equal(r.messages, before + 1);
		stop(&c);
	}
	rig_stop(&r);
}

/* --- as a client --- */

struct shot {
	struct hop hop;
	struct flow_ref flow;
	enum send_result opened, sent;
};

static void shoot(struct rig_worker *w, void *arg)
{
	struct shot *s = arg;
	char text[TEXT];
	s->opened = transport_open(w->transport, &s->hop, &s->flow);
	if (s->opened != SEND_OK)
		return;
	struct wire *bytes = wire_new((struct str){ text, request_write(text, sizeof text, "OPTIONS", "", "") });
	s->sent = transport_send(w->transport, &s->flow, bytes);
	wire_unref(bytes);
}

/* TP-33 TP-34 TP-35 TP-38 */
static void we_connect_only_to_whom_the_certificate_names(void **state)
{
	static const struct {
		struct certificate certificate;
		const char *ask_for;
		bool verify, wildcards, reached;
	} cases[] = {
		{ { "URI:sip:example.test", NULL, 30 }, "example.test", true, false, true },
		{ { "URI:sip:example.test", NULL, 30 }, "EXAMPLE.test", true, false, true },
		{ { "URI:sip:other.test,DNS:example.test", NULL, 30 }, "example.test", true, false, false },
		{ { "DNS:example.test", NULL, 30 }, "example.test", true, false, true },
		{ { "DNS:server1.example.test", NULL, 30 }, "example.test", true, false, false },         /* the SRV target is not the domain */
		{ { "DNS:example.test", NULL, 30 }, "a.example.test", true, false, false },
		{ { "DNS:*.example.test", NULL, 30 }, "a.example.test", true, false, false },
		{ { "DNS:*.example.test", NULL, 30 }, "a.example.test", true, true, true },
		{ { "IP:127.0.0.1", NULL, 30 }, "127.0.0.1", true, false, true },
		{ { "IP:127.0.0.2", NULL, 30 }, "127.0.0.1", true, false, false },
		{ { "URI:sip:example.test", NULL, -1 }, "example.test", true, false, false },             /* expired */
		{ { "URI:sip:example.test", NULL, 30 }, "other.test", false, false, true },
		{ { "URI:sip:example.test", "serverAuth", 30 }, "example.test", true, false, true },
		{ { "URI:sip:example.test", "emailProtection", 30 }, "example.test", true, false, false },
		{ { NULL, NULL, 30 }, "common.test", true, false, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig peer, r;
		rig_init(&peer);
		certificate_make(peer.certificate, peer.key, &cases[i].certificate);
		unsigned there = rig_listen(&peer, TRANSPORT_TLS, "127.0.0.1");
		rig_start(&peer, 1);
		rig_init(&r);
		rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
		r.settings.tls_ca = str_of(peer.certificate);
		r.settings.tls_verify = cases[i].verify;
		r.settings.wildcard_certificates = cases[i].wildcards;
		rig_start(&r, 2);
		struct shot s = { .hop = { .kind = TRANSPORT_TLS, .addr = rig_addr(&peer, there),
		                           .tls_name = str_of(cases[i].ask_for) } };
		rig_on(&r, i % 2, shoot, &s);
		assert_int_equal(s.sent, SEND_OK);
		if (cases[i].reached) {
			rig_wait(&r, r.messages == 1);
			assert_int_equal(peer.messages, 1);
		} else {
			rig_wait(&r, r.closed_count == 2);
			assert_int_equal(r.closed[0].why, FLOW_END_REFUSED);
			assert_int_equal(peer.messages, 0);
		}
		rig_stop(&r);
		rig_stop(&peer);
	}
}

/* TP-38 */
static void we_do_not_connect_to_whom_nobody_vouches_for(void **state)
{
	struct rig peer, r;
	(void)state;
	rig_init(&peer);
	unsigned there = rig_listen(&peer, TRANSPORT_TLS, "127.0.0.1");
	rig_start(&peer, 1);
	rig_init(&r);
	rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	r.settings.tls_ca = str_of(r.certificate);              /* another one */
	rig_start(&r, 1);
	struct shot s = { .hop = { .kind = TRANSPORT_TLS, .addr = rig_addr(&peer, there), .tls_name = STR("localhost") } };
	rig_on(&r, 0, shoot, &s);
	rig_wait(&r, r.closed_count == 1);
	assert_int_equal(r.closed[0].why, FLOW_END_REFUSED);
	assert_int_equal(peer.messages, 0);
	rig_stop(&r);
	rig_stop(&peer);
}

/* TP-32 */
static void two_servers_know_each_other_by_their_certificates(void **state)
{
	struct rig peer, r;
	(void)state;
	rig_init(&peer);
	rig_init(&r);
	certificate_make(peer.certificate, peer.key, &(struct certificate){ "URI:sip:home.test", NULL, 30 });
	certificate_make(r.certificate, r.key, &(struct certificate){ "URI:sip:edge.test", NULL, 30 });
	unsigned there = rig_listen(&peer, TRANSPORT_TLS, "127.0.0.1");
	peer.settings.tls_ca = str_of(r.certificate);
	rig_start(&peer, 1);
	rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	r.settings.tls_ca = str_of(peer.certificate);
	rig_start(&r, 1);
	struct shot s = { .hop = { .kind = TRANSPORT_TLS, .addr = rig_addr(&peer, there), .tls_name = STR("home.test") } };
	rig_on(&r, 0, shoot, &s);
	rig_wait(&r, r.messages == 1);
	assert_string_equal(peer.last_names, "edge.test");
	assert_string_equal(r.last_names, "home.test");
	rig_stop(&r);
	rig_stop(&peer);
}

/* TP-40 */
static void a_connection_for_one_domain_is_not_used_for_another(void **state)
{
	struct rig peer, r;
	(void)state;
	rig_init(&peer);
	certificate_make(peer.certificate, peer.key, &(struct certificate){ "DNS:one.test,DNS:two.test", NULL, 30 });
	unsigned there = rig_listen(&peer, TRANSPORT_TLS, "127.0.0.1");
	rig_start(&peer, 1);
	rig_init(&r);
	rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	r.settings.tls_ca = str_of(peer.certificate);
	rig_start(&r, 1);
	struct shot one = { .hop = { .kind = TRANSPORT_TLS, .addr = rig_addr(&peer, there), .tls_name = STR("one.test") } };
	struct shot two = one, again = one;
	two.hop.tls_name = STR("two.test");
	again.hop.tls_name = STR("One.Test");
	rig_on(&r, 0, shoot, &one);
	rig_on(&r, 0, shoot, &two);
	rig_on(&r, 0, shoot, &again);
	assert_false(flow_ref_same(&one.flow, &two.flow));
	assert_true(flow_ref_same(&one.flow, &again.flow));
	rig_wait(&peer, peer.messages == 3);
	rig_stop(&r);
	rig_stop(&peer);
}

/* --- start --- */

static void what_is_wrong_with_a_certificate_is_said(void **state)
{
	static const struct {
		const char *certificate, *key, *says;
	} cases[] = {
		{ "", "", "are needed" },
		{ "missing.pem", "key.pem", "certificate" },
		{ "cert.pem", "missing.pem", "private key" },
		{ "key.pem", "key.pem", "PEM file" },
		{ "cert.pem", "other.key", "does not belong to" },
	};
	struct rig r;
	char other[100], other_key[100];
	(void)state;
	rig_init(&r);
	snprintf(other, sizeof other, "%s/other.pem", r.dir);
	snprintf(other_key, sizeof other_key, "%s/other.key", r.dir);
	certificate_make(other, other_key, &(struct certificate){ "DNS:x.test", NULL, 30 });
	rig_listen(&r, TRANSPORT_TLS, "127.0.0.1");
	r.settings.listeners = r.listeners;
	r.settings.listener_count = 1;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct transport_error error = { "" };
		char certificate[120], key[120];
		snprintf(certificate, sizeof certificate, "%s/%s", r.dir, cases[i].certificate);
		snprintf(key, sizeof key, "%s/%s", r.dir, cases[i].key);
		r.listeners[0].certificate = *cases[i].certificate ? str_of(certificate) : STR_NONE;
		r.listeners[0].key = *cases[i].key ? str_of(key) : STR_NONE;
		assert_true(transport_new(&r.settings, &r.t, &error) < 0);
		if (!strstr(error.text, cases[i].says) || !strstr(error.text, "tls 127.0.0.1"))
			fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].says);
	}
	struct transport_error error = { "" };
	r.listeners[0].certificate = str_of(r.certificate);
	r.listeners[0].key = str_of(r.key);
	r.settings.tls_ca = STR("/nowhere/authorities.pem");
	assert_true(transport_new(&r.settings, &r.t, &error) < 0);
	assert_non_null(strstr(error.text, "certificate authorities /nowhere/authorities.pem"));
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_and_pings_pass_over_both_versions),
		cmocka_unit_test(versions_before_1_2_are_refused),
		cmocka_unit_test(many_requests_may_share_a_record_and_one_may_span_many),
		cmocka_unit_test(the_certificate_is_chosen_by_server_name),
		cmocka_unit_test(a_client_certificate_proves_names_only_when_it_verifies),
		cmocka_unit_test(a_session_is_resumed_on_any_worker),
		cmocka_unit_test(a_handshake_that_does_not_go_on_is_cut),
		cmocka_unit_test(a_rush_of_handshakes_delays_no_established_flow),
		cmocka_unit_test(a_peer_that_does_not_read_is_cut_off_over_tls_too),
		cmocka_unit_test(a_tls_flow_may_end_inside_the_callback_of_its_own_message),
		cmocka_unit_test(we_connect_only_to_whom_the_certificate_names),
		cmocka_unit_test(we_do_not_connect_to_whom_nobody_vouches_for),
		cmocka_unit_test(two_servers_know_each_other_by_their_certificates),
		cmocka_unit_test(a_connection_for_one_domain_is_not_used_for_another),
		cmocka_unit_test(what_is_wrong_with_a_certificate_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
