/* SPDX-License-Identifier: Apache-2.0 */
#include "location.h"
#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* OB-75 */
static void instance_has_one_spelling(void **state)
{
	static const struct { struct str in, out; } rows[] = {
		{ STR_INIT("urn:uuid:F81D4FAE-7DEC"), STR_INIT("urn:uuid:f81d4fae-7dec") },
		{ STR_INIT("URN:UUID:f81d4fae-7dec"), STR_INIT("urn:uuid:f81d4fae-7dec") },
		{ STR_INIT("URN:Foo:a123,456"), STR_INIT("urn:foo:a123,456") },
		{ STR_INIT("urn:foo:A123,456"), STR_INIT("urn:foo:A123,456") },
		{ STR_INIT("urn:foo:a%2CB%2c%AF"), STR_INIT("urn:foo:a%2cB%2c%af") },
		{ STR_INIT("urn:foo:A:B:C"), STR_INIT("urn:foo:A:B:C") },
		{ STR_INIT("urn:foo:a%"), STR_INIT("urn:foo:a%") },
		{ STR_INIT("urn:"), STR_INIT("urn:") },
		{ STR_INIT("Not-A-Urn:X"), STR_INIT("Not-A-Urn:X") },
		{ STR_INIT(""), STR_INIT("") },
	};
	(void)state;
	struct arena arena;
	arena_init(&arena, NULL, 0);
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_true(str_eq(location_instance(rows[i].in, &arena), rows[i].out));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instance_has_one_spelling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
