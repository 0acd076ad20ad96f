/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - find a text in a language, or in English when the language lacks it. */
#include "codes_private.h"

unsigned codes_language_find(struct str locale)
{
	for (unsigned i = 0; i < codes_language_count; i++) {
		struct str tag = str_of(codes_languages[i].tag);
		if (str_istarts(locale, tag) && (locale.n == tag.n || strchr("_-.@", locale.p[tag.n])))
			return i;
	}
	return codes_language_count;
}

static struct codes_said said(const char *text, uint32_t stale, const char *english, unsigned key)
{
	return text ? (struct codes_said){ str_of(text), false, stale >> key & 1 } : (struct codes_said){ str_of(english), english != NULL, false };
}

struct codes_said codes_text(unsigned status, enum codes_key key, unsigned language)
{
	const struct code *code = codes_find(status);
	if (!code)
		return (struct codes_said){ STR_NONE, false, false };
	if (key == KEY_TITLE && language == CODES_ENGLISH)
		return (struct codes_said){ code->phrase, false, false };
	size_t row = (size_t)(code - codes_table);
	const struct codes_texts *own = &codes_texts[language * codes_count + row], *english = &codes_texts[CODES_ENGLISH * codes_count + row];
	return said(own->text[key], own->stale, key == KEY_TITLE ? code->phrase.p : english->text[key], key);
}

static const struct codes_pair_texts *find_pair(unsigned a, unsigned b)
{
	unsigned low = a < b ? a : b, high = a < b ? b : a;
	for (unsigned i = 0; i < codes_pair_count; i++)
		if (codes_pair_texts[i].low == low && codes_pair_texts[i].high == high)
			return &codes_pair_texts[i];
	return NULL;
}

bool codes_pair_curated(unsigned a, unsigned b)
{
	return find_pair(a, b) != NULL;
}

struct codes_said codes_pair_text(unsigned a, unsigned b, enum codes_pair_key key, unsigned language)
{
	const struct codes_pair_texts *english = find_pair(a, b);
	if (!english)
		return (struct codes_said){ STR_NONE, false, false };
	const struct codes_pair_texts *own = english + (size_t)language * codes_pair_count;
	return said(own->text[key], own->stale, english->text[key], key);
}

static const struct codes_gloss_row *find_gloss(enum codes_glossary glossary, struct str key, unsigned language)
{
	for (const struct codes_gloss_row *g = codes_glosses; g->key; g++)
		if (g->glossary == glossary && g->language == language && str_ieq(str_of(g->key), key))
			return g;
	return NULL;
}

struct codes_said codes_gloss(enum codes_glossary glossary, struct str key, unsigned language)
{
	const struct codes_gloss_row *own = find_gloss(glossary, key, language), *english = own ? NULL : find_gloss(glossary, key, CODES_ENGLISH);
	return said(own ? own->text : NULL, own ? own->stale : 0, english ? english->text : NULL, 0);
}

struct str codes_word(enum codes_word word, unsigned language)
{
	const char *own = codes_words[language * WORD_COUNT + word];
	return str_of(own ? own : codes_words[CODES_ENGLISH * WORD_COUNT + word]);
}

void codes_word_add(struct buf *out, enum codes_word word, unsigned language, const struct str *values)
{
	struct str rest = codes_word(word, language), head;
	while (str_cut(&rest, '{', &head)) {
		buf_add(out, head);
		buf_add(out, values[rest.p[0] - '1']);
		rest = str_range(rest.p + 2, rest.p + rest.n);
	}
	buf_add(out, rest);
}
