/* SPDX-License-Identifier: Apache-2.0 */
/* The wheel by itself, turned by hand: time is a number. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "wheel.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define HOUR_MS ((int64_t)3600 * 1000)

static struct wheel *wheel_at(int64_t now_ms)
{
	struct wheel *w = malloc(sizeof *w);
	wheel_init(w, now_ms);
	return w;
}

/* The timers due at now_ms, taken out; their number. */
static size_t take_due(struct wheel *w, int64_t now_ms, struct loop_timer **out, size_t cap)
{
	struct list due;
	size_t n = 0;
	list_init(&due);
	wheel_advance(w, now_ms, &due);
	for (struct list *node; (node = list_pop(&due)); n++)
		if (n < cap)
			out[n] = CONTAINER(node, struct loop_timer, node);
	return n;
}

static void a_timer_fires_at_its_tick_and_not_before(void **state)
{
	static const int64_t waits[] = { 1, 2, 63, 64, 65, 4095, 4096, 4097, 262143, 262144, 262145, HOUR_MS,
		24 * HOUR_MS, 30 * 24 * HOUR_MS, 365 * 24 * HOUR_MS, (int64_t)1 << 40, INT64_MAX / 2 };
	static const int64_t starts[] = { 0, 1, 63, 64, 4095, 123456789, ((int64_t)1 << 36) - 1 };
	(void)state;
	for (size_t s = 0; s < COUNT(starts); s++)
		for (size_t i = 0; i < COUNT(waits); i++) {
			struct wheel *w = wheel_at(starts[s]);
			struct loop_timer t = { 0 }, *got = NULL;
			int64_t at = starts[s] + waits[i];
			wheel_set(w, &t, at);
			assert_true(loop_timer_armed(&t));
			assert_int_equal(take_due(w, at - 1, &got, 1), 0);
			assert_int_equal(wheel_next_ms(w), at);
			assert_int_equal(take_due(w, at, &got, 1), 1);
			assert_ptr_equal(got, &t);
			assert_false(loop_timer_armed(&t));
			assert_int_equal(wheel_next_ms(w), INT64_MAX);
			free(w);
		}
}

/* A loop that sleeps until wheel_next_ms wakes at most once a level for nothing. */
static void following_the_next_time_finds_a_far_timer_in_few_steps(void **state)
{
	struct wheel *w = wheel_at(987654321);
	struct loop_timer t = { 0 };
	int64_t at = 987654321 + 40 * 24 * HOUR_MS + 777;
	size_t steps = 0, fired = 0;
	(void)state;
	wheel_set(w, &t, at);
	while (!fired) {
		int64_t next = wheel_next_ms(w);
		assert_true(next > w->now_ms && next <= at);
		fired = take_due(w, next, NULL, 0);
		steps++;
	}
	assert_int_equal(w->now_ms, at);
	assert_in_range(steps, 1, WHEEL_LEVELS);
	free(w);
}

static void an_empty_wheel_sleeps_for_ever(void **state)
{
	struct wheel *w = wheel_at(5);
	(void)state;
	assert_int_equal(wheel_next_ms(w), INT64_MAX);
	assert_int_equal(take_due(w, 1000000, NULL, 0), 0);
	assert_int_equal(w->now_ms, 1000000);
	free(w);
}

static void a_past_time_is_due_at_the_next_look(void **state)
{
	struct wheel *w = wheel_at(1000);
	struct loop_timer a = { 0 }, b = { 0 }, c = { 0 }, *got[3];
	(void)state;
	wheel_set(w, &a, 1000);
	wheel_set(w, &b, -7);
	wheel_set(w, &c, INT64_MIN);
	assert_int_equal(wheel_next_ms(w), 1000);
	assert_int_equal(take_due(w, 1000, got, 3), 3);
	assert_ptr_equal(got[0], &a);
	assert_ptr_equal(got[1], &b);
	assert_ptr_equal(got[2], &c);
	assert_int_equal(wheel_next_ms(w), INT64_MAX);
	free(w);
}

static void the_end_of_time_never_comes(void **state)
{
	struct wheel *w = wheel_at(1000);
	struct loop_timer t = { 0 };
	(void)state;
	wheel_set(w, &t, INT64_MAX);
	assert_true(wheel_next_ms(w) > (int64_t)1 << 60);
	assert_int_equal(take_due(w, (int64_t)1 << 60, NULL, 0), 0);
	wheel_stop(w, &t);
	assert_false(loop_timer_armed(&t));
	free(w);
}

static void stopping_the_last_timer_of_a_slot_empties_the_slot(void **state)
{
	struct wheel *w = wheel_at(0);
	struct loop_timer a = { 0 }, b = { 0 }, never = { 0 };
	(void)state;
	wheel_set(w, &a, 5000);
	wheel_set(w, &b, 5000);
	wheel_stop(w, &a);
	assert_int_not_equal(wheel_next_ms(w), INT64_MAX);
	wheel_stop(w, &b);
	wheel_stop(w, &b);
	wheel_stop(w, &never);
	assert_int_equal(wheel_next_ms(w), INT64_MAX);
	free(w);
}

static void setting_again_moves_a_timer(void **state)
{
	struct wheel *w = wheel_at(0);
	struct loop_timer t = { 0 }, *got;
	(void)state;
	wheel_set(w, &t, 10);
	wheel_set(w, &t, 100000);
	assert_int_equal(take_due(w, 99999, NULL, 0), 0);
	wheel_set(w, &t, 100001);
	wheel_set(w, &t, 50);                   /* past by now */
	assert_int_equal(take_due(w, 99999, &got, 1), 1);
	assert_int_equal(wheel_next_ms(w), INT64_MAX);
	free(w);
}

static void timers_come_in_order_of_time_then_of_setting(void **state)
{
	struct wheel *w = wheel_at(77);
	struct loop_timer t[300] = { 0 }, *got[300];
	(void)state;
	/* Set at different distances, so that some have moved down before their equals are set. */
	for (size_t i = 0; i < COUNT(t); i++) {
		if (i % 50 == 49)
			take_due(w, w->now_ms + 3000, NULL, 0);
		wheel_set(w, &t[i], 100000 + (int64_t)(i * 31 % 10) * 64);
	}
	assert_int_equal(take_due(w, 200000, got, COUNT(got)), COUNT(t));
	for (size_t i = 1; i < COUNT(got); i++) {
		assert_true(got[i - 1]->at_ms <= got[i]->at_ms);
		assert_true(got[i - 1]->at_ms < got[i]->at_ms || got[i - 1] < got[i]);
	}
	free(w);
}

/* Random sets, stops and steps against a plain array: nothing early, nothing late, nothing lost, and the
 * time to sleep is never past the first timer. */
static void it_agrees_with_a_plain_array(void **state)
{
	enum { TIMERS = 200, STEPS = 60000 };
	static struct loop_timer t[TIMERS];
	struct wheel *w = wheel_at(1);
	uint64_t seed = 42;
	(void)state;
	for (int step = 0; step < STEPS; step++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		unsigned what = seed >> 60, bits = (seed >> 40) % 34;
		int64_t far = (int64_t)(seed >> 8 & (((uint64_t)1 << bits) - 1));
		struct loop_timer *it = &t[(seed >> 20) % TIMERS];
		if (what < 8) {
			wheel_set(w, it, w->now_ms + far);
		} else if (what < 11) {
			wheel_stop(w, it);
		} else {
			struct loop_timer *got[TIMERS];
			size_t expected = 0;
			int64_t first = INT64_MAX, to = w->now_ms + far % 5000;
			for (size_t i = 0; i < TIMERS; i++)
				if (loop_timer_armed(&t[i])) {
					expected += t[i].at_ms <= to;
					first = t[i].at_ms < first ? t[i].at_ms : first;
				}
			int64_t next = wheel_next_ms(w);
			assert_true(next <= first || (first <= w->now_ms && next == w->now_ms));
			assert_true((next == INT64_MAX) == (first == INT64_MAX));
			size_t n = take_due(w, to, got, TIMERS);
			assert_int_equal(n, expected);
			for (size_t i = 0; i < n; i++)
				assert_true(got[i]->at_ms <= to);
		}
	}
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_fires_at_its_tick_and_not_before),
		cmocka_unit_test(following_the_next_time_finds_a_far_timer_in_few_steps),
		cmocka_unit_test(an_empty_wheel_sleeps_for_ever),
		cmocka_unit_test(a_past_time_is_due_at_the_next_look),
		cmocka_unit_test(the_end_of_time_never_comes),
		cmocka_unit_test(stopping_the_last_timer_of_a_slot_empties_the_slot),
		cmocka_unit_test(setting_again_moves_a_timer),
		cmocka_unit_test(timers_come_in_order_of_time_then_of_setting),
		cmocka_unit_test(it_agrees_with_a_plain_array),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
