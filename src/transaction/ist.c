/* SPDX-License-Identifier: Apache-2.0 */
/* ist.c - the INVITE server transaction: RFC 3261 §17.2.1 as changed by RFC 6026 §7.1, figure 7. */
#include "txn_machine.h"
#include "waits.h"

const char *ist_state_name(enum ist_state state)
{
	static const char *const names[] = { "Proceeding", "Completed", "Confirmed", "Accepted", "Terminated" };
	return names[state];
}

static struct txn_actions with_wake(const struct ist *t, struct txn_actions a)
{
	a.wake_at = waits_next(&t->waits);
	return a;
}

struct txn_actions ist_start(struct ist *t, const struct txn_timers *timers, bool reliable, int64_t now)
{
	*t = (struct ist){ .state = IST_PROCEEDING, .waits = { .timers = timers, .reliable = reliable } };
	waits_only_end(&t->waits, TXN_NEVER);
	t->waits.repeat_at = now + timers->trying;
	return with_wake(t, (struct txn_actions){ 0 });
}

struct txn_actions ist_request(struct ist *t, int64_t now)
{
	(void)now;
	bool again = t->state == IST_PROCEEDING || t->state == IST_COMPLETED;
	return with_wake(t, (struct txn_actions){ .send = again });
}

static void enter_accepted(struct ist *t, int64_t now)
{
	t->state = IST_ACCEPTED;
	waits_only_end(&t->waits, now + waits_life(&t->waits));         /* timer L */
}

static void enter_completed(struct ist *t, int64_t now)
{
	t->state = IST_COMPLETED;
	waits_repeat(&t->waits, now);                                   /* timer G */
	t->waits.end_at = now + waits_life(&t->waits);                  /* timer H, on every transport */
}

struct txn_actions ist_respond(struct ist *t, unsigned status, int64_t now)
{
	bool success = status >= 200 && status < 300;
	switch (t->state) {
	case IST_PROCEEDING:
		if (status < 200)
			t->waits.repeat_at = TXN_NEVER;         /* answered: no 100 of our own any more */
		else if (success)
			enter_accepted(t, now);
		else
			enter_completed(t, now);
		return with_wake(t, (struct txn_actions){ .send = true });
	case IST_ACCEPTED:                                      /* another fork's 2xx, or its copy */
		return with_wake(t, (struct txn_actions){ .send = success });
	case IST_COMPLETED:
	case IST_CONFIRMED:
	case IST_TERMINATED:
		break;
	}
	return with_wake(t, (struct txn_actions){ 0 });
}

struct txn_actions ist_ack(struct ist *t, int64_t now)
{
	switch (t->state) {
	case IST_COMPLETED:
		t->state = IST_CONFIRMED;
		waits_only_end(&t->waits, t->waits.reliable ? now : now + t->waits.timers->t4); /* timer I */
		break;
	case IST_ACCEPTED:
		return with_wake(t, (struct txn_actions){ .pass_up = true });
	case IST_PROCEEDING:
	case IST_CONFIRMED:
	case IST_TERMINATED:
		break;
	}
	return with_wake(t, (struct txn_actions){ 0 });
}

struct txn_actions ist_timer(struct ist *t, int64_t now)
{
	struct txn_actions a = { 0 };
	if (t->state != IST_TERMINATED && waits_end_due(&t->waits, now)) {
		t->state = IST_TERMINATED;
		waits_only_end(&t->waits, TXN_NEVER);
		a.ended = true;
	} else if (t->state == IST_PROCEEDING && waits_repeat_due(&t->waits, now)) {
		t->waits.repeat_at = TXN_NEVER;
		a.send_trying = true;
	} else if (t->state == IST_COMPLETED && waits_repeat_due(&t->waits, now)) {
		waits_double(&t->waits, t->waits.timers->t2, now);
		a.send = true;
	}
	return with_wake(t, a);
}
