/* SPDX-License-Identifier: Apache-2.0 */
/* codes_private.h - the rows that tools/codes.py writes into codes_table.c. */
#ifndef SLUICE_CODES_PRIVATE_H
#define SLUICE_CODES_PRIVATE_H

#include "codes_facts.h"
#include "codes_ladder.h"
#include "codes_text.h"

struct codes_texts {
	const char *text[KEY_COUNT];    /* NULL: this language lacks it */
	uint32_t stale;                 /* bits 1 << enum codes_key */
};
struct codes_pair_texts {
	unsigned low, high;
	struct {
		const char *text[PAIR_KEY_COUNT];
		uint32_t stale;
	};
};
struct codes_gloss_row {
	unsigned char language, glossary;
	bool stale;
	const char *key, *text;         /* key NULL: the end */
};
extern const struct codes_texts codes_texts[];
extern const struct codes_pair_texts codes_pair_texts[];
extern const unsigned codes_pair_count;
extern const struct codes_gloss_row codes_glosses[];
extern const char *const codes_words[];
extern const struct ladder codes_ladders[];
extern const unsigned codes_ladder_count;

#endif
