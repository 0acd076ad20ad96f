/* SPDX-License-Identifier: Apache-2.0 */
/* fake.h - a loop whose clock is a number, a transport that writes down what it is given, and a
 * resolver that answers when told: what the runtime of this room is tested with. */
#ifndef SLUICE_TESTS_TRANSACTION_FAKE_H
#define SLUICE_TESTS_TRANSACTION_FAKE_H

#include "loop.h"
#include "resolver.h"
#include "transport.h"

struct loop {
	int64_t now_ms;
	struct list timers;
};

struct fake_sent {                      /* one message that left */
	struct list node;
	int64_t at_ms;
	struct flow_ref to;
	struct str text;
	char bytes[];
};

#define FAKE_SERIALS 64
struct transport {
	bool dead[FAKE_SERIALS];        /* streams by serial */
};
struct transport_worker {
	struct loop *loop;
	struct transport *transport;
	struct list sent;               /* struct fake_sent, the oldest first */
	enum send_result send_result;   /* of the sends to live flows */
	enum send_result open_result;
	struct hop opened;              /* the last hop asked for */
	char opened_name[100];          /* its tls_name */
	unsigned opens;
	uint64_t next_serial;           /* of the next connection made */
};

struct resolver {
	struct resolve *asked;          /* NULL: nothing is pending */
	char uri[200];
};

struct fake {
	struct loop loop;
	struct transport transport;
	struct transport_worker worker;
	struct resolver resolver;
};
void fake_init(struct fake *f);
void fake_fini(struct fake *f);
/* Let time pass, timer by timer. */
void fake_advance(struct fake *f, int64_t ms);
/* The oldest message that left and was not taken yet; NULL: none. The caller frees it by fake_drop. */
struct fake_sent *fake_take(struct fake *f);
void fake_drop(struct fake_sent *sent);
unsigned fake_sent_count(const struct fake *f);
unsigned fake_timers(const struct fake *f);     /* armed ones */
/* Answer the pending question: `hop` is copied; NULL: no such name. */
void fake_resolve(struct fake *f, const struct hop *hop);

#endif
