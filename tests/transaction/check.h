/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - cmocka with what it needs before it, and actions as words: "Calling send @1500". */
#ifndef SLUICE_TESTS_TRANSACTION_CHECK_H
#define SLUICE_TESTS_TRANSACTION_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "txn_machine.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* RFC 3261 table 4, and timer D as RFC 6026 §8.4 has it. */
static const struct txn_timers defaults = { .t1 = 500, .t2 = 4000, .t4 = 5000, .d = 32000, .trying = 200 };

/* The state that was reached, what is to be done, and when to wake. */
static inline const char *in_words(char out[100], const char *state, struct txn_actions a)
{
	char wake[32] = "";
	if (a.wake_at != TXN_NEVER)
		snprintf(wake, sizeof wake, " @%lld", (long long)a.wake_at);
	snprintf(out, 100, "%s%s%s%s%s%s%s%s", state, a.send ? " send" : "", a.send_trying ? " trying" : "",
	         a.send_ack ? " ack" : "", a.pass_up ? " up" : "", a.failed ? " failed" : "", a.ended ? " ended" : "", wake);
	return out;
}

/* Run a machine by its own wake-ups until it ends; the times at which it sent. */
struct schedule {
	int64_t sent_at[20];
	unsigned sends;
	int64_t ended_at;
	bool failed;
};
#define RUN(machine, timer_fn, first, out) \
	do { \
		struct txn_actions a_ = (first); \
		int64_t now_ = 0; \
		for (;;) { \
			if (a_.send) \
				(out)->sent_at[(out)->sends++] = now_; \
			(out)->failed |= a_.failed; \
			if (a_.ended || a_.wake_at == TXN_NEVER) \
				break; \
			now_ = a_.wake_at; \
			a_ = timer_fn((machine), now_); \
		} \
		(out)->ended_at = now_; \
	} while (0)

static inline void assert_schedule(const struct schedule *s, const int64_t *sent_at, unsigned sends, int64_t ended_at)
{
	assert_int_equal(s->sends, sends);
	for (unsigned i = 0; i < sends; i++)
		assert_int_equal(s->sent_at[i], sent_at[i]);
	assert_int_equal(s->ended_at, ended_at);
}

#endif
