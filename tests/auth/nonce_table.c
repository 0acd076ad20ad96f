/* SPDX-License-Identifier: Apache-2.0 */
#include "../base/check.h"
#include "nonce_table.h"

#define NOW 5000
#define WALL 1700000000000
#define LIFE 300000
#define REPEAT 32000

static struct nonce_table *table(unsigned max)
{
	return nonce_table_new(max, LIFE, REPEAT);
}

static bool use(struct nonce_table *t, const struct nonce *n, uint32_t nc, uint64_t request)
{
	return nonce_table_use(t, n, nc, request, NOW, WALL);
}

/* AU-11 */
static void each_count_passes_once(void **state)
{
	(void)state;
	struct nonce_table *t = table(1000);
	struct nonce n = { WALL - 1000, 7 };
	for (uint32_t nc = 1; nc <= 300; nc++) {
		assert_true(use(t, &n, nc, nc));
		assert_false(use(t, &n, nc, 99999));
	}
	for (uint32_t nc = 1; nc <= 300; nc++)
		assert_false(use(t, &n, nc, 99999));
	nonce_table_free(t);
}

/* AU-11 */
static void counts_may_come_out_of_order_within_a_window(void **state)
{
	static const struct { uint32_t nc; bool passes; } steps[] = {
		{ 10, true }, { 9, true }, { 1, true }, { 9, false }, { 73, true }, { 10, false }, { 11, true }, { 72, true },
		{ 1000, true }, { 936, false }, { 937, true }, { 999, true }, { 999, false }, { 0xffffffff, true }, { 1001, false },
		{ 0xffffffff - 63, true }, { 0xffffffff - 64, false },
	};
	(void)state;
	struct nonce_table *t = table(1000);
	struct nonce n = { WALL, 7 };
	for (size_t i = 0; i < COUNT(steps); i++)
		assert_int_equal(use(t, &n, steps[i].nc, 1000 + i), steps[i].passes);
	nonce_table_free(t);
}

/* AU-11 */
static void the_same_request_passes_again_until_its_time_is_over(void **state)
{
	(void)state;
	struct nonce_table *t = table(1000);
	struct nonce n = { WALL, 7 };
	assert_true(nonce_table_use(t, &n, 1, 11, NOW, WALL));
	assert_true(nonce_table_use(t, &n, 2, 22, NOW + 10, WALL));
	assert_true(nonce_table_use(t, &n, 1, 11, NOW + REPEAT, WALL));
	assert_false(nonce_table_use(t, &n, 1, 12, NOW + 20, WALL));
	assert_false(nonce_table_use(t, &n, 1, 11, NOW + REPEAT + 1, WALL));
	nonce_table_free(t);
}

/* AU-13 */
static void a_nonce_ends_with_its_life_but_for_the_request_that_just_passed(void **state)
{
	(void)state;
	struct nonce_table *t = table(1000);
	struct nonce n = { WALL, 7 };
	assert_true(nonce_table_use(t, &n, 1, 11, NOW, WALL + LIFE));
	assert_true(nonce_table_use(t, &n, 1, 11, NOW + 500, WALL + LIFE + 500));
	assert_false(nonce_table_use(t, &n, 2, 22, NOW + 500, WALL + LIFE + 500));
	nonce_table_free(t);
}

static void a_nonce_from_the_future_is_of_no_known_age(void **state)
{
	(void)state;
	struct nonce_table *t = table(1000);
	struct nonce n = { WALL + 1, 7 };
	assert_false(use(t, &n, 1, 11));
	nonce_table_free(t);
}

/* AU-11 */
static void what_made_room_is_used_up_and_not_forgotten(void **state)
{
	(void)state;
	struct nonce_table *t = table(64);              /* one a shard */
	struct nonce first = { WALL - 100, 64 }, second = { WALL - 50, 128 }, newer = { WALL - 20, 192 };
	assert_true(use(t, &first, 1, 1));
	assert_true(use(t, &second, 1, 2));             /* the first makes room */
	assert_false(use(t, &first, 1, 3));
	assert_false(use(t, &first, 2, 4));
	assert_true(use(t, &second, 2, 5));
	assert_true(use(t, &newer, 1, 6));
	assert_false(use(t, &second, 3, 7));
	nonce_table_free(t);
}

static void the_outlived_are_swept_out_before_anything_must_make_room(void **state)
{
	(void)state;
	struct nonce_table *t = table(64);
	struct nonce old = { WALL, 64 }, late = { WALL + LIFE + REPEAT, 128 }, other = { WALL + LIFE + REPEAT - 1, 192 };
	assert_true(nonce_table_use(t, &old, 1, 1, NOW, WALL));
	assert_true(nonce_table_use(t, &late, 1, 2, NOW, WALL + LIFE + REPEAT + 1));
	assert_true(nonce_table_use(t, &other, 1, 3, NOW, WALL + LIFE + REPEAT + 1));   /* nothing raised the floor */
	nonce_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_count_passes_once),
		cmocka_unit_test(counts_may_come_out_of_order_within_a_window),
		cmocka_unit_test(the_same_request_passes_again_until_its_time_is_over),
		cmocka_unit_test(a_nonce_ends_with_its_life_but_for_the_request_that_just_passed),
		cmocka_unit_test(a_nonce_from_the_future_is_of_no_known_age),
		cmocka_unit_test(what_made_room_is_used_up_and_not_forgotten),
		cmocka_unit_test(the_outlived_are_swept_out_before_anything_must_make_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
