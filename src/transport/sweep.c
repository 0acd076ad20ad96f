/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.c - worker 0 looks after what all workers share, a part of it each time: registrations that are over go, phones
 * behind NAT get the datagram that keeps their way open, old verdicts are forgotten.
 *
 * One round takes settings.nat_ping_s, so each phone is pinged once a round and all of them evenly over it. */
#include "registrations.h"
#include "transport_private.h"
#include "udp_verdicts.h"

#define TICK_MS  250
#define ROUND_MS 60000                  /* when nobody is pinged */

static void ping(void *user, const struct flow_ref *f)
{
	struct transport_worker *w = user;
	struct udp_port *p = f->listener < w->t->listener_count ? w->udp[f->listener] : NULL;
	if (p)
		udp_send(p, &f->local, &f->remote, w->ping);
}

static void sweep_fired(struct loop_timer *timer)
{
	struct transport_worker *w = CONTAINER(timer, struct transport_worker, sweep_timer);
	int64_t now_ms = loop_now_ms(w->loop), round_ms = 1000 * (int64_t)w->t->set.nat_ping_s;
	uint64_t due = (uint64_t)(now_ms - w->sweep_since_ms) * REGISTRATIONS_SHARDS / (uint64_t)(round_ms ? round_ms : ROUND_MS);
	if (due - w->swept > REGISTRATIONS_SHARDS)      /* this thread stood still: one round makes up for all */
		w->swept = due - REGISTRATIONS_SHARDS;
	for (; w->swept < due; w->swept++) {
		registrations_sweep(w->t, w->swept % REGISTRATIONS_SHARDS, now_ms, round_ms ? ping : NULL, w);
		udp_verdicts_expire(w->t->verdicts, w->swept % UDP_VERDICTS_SHARDS, now_ms);
	}
	loop_timer_set(w->loop, timer, now_ms + TICK_MS);
}

void sweep_start(struct transport_worker *w)
{
	if (w->index != 0)
		return;
	w->sweep_since_ms = loop_now_ms(w->loop);
	w->sweep_timer.fire = sweep_fired;
	loop_timer_set(w->loop, &w->sweep_timer, w->sweep_since_ms + TICK_MS);
}
