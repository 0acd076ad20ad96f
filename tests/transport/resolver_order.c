/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "../../src/transport/resolver_private.h"

#define COUNT(a) (sizeof (a) / sizeof *(a))

static void pointers(const struct dns_record *records, const struct dns_record **out, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		out[i] = &records[i];
}

/* TX-26 */
static void lower_priorities_come_first_whatever_their_weight(void **state)
{
	(void)state;
	static const struct dns_record records[] = {
		{ .rank = 30, .weight = 65535, .port = 3 }, { .rank = 10, .weight = 0, .port = 1 }, { .rank = 20, .weight = 1, .port = 2 },
		{ .rank = 65535, .weight = 9, .port = 4 },
	};
	for (uint64_t seed = 0; seed < 100; seed++) {
		const struct dns_record *order[COUNT(records)];
		uint64_t chance = seed;
		pointers(records, order, COUNT(records));
		dns_order_srv(order, COUNT(records), &chance);
		for (unsigned i = 0; i < COUNT(records); i++)
			assert_int_equal(order[i]->port, i + 1);
	}
}

/* TX-26 */
static void weights_are_shares_of_the_first_place(void **state)
{
	(void)state;
	static const struct dns_record records[] = {
		{ .weight = 60, .port = 0 }, { .weight = 30, .port = 1 }, { .weight = 10, .port = 2 }, { .weight = 0, .port = 3 },
	};
	unsigned first[4] = { 0 };
	uint64_t chance = 1;
	for (int i = 0; i < 10000; i++) {
		const struct dns_record *order[COUNT(records)];
		unsigned seen = 0;
		pointers(records, order, COUNT(records));
		dns_order_srv(order, COUNT(records), &chance);
		first[order[0]->port]++;
		for (unsigned k = 0; k < 4; k++)
			seen |= 1u << order[k]->port;
		assert_int_equal(seen, 15);                     /* each of them, once */
	}
	assert_in_range(first[0], 5700, 6300);
	assert_in_range(first[1], 2700, 3300);
	assert_in_range(first[2], 800, 1200);
	assert_in_range(first[3], 1, 300);                      /* weight 0: a small chance, not none. RFC 2782 */
}

static void equal_chance_gives_equal_order(void **state)
{
	(void)state;
	static const struct dns_record records[] = {
		{ .weight = 5, .port = 1, .target = STR_INIT("a") }, { .weight = 5, .port = 2, .target = STR_INIT("b") },
		{ .weight = 5, .port = 3, .target = STR_INIT("c") },
	};
	for (uint64_t seed = 0; seed < 50; seed++) {
		const struct dns_record *one[3], *two[3] = { &records[2], &records[0], &records[1] };
		uint64_t chance_one = seed, chance_two = seed;
		pointers(records, one, 3);
		dns_order_srv(one, 3, &chance_one);
		dns_order_srv(two, 3, &chance_two);             /* also when the server rotates its records */
		for (unsigned i = 0; i < 3; i++)
			assert_ptr_equal(one[i], two[i]);
	}
}

static void naptr_records_stand_by_order_then_preference(void **state)
{
	(void)state;
	static const struct dns_record records[] = {
		{ .rank = 2, .weight = 1, .kind = TRANSPORT_TLS }, { .rank = 1, .weight = 2, .kind = TRANSPORT_TCP },
		{ .rank = 1, .weight = 1, .kind = TRANSPORT_UDP },
	};
	const struct dns_record *order[3];
	pointers(records, order, 3);
	dns_order_naptr(order, 3, false);
	assert_int_equal(order[0]->kind, TRANSPORT_UDP);
	assert_int_equal(order[1]->kind, TRANSPORT_TCP);
	assert_int_equal(order[2]->kind, TRANSPORT_TLS);
	dns_order_naptr(order, 3, true);
	assert_int_equal(order[0]->kind, TRANSPORT_TCP);
	assert_int_equal(order[1]->kind, TRANSPORT_TLS);
	assert_int_equal(order[2]->kind, TRANSPORT_UDP);
}

static void nothing_and_one_need_no_order(void **state)
{
	(void)state;
	static const struct dns_record record;
	const struct dns_record *order[1] = { &record };
	uint64_t chance = 0;
	dns_order_srv(order, 0, &chance);
	dns_order_srv(order, 1, &chance);
	dns_shuffle(order, 0, &chance);
	dns_shuffle(order, 1, &chance);
	assert_ptr_equal(order[0], &record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lower_priorities_come_first_whatever_their_weight),
		cmocka_unit_test(weights_are_shares_of_the_first_place),
		cmocka_unit_test(equal_chance_gives_equal_order),
		cmocka_unit_test(naptr_records_stand_by_order_then_preference),
		cmocka_unit_test(nothing_and_one_need_no_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
