/* SPDX-License-Identifier: Apache-2.0 */
/* compare.c - what two codes have in common and which of them wins, from their facts. */
#include "codes_compare.h"
#include "codes_best.h"

static bool is_final(const struct code *code)
{
	return code->status >= 200;
}

/* Is there somebody who may see one but not the other? REACH_REGISTERING is no case of it: whoever sent REGISTER sees
 * every answer to it. */
static bool unlike_reach(const struct code *a, const struct code *b)
{
	return (a->reach == REACH_PROXIES) != (b->reach == REACH_PROXIES);
}

static bool unlike_stage(const struct code *a, const struct code *b)
{
	return a->stage != STAGE_ANY && b->stage != STAGE_ANY && a->stage != b->stage;
}

static enum codes_verdict judge(const struct codes_comparison *c)
{
	if (c->low == c->high)
		return VERDICT_SAME_CODE;
	if (!c->methods)
		return VERDICT_OTHER_METHODS;
	if (c->low->reach == REACH_HOP)
		return VERDICT_HOP;
	if (is_final(c->low) != is_final(c->high))
		return VERDICT_ON_THE_WAY;
	if (!is_final(c->high))
		return VERDICT_BOTH_ON_THE_WAY;
	if (unlike_stage(c->low, c->high))
		return VERDICT_OTHER_STAGE;
	if (unlike_reach(c->low, c->high))
		return VERDICT_UNSEEN;
	return c->senders ? VERDICT_COMPETE : VERDICT_OTHER_SENDERS;
}

static enum codes_fork_winner winner(const struct code *low, const struct code *high)
{
	unsigned methods = low->methods & high->methods;
	if (methods == CODES_REGISTER)
		return WINNER_REGISTER;
	if (!methods || unlike_stage(low, high))
		return WINNER_APART;
	if (!is_final(low))
		return is_final(high) ? WINNER_HIGH : WINNER_NONE;
	if (low->status / 100 == 2)
		return high->status / 100 == 2 ? WINNER_NONE : WINNER_LOW;
	if (codes_better(low->status, high->status))
		return WINNER_HIGH;
	return codes_better(high->status, low->status) ? WINNER_LOW : WINNER_FIRST;
}

static bool same_required(const struct codes_required *a, const struct codes_required *b)
{
	for (; a->methods && b->methods; a++, b++)
		if (a->methods != b->methods || strcmp(a->headers, b->headers) != 0)
			return false;
	return a->methods == b->methods;
}

static bool same_http(const struct codes_http_name *a, const struct codes_http_name *b)
{
	for (; a->status && b->status; a++, b++)
		if (a->status != b->status || a->kind != b->kind)
			return false;
	return a->status == b->status;
}

static bool same_aspect(const struct code *a, const struct code *b, enum codes_aspect aspect)
{
	switch (aspect) {
	case ASPECT_CLASS:    return a->status / 100 == b->status / 100;
	case ASPECT_OUTCOME:  return a->outcome == b->outcome;
	case ASPECT_SENDERS:  return a->senders == b->senders;
	case ASPECT_REACH:    return a->reach == b->reach;
	case ASPECT_METHODS:  return a->methods == b->methods;
	case ASPECT_REQUIRED: return same_required(a->required, b->required);
	case ASPECT_RETRY:    return a->retry == b->retry;
	case ASPECT_FORK:     return a->fork == b->fork;
	case ASPECT_FLOWS:    return a->flows == b->flows;
	case ASPECT_DIALOG:   return a->dialog == b->dialog;
	case ASPECT_Q850:     return a->q850 == b->q850;
	case ASPECT_HTTP:     return same_http(a->http, b->http);
	case ASPECT_SOURCE:   return a->source.rfc == b->source.rfc && strcmp(a->source.section, b->source.section) == 0;
	case ASPECT_COUNT:    break;
	}
	return false;
}

struct codes_comparison codes_compare(const struct code *a, const struct code *b)
{
	struct codes_comparison c = { .low = a->status < b->status ? a : b, .high = a->status < b->status ? b : a };
	c.methods = a->methods & b->methods;
	c.senders = a->senders & b->senders;
	c.winner = winner(c.low, c.high);
	for (unsigned i = 0; i < ASPECT_COUNT; i++)
		if (same_aspect(a, b, i))
			c.same |= 1u << i;
	c.verdict = judge(&c);
	return c;
}
