/* SPDX-License-Identifier: Apache-2.0 */
/* framer.h - where messages and pings begin and end in a stream's bytes.
 *
 * Between messages every CRLF is skipped (RFC 3261 §7.5), and two in a row are a ping (RFC 5626
 * §4.4.1), however they were split over reads. Inside a message Content-Length counts (§18.3). Pure:
 * the state is a few numbers, the bytes stay with the caller. */
#ifndef SLUICE_FRAMER_H
#define SLUICE_FRAMER_H

#include "sip.h"

struct framer {
	size_t scanned;                 /* sip_frame's memory of the message that is arriving */
	size_t need;                    /* its whole length, once known */
	uint8_t crlf;                   /* how many bytes of CRLFCRLF were seen */
};

enum framer_result {
	FRAMER_MORE,                    /* what is left in *rest is the start of a message; or nothing is left */
	FRAMER_MESSAGE,                 /* *message was cut from *rest */
	FRAMER_PING,                    /* a whole CRLFCRLF was cut from *rest: one pong is due */
	FRAMER_BAD                      /* *fault says why; *rest starts with the message that has no end */
};
/* The next thing in *rest. After FRAMER_MORE call again with the same bytes and more behind them. */
enum framer_result framer_next(struct framer *f, struct str *rest, const struct sip_limits *limits,
                               struct str *message, struct sip_fault *fault);

#endif
