/* SPDX-License-Identifier: Apache-2.0 */
/* codes_show.h - a page of the reference on a terminal; facts and texts as JSON. (codes_site.h: as HTML.) */
#ifndef SLUICE_CODES_SHOW_H
#define SLUICE_CODES_SHOW_H

#include "codes_page.h"

struct terminal {
	unsigned width;         /* columns; lines are never longer, unless a word is */
	bool colour;
};
void page_show(const struct page *p, const struct terminal *t, struct buf *out);

/* One object and a line feed; keys and enum values are the words of facts/codes.txt, texts are of the language. */
void json_explain(struct buf *out, unsigned status, unsigned language);         /* 100..699 */
void json_compare(struct buf *out, unsigned a, unsigned b, unsigned language);
void json_best(struct buf *out, const unsigned *statuses, unsigned n, bool outbound, unsigned language);
void json_index(struct buf *out, unsigned language);
void json_page(struct buf *out, const struct page *p);          /* what has no typed form: warnings, causes, headers, a search */

#endif
