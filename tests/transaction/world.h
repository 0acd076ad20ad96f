/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - a txns over the fake, with a user that writes down what it is told: "request INVITE",
 * "cancelled", "180", "failed timeout" ... each followed by a space. */
#ifndef SLUICE_TESTS_TRANSACTION_WORLD_H
#define SLUICE_TESTS_TRANSACTION_WORLD_H

#include "check.h"
#include "fake.h"
#include "transaction.h"

struct world {
	struct fake fake;
	struct txns *x;
	char told[32768];
	struct packet *request;         /* the last one told, until it is accepted or the next comes */
	struct txn_client *client;      /* of the last send */
	bool forget_on_response;        /* what the client's callback does */
	int64_t silent_ms;              /* of what `ask` asks; 0: never */
	bool cancel_on_response;
};

struct world *world_new(void (*adjust)(struct txn_settings *s));        /* NULL: the defaults */
void world_free(struct world *w);
/* What was told since the last call must be exactly this. */
void assert_told(struct world *w, const char *expected);
struct txn_counts counts(const struct world *w);

/* Flows: UDP from 192.0.2.1:PORT to 192.0.2.10:5060; a stream with this serial from 192.0.2.1:40000. */
struct flow_ref udp_from(uint16_t port);
struct flow_ref tcp_from(uint64_t serial);
struct flow_ref udp_between(const char *remote, const char *local);

/* A message arrives. The first builds a request whose top Via is "SIP/2.0/TRANSPORT " + via; `to` is
 * what follows the To URI (";tag=x" or ""). */
struct message {
	const char *method, *via, *to;
	const char *rows;               /* more rows, each with CRLF; NULL: none */
};
void arrives(struct world *w, struct flow_ref from, struct message m);
void arrives_text(struct world *w, struct flow_ref from, const char *text, size_t n);
/* txn_accept of what was told last. */
struct txn_server *accept_it(struct world *w);

/* A request of ours goes out, and responses to it come back. */
struct txn_client *ask(struct world *w, const char *method, const char *branch, struct flow_ref to);
void response_arrives(struct world *w, unsigned status, const char *method, const char *branch, const char *to_tag);

/* The oldest message that left starts with this (a request line or "SIP/2.0 180"), holds that, and
 * goes to this port; it is taken. "" and 0 do not ask. */
void assert_left(struct world *w, const char *start, const char *holding, uint16_t to_port);
void assert_left_nothing(struct world *w);
void forget_sent(struct world *w);
bool sent_holds(const struct fake_sent *s, const char *text);

#endif
