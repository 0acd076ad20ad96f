/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - the rules of redirects, by name. */
#include "move_rules.h"

void move_rules_init(struct move_rules *r)
{
	*r = (struct move_rules){
		.phones = MOVE_MODE_FOLLOW, .keep_s = 30 * 86400, .keep_phone_s = 86400, .depth = 5, .contacts = 16, .time_ms = 120000,
	};
}

static const struct {
	const char *name;
	bool allows;
} rules[MOVE_RULE_COUNT] = {
	[MOVE_RULE_NONE] = { "entry-none", false },
	[MOVE_RULE_TOLD] = { "entry-told", false },
	[MOVE_RULE_PROXIED] = { "entry-proxied", false },
	[MOVE_RULE_LEARNED] = { "entry-learned", false },
	[MOVE_RULE_GONE] = { "entry-gone", false },
	[MOVE_RULE_SUSPENDED] = { "entry-suspended", false },
	[MOVE_RULE_DOUBTED] = { "entry-doubted", false },
	[MOVE_RULE_WAITING] = { "entry-waiting", false },
	[MOVE_RULE_GRUU] = { "entry-gruu", false },
	[MOVE_RULE_FALLBACK] = { "entry-fallback", false },
	[MOVE_RULE_PHONE] = { "source-phone", false },
	[MOVE_RULE_DOMAIN] = { "source-domain", false },
	[MOVE_RULE_OTHER] = { "source-other", false },
	[MOVE_RULE_UNPROVEN] = { "source-unproven", false },
	[MOVE_RULE_NOT_OURS] = { "source-not-ours", false },
	[MOVE_RULE_CODE] = { "source-code", false },
	[MOVE_RULE_DIALOG] = { "source-dialog", false },
	[MOVE_RULE_NO_CONTACT] = { "source-no-contact", false },
	[MOVE_RULE_KEPT] = { "learn-kept", false },
	[MOVE_RULE_ASK] = { "learn-ask", false },
	[MOVE_RULE_NO_LIFETIME] = { "learn-no-lifetime", false },
	[MOVE_RULE_OTHER_PHONES] = { "learn-other-phones", false },
	[MOVE_RULE_OPERATORS] = { "learn-operators", false },
	[MOVE_RULE_LOOP] = { "learn-loop", false },
	[MOVE_RULE_FULL] = { "learn-full", false },
	[MOVE_RULE_CLEARED] = { "learn-cleared", false },
	[MOVE_RULE_OWN_USER] = { "target-own-user", true },
	[MOVE_RULE_DOMAIN_ALLOWED] = { "target-domain-allowed", true },
	[MOVE_RULE_NUMBER_ALLOWED] = { "target-number-allowed", true },
	[MOVE_RULE_OPERATOR_SAID] = { "target-operator-said", true },
	[MOVE_RULE_DOMAIN_DENIED] = { "target-domain-denied", false },
	[MOVE_RULE_NUMBER_DENIED] = { "target-number-denied", false },
	[MOVE_RULE_PREMIUM] = { "target-premium", false },
	[MOVE_RULE_INTERNATIONAL] = { "target-international", false },
	[MOVE_RULE_NO_USER] = { "target-no-user", false },
	[MOVE_RULE_NO_PAYER] = { "target-no-payer", false },
	[MOVE_RULE_SCHEME] = { "target-scheme", false },
	[MOVE_RULE_SIPS] = { "target-sips", false },
	[MOVE_RULE_MALFORMED] = { "target-malformed", false },
	[MOVE_RULE_SEEN] = { "target-seen", false },
	[MOVE_RULE_DEPTH] = { "target-depth", false },
	[MOVE_RULE_CONTACTS] = { "target-contacts", false },
	[MOVE_RULE_TIME] = { "target-time", false },
};

const char *move_rule_name(enum move_rule rule)
{
	return rules[rule].name;
}

bool move_rule_allows(enum move_rule rule)
{
	return rules[rule].allows;
}
