/* SPDX-License-Identifier: Apache-2.0 */
/* ladder.c - the ladder of a code, and one drawn in characters. */
#include "codes_private.h"
#include "utf8.h"
#include <stdio.h>

const struct ladder *ladder_find(unsigned status)
{
	for (unsigned i = 0; i < codes_ladder_count; i++)
		if (codes_ladders[i].status == status)
			return &codes_ladders[i];
	return NULL;
}

struct codes_said ladder_actor(const struct ladder *l, unsigned actor, unsigned language)
{
	char key[64];
	snprintf(key, sizeof key, "actor.%s", l->actors[actor]);
	return codes_gloss(GLOSSARY_LADDERS, str_of(key), language);
}

struct codes_said ladder_note(const struct ladder *l, const struct ladder_step *note, unsigned language)
{
	char key[64];
	snprintf(key, sizeof key, "%u.%s", l->status, note->words);
	return codes_gloss(GLOSSARY_LADDERS, str_of(key), language);
}

/* --- in characters --- */

#define WIDTH 120
#define LEFT 2                  /* columns before the first name */

/* A line of cells; each holds one character of one column. */
struct line {
	struct str cell[WIDTH];
	unsigned width;
};

struct drawing {
	struct buf *out;
	const struct ladder *l;
	unsigned language, width, x[LADDER_ACTORS];
};

static void clear(const struct drawing *d, struct line *line, bool lifelines)
{
	line->width = d->width;
	for (unsigned i = 0; i < d->width; i++)
		line->cell[i] = STR(" ");
	for (unsigned i = 0; lifelines && i < d->l->actor_count; i++)
		line->cell[d->x[i]] = STR("│");
}

static void put(struct line *line, unsigned at, struct str text)
{
	uint32_t c;
	while (at < line->width) {
		struct str rest = text;
		if (!utf8_next(&rest, &c))
			break;
		line->cell[at++] = str_range(text.p, rest.p);
		text = rest;
	}
}

static void flush(struct drawing *d, const struct line *line)
{
	unsigned end = line->width;
	while (end && str_eq(line->cell[end - 1], STR(" ")))
		end--;
	for (unsigned i = 0; i < end; i++)
		buf_add(d->out, line->cell[i]);
	buf_byte(d->out, '\n');
}

static void centre(struct line *line, unsigned x, struct str text)
{
	unsigned width = utf8_width(text), from = x > width / 2 ? x - width / 2 : 0;
	if (from + width > line->width)
		from = line->width - width;
	put(line, from, text);
}

static void arrow(struct drawing *d, const struct ladder_step *s)
{
	struct line line;
	bool right = s->from < s->to;
	unsigned a = d->x[right ? s->from : s->to], b = d->x[right ? s->to : s->from];
	struct str words = str_of(s->words);
	clear(d, &line, true);
	if (utf8_width(words) + 6 > b - a) {            /* too long for the shaft: above it */
		centre(&line, (a + b) / 2, words);
		flush(d, &line);
		clear(d, &line, true);
		words = STR("");
	}
	for (unsigned i = a + 1; i < b; i++)
		line.cell[i] = STR("─");
	line.cell[right ? b - 1 : a + 1] = s->kind == LADDER_LOST ? STR("╳") : right ? STR("▶") : STR("◀");
	if (words.n) {
		unsigned width = utf8_width(words), from = (a + b + 1 - width) / 2;
		line.cell[from - 1] = line.cell[from + width] = STR(" ");
		put(&line, from, words);
	}
	flush(d, &line);
}

/* A note goes over the lifelines from its first actor on; it moves left when it would be too narrow. */
static void note(struct drawing *d, const struct ladder_step *s)
{
	struct str text = ladder_note(d->l, s, d->language).text;
	unsigned from = d->x[s->from] + 2, narrow = d->width / 2;
	for (unsigned i = s->from; d->width - from < narrow && i > 0; i--)
		from = d->x[i - 1] + 2;
	while (text.n) {
		struct str taken = { text.p, 0 };
		for (struct str rest = text; rest.n || !taken.n;) {
			const char *space = str_find(rest, ' '), *end = space ? space : rest.p + rest.n;
			if (taken.n && utf8_width(str_range(text.p, end)) > d->width - from)
				break;
			taken = str_range(text.p, end);
			rest = str_range(space ? space + 1 : end, text.p + text.n);
			if (!rest.n)
				break;
		}
		struct line line;
		clear(d, &line, true);
		for (unsigned i = from - 1; i < d->width; i++)
			line.cell[i] = STR(" ");
		put(&line, from, taken);
		flush(d, &line);
		text = str_trim(str_range(taken.p + taken.n, text.p + text.n));
	}
}

static bool place(struct drawing *d)
{
	unsigned n = d->l->actor_count, first = utf8_width(ladder_actor(d->l, 0, d->language).text), last = utf8_width(ladder_actor(d->l, n - 1, d->language).text);
	unsigned left = LEFT + first / 2, right = d->width - last / 2 - 1, step = (right - left) / (n - 1);
	if (right <= left)
		return false;
	if (step > 30)
		step = 30;
	for (unsigned i = 0; i < n; i++)
		d->x[i] = left + i * step;
	for (unsigned i = 1; i < n; i++)        /* names must not touch */
		if ((utf8_width(ladder_actor(d->l, i - 1, d->language).text) + utf8_width(ladder_actor(d->l, i, d->language).text)) / 2 + 2 > step)
			return false;
	return step >= 14;
}

bool ladder_draw(struct buf *out, const struct ladder *l, unsigned language, unsigned width)
{
	struct drawing d = { .out = out, .l = l, .language = language, .width = width > WIDTH ? WIDTH : width };
	struct line line;
	if (width < 60 || !place(&d))
		return false;
	clear(&d, &line, false);
	for (unsigned i = 0; i < l->actor_count; i++)
		centre(&line, d.x[i], ladder_actor(l, i, language).text);
	flush(&d, &line);
	for (unsigned i = 0; i < l->step_count; i++)
		if (l->steps[i].kind == LADDER_NOTE)
			note(&d, &l->steps[i]);
		else
			arrow(&d, &l->steps[i]);
	return true;
}
