/* SPDX-License-Identifier: Apache-2.0 */
/* micro.h - one thing of the server by itself, done again and again. Each file here fills one table of them; main.c
 * runs them, counted by `run` or timed. */
#ifndef SLUICE_BENCH_MICRO_H
#define SLUICE_BENCH_MICRO_H

#include <stdbool.h>

enum { MICRO_WARM = 64, MICRO_ROUNDS = 256 };   /* steps that are not measured, and those that are */

struct micro {
	const char *name;               /* NULL ends the table */
	void *(*begin)(const void *with);
	void (*step)(void *state);      /* at least MICRO_WARM + MICRO_ROUNDS times */
	void (*end)(void *state);
	const void *with;               /* for begin; NULL: nothing */
};
extern const struct micro micro_base[], micro_sip[], micro_token[], micro_digest[], micro_location[];

/* A step that fails costs less than one that succeeds: then there is no figure at all. */
void micro_must(bool well, const char *what);
/* A new empty folder for state; the second removes it with the files in it. */
#define MICRO_FOLDER 64
void micro_folder_make(char folder[MICRO_FOLDER]);
void micro_folder_remove(const char *folder);

#endif
