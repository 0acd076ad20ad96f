/* SPDX-License-Identifier: Apache-2.0 */
/* page.c - a page: a list of blocks and the memory of their texts. */
#include "codes.h"
#include "page_private.h"

void page_init(struct page *p, unsigned language)
{
	*p = (struct page){ .language = language };
	arena_init(&p->arena, NULL, 0);
}

void page_fini(struct page *p)
{
	arena_fini(&p->arena);
	p->blocks = NULL;
	p->count = p->room = 0;
}

struct block *page_add(struct page *p, enum block_kind kind)
{
	if (p->count == p->room) {
		unsigned room = p->room ? 2 * p->room : 64;
		struct block *more = arena_array(&p->arena, room, sizeof *more);
		if (p->count)
			memcpy(more, p->blocks, p->count * sizeof *more);
		p->blocks = more;
		p->room = room;
	}
	p->blocks[p->count] = (struct block){ .kind = kind, .name = STR(""), .text = STR(""), .other = STR("") };
	return &p->blocks[p->count++];
}

struct str page_take(struct page *p, struct buf *b)
{
	struct str kept = arena_str(&p->arena, buf_str(b));
	buf_fini(b);
	return kept;
}

struct str page_fill(struct page *p, enum codes_word word, const struct str *values)
{
	struct buf b = { 0 };
	codes_word_add(&b, word, p->language, values);
	return page_take(p, &b);
}

struct str page_number(struct page *p, unsigned number)
{
	return arena_printf(&p->arena, "%u", number);
}

void page_title(struct page *p, struct str text, struct str english)
{
	struct block *b = page_add(p, BLOCK_TITLE);
	b->text = text;
	b->name = english;
}

void page_heading(struct page *p, unsigned word, const char *anchor)
{
	struct block *b = page_add(p, BLOCK_HEADING);
	b->text = page_word(p, word);
	b->name = str_of(anchor);
}

void page_fact(struct page *p, unsigned word, struct str value)
{
	if (!value.n)
		return;
	struct block *b = page_add(p, BLOCK_FACT);
	b->name = page_word(p, word);
	b->text = value;
	b->plain = word == WORD_FACT_Q850 || word == WORD_FACT_Q850_FROM || word == WORD_FACT_HTTP;
}

void page_said(struct page *p, enum block_kind kind, struct str name, struct codes_said said)
{
	if (!said.text.p)
		return;
	struct block *b = page_add(p, kind);
	b->name = name;
	b->text = said.text;
	b->fallback = said.fallback;
	b->stale = said.stale;
}

void page_list(struct page *p, enum block_kind kind, struct codes_said said)
{
	if (!said.text.p)
		return;
	struct codes_said item = said;
	while (str_cut(&said.text, '\n', &item.text))
		page_said(p, kind, STR(""), item);
	page_said(p, kind, STR(""), said);
}

struct str page_code_name(struct page *p, unsigned status)
{
	if (!codes_find(status))                /* it has no phrase, only one that it is treated by */
		return page_number(p, status);
	struct str phrase = codes_phrase(status), title = codes_text(status, KEY_TITLE, p->language).text;
	if (!title.p || str_eq(title, phrase))
		return arena_printf(&p->arena, "%u %.*s", status, STR_FMT(phrase));
	return arena_printf(&p->arena, "%u %.*s (%.*s)", status, STR_FMT(phrase), STR_FMT(title));
}

void page_code(struct page *p, unsigned status)
{
	struct codes_said gloss = codes_text(status, KEY_GLOSS, p->language);
	struct str name = page_code_name(p, status);
	struct block *b = page_add(p, BLOCK_CODE);
	b->status = status;
	b->name = name;
	b->text = gloss.text.p ? gloss.text : STR("");
	b->fallback = gloss.fallback;
	b->stale = gloss.stale;
}

struct str page_ref(struct page *p, const struct codes_ref *ref)
{
	if (!ref->rfc)
		return STR("");
	return ref->section ? arena_printf(&p->arena, "RFC %u §%s", ref->rfc, ref->section) : arena_printf(&p->arena, "RFC %u", ref->rfc);
}

void page_source(struct page *p, const struct codes_ref *ref)
{
	if (!ref->rfc)
		return;
	const char *part = !ref->section ? "" : ref->section[0] >= 'A' ? "#appendix-" : "#section-";
	struct str name = page_ref(p, ref);
	struct str address = arena_printf(&p->arena, "https://www.rfc-editor.org/rfc/rfc%u.html%s%s", ref->rfc, part, ref->section ? ref->section : "");
	struct block *b = page_add(p, BLOCK_SOURCE);
	b->name = name;
	b->text = address;
}

void page_marks(struct page *p)
{
	bool fallback = false, stale = false;
	for (unsigned i = 0; i < p->count; i++) {
		fallback |= p->blocks[i].fallback;
		stale |= p->blocks[i].stale;
	}
	if (fallback)
		page_add(p, BLOCK_NOTE)->text = page_word(p, WORD_NOTE_FALLBACK);
	if (stale)
		page_add(p, BLOCK_NOTE)->text = page_word(p, WORD_NOTE_STALE);
}
