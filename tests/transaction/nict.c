/* SPDX-License-Identifier: Apache-2.0 */
/* nict.c - every state and event of the non-INVITE client against RFC 3261 figure 6. */
#include "check.h"

enum event { RESPONSE_1XX, RESPONSE_FINAL, TOO_EARLY, AT_E, AT_K, AT_F, TRANSPORT_ERROR, EVENTS };
enum { STATES = NICT_TERMINATED + 1 };

/* Sent at 0, in the state since 100. */
static struct nict in_state(enum nict_state state, bool reliable)
{
	struct nict t;
	nict_start(&t, &defaults, reliable, 0);
	if (state == NICT_PROCEEDING)
		nict_response(&t, 100, 100);
	else if (state == NICT_COMPLETED)
		nict_response(&t, 404, 100);
	else if (state == NICT_TERMINATED)
		nict_error(&t);
	assert_int_equal(t.state, state);
	return t;
}

static struct txn_actions happen(struct nict *t, enum event e)
{
	switch (e) {
	case RESPONSE_1XX:    return nict_response(t, 100, 200);
	case RESPONSE_FINAL:  return nict_response(t, 200, 200);
	case TOO_EARLY:       return nict_timer(t, 99);
	case AT_E:            return nict_timer(t, 500);
	case AT_K:            return nict_timer(t, 5100);
	case AT_F:            return nict_timer(t, 32000);
	case TRANSPORT_ERROR: return nict_error(t);
	case EVENTS:          break;
	}
	abort();
}

static const char *const over_udp[STATES][EVENTS] = {
	[NICT_TRYING] = {
		"Proceeding up @500", "Completed up @5200", "Trying @500", "Trying send @1500", "Trying send @6100",
		"Terminated failed ended", "Terminated failed ended",
	},
	[NICT_PROCEEDING] = {
		"Proceeding up @500", "Completed up @5200", "Proceeding @500", "Proceeding send @4500", "Proceeding send @9100",
		"Terminated failed ended", "Terminated failed ended",
	},
	[NICT_COMPLETED] = {
		"Completed @5100", "Completed @5100", "Completed @5100", "Completed @5100", "Terminated ended",
		"Terminated ended", "Completed @5100",
	},
	[NICT_TERMINATED] = {
		"Terminated", "Terminated", "Terminated", "Terminated", "Terminated", "Terminated", "Terminated",
	},
};

static const char *const over_a_stream[STATES][EVENTS] = {
	[NICT_TRYING] = {
		"Proceeding up @32000", "Completed up @200", "Trying @32000", "Trying @32000", "Trying @32000",
		"Terminated failed ended", "Terminated failed ended",
	},
	[NICT_PROCEEDING] = {
		"Proceeding up @32000", "Completed up @200", "Proceeding @32000", "Proceeding @32000", "Proceeding @32000",
		"Terminated failed ended", "Terminated failed ended",
	},
	[NICT_COMPLETED] = {
		"Completed @100", "Completed @100", "Completed @100", "Terminated ended", "Terminated ended",
		"Terminated ended", "Completed @100",
	},
	[NICT_TERMINATED] = {
		"Terminated", "Terminated", "Terminated", "Terminated", "Terminated", "Terminated", "Terminated",
	},
};

static void walk(const char *const expected[STATES][EVENTS], bool reliable)
{
	char words[100];
	for (int s = 0; s < STATES; s++)
		for (int e = 0; e < EVENTS; e++) {
			struct nict t = in_state((enum nict_state)s, reliable);
			struct txn_actions a = happen(&t, (enum event)e);
			assert_string_equal(in_words(words, nict_state_name(t.state), a), expected[s][e]);
		}
}

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

/* TX-13 */
static void a_silent_peer_gets_eleven_datagrams_in_32_seconds(void **state)
{
	static const int64_t times[] = { 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500 };
	struct nict t;
	struct schedule s = { 0 };
	(void)state;
	RUN(&t, nict_timer, nict_start(&t, &defaults, false, 0), &s);
	assert_schedule(&s, times, COUNT(times), 32000);
	assert_true(s.failed);
}

/* TX-13 */
static void after_a_100_it_is_asked_every_t2_and_given_up_at_32_seconds(void **state)
{
	static const int64_t times[] = { 500, 4500, 8500, 12500, 16500, 20500, 24500, 28500 };
	struct nict t;
	struct schedule s = { 0 };
	(void)state;
	nict_start(&t, &defaults, false, 0);
	RUN(&t, nict_timer, nict_response(&t, 100, 100), &s);
	assert_schedule(&s, times, COUNT(times), 32000);
	assert_true(s.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_event_over_udp),
		cmocka_unit_test(every_state_and_event_over_a_stream),
		cmocka_unit_test(a_silent_peer_gets_eleven_datagrams_in_32_seconds),
		cmocka_unit_test(after_a_100_it_is_asked_every_t2_and_given_up_at_32_seconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
