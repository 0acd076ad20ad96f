/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - a transport on loopback with real threads, and simple blocking clients to poke it.
 *
 * Every wait is bounded (WAIT_MS). What the workers were told is recorded under one lock. By default
 * each request is answered with a 200 on its flow; headers in it change that: "X-Owner: N" lets worker N own
 * it, "X-Quiet: 1" records it without an answer, "X-Kill: 1" ends its flow from inside the callback (2: by a reset),
 * "X-Flood: 1" answers more than the flow's queue holds. */
#ifndef SLUICE_RIG_H
#define SLUICE_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "loop.h"
#include "mem.h"
#include "transport.h"
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>

#define WAIT_MS 3000
#define RIG_WORKERS 4
#define RIG_EVENTS 4096

struct rig;
struct rig_worker {
	struct rig *rig;
	unsigned index;
	pthread_t thread;
	struct loop *loop;
	struct transport_worker *transport;
};

struct rig_closed {
	unsigned worker;
	struct flow_ref flow;
	enum flow_end why;
};

struct rig {
	char dir[64];                           /* state folder, with a certificate for localhost and 127.0.0.1 */
	char certificate[80], key[80];
	struct transport_settings settings;     /* change before rig_start */
	struct listener_settings listeners[8];
	unsigned listener_count;
	struct transport *t;
	struct rig_worker workers[RIG_WORKERS];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned messages;                      /* seen by any worker */
	struct flow_ref last_from;
	unsigned last_worker;
	char last_names[256];
	size_t last_size;
	struct rig_closed closed[RIG_EVENTS];
	unsigned closed_count;
	unsigned unreachable_count;
	struct flow_ref last_unreachable;
	bool last_proof;
	char last_quote[64];
	unsigned unacked_count;
	struct flow_ref last_unacked;
};

void rig_init(struct rig *r);
/* A listener on a loopback address and any free port: "127.0.0.1", "::1", "0.0.0.0". Its number. */
unsigned rig_listen(struct rig *r, enum transport_kind kind, const char *ip);
void rig_start(struct rig *r, unsigned workers);
void rig_stop(struct rig *r);                   /* also removes the folder */
struct addr rig_addr(const struct rig *r, unsigned listener);

/* Run fn on a worker's thread and wait for it. */
void rig_on(struct rig *r, unsigned worker, void (*fn)(struct rig_worker *w, void *arg), void *arg);
/* Wait until the condition holds under the lock; fails the test after WAIT_MS. */
#define rig_wait(r, condition) do { \
	pthread_mutex_lock(&(r)->lock); \
	bool rig_held = true; \
	while (!(condition) && (rig_held = rig_wait_change(r))) \
		; \
	pthread_mutex_unlock(&(r)->lock); \
	if (!rig_held) \
		fail_msg("waited in vain for: " #condition); \
} while (0)
bool rig_wait_change(struct rig *r);
void rig_forget_closed(struct rig *r);
struct transport_counts rig_counts(struct rig *r);      /* all workers together */

/* --- clients: blocking sockets with a time limit --- */
int client_udp(const struct addr *to);                  /* connected */
int client_tcp(const struct addr *to);
int client_tcp_from(const struct addr *to, uint16_t port);      /* with this source port */
uint16_t client_port(int fd);
void client_send(int fd, const char *bytes, size_t n);
#define client_say(fd, text) client_send((fd), (text), strlen(text))
/* Exactly n bytes; fails the test when they do not come. */
void client_read(int fd, char *out, size_t n);
/* Up to cap bytes within wait_ms: 0 at the end of the stream, -1 when nothing came. */
ssize_t client_some(int fd, char *out, size_t cap, int wait_ms);
/* Nothing more comes within wait_ms. */
void client_hears_nothing(int fd, int wait_ms);
/* The peer has closed: end of stream or reset. */
void client_sees_end(int fd);
/* One whole response (no body) on a stream. */
size_t client_response(int fd, char *out, size_t cap);
/* A request with these extra header rows ("X-Quiet: 1\r\n"). Length without the NUL. */
size_t request_write(char *out, size_t cap, const char *method, const char *rows, const char *body);

/* A certificate of itself: subjectAltName and extendedKeyUsage as OpenSSL's configuration writes them (NULL: none);
 * days < 0: expired. */
struct certificate {
	const char *alt_names, *usage;
	int days;
};
void certificate_make(const char *certificate_path, const char *key_path, const struct certificate *c);

#endif
