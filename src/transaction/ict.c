/* SPDX-License-Identifier: Apache-2.0 */
/* ict.c - the INVITE client transaction: RFC 3261 §17.1.1 as changed by RFC 6026 §7.2, figure 5. */
#include "txn_machine.h"
#include "waits.h"

const char *ict_state_name(enum ict_state state)
{
	static const char *const names[] = { "Calling", "Proceeding", "Completed", "Accepted", "Terminated" };
	return names[state];
}

static struct txn_actions with_wake(const struct ict *t, struct txn_actions a)
{
	a.wake_at = waits_next(&t->waits);
	return a;
}

static struct txn_actions end(struct ict *t, bool failed)
{
	t->state = ICT_TERMINATED;
	waits_only_end(&t->waits, TXN_NEVER);
	return with_wake(t, (struct txn_actions){ .failed = failed, .ended = true });
}

struct txn_actions ict_start(struct ict *t, const struct txn_timers *timers, bool reliable, int64_t now)
{
	*t = (struct ict){ .state = ICT_CALLING, .waits = { .timers = timers, .reliable = reliable } };
	waits_repeat(&t->waits, now);                           /* timer A */
	t->waits.end_at = now + waits_life(&t->waits);          /* timer B */
	return with_wake(t, (struct txn_actions){ .send = true });
}

static struct txn_actions proceed(struct ict *t)
{
	if (t->state == ICT_CALLING) {
		t->state = ICT_PROCEEDING;
		waits_only_end(&t->waits, TXN_NEVER);           /* timer C is the proxy's */
	}
	return with_wake(t, (struct txn_actions){ .pass_up = true });
}

static struct txn_actions accept(struct ict *t, int64_t now)
{
	t->state = ICT_ACCEPTED;
	waits_only_end(&t->waits, now + waits_life(&t->waits)); /* timer M */
	return with_wake(t, (struct txn_actions){ .pass_up = true });
}

static struct txn_actions complete(struct ict *t, int64_t now)
{
	t->state = ICT_COMPLETED;
	waits_only_end(&t->waits, t->waits.reliable ? now : now + t->waits.timers->d);  /* timer D */
	return with_wake(t, (struct txn_actions){ .send_ack = true, .pass_up = true });
}

struct txn_actions ict_response(struct ict *t, unsigned status, int64_t now)
{
	switch (t->state) {
	case ICT_CALLING:
	case ICT_PROCEEDING:
		if (status < 200)
			return proceed(t);
		return status < 300 ? accept(t, now) : complete(t, now);
	case ICT_COMPLETED:                             /* a copy: only its ACK */
		return with_wake(t, (struct txn_actions){ .send_ack = status >= 300 });
	case ICT_ACCEPTED:                              /* a copy, or a fork's: RFC 6026 §7.2 */
		return with_wake(t, (struct txn_actions){ .pass_up = status >= 200 && status < 300 });
	case ICT_TERMINATED:
		break;
	}
	return with_wake(t, (struct txn_actions){ 0 });
}

struct txn_actions ict_timer(struct ict *t, int64_t now)
{
	if (t->state != ICT_TERMINATED && waits_end_due(&t->waits, now))
		return end(t, t->state == ICT_CALLING || t->state == ICT_PROCEEDING);
	if (t->state == ICT_CALLING && waits_repeat_due(&t->waits, now)) {
		waits_double(&t->waits, waits_life(&t->waits), now);    /* timer A has no ceiling but B */
		return with_wake(t, (struct txn_actions){ .send = true });
	}
	return with_wake(t, (struct txn_actions){ 0 });
}

/* Completed ends without a word: the user has its final response, and can do nothing about an ACK.
 * Accepted sends nothing, so it cannot fail. */
struct txn_actions ict_error(struct ict *t)
{
	switch (t->state) {
	case ICT_CALLING:
	case ICT_PROCEEDING:
		return end(t, true);
	case ICT_COMPLETED:
		return end(t, false);
	case ICT_ACCEPTED:
	case ICT_TERMINATED:
		break;
	}
	return with_wake(t, (struct txn_actions){ 0 });
}

struct txn_actions ict_cancel_wanted(struct ict *t)
{
	if (t->state == ICT_CALLING)
		t->waits.repeat_at = TXN_NEVER;
	return with_wake(t, (struct txn_actions){ 0 });
}

struct txn_actions ict_wanted_again(struct ict *t, int64_t now)
{
	if (t->state == ICT_CALLING && !t->waits.reliable)
		t->waits.repeat_at = now;
	return with_wake(t, (struct txn_actions){ 0 });
}

struct txn_actions ict_cancel_sent(struct ict *t, int64_t now)
{
	if (t->state == ICT_PROCEEDING)
		t->waits.end_at = now + waits_life(&t->waits);
	return with_wake(t, (struct txn_actions){ 0 });
}
