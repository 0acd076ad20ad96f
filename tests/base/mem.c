/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "clock.h"
#include "list.h"
#include "mem.h"
#include "mpsc.h"
#include "random.h"

#include <pthread.h>

static void nothing_is_still_something(void **state)
{
	(void)state;
	void *p = mem_alloc(0), *q = mem_zalloc(0);
	assert_non_null(p);
	assert_non_null(q);
	p = mem_realloc(p, 100);
	p = mem_realloc(p, 0);
	assert_non_null(p);
	mem_free(p);
	mem_free(q);
	mem_free(NULL);
}

static void zeroed_and_wiped_memory_is_zero(void **state)
{
	unsigned char *p = mem_zalloc(1000);
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	memset(p, 7, 1000);
	mem_wipe(p, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	mem_free(p);
}

/* Under AddressSanitizer nothing is kept: what is said here of kept bytes holds there with none. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEPS false
#else
#define KEEPS true
#endif
#define KEPT_MAX ((size_t)1 << 20)

static void a_freed_block_is_taken_again_by_its_thread(void **state)
{
	static const size_t sizes[] = { 1, 24, 25, 40, 1000, 1032, 1033, 1536, 1537, 4096, 16384 };
	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		mem_give_back();
		void *p = mem_alloc(sizes[i]);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		mem_free(p);
		assert_int_equal(mem_kept() >= sizes[i], KEEPS);
		void *q = mem_alloc(sizes[i]);
		if (KEEPS)
			assert_ptr_equal(p, q);
		assert_int_equal(mem_kept(), 0);
		mem_free(q);
	}
	mem_give_back();
	assert_int_equal(mem_kept(), 0);
}

static void what_was_written_into_a_freed_block_is_not_in_a_zeroed_one(void **state)
{
	(void)state;
	for (size_t n = 1; n < 40000; n += 1 + n / 3) {
		unsigned char *p = mem_alloc(n);
		memset(p, 7, n);
		mem_free(p);
		p = mem_zalloc(n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		mem_free(p);
	}
}

/* Every size in any order, grown or not: each block holds what was written into it, up to its last byte. */
static void blocks_of_all_sizes_never_overlap(void **state)
{
	static struct { unsigned char *p, mark; size_t n; } held[500];
	(void)state;
	for (unsigned turn = 0; turn < 100000; turn++) {
		unsigned i = random_below(COUNT(held));
		for (size_t at = 0; at < held[i].n; at += at + 16 < held[i].n ? 16 : 1)
			assert_int_equal(held[i].p[at], held[i].mark);
		mem_free(held[i].p);
		held[i].n = random_below(1u << random_below(16));
		held[i].mark = (unsigned char)turn;
		size_t first = random_below(1u << random_below(16)), both = first < held[i].n ? first : held[i].n;
		held[i].p = mem_alloc(first);
		memset(held[i].p, held[i].mark, first);
		held[i].p = mem_realloc(held[i].p, held[i].n);
		for (size_t at = 0; at < both; at++)
			assert_int_equal(held[i].p[at], held[i].mark);
		memset(held[i].p, held[i].mark, held[i].n);
		assert_true(mem_kept() <= KEPT_MAX);
	}
	for (unsigned i = 0; i < COUNT(held); i++)
		mem_free(held[i].p);
}

static void no_more_than_a_mebibyte_is_kept(void **state)
{
	static void *blocks[5000];
	(void)state;
	for (unsigned i = 0; i < COUNT(blocks); i++)
		blocks[i] = mem_alloc(1000);
	for (unsigned i = 0; i < COUNT(blocks); i++) {
		mem_free(blocks[i]);
		assert_true(mem_kept() <= KEPT_MAX);
	}
}

/* Blocks go from one thread to the other and are freed there, as packets and wires are. */
enum { HANDED = 20000 };
struct handed {
	struct mpsc_node node;
	size_t n;
	unsigned char bytes[];
};
static void *take_all(void *user)
{
	struct mpsc *q = user;
	for (unsigned count = 0; count < HANDED;) {
		struct mpsc_node *node = mpsc_pop(q);
		if (!node)
			continue;
		struct handed *h = CONTAINER(node, struct handed, node);
		for (size_t i = 0; i < h->n; i++)
			if (h->bytes[i] != (unsigned char)h->n)
				return h;
		void *own = mem_alloc(h->n);
		mem_free(h);
		mem_free(own);
		count++;
	}
	return NULL;
}

static void a_block_may_be_freed_by_another_thread(void **state)
{
	struct mpsc queues[2];
	pthread_t threads[2];
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		mpsc_init(&queues[i]);
		assert_int_equal(pthread_create(&threads[i], NULL, take_all, &queues[i]), 0);
	}
	for (unsigned i = 0; i < 2 * HANDED; i++) {
		size_t n = random_below(3000);
		struct handed *h = mem_alloc(sizeof *h + n);
		h->n = n;
		memset(h->bytes, (int)(n & 255), n);
		mpsc_push(&queues[i % 2], &h->node);
	}
	for (unsigned i = 0; i < 2; i++) {
		void *wrong;
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

static void secrets_are_equal_when_every_byte_is(void **state)
{
	char a[32] = { 0 }, b[32] = { 0 };
	(void)state;
	assert_true(mem_equal_secret(a, b, sizeof a));
	assert_true(mem_equal_secret(a, b, 0));
	for (size_t i = 0; i < sizeof a; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			b[i] ^= (char)(1u << bit);
			assert_false(mem_equal_secret(a, b, sizeof a));
			b[i] ^= (char)(1u << bit);
		}
}

static void clocks_go_forward(void **state)
{
	(void)state;
	int64_t before = clock_ms();
	assert_true(before > 0);
	assert_true(clock_ms() >= before);
	assert_true(clock_wall_ms() > (int64_t)1700000000 * 1000);     /* ms, not s: after November 2023 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_still_something),
		cmocka_unit_test(zeroed_and_wiped_memory_is_zero),
		cmocka_unit_test(a_freed_block_is_taken_again_by_its_thread),
		cmocka_unit_test(what_was_written_into_a_freed_block_is_not_in_a_zeroed_one),
		cmocka_unit_test(blocks_of_all_sizes_never_overlap),
		cmocka_unit_test(no_more_than_a_mebibyte_is_kept),
		cmocka_unit_test(a_block_may_be_freed_by_another_thread),
		cmocka_unit_test(secrets_are_equal_when_every_byte_is),
		cmocka_unit_test(clocks_go_forward),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
