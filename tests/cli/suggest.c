/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "suggest.h"

static struct str best_of(const char *wrong)
{
	static const char *const names[] = { "listen", "domains", "timers", "timer", "tls", "key", "max_contacts", "t1", "t2" };
	struct suggestion s = suggest_for(str_of(wrong));
	for (size_t i = 0; i < COUNT(names); i++)
		suggest_offer(&s, str_of(names[i]));
	return s.best;
}

static void a_slip_of_the_keys_finds_the_name(void **state)
{
	static const struct { const char *wrong, *best; } t[] = {
		{ "lisen", "listen" }, { "listten", "listen" }, { "litsen", "listen" }, { "domain", "domains" }, { "max_contact", "max_contacts" },
		{ "maxcontacts", "max_contacts" }, { "timrs", "timers" }, { "tsl", "tls" }, { "kye", "key" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		assert_str(best_of(t[i].wrong), t[i].best);
}

static void the_nearest_name_wins(void **state)
{
	(void)state;
	assert_str(best_of("timer"), "timer");
	assert_str(best_of("timerss"), "timers");
}

static void another_word_is_no_slip(void **state)
{
	static const char *const t[] = { "", "x", "colour", "database", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (best_of(t[i]).n)
			fail_msg("%s: %.*s", t[i], STR_FMT(best_of(t[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slip_of_the_keys_finds_the_name),
		cmocka_unit_test(the_nearest_name_wins),
		cmocka_unit_test(another_word_is_no_slip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
