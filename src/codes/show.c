/* SPDX-License-Identifier: Apache-2.0 */
/* show.c - a page on a terminal: wrapped at its width, indented, coloured when it may be. */
#include "codes_ladder.h"
#include "codes_show.h"
#include "utf8.h"

#define BOLD  "\x1b[1m"
#define DIM   "\x1b[2m"
#define BLUE  "\x1b[36m"
#define PLAIN "\x1b[0m"
#define COLUMNS_FIT 72          /* two columns side by side need that much */
#define NARROW 40               /* a terminal is taken to have that many columns at least */

struct pen {
	struct buf *out;
	unsigned width, column, indent;
	bool colour;
	const struct block *heads;      /* of the columns that are being shown */
	unsigned names;                 /* columns that the names of the facts or rows being shown take */
	unsigned steps;                 /* of the list being shown */
};

static void style(struct pen *pen, const char *code)
{
	if (pen->colour)
		buf_add(pen->out, str_of(code));
}

static void spaces(struct pen *pen, unsigned n)
{
	buf_printf(pen->out, "%*s", (int)n, "");
	pen->column += n;
}

static void end_line(struct pen *pen)
{
	if (pen->column)
		buf_byte(pen->out, '\n');
	pen->column = 0;
}

static void blank_line(struct pen *pen)
{
	end_line(pen);
	if (pen->out->n)
		buf_byte(pen->out, '\n');
}

static void word(struct pen *pen, struct str text)
{
	unsigned columns = utf8_width(text);
	bool first = pen->column <= pen->indent;
	if (!first && pen->column + 1 + columns > pen->width) {
		buf_byte(pen->out, '\n');
		pen->column = 0;
		first = true;
	}
	if (pen->column < pen->indent)
		spaces(pen, pen->indent - pen->column);
	if (!first)
		spaces(pen, 1);
	buf_add(pen->out, text);
	pen->column += columns;
}

static void flow(struct pen *pen, struct str text)
{
	struct str one;
	while (str_cut(&text, ' ', &one))
		if (one.n)
			word(pen, one);
	if (text.n)
		word(pen, text);
}

static void marked(struct pen *pen, const struct block *b, unsigned language)
{
	if (!b->fallback && !b->stale)
		return;
	style(pen, DIM);
	flow(pen, codes_word(b->fallback ? WORD_MARK_FALLBACK : WORD_MARK_STALE, language));
	style(pen, PLAIN);
}

/* begin: the column of a bullet or of a bold name; what follows is indented further. */
static void paragraph(struct pen *pen, unsigned begin, const char *bullet, const struct block *b, unsigned language)
{
	end_line(pen);
	pen->indent = begin;
	if (*bullet) {
		spaces(pen, begin);
		buf_add(pen->out, str_of(bullet));
		buf_byte(pen->out, ' ');
		pen->column += 2;
		pen->indent = pen->column;
	}
	if (b->name.n) {
		struct buf name = { 0 };
		buf_add(&name, b->name);
		buf_byte(&name, ':');
		style(pen, BOLD);
		flow(pen, buf_str(&name));
		style(pen, PLAIN);
		buf_fini(&name);
		pen->indent = begin + 2;
	}
	flow(pen, b->text);
	marked(pen, b, language);
	end_line(pen);
}

/* The columns that names of facts take from block i on, so that their values stand under each other. */
static unsigned name_width(const struct page *p, unsigned i, enum block_kind kind, unsigned limit)
{
	unsigned widest = 0;
	for (; i < p->count && p->blocks[i].kind == kind; i++) {
		unsigned width = utf8_width(p->blocks[i].name);
		if (width > widest && width <= limit)
			widest = width;
	}
	return widest;
}

static void fact(struct pen *pen, const struct block *b, unsigned names, unsigned language)
{
	end_line(pen);
	spaces(pen, 2);
	style(pen, BOLD);
	buf_add(pen->out, b->name);
	style(pen, PLAIN);
	pen->column += utf8_width(b->name);
	pen->indent = names + 4;
	if (pen->column < pen->indent)
		spaces(pen, pen->indent - pen->column);
	flow(pen, b->text);
	marked(pen, b, language);
	end_line(pen);
}

/* The part of *text that fits into `columns`; taken from it. */
static struct str line_of(struct str *text, unsigned columns)
{
	struct str rest = *text, line = { text->p, 0 };
	while (rest.n) {
		const char *space = str_find(rest, ' ');
		const char *end = space ? space : rest.p + rest.n;
		if (line.n && utf8_width(str_range(text->p, end)) > columns)
			break;
		line = str_range(text->p, end);
		rest = str_range(space ? space + 1 : end, text->p + text->n);
	}
	*text = rest;
	return line;
}

static void cell(struct pen *pen, struct str text, unsigned columns, bool last)
{
	buf_add(pen->out, text);
	pen->column += utf8_width(text);
	if (!last)
		spaces(pen, columns > utf8_width(text) ? columns - utf8_width(text) : 0);
}

/* A row on a terminal too narrow for columns: its name, then each side under the head of its column. */
static void stacked_row(struct pen *pen, const struct block *b, const struct block *heads)
{
	const struct str sides[][2] = { { heads->text, b->text }, { heads->other, b->other } };
	end_line(pen);
	pen->indent = 2;
	style(pen, BOLD);
	flow(pen, b->name);
	style(pen, PLAIN);
	end_line(pen);
	for (unsigned i = 0; i < 2; i++) {
		pen->indent = 4;
		flow(pen, sides[i][0]);
		pen->indent = 8;
		flow(pen, sides[i][1]);
		end_line(pen);
	}
}

static void row(struct pen *pen, const struct block *b, unsigned names, const char *emphasis)
{
	unsigned half = (pen->width - names - 6) / 2;
	struct str name = b->name, left = b->text, right = b->other;
	end_line(pen);
	while (name.n || left.n || right.n) {
		spaces(pen, 2);
		style(pen, BOLD);
		cell(pen, line_of(&name, names), names + 2, false);
		style(pen, PLAIN);
		style(pen, emphasis);
		cell(pen, line_of(&left, half), half + 2, false);
		cell(pen, line_of(&right, half), half, true);
		style(pen, *emphasis ? PLAIN : "");
		while (pen->out->n && pen->out->p[pen->out->n - 1] == ' ')
			pen->out->n--;
		end_line(pen);
	}
}

static void heading(struct pen *pen, struct str text)
{
	blank_line(pen);
	pen->indent = 0;
	style(pen, BOLD BLUE);
	flow(pen, text);
	style(pen, PLAIN);
	end_line(pen);
}

/* A list of one kind of block is set off from what is before it. */
static bool begins(const struct page *p, unsigned i)
{
	return i == 0 || p->blocks[i - 1].kind != p->blocks[i].kind;
}

static bool after_heading(const struct page *p, unsigned i)
{
	return i > 0 && p->blocks[i - 1].kind == BLOCK_HEADING;
}

static void set_off(struct pen *pen, const struct page *p, unsigned i)
{
	if (begins(p, i) && !after_heading(p, i))
		blank_line(pen);
}

/* A name on a line of its own, what is said of it below. */
static void named(struct pen *pen, const struct block *b, const char *emphasis, unsigned language)
{
	end_line(pen);
	pen->indent = 2;
	style(pen, emphasis);
	flow(pen, b->name);
	style(pen, *emphasis ? PLAIN : "");
	end_line(pen);
	pen->indent = 6;
	flow(pen, b->text);
	marked(pen, b, language);
	end_line(pen);
}

static void step(struct pen *pen, const struct block *b)
{
	end_line(pen);
	buf_printf(pen->out, "%3u. ", ++pen->steps);
	pen->column = pen->indent = 5;
	flow(pen, b->text);
	end_line(pen);
}

/* Names in one column, values beside them. */
static void show_table(struct pen *pen, const struct page *p, unsigned i)
{
	const struct block *b = &p->blocks[i];
	unsigned quarter = pen->width / 4;
	bool fits = pen->width >= COLUMNS_FIT;
	if (b->kind == BLOCK_FACT) {
		if (begins(p, i))
			pen->names = name_width(p, i, BLOCK_FACT, quarter);
		set_off(pen, p, i);
		fact(pen, b, pen->names, p->language);
	} else if (b->kind == BLOCK_COLUMNS) {
		pen->names = name_width(p, i + 1, BLOCK_ROW, quarter);
		pen->heads = b;
		if (fits)
			row(pen, b, pen->names, BOLD);
	} else if (fits) {
		row(pen, b, pen->names, "");
	} else {
		stacked_row(pen, b, pen->heads);
	}
}

static void show_block(struct pen *pen, const struct page *p, unsigned i)
{
	const struct block *b = &p->blocks[i];
	switch (b->kind) {
	case BLOCK_TITLE:
		style(pen, BOLD);
		pen->indent = 0;
		flow(pen, b->text);
		style(pen, PLAIN);
		end_line(pen);
		break;
	case BLOCK_HEADING:
		heading(pen, b->text);
		pen->steps = 0;
		break;
	case BLOCK_LEAD:
		paragraph(pen, 0, "", b, p->language);
		break;
	case BLOCK_NOTE:
		blank_line(pen);
		style(pen, DIM);
		paragraph(pen, 0, "", b, p->language);
		style(pen, PLAIN);
		break;
	case BLOCK_PARAGRAPH:
		set_off(pen, p, i);
		paragraph(pen, b->name.n ? 2 : 0, "", b, p->language);
		break;
	case BLOCK_ITEM:
		paragraph(pen, 2, "-", b, p->language);
		break;
	case BLOCK_STEP:
		step(pen, b);
		break;
	case BLOCK_FACT:
	case BLOCK_COLUMNS:
	case BLOCK_ROW:
		show_table(pen, p, i);
		break;
	case BLOCK_CODE:
	case BLOCK_SOURCE:
		set_off(pen, p, i);
		named(pen, b, b->kind == BLOCK_CODE ? BOLD : "", p->language);
		break;
	case BLOCK_LADDER:
		end_line(pen);
		if (!ladder_draw(pen->out, ladder_find(b->status), p->language, pen->width))
			flow(pen, codes_word(WORD_NOTE_NARROW, p->language));
		end_line(pen);
		break;
	}
}

void page_show(const struct page *p, const struct terminal *t, struct buf *out)
{
	struct pen pen = { .out = out, .width = t->width < NARROW ? NARROW : t->width, .colour = t->colour };
	for (unsigned i = 0; i < p->count; i++)
		show_block(&pen, p, i);
	end_line(&pen);
}
