/* SPDX-License-Identifier: Apache-2.0 */
/* codes_ladder.h - how a code comes about: who says what to whom, step by step, for the codes that have such a story.
 *
 * Steps stand in facts/ladders.txt, names and remarks in texts/LANG/ladders.txt. Constant memory, as codes_facts.h. */
#ifndef SLUICE_CODES_LADDER_H
#define SLUICE_CODES_LADDER_H

#include "codes_text.h"

enum ladder_kind {
	LADDER_ARROW,           /* from -> to: words arrive */
	LADDER_LOST,            /* from -> to: words get lost on the way */
	LADDER_NOTE             /* a remark beside the actors from..to; from <= to */
};
struct ladder_step {
	enum ladder_kind kind;
	unsigned char from, to;         /* places of actors, from the left */
	const char *words;              /* of the protocol, the same in every language; of a note: its key */
};
#define LADDER_ACTORS 5
struct ladder {
	unsigned status;
	unsigned actor_count, step_count;
	const char *actors[LADDER_ACTORS];      /* keys */
	const struct ladder_step *steps;
};
/* NULL: this code has none. */
const struct ladder *ladder_find(unsigned status);
struct codes_said ladder_actor(const struct ladder *l, unsigned actor, unsigned language);
struct codes_said ladder_note(const struct ladder *l, const struct ladder_step *note, unsigned language);

/* Draw it in box characters, no line longer than `width` columns. False, and nothing written: it does not fit. */
bool ladder_draw(struct buf *out, const struct ladder *l, unsigned language, unsigned width);

#endif
