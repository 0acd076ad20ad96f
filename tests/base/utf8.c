/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "utf8.h"

static void a_text_is_as_wide_as_its_characters(void **state)
{
	static const struct { const char *text; unsigned width; } t[] = {
		{ "", 0 }, { "abc", 3 }, { "\xd0\xb9\xd1\x91", 2 },          /* й ё */
		{ "\xd0\xb8\xcc\x86", 1 },                                  /* и and a combining breve */
		{ "\xe6\xbc\xa2\xe5\xad\x97", 4 },                          /* two ideographs */
		{ "\xf0\x9f\x93\x9e", 2 },                                  /* a telephone */
		{ "\xe2\x80\x94", 1 }, { "\xff", 1 },                        /* a dash; a broken byte is shown as one sign */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(utf8_width((struct str){ t[i].text, strlen(t[i].text) }), t[i].width);
}

/* A byte that begins nothing is one broken character, however many of its kind follow. */
static void broken_bytes_are_one_character_each(void **state)
{
	static const char *const t[] = { "\x80", "\xae\xae\xae\xae\xae\xae\xae\xae\xae\xae\xae\xae\xae", "\xff\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
		"\xc0\x80", "\xf8\x88\x80\x80\x80", "\xed\xa0\x80" };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct str rest = { t[i], strlen(t[i]) };
		uint32_t c;
		size_t seen = 0;
		for (; utf8_next(&rest, &c); seen++)
			assert_int_equal(c, 0xfffd);
		assert_int_equal(seen, strlen(t[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_text_is_as_wide_as_its_characters), cmocka_unit_test(broken_bytes_are_one_character_each) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
