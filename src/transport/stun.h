/* SPDX-License-Identifier: Apache-2.0 */
/* stun.h - STUN binding answers on the SIP port, bytes in and bytes out (RFC 8489 §6, RFC 5626 §8).
 *
 * Keep-alive without authentication: a Binding Request gets its source address back, or an error when the
 * flow that it keeps alive has failed. Nothing else is ever answered. */
#ifndef SLUICE_STUN_H
#define SLUICE_STUN_H

#include "addr.h"

#define STUN_ANSWER_MAX 128

enum stun_result {
	STUN_NOT,                       /* not STUN: give it to SIP (TP-27) */
	STUN_SILENT,                    /* STUN that gets no answer (TP-30) */
	STUN_ANSWER                     /* answer[0..*n) goes back */
};
enum stun_result stun_handle(struct str datagram, const struct addr *from, char answer[STUN_ANSWER_MAX], size_t *n);

/* Instead of the answer to this request, for which stun_handle said STUN_ANSWER: an error, by which the phone notices that
 * its flow has failed (RFC 5626 §4.4.2). Its length. */
size_t stun_flow_failed(struct str request, char answer[STUN_ANSWER_MAX]);

/* So that a forged source gets little: answers a second per source address, counted in a fixed
 * table. A full table forgets the oldest source. Not thread-safe. */
struct stun_limit;
struct stun_limit *stun_limit_new(unsigned per_second);
void stun_limit_free(struct stun_limit *l);
bool stun_limit_allows(struct stun_limit *l, const struct addr *from, int64_t now_ms);

#endif
