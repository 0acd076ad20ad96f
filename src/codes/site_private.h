/* SPDX-License-Identifier: Apache-2.0 */
/* site_private.h - how the site's addresses, pages and their HTML fit together. */
#ifndef SLUICE_SITE_PRIVATE_H
#define SLUICE_SITE_PRIVATE_H

#include "codes_page.h"

enum site_kind { SITE_INDEX, SITE_CODE, SITE_COMPARE, SITE_BEST, SITE_SEARCH, SITE_MISSING };

/* A page of the site and where it stands: enough to write it. */
struct site_view {
	enum site_kind kind;
	unsigned language;
	unsigned low, high;             /* codes of SITE_CODE (low), SITE_COMPARE */
	unsigned depth;                 /* folders between the page and the site's root */
	bool live;                      /* served: names without .html, forms that ask the server */
	struct str question;            /* SITE_BEST, SITE_SEARCH: what was asked */
	bool outbound;
};

/* --- html.c: text --- */

void html_escape(struct buf *out, struct str text);             /* fit for content and for a quoted attribute */
/* A text with links: "430" to its page, "RFC 5626 §11.5" to the RFC. plain: numbers in it are no status codes. */
void html_text(struct buf *out, const struct site_view *v, struct str text, bool plain);
/* The address of another page, relative to v: to be put between quotes. */
void html_href(struct buf *out, const struct site_view *v, unsigned language, enum site_kind kind, unsigned low, unsigned high);
void html_root(struct buf *out, const struct site_view *v);     /* "../../" */
void html_number(struct buf *out, unsigned status);             /* "430" in the colour of its class */

/* --- html_page.c: blocks of a page --- */

void html_page(struct buf *out, const struct site_view *v, const struct page *p, unsigned first, unsigned end);

/* --- html_ladder.c --- */

void html_ladder(struct buf *out, const struct site_view *v, unsigned status);

/* --- site_page.c: a whole document --- */

void site_document(struct buf *out, const struct site_view *v);
bool site_json(struct buf *out, const struct site_view *v);     /* false: this kind has none */
/* The codes of a question "404, 486 503+603". False: something else is in it, or none, or too many. */
bool site_statuses(struct str question, unsigned statuses[CODES_BEST_MAX], unsigned *n);

/* --- generated from site/ --- */

extern const struct site_asset {
	const char *name, *type;
	struct str body;
} site_assets[];
extern const unsigned site_asset_count;

#endif
