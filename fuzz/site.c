/* SPDX-License-Identifier: Apache-2.0 */
/* site.c - any bytes as a request to the reference's site, a line each: path, query, Accept-Language, If-None-Match. Every answer is one
 * of HTTP's that we give, and what is shown is UTF-8 without a tag of the asker's. */
#include "codes_site.h"
#include "utf8.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static struct str line_of(struct str *rest)
{
	struct str line;
	if (!str_cut(rest, '\n', &line)) {
		line = *rest;
		*rest = STR("");
	}
	return line;
}

static void look(const struct site_answer *a)
{
	struct str body = buf_str(&a->body);
	uint32_t c;
	need(a->status == 200 || a->status == 302 || a->status == 304 || a->status == 400 || a->status == 404);
	need((a->status == 302) == (a->location.n > 0));
	need((a->status == 302 || a->status == 304) == (body.n == 0));
	need(a->language < codes_language_count);
	need(strlen(a->etag) < sizeof a->etag);
	while (utf8_next(&body, &c))
		need(c != 0xfffd);
	for (body = buf_str(&a->body); body.n > 7; body.p++, body.n--)
		need(!str_starts(body, STR("<zzzzz")));         /* fuzz/corpus/site asks for it */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str rest = { (const char *)bytes, n };
	struct str path = line_of(&rest), query = line_of(&rest), language = line_of(&rest), match = line_of(&rest);
	struct site_answer a;
	if (!path.n || path.p[0] != '/')
		path = STR("/best");
	site_answer(path, query, language, match, &a);
	look(&a);
	site_answer_fini(&a);
	return 0;
}
