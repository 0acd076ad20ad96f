/* SPDX-License-Identifier: Apache-2.0 */
#include "expiry.h"
#include "mem.h"
#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { COUNT = 500 };

static void heap_gives_the_earliest_also_after_removals_anywhere(void **state)
{
	(void)state;
	struct entry *entries[COUNT];
	struct expiry x = { 0 };
	uint32_t seed = 1;
	for (unsigned i = 0; i < COUNT; i++) {
		seed = seed * 1664525 + 1013904223;
		entries[i] = entry_new(&(struct binding){ .expires_wall_ms = seed >> 24 });      /* many are equal */
		expiry_add(&x, entries[i]);
	}
	for (unsigned i = 0; i < COUNT; i += 3)
		expiry_remove(&x, entries[i]);
	int64_t last = 0;
	unsigned count = 0;
	for (struct entry *e; (e = expiry_first(&x)); count++) {
		assert_true(e->expires_wall_ms >= last);
		last = e->expires_wall_ms;
		expiry_remove(&x, e);
	}
	assert_int_equal(count, COUNT - (COUNT + 2) / 3);
	expiry_fini(&x);
	for (unsigned i = 0; i < COUNT; i++)
		mem_free(entries[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_gives_the_earliest_also_after_removals_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
