/* SPDX-License-Identifier: Apache-2.0 */
/* move_rules.h - what may be done with a redirect: whose word counts, and where it may lead.
 *
 * A 3xx that is believed blindly is a trap door: it makes calls at somebody else's cost. So each decision here is a named rule, which the log,
 * `sluice move test` and `sluice move why` tell. Pure functions over immutable settings. RFC 3261 §16.5, §21.3, §26.1.2. */
#ifndef SLUICE_MOVE_RULES_H
#define SLUICE_MOVE_RULES_H

#include "policy.h"
#include "users.h"

/* What becomes of the redirects of one kind of source. */
enum move_mode {
	MOVE_MODE_PASS,                 /* the caller gets the 3xx */
	MOVE_MODE_FOLLOW,               /* this call goes on to its targets */
	MOVE_MODE_LEARN,                /* and a 301 is remembered */
	MOVE_MODE_ASK                   /* the caller gets the 3xx; a 301 is written down for the operator to pin */
};
enum move_history { MOVE_HISTORY_ASKED, MOVE_HISTORY_ALWAYS, MOVE_HISTORY_NEVER };

/* Where redirects may lead besides the users of our own domains. One of both. */
struct move_allowed {
	struct str domain;              /* lower case; "*.example.net": every name below; n == 0: by number */
	struct str prefix;              /* digits, perhaps with '+' or an international "00" in front; "" is every national number */
	bool deny;                      /* the number is denied; of allowed and denied ones the longest prefix decides, `allow` of equal ones */
};
struct move_rules {
	enum move_mode phones;          /* the user's own phone, over a flow or Path that he registered with credentials [follow] */
	enum move_mode domains;         /* the domain of the address, over verified TLS from its own next hop [pass] */
	enum move_mode others;          /* gateways, strangers, whatever cannot be told [pass] */
	uint32_t keep_s;                /* a learned move lives at most so long [30 d] */
	uint32_t keep_phone_s;          /* one that a phone taught [24 h] */
	unsigned depth;                 /* redirects one behind the other [5]; at most 5 */
	unsigned contacts;              /* targets that redirects and moves add to one request [16] */
	int64_t time_ms;                /* nothing is followed later than this after the request came [120000] */
	enum move_history history;      /* RFC 7044 [asked: the request has History-Info, or Supported: histinfo] */
	struct move_allowed *to;
	unsigned to_count;
};
void move_rules_init(struct move_rules *r);

/* The rules. Names and reasons stand in one table (rules.c, texts of the command): move_rule_name gives "target-premium". */
enum move_rule {
	/* of an entry */
	MOVE_RULE_NONE,                 /* nobody moved */
	MOVE_RULE_TOLD,                 /* an entry tells the caller */
	MOVE_RULE_PROXIED,              /* the operator's entry leads the call */
	MOVE_RULE_LEARNED,              /* a learned entry leads the call */
	MOVE_RULE_GONE,
	MOVE_RULE_SUSPENDED, MOVE_RULE_DOUBTED, MOVE_RULE_WAITING,      /* an entry that is not used */
	MOVE_RULE_GRUU,                 /* an address of one phone is not moved (RFC 5627 §6.1) */
	MOVE_RULE_FALLBACK,             /* the targets of a learned entry failed: the old address is tried */
	/* of the one who says 3xx */
	MOVE_RULE_PHONE, MOVE_RULE_DOMAIN, MOVE_RULE_OTHER,     /* by the mode of its source */
	MOVE_RULE_UNPROVEN,             /* a phone whose registration asked for no credentials, a domain without verified TLS */
	MOVE_RULE_NOT_OURS,             /* we are not responsible for the address: RFC 3261 §16.5 */
	MOVE_RULE_CODE,                 /* only 300, 301 and 302 are acted on */
	MOVE_RULE_DIALOG,               /* a request in a dialog, or a REGISTER */
	MOVE_RULE_NO_CONTACT,           /* no usable Contact at all */
	/* of remembering */
	MOVE_RULE_KEPT,                 /* remembered */
	MOVE_RULE_ASK,                  /* written down, waits for the operator */
	MOVE_RULE_NO_LIFETIME,          /* a 302 without lifetime, a 300: used once */
	MOVE_RULE_OTHER_PHONES,         /* the address has other phones: one of them does not speak for all */
	MOVE_RULE_OPERATORS,            /* the operator has an entry */
	MOVE_RULE_LOOP,                 /* it would lead back */
	MOVE_RULE_FULL,                 /* too many were learned */
	MOVE_RULE_CLEARED,              /* expires=0: the entry is gone */
	/* of a target */
	MOVE_RULE_OWN_USER, MOVE_RULE_DOMAIN_ALLOWED, MOVE_RULE_NUMBER_ALLOWED, MOVE_RULE_OPERATOR_SAID,        /* allowed */
	MOVE_RULE_DOMAIN_DENIED, MOVE_RULE_NUMBER_DENIED, MOVE_RULE_PREMIUM, MOVE_RULE_INTERNATIONAL,
	MOVE_RULE_NO_USER,              /* a domain of ours, but nobody of this name */
	MOVE_RULE_NO_PAYER,             /* numbers are called in the name of a user of ours only */
	MOVE_RULE_SCHEME,               /* neither sip, sips nor tel */
	MOVE_RULE_SIPS,                 /* between sip and sips: RFC 5630 §5.3 */
	MOVE_RULE_MALFORMED,
	MOVE_RULE_SEEN,                 /* this request has been there */
	MOVE_RULE_DEPTH, MOVE_RULE_CONTACTS, MOVE_RULE_TIME,    /* the request's budget */
	MOVE_RULE_COUNT
};
const char *move_rule_name(enum move_rule rule);
/* True: a target by this rule is gone to. */
bool move_rule_allows(enum move_rule rule);

/* May a redirect lead there? `payer`: the one who redirects is a user of ours, in whose name numbers are called. `secure`: the request is
 * for a sips URI. In this order: scheme, sips, own domain (user, number), number at a tel URI, other domain. A number at an allowed foreign
 * domain is that domain's to pay: only its domain counts. */
enum move_rule move_target_rule(const struct move_rules *r, const struct policy *p, struct users *users, const struct sip_uri *target,
                                bool payer, bool secure);
/* What a number is by the longest prefix, "00", "011" and "810" in front read like '+'. MOVE_RULE_NUMBER_ALLOWED, _DENIED, PREMIUM
 * (a list of premium and other costly prefixes of the world is denied), INTERNATIONAL. */
enum move_rule move_number_rule(const struct move_rules *r, struct str number);

#endif
