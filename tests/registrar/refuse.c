/* SPDX-License-Identifier: Apache-2.0 */
#include "../base/check.h"
#include "codes.h"
#include "codes_facts.h"
#include "registrar_private.h"

/* RG-07 */
static void no_fault_is_answered_with_a_6xx_or_a_code_that_nobody_knows(void **state)
{
	(void)state;
	struct registrar r = { .s.expires_min_s = 60 };
	struct registration g = { .r = &r, .unsupported = STR("foo") };
	for (int fault = REGISTER_FINE + 1; fault < REGISTER_FAULTS; fault++) {
		struct str phrase;
		unsigned status = fault_answer(&g, fault, &phrase);
		assert_in_range(status, 400, 599);
		assert_non_null(codes_find(status));
		if (phrase.p)                   /* ours begins with the registered one */
			assert_true(str_starts(phrase, codes_phrase(status)));
	}
	buf_fini(&r.rows);
}

/* RG-02 RG-17 RG-33 */
static void a_fault_that_can_be_mended_says_how(void **state)
{
	static const struct { enum register_fault fault; unsigned status; const char *rows; } table[] = {
		{ REGISTER_EXTENSION, 420, "Unsupported: foo\r\n" },
		{ REGISTER_PATH_UNSUPPORTED, 420, "Unsupported: path\r\n" },
		{ REGISTER_TOO_BRIEF, 423, "Min-Expires: 60\r\n" },
		{ REGISTER_FIRST_HOP, 439, "" },
	};
	(void)state;
	struct registrar r = { .s.expires_min_s = 60 };
	struct registration g = { .r = &r, .unsupported = STR("foo") };
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str phrase;
		assert_int_equal(fault_answer(&g, table[i].fault, &phrase), table[i].status);
		assert_str(buf_str(&r.rows), table[i].rows);
	}
	buf_fini(&r.rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_fault_is_answered_with_a_6xx_or_a_code_that_nobody_knows),
		cmocka_unit_test(a_fault_that_can_be_mended_says_how),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
