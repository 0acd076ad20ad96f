/* SPDX-License-Identifier: Apache-2.0 */
/* nist.c - the non-INVITE server transaction: RFC 3261 §17.2.2, figure 8, with RFC 4320 §4.1: a 100
 * leaves once, at the time when the client would have slowed down to T2, and not before. */
#include "txn_machine.h"
#include "waits.h"

const char *nist_state_name(enum nist_state state)
{
	static const char *const names[] = { "Trying", "Proceeding", "Completed", "Terminated" };
	return names[state];
}

static struct txn_actions with_wake(const struct nist *t, struct txn_actions a)
{
	a.wake_at = waits_next(&t->waits);
	return a;
}

/* Timer E waits T1, 2*T1, 4*T1 ... until the next would be T2: 0.5 + 1 + 2 s at the defaults. */
int64_t nist_trying_ms(const struct txn_timers *timers)
{
	int64_t sum = timers->t1;
	for (int64_t wait = 2 * timers->t1; wait < timers->t2 && wait > 0; wait *= 2)
		sum += wait;
	return sum;
}

struct txn_actions nist_start(struct nist *t, const struct txn_timers *timers, bool reliable, int64_t now)
{
	*t = (struct nist){ .state = NIST_TRYING, .waits = { .timers = timers, .reliable = reliable } };
	waits_only_end(&t->waits, TXN_NEVER);
	t->waits.repeat_at = now + nist_trying_ms(timers);
	return with_wake(t, (struct txn_actions){ 0 });
}

struct txn_actions nist_request(struct nist *t, int64_t now)
{
	(void)now;
	bool again = t->state == NIST_PROCEEDING || t->state == NIST_COMPLETED;
	return with_wake(t, (struct txn_actions){ .send = again });
}

/* A 100 that the user makes: on an unreliable transport it may not leave early. */
static bool too_early(const struct nist *t, int64_t now)
{
	return t->state == NIST_TRYING && !t->waits.reliable && !waits_repeat_due(&t->waits, now);
}

struct txn_actions nist_respond(struct nist *t, unsigned status, int64_t now)
{
	struct txn_actions a = { 0 };
	switch (t->state) {
	case NIST_TRYING:
	case NIST_PROCEEDING:
		if (status < 200 && too_early(t, now))
			break;
		if (status < 200) {
			t->state = NIST_PROCEEDING;
			t->waits.repeat_at = TXN_NEVER;
		} else {
			t->state = NIST_COMPLETED;
			waits_only_end(&t->waits, t->waits.reliable ? now : now + waits_life(&t->waits));       /* timer J */
		}
		a.send = true;
		break;
	case NIST_COMPLETED:
	case NIST_TERMINATED:
		break;
	}
	return with_wake(t, a);
}

struct txn_actions nist_timer(struct nist *t, int64_t now)
{
	struct txn_actions a = { 0 };
	if (t->state != NIST_TERMINATED && waits_end_due(&t->waits, now)) {
		t->state = NIST_TERMINATED;
		waits_only_end(&t->waits, TXN_NEVER);
		a.ended = true;
	} else if (t->state == NIST_TRYING && waits_repeat_due(&t->waits, now)) {
		t->state = NIST_PROCEEDING;
		t->waits.repeat_at = TXN_NEVER;
		a.send_trying = true;
	}
	return with_wake(t, a);
}
