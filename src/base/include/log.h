/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - lines that name their subject and action.
 *
 *     log_write(LOG_WARN, "flow 17 (tls 192.0.2.7:49152): keep-alive: no pong in 10 s, closing");
 *
 * One process, one log on standard error. Writing never waits for the reader of the log: a line goes
 * into a bounded queue that a thread of its own empties; lines that do not fit are dropped and
 * counted, and the count is logged. Keys, tokens and passwords never go in; bytes that a terminal
 * might obey (below 0x20, 0x7f, C1) are shown as \xHH, a line is cut at 1000 bytes. Before log_start
 * and after log_stop lines are written at once. */
#ifndef SLUICE_LOG_H
#define SLUICE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

int log_start(enum log_level level);    /* starts the thread; -errno */
/* Writes what is queued and ends the thread; a reader that takes nothing for a second is left alone. */
void log_stop(void);
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* At most one line a period for a place in the code; the next one that passes tells how many were
 * left out. `at` is a zero-initialised static of the caller. */
struct log_limit {
	_Atomic int64_t next_ms;
	_Atomic uint64_t left_out;
};
/* True when the caller may log now; *left_out is what was swallowed since. */
bool log_allowed(struct log_limit *at, int64_t period_ms, uint64_t *left_out);

#endif
