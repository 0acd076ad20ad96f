/* SPDX-License-Identifier: Apache-2.0 */
/* problems.c - collect errors and warnings as lines of text. */
#include "problems.h"

void problems_init(struct problems *p, enum language language)
{
	*p = (struct problems){ .said.language = language, .dropped.language = language };
}

void problems_fini(struct problems *p)
{
	say_fini(&p->said);
	say_fini(&p->dropped);
}

static void end_line(struct problems *p)
{
	if (p->said.out.n)
		buf_byte(&p->said.out, '\n');
}

static struct say *begin(struct problems *p, unsigned *count, struct place at)
{
	if (++*count > PROBLEMS_MAX) {
		buf_clear(&p->dropped.out);
		return &p->dropped;
	}
	end_line(p);
	if (at.file.n) {
		buf_add(&p->said.out, at.file);
		if (at.line)
			buf_printf(&p->said.out, ":%u:%u", at.line, at.column);
		BUF_LIT(&p->said.out, ": ");
	}
	return &p->said;
}

struct say *problems_error(struct problems *p, struct place at)
{
	struct say *s = begin(p, &p->errors, at);
	text_problem_error(s);
	return s;
}

struct say *problems_warning(struct problems *p, struct place at)
{
	struct say *s = begin(p, &p->warnings, at);
	text_problem_warning(s);
	return s;
}

static void count_left_out(struct problems *p, unsigned count)
{
	if (count > PROBLEMS_MAX) {
		text_problem_more(&p->said, count - PROBLEMS_MAX);
		buf_byte(&p->said.out, '\n');
	}
}

void problems_show(struct problems *p, FILE *to)
{
	end_line(p);
	count_left_out(p, p->errors);
	count_left_out(p, p->warnings);
	say_flush(&p->said, to);
}
