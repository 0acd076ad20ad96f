/* SPDX-License-Identifier: Apache-2.0 */
#include "move_rules.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define ALLOW(x) { .prefix = STR_INIT(x) }
#define DENY(x)  { .prefix = STR_INIT(x), .deny = true }

static void names_are_all_there_and_each_once(void **state)
{
	(void)state;
	for (unsigned a = 0; a < MOVE_RULE_COUNT; a++) {
		assert_non_null(move_rule_name((enum move_rule)a));
		for (unsigned b = 0; b < a; b++)
			assert_string_not_equal(move_rule_name((enum move_rule)a), move_rule_name((enum move_rule)b));
	}
	assert_string_equal(move_rule_name(MOVE_RULE_PREMIUM), "target-premium");
	assert_true(move_rule_allows(MOVE_RULE_OWN_USER));
	assert_false(move_rule_allows(MOVE_RULE_PREMIUM));
	assert_false(move_rule_allows(MOVE_RULE_LEARNED));
}

static void nothing_is_allowed_at_first(void **state)
{
	(void)state;
	struct move_rules r;
	move_rules_init(&r);
	static const struct { const char *number; enum move_rule rule; } cases[] = {
		{ "112", MOVE_RULE_NUMBER_DENIED }, { "+74951234567", MOVE_RULE_INTERNATIONAL }, { "0074951234567", MOVE_RULE_INTERNATIONAL },
		{ "+19005550100", MOVE_RULE_PREMIUM }, { "09005550100", MOVE_RULE_PREMIUM }, { "01119005550100", MOVE_RULE_PREMIUM },
		{ "81019005550100", MOVE_RULE_PREMIUM }, { "+88213000", MOVE_RULE_PREMIUM },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(move_number_rule(&r, str_of(cases[i].number)), cases[i].rule);
}

static void longest_prefix_decides(void **state)
{
	(void)state;
	struct move_allowed to[] = {
		ALLOW(""), DENY("8"), ALLOW("8495"), ALLOW("+1"), DENY("00442"), ALLOW("01144"), ALLOW("+81"), DENY("+81"), DENY("+82"), ALLOW("+82"),
		ALLOW("+4470"),
	};
	struct move_rules r;
	move_rules_init(&r);
	r.to = to;
	r.to_count = sizeof to / sizeof *to;
	static const struct { const char *number; enum move_rule rule; } cases[] = {
		{ "5551234", MOVE_RULE_NUMBER_ALLOWED },                /* "": national */
		{ "+33123456789", MOVE_RULE_INTERNATIONAL },            /* and only that */
		{ "0033123456789", MOVE_RULE_INTERNATIONAL },
		{ "89161234567", MOVE_RULE_NUMBER_DENIED }, { "84951234567", MOVE_RULE_NUMBER_ALLOWED },
		{ "+12025550100", MOVE_RULE_NUMBER_ALLOWED }, { "0012025550100", MOVE_RULE_NUMBER_ALLOWED },
		{ "01112025550100", MOVE_RULE_NUMBER_ALLOWED }, { "81012025550100", MOVE_RULE_NUMBER_ALLOWED },
		{ "+19005550100", MOVE_RULE_PREMIUM },                  /* the country is allowed, that is not */
		{ "+18765550100", MOVE_RULE_PREMIUM },
		{ "09001234567", MOVE_RULE_PREMIUM },
		{ "+447012345", MOVE_RULE_NUMBER_ALLOWED },             /* named itself: equal, allowed wins */
		{ "+449012345", MOVE_RULE_PREMIUM }, { "+441632960000", MOVE_RULE_NUMBER_ALLOWED }, { "+442079460000", MOVE_RULE_NUMBER_DENIED },
		{ "+81312345678", MOVE_RULE_NUMBER_ALLOWED }, { "+82212345678", MOVE_RULE_NUMBER_ALLOWED },
		{ "", MOVE_RULE_NUMBER_ALLOWED },
		{ "1111111111111111111111111111111111111111111111111111111111111111111111", MOVE_RULE_NUMBER_DENIED },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
		if (move_number_rule(&r, str_of(cases[i].number)) != cases[i].rule)
			fail_msg("%s: %s", cases[i].number, move_rule_name(move_number_rule(&r, str_of(cases[i].number))));
}

struct world {
	char folder[64], path[100];
	struct policy policy;
	struct users *users;
	struct domain domains[2];
	struct str alias;
	struct move_rules rules;
	struct move_allowed to[4];
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	char why[300];
	strcpy(w->folder, "/tmp/sluice-rules-XXXXXX");
	if (!mkdtemp(w->folder))
		return -1;
	snprintf(w->path, sizeof w->path, "%s/users.db", w->folder);
	if (users_open(w->path, &w->users, why, sizeof why))
		return -1;
	struct str nick = STR("bobby");
	users_add(w->users, &(struct user){ .name = STR("bob"), .domain = STR("ours.example"), .ha1_md5 = STR("m"), .ha1_sha256 = STR("s"),
	                                    .aliases = &nick, .alias_count = 1 });
	users_add(w->users, &(struct user){ .name = STR("1001"), .domain = STR("ours.example"), .ha1_md5 = STR("m"), .ha1_sha256 = STR("s") });
	arena_init(&w->policy.arena, NULL, 0);
	w->alias = STR("192.0.2.1");
	w->domains[0] = (struct domain){ .name = STR("ours.example"), .aliases = &w->alias, .alias_count = 1 };
	w->domains[1] = (struct domain){ .name = STR("open.example"), .open_registration = true };
	w->policy.domains = w->domains;
	w->policy.domain_count = 2;
	policy_index(&w->policy);
	move_rules_init(&w->rules);
	w->to[0] = (struct move_allowed){ .domain = STR("partner.example") };
	w->to[1] = (struct move_allowed){ .domain = STR("*.group.example") };
	w->to[2] = (struct move_allowed){ .prefix = STR("+1202") };
	w->rules.to = w->to;
	w->rules.to_count = 3;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct world *w = *state;
	users_close(w->users);
	arena_fini(&w->policy.arena);
	for (unsigned i = 0; i < 3; i++) {
		char path[120];
		snprintf(path, sizeof path, "%s%s", w->path, ends[i]);
		unlink(path);
	}
	rmdir(w->folder);
	free(w);
	return 0;
}

static void target_is_judged(void **state)
{
	struct world *w = *state;
	enum { NO_PAYER = 1, SECURE = 2 };
	static const struct { const char *uri; enum move_rule rule; unsigned how; } cases[] = {
		{ "mailto:bob@ours.example", MOVE_RULE_SCHEME, 0 }, { "http://ours.example/", MOVE_RULE_SCHEME, 0 },
		{ "sip:bob@ours.example", MOVE_RULE_OWN_USER, 0 }, { "sip:bobby@192.0.2.1", MOVE_RULE_OWN_USER, NO_PAYER },
		{ "sip:%62ob@OURS.example.:5070", MOVE_RULE_OWN_USER, 0 }, { "sip:1001@ours.example", MOVE_RULE_OWN_USER, NO_PAYER },
		{ "sip:bob@ours.example", MOVE_RULE_SIPS, SECURE }, { "sips:bob@ours.example", MOVE_RULE_SIPS, 0 },
		{ "sips:bob@ours.example", MOVE_RULE_OWN_USER, SECURE }, { "tel:+12025550100", MOVE_RULE_SIPS, SECURE },
		{ "sip:nobody@ours.example", MOVE_RULE_NO_USER, 0 }, { "sip:ours.example", MOVE_RULE_NO_USER, 0 },
		{ "sip:+12025550100@ours.example", MOVE_RULE_NUMBER_ALLOWED, 0 }, { "sip:+12025550100@ours.example", MOVE_RULE_NO_PAYER, NO_PAYER },
		{ "sip:%2B12025550100@ours.example", MOVE_RULE_NUMBER_ALLOWED, 0 }, { "sip:+19005550100@ours.example", MOVE_RULE_PREMIUM, 0 },
		{ "sip:+1-900-5550100@ours.example;user=phone", MOVE_RULE_PREMIUM, 0 }, { "sip:+3315551234@ours.example", MOVE_RULE_INTERNATIONAL, 0 },
		{ "sip:2222@ours.example", MOVE_RULE_NUMBER_DENIED, 0 }, { "sip:any@open.example", MOVE_RULE_OWN_USER, 0 },
		{ "sip:+19005550100@open.example", MOVE_RULE_PREMIUM, 0 },
		{ "tel:+1-202-555-0100", MOVE_RULE_NUMBER_ALLOWED, 0 }, { "tel:+1-202-555-0100", MOVE_RULE_NO_PAYER, NO_PAYER },
		{ "tel:+1(900)5550100", MOVE_RULE_PREMIUM, 0 }, { "tel:*31%23", MOVE_RULE_MALFORMED, 0 }, { "tel:*31#;phone-context=x", MOVE_RULE_NUMBER_DENIED, 0 },
		{ "sip:x@partner.example", MOVE_RULE_DOMAIN_ALLOWED, NO_PAYER }, { "sip:x@Partner.Example.", MOVE_RULE_DOMAIN_ALLOWED, 0 },
		{ "sip:+19005550100@partner.example", MOVE_RULE_DOMAIN_ALLOWED, NO_PAYER },      /* that domain pays */
		{ "sip:x@a.partner.example", MOVE_RULE_DOMAIN_DENIED, 0 }, { "sip:x@a.group.example", MOVE_RULE_DOMAIN_ALLOWED, 0 },
		{ "sip:x@a.b.GROUP.example.", MOVE_RULE_DOMAIN_ALLOWED, 0 }, { "sip:x@group.example", MOVE_RULE_DOMAIN_DENIED, 0 },
		{ "sip:x@evilgroup.example", MOVE_RULE_DOMAIN_DENIED, 0 }, { "sip:x@127.0.0.1", MOVE_RULE_DOMAIN_DENIED, 0 },
		{ "sip:x@[::1]", MOVE_RULE_DOMAIN_DENIED, 0 }, { "sip:bob@ours.example;maddr=203.0.113.9", MOVE_RULE_DOMAIN_DENIED, 0 },
		{ "sip:x@partner.example;maddr=203.0.113.9", MOVE_RULE_DOMAIN_DENIED, 0 },
		{ "sip:x@partner.example;maddr=h.group.example", MOVE_RULE_DOMAIN_ALLOWED, 0 },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sip_uri uri;
		enum move_rule rule = !sip_uri_parse(str_of(cases[i].uri), &uri) ? MOVE_RULE_MALFORMED :
			move_target_rule(&w->rules, &w->policy, w->users, &uri, !(cases[i].how & NO_PAYER), cases[i].how & SECURE);
		if (rule != cases[i].rule)
			fail_msg("%s: %s", cases[i].uri, move_rule_name(rule));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_all_there_and_each_once), cmocka_unit_test(nothing_is_allowed_at_first),
		cmocka_unit_test(longest_prefix_decides), cmocka_unit_test_setup_teardown(target_is_judged, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
