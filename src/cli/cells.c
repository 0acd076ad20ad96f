/* SPDX-License-Identifier: Apache-2.0 */
/* cells.c - words, lengths of time and dates for tables and JSON. */
#include "cells.h"
#include <time.h>

void cell_text(struct table *t, enum language language, unsigned id)
{
	struct say s = { .language = language };
	say_text(&s, id, NULL);
	table_cell(t, buf_str(&s.out));
	say_fini(&s);
}

void cell_time(struct table *t, enum language language, int64_t seconds, void (*in_words)(struct say *s, struct str time))
{
	struct say time = { .language = language }, s = time;
	say_duration(&time, seconds < 0 ? 0 : seconds * 1000);
	in_words(&s, buf_str(&time.out));
	table_cell(t, buf_str(&s.out));
	say_fini(&time);
	say_fini(&s);
}

struct str iso_date(char out[ISO_DATE], int64_t at_s)
{
	time_t at = (time_t)at_s;
	struct tm tm;
	size_t n = strftime(out, ISO_DATE, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	return (struct str){ out, n };
}
