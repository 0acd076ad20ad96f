/* SPDX-License-Identifier: Apache-2.0 */
/* registrar.h - REGISTER for a domain of ours: RFC 3261 §10.3, RFC 3327, RFC 5626 §6.
 *
 * One object a worker. Policy only: location keeps the bindings, the transaction layer answers. Authentication was done
 * before (auth.h); what is decided here is whether this user may bind this AOR, and what the binding is. */
#ifndef SLUICE_REGISTRAR_H
#define SLUICE_REGISTRAR_H

#include "location.h"
#include "moves.h"
#include "policy.h"
#include "transaction.h"
#include "users.h"

struct registrar_settings {
	uint32_t expires_default_s, expires_min_s, expires_max_s;       /* [3600, 60, 7200] */
	uint32_t flow_timer_s;          /* Flow-Timer in the 2xx of an outbound registration; 0: none [120] (OB-60) */
	unsigned max_contacts_in_request;       /* [32] */
	bool path_without_supported;    /* accept Path although the phone did not say `path` (RG-33) [false] */
};
void registrar_settings_init(struct registrar_settings *s);

struct registrar;
struct registrar_setup {
	struct registrar_settings settings;
	struct loop *loop;
	struct txns *txns;
	struct transport *transport;
	struct transport_worker *transport_worker;
	struct location *location;
	struct users *users;
	struct moves *moves;            /* what a phone taught is suspended by its next REGISTER; NULL: nobody moves */
};
int registrar_new(const struct registrar_setup *setup, struct registrar **out);
void registrar_free(struct registrar *r);       /* no REGISTER may wait for its commit any more */

/* Who sends it, as the server's dispatch found out. */
struct register_request {
	struct packet *packet;          /* taken: answered in every case, once */
	const struct domain *domain;    /* of the Request-URI */
	const struct user *user;        /* authenticated; NULL: domain->open_registration */
	unsigned rights;                /* of the source (policy.h): Path is believed only with PEER_PATH */
};
/* Checks in the order of RG-01..RG-09, then the change, then (durable) 200 with every live binding; makes the flow
 * a registered one. Requests that change nothing are answered at once; statelessly where possible, so that
 * they cost nothing. */
void registrar_handle(struct registrar *r, const struct register_request *q);
unsigned registrar_waiting(const struct registrar *r);          /* REGISTERs that are not durable yet */

#endif
