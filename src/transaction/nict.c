/* SPDX-License-Identifier: Apache-2.0 */
/* nict.c - the non-INVITE client transaction: RFC 3261 §17.1.2, figure 6. */
#include "txn_machine.h"
#include "waits.h"

const char *nict_state_name(enum nict_state state)
{
	static const char *const names[] = { "Trying", "Proceeding", "Completed", "Terminated" };
	return names[state];
}

static struct txn_actions with_wake(const struct nict *t, struct txn_actions a)
{
	a.wake_at = waits_next(&t->waits);
	return a;
}

static struct txn_actions end(struct nict *t, bool failed)
{
	t->state = NICT_TERMINATED;
	waits_only_end(&t->waits, TXN_NEVER);
	return with_wake(t, (struct txn_actions){ .failed = failed, .ended = true });
}

static bool waiting(const struct nict *t)
{
	return t->state == NICT_TRYING || t->state == NICT_PROCEEDING;
}

struct txn_actions nict_start(struct nict *t, const struct txn_timers *timers, bool reliable, int64_t now)
{
	*t = (struct nict){ .state = NICT_TRYING, .waits = { .timers = timers, .reliable = reliable } };
	waits_repeat(&t->waits, now);                           /* timer E */
	t->waits.end_at = now + waits_life(&t->waits);          /* timer F */
	return with_wake(t, (struct txn_actions){ .send = true });
}

struct txn_actions nict_response(struct nict *t, unsigned status, int64_t now)
{
	if (!waiting(t))
		return with_wake(t, (struct txn_actions){ 0 });
	if (status < 200) {
		t->state = NICT_PROCEEDING;             /* E and F go on: a lost final response must be asked for */
	} else {
		t->state = NICT_COMPLETED;
		waits_only_end(&t->waits, t->waits.reliable ? now : now + t->waits.timers->t4); /* timer K */
	}
	return with_wake(t, (struct txn_actions){ .pass_up = true });
}

struct txn_actions nict_timer(struct nict *t, int64_t now)
{
	if (t->state != NICT_TERMINATED && waits_end_due(&t->waits, now))
		return end(t, waiting(t));
	if (waiting(t) && waits_repeat_due(&t->waits, now)) {
		if (t->state == NICT_PROCEEDING)
			t->waits.interval = t->waits.timers->t2;
		waits_double(&t->waits, t->waits.timers->t2, now);
		return with_wake(t, (struct txn_actions){ .send = true });
	}
	return with_wake(t, (struct txn_actions){ 0 });
}

struct txn_actions nict_error(struct nict *t)
{
	return waiting(t) ? end(t, true) : with_wake(t, (struct txn_actions){ 0 });
}
