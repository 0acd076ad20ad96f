/* SPDX-License-Identifier: Apache-2.0 */
/* page_compare.c - two codes side by side: the verdict, what differs, what is the same, which wins, when to use which. */
#include "codes_compare.h"
#include "codes.h"
#include "codes_ladder.h"
#include "page_private.h"

static struct str or_word(struct str value, struct str instead)
{
	return value.n ? value : instead;
}

static struct str or_none(struct page *p, struct str value)
{
	return or_word(value, page_word(p, WORD_VALUE_NONE));
}

static struct str aspect_value(struct page *p, const struct code *code, enum codes_aspect aspect)
{
	switch (aspect) {
	case ASPECT_CLASS:    return fact_class(p, code);
	case ASPECT_OUTCOME:  return page_word(p, codes_words_outcome[code->outcome]);
	case ASPECT_SENDERS:  return fact_senders(p, code->senders);
	case ASPECT_REACH:    return page_word(p, codes_words_reach[code->reach]);
	case ASPECT_METHODS:  return fact_methods(p, code->methods);
	case ASPECT_REQUIRED: return or_word(fact_required(p, code), page_word(p, WORD_VALUE_NOTHING));
	case ASPECT_RETRY:    return page_word(p, codes_words_retry[code->retry]);
	case ASPECT_FORK:     return page_word(p, codes_words_fork[code->fork]);
	case ASPECT_FLOWS:    return page_word(p, codes_words_flows[code->flows]);
	case ASPECT_DIALOG:   return page_word(p, codes_words_dialog[code->dialog]);
	case ASPECT_Q850:     return fact_q850(p, code);
	case ASPECT_HTTP:     return fact_http(p, code);
	case ASPECT_SOURCE:   return page_ref(p, &code->source);
	case ASPECT_COUNT:    break;
	}
	return STR("");
}

static const uint16_t aspect_words[ASPECT_COUNT] = {
	[ASPECT_CLASS] = WORD_FACT_CLASS, [ASPECT_OUTCOME] = WORD_FACT_OUTCOME, [ASPECT_SENDERS] = WORD_FACT_SENDERS,
	[ASPECT_REACH] = WORD_FACT_REACH, [ASPECT_METHODS] = WORD_FACT_METHODS, [ASPECT_REQUIRED] = WORD_FACT_REQUIRED,
	[ASPECT_RETRY] = WORD_FACT_RETRY, [ASPECT_FORK] = WORD_FACT_FORK, [ASPECT_FLOWS] = WORD_FACT_FLOWS,
	[ASPECT_DIALOG] = WORD_FACT_DIALOG, [ASPECT_Q850] = WORD_FACT_Q850, [ASPECT_HTTP] = WORD_FACT_HTTP,
	[ASPECT_SOURCE] = WORD_FACT_SOURCE,
};

static struct str computed_verdict(struct page *p, const struct codes_comparison *c)
{
	struct str low = page_number(p, c->low->status), high = page_number(p, c->high->status);
	switch (c->verdict) {
	case VERDICT_SAME_CODE:
		return page_word(p, WORD_VERDICT_SAME_CODE);
	case VERDICT_OTHER_METHODS:
		return page_fill(p, WORD_VERDICT_OTHER_METHODS, VALUES(low, high, fact_methods(p, c->low->methods), fact_methods(p, c->high->methods)));
	case VERDICT_HOP:
		return page_fill(p, WORD_VERDICT_HOP, VALUES(low, high));
	case VERDICT_ON_THE_WAY:
		return page_fill(p, WORD_VERDICT_ON_THE_WAY, VALUES(low, high));
	case VERDICT_BOTH_ON_THE_WAY:
		return page_fill(p, WORD_VERDICT_BOTH_ON_THE_WAY, VALUES(low, high));
	case VERDICT_OTHER_STAGE:
		return page_fill(p, WORD_VERDICT_OTHER_STAGE, VALUES(low, high, page_word(p, codes_words_stage[c->low->stage]),
		                                                     page_word(p, codes_words_stage[c->high->stage])));
	case VERDICT_UNSEEN:
		return page_fill(p, WORD_VERDICT_UNSEEN, VALUES(low, high, page_word(p, codes_words_reach[c->low->reach]),
		                                              page_word(p, codes_words_reach[c->high->reach])));
	case VERDICT_OTHER_SENDERS:
		return page_fill(p, WORD_VERDICT_OTHER_SENDERS, VALUES(low, high, fact_senders(p, c->low->senders), fact_senders(p, c->high->senders)));
	case VERDICT_COMPETE:
		return page_fill(p, WORD_VERDICT_COMPETE, VALUES(low, high, fact_senders(p, c->senders), fact_methods(p, c->methods)));
	}
	return STR("");
}

/* Why the better one wins, in words. */
static struct str reason(struct page *p, unsigned winner, unsigned loser)
{
	if (winner / 100 == 2)
		return page_word(p, WORD_WHY_SUCCESS);
	if (winner / 100 == 6)
		return page_word(p, WORD_WHY_SIXTH);
	return page_word(p, winner / 100 == loser / 100 ? WORD_WHY_USEFUL : WORD_WHY_CLASS);
}

/* 430 may be the best that is left, but a caller has no use for it. */
static unsigned won(const struct code *code)
{
	return code->fork == FORK_NEXT_FLOW ? WORD_WINNER_FLOW : WORD_WINNER_WON;
}

static void who_wins(struct page *p, const struct codes_comparison *c)
{
	struct str low = page_number(p, c->low->status), high = page_number(p, c->high->status), text = STR("");
	switch (c->winner) {
	case WINNER_NONE:
		text = page_word(p, WORD_WINNER_NONE_BOTH);
		break;
	case WINNER_FIRST:
		text = page_word(p, c->low->fork == FORK_CHALLENGE && c->high->fork == FORK_CHALLENGE ? WORD_WINNER_CHALLENGES : WORD_WINNER_FIRST);
		break;
	case WINNER_APART:
		text = page_word(p, WORD_WINNER_APART);
		break;
	case WINNER_REGISTER:
		text = page_word(p, WORD_WINNER_REGISTER);
		break;
	case WINNER_LOW:
		text = page_fill(p, won(c->low), VALUES(low, reason(p, c->low->status, c->high->status)));
		break;
	case WINNER_HIGH:
		if (c->low->status < 200)
			text = page_fill(p, WORD_WINNER_NONE_LOW, VALUES(low, high));
		else
			text = page_fill(p, won(c->high), VALUES(high, reason(p, c->high->status, c->low->status)));
		break;
	}
	page_heading(p, WORD_HEADING_WINNER, "winner");
	page_add(p, BLOCK_PARAGRAPH)->text = text;
}

/* The heads of a table with a column for each code. */
static void columns(struct page *p, const struct codes_comparison *c)
{
	struct block *heads = page_add(p, BLOCK_COLUMNS);
	heads->text = page_number(p, c->low->status);
	heads->other = page_number(p, c->high->status);
}

static void what_differs(struct page *p, const struct codes_comparison *c)
{
	page_heading(p, WORD_HEADING_FACTS_DIFFER, "facts-differ");
	columns(p, c);
	for (unsigned i = 0; i < ASPECT_COUNT; i++) {
		if (c->same >> i & 1)
			continue;
		struct str low = or_none(p, aspect_value(p, c->low, i)), high = or_none(p, aspect_value(p, c->high, i));
		struct block *row = page_add(p, BLOCK_ROW);
		row->name = page_word(p, aspect_words[i]);
		row->text = low;
		row->other = high;
		row->plain = i == ASPECT_Q850 || i == ASPECT_HTTP;
	}
}

static void what_is_the_same(struct page *p, const struct codes_comparison *c)
{
	if (!c->same)
		return;
	page_heading(p, WORD_HEADING_FACTS_SAME, "facts-same");
	for (unsigned i = 0; i < ASPECT_COUNT; i++)
		if (c->same >> i & 1)
			page_fact(p, aspect_words[i], or_none(p, aspect_value(p, c->low, i)));
}

static void describe(struct page *p, const struct code *code)
{
	struct str name = page_code_name(p, code->status);
	page_said(p, BLOCK_PARAGRAPH, name, codes_text(code->status, KEY_ABOUT, p->language));
	page_list(p, BLOCK_ITEM, codes_text(code->status, KEY_WHEN, p->language));
}

static void ladders(struct page *p, unsigned low, unsigned high)
{
	bool first = ladder_find(low), second = high != low && ladder_find(high);
	if (!first && !second)
		return;
	page_heading(p, WORD_HEADING_LADDER, "ladder");
	for (unsigned i = 0; i < 2; i++)
		if (i ? second : first) {
			struct str name = page_code_name(p, i ? high : low);
			page_add(p, BLOCK_PARAGRAPH)->name = name;
			page_add(p, BLOCK_LADDER)->status = i ? high : low;
		}
}

static void fixes(struct page *p, const struct codes_comparison *c)
{
	page_heading(p, WORD_HEADING_FIX, "fix");
	columns(p, c);
	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		struct codes_said low = codes_text(c->low->status, KEY_FIX + i, p->language), high = codes_text(c->high->status, KEY_FIX + i, p->language);
		struct block *row = page_add(p, BLOCK_ROW);
		row->name = page_word(p, codes_words_role[i]);
		row->text = or_none(p, low.text);
		row->other = or_none(p, high.text);
		row->fallback = low.fallback || high.fallback;
		row->stale = low.stale || high.stale;
	}
}

static void uses(struct page *p, unsigned low, unsigned high)
{
	if (!codes_pair_curated(low, high))
		return;
	page_heading(p, WORD_HEADING_USE, "use");
	page_said(p, BLOCK_PARAGRAPH, page_code_name(p, low), codes_pair_text(low, high, PAIR_USE_LOW, p->language));
	page_said(p, BLOCK_PARAGRAPH, page_code_name(p, high), codes_pair_text(low, high, PAIR_USE_HIGH, p->language));
	struct codes_said traps = codes_pair_text(low, high, PAIR_TRAP, p->language);
	if (traps.text.p)
		page_heading(p, WORD_HEADING_TRAPS, "traps");
	page_list(p, BLOCK_ITEM, traps);
}

static void learn_more(struct page *p, const struct codes_comparison *c)
{
	page_heading(p, WORD_HEADING_SOURCES, "sources");
	page_source(p, &c->low->source);
	if (c->low != c->high)
		page_source(p, &c->high->source);
}

bool page_compare(struct page *p, unsigned a, unsigned b)
{
	const struct code *first = codes_treated_as(a), *second = codes_treated_as(b);
	if (!first || !second)
		return false;
	struct codes_comparison c = codes_compare(first, second);
	unsigned low = c.low->status, high = c.high->status;
	page_title(p, page_fill(p, WORD_PAGE_COMPARE, VALUES(page_code_name(p, low), page_code_name(p, high))), STR(""));
	p->blocks[0].status = low;
	p->blocks[0].other_status = high;
	for (unsigned i = 0; i < 2; i++) {
		unsigned asked = i ? b : a;
		const struct code *as = i ? second : first;
		if (as->status != asked)
			page_add(p, BLOCK_NOTE)->text = page_fill(p, WORD_UNKNOWN_LEAD, VALUES(page_number(p, asked), page_number(p, as->status), as->phrase));
	}
	struct codes_said verdict = codes_pair_text(low, high, PAIR_VERDICT, p->language);
	if (!verdict.text.p)
		verdict.text = computed_verdict(p, &c);
	page_said(p, BLOCK_LEAD, STR(""), verdict);
	page_code(p, low);
	if (low != high)
		page_code(p, high);
	if (codes_pair_curated(low, high)) {
		page_heading(p, WORD_HEADING_DIFFER, "differ");
		page_list(p, BLOCK_ITEM, codes_pair_text(low, high, PAIR_DIFFER, p->language));
	}
	if (low != high)
		what_differs(p, &c);
	what_is_the_same(p, &c);
	if (low != high)
		who_wins(p, &c);
	uses(p, low, high);
	page_heading(p, WORD_HEADING_DESCRIBE, "describe");
	describe(p, c.low);
	if (low != high)
		describe(p, c.high);
	ladders(p, low, high);
	fixes(p, &c);
	learn_more(p, &c);
	page_marks(p);
	return true;
}
