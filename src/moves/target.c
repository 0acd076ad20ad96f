/* SPDX-License-Identifier: Apache-2.0 */
/* target.c - may a redirect lead there? */
#include "aor.h"
#include "move_rules.h"
#include "premium.h"

#define DIGITS_MAX 64           /* no number that can be called is as long */

/* "+..." for an international number however it is dialled; in room, or the number itself. */
static struct str international(struct str number, char room[DIGITS_MAX])
{
	static const struct str dialled[] = { STR_INIT("00"), STR_INIT("011"), STR_INIT("810") };
	for (unsigned i = 0; i < sizeof dialled / sizeof *dialled; i++) {
		if (!str_starts(number, dialled[i]) || number.n - dialled[i].n >= DIGITS_MAX)
			continue;
		room[0] = '+';
		memcpy(room + 1, number.p + dialled[i].n, number.n - dialled[i].n);
		return (struct str){ room, number.n - dialled[i].n + 1 };
	}
	return number;
}

static bool is_international(struct str number)
{
	return number.n && number.p[0] == '+';
}

/* "" is every national number, so it is no prefix of an international one. */
static bool fits(struct str number, struct str prefix)
{
	return str_starts(number, prefix) && (prefix.n || !is_international(number));
}

enum move_rule move_number_rule(const struct move_rules *r, struct str number)
{
	char number_room[DIGITS_MAX], prefix_room[DIGITS_MAX];
	if (number.n > DIGITS_MAX)
		return MOVE_RULE_NUMBER_DENIED;
	number = international(number, number_room);
	enum move_rule rule = is_international(number) ? MOVE_RULE_INTERNATIONAL : MOVE_RULE_NUMBER_DENIED;
	size_t longest = premium_prefix(number);
	if (longest)
		rule = MOVE_RULE_PREMIUM;
	for (unsigned i = 0; i < r->to_count; i++) {
		const struct move_allowed *to = &r->to[i];
		struct str prefix = international(to->prefix, prefix_room);
		if (to->domain.n || !fits(number, prefix) || prefix.n < longest)
			continue;
		if (prefix.n == longest && rule == MOVE_RULE_NUMBER_ALLOWED)
			continue;
		longest = prefix.n;
		rule = to->deny ? MOVE_RULE_NUMBER_DENIED : MOVE_RULE_NUMBER_ALLOWED;
	}
	return rule;
}

/* "*.example.net" is every name below, and not example.net. */
static bool domain_fits(struct str host, struct str domain)
{
	if (!str_starts(domain, STR("*.")))
		return sip_host_equal(host, domain);
	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	struct str below = { domain.p + 1, domain.n - 1 };
	return host.n > below.n && str_ieq((struct str){ host.p + host.n - below.n, below.n }, below);
}

static enum move_rule domain_rule(const struct move_rules *r, struct str host)
{
	for (unsigned i = 0; i < r->to_count; i++)
		if (r->to[i].domain.n && domain_fits(host, r->to[i].domain))
			return MOVE_RULE_DOMAIN_ALLOWED;
	return MOVE_RULE_DOMAIN_DENIED;
}

static enum move_rule paid_number(const struct move_rules *r, struct str number, bool payer)
{
	return payer ? move_number_rule(r, number) : MOVE_RULE_NO_PAYER;
}

static enum move_rule own_domain_rule(const struct move_rules *r, const struct domain *d, struct users *users, const struct sip_uri *target,
                                      bool payer, struct arena *arena)
{
	struct user user;
	struct str key, number;
	enum aor_owner owner = aor_find(users, d, target, arena, &user, &key);
	if (owner == AOR_USER)
		return MOVE_RULE_OWN_USER;
	if (policy_number(target, arena, &number))
		return paid_number(r, number, payer);
	return owner == AOR_NOBODY && d->open_registration ? MOVE_RULE_OWN_USER : MOVE_RULE_NO_USER;
}

static enum move_rule judge(const struct move_rules *r, const struct policy *p, struct users *users, const struct sip_uri *target,
                            bool payer, struct arena *arena)
{
	struct str number;
	if (target->scheme == SIP_SCHEME_TEL)
		return policy_number(target, arena, &number) ? paid_number(r, number, payer) : MOVE_RULE_NUMBER_DENIED;
	const struct domain *d = policy_domain(p, target->host);
	return d ? own_domain_rule(r, d, users, target, payer, arena) : domain_rule(r, target->host);
}

enum move_rule move_target_rule(const struct move_rules *r, const struct policy *p, struct users *users, const struct sip_uri *target,
                                bool payer, bool secure)
{
	if (target->scheme == SIP_SCHEME_OTHER)
		return MOVE_RULE_SCHEME;
	/* A tel URI cannot keep what sips promises either. RFC 5630 §5.3 (RD-40) */
	if (secure != (target->scheme == SIP_SCHEME_SIPS))
		return MOVE_RULE_SIPS;
	/* The request would go there, whatever the host says. RFC 3261 §16.6 step 7 */
	if (target->maddr.n && domain_rule(r, target->maddr) == MOVE_RULE_DOMAIN_DENIED)
		return MOVE_RULE_DOMAIN_DENIED;
	char memory[1024];
	struct arena arena;
	arena_init(&arena, memory, sizeof memory);
	enum move_rule rule = judge(r, p, users, target, payer, &arena);
	arena_fini(&arena);
	return rule;
}
