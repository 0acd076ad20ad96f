/* SPDX-License-Identifier: Apache-2.0 */
/* page_private.h - what the composers of pages share. Texts they return live in the page's arena or for ever. */
#ifndef SLUICE_PAGE_PRIVATE_H
#define SLUICE_PAGE_PRIVATE_H

#include "codes_page.h"

#define VALUES(...) ((const struct str[]){ __VA_ARGS__ })
struct str page_fill(struct page *p, enum codes_word word, const struct str *values);
static inline struct str page_word(const struct page *p, unsigned word) { return codes_word((enum codes_word)word, p->language); }
struct str page_take(struct page *p, struct buf *b);            /* what b holds; b is freed */
struct str page_number(struct page *p, unsigned number);

void page_title(struct page *p, struct str text, struct str english);
void page_heading(struct page *p, unsigned word, const char *anchor);
void page_fact(struct page *p, unsigned word, struct str value);        /* an empty value: no block */
void page_said(struct page *p, enum block_kind kind, struct str name, struct codes_said said);  /* nothing said: no block */
void page_list(struct page *p, enum block_kind kind, struct codes_said said);   /* a block a line */
void page_code(struct page *p, unsigned status);                /* BLOCK_CODE */
void page_source(struct page *p, const struct codes_ref *ref);  /* BLOCK_SOURCE */
void page_marks(struct page *p);                                /* says once at the end if anything is a fallback or stale */

/* "430 Flow Failed", in Russian "430 Flow Failed (Поток потерян)". */
struct str page_code_name(struct page *p, unsigned status);
struct str page_ref(struct page *p, const struct codes_ref *ref);       /* "RFC 5626 §11.5" */

/* The value of a fact in words. */
struct str fact_bits(struct page *p, unsigned bits, const uint16_t *words, unsigned count);
struct str fact_senders(struct page *p, unsigned senders);
struct str fact_methods(struct page *p, unsigned methods);
struct str fact_required(struct page *p, const struct code *code);
struct str fact_recommended(struct page *p, const struct code *code);
struct str fact_q850(struct page *p, const struct code *code);
struct str fact_http(struct page *p, const struct code *code);
struct str fact_class(struct page *p, const struct code *code);
struct str fact_numbers(struct page *p, const uint16_t *numbers);
struct str fact_causes(struct page *p, const uint16_t *causes);         /* "21 Call rejected, 55 ..." */
unsigned fact_hidden_word(const struct code *code);                     /* who should never see it */

#endif
