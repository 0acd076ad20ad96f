/* SPDX-License-Identifier: Apache-2.0 */
/* problems.h - what is wrong with a configuration: sentences with a place, in the reader's language.
 *
 * All are collected, so that one run shows everything; past PROBLEMS_MAX of a kind they are only
 * counted. */
#ifndef SLUICE_CLI_PROBLEMS_H
#define SLUICE_CLI_PROBLEMS_H

#include "texts.h"

#define PROBLEMS_MAX 20

struct place {
	struct str file;                /* n == 0: nowhere in particular */
	unsigned line, column;          /* from 1; 0: the whole file */
};

struct problems {
	struct say said;                /* what will be shown */
	struct say dropped;             /* what was too much */
	unsigned errors, warnings;
};
void problems_init(struct problems *p, enum language language);
void problems_fini(struct problems *p);
/* Begin an error or a warning: "file:line:column: error: ". Write the sentence to what is returned,
 * then a newline follows by itself. */
struct say *problems_error(struct problems *p, struct place at);
struct say *problems_warning(struct problems *p, struct place at);
/* Show all of them, and how many were left out. */
void problems_show(struct problems *p, FILE *to);

#endif
