/* SPDX-License-Identifier: Apache-2.0 */
/* cells.h - what stands in the cells of tables and the fields of JSON: words, lengths of time, dates. */
#ifndef SLUICE_CLI_CELLS_H
#define SLUICE_CLI_CELLS_H

#include "table.h"
#include "texts.h"

/* A text by its key, an enum text_id. */
void cell_text(struct table *t, enum language language, unsigned id);
/* "in 5 min", "5 min ago": what in_words makes of a length of time; less than none is none. */
void cell_time(struct table *t, enum language language, int64_t seconds, void (*in_words)(struct say *s, struct str time));

#define ISO_DATE 32
/* "2026-11-25T07:43:25Z" */
struct str iso_date(char out[ISO_DATE], int64_t at_s);

#endif
