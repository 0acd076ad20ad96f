/* SPDX-License-Identifier: Apache-2.0 */
/* udp_crowd.h - whose turn it is when datagrams come faster than they can be handled.
 *
 * All datagrams of a socket stand in one queue of the kernel: while it is long, whoever sends most makes everybody wait, and lose what
 * the kernel drops. So a worker that falls behind reads the queue out, and lets pass a few datagrams a turn of each address, of each
 * Call-ID, and of what is no SIP. What is more stands in a queue here, in its order, and is served with a part of the turn; it is dropped
 * when that queue is full. Nothing of it costs anything while the worker keeps up. */
#ifndef SLUICE_UDP_CROWD_H
#define SLUICE_UDP_CROWD_H

#include "transport.h"

#define CROWD_BATCHES 4                 /* read in one turn while it is crowded; else one */

struct transport_worker;
struct udp_crowd;

struct udp_crowd *udp_crowd_new(void);
void udp_crowd_free(struct udp_crowd *c);                       /* drops what stands in the queue; NULL is fine */
/* The worker is behind, or the worker that owns what it reads is: crowded from now on for a while. */
void udp_crowd_begin(struct udp_crowd *c, int64_t now_ms);
bool udp_crowd_is(const struct udp_crowd *c, int64_t now_ms);
/* A full batch was read from the socket: is there a crowd behind it? */
void udp_crowd_look(struct udp_crowd *c, int fd, int64_t now_ms);
/* For each datagram; `text` is copied when it is queued. */
enum crowd_place {
	CROWD_PASS,                     /* handle it now: always, unless it is crowded */
	CROWD_QUEUED,
	CROWD_DROP                      /* the queue is full, and who sent it had its part of this turn */
};
enum crowd_place udp_crowd_place(struct udp_crowd *c, struct str text, const struct flow_ref *from, int64_t now_ms);
/* The turn ends: serve a part of the queue. */
void udp_crowd_serve(struct transport_worker *w);

#endif
