/* SPDX-License-Identifier: Apache-2.0 */
/* html_ladder.c - a ladder as inline SVG: drawn in the colour of the text, told in words to who cannot see it. */
#include "codes_ladder.h"
#include "codes.h"
#include "site_private.h"
#include "utf8.h"

#define WIDTH 760               /* units; one is about a pixel */
#define MARGIN 62               /* of the outer lifelines */
#define STEP 34                 /* height of an arrow with its words */
#define LINE 17                 /* of a note */
#define GLYPH 8.1               /* an average character of a note, in a wide font */
#define NOTE_WIDTH 300          /* at least */

struct drawing {
	struct buf *out;
	const struct ladder *l;
	unsigned language, x[LADDER_ACTORS], y, right;
};

/* The part of *text that fits a line of so many characters; taken from it. */
static struct str line_of(struct str *text, unsigned characters)
{
	struct str line = { text->p, 0 }, rest = *text;
	while (rest.n) {
		const char *space = str_find(rest, ' '), *end = space ? space : rest.p + rest.n;
		if (line.n && utf8_width(str_range(text->p, end)) > characters)
			break;
		line = str_range(text->p, end);
		rest = str_range(space ? space + 1 : end, text->p + text->n);
	}
	*text = rest;
	return line;
}

static void label(struct drawing *d, unsigned x, unsigned y, const char *attributes, struct str text)
{
	buf_printf(d->out, "<text x=\"%u\" y=\"%u\" text-anchor=\"middle\"%s>", x, y, attributes);
	html_escape(d->out, text);
	BUF_LIT(d->out, "</text>\n");
}

static void arrow(struct drawing *d, const struct ladder_step *s)
{
	bool right = s->from < s->to, lost = s->kind == LADDER_LOST;
	unsigned from = d->x[s->from], to = d->x[s->to], y = d->y + 22;
	unsigned tip = lost ? (from + 2 * to) / 3 : right ? to - 2 : to + 2, back = right ? tip - 9 : tip + 9;
	label(d, (from + to) / 2, d->y + 16, " fill=\"currentColor\" font-weight=\"600\"", str_of(s->words));
	buf_printf(d->out, "<path d=\"M%u %uH%u\" stroke=\"currentColor\" stroke-width=\"1.5\"%s/>\n", from, y, tip, lost ? " stroke-dasharray=\"6 4\"" : "");
	if (lost)
		buf_printf(d->out, "<path d=\"M%u %ul10 10m0 -10l-10 10\" stroke=\"currentColor\" stroke-width=\"2\" fill=\"none\"/>\n", tip, y - 5);
	else
		buf_printf(d->out, "<path d=\"M%u %uL%u %uV%uz\" fill=\"currentColor\"/>\n", tip, y, back, y - 5, y + 5);
	d->y += STEP;
}

static void note(struct drawing *d, const struct ladder_step *s)
{
	struct codes_said said = ladder_note(d->l, s, d->language);
	unsigned left = d->x[s->from] - 54, right = d->x[s->to] + 54;
	if (right - left < NOTE_WIDTH) {
		right = left + NOTE_WIDTH;
		if (right > d->right) {
			right = d->right;
			left = right > NOTE_WIDTH ? right - NOTE_WIDTH : 4;
		}
	}
	unsigned characters = (unsigned)((right - left - 20) / GLYPH), lines = 0;
	for (struct str text = said.text; text.n; lines++)
		line_of(&text, characters);
	unsigned height = lines * LINE + 12;
	buf_printf(d->out, "<g class=\"note\"%s><rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"5\"/>\n",
	           said.fallback ? " lang=\"en\"" : "", left, d->y + 6, right - left, height);
	for (struct str text = said.text; text.n; d->y += LINE)
		label(d, (left + right) / 2, d->y + 25, "", line_of(&text, characters));
	BUF_LIT(d->out, "</g>\n");
	d->y += 12 + 10;
}

/* The same in words: "caller → home proxy: INVITE." */
static void told(struct drawing *d)
{
	for (unsigned i = 0; i < d->l->step_count; i++) {
		const struct ladder_step *s = &d->l->steps[i];
		if (s->kind == LADDER_NOTE) {
			html_escape(d->out, ladder_note(d->l, s, d->language).text);
		} else {
			html_escape(d->out, ladder_actor(d->l, s->from, d->language).text);
			buf_add(d->out, s->kind == LADDER_LOST ? STR(" ↛ ") : STR(" → "));
			html_escape(d->out, ladder_actor(d->l, s->to, d->language).text);
			BUF_LIT(d->out, ": ");
			html_escape(d->out, str_of(s->words));
			buf_byte(d->out, '.');
		}
		buf_byte(d->out, '\n');
	}
}

static void place(struct drawing *d)
{
	unsigned n = d->l->actor_count, step = (WIDTH - 2 * MARGIN) / (n - 1);
	if (step > 320)
		step = 320;
	for (unsigned i = 0; i < n; i++)
		d->x[i] = MARGIN + i * step;
	d->right = d->x[n - 1] + MARGIN - 4;
}

void html_ladder(struct buf *out, const struct site_view *v, unsigned status)
{
	const struct ladder *l = ladder_find(status);
	if (!l)
		return;
	struct buf body = { 0 }, text = { 0 };
	struct drawing d = { .out = &body, .l = l, .language = v->language, .y = 34 };
	struct str name = codes_phrase(status);
	place(&d);
	for (unsigned i = 0; i < l->step_count; i++)
		if (l->steps[i].kind == LADDER_NOTE)
			note(&d, &l->steps[i]);
		else
			arrow(&d, &l->steps[i]);
	unsigned height = d.y + 12, width = d.right + 4;
	buf_printf(&text, "%u %.*s", status, STR_FMT(name));
	buf_printf(out, "<figure class=\"ladder\" tabindex=\"0\" role=\"group\" aria-labelledby=\"ladder-%u\">\n"
	                "<svg viewBox=\"0 0 %u %u\" role=\"img\" aria-labelledby=\"ladder-%u\" aria-describedby=\"story-%u\">\n<title id=\"ladder-%u\">",
	           status, width, height, status, status, status);
	struct buf caption = { 0 };
	codes_word_add(&caption, WORD_SITE_LADDER, v->language, (const struct str[]){ buf_str(&text) });
	html_escape(out, buf_str(&caption));
	buf_printf(out, "</title>\n<desc id=\"story-%u\">", status);
	d.out = out;
	told(&d);
	BUF_LIT(out, "</desc>\n<g>\n");
	for (unsigned i = 0; i < l->actor_count; i++) {
		buf_printf(out, "<path class=\"life\" d=\"M%u 30V%u\" stroke=\"currentColor\"/>\n", d.x[i], height - 4);
		label(&d, d.x[i], 20, " fill=\"currentColor\" class=\"actor\"", ladder_actor(l, i, v->language).text);
	}
	buf_add(out, buf_str(&body));
	BUF_LIT(out, "</g>\n</svg>\n</figure>\n");
	buf_fini(&caption);
	buf_fini(&text);
	buf_fini(&body);
}
