/* SPDX-License-Identifier: Apache-2.0 */
#include "../base/check.h"
#include "tries.h"
#include <stdio.h>

#define NOW 777000

static struct addr at(const char *text)
{
	struct addr a;
	assert_true(addr_parse(str_of(text), 5060, &a));
	return a;
}

static void wrong(struct tries *t, const char *source, const char *name, int times)
{
	struct addr a = at(source);
	while (times--)
		tries_wrong(t, &a, str_of(name), NOW);
}

static bool blocked(struct tries *t, const char *source, const char *name)
{
	struct addr a = at(source);
	return tries_blocked(t, &a, str_of(name), NOW);
}

/* AU-15 */
static void a_source_is_blocked_for_the_name_that_it_guesses_at(void **state)
{
	(void)state;
	struct tries *t = tries_new(30);
	wrong(t, "192.0.2.1:5060", "alice", 29);
	assert_false(blocked(t, "192.0.2.1:5060", "alice"));
	wrong(t, "192.0.2.1:9999", "alice", 1);         /* the port makes no difference */
	assert_true(blocked(t, "192.0.2.1:1234", "alice"));
	assert_false(blocked(t, "192.0.2.1:5060", "bob"));      /* the house has other phones */
	assert_false(blocked(t, "192.0.2.2:5060", "alice"));    /* nobody locks alice out from elsewhere */
	tries_free(t);
}

/* AU-15 */
static void a_source_that_guesses_at_everybody_is_blocked_altogether(void **state)
{
	(void)state;
	struct tries *t = tries_new(30);
	for (int i = 0; i < 300; i++) {
		char name[16];
		snprintf(name, sizeof name, "user%d", i);
		assert_false(blocked(t, "192.0.2.1:5060", "alice"));
		wrong(t, "192.0.2.1:5060", name, 1);
	}
	assert_true(blocked(t, "192.0.2.1:5060", "alice"));
	assert_false(blocked(t, "192.0.2.2:5060", "alice"));
	tries_free(t);
}

static void an_ipv6_host_counts_by_its_64(void **state)
{
	(void)state;
	struct tries *t = tries_new(3);
	wrong(t, "[2001:db8:1:1::1]:5060", "alice", 3);
	assert_true(blocked(t, "[2001:db8:1:1:ffff::2]:5060", "alice"));
	assert_false(blocked(t, "[2001:db8:1:2::1]:5060", "alice"));
	tries_free(t);
}

static void the_block_ends_with_its_minute(void **state)
{
	(void)state;
	struct tries *t = tries_new(3);
	struct addr a = at("192.0.2.1");
	wrong(t, "192.0.2.1", "alice", 3);
	assert_true(tries_blocked(t, &a, STR("alice"), NOW + 59999));
	assert_false(tries_blocked(t, &a, STR("alice"), NOW + 60000));
	tries_wrong(t, &a, STR("alice"), NOW + 60000);
	assert_false(tries_blocked(t, &a, STR("alice"), NOW + 60001));
	tries_free(t);
}

static void a_flood_of_names_does_not_wash_out_the_guilty(void **state)
{
	(void)state;
	struct tries *t = tries_new(3);
	wrong(t, "192.0.2.1", "alice", 3);
	for (int i = 0; i < 50000; i++) {
		char source[32];
		snprintf(source, sizeof source, "10.%d.%d.1", i >> 8, i & 255);
		wrong(t, source, "bob", 1);
	}
	assert_true(blocked(t, "192.0.2.1", "alice"));
	tries_free(t);
}

static void without_a_limit_nobody_is_blocked(void **state)
{
	(void)state;
	struct tries *t = tries_new(0);
	wrong(t, "192.0.2.1", "alice", 1000);
	assert_false(blocked(t, "192.0.2.1", "alice"));
	tries_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_is_blocked_for_the_name_that_it_guesses_at),
		cmocka_unit_test(a_source_that_guesses_at_everybody_is_blocked_altogether),
		cmocka_unit_test(an_ipv6_host_counts_by_its_64),
		cmocka_unit_test(the_block_ends_with_its_minute),
		cmocka_unit_test(a_flood_of_names_does_not_wash_out_the_guilty),
		cmocka_unit_test(without_a_limit_nobody_is_blocked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
