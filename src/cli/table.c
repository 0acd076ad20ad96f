/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - measure the columns, make them fit, print. */
#include "table.h"
#include "utf8.h"
#include <sys/ioctl.h>
#include <unistd.h>

#define GAP 2
#define NARROWEST 8

void table_init(struct table *t, unsigned columns)
{
	*t = (struct table){ .columns = columns };
}

void table_fini(struct table *t)
{
	buf_fini(&t->text);
}

void table_cell(struct table *t, struct str text)
{
	utf8_clean(&t->text, text);
	buf_byte(&t->text, '\0');
}

/* The column that gives way next; t->columns: none can. */
static unsigned next_to_shrink(const struct table *t, const unsigned width[TABLE_COLUMNS])
{
	unsigned best = t->columns;
	for (unsigned i = 0; i < t->columns; i++) {
		if (!t->shrink[i] || width[i] <= NARROWEST)
			continue;
		if (best == t->columns || t->shrink[i] < t->shrink[best] ||
		    (t->shrink[i] == t->shrink[best] && width[i] > width[best]))
			best = i;
	}
	return best;
}

static void fit(const struct table *t, unsigned width[TABLE_COLUMNS], unsigned limit)
{
	for (;;) {
		unsigned sum = 0, next = next_to_shrink(t, width);
		for (unsigned i = 0; i < t->columns; i++)
			sum += width[i] + (i ? GAP : 0);
		if (sum <= limit || next == t->columns)
			return;
		width[next]--;
	}
}

static void put_cell(struct buf *out, struct str cell, unsigned width, bool last)
{
	unsigned has = utf8_width(cell), shown = 0;
	if (has <= width) {
		buf_add(out, cell);
		shown = has;
	} else {
		struct str rest = cell;
		uint32_t c;
		while (utf8_next(&rest, &c) && shown + utf8_columns(c) < width) {
			utf8_add(out, c);
			shown += utf8_columns(c);
		}
		BUF_LIT(out, "\xe2\x80\xa6");
		shown++;
	}
	if (!last)
		buf_printf(out, "%*s", (int)(width - shown + GAP), "");
	else
		buf_byte(out, '\n');
}

void table_print(struct table *t, unsigned limit, struct buf *out)
{
	unsigned width[TABLE_COLUMNS] = { 0 }, column = 0;
	struct str rest = buf_str(&t->text), cell;
	for (; str_cut(&rest, '\0', &cell); column = (column + 1) % t->columns)
		if (utf8_width(cell) > width[column])
			width[column] = utf8_width(cell);
	if (limit)
		fit(t, width, limit);
	rest = buf_str(&t->text);
	for (column = 0; str_cut(&rest, '\0', &cell); column = (column + 1) % t->columns)
		put_cell(out, cell, width[column], column + 1 == t->columns);
}

unsigned terminal_width(FILE *f)
{
	struct winsize size;
	if (!isatty(fileno(f)))
		return 0;
	return ioctl(fileno(f), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 80;
}
