/* SPDX-License-Identifier: Apache-2.0 */
/* command_move_why.c - sluice move why: what a rule of the log means, or why calls to an address go where they go. */
#include "cells.h"
#include "command_move.h"
#include <stdlib.h>

static const unsigned rule_texts[MOVE_RULE_COUNT] = {
	[MOVE_RULE_NONE] = TEXT_RULE_NONE,
	[MOVE_RULE_TOLD] = TEXT_RULE_TOLD,
	[MOVE_RULE_PROXIED] = TEXT_RULE_PROXIED,
	[MOVE_RULE_LEARNED] = TEXT_RULE_LEARNED,
	[MOVE_RULE_GONE] = TEXT_RULE_GONE,
	[MOVE_RULE_SUSPENDED] = TEXT_RULE_SUSPENDED,
	[MOVE_RULE_DOUBTED] = TEXT_RULE_DOUBTED,
	[MOVE_RULE_WAITING] = TEXT_RULE_WAITING,
	[MOVE_RULE_GRUU] = TEXT_RULE_GRUU,
	[MOVE_RULE_FALLBACK] = TEXT_RULE_FALLBACK,
	[MOVE_RULE_PHONE] = TEXT_RULE_PHONE,
	[MOVE_RULE_DOMAIN] = TEXT_RULE_DOMAIN,
	[MOVE_RULE_OTHER] = TEXT_RULE_OTHER,
	[MOVE_RULE_UNPROVEN] = TEXT_RULE_UNPROVEN,
	[MOVE_RULE_NOT_OURS] = TEXT_RULE_NOT_OURS,
	[MOVE_RULE_CODE] = TEXT_RULE_CODE,
	[MOVE_RULE_DIALOG] = TEXT_RULE_DIALOG,
	[MOVE_RULE_NO_CONTACT] = TEXT_RULE_NO_CONTACT,
	[MOVE_RULE_KEPT] = TEXT_RULE_KEPT,
	[MOVE_RULE_ASK] = TEXT_RULE_ASK,
	[MOVE_RULE_NO_LIFETIME] = TEXT_RULE_NO_LIFETIME,
	[MOVE_RULE_OTHER_PHONES] = TEXT_RULE_OTHER_PHONES,
	[MOVE_RULE_OPERATORS] = TEXT_RULE_OPERATORS,
	[MOVE_RULE_LOOP] = TEXT_RULE_LOOP,
	[MOVE_RULE_FULL] = TEXT_RULE_FULL,
	[MOVE_RULE_CLEARED] = TEXT_RULE_CLEARED,
	[MOVE_RULE_OWN_USER] = TEXT_RULE_OWN_USER,
	[MOVE_RULE_DOMAIN_ALLOWED] = TEXT_RULE_DOMAIN_ALLOWED,
	[MOVE_RULE_NUMBER_ALLOWED] = TEXT_RULE_NUMBER_ALLOWED,
	[MOVE_RULE_OPERATOR_SAID] = TEXT_RULE_OPERATOR_SAID,
	[MOVE_RULE_DOMAIN_DENIED] = TEXT_RULE_DOMAIN_DENIED,
	[MOVE_RULE_NUMBER_DENIED] = TEXT_RULE_NUMBER_DENIED,
	[MOVE_RULE_PREMIUM] = TEXT_RULE_PREMIUM,
	[MOVE_RULE_INTERNATIONAL] = TEXT_RULE_INTERNATIONAL,
	[MOVE_RULE_NO_USER] = TEXT_RULE_NO_USER,
	[MOVE_RULE_NO_PAYER] = TEXT_RULE_NO_PAYER,
	[MOVE_RULE_SCHEME] = TEXT_RULE_SCHEME,
	[MOVE_RULE_SIPS] = TEXT_RULE_SIPS,
	[MOVE_RULE_MALFORMED] = TEXT_RULE_MALFORMED,
	[MOVE_RULE_SEEN] = TEXT_RULE_SEEN,
	[MOVE_RULE_DEPTH] = TEXT_RULE_DEPTH,
	[MOVE_RULE_CONTACTS] = TEXT_RULE_CONTACTS,
	[MOVE_RULE_TIME] = TEXT_RULE_TIME,
};

enum move_rule move_rule_named(struct str name)
{
	for (unsigned rule = 0; rule < MOVE_RULE_COUNT; rule++)
		if (str_eq(name, str_of(move_rule_name((enum move_rule)rule))))
			return (enum move_rule)rule;
	return MOVE_RULE_COUNT;
}

void move_say_rule(struct say *s, unsigned rule)
{
	buf_printf(&s->out, "%s: ", move_rule_name((enum move_rule)rule));
	say_text(s, rule_texts[rule], NULL);
	buf_byte(&s->out, '\n');
}

/* The rule that an entry is: what it does with a call, or why it does nothing. */
static enum move_rule rule_of(const struct move *v)
{
	switch (v->state) {
	case MOVE_SUSPENDED:    return MOVE_RULE_SUSPENDED;
	case MOVE_DOUBTED:      return MOVE_RULE_DOUBTED;
	case MOVE_WAITING:      return MOVE_RULE_WAITING;
	case MOVE_ACTIVE:       break;
	}
	if (v->origin != MOVE_OPERATOR)
		return MOVE_RULE_LEARNED;
	return v->way == MOVE_GONE ? MOVE_RULE_GONE : v->way == MOVE_PROXY ? MOVE_RULE_PROXIED : MOVE_RULE_TOLD;
}

static void say_last(struct say *s, const struct move *v)
{
	char date[ISO_DATE];
	if (!v->hits)
		text_move_why_unused(s);
	else if (!v->last_status)
		text_move_why_used(s, (int64_t)v->hits, iso_date(date, v->used_wall_ms / 1000));
	else
		text_move_why_answered(s, (int64_t)v->hits, iso_date(date, v->used_wall_ms / 1000), v->last_status);
	buf_byte(&s->out, '\n');
}

static void say_entry(struct say *s, const struct move *v)
{
	char said[ISO_DATE], until[ISO_DATE];
	struct say who = { .language = s->language };
	struct buf targets = { 0 };
	move_say_who(v, &who);
	move_write_targets(v, &targets);
	if (v->target_count)
		text_move_why_to(s, v->old_uri, buf_str(&targets));
	else
		text_move_why_gone(s, v->old_uri);
	buf_byte(&s->out, '\n');
	move_say_rule(s, rule_of(v));
	if (v->path.n)
		text_move_why_said_over(s, buf_str(&who.out), iso_date(said, v->said_wall_ms / 1000), v->path);
	else
		text_move_why_said(s, buf_str(&who.out), iso_date(said, v->said_wall_ms / 1000));
	buf_byte(&s->out, '\n');
	if (v->expires_wall_ms)
		text_move_why_until(s, iso_date(until, v->expires_wall_ms / 1000));
	else
		text_move_why_for_good(s);
	buf_byte(&s->out, '\n');
	say_last(s, v);
	buf_fini(&targets);
	say_fini(&who);
}

static int explain_address(struct invocation *in)
{
	struct move_desk m;
	struct move_address a;
	struct move v;
	bool ok = move_desk_open(&m, in) && move_desk_find(&m, in->operands[0], &a, &v);
	if (ok)
		say_entry(&in->out, &v);
	return move_desk_finish(&m, ok);
}

int command_move_why(struct invocation *in)
{
	const char *what = in->operand_count ? in->operands[0] : "";
	bool found = false;
	for (unsigned rule = 0; rule < MOVE_RULE_COUNT; rule++)
		if (!*what || strcmp(what, move_rule_name((enum move_rule)rule)) == 0) {
			move_say_rule(&in->out, rule);
			found = true;
		}
	if (found)
		return CLI_OK;
	if (strpbrk(what, ":@"))
		return explain_address(in);
	text_move_why_what(&in->err, str_of(what));
	return command_usage(in);
}
