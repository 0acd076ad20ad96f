/* SPDX-License-Identifier: Apache-2.0 */
/* ist.c - every state and event of the INVITE server against RFC 6026 figure 7. */
#include "check.h"

enum event {
	INVITE_COPY, ANSWER_1XX, ANSWER_2XX, ANSWER_3XX, ACK, TOO_EARLY, AT_TRYING, AT_G, AT_I, AT_H_L, EVENTS
};
enum { STATES = IST_TERMINATED + 1 };

/* Received at 0, in the state since 100. */
static struct ist in_state(enum ist_state state, bool reliable)
{
	struct ist t;
	ist_start(&t, &defaults, reliable, 0);
	if (state == IST_COMPLETED || state == IST_CONFIRMED || state == IST_TERMINATED)
		ist_respond(&t, 486, 100);
	if (state == IST_CONFIRMED)
		ist_ack(&t, 100);
	if (state == IST_ACCEPTED)
		ist_respond(&t, 200, 100);
	if (state == IST_TERMINATED)
		ist_timer(&t, 32100);
	assert_int_equal(t.state, state);
	return t;
}

static struct txn_actions happen(struct ist *t, enum event e)
{
	switch (e) {
	case INVITE_COPY: return ist_request(t, 150);
	case ANSWER_1XX:  return ist_respond(t, 180, 150);
	case ANSWER_2XX:  return ist_respond(t, 200, 150);
	case ANSWER_3XX:  return ist_respond(t, 302, 150);
	case ACK:         return ist_ack(t, 150);
	case TOO_EARLY:   return ist_timer(t, 99);
	case AT_TRYING:   return ist_timer(t, 200);
	case AT_G:        return ist_timer(t, 600);
	case AT_I:        return ist_timer(t, 5100);
	case AT_H_L:      return ist_timer(t, 32100);
	case EVENTS:      break;
	}
	abort();
}

static const char *const over_udp[STATES][EVENTS] = {
	[IST_PROCEEDING] = {
		"Proceeding send @200", "Proceeding send", "Accepted send @32150", "Completed send @650", "Proceeding @200",
		"Proceeding @200", "Proceeding trying", "Proceeding trying", "Proceeding trying", "Proceeding trying",
	},
	[IST_COMPLETED] = {
		"Completed send @600", "Completed @600", "Completed @600", "Completed @600", "Confirmed @5150",
		"Completed @600", "Completed @600", "Completed send @1600", "Completed send @6100", "Terminated ended",
	},
	[IST_CONFIRMED] = {
		"Confirmed @5100", "Confirmed @5100", "Confirmed @5100", "Confirmed @5100", "Confirmed @5100",
		"Confirmed @5100", "Confirmed @5100", "Confirmed @5100", "Terminated ended", "Terminated ended",
	},
	[IST_ACCEPTED] = {
		"Accepted @32100", "Accepted @32100", "Accepted send @32100", "Accepted @32100", "Accepted up @32100",
		"Accepted @32100", "Accepted @32100", "Accepted @32100", "Accepted @32100", "Terminated ended",
	},
	[IST_TERMINATED] = {
		"Terminated", "Terminated", "Terminated", "Terminated", "Terminated",
		"Terminated", "Terminated", "Terminated", "Terminated", "Terminated",
	},
};

/* No timer G, a timer I of zero; timers H and L are the same on every transport. */
static const char *const over_a_stream[STATES][EVENTS] = {
	[IST_PROCEEDING] = {
		"Proceeding send @200", "Proceeding send", "Accepted send @32150", "Completed send @32150", "Proceeding @200",
		"Proceeding @200", "Proceeding trying", "Proceeding trying", "Proceeding trying", "Proceeding trying",
	},
	[IST_COMPLETED] = {
		"Completed send @32100", "Completed @32100", "Completed @32100", "Completed @32100", "Confirmed @150",
		"Completed @32100", "Completed @32100", "Completed @32100", "Completed @32100", "Terminated ended",
	},
	[IST_CONFIRMED] = {
		"Confirmed @100", "Confirmed @100", "Confirmed @100", "Confirmed @100", "Confirmed @100",
		"Confirmed @100", "Terminated ended", "Terminated ended", "Terminated ended", "Terminated ended",
	},
	[IST_ACCEPTED] = {
		"Accepted @32100", "Accepted @32100", "Accepted send @32100", "Accepted @32100", "Accepted up @32100",
		"Accepted @32100", "Accepted @32100", "Accepted @32100", "Accepted @32100", "Terminated ended",
	},
	[IST_TERMINATED] = {
		"Terminated", "Terminated", "Terminated", "Terminated", "Terminated",
		"Terminated", "Terminated", "Terminated", "Terminated", "Terminated",
	},
};

static void walk(const char *const expected[STATES][EVENTS], bool reliable)
{
	char words[100];
	for (int s = 0; s < STATES; s++)
		for (int e = 0; e < EVENTS; e++) {
			struct ist t = in_state((enum ist_state)s, reliable);
			struct txn_actions a = happen(&t, (enum event)e);
			assert_string_equal(in_words(words, ist_state_name(t.state), a), expected[s][e]);
		}
}

/* TX-07 TX-09 */
static void every_state_and_event_over_udp(void **state)
{
	(void)state;
	walk(over_udp, false);
}

/* TX-08 */
static void every_state_and_event_over_a_stream(void **state)
{
	(void)state;
	walk(over_a_stream, true);
}

/* TX-08 */
static void a_refusal_is_sent_eleven_times_in_32_seconds_without_an_ack(void **state)
{
	static const int64_t times[] = { 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500 };
	struct ist t;
	struct schedule s = { 0 };
	(void)state;
	ist_start(&t, &defaults, false, 0);
	RUN(&t, ist_timer, ist_respond(&t, 486, 0), &s);
	assert_schedule(&s, times, COUNT(times), 32000);
}

/* TX-08 */
static void a_refusal_is_sent_once_over_a_stream(void **state)
{
	static const int64_t times[] = { 0 };
	struct ist t;
	struct schedule s = { 0 };
	(void)state;
	ist_start(&t, &defaults, true, 0);
	RUN(&t, ist_timer, ist_respond(&t, 486, 0), &s);
	assert_schedule(&s, times, COUNT(times), 32000);
}

/* TX-07 PX-22 */
static void a_100_is_made_once_and_only_without_another_answer(void **state)
{
	struct ist t;
	(void)state;
	ist_start(&t, &defaults, false, 0);
	assert_true(ist_timer(&t, 200).send_trying);
	assert_false(ist_timer(&t, 400).send_trying);
	ist_start(&t, &defaults, false, 0);
	ist_respond(&t, 180, 199);
	assert_false(ist_timer(&t, 200).send_trying);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_event_over_udp),
		cmocka_unit_test(every_state_and_event_over_a_stream),
		cmocka_unit_test(a_refusal_is_sent_eleven_times_in_32_seconds_without_an_ack),
		cmocka_unit_test(a_refusal_is_sent_once_over_a_stream),
		cmocka_unit_test(a_100_is_made_once_and_only_without_another_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
