/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "arena.h"

#include <stdlib.h>

static void the_first_block_is_used_before_the_heap(void **state)
{
	char first[256];
	struct arena a;
	(void)state;
	arena_init(&a, first, sizeof first);
	char *p = arena_alloc(&a, 100);
	assert_true(p >= first && p + 100 <= first + sizeof first);
	assert_int_equal(a.heap_bytes, 0);
	char *q = arena_alloc(&a, 200);
	assert_true(q < first || q >= first + sizeof first);
	assert_true(a.heap_bytes >= 200);
	arena_fini(&a);
	assert_int_equal(a.heap_bytes, 0);
}

static void everything_is_aligned_and_apart(void **state)
{
	_Alignas(16) char first[64];
	struct arena a;
	char *seen[200];
	(void)state;
	arena_init(&a, first + 1, sizeof first - 1);
	for (size_t i = 0; i < COUNT(seen); i++) {
		size_t n = i * 7 % 90;
		seen[i] = arena_alloc(&a, n);
		assert_int_equal((uintptr_t)seen[i] % _Alignof(max_align_t), 0);
		memset(seen[i], (int)i, n);
	}
	for (size_t i = 0; i < COUNT(seen); i++)
		for (size_t k = 0; k < i * 7 % 90; k++)
			assert_int_equal((unsigned char)seen[i][k], i);
	arena_fini(&a);
}

static void nothing_at_all_still_has_an_address_of_its_own(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a, NULL, 0);
	void *p = arena_alloc(&a, 0), *q = arena_alloc(&a, 0);
	assert_non_null(p);
	assert_ptr_not_equal(p, q);
	arena_fini(&a);
}

static void chunks_double_so_that_many_allocations_need_few(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a, NULL, 0);
	for (int i = 0; i < 10000; i++)
		arena_alloc(&a, 64);
	assert_in_range(a.heap_bytes, 640000, 2 * 640000 + 4096);
	arena_fini(&a);
}

static void a_large_allocation_leaves_the_current_chunk_in_use(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a, NULL, 0);
	char *p = arena_alloc(&a, 16);
	char *large = arena_alloc(&a, 100000);
	memset(large, 1, 100000);
	char *q = arena_alloc(&a, 16);
	assert_true(q > p && q < p + 4096);
	assert_in_range(a.heap_bytes, 104000, 105000);
	arena_fini(&a);
}

static void it_is_usable_again_after_fini(void **state)
{
	char first[64];
	struct arena a;
	(void)state;
	arena_init(&a, first, sizeof first);
	arena_fini(&a);
	char *p = arena_alloc(&a, 8);
	assert_true(p < first || p >= first + sizeof first);
	arena_fini(&a);
}

static void zeroed_memory_is_zero_even_in_a_used_block(void **state)
{
	char first[512];
	struct arena a;
	(void)state;
	memset(first, 0xaa, sizeof first);
	arena_init(&a, first, sizeof first);
	char *p = arena_zalloc(&a, 50);
	uint64_t *q = arena_array(&a, 10, sizeof *q);
	for (int i = 0; i < 50; i++)
		assert_int_equal(p[i], 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(q[i], 0);
	arena_fini(&a);
}

static void copies_are_terminated_and_absence_stays(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a, NULL, 0);
	struct str s = arena_str(&a, STR("abc"));
	assert_string_equal(s.p, "abc");
	assert_int_equal(s.n, 3);
	assert_null(arena_str(&a, STR_NONE).p);
	assert_non_null(arena_str(&a, STR("")).p);
	assert_str(arena_printf(&a, "%d-%s", 5, "x"), "5-x");
	assert_str(arena_printf(&a, "%s", ""), "");
	assert_int_equal(arena_printf(&a, "%5000d", 1).n, 5000);
	arena_fini(&a);
}

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>

static void the_bytes_between_allocations_belong_to_nobody(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a, NULL, 0);
	for (size_t n = 1; n < 100; n++) {
		char *p = arena_alloc(&a, n);
		assert_false(__asan_address_is_poisoned(p + n - 1));
		assert_true(__asan_address_is_poisoned(p + n));
	}
	arena_fini(&a);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_block_is_used_before_the_heap),
		cmocka_unit_test(everything_is_aligned_and_apart),
		cmocka_unit_test(nothing_at_all_still_has_an_address_of_its_own),
		cmocka_unit_test(chunks_double_so_that_many_allocations_need_few),
		cmocka_unit_test(a_large_allocation_leaves_the_current_chunk_in_use),
		cmocka_unit_test(it_is_usable_again_after_fini),
		cmocka_unit_test(zeroed_memory_is_zero_even_in_a_used_block),
#ifdef __SANITIZE_ADDRESS__
		cmocka_unit_test(the_bytes_between_allocations_belong_to_nobody),
#endif
		cmocka_unit_test(copies_are_terminated_and_absence_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
