/* SPDX-License-Identifier: Apache-2.0 */
/* registrations.h - which phone is registered on which flow of this node (transport.h says what it is for).
 *
 * Shared by all workers. Each entry is in two maps: by phone, and by address; each map is cut into shards with a
 * lock of its own, held for as long as a chain is walked, so chains are bounded, and with them what one user can fill. Whether a flow
 * lives is not kept here: the generation of a stream and the verdict on a UDP flow say it when somebody asks. */
#ifndef SLUICE_REGISTRATIONS_H
#define SLUICE_REGISTRATIONS_H

#include "transport.h"

#define REGISTRATIONS_SHARDS 1024
/* Flows of one phone; the one registered longest ago makes room. Above what location keeps of an AOR by default (16). */
#define REGISTRATIONS_A_PHONE 32
/* Of all phones of an address, dead flows and all, until their time is over; one more is not remembered. */
#define REGISTRATIONS_AN_ADDRESS 128

struct registrations;
struct registrations *registrations_new(void);
void registrations_free(struct registrations *r);       /* NULL is fine */
void registrations_note(struct transport *t, const struct flow_ref *f, const struct flow_registration *r, int64_t now_ms);
/* Drop what is over in this shard, and call `ping` for each phone behind NAT whose UDP flow is not dead; no lock is held
 * then. NULL: nobody is pinged. One thread at a time. */
void registrations_sweep(struct transport *t, unsigned shard, int64_t now_ms,
                         void (*ping)(void *user, const struct flow_ref *f), void *user);
size_t registrations_count(const struct registrations *r);

#endif
