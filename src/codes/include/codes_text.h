/* SPDX-License-Identifier: Apache-2.0 */
/* codes_text.h - the reference's texts, in each language.
 *
 * A language is a folder under texts/ (docs/translating.md); English is first and complete. What a language lacks is
 * said in English and marked; what was translated from an English text that has changed since is marked too. */
#ifndef SLUICE_CODES_TEXT_H
#define SLUICE_CODES_TEXT_H

#include "buf.h"
#include "codes_facts.h"
#include "codes_words.h"        /* generated: enum codes_word, a name for each line of texts/en/words.txt */

#define CODES_ENGLISH 0
struct codes_language {
	const char *tag;                /* "ru", as in BCP 47 */
	const char *name;               /* "Русский" */
};
extern const struct codes_language codes_languages[];
extern const unsigned codes_language_count;
/* The language of a tag or locale, "ru" or "ru_RU.UTF-8"; codes_language_count when there is none. */
unsigned codes_language_find(struct str locale);

enum codes_role { ROLE_PHONE, ROLE_EDGE, ROLE_HOME, ROLE_REGISTRAR, ROLE_REDIRECT, ROLE_OPERATOR, ROLE_COUNT };
enum codes_key {
	KEY_TITLE,              /* the phrase in the reader's language; in English the phrase itself */
	KEY_GLOSS, KEY_ABOUT, KEY_WHEN, KEY_RETRY, KEY_METHODS, KEY_DEPRECATED,
	KEY_FIX,                /* + enum codes_role */
	KEY_TRAP = KEY_FIX + ROLE_COUNT,
	KEY_COUNT
};
enum codes_pair_key { PAIR_VERDICT, PAIR_DIFFER, PAIR_USE_LOW, PAIR_USE_HIGH, PAIR_TRAP, PAIR_KEY_COUNT };

/* A text as it was found. text.p is NULL when there is none in any language; lists (KEY_WHEN, KEY_TRAP, PAIR_DIFFER,
 * PAIR_TRAP) have one item a line. */
struct codes_said {
	struct str text;
	bool fallback;          /* English, because the language lacks it */
	bool stale;             /* the English text has changed since it was translated */
};
struct codes_said codes_text(unsigned status, enum codes_key key, unsigned language);
/* Curated sentences about a pair; either order of codes. PAIR_USE_LOW is about the lower code. */
struct codes_said codes_pair_text(unsigned a, unsigned b, enum codes_pair_key key, unsigned language);
bool codes_pair_curated(unsigned a, unsigned b);

/* One line about an entry of a glossary: "warnings" "304", "q850" "21", "headers" "Contact", "methods" "INVITE", "option-tags"
 * "outbound", "unregistered" "439 Stale Date", "ladders" "430.next". */
enum codes_glossary { GLOSSARY_WARNINGS, GLOSSARY_Q850, GLOSSARY_HEADERS, GLOSSARY_METHODS, GLOSSARY_OPTION_TAGS, GLOSSARY_UNREGISTERED, GLOSSARY_LADDERS,
	GLOSSARY_COUNT };
struct codes_said codes_gloss(enum codes_glossary glossary, struct str key, unsigned language);

/* A word or sentence of the interface. Placeholders {1}..{4} are filled with values (NULL when it has none). */
struct str codes_word(enum codes_word word, unsigned language);
void codes_word_add(struct buf *out, enum codes_word word, unsigned language, const struct str *values);
/* The words of the enums of codes_facts.h: codes_words_fork[FORK_NEXT_FLOW]. Senders and methods by bit number. */
extern const uint16_t codes_words_outcome[], codes_words_sender[], codes_words_reach[], codes_words_stage[], codes_words_retry[], codes_words_fork[],
	codes_words_flows[], codes_words_dialog[], codes_words_http[], codes_words_role[], codes_words_automation[], codes_words_header_status[], codes_words_class[];

#endif
