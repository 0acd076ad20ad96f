/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include <errno.h>
#include <stdlib.h>

static void a_word_has_the_form_that_goes_with_its_number(void **state)
{
	static const struct { int64_t n; const char *en, *ru; } t[] = {
		{ 0, "0 days", "0 дней" }, { 1, "1 day", "1 день" }, { 2, "2 days", "2 дня" }, { 4, "4 days", "4 дня" },
		{ 5, "5 days", "5 дней" }, { 11, "11 days", "11 дней" }, { 12, "12 days", "12 дней" }, { 21, "21 days", "21 день" },
		{ 22, "22 days", "22 дня" }, { 25, "25 days", "25 дней" }, { 111, "111 days", "111 дней" }, { 101, "101 days", "101 день" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct say en = { .language = LANGUAGE_EN }, ru = { .language = LANGUAGE_RU };
		text_time_d(&en, t[i].n);
		text_time_d(&ru, t[i].n);
		assert_str(buf_str(&en.out), t[i].en);
		assert_str(buf_str(&ru.out), t[i].ru);
		say_fini(&en);
		say_fini(&ru);
	}
}

static void a_placeholder_is_replaced_wherever_it_stands(void **state)
{
	struct say s = { .language = LANGUAGE_EN };
	(void)state;
	text_config_unknown(&s, STR("lisen"), STR("server"));
	assert_str(buf_str(&s.out), "unknown setting 'lisen' in 'server'");
	say_fini(&s);
}

/* A text from outside may look like a placeholder; it is put in as it is. */
static void a_value_is_no_text_of_the_catalogue(void **state)
{
	struct say s = { .language = LANGUAGE_EN };
	(void)state;
	text_config_unknown_section(&s, STR("{name} %s"));
	assert_str(buf_str(&s.out), "unknown section '{name} %s'");
	say_fini(&s);
}

static void every_text_is_there_in_both_languages(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TEXT_COUNT; i++)
		if (!texts_en[i] || !texts_ru[i])
			fail_msg("text %u (%s)", i, texts_en[i] ? texts_en[i] : "");
}

static void the_language_is_that_of_the_environment(void **state)
{
	static const struct { const char *all, *messages, *lang; enum language language; } t[] = {
		{ NULL, NULL, NULL, LANGUAGE_EN }, { NULL, NULL, "ru_RU.UTF-8", LANGUAGE_RU }, { NULL, NULL, "C", LANGUAGE_EN },
		{ NULL, "ru", "en_US", LANGUAGE_RU }, { "C", "ru", "ru", LANGUAGE_EN }, { "", "", "ru", LANGUAGE_RU },
		{ NULL, NULL, "run", LANGUAGE_EN }, { NULL, NULL, "ru.KOI8-R", LANGUAGE_RU }, { NULL, NULL, "de_DE", LANGUAGE_EN },
	};
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const char *const values[] = { t[i].all, t[i].messages, t[i].lang };
		for (size_t n = 0; n < COUNT(names); n++)
			if (values[n])
				setenv(names[n], values[n], 1);
			else
				unsetenv(names[n]);
		assert_int_equal(language_of_environment(), t[i].language);
	}
}

static void a_time_is_told_in_a_unit_that_a_person_would_choose(void **state)
{
	static const struct { int64_t ms; const char *rounded, *exact; } t[] = {
		{ 500, "500 ms", "500 ms" }, { 1000, "1 s", "1 s" }, { 1500, "1 s", "1500 ms" }, { 90000, "90 s", "90 s" },
		{ 119999, "119 s", "119999 ms" }, { 300000, "5 min", "5 min" }, { 7200000, "2 h", "2 h" }, { 86400000, "24 h", "1 day" },
		{ 172800000, "2 days", "2 days" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct say a = { .language = LANGUAGE_EN }, b = a;
		say_duration(&a, t[i].ms);
		say_duration_exact(&b, t[i].ms);
		assert_str(buf_str(&a.out), t[i].rounded);
		assert_str(buf_str(&b.out), t[i].exact);
		say_fini(&a);
		say_fini(&b);
	}
}

static void what_the_system_says_is_said_in_both_languages(void **state)
{
	static const int errors[] = { -ENOENT, -EACCES, -EPERM, -ENOTDIR, -EISDIR, -EROFS, -ENOSPC, -EFBIG, ERRNO_NOT_PEM, ERRNO_EMPTY };
	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++)
		assert_false(str_eq(errno_text(LANGUAGE_EN, errors[i]), errno_text(LANGUAGE_RU, errors[i])));
	assert_str(errno_text(LANGUAGE_EN, -ENOENT), "there is no such file or folder");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_has_the_form_that_goes_with_its_number),
		cmocka_unit_test(a_placeholder_is_replaced_wherever_it_stands),
		cmocka_unit_test(a_value_is_no_text_of_the_catalogue),
		cmocka_unit_test(every_text_is_there_in_both_languages),
		cmocka_unit_test(the_language_is_that_of_the_environment),
		cmocka_unit_test(a_time_is_told_in_a_unit_that_a_person_would_choose),
		cmocka_unit_test(what_the_system_says_is_said_in_both_languages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
