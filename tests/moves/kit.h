/* SPDX-License-Identifier: Apache-2.0 */
/* kit.h - what the tests of moves share: a file in a folder of its own, and moves in one line. */
#ifndef SLUICE_TEST_MOVES_KIT_H
#define SLUICE_TEST_MOVES_KIT_H

#include "moves.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define KIT_NOW INT64_C(1700000000000)

struct kit {
	char folder[64], path[100];
	struct moves *m;
	struct arena arena;
	unsigned max_learned;
};
int kit_setup(void **state);
int kit_teardown(void **state);
struct moves *kit_open(struct kit *k);  /* one more object on the same file */
void kit_reopen(struct kit *k);         /* the first one, closed before */

/* OLD leads to NEW ("" : gone), both "user@domain". */
struct move kit_move(struct kit *k, enum move_origin origin, const char *old, const char *fresh);
/* Where OLD leads, "" when nobody moved; with '?' when suspended, doubted or waiting; '!' behind it: the operator's. */
const char *kit_where(struct kit *k, struct moves *m, const char *old);
bool kit_get(struct kit *k, struct moves *m, const char *old, struct move *out);

#endif
