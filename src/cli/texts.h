/* SPDX-License-Identifier: Apache-2.0 */
/* texts.h - everything a person reads, in their language.
 *
 * The catalogue is texts/en.txt and texts/ru.txt; a generator (tools/texts.py) makes one function
 * of each key, with typed arguments: text_config_unknown(s, name, section). It writes into a
 * struct say, which is a buffer that knows its language. What a language lacks is said in English. */
#ifndef SLUICE_CLI_TEXTS_H
#define SLUICE_CLI_TEXTS_H

#include "buf.h"
#include <stdio.h>

enum language { LANGUAGE_EN, LANGUAGE_RU };

struct say {
	struct buf out;
	enum language language;
};

struct text_value {
	struct str text;
	int64_t number;
	bool is_number;
};
/* Used by the generated functions, and where the key itself (an enum text_id) stands in a table;
 * values NULL: the text has no placeholder. */
void say_text(struct say *s, unsigned id, const struct text_value *values);
static inline void say_str(struct say *s, struct str text) { buf_add(&s->out, text); }
/* Write what was said and begin anew. */
void say_flush(struct say *s, FILE *to);
void say_fini(struct say *s);

/* "30 s", "5 min", "2 h", "3 d": a length of time, rounded down to its largest unit. */
void say_duration(struct say *s, int64_t ms);
/* The same in the largest unit that gives it exactly. */
void say_duration_exact(struct say *s, int64_t ms);
#define ERRNO_NOT_PEM 1001
#define ERRNO_EMPTY   1002
/* What went wrong, by its -errno (or one of ours, above), in words of the language where we have them. The text lives as long as
 * the program. */
struct str errno_text(enum language language, int err);

/* "ru", "ru_RU.UTF-8" -> Russian; "en", "C", "de_DE" -> English. */
enum language language_of(const char *locale);
/* From LC_ALL, LC_MESSAGES, LANG, in this order (the first that is set and not empty counts). */
enum language language_of_environment(void);

#include "texts_list.h"
extern const char *const texts_en[TEXT_COUNT], *const texts_ru[TEXT_COUNT];

#endif
