/* SPDX-License-Identifier: Apache-2.0 */
/* nist.c - every state and event of the non-INVITE server against RFC 3261 figure 8 and RFC 4320. */
#include "check.h"

enum event { REQUEST_COPY, ANSWER_100, ANSWER_FINAL, TOO_EARLY, AT_TRYING, AT_J, EVENTS };
enum { STATES = NIST_TERMINATED + 1 };

/* Received at 0; Proceeding since 3500, Completed since 100. */
static struct nist in_state(enum nist_state state, bool reliable)
{
	struct nist t;
	nist_start(&t, &defaults, reliable, 0);
	if (state == NIST_PROCEEDING)
		nist_timer(&t, 3500);
	if (state == NIST_COMPLETED || state == NIST_TERMINATED)
		nist_respond(&t, 404, 100);
	if (state == NIST_TERMINATED)
		nist_timer(&t, 32100);
	assert_int_equal(t.state, state);
	return t;
}

static struct txn_actions happen(struct nist *t, enum event e)
{
	switch (e) {
	case REQUEST_COPY: return nist_request(t, 150);
	case ANSWER_100:   return nist_respond(t, 100, 150);
	case ANSWER_FINAL: return nist_respond(t, 200, 150);
	case TOO_EARLY:    return nist_timer(t, 99);
	case AT_TRYING:    return nist_timer(t, 3500);
	case AT_J:         return nist_timer(t, 32100);
	case EVENTS:       break;
	}
	abort();
}

static const char *const over_udp[STATES][EVENTS] = {
	[NIST_TRYING] = {
		"Trying @3500", "Trying @3500", "Completed send @32150", "Trying @3500", "Proceeding trying", "Proceeding trying",
	},
	[NIST_PROCEEDING] = {
		"Proceeding send", "Proceeding send", "Completed send @32150", "Proceeding", "Proceeding", "Proceeding",
	},
	[NIST_COMPLETED] = {
		"Completed send @32100", "Completed @32100", "Completed @32100", "Completed @32100", "Completed @32100",
		"Terminated ended",
	},
	[NIST_TERMINATED] = {
		"Terminated", "Terminated", "Terminated", "Terminated", "Terminated", "Terminated",
	},
};

static const char *const over_a_stream[STATES][EVENTS] = {
	[NIST_TRYING] = {
		"Trying @3500", "Proceeding send", "Completed send @150", "Trying @3500", "Proceeding trying", "Proceeding trying",
	},
	[NIST_PROCEEDING] = {
		"Proceeding send", "Proceeding send", "Completed send @150", "Proceeding", "Proceeding", "Proceeding",
	},
	[NIST_COMPLETED] = {
		"Completed send @100", "Completed @100", "Completed @100", "Completed @100", "Terminated ended",
		"Terminated ended",
	},
	[NIST_TERMINATED] = {
		"Terminated", "Terminated", "Terminated", "Terminated", "Terminated", "Terminated",
	},
};

static void walk(const char *const expected[STATES][EVENTS], bool reliable)
{
	char words[100];
	for (int s = 0; s < STATES; s++)
		for (int e = 0; e < EVENTS; e++) {
			struct nist t = in_state((enum nist_state)s, reliable);
			struct txn_actions a = happen(&t, (enum event)e);
			assert_string_equal(in_words(words, nist_state_name(t.state), a), expected[s][e]);
		}
}

/* TX-14 TX-16 */
static void every_state_and_event_over_udp(void **state)
{
	(void)state;
	walk(over_udp, false);
}

static void every_state_and_event_over_a_stream(void **state)
{
	(void)state;
	walk(over_a_stream, true);
}

/* TX-16 TX-17 */
static void one_100_is_made_when_timer_e_would_have_reached_t2(void **state)
{
	static const struct {
		struct txn_timers timers;
		int64_t at;
	} cases[] = {
		{ { .t1 = 500, .t2 = 4000 }, 3500 },
		{ { .t1 = 50, .t2 = 400 }, 350 },
		{ { .t1 = 500, .t2 = 5000 }, 7500 },
		{ { .t1 = 500, .t2 = 1000 }, 500 },
		{ { .t1 = 500, .t2 = 500 }, 500 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (int reliable = 0; reliable < 2; reliable++) {
			struct nist t;
			assert_int_equal(nist_start(&t, &cases[i].timers, reliable, 1000).wake_at, 1000 + cases[i].at);
			assert_false(nist_timer(&t, 999 + cases[i].at).send_trying);
			assert_true(nist_timer(&t, 1000 + cases[i].at).send_trying);
			assert_false(nist_timer(&t, 1001 + cases[i].at).send_trying);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_event_over_udp),
		cmocka_unit_test(every_state_and_event_over_a_stream),
		cmocka_unit_test(one_100_is_made_when_timer_e_would_have_reached_t2),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
