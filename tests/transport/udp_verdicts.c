/* SPDX-License-Identifier: Apache-2.0 */
/* udp_verdicts.c - what is known against UDP flows: cleared by what may clear it, bounded, forgotten in time. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "udp_verdicts.h"

#define NOW 5000000

static struct flow_ref flow(unsigned number)
{
	struct flow_ref f = { .kind = TRANSPORT_UDP };
	assert_true(addr_parse(STR("192.0.2.1:5060"), 0, &f.local));
	assert_true(addr_parse(STR("10.0.0.0:4000"), 0, &f.remote));
	f.remote.ip[1] = (uint8_t)(number >> 16);
	f.remote.ip[2] = (uint8_t)(number >> 8);
	f.remote.ip[3] = (uint8_t)number;
	return f;
}

static void expire(struct udp_verdicts *v, int64_t now_ms)
{
	for (unsigned i = 0; i < UDP_VERDICTS_SHARDS; i++)
		udp_verdicts_expire(v, i, now_ms);
}

static void a_datagram_clears_suspicion_and_leaves_death_a_failure(void **state)
{
	struct udp_verdicts *v = udp_verdicts_new();
	struct flow_ref f = flow(1), other = flow(2);
	(void)state;
	assert_int_equal(udp_verdict_of(v, &f), UDP_CLEAR);
	assert_int_equal(udp_verdict_heard(v, &f, NOW), UDP_CLEAR);
	assert_int_equal(udp_verdict_suspect(v, &f, NOW), UDP_CLEAR);
	assert_int_equal(udp_verdict_suspect(v, &f, NOW), UDP_SUSPECT);
	assert_int_equal(udp_verdict_heard(v, &other, NOW), UDP_CLEAR);
	assert_int_equal(udp_verdict_of(v, &f), UDP_SUSPECT);
	assert_int_equal(udp_verdict_heard(v, &f, NOW), UDP_SUSPECT);
	assert_int_equal(udp_verdict_of(v, &f), UDP_CLEAR);
	udp_verdict_dead(v, &f, NOW);
	assert_int_equal(udp_verdict_suspect(v, &f, NOW), UDP_DEAD);
	assert_int_equal(udp_verdict_heard(v, &f, NOW), UDP_DEAD);
	assert_int_equal(udp_verdict_of(v, &f), UDP_FAILED);    /* it talks, and must register */
	assert_int_equal(udp_verdict_heard(v, &f, NOW), UDP_FAILED);
	assert_int_equal(udp_verdict_suspect(v, &f, NOW), UDP_FAILED);
	udp_verdict_dead(v, &f, NOW);
	assert_int_equal(udp_verdict_of(v, &f), UDP_DEAD);
	udp_verdict_clear(v, &f);
	assert_int_equal(udp_verdict_of(v, &f), UDP_CLEAR);
	udp_verdict_suspect(v, &f, NOW);
	udp_verdict_dead(v, &f, NOW);                   /* proof outweighs silence */
	assert_int_equal(udp_verdict_of(v, &f), UDP_DEAD);
	udp_verdicts_free(v);
}

static void another_address_of_ours_is_another_flow(void **state)
{
	struct udp_verdicts *v = udp_verdicts_new();
	struct flow_ref f = flow(1), there = flow(1);
	(void)state;
	there.local.port++;
	udp_verdict_suspect(v, &f, NOW);
	assert_int_equal(udp_verdict_of(v, &there), UDP_CLEAR);
	udp_verdicts_free(v);
}

static void verdicts_are_forgotten_after_an_hour_but_not_on_the_dead_that_still_talk(void **state)
{
	struct udp_verdicts *v = udp_verdicts_new();
	struct flow_ref silent = flow(1), gone = flow(2), talking = flow(3);
	(void)state;
	udp_verdict_suspect(v, &silent, NOW);
	udp_verdict_dead(v, &gone, NOW);
	udp_verdict_dead(v, &talking, NOW);
	expire(v, NOW + UDP_VERDICT_MS - 1);
	assert_int_equal(udp_verdict_of(v, &silent), UDP_SUSPECT);
	assert_int_equal(udp_verdict_heard(v, &talking, NOW + UDP_VERDICT_MS - 1), UDP_DEAD);
	expire(v, NOW + UDP_VERDICT_MS);
	assert_int_equal(udp_verdict_of(v, &silent), UDP_CLEAR);
	assert_int_equal(udp_verdict_of(v, &gone), UDP_CLEAR);
	assert_int_equal(udp_verdict_of(v, &talking), UDP_FAILED);
	udp_verdicts_free(v);
}

static void the_set_is_bounded_and_the_oldest_goes(void **state)
{
	enum { MANY = 2 * UDP_VERDICTS };
	struct udp_verdicts *v = udp_verdicts_new();
	unsigned kept[2] = { 0 };
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		struct flow_ref f = flow(i);
		udp_verdict_suspect(v, &f, NOW + i);
	}
	for (unsigned i = 0; i < MANY; i++) {
		struct flow_ref f = flow(i);
		kept[i >= UDP_VERDICTS] += udp_verdict_of(v, &f) == UDP_SUSPECT;
	}
	assert_int_equal(kept[0] + kept[1], UDP_VERDICTS);
	assert_true(kept[1] > UDP_VERDICTS * 9 / 10);
	struct flow_ref last = flow(MANY - 1);
	assert_int_equal(udp_verdict_of(v, &last), UDP_SUSPECT);
	expire(v, NOW + MANY + UDP_VERDICT_MS);
	assert_int_equal(udp_verdict_of(v, &last), UDP_CLEAR);
	udp_verdicts_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_clears_suspicion_and_leaves_death_a_failure),
		cmocka_unit_test(another_address_of_ours_is_another_flow),
		cmocka_unit_test(verdicts_are_forgotten_after_an_hour_but_not_on_the_dead_that_still_talk),
		cmocka_unit_test(the_set_is_bounded_and_the_oldest_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
