/* SPDX-License-Identifier: Apache-2.0 */
/* page_explain.c - all that is known of one code. */
#include "codes.h"
#include "codes_ladder.h"
#include "page_private.h"

static void facts(struct page *p, const struct code *code)
{
	page_heading(p, WORD_HEADING_FACTS, "facts");
	page_fact(p, WORD_FACT_CLASS, fact_class(p, code));
	page_fact(p, WORD_FACT_OUTCOME, page_word(p, codes_words_outcome[code->outcome]));
	page_fact(p, WORD_FACT_SENDERS, fact_senders(p, code->senders));
	page_fact(p, WORD_FACT_REACH, page_word(p, codes_words_reach[code->reach]));
	page_fact(p, WORD_FACT_HIDDEN, page_word(p, fact_hidden_word(code)));
	page_fact(p, WORD_FACT_METHODS, fact_methods(p, code->methods));
	page_said(p, BLOCK_FACT, STR(""), codes_text(code->status, KEY_METHODS, p->language));
	page_fact(p, WORD_FACT_REQUIRED, fact_required(p, code));
	page_fact(p, WORD_FACT_RECOMMENDED, fact_recommended(p, code));
	page_fact(p, WORD_FACT_RETRY, page_word(p, codes_words_retry[code->retry]));
	page_said(p, BLOCK_FACT, STR(""), codes_text(code->status, KEY_RETRY, p->language));
	page_fact(p, WORD_FACT_FORK, page_word(p, codes_words_fork[code->fork]));
	page_fact(p, WORD_FACT_FLOWS, page_word(p, codes_words_flows[code->flows]));
	page_fact(p, WORD_FACT_DIALOG, page_word(p, codes_words_dialog[code->dialog]));
	page_fact(p, WORD_FACT_Q850, fact_q850(p, code));
	page_fact(p, WORD_FACT_Q850_FROM, fact_causes(p, code->q850_from));
	page_fact(p, WORD_FACT_HTTP, fact_http(p, code));
	page_said(p, BLOCK_FACT, page_word(p, WORD_FACT_DEPRECATED), codes_text(code->status, KEY_DEPRECATED, p->language));
	page_fact(p, WORD_FACT_SOURCE, page_ref(p, &code->source));
}

static void advice(struct page *p, const struct code *code, unsigned roles)
{
	page_heading(p, WORD_HEADING_FIX, "fix");
	for (unsigned i = 0; i < ROLE_COUNT; i++)
		if (!roles || roles >> i & 1)
			page_said(p, BLOCK_PARAGRAPH, page_word(p, codes_words_role[i]), codes_text(code->status, KEY_FIX + i, p->language));
}

static void strays(struct page *p, unsigned status)
{
	bool headed = false;
	for (unsigned i = 0; i < codes_stray_count; i++) {
		const struct codes_stray *s = &codes_strays[i];
		if (s->status != status)
			continue;
		if (!headed)
			page_heading(p, WORD_HEADING_STRAYS, "strays");
		headed = true;
		struct str key = arena_printf(&p->arena, "%u %s", s->status, s->phrase);
		page_said(p, BLOCK_PARAGRAPH, key, codes_gloss(GLOSSARY_UNREGISTERED, key, p->language));
		page_fact(p, WORD_FACT_WHERE, str_of(s->where));
		if (s->local)
			page_fact(p, WORD_FACT_REACH, page_word(p, WORD_VALUE_LOCAL));
		page_fact(p, WORD_FACT_NEAREST, fact_numbers(p, s->nearest));
	}
}

static void sources(struct page *p, const struct code *code)
{
	page_heading(p, WORD_HEADING_SOURCES, "sources");
	page_source(p, &code->source);
	for (const struct codes_ref *ref = code->see; ref->rfc; ref++)
		page_source(p, ref);
}

/* The page of a registered code without its title. */
static void explain(struct page *p, const struct code *code, const struct explain_options *o)
{
	unsigned status = code->status;
	page_said(p, BLOCK_LEAD, STR(""), codes_text(status, KEY_GLOSS, p->language));
	if (o->brief) {
		page_fact(p, WORD_FACT_SOURCE, page_ref(p, &code->source));
		return;
	}
	page_said(p, BLOCK_PARAGRAPH, STR(""), codes_text(status, KEY_ABOUT, p->language));
	if (!o->roles && ladder_find(status)) {
		page_heading(p, WORD_HEADING_LADDER, "ladder");
		page_add(p, BLOCK_LADDER)->status = status;
	}
	if (!o->roles) {
		page_heading(p, WORD_HEADING_WHEN, "when");
		page_list(p, BLOCK_ITEM, codes_text(status, KEY_WHEN, p->language));
	}
	advice(p, code, o->roles);
	if (o->roles)
		return;
	facts(p, code);
	page_heading(p, WORD_HEADING_TRAPS, "traps");
	page_list(p, BLOCK_ITEM, codes_text(status, KEY_TRAP, p->language));
	page_heading(p, WORD_HEADING_CONFUSED, "confused");
	for (const uint16_t *other = code->related; *other; other++)
		page_code(p, *other);
	strays(p, status);
	sources(p, code);
}

static bool is_stray(unsigned status)
{
	for (unsigned i = 0; i < codes_stray_count; i++)
		if (codes_strays[i].status == status)
			return true;
	return false;
}

bool page_explain(struct page *p, unsigned status, const struct explain_options *options)
{
	const struct code *code = codes_find(status), *as = codes_treated_as(status);
	if (!as && !is_stray(status))
		return false;
	if (code) {
		struct str title = codes_text(status, KEY_TITLE, p->language).text;
		page_title(p, page_code_name(p, status), title.p ? title : STR(""));
		p->blocks[0].status = status;
		explain(p, code, options);
		page_marks(p);
		return true;
	}
	page_title(p, page_number(p, status), STR(""));
	if (as)
		page_add(p, BLOCK_LEAD)->text = page_fill(p, WORD_UNKNOWN_LEAD, VALUES(page_number(p, status), page_number(p, as->status), as->phrase));
	strays(p, status);
	if (as) {
		page_add(p, BLOCK_NOTE)->text = page_fill(p, WORD_UNKNOWN_EXPLAIN, VALUES(page_code_name(p, as->status)));
		explain(p, as, options);
	}
	page_marks(p);
	return true;
}
