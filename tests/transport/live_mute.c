/* SPDX-License-Identifier: Apache-2.0 */
/* live_mute.c - peers on loopback that ask and do not read the answers: who is read on, and who waits until it reads. */
#include "rig.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#define TEXT   4096
#define ASKS   8                        /* requests of one write */
#define ENOUGH 10000                    /* their answers are more than is sent to a peer that does not read: its window, and what the kernel
                                         * takes beside it */

/* --- a peer that never waits --- */

struct peer {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
	char asks[TEXT];
	size_t n;
};

static void peer_open(struct peer *p, struct rig *r)
{
	enum transport_kind kind;
	struct addr to;
	int window = 4096;
	*p = (struct peer){ 0 };
	assert_true(transport_listener(r->t, 0, &kind, &to));
	struct sockaddr_storage sa;
	socklen_t sa_n = addr_to_sockaddr(&to, &sa);
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
	assert_int_equal(connect(p->fd, (struct sockaddr *)&sa, sa_n), 0);
	if (kind == TRANSPORT_TLS) {
		p->ctx = SSL_CTX_new(TLS_client_method());
		p->ssl = SSL_new(p->ctx);
		SSL_set_fd(p->ssl, p->fd);
		assert_int_equal(SSL_connect(p->ssl), 1);
	}
	assert_int_equal(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
	for (int i = 0; i < ASKS; i++)
		p->n += request_write(p->asks + p->n, sizeof p->asks - p->n, "OPTIONS", "", "");
}

static void peer_close(struct peer *p)
{
	SSL_free(p->ssl);
	SSL_CTX_free(p->ctx);
	close(p->fd);
}

/* From *at on, as much as goes. TLS takes all or nothing. */
static void peer_ask(struct peer *p, size_t *at)
{
	for (size_t n = 1; n; *at = *at + n < p->n ? *at + n : 0) {
		ssize_t sent = p->ssl ? SSL_write(p->ssl, p->asks + *at, (int)(p->n - *at)) : send(p->fd, p->asks + *at, p->n - *at, MSG_NOSIGNAL);
		assert_true(sent > 0 || errno == EAGAIN);
		n = sent > 0 ? (size_t)sent : 0;
	}
}

/* How many bytes there were. */
static size_t peer_read(struct peer *p)
{
	char bytes[16384];
	size_t all = 0;
	for (ssize_t n = 1; n > 0; all += n > 0 ? (size_t)n : 0) {
		n = p->ssl ? SSL_read(p->ssl, bytes, sizeof bytes) : recv(p->fd, bytes, sizeof bytes, 0);
		assert_true(n > 0 || errno == EAGAIN);
	}
	return all;
}

static void rest_ms(int ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static unsigned messages(struct rig *r)
{
	pthread_mutex_lock(&r->lock);
	unsigned n = r->messages;
	pthread_mutex_unlock(&r->lock);
	return n;
}

/* --- who comes to us --- */

/* TP-25 */
static void who_does_not_read_is_not_read_until_it_does(void **state)
{
	(void)state;
	for (enum transport_kind kind = TRANSPORT_TCP; kind <= TRANSPORT_TLS; kind++) {
		struct rig r;
		struct peer p;
		size_t at = 0, bytes = 0;
		rig_init(&r);
		rig_listen(&r, kind, "127.0.0.1");
		rig_start(&r, 1);
		peer_open(&p, &r);
		unsigned before, read = 0;
		do {                                            /* until 100 ms bring nothing more */
			before = read;
			for (int i = 0; i < 20; i++) {
				peer_ask(&p, &at);
				rest_ms(5);
			}
			read = messages(&r);
		} while (read != before);
		assert_in_range(read, ASKS, ENOUGH);
		for (int i = 0; i < WAIT_MS && messages(&r) < 4 * ENOUGH; i++) {
			bytes += peer_read(&p);
			peer_ask(&p, &at);
			rest_ms(1);
		}
		assert_true(messages(&r) >= 4 * ENOUGH);        /* it was read on, and the connection is as it was */
		assert_int_equal(r.closed_count, 0);
		assert_true(bytes / messages(&r) > 16);
		peer_close(&p);
		rig_stop(&r);
	}
}

/* --- to whom we went --- */

struct shot {
	struct hop hop;
	struct flow_ref flow;
	unsigned count;
};

static void shoot(struct rig_worker *w, void *arg)
{
	static const char text[100000];
	struct shot *s = arg;
	struct wire *bytes = wire_new((struct str){ text, sizeof text });
	assert_int_equal(transport_open(w->transport, &s->hop, &s->flow), SEND_OK);
	for (unsigned i = 0; i < s->count; i++)
		assert_int_equal(transport_send(w->transport, &s->flow, bytes), SEND_OK);
	wire_unref(bytes);
}

/* Else two servers that have much to say to each other could both wait for the other to read. */
static void to_whom_we_went_is_read_though_it_does_not_read(void **state)
{
	struct rig r;
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof sa;
	struct shot s = { .hop.kind = TRANSPORT_TCP, .count = 100 };     /* more than both kernels hold */
	char text[TEXT];
	(void)state;
	int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), window = 4096;
	setsockopt(door, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
	assert_int_equal(bind(door, (struct sockaddr *)&sa, n) | listen(door, 1) | getsockname(door, (struct sockaddr *)&sa, &n), 0);
	assert_true(addr_from_sockaddr((struct sockaddr *)&sa, &s.hop.addr));
	rig_init(&r);
	rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	r.settings.queue_bytes = 1 << 20;
	rig_start(&r, 1);
	rig_on(&r, 0, shoot, &s);
	int fd = accept(door, NULL, NULL);
	rest_ms(50);                                            /* the window is closed by now */
	client_send(fd, text, request_write(text, sizeof text, "OPTIONS", "X-Quiet: 1\r\n", ""));
	rig_wait(&r, r.messages == 1);
	close(fd);
	close(door);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_not_read_is_not_read_until_it_does),
		cmocka_unit_test(to_whom_we_went_is_read_though_it_does_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
