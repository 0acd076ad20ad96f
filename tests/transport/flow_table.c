/* SPDX-License-Identifier: Apache-2.0 */
/* flow_table.c - serials name one connection and die with it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "flow_table.h"
#include <pthread.h>

static int a, b;

static void a_serial_lives_until_it_is_closed(void **state)
{
	struct flow_table t;
	struct flow_slots s;
	(void)state;
	flow_table_init(&t, 3, 4);
	flow_slots_init(&s, &t, 2);
	uint64_t serial = flow_slots_open(&s, &a);
	assert_int_equal(flow_serial_worker(serial), 2);
	assert_true(flow_table_alive(&t, serial));
	assert_ptr_equal(flow_slots_find(&s, serial), &a);
	flow_slots_close(&s, serial);
	assert_false(flow_table_alive(&t, serial));
	assert_null(flow_slots_find(&s, serial));
	flow_slots_fini(&s);
	flow_table_fini(&t);
}

static void the_next_connection_in_a_slot_is_another_flow(void **state)
{
	struct flow_table t;
	struct flow_slots s;
	(void)state;
	flow_table_init(&t, 1, 4);
	flow_slots_init(&s, &t, 0);
	uint64_t first = flow_slots_open(&s, &a);
	flow_slots_close(&s, first);
	uint64_t second = flow_slots_open(&s, &b);
	assert_int_equal(flow_serial_slot(first), flow_serial_slot(second));
	assert_true(first != second);
	assert_false(flow_table_alive(&t, first));
	assert_null(flow_slots_find(&s, first));
	assert_ptr_equal(flow_slots_find(&s, second), &b);
	flow_slots_fini(&s);
	flow_table_fini(&t);
}

static void a_generation_that_was_not_given_out_yet_is_dead(void **state)
{
	struct flow_table t;
	struct flow_slots s;
	(void)state;
	flow_table_init(&t, 1, 4);
	flow_slots_init(&s, &t, 0);
	for (uint64_t guess = 0; guess < 4; guess++)
		assert_false(flow_table_alive(&t, guess));
	uint64_t serial = flow_slots_open(&s, &a);
	assert_false(flow_table_alive(&t, serial + 1));
	assert_false(flow_table_alive(&t, serial - 1));
	flow_slots_fini(&s);
	flow_table_fini(&t);
}

static void no_slot_left_is_said(void **state)
{
	struct flow_table t;
	struct flow_slots s;
	(void)state;
	flow_table_init(&t, 1, 2);
	flow_slots_init(&s, &t, 0);
	uint64_t first = flow_slots_open(&s, &a);
	assert_true(flow_slots_open(&s, &a) != 0);
	assert_int_equal(flow_slots_open(&s, &a), 0);
	flow_slots_close(&s, first);
	assert_true(flow_slots_open(&s, &a) != 0);
	flow_slots_fini(&s);
	flow_table_fini(&t);
}

static void a_slot_whose_generations_are_used_up_is_retired(void **state)
{
	struct flow_table t;
	struct flow_slots s;
	(void)state;
	flow_table_init(&t, 1, 1);
	flow_slots_init(&s, &t, 0);
	atomic_store(&t.generations[0][0], UINT32_MAX);
	uint64_t last = flow_slots_open(&s, &a);
	assert_true(flow_table_alive(&t, last));
	flow_slots_close(&s, last);
	assert_false(flow_table_alive(&t, last));
	assert_int_equal(flow_slots_open(&s, &a), 0);
	flow_slots_fini(&s);
	flow_table_fini(&t);
}

static void suspicion_is_of_one_connection_and_ends_with_it(void **state)
{
	struct flow_table t;
	struct flow_slots s;
	(void)state;
	flow_table_init(&t, 2, 4);
	flow_slots_init(&s, &t, 1);
	uint64_t first = flow_slots_open(&s, &a), other = flow_slots_open(&s, &b);
	assert_false(flow_table_is_suspect(&t, first));
	assert_false(flow_table_heard(&t, first));
	assert_true(flow_table_suspect(&t, first));
	assert_false(flow_table_suspect(&t, first));
	assert_true(flow_table_is_suspect(&t, first));
	assert_false(flow_table_is_suspect(&t, other));
	assert_true(flow_table_heard(&t, first));
	assert_false(flow_table_is_suspect(&t, first));
	assert_true(flow_table_suspect(&t, first));
	flow_slots_close(&s, first);
	assert_false(flow_table_is_suspect(&t, first));
	assert_false(flow_table_suspect(&t, first));
	assert_int_equal(t.suspect_count, 0);
	uint64_t second = flow_slots_open(&s, &a);
	assert_int_equal(flow_serial_slot(first), flow_serial_slot(second));
	assert_false(flow_table_is_suspect(&t, second));
	flow_slots_fini(&s);
	flow_table_fini(&t);
}

/* --- threads: others suspect what its owner hears and closes --- */

struct doubter {
	struct flow_table *t;
	_Atomic uint64_t *serials;
	atomic_bool *over;
};

enum { OPEN = 4 };

static void *doubt(void *arg)
{
	struct doubter *d = arg;
	for (unsigned i = 0; !atomic_load(d->over); i++) {
		uint64_t serial = atomic_load(&d->serials[i % OPEN]);
		flow_table_suspect(d->t, serial);
		flow_table_is_suspect(d->t, serial);
	}
	return NULL;
}

static void no_suspicion_outlives_its_connection_however_it_is_timed(void **state)
{
	struct flow_table t;
	struct flow_slots s;
	_Atomic uint64_t serials[OPEN];
	atomic_bool over = false;
	pthread_t threads[2];
	(void)state;
	flow_table_init(&t, 1, OPEN);
	flow_slots_init(&s, &t, 0);
	for (unsigned i = 0; i < OPEN; i++)
		atomic_init(&serials[i], flow_slots_open(&s, &a));
	struct doubter d = { &t, serials, &over };
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, doubt, &d), 0);
	for (unsigned i = 0; i < 300000; i++) {
		uint64_t serial = atomic_load(&serials[i % OPEN]);
		if (i % 3 == 0)
			flow_table_heard(&t, serial);
		flow_slots_close(&s, serial);
		atomic_store(&serials[i % OPEN], flow_slots_open(&s, &a));
	}
	for (unsigned i = 0; i < OPEN; i++)
		flow_slots_close(&s, atomic_load(&serials[i]));
	atomic_store(&over, true);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(t.suspect_count, 0);
	for (unsigned i = 0; i < OPEN; i++)
		assert_int_equal(t.suspects[0][i], 0);
	flow_slots_fini(&s);
	flow_table_fini(&t);
}

static void serials_from_outside_are_safe_to_ask_for(void **state)
{
	struct flow_table t;
	(void)state;
	flow_table_init(&t, 2, 2);
	static const uint64_t serials[] = { 0, UINT64_MAX, 1ull << 56, 2ull << 56 | 1, 255ull << 56 | 1, 2ull << 32 | 1,
	                                    (uint64_t)(FLOW_SLOTS_MAX - 1) << 32 | 1 };
	atomic_store(&t.suspect_count, 1);
	for (size_t i = 0; i < sizeof serials / sizeof *serials; i++) {
		assert_false(flow_table_alive(&t, serials[i]));
		assert_false(flow_table_suspect(&t, serials[i]));
		assert_false(flow_table_is_suspect(&t, serials[i]));
	}
	flow_table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_serial_lives_until_it_is_closed),
		cmocka_unit_test(the_next_connection_in_a_slot_is_another_flow),
		cmocka_unit_test(a_generation_that_was_not_given_out_yet_is_dead),
		cmocka_unit_test(no_slot_left_is_said),
		cmocka_unit_test(a_slot_whose_generations_are_used_up_is_retired),
		cmocka_unit_test(suspicion_is_of_one_connection_and_ends_with_it),
		cmocka_unit_test(no_suspicion_outlives_its_connection_however_it_is_timed),
		cmocka_unit_test(serials_from_outside_are_safe_to_ask_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
