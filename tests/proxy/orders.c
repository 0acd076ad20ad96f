/* SPDX-License-Identifier: Apache-2.0 */
/* orders.c - a phone with two flows, and everything that can happen to a call in every order.
 *
 * A model: two flows whose messages arrive when the schedule says so, a phone that rings once and says 482 to a second copy
 * (RFC 3261 §8.2.2.2), a user, a caller. Schedules are tried exhaustively up to a depth and at random beyond it; after each, the
 * world is left alone until nothing happens any more. Then one thing must be true in every case: nobody was lost, and nobody
 * rang for nothing. */
#include "stage.h"

enum event {
	DOWN_0, DOWN_1, UP_0, UP_1,             /* the oldest message of a flow arrives: at the phone, at the proxy */
	WAIT,                                   /* time passes to the next timer, half a second at most */
	ANSWER, REJECT,                         /* the user */
	CANCEL,                                 /* the caller */
	CUT_0, CUT_1,                           /* the connection is reset; the proxy knows at once */
	NOTICE,                                 /* the phone learns that its connection is gone */
	EVENTS
};
static const char *const names[EVENTS] = {
	"down0", "down1", "up0", "up1", "wait", "answer", "reject", "cancel", "cut0", "cut1", "notice",
};

#define FLOWS    2
#define QUEUE    64
#define NOBODY   FLOWS

struct queue {
	struct str list[QUEUE];
	unsigned first, count;
};

enum phone_state { IDLE, RINGING, ANSWERED };
struct phone {
	enum phone_state state;
	unsigned flow;                          /* over which it rings or was answered */
	struct str invite;                      /* that copy */
	unsigned presented;                     /* how often the user heard it begin to ring */
	bool lost;                              /* its flow was cut and it has not noticed */
	bool holds;                             /* a transaction of this call is still there: another copy is merged */
	bool in_time;                           /* its 200 arrived before the caller had a failure */
};

struct rig {
	struct stage stage;
	struct arena arena;
	struct queue down[FLOWS], up[FLOWS];
	bool cut[FLOWS];
	unsigned healthy;                       /* this flow is never late; NOBODY: both may be */
	bool mute[FLOWS];                       /* what has not arrived when the schedule is over never will */
	struct phone phone;
	unsigned finals, success, final;        /* what the caller got: how many, how many of them 2xx, the first failure */
	bool rejected, cancelled, sent_cancel;
	char story[4096];
};

/* --- what leaves the proxy --- */

static void push(struct queue *q, struct arena *arena, struct str text)
{
	assert_true(q->first + q->count < QUEUE);
	q->list[q->first + q->count++] = arena_str(arena, text);
}

static void caller_hears(struct rig *r, struct str text)
{
	unsigned status = stage_status(text);
	if (status < 200 || memmem(text.p, text.n, "1 CANCEL", 8))
		return;
	r->finals++;
	if (status < 300)
		r->success++;
	else
		r->final = status;
}

static void pump(struct rig *r)
{
	for (struct fake_sent *s; (s = fake_take(&r->stage.fake)); fake_drop(s)) {
		if (s->to.serial == CALLER)
			caller_hears(r, s->text);
		else if (!r->cut[s->to.serial - 1])
			push(&r->down[s->to.serial - 1], &r->arena, s->text);
	}
}

/* --- the phone --- */

static void say(struct rig *r, unsigned flow, struct str request, unsigned status)
{
	struct buf out = stage_response(request, status, &r->arena);
	if (!r->cut[flow])
		push(&r->up[flow], &r->arena, buf_str(&out));
	buf_fini(&out);
}

static bool same_branch(struct str a, struct str b)
{
	const char *x = memmem(a.p, a.n, "branch=", 7), *y = memmem(b.p, b.n, "branch=", 7);
	return x && y && memcmp(x, y, 7 + TXN_BRANCH_SIZE) == 0;
}

static void phone_hears(struct rig *r, unsigned flow, struct str text)
{
	struct phone *p = &r->phone;
	if (str_starts(text, STR("CANCEL "))) {
		say(r, flow, text, 200);
		if (p->state == RINGING && same_branch(text, p->invite)) {
			p->state = IDLE;
			p->holds = false;
			say(r, flow, p->invite, 487);
		}
	} else if (str_starts(text, STR("INVITE ")) && p->holds) {
		say(r, flow, text, 482);
	} else if (str_starts(text, STR("INVITE "))) {
		*p = (struct phone){ .state = RINGING, .flow = flow, .invite = text, .presented = p->presented + 1, .holds = true };
		say(r, flow, text, 180);
	}
}

/* --- events --- */

static struct str pop(struct queue *q)
{
	q->count--;
	return q->list[q->first++];
}

static void hear_phone(struct rig *r, unsigned flow)
{
	struct str text = pop(&r->up[flow]);
	if (stage_status(text) == 200 && memmem(text.p, text.n, "1 INVITE", 8))
		r->phone.in_time = !r->final;
	stage_arrive(&r->stage, flow + 1, text);
}

static void cut(struct rig *r, unsigned flow)
{
	r->cut[flow] = true;
	r->down[flow].count = r->up[flow].count = 0;
	if (r->phone.flow == flow && r->phone.holds)
		r->phone.lost = true;
	stage_cut(&r->stage, flow + 1);
}

/* Everything on a flow that is never late, both ways, until nothing moves. */
static void deliver(struct rig *r, unsigned flow)
{
	if (flow == NOBODY)
		return;
	while (r->down[flow].count || r->up[flow].count) {
		if (r->down[flow].count)
			phone_hears(r, flow, pop(&r->down[flow]));
		else
			hear_phone(r, flow);
		pump(r);
	}
}

static int64_t next_timer(const struct rig *r)
{
	int64_t at = INT64_MAX;
	LIST_EACH(&r->stage.fake.loop.timers, n) {
		struct loop_timer *t = CONTAINER(n, struct loop_timer, node);
		if (t->at_ms < at)
			at = t->at_ms;
	}
	int64_t ms = at == INT64_MAX ? 500 : at - r->stage.fake.loop.now_ms;
	return ms < 0 ? 0 : ms > 500 ? 500 : ms;
}

static void cancel_it(struct rig *r)
{
	stage_cancel(&r->stage);
	r->sent_cancel = true;
	r->cancelled |= r->finals == 0;
}

static bool possible(const struct rig *r, enum event e)
{
	const struct phone *p = &r->phone;
	switch (e) {
	case DOWN_0: case DOWN_1: return r->down[e - DOWN_0].count != 0;
	case UP_0: case UP_1:     return r->up[e - UP_0].count != 0;
	case WAIT:                return true;
	case ANSWER: case REJECT: return p->state == RINGING && !p->lost;
	case CANCEL:              return !r->sent_cancel;
	case CUT_0: case CUT_1:   return !r->cut[e - CUT_0] && r->healthy != (unsigned)(e - CUT_0);
	case NOTICE:              return p->lost;
	case EVENTS:              break;
	}
	return false;
}

static void happen(struct rig *r, enum event e)
{
	struct phone *p = &r->phone;
	strcat(strcat(r->story, " "), names[e]);
	switch (e) {
	case DOWN_0: case DOWN_1:
		phone_hears(r, e - DOWN_0, pop(&r->down[e - DOWN_0]));
		break;
	case UP_0: case UP_1:
		hear_phone(r, e - UP_0);
		break;
	case WAIT:
		deliver(r, r->healthy);
		fake_advance(&r->stage.fake, next_timer(r));
		break;
	case ANSWER:
		p->state = ANSWERED;
		say(r, p->flow, p->invite, 200);
		break;
	case REJECT:
		r->rejected = true;
		p->state = IDLE;
		say(r, p->flow, p->invite, 486);
		break;
	case CANCEL:
		cancel_it(r);
		break;
	case CUT_0: case CUT_1:
		cut(r, e - CUT_0);
		break;
	case NOTICE:
		p->lost = false;
		if (p->state == ANSWERED)               /* RFC 6026: what was accepted absorbs copies for 64*T1 */
			break;
		p->state = IDLE;
		p->holds = false;
		break;
	case EVENTS:
		break;
	}
	pump(r);
}

/* --- a world --- */

static void rig_init(struct rig *r, unsigned healthy)
{
	memset(r, 0, sizeof *r);
	arena_init(&r->arena, NULL, 0);
	stage_init(&r->stage);
	r->healthy = healthy;
	for (unsigned i = 0; i < FLOWS; i++)
		r->stage.location.bound[i] = true;
	stage_call(&r->stage);
	pump(r);
}

static void rig_fini(struct rig *r)
{
	stage_fini(&r->stage);
	arena_fini(&r->arena);
}

/* Everything arrives, the user answers what rings, the phone notices, and time runs out. */
static void settle(struct rig *r, bool answer)
{
	for (int i = 0; i < 900; i++) {
		for (unsigned f = 0; f < FLOWS; f++)
			if (!r->mute[f])
				deliver(r, f);
		if (possible(r, NOTICE) && i % 3 == 2)
			happen(r, NOTICE);
		else if (answer && possible(r, ANSWER) && i > 20)
			happen(r, ANSWER);
		fake_advance(&r->stage.fake, 500);
		pump(r);
	}
}

static void check(struct rig *r, bool answer)
{
	const struct phone *p = &r->phone;
	const char *wrong = NULL;
	unsigned cuts = r->cut[0] + r->cut[1];
	bool gone = p->state == ANSWERED && !p->in_time && (cuts || r->mute[p->flow]);  /* with his 200 */
	bool reachable = r->healthy != NOBODY && !gone;
	if (r->finals - r->success > 1 || (r->final && r->success) || (!r->final && !r->success))
		wrong = "the caller got more or less than one final answer";
	else if (r->final == 430 || r->final == 482)
		wrong = "the caller heard of our flows";
	else if (p->state == ANSWERED && p->in_time && !r->cancelled && !r->success)
		wrong = "the user answered and the caller does not know";
	else if (p->state == RINGING && !p->lost && !r->mute[p->flow] && r->final)
		wrong = "the phone rings for a caller who has gone";
	else if (p->presented > 1 + cuts && !r->cancelled)      /* what was under way when he hung up may ring once more */
		wrong = "the phone rang twice";
	else if (reachable && answer && !r->success && !r->rejected && !r->cancelled)
		wrong = "a live flow, and the call did not arrive";
	else if (r->rejected && !cuts && !r->mute[0] && !r->mute[1] && !r->cancelled && r->final != 486)
		wrong = "the user said no, and the caller heard something else";
	else if (proxy_live(r->stage.px))
		wrong = "a context lives on";
	if (wrong)
		fail_msg("%s: healthy flow %u, mute %u%u, final %u, 2xx %u, rang %u times; schedule:%s", wrong, r->healthy, r->mute[0], r->mute[1], r->final,
		         r->success, p->presented, r->story);
}

static void finish(struct rig *r, bool answer)
{
	settle(r, answer);
	check(r, answer);
	rig_fini(r);
}

/* --- schedules --- */

/* OB-80 OB-82 OB-84 OB-91 PX-44 */
static void every_short_schedule_ends_well(void **state)
{
	const char *asked = getenv("SLUICE_TEST_DEPTH");
	unsigned depth = asked ? (unsigned)atoi(asked) : 7, schedules = 0;
	static struct rig r;
	(void)state;
	for (unsigned healthy = 0; healthy <= NOBODY; healthy++) {
		enum event plan[16] = { 0 };
		for (;;) {
			unsigned done = 0;
			rig_init(&r, healthy);
			while (done < depth && possible(&r, plan[done]))
				happen(&r, plan[done++]);
			/* What cannot happen here is no schedule of its own: the next one differs in this place. */
			bool whole = done == depth;
			if (whole) {
				finish(&r, true);
				schedules++;
			} else {
				rig_fini(&r);
			}
			unsigned at = whole ? depth - 1 : done;
			memset(plan + at + 1, 0, (sizeof plan / sizeof *plan - at - 1) * sizeof *plan);
			while (++plan[at] == EVENTS && at > 0)
				plan[at--] = 0;
			if (plan[0] == EVENTS)
				break;
		}
	}
	print_message("%u schedules of %u events\n", schedules, depth);
	assert_true(schedules > 5000);
}

/* OB-80 OB-82 OB-84 OB-91 PX-44 */
static void long_schedules_at_random_end_well(void **state)
{
	const char *asked = getenv("SLUICE_TEST_SCHEDULES");
	unsigned rounds = asked ? (unsigned)atoi(asked) : 3000;
	static struct rig r;
	(void)state;
	for (uint64_t i = 1; i <= rounds; i++) {
		uint64_t seed = i * 0x9e3779b97f4a7c15;
		unsigned length = 4 + stage_random(&seed) % 40;
		bool answer = stage_random(&seed) % 4 != 0;
		rig_init(&r, stage_random(&seed) % (NOBODY + 1));
		for (unsigned f = 0; f < FLOWS; f++)
			r.mute[f] = f != r.healthy && stage_random(&seed) % 3 == 0;
		for (unsigned k = 0; k < length; k++) {
			enum event e = stage_random(&seed) % EVENTS;
			/* Most of the time something arrives or time passes; the rest happens once in a while. */
			if (e > WAIT && stage_random(&seed) % 4)
				e = stage_random(&seed) % (WAIT + 1);
			if (possible(&r, e))
				happen(&r, e);
		}
		finish(&r, answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_short_schedule_ends_well),
		cmocka_unit_test(long_schedules_at_random_end_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
