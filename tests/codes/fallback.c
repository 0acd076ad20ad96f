/* SPDX-License-Identifier: Apache-2.0 */
/* A language that is hardly begun (partial.py): what it lacks is said in English, and marked. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "codes_show.h"

static unsigned xx(void)
{
	unsigned language = codes_language_find(STR("xx_YY.UTF-8"));
	assert_in_range(language, 1, codes_language_count - 1);
	assert_string_equal(codes_languages[language].name, "Xx");
	return language;
}

static void what_is_there_is_said_and_told_when_it_is_stale(void **state)
{
	(void)state;
	struct codes_said title = codes_text(430, KEY_TITLE, xx()), gloss = codes_text(430, KEY_GLOSS, xx());
	assert_true(str_eq(title.text, STR("xx of 430")));
	assert_false(title.fallback || title.stale);
	assert_true(str_eq(gloss.text, STR("xx gloss")));
	assert_true(gloss.stale && !gloss.fallback);
	assert_true(str_eq(codes_word(WORD_HEADING_WHEN, xx()), STR("xx when")));
}

static void what_is_missing_is_english(void **state)
{
	(void)state;
	struct codes_said about = codes_text(430, KEY_ABOUT, xx()), other = codes_text(301, KEY_TITLE, xx());
	assert_true(str_eq(about.text, codes_text(430, KEY_ABOUT, CODES_ENGLISH).text));
	assert_true(about.fallback && !about.stale);
	assert_true(str_eq(other.text, STR("Moved Permanently")));
	assert_true(codes_pair_text(301, 430, PAIR_VERDICT, xx()).fallback);
	assert_true(codes_gloss(GLOSSARY_Q850, STR("21"), xx()).fallback);
	assert_true(str_eq(codes_word(WORD_HEADING_TRAPS, xx()), codes_word(WORD_HEADING_TRAPS, CODES_ENGLISH)));
	struct codes_said nothing = codes_text(431, KEY_GLOSS, xx());
	assert_null(nothing.text.p);
	assert_false(nothing.fallback);
}

/* A reader sees which sentences are not in his language, and that some are old. */
static void a_page_says_what_it_lacks(void **state)
{
	struct page p;
	struct buf out = { 0 };
	(void)state;
	page_init(&p, xx());
	page_explain(&p, 430, &(struct explain_options){ 0 });
	page_show(&p, &(struct terminal){ .width = 80 }, &out);
	buf_byte(&out, '\0');
	assert_non_null(strstr(out.p, "xx gloss (translation older than the English text)"));
	assert_non_null(strstr(out.p, "(not translated yet)"));
	assert_non_null(strstr(out.p, "Some of this is not translated yet"));
	page_fini(&p);
	buf_fini(&out);
}

/* English is never marked. */
static void english_is_whole(void **state)
{
	(void)state;
	for (unsigned i = 0; i < codes_count; i++)
		for (unsigned key = 0; key < KEY_COUNT; key++) {
			struct codes_said said = codes_text(codes_table[i].status, key, CODES_ENGLISH);
			assert_false(said.fallback || said.stale);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_said_and_told_when_it_is_stale),
		cmocka_unit_test(what_is_missing_is_english),
		cmocka_unit_test(a_page_says_what_it_lacks),
		cmocka_unit_test(english_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
