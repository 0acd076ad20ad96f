/* SPDX-License-Identifier: Apache-2.0 */
/* table.h - a table for people: a header, aligned columns, not wider than the terminal.
 *
 * Columns marked to shrink give way with an ellipsis: those marked 1 first, the widest of them first, then those
 * marked 2, and so on. Control characters and broken
 * UTF-8 in cells are shown as '?': what a phone sent must not drive the terminal. */
#ifndef SLUICE_CLI_TABLE_H
#define SLUICE_CLI_TABLE_H

#include "buf.h"
#include <stdio.h>

#define TABLE_COLUMNS 9

struct table {
	struct buf text;                /* cells, each ended by a NUL, row by row; the first row is the header */
	unsigned columns;
	unsigned char shrink[TABLE_COLUMNS];    /* 0: never */
};
void table_init(struct table *t, unsigned columns);
void table_cell(struct table *t, struct str text);      /* the next one */
/* width 0: as wide as it needs (not a terminal). */
void table_print(struct table *t, unsigned width, struct buf *out);
void table_fini(struct table *t);

unsigned terminal_width(FILE *f);       /* 0: no terminal */

#endif
