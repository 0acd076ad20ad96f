/* SPDX-License-Identifier: Apache-2.0 */
/* udp_verdicts.h - which UDP flows are silent, and which were proved dead.
 *
 * A stream carries its verdict beside its generation (flow_table.h); a UDP flow is nothing but addresses, so what is known
 * against one is kept here, by 5-tuple. Shared by all workers. Every datagram asks: that is one atomic load
 * while nothing stands here, and seldom a lock while something does. Bounded: past UDP_VERDICTS the oldest goes. */
#ifndef SLUICE_UDP_VERDICTS_H
#define SLUICE_UDP_VERDICTS_H

#include "transport.h"

#define UDP_VERDICTS          65536
#define UDP_VERDICTS_SHARDS   64
#define UDP_VERDICT_MS        3600000   /* suspicion is forgotten by then, and the death of a flow that nobody uses any more */

enum udp_verdict {
	UDP_CLEAR,
	UDP_SUSPECT,
	UDP_FAILED,                     /* was proved dead; somebody talks from there again, but nobody registered since */
	UDP_DEAD
};

struct udp_verdicts;
struct udp_verdicts *udp_verdicts_new(void);
void udp_verdicts_free(struct udp_verdicts *v);         /* NULL is fine */
enum udp_verdict udp_verdict_of(struct udp_verdicts *v, const struct flow_ref *f);
/* What stood there before. What was proved stays. */
enum udp_verdict udp_verdict_suspect(struct udp_verdicts *v, const struct flow_ref *f, int64_t now_ms);
void udp_verdict_dead(struct udp_verdicts *v, const struct flow_ref *f, int64_t now_ms);
/* A datagram came: suspicion is over, and who was dead has only failed. What stood there before. */
enum udp_verdict udp_verdict_heard(struct udp_verdicts *v, const struct flow_ref *f, int64_t now_ms);
/* A registration was granted on it: neither silent nor dead. */
void udp_verdict_clear(struct udp_verdicts *v, const struct flow_ref *f);
/* Forget what is old in this shard. */
void udp_verdicts_expire(struct udp_verdicts *v, unsigned shard, int64_t now_ms);

#endif
