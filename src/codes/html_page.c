/* SPDX-License-Identifier: Apache-2.0 */
/* html_page.c - the blocks of a page as HTML: each heading begins a section, blocks of one kind in a row make a list. */
#include "codes.h"
#include "site_private.h"

/* What a run of blocks is written as. */
enum run { RUN_NONE, RUN_LIST, RUN_STEPS, RUN_FACTS, RUN_NAMED, RUN_TABLE, RUN_CODES, RUN_SOURCES };

struct pen {
	struct buf *out;
	const struct site_view *v;
	const struct page *p;
	enum run run;
	bool section;
	const struct block *heading, *heads;    /* the last heading; the heads of the table that is open */
};

static void marked(struct pen *pen, const struct block *b)
{
	if (!b->fallback && !b->stale)
		return;
	BUF_LIT(pen->out, " <small class=\"mark\">");
	html_escape(pen->out, codes_word(b->fallback ? WORD_MARK_FALLBACK : WORD_MARK_STALE, pen->p->language));
	BUF_LIT(pen->out, "</small>");
}

/* The attribute of an element whose text is English in a page that is not. */
static void language_of(struct pen *pen, const struct block *b)
{
	if (b->fallback)
		BUF_LIT(pen->out, " lang=\"en\"");
}

/* A text, in English marked so, and its mark in the page's language. */
static void said(struct pen *pen, const struct block *b, struct str text)
{
	if (b->fallback)
		BUF_LIT(pen->out, "<span lang=\"en\">");
	html_text(pen->out, pen->v, text, b->plain);
	if (b->fallback)
		BUF_LIT(pen->out, "</span>");
	marked(pen, b);
}

static void english(struct pen *pen, struct str phrase)
{
	if (pen->p->language == CODES_ENGLISH) {
		html_escape(pen->out, phrase);
		return;
	}
	BUF_LIT(pen->out, "<span lang=\"en\">");
	html_escape(pen->out, phrase);
	BUF_LIT(pen->out, "</span>");
}

static const struct { const char *open, *close; } runs[] = {
	[RUN_NONE] = { "", "" }, [RUN_LIST] = { "<ul>\n", "</ul>\n" }, [RUN_STEPS] = { "<ol class=\"steps\">\n", "</ol>\n" },
	[RUN_FACTS] = { "<dl class=\"facts\">\n", "</dl>\n" }, [RUN_NAMED] = { "<dl class=\"named\">\n", "</dl>\n" },
	[RUN_TABLE] = { "", "</tbody>\n</table>\n" }, [RUN_CODES] = { "<ul class=\"codes\">\n", "</ul>\n" }, [RUN_SOURCES] = { "<ul class=\"sources\">\n", "</ul>\n" },
};

static void turn_to(struct pen *pen, enum run run)
{
	if (pen->run == run)
		return;
	buf_add(pen->out, str_of(runs[pen->run].close));
	pen->run = run;
	buf_add(pen->out, str_of(runs[run].open));
}

static void end_section(struct pen *pen)
{
	turn_to(pen, RUN_NONE);
	if (pen->section)
		BUF_LIT(pen->out, "</section>\n");
	pen->section = false;
}

/* --- titles --- */

/* "430 Flow Failed", the translation under it. */
static void code_title(struct pen *pen, unsigned status)
{
	struct str phrase = codes_phrase(status), title = codes_text(status, KEY_TITLE, pen->p->language).text;
	html_number(pen->out, status);
	buf_byte(pen->out, ' ');
	english(pen, phrase);
	if (title.p && !str_eq(title, phrase)) {
		BUF_LIT(pen->out, " <span class=\"title\">");
		html_escape(pen->out, title);
		BUF_LIT(pen->out, "</span>");
	}
}

/* "301 Moved Permanently or 430 Flow Failed". */
static void pair_title(struct pen *pen, const struct block *b)
{
	struct str rest = codes_word(WORD_PAGE_COMPARE, pen->p->language), head;
	while (str_cut(&rest, '{', &head)) {
		html_escape(pen->out, head);
		code_title(pen, rest.p[0] == '1' ? b->status : b->other_status);
		rest = str_range(rest.p + 2, rest.p + rest.n);
	}
	html_escape(pen->out, rest);
}

static void title(struct pen *pen, const struct block *b)
{
	BUF_LIT(pen->out, "<h1>");
	if (b->status && !b->other_status)
		code_title(pen, b->status);
	else if (b->status)
		pair_title(pen, b);
	else
		html_escape(pen->out, b->text);
	BUF_LIT(pen->out, "</h1>\n");
	if (b->status && !b->other_status) {
		unsigned class = b->status / 100;
		buf_printf(pen->out, "<p class=\"class c%u\">%uxx <span>", class, class);
		html_escape(pen->out, codes_word((enum codes_word)codes_words_class[class - 1], pen->p->language));
		BUF_LIT(pen->out, "</span></p>\n");
	}
}

static void heading(struct pen *pen, const struct block *b)
{
	end_section(pen);
	buf_printf(pen->out, "<section aria-labelledby=\"%.*s\">\n<h2 id=\"%.*s\">", STR_FMT(b->name), STR_FMT(b->name));
	html_escape(pen->out, b->text);
	BUF_LIT(pen->out, "</h2>\n");
	pen->section = true;
	pen->heading = b;
}

/* --- runs --- */

static bool is_named(const struct pen *pen, unsigned i)
{
	return i < pen->p->count && pen->p->blocks[i].kind == BLOCK_PARAGRAPH && pen->p->blocks[i].name.n;
}

/* Named paragraphs in a row are a list of terms; a single one is a heading with its text. */
static void paragraph(struct pen *pen, unsigned i)
{
	const struct block *b = &pen->p->blocks[i];
	if (is_named(pen, i) && (is_named(pen, i + 1) || (i && is_named(pen, i - 1)))) {
		turn_to(pen, RUN_NAMED);
		BUF_LIT(pen->out, "<div><dt>");
		html_text(pen->out, pen->v, b->name, true);
		BUF_LIT(pen->out, "</dt><dd>");
		said(pen, b, b->text);
		BUF_LIT(pen->out, "</dd></div>\n");
		return;
	}
	turn_to(pen, RUN_NONE);
	if (b->name.n) {
		BUF_LIT(pen->out, "<h3>");
		html_text(pen->out, pen->v, b->name, true);
		BUF_LIT(pen->out, "</h3>\n");
	}
	if (!b->text.n)
		return;
	BUF_LIT(pen->out, "<p>");
	said(pen, b, b->text);
	BUF_LIT(pen->out, "</p>\n");
}

static void item(struct pen *pen, const struct block *b, enum run run)
{
	turn_to(pen, run);
	BUF_LIT(pen->out, "<li>");
	said(pen, b, b->text);
	BUF_LIT(pen->out, "</li>\n");
}

/* A fact without a name says more about the one before. */
static void fact(struct pen *pen, const struct block *b)
{
	bool first = pen->run != RUN_FACTS;
	turn_to(pen, RUN_FACTS);
	if (b->name.n || first) {
		BUF_LIT(pen->out, "<dt>");
		html_escape(pen->out, b->name);
		BUF_LIT(pen->out, "</dt>");
	}
	BUF_LIT(pen->out, "<dd>");
	said(pen, b, b->text);
	BUF_LIT(pen->out, "</dd>\n");
}

/* A table keeps its meaning when a narrow screen stacks its cells: roles say it again, data-of names the column. */
static void columns(struct pen *pen, const struct block *b)
{
	turn_to(pen, RUN_NONE);
	BUF_LIT(pen->out, "<table role=\"table\"");
	if (pen->heading)
		buf_printf(pen->out, " aria-labelledby=\"%.*s\"", STR_FMT(pen->heading->name));
	BUF_LIT(pen->out, ">\n<thead role=\"rowgroup\"><tr role=\"row\"><td role=\"cell\"></td>");
	for (unsigned i = 0; i < 2; i++) {
		BUF_LIT(pen->out, "<th scope=\"col\" role=\"columnheader\">");
		html_text(pen->out, pen->v, i ? b->other : b->text, false);
		BUF_LIT(pen->out, "</th>");
	}
	BUF_LIT(pen->out, "</tr></thead>\n<tbody role=\"rowgroup\">\n");
	pen->heads = b;
	pen->run = RUN_TABLE;
}

static void row(struct pen *pen, const struct block *b)
{
	BUF_LIT(pen->out, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">");
	html_escape(pen->out, b->name);
	BUF_LIT(pen->out, "</th>");
	for (unsigned i = 0; i < 2; i++) {
		BUF_LIT(pen->out, "<td role=\"cell\" data-of=\"");
		html_escape(pen->out, i ? pen->heads->other : pen->heads->text);
		BUF_LIT(pen->out, "\"><div");
		language_of(pen, b);
		BUF_LIT(pen->out, ">");
		html_text(pen->out, pen->v, i ? b->other : b->text, b->plain);
		BUF_LIT(pen->out, "</div>");
		if (i)
			marked(pen, b);
		BUF_LIT(pen->out, "</td>");
	}
	BUF_LIT(pen->out, "</tr>\n");
}

/* What else the search finds a code by: its title and gloss in every other language. */
static void other_words(struct pen *pen, unsigned status)
{
	BUF_LIT(pen->out, " data-words=\"");
	for (unsigned language = 0; language < codes_language_count; language++) {
		if (language == pen->p->language)
			continue;
		html_escape(pen->out, codes_text(status, KEY_TITLE, language).text);
		buf_byte(pen->out, ' ');
		html_escape(pen->out, codes_text(status, KEY_GLOSS, language).text);
	}
	buf_byte(pen->out, '"');
}

static void code(struct pen *pen, const struct block *b)
{
	turn_to(pen, RUN_CODES);
	BUF_LIT(pen->out, "<li");
	if (pen->v->kind == SITE_INDEX)
		other_words(pen, b->status);
	BUF_LIT(pen->out, "><a href=\"");
	html_href(pen->out, pen->v, pen->v->language, SITE_CODE, b->status, 0);
	BUF_LIT(pen->out, "\">");
	code_title(pen, b->status);
	BUF_LIT(pen->out, "</a>");
	if (b->text.n) {
		BUF_LIT(pen->out, " <span class=\"gloss\">");
		said(pen, b, b->text);
		BUF_LIT(pen->out, "</span>");
	}
	if (pen->v->kind == SITE_CODE && codes_find(pen->v->low) && b->status != pen->v->low) {
		BUF_LIT(pen->out, " <a class=\"pair\" href=\"");
		html_href(pen->out, pen->v, pen->v->language, SITE_COMPARE, pen->v->low, b->status);
		BUF_LIT(pen->out, "\">");
		html_escape(pen->out, codes_word(WORD_SITE_COMPARE, pen->p->language));
		buf_printf(pen->out, " %u – %u</a>", pen->v->low < b->status ? pen->v->low : b->status, pen->v->low < b->status ? b->status : pen->v->low);
	}
	BUF_LIT(pen->out, "</li>\n");
}

static void source(struct pen *pen, const struct block *b)
{
	turn_to(pen, RUN_SOURCES);
	BUF_LIT(pen->out, "<li><a href=\"");
	html_escape(pen->out, b->text);
	BUF_LIT(pen->out, "\">");
	html_escape(pen->out, b->name);
	BUF_LIT(pen->out, "</a></li>\n");
}

static void plain_block(struct pen *pen, const struct block *b, const char *class)
{
	turn_to(pen, RUN_NONE);
	buf_printf(pen->out, "<p class=\"%s\">", class);
	said(pen, b, b->text);
	BUF_LIT(pen->out, "</p>\n");
}

static void block(struct pen *pen, unsigned i)
{
	const struct block *b = &pen->p->blocks[i];
	switch (b->kind) {
	case BLOCK_TITLE:     title(pen, b); break;
	case BLOCK_LEAD:      plain_block(pen, b, "lead"); break;
	case BLOCK_HEADING:   heading(pen, b); break;
	case BLOCK_PARAGRAPH: paragraph(pen, i); break;
	case BLOCK_ITEM:      item(pen, b, RUN_LIST); break;
	case BLOCK_STEP:      item(pen, b, RUN_STEPS); break;
	case BLOCK_FACT:      fact(pen, b); break;
	case BLOCK_COLUMNS:   columns(pen, b); break;
	case BLOCK_ROW:       row(pen, b); break;
	case BLOCK_CODE:      code(pen, b); break;
	case BLOCK_SOURCE:    source(pen, b); break;
	case BLOCK_NOTE:      plain_block(pen, b, "note"); break;
	case BLOCK_LADDER:
		turn_to(pen, RUN_NONE);
		html_ladder(pen->out, pen->v, b->status);
		break;
	}
}

void html_page(struct buf *out, const struct site_view *v, const struct page *p, unsigned first, unsigned end)
{
	struct pen pen = { .out = out, .v = v, .p = p };
	for (unsigned i = first; i < end; i++)
		block(&pen, i);
	end_section(&pen);
}
