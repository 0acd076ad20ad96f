/* SPDX-License-Identifier: Apache-2.0 */
/* codes_page.h - what the reference says about something, as a list of blocks; terminal and HTML are two ways to show it.
 *
 * A page is composed once, in one language, and owns its text. Codes and RFC sections inside a text are plain ("430",
 * "RFC 5626 §11.5"): who shows it makes links of them. */
#ifndef SLUICE_CODES_PAGE_H
#define SLUICE_CODES_PAGE_H

#include "arena.h"
#include "codes_best.h"
#include "codes_text.h"

enum block_kind {
	BLOCK_TITLE,            /* text; name: the translated phrase, if there is one; status, other_status: the codes it is about */
	BLOCK_LEAD,             /* text: the one sentence to remember */
	BLOCK_HEADING,          /* text; name: its anchor, a word of [a-z-] that is the same in each language */
	BLOCK_PARAGRAPH,        /* text; name: a bold run-in, or empty */
	BLOCK_ITEM,             /* text: an entry of a list */
	BLOCK_STEP,             /* text: an entry of a numbered list; status: the code it is about */
	BLOCK_FACT,             /* name: text */
	BLOCK_COLUMNS,          /* text, other: heads of two columns; rows follow */
	BLOCK_ROW,              /* name: text | other */
	BLOCK_CODE,             /* status, name: phrase or title, text: its gloss */
	BLOCK_SOURCE,           /* name: "RFC 5626 §11.5", text: its address on the web */
	BLOCK_LADDER,           /* status: a code with a story (codes_ladder.h) */
	BLOCK_NOTE              /* text: about the page itself */
};
struct block {
	enum block_kind kind;
	unsigned status, other_status;
	struct str name, text, other;
	bool fallback, stale;   /* as in struct codes_said */
	bool plain;             /* numbers in the text are no SIP codes: those of HTTP, causes */
};
struct page {
	struct arena arena;     /* what the blocks point to */
	struct block *blocks;
	unsigned count, room;
	unsigned language;
};
void page_init(struct page *p, unsigned language);
void page_fini(struct page *p);
/* A new block at the end; the caller fills it before the next call. Texts must outlive the page or be in its arena. */
struct block *page_add(struct page *p, enum block_kind kind);

struct explain_options {
	unsigned roles;         /* bits 1 << enum codes_role; 0: all */
	bool brief;             /* title, gloss, source only */
};
/* What is known of a code; one that is not registered is explained by the rule for it (and by what is seen in the field).
 * False: outside 100..699, the page is empty. */
bool page_explain(struct page *p, unsigned status, const struct explain_options *options);
bool page_warning(struct page *p, unsigned code);               /* false: unknown */
bool page_cause(struct page *p, unsigned cause);
bool page_header(struct page *p, struct str name);
/* Both registered or not, 100..699; order does not matter. */
bool page_compare(struct page *p, unsigned a, unsigned b);
/* statuses as for codes_best. */
void page_best(struct page *p, const unsigned *statuses, unsigned n, bool outbound);
void page_index(struct page *p);                /* all codes by class */
/* Codes whose phrase, title, gloss or text in any language holds all words of the question, best first. Count. */
unsigned page_search(struct page *p, struct str question);

#endif
