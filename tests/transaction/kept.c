/* SPDX-License-Identifier: Apache-2.0 */
/* kept.c - the ring of what stays of transactions that are over, and its index. */
#include "check.h"
#include "fake.h"
#include "kept.h"
#include "kept_flow.h"

#define LIFE 32000

struct ring {
	struct fake fake;
	struct kept_ring kept;
};

static struct ring *ring_new(size_t max_bytes)
{
	struct ring *r = calloc(1, sizeof *r);
	fake_init(&r->fake);
	kept_init(&r->kept, &r->fake.loop, max_bytes);
	return r;
}

static void ring_free(struct ring *r)
{
	kept_fini(&r->kept);
	assert_int_equal(fake_timers(&r->fake), 0);
	fake_fini(&r->fake);
	free(r);
}

static uint64_t spread(uint64_t key)
{
	key *= 0x9e3779b97f4a7c15;
	return key ^ key >> 29;
}

/* A record of n >= 8 bytes, the first eight of which say which one it is. */
static bool add(struct ring *r, uint64_t number, size_t n, int64_t life)
{
	uint64_t *own = kept_add(&r->kept, KEPT_ANSWERED, spread(number), loop_now_ms(&r->fake.loop) + life, n);
	if (own)
		*own = number;
	return own != NULL;
}

static bool has_number(const struct kept *k, const void *with)
{
	return *(const uint64_t *)(k + 1) == *(const uint64_t *)with;
}

static bool has(const struct ring *r, uint64_t number)
{
	return kept_find(&r->kept, spread(number), has_number, &number) != NULL;
}

static void a_record_is_found_until_its_time_is_over(void **state)
{
	struct ring *r = ring_new(1 << 20);
	(void)state;
	assert_false(has(r, 1));
	assert_true(add(r, 1, 100, LIFE));
	fake_advance(&r->fake, 1000);
	assert_true(add(r, 2, 8, LIFE));
	assert_true(add(r, 3, 8, 5000));                /* over before the one that stands in its way */
	fake_advance(&r->fake, 5000);
	assert_true(has(r, 1) && has(r, 2) && !has(r, 3));
	fake_advance(&r->fake, LIFE - 6000);
	assert_true(!has(r, 1) && has(r, 2));
	fake_advance(&r->fake, 1000);
	assert_false(has(r, 2));
	assert_int_equal(kept_bytes(&r->kept) + r->kept.count[KEPT_ANSWERED], 0);
	assert_int_equal(fake_timers(&r->fake), 0);
	ring_free(r);
}

static void records_of_one_hash_are_told_apart(void **state)
{
	struct ring *r = ring_new(1 << 20);
	(void)state;
	for (uint64_t i = 0; i < 20; i++)
		*(uint64_t *)kept_add(&r->kept, KEPT_LEFT, 42, loop_now_ms(&r->fake.loop) + LIFE, 8) = i;
	for (uint64_t i = 0; i < 20; i++) {
		const struct kept *k = kept_find(&r->kept, 42, has_number, &i);
		assert_non_null(k);
		assert_true(has_number(k, &i));
	}
	assert_null(kept_find(&r->kept, 42, has_number, &(uint64_t){ 20 }));
	assert_null(kept_find(&r->kept, UINT64_C(1) << 32 | 42, has_number, &(uint64_t){ 1 }));        /* the same tag */
	ring_free(r);
}

static void the_oldest_make_way_and_the_youngest_stay(void **state)
{
	enum { BUDGET = 1 << 20 };
	struct ring *r = ring_new(BUDGET);
	(void)state;
	for (uint64_t i = 0; i < 50000; i++) {
		assert_true(add(r, i, 8 + i * 37 % 900, LIFE));
		assert_true(kept_bytes(&r->kept) <= BUDGET);
		assert_true(has(r, i));
		assert_true(i < 1000 || has(r, i - 1000));
	}
	assert_false(has(r, 40000));
	assert_in_range(r->kept.count[KEPT_ANSWERED], 1500, 3000);
	assert_in_range(r->kept.end - r->kept.first, 14, 18);           /* chunks of 64 KiB: no more memory than the budget says */
	ring_free(r);
}

static void what_others_take_comes_out_of_the_same_budget(void **state)
{
	struct ring *r = ring_new(10000);
	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		add(r, i, 200, LIFE);
	kept_take(&r->kept, 9000);
	assert_true(kept_bytes(&r->kept) <= 10000);
	assert_true(has(r, 99));
	kept_take(&r->kept, 2000);
	assert_int_equal(r->kept.count[KEPT_ANSWERED], 0);
	assert_false(add(r, 100, 8, LIFE));
	kept_give_back(&r->kept, 11000);
	assert_true(add(r, 101, 8, LIFE) && has(r, 101));
	ring_free(r);
}

static void a_record_may_be_larger_than_a_chunk_but_not_than_the_budget(void **state)
{
	struct ring *r = ring_new(400000);
	(void)state;
	for (uint64_t i = 0; i < 10; i++) {
		assert_true(add(r, 2 * i, 150000, LIFE));
		assert_true(add(r, 2 * i + 1, 50, LIFE));
		assert_true(has(r, 2 * i) && has(r, 2 * i + 1));
	}
	assert_true(has(r, 16) && !has(r, 14));
	assert_false(add(r, 100, 400000, LIFE));
	assert_true(has(r, 19));
	ring_free(r);
}

/* More chunks than there are numbers for, and a number of records that is no multiple of anything. */
static void the_numbers_of_chunks_go_round(void **state)
{
	struct ring *r = ring_new(5 << 20);
	(void)state;
	for (uint64_t i = 0; i < 600000; i++) {
		assert_true(add(r, i, 60000, LIFE));
		assert_true(has(r, i) && (i < 80 || has(r, i - 80)) && !has(r, i - 100));
	}
	fake_advance(&r->fake, LIFE);
	assert_int_equal(kept_bytes(&r->kept), 0);
	ring_free(r);
}

/* --- flows --- */
static void a_flow_comes_out_as_it_went_in(void **state)
{
	static const struct {
		const char *local, *remote;
		uint64_t serial;
		size_t size;
	} flows[] = {
		{ "192.0.2.10:5060", "198.51.100.7:49152", 0, 16 },
		{ "192.0.2.10:5060", "198.51.100.7:49152", 77, sizeof(struct flow_ref) },
		{ "[2001:db8::1]:5060", "[2001:db8::2]:5060", 0, sizeof(struct flow_ref) },
		{ "192.0.2.10:5060", NULL, 0, sizeof(struct flow_ref) },        /* nowhere */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(flows); i++) {
		struct flow_ref f = { .serial = flows[i].serial, .kind = flows[i].serial ? TRANSPORT_TLS : TRANSPORT_UDP, .listener = 3 };
		char bytes[sizeof f];
		assert_true(addr_parse(str_of(flows[i].local), 0, &f.local));
		assert_true(!flows[i].remote || addr_parse(str_of(flows[i].remote), 0, &f.remote));
		assert_int_equal(kept_flow_size(&f), flows[i].size);
		kept_flow_write(bytes, &f);
		struct flow_ref out = kept_flow_read(bytes, flows[i].size);
		assert_true(out.serial == f.serial && out.kind == f.kind && out.listener == f.listener);
		assert_true(addr_eq(&out.local, &f.local) && addr_eq(&out.remote, &f.remote));
	}
}

/* --- the index --- */
static bool holds(const struct kept_index *ix, uint32_t tag, uint32_t at, uint32_t *longest)
{
	struct kept_probe probe;
	bool found = false;
	for (uint32_t it = kept_index_first(ix, tag, &probe); it; it = kept_index_next(ix, &probe)) {
		assert_false(found && it == at);
		found |= it == at;
		if (it == at && longest && probe.slot - tag > *longest)
			*longest = probe.slot - tag;
	}
	return found;
}

static void random_changes_of_the_index_agree_with_a_plain_array(void **state)
{
	enum { KEYS = 5000 };
	static bool in[KEYS];
	struct kept_index ix = { 0 };
	uint64_t seed = 1;
	(void)state;
	for (int step = 0; step < 400000; step++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		uint32_t key = (uint32_t)(seed >> 33) % KEYS, tag = (uint32_t)spread(key / 3), at = key + 2;    /* three of each tag */
		bool growing = step / 50000 % 2 == 0;
		assert_int_equal(holds(&ix, tag, at, NULL), in[key]);
		if (in[key] && (!growing || seed >> 60 == 0))
			kept_index_remove(&ix, tag, at);
		else if (!in[key] && (growing || seed >> 60 == 0))
			kept_index_add(&ix, tag, at);
		else
			continue;
		in[key] = !in[key];
	}
	kept_index_fini(&ix);
}

/* A million requests that never were before: no table that stalls, no long way to any of them. */
static void a_flood_makes_look_ups_no_longer(void **state)
{
	enum { MANY = 1000000, WINDOW = 140000 };
	struct kept_index ix = { 0 };
	uint32_t longest = 0;
	uint64_t steps = 0;
	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t moved = ix.old ? ix.moved : 0;
		assert_false(holds(&ix, (uint32_t)spread(i), i + 2, NULL));
		kept_index_add(&ix, (uint32_t)spread(i), i + 2);
		assert_true(!ix.old || ix.moved <= moved + 16);
		if (i >= WINDOW)
			kept_index_remove(&ix, (uint32_t)spread(i - WINDOW), i - WINDOW + 2);
	}
	for (uint32_t i = MANY - WINDOW; i < MANY; i++) {
		uint32_t here = 0;
		assert_true(holds(&ix, (uint32_t)spread(i), i + 2, &here));
		steps += here;
		longest = here > longest ? here : longest;
	}
	assert_true(steps < 3 * WINDOW && longest < 200);
	assert_true((ix.mask + UINT64_C(1)) * sizeof(struct kept_slot) <= WINDOW * (uint64_t)KEPT_INDEX_BYTES * 4 / 3);
	kept_index_fini(&ix);
}

static void an_empty_index_takes_no_memory(void **state)
{
	struct kept_index ix = { 0 };
	struct kept_probe probe;
	(void)state;
	assert_int_equal(kept_index_first(&ix, 7, &probe), 0);
	assert_null(ix.slots);
	for (uint32_t i = 0; i < 100000; i++)
		kept_index_add(&ix, (uint32_t)spread(i), i + 2);
	for (uint32_t i = 0; i < 100000; i++)
		kept_index_remove(&ix, (uint32_t)spread(i), i + 2);
	assert_true(ix.mask < 64);
	kept_index_fini(&ix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_found_until_its_time_is_over),
		cmocka_unit_test(records_of_one_hash_are_told_apart),
		cmocka_unit_test(the_oldest_make_way_and_the_youngest_stay),
		cmocka_unit_test(what_others_take_comes_out_of_the_same_budget),
		cmocka_unit_test(a_record_may_be_larger_than_a_chunk_but_not_than_the_budget),
		cmocka_unit_test(the_numbers_of_chunks_go_round),
		cmocka_unit_test(a_flow_comes_out_as_it_went_in),
		cmocka_unit_test(random_changes_of_the_index_agree_with_a_plain_array),
		cmocka_unit_test(a_flood_makes_look_ups_no_longer),
		cmocka_unit_test(an_empty_index_takes_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
