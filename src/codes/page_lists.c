/* SPDX-License-Identifier: Apache-2.0 */
/* page_lists.c - pages about several codes, or about something that is not a status code. */
#include "codes.h"
#include "page_private.h"
#include "utf8.h"

void page_index(struct page *p)
{
	static const char *const anchors[] = { "1xx", "2xx", "3xx", "4xx", "5xx", "6xx" };
	page_title(p, page_word(p, WORD_PAGE_INDEX), STR(""));
	page_add(p, BLOCK_LEAD)->text = page_word(p, WORD_PAGE_INDEX_LEAD);
	for (unsigned i = 0, class = 0; i < codes_count; i++) {
		const struct code *code = &codes_table[i];
		if (code->status / 100 != class) {
			class = code->status / 100;
			struct str text = fact_class(p, code);
			struct block *heading = page_add(p, BLOCK_HEADING);
			heading->text = text;
			heading->name = str_of(anchors[class - 1]);
		}
		page_code(p, code->status);
	}
	page_marks(p);
}

static struct str best_sentence(struct page *p, const struct codes_best_step *s)
{
	static const uint16_t words[] = {
		[BEST_ABSORBED] = WORD_BEST_ABSORBED, [BEST_PASSED] = WORD_BEST_PASSED, [BEST_ANSWERED] = WORD_BEST_ANSWERED,
		[BEST_ALSO_ANSWERED] = WORD_BEST_ALSO_ANSWERED, [BEST_TOO_LATE] = WORD_BEST_TOO_LATE, [BEST_NEXT_FLOW] = WORD_BEST_NEXT_FLOW,
		[BEST_MAY_NEXT_FLOW] = WORD_BEST_MAY_NEXT_FLOW, [BEST_ENDS_ALL] = WORD_BEST_ENDS_ALL, [BEST_LOWER_CLASS] = WORD_BEST_LOWER_CLASS,
		[BEST_SIXTH_CLASS] = WORD_BEST_SIXTH_CLASS, [BEST_LESS_USEFUL] = WORD_BEST_LESS_USEFUL, [BEST_LATER] = WORD_BEST_LATER,
		[BEST_CHALLENGES] = WORD_BEST_CHALLENGES, [BEST_REWRITTEN] = WORD_BEST_REWRITTEN, [BEST_NO_FLOW] = WORD_BEST_NO_FLOW,
		[BEST_CHOSEN] = WORD_BEST_CHOSEN, [BEST_UNKNOWN] = WORD_BEST_UNKNOWN,
	};
	return page_fill(p, words[s->rule], VALUES(page_number(p, s->status), page_number(p, s->other)));
}

void page_best(struct page *p, const unsigned *statuses, unsigned n, bool outbound)
{
	struct codes_best best;
	codes_best(statuses, n, outbound, &best);
	page_title(p, page_word(p, WORD_PAGE_BEST), STR(""));
	struct str lead = best.sent ? page_fill(p, WORD_BEST_LEAD, VALUES(page_code_name(p, best.sent))) : page_word(p, WORD_BEST_LEAD_NONE);
	page_add(p, BLOCK_LEAD)->text = lead;
	page_heading(p, WORD_HEADING_STEPS, "steps");
	for (unsigned i = 0; i < best.count; i++) {
		struct str text = best_sentence(p, &best.steps[i]);
		struct block *step = page_add(p, BLOCK_STEP);
		step->status = best.steps[i].status;
		step->text = text;
	}
	page_add(p, BLOCK_NOTE)->text = page_word(p, WORD_BEST_RULES);
	page_heading(p, WORD_HEADING_RESPONSES, "responses");
	for (unsigned i = 0; i < n; i++)
		page_code(p, codes_treated_as(statuses[i])->status);
}

bool page_warning(struct page *p, unsigned number)
{
	const struct codes_warning *w = codes_find_warning(number);
	if (!w)
		return false;
	struct str key = page_number(p, number);
	page_title(p, page_fill(p, WORD_PAGE_WARNING, VALUES(arena_printf(&p->arena, "%u %s", number, w->text))), STR(""));
	page_said(p, BLOCK_LEAD, STR(""), codes_gloss(GLOSSARY_WARNINGS, key, p->language));
	page_fact(p, WORD_FACT_SEEN_WITH, fact_numbers(p, w->seen_with));
	page_fact(p, WORD_FACT_AUTOMATION, page_word(p, codes_words_automation[w->automation]));
	page_fact(p, WORD_FACT_Q850, fact_causes(p, w->q850));
	page_source(p, &w->source);
	page_marks(p);
	return true;
}

static unsigned cause_group_word(const char *group)
{
	static const struct { const char *group; unsigned word; } words[] = {
		{ "normal-event", WORD_CAUSE_NORMAL_EVENT }, { "resource-unavailable", WORD_CAUSE_RESOURCE_UNAVAILABLE },
		{ "service-or-option-not-available", WORD_CAUSE_SERVICE_OR_OPTION_NOT_AVAILABLE },
		{ "service-or-option-not-implemented", WORD_CAUSE_SERVICE_OR_OPTION_NOT_IMPLEMENTED },
		{ "invalid-message", WORD_CAUSE_INVALID_MESSAGE }, { "protocol-error", WORD_CAUSE_PROTOCOL_ERROR },
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].group, group) == 0)
			return words[i].word;
	return WORD_CAUSE_INTERWORKING;
}

static struct str or_none(struct page *p, struct str value)
{
	return value.n ? value : page_word(p, WORD_VALUE_NONE);
}

bool page_cause(struct page *p, unsigned number)
{
	const struct codes_cause *c = codes_find_cause(number);
	if (!c)
		return false;
	page_title(p, page_fill(p, WORD_PAGE_CAUSE, VALUES(page_number(p, number))), STR(""));
	page_said(p, BLOCK_LEAD, STR(""), codes_gloss(GLOSSARY_Q850, page_number(p, number), p->language));
	page_fact(p, WORD_FACT_GROUP, page_word(p, cause_group_word(c->group)));
	page_fact(p, WORD_FACT_TO_SIP, or_none(p, fact_numbers(p, c->to_sip)));
	page_fact(p, WORD_FACT_FROM_SIP, or_none(p, fact_numbers(p, c->from_sip)));
	page_fact(p, WORD_FACT_ASTERISK, or_none(p, fact_numbers(p, c->to_sip_asterisk)));
	page_fact(p, WORD_FACT_FREESWITCH, or_none(p, fact_numbers(p, c->to_sip_freeswitch)));
	for (const uint16_t *status = c->to_sip; *status; status++)
		page_code(p, *status);
	page_source(p, &(struct codes_ref){ 3398, "7.2.4.1" });
	page_source(p, &(struct codes_ref){ 3398, "8.2.6.1" });
	page_marks(p);
	return true;
}

bool page_header(struct page *p, struct str name)
{
	const struct codes_header *h = codes_find_header(name);
	if (!h)
		return false;
	page_title(p, page_fill(p, WORD_PAGE_HEADER, VALUES(h->name)), STR(""));
	page_said(p, BLOCK_LEAD, STR(""), codes_gloss(GLOSSARY_HEADERS, h->name, p->language));
	if (h->compact)
		page_fact(p, WORD_FACT_COMPACT, arena_printf(&p->arena, "%c", h->compact));
	page_fact(p, WORD_FACT_HEADER_STATUS, page_word(p, codes_words_header_status[h->status]));
	page_fact(p, WORD_FACT_CODES, fact_numbers(p, h->codes));
	page_source(p, &h->source);
	page_marks(p);
	return true;
}

/* --- search --- */

/* Lower-case letters of Latin, Cyrillic; ё is е: what people type. */
static uint32_t folded(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	if (c >= 0x410 && c <= 0x42f)
		return c + 0x20;
	return c == 0x401 || c == 0x451 ? 0x435 : c;
}

static bool starts_folded(struct str text, struct str word)
{
	uint32_t a, b;
	while (word.n) {
		if (!text.n || !utf8_next(&text, &a) || !utf8_next(&word, &b) || folded(a) != folded(b))
			return false;
	}
	return true;
}

static bool holds(struct str text, struct str word)
{
	for (; text.n >= word.n; text.p++, text.n--)
		if (((unsigned char)text.p[0] & 0xc0) != 0x80 && starts_folded(text, word))
			return true;
	return false;
}

/* How well a code fits a word: where it is said counts. 0: nowhere. */
static unsigned weight(const struct code *code, struct str number, struct str word)
{
	static const struct { enum codes_key key; unsigned weight; } keys[] = {
		{ KEY_TITLE, 50 }, { KEY_GLOSS, 20 }, { KEY_ABOUT, 5 }, { KEY_WHEN, 5 }, { KEY_TRAP, 2 },
	};
	if (starts_folded(number, word))
		return 100;
	if (holds(code->phrase, word))
		return 60;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		for (unsigned language = 0; language < codes_language_count; language++) {
			struct str text = codes_text(code->status, keys[i].key, language).text;
			if (text.p && holds(text, word))
				return keys[i].weight;
		}
	return 0;
}

/* Every word must be somewhere; the sum of their weights. */
static unsigned fit(struct page *p, const struct code *code, struct str question)
{
	unsigned sum = 0;
	struct str number = page_number(p, code->status), word;
	for (question = str_trim(question); question.n; question = str_trim(question)) {
		if (!str_cut(&question, ' ', &word)) {
			word = question;
			question = STR("");
		}
		unsigned one = weight(code, number, word);
		if (!one)
			return 0;
		sum += one;
	}
	return sum;
}

unsigned page_search(struct page *p, struct str question)
{
	unsigned found = 0, *sums = arena_array(&p->arena, codes_count, sizeof *sums);
	struct buf shown = { 0 };
	utf8_clean(&shown, question);
	page_title(p, page_fill(p, WORD_PAGE_SEARCH, VALUES(page_take(p, &shown))), STR(""));
	for (unsigned i = 0; i < codes_count; i++)
		sums[i] = fit(p, &codes_table[i], question);
	for (;;) {
		unsigned best = 0;
		for (unsigned i = 1; i < codes_count; i++)
			if (sums[i] > sums[best])
				best = i;
		if (!sums[best])
			break;
		page_code(p, codes_table[best].status);
		sums[best] = 0;
		found++;
	}
	if (!found)
		page_add(p, BLOCK_NOTE)->text = page_word(p, WORD_PAGE_SEARCH_NONE);
	page_marks(p);
	return found;
}
