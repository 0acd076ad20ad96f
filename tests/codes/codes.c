/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "codes.h"
#include "codes_facts.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void assert_text(struct str got, const char *expected)
{
	assert_int_equal(got.n, strlen(expected));
	assert_memory_equal(got.p, expected, got.n);
}

static void the_table_holds_all_registered_codes_in_ascending_order(void **state)
{
	static const unsigned registered[] = {
		100, 180, 181, 182, 183, 199, 200, 202, 204, 300, 301, 302, 305, 380, 400, 401, 402, 403, 404,
		405, 406, 407, 408, 410, 412, 413, 414, 415, 416, 417, 420, 421, 422, 423, 424, 425, 428, 429,
		430, 433, 436, 437, 438, 439, 440, 469, 470, 480, 481, 482, 483, 484, 485, 486, 487, 488, 489,
		491, 493, 494, 500, 501, 502, 503, 504, 505, 513, 555, 580, 600, 603, 604, 606, 607, 608,
	};
	unsigned at = 0;
	(void)state;
	assert_int_equal(COUNT(registered), 75);
	for (size_t i = 0; i < COUNT(registered); i++) {
		at = codes_next(at);
		assert_int_equal(at, registered[i]);
	}
	assert_int_equal(codes_next(at), 0);
}

/* The binary search finds every row that the walk sees. */
static void every_code_has_a_phrase_and_a_source(void **state)
{
	(void)state;
	for (unsigned at = codes_next(0); at; at = codes_next(at)) {
		const struct code *code = codes_find(at);
		assert_non_null(code);
		assert_int_equal(code->status, at);
		assert_true(code->phrase.n > 1 && code->phrase.n < 60);
		assert_true(str_eq(str_trim(code->phrase), code->phrase));
		assert_true(code->source.rfc >= 3261 && code->source.section);
	}
}

static void phrases_and_sources_are_those_of_the_registry(void **state)
{
	static const struct { unsigned status; const char *phrase; unsigned rfc; const char *section; } t[] = {
		{ 100, "Trying", 3261, "21.1.1" },
		{ 202, "Accepted", 6665, "8.3.1" },
		{ 301, "Moved Permanently", 3261, "21.3.2" },
		{ 430, "Flow Failed", 5626, "11.5" },
		{ 439, "First Hop Lacks Outbound Support", 5626, "11.6" },
		{ 440, "Max-Breadth Exceeded", 5393, "5.3.3" },
		{ 504, "Server Time-out", 3261, "21.5.5" },
		{ 608, "Rejected", 8688, "3.1" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		assert_text(codes_phrase(t[i].status), t[i].phrase);
		assert_int_equal(codes_find(t[i].status)->source.rfc, t[i].rfc);
		assert_string_equal(codes_find(t[i].status)->source.section, t[i].section);
	}
}

static void an_unknown_code_is_named_after_what_it_is_treated_as(void **state)
{
	static const struct { unsigned status; const char *phrase; } t[] = {
		{ 101, "Session Progress" }, { 299, "OK" }, { 399, "Multiple Choices" }, { 499, "Bad Request" },
		{ 599, "Server Internal Error" }, { 699, "Busy Everywhere" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		assert_text(codes_phrase(t[i].status), t[i].phrase);
		assert_null(codes_find(t[i].status));
	}
}

static void what_is_no_status_has_no_phrase(void **state)
{
	static const unsigned t[] = { 0, 1, 99, 700, 999, 4294967295u };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		assert_null(codes_phrase(t[i]).p);
		assert_null(codes_treated_as(t[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_holds_all_registered_codes_in_ascending_order),
		cmocka_unit_test(every_code_has_a_phrase_and_a_source),
		cmocka_unit_test(phrases_and_sources_are_those_of_the_registry),
		cmocka_unit_test(an_unknown_code_is_named_after_what_it_is_treated_as),
		cmocka_unit_test(what_is_no_status_has_no_phrase),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
