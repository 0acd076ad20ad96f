/* SPDX-License-Identifier: Apache-2.0 */
/* ict.c - every state and event of the INVITE client against RFC 6026 figure 5. */
#include "check.h"

/* Events of the figure. A timer event is a moment: what is due by then follows from the state. */
enum event { RESPONSE_1XX, RESPONSE_2XX, RESPONSE_3XX, TOO_EARLY, AT_A, AT_B, AT_D_M, TRANSPORT_ERROR, CANCEL_SENT, EVENTS };
enum { STATES = ICT_TERMINATED + 1 };

/* Sent at 0, in the state since 100. */
static struct ict in_state(enum ict_state state, bool reliable)
{
	struct ict t;
	ict_start(&t, &defaults, reliable, 0);
	if (state == ICT_PROCEEDING)
		ict_response(&t, 180, 100);
	else if (state == ICT_COMPLETED)
		ict_response(&t, 486, 100);
	else if (state == ICT_ACCEPTED)
		ict_response(&t, 200, 100);
	else if (state == ICT_TERMINATED)
		ict_error(&t);
	assert_int_equal(t.state, state);
	return t;
}

static struct txn_actions happen(struct ict *t, enum event e)
{
	switch (e) {
	case RESPONSE_1XX:    return ict_response(t, 183, 200);
	case RESPONSE_2XX:    return ict_response(t, 202, 200);
	case RESPONSE_3XX:    return ict_response(t, 603, 200);
	case TOO_EARLY:       return ict_timer(t, 99);
	case AT_A:            return ict_timer(t, 500);
	case AT_B:            return ict_timer(t, 32000);
	case AT_D_M:          return ict_timer(t, 32100);
	case TRANSPORT_ERROR: return ict_error(t);
	case CANCEL_SENT:     return ict_cancel_sent(t, 200);
	case EVENTS:          break;
	}
	abort();
}

static const char *const over_udp[STATES][EVENTS] = {
	[ICT_CALLING] = {
		"Proceeding up", "Accepted up @32200", "Completed ack up @32200", "Calling @500", "Calling send @1500",
		"Terminated failed ended", "Terminated failed ended", "Terminated failed ended", "Calling @500",
	},
	[ICT_PROCEEDING] = {
		"Proceeding up", "Accepted up @32200", "Completed ack up @32200", "Proceeding", "Proceeding",
		"Proceeding", "Proceeding", "Terminated failed ended", "Proceeding @32200",
	},
	[ICT_COMPLETED] = {
		"Completed @32100", "Completed @32100", "Completed ack @32100", "Completed @32100", "Completed @32100",
		"Completed @32100", "Terminated ended", "Terminated ended", "Completed @32100",
	},
	[ICT_ACCEPTED] = {
		"Accepted @32100", "Accepted up @32100", "Accepted @32100", "Accepted @32100", "Accepted @32100",
		"Accepted @32100", "Terminated ended", "Accepted @32100", "Accepted @32100",
	},
	[ICT_TERMINATED] = {
		"Terminated", "Terminated", "Terminated", "Terminated", "Terminated", "Terminated", "Terminated",
		"Terminated", "Terminated",
	},
};

/* Timer A never runs and timer D is zero; all else is the same. */
static const char *const over_a_stream[STATES][EVENTS] = {
	[ICT_CALLING] = {
		"Proceeding up", "Accepted up @32200", "Completed ack up @200", "Calling @32000", "Calling @32000",
		"Terminated failed ended", "Terminated failed ended", "Terminated failed ended", "Calling @32000",
	},
	[ICT_PROCEEDING] = {
		"Proceeding up", "Accepted up @32200", "Completed ack up @200", "Proceeding", "Proceeding",
		"Proceeding", "Proceeding", "Terminated failed ended", "Proceeding @32200",
	},
	[ICT_COMPLETED] = {
		"Completed @100", "Completed @100", "Completed ack @100", "Completed @100", "Terminated ended",
		"Terminated ended", "Terminated ended", "Terminated ended", "Completed @100",
	},
	[ICT_ACCEPTED] = {
		"Accepted @32100", "Accepted up @32100", "Accepted @32100", "Accepted @32100", "Accepted @32100",
		"Accepted @32100", "Terminated ended", "Accepted @32100", "Accepted @32100",
	},
	[ICT_TERMINATED] = {
		"Terminated", "Terminated", "Terminated", "Terminated", "Terminated", "Terminated", "Terminated",
		"Terminated", "Terminated",
	},
};

static void walk(const char *const expected[STATES][EVENTS], bool reliable)
{
	char words[100];
	for (int s = 0; s < STATES; s++)
		for (int e = 0; e < EVENTS; e++) {
			struct ict t = in_state((enum ict_state)s, reliable);
			struct txn_actions a = happen(&t, (enum event)e);
			assert_string_equal(in_words(words, ict_state_name(t.state), a), expected[s][e]);
		}
}

/* TX-02 TX-03 TX-05 */
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

/* TX-01 */
static void a_silent_peer_gets_seven_datagrams_in_32_seconds(void **state)
{
	static const int64_t times[] = { 0, 500, 1500, 3500, 7500, 15500, 31500 };
	struct ict t;
	struct schedule s = { 0 };
	(void)state;
	RUN(&t, ict_timer, ict_start(&t, &defaults, false, 0), &s);
	assert_schedule(&s, times, COUNT(times), 32000);
	assert_true(s.failed);
}

/* TX-01 */
static void a_silent_stream_gets_one_invite_and_the_same_32_seconds(void **state)
{
	static const int64_t times[] = { 0 };
	struct ict t;
	struct schedule s = { 0 };
	(void)state;
	RUN(&t, ict_timer, ict_start(&t, &defaults, true, 0), &s);
	assert_schedule(&s, times, COUNT(times), 32000);
	assert_true(s.failed);
}

/* PX-44 */
static void a_cancelled_invite_is_given_up_64_t1_after_the_cancel(void **state)
{
	struct ict t;
	(void)state;
	ict_start(&t, &defaults, false, 0);
	ict_response(&t, 180, 100);
	ict_cancel_sent(&t, 60000);
	assert_false(ict_timer(&t, 91999).ended);
	ict_response(&t, 183, 91999);                   /* another provisional response gives no more time */
	struct txn_actions a = ict_timer(&t, 92000);
	assert_true(a.failed && a.ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_event_over_udp),
		cmocka_unit_test(every_state_and_event_over_a_stream),
		cmocka_unit_test(a_silent_peer_gets_seven_datagrams_in_32_seconds),
		cmocka_unit_test(a_silent_stream_gets_one_invite_and_the_same_32_seconds),
		cmocka_unit_test(a_cancelled_invite_is_given_up_64_t1_after_the_cancel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
