/* SPDX-License-Identifier: Apache-2.0 */
/* codes_site.h - the reference as a site: HTML that needs no script to be read, JSON beside each page, no outside asset.
 *
 * Addresses, the same exported and served: LANG/ (index), LANG/codes/430, LANG/compare/301/430, each with .json
 * (LANG/index.json), site.css, search.js, icon.svg. Served only: LANG/best?codes=404,486&outbound=1 (best.json too) and
 * LANG/search?q=WORDS. Without LANG the language is chosen by Accept-Language. Exported, the files are en/codes/430.html
 * and so on. All links are relative: the folder can be opened from a disk, the site can be served under any prefix. */
#ifndef SLUICE_CODES_SITE_H
#define SLUICE_CODES_SITE_H

#include "codes_page.h"

/* What a page may do: what is in its own folder, nothing from elsewhere. Each page says it itself; a server says it in
 * Content-Security-Policy too. */
#define SITE_POLICY "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'"

/* Write all pages into folder `path`, made if it is not there; files of an earlier export are replaced. 0 or -errno;
 * *files counts what was written. */
int site_export(const char *path, unsigned *files);

struct site_answer {
	unsigned status;                /* of HTTP: 200, 302 (location), 304, 400, 404 */
	const char *type;               /* media type with charset; of a 302 and 304 too */
	struct buf body;                /* of a 302 and 304 empty */
	char etag[20];                  /* quoted; the same for the same program, path and language. Empty: none */
	struct buf location;            /* for 302, a reference relative to the path asked for */
	unsigned language;              /* for Content-Language */
	bool negotiated;                /* the language was chosen by accept_language: say Vary: Accept-Language */
};
/* The answer to GET path?query: path begins with '/' and has no '%' to decode, query is without '?'. accept_language and
 * if_none_match as in the request; each but path STR_NONE when absent. *out is filled, and freed by site_answer_fini. */
void site_answer(struct str path, struct str query, struct str accept_language, struct str if_none_match, struct site_answer *out);
void site_answer_fini(struct site_answer *a);

#endif
