/* SPDX-License-Identifier: Apache-2.0 */
/* chaos.c - a phone that answers what it likes, when it likes, over flows that come and go: whatever it does, its caller gets one
 * final answer in the end, and nothing of the call stays. (orders.c has a phone that behaves, and asks for more.) */
#include "stage.h"

#define COPIES 32                               /* of the request, that the phone remembers */

enum event { ANSWER, BIND, CUT, UNACKED, CANCEL, WAIT, EVENTS };

struct rig {
	struct stage stage;
	struct arena arena;
	struct {
		struct str invite;
		uint64_t serial;
	} copies[COPIES];
	unsigned copy_count, finals, successes;
	bool cancelled;
};

/* --- what leaves the proxy --- */

static void caller_hears(struct rig *r, struct str text)
{
	unsigned status = stage_status(text);
	if (status < 200 || !memmem(text.p, text.n, "1 INVITE", 8))
		return;
	r->finals += status >= 300;
	r->successes += status < 300;
	assert_false(status == 430 || (status == 482 && r->copy_count > 1));    /* its flows are our affair */
}

static void pump(struct rig *r)
{
	for (struct fake_sent *s; (s = fake_take(&r->stage.fake)); fake_drop(s)) {
		if (s->to.serial == CALLER) {
			caller_hears(r, s->text);
		} else if (str_starts(s->text, STR("INVITE ")) && r->copy_count < COPIES) {
			r->copies[r->copy_count].invite = arena_str(&r->arena, s->text);
			r->copies[r->copy_count++].serial = s->to.serial;
		}
	}
}

/* --- what the phone does --- */

/* Any copy, the newest ones more often, with any status, as often as it likes. */
static void answer(struct rig *r, uint64_t *seed)
{
	static const unsigned statuses[] = { 100, 180, 183, 482, 482, 482, 408, 430, 480, 486, 503, 487, 200, 603 };
	unsigned back = stage_random(seed) % 4 ? 1 : 4;
	if (r->copy_count < back)
		return;
	unsigned at = r->copy_count - 1 - (unsigned)(stage_random(seed) % back);
	uint64_t serial = r->copies[at].serial;
	unsigned status = statuses[stage_random(seed) % (stage_random(seed) % 3 ? 11 : 14)];
	struct buf out = stage_response(r->copies[at].invite, status, &r->arena);
	if (!r->stage.fake.transport.dead[serial])
		stage_arrive(&r->stage, serial, buf_str(&out));
	buf_fini(&out);
}

static void cancel(struct rig *r)
{
	if (!r->cancelled)
		stage_cancel(&r->stage);
	r->cancelled = true;
}

static void happen(struct rig *r, enum event e, uint64_t *seed)
{
	static const int64_t waits[] = { 0, 100, 300, 700, 1200, 2000, 9000 };
	unsigned flow = stage_random(seed) % FAKE_FLOWS;
	struct flow_ref f = stage_stream(flow + 1);
	switch (e) {
	case ANSWER:
		answer(r, seed);
		break;
	case BIND:
		r->stage.location.bound[flow] = true;
		break;
	case CUT:
		stage_cut(&r->stage, flow + 1);
		break;
	case UNACKED:
		txns_flow_unacked(r->stage.x, &f);
		break;
	case CANCEL:
		if (stage_random(seed) % 8 == 0)
			cancel(r);
		break;
	case WAIT:
		fake_advance(&r->stage.fake, waits[stage_random(seed) % 7]);
		break;
	case EVENTS:
		break;
	}
	pump(r);
}

/* --- a world --- */

static void rig_init(struct rig *r)
{
	memset(r, 0, sizeof *r);
	arena_init(&r->arena, NULL, 0);
	stage_init(&r->stage);
	r->stage.location.bound[0] = true;
}

static void rig_fini(struct rig *r)
{
	stage_fini(&r->stage);
	arena_fini(&r->arena);
}

static void play(struct rig *r, uint64_t seed)
{
	rig_init(r);
	for (unsigned i = 1; i < FAKE_FLOWS; i++)
		r->stage.location.bound[i] = stage_random(&seed) % 3 == 0;
	stage_call(&r->stage);
	pump(r);
	unsigned length = 4 + stage_random(&seed) % 40;
	for (unsigned i = 0; i < length; i++) {
		enum event e = stage_random(&seed) % EVENTS;
		happen(r, stage_random(&seed) % 2 ? e : stage_random(&seed) % 3 ? ANSWER : WAIT, &seed);
	}
	for (int i = 0; i < 1000; i++) {
		fake_advance(&r->stage.fake, 500);
		pump(r);
	}
}

/* PX-21 OB-84 */
static void whatever_a_phone_does_its_caller_gets_one_final_answer(void **state)
{
	const char *asked = getenv("SLUICE_TEST_SCHEDULES");
	unsigned rounds = asked ? (unsigned)atoi(asked) : 3000;
	static struct rig r;
	(void)state;
	for (uint64_t i = 1; i <= rounds; i++) {
		play(&r, i * 0x9e3779b97f4a7c15);
		if (proxy_live(r.stage.px) || r.finals + (r.successes != 0) != 1)
			fail_msg("round %u: %u final answers and %u times 2xx, %u contexts live on", (unsigned)i, r.finals, r.successes,
			         proxy_live(r.stage.px));
		rig_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_a_phone_does_its_caller_gets_one_final_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
