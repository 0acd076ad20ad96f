/* SPDX-License-Identifier: Apache-2.0 */
/* The site: what becomes a link, what each address answers, that every page is closed as it was opened and every link leads
 * to a page. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "codes_ladder.h"
#include "codes_site.h"
#include "site_private.h"
#include "utf8.h"

static const struct site_view nowhere = { .kind = SITE_INDEX, .depth = 1, .live = true };

#define CODE(n) "<a class=\"k\" href=\"../en/codes/" n "\">" n "</a>"
#define RFC(n, hash, shown) "<a class=\"rfc\" href=\"https://www.rfc-editor.org/rfc/rfc" n ".html" hash "\">" shown "</a>"

static void assert_text(const char *text, const char *html)
{
	struct buf out = { 0 };
	html_text(&out, &nowhere, str_of(text), false);
	buf_byte(&out, '\0');
	assert_string_equal(out.p, html);
	buf_fini(&out);
}

static void whole_registered_codes_become_links(void **state)
{
	static const struct { const char *text, *html; } rows[] = {
		{ "430", CODE("430") },
		{ "a 430, then 480.", "a " CODE("430") ", then " CODE("480") "." },
		{ "(430)", "(" CODE("430") ")" },
		{ "«486»", "«" CODE("486") "»" },
		{ "301/302", CODE("301") "/302" },              /* the second may be anything */
		{ "1430", "1430" }, { "4300", "4300" }, { "5060", "5060" }, { "431", "431" }, { "x430", "x430" }, { "430x", "430x" },
		{ "4xx", "4xx" }, { "192.0.2.200", "192.0.2.200" }, { "200.5", "200.5" }, { "a port 500", "a port 500" }, { "t=200", "t=200" },
		{ "430 ms", "430 ms" }, { "after 200 ms.", "after 200 ms." }, { "180 s", "180 s" }, { "200 мс", "200 мс" }, { "100 %", "100 %" },
		{ "Q.850 cause 102", "Q.850 cause 102" }, { "cause 100", "cause 100" }, { "HTTP 404", "HTTP 404" }, { "Warning: 300", "Warning: 300" },
		{ "300 с.", "300 с." },                         /* seconds */
		{ "отвечает 400 с телом", "отвечает " CODE("400") " с телом" },        /* "with" */
		{ "SIP/2.0 486 Busy Here", "SIP/2.0 " CODE("486") " Busy Here" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_text(rows[i].text, rows[i].html);
}

static void references_become_links(void **state)
{
	(void)state;
	assert_text("RFC 5626", RFC("5626", "", "RFC 5626"));
	assert_text("(RFC 5626 §11.5).", "(" RFC("5626", "#section-11.5", "RFC 5626 §11.5") ").");
	assert_text("RFC 3261 §16.7, §8.1 and §17", RFC("3261", "#section-16.7", "RFC 3261 §16.7") ", " RFC("3261", "#section-8.1", "§8.1") " and "
	            RFC("3261", "#section-17", "§17"));
	assert_text("RFC 5626 §A.", RFC("5626", "#appendix-A", "RFC 5626 §A") ".");
	assert_text("RFC 5626, 430", RFC("5626", "", "RFC 5626") ", " CODE("430"));
	assert_text("RFCs, RFC x", "RFCs, RFC x");
}

static void what_html_means_is_escaped(void **state)
{
	(void)state;
	assert_text("<script>\"a\" & 'b'</script>", "&lt;script&gt;&quot;a&quot; &amp; 'b'&lt;/script&gt;");
	assert_text("", "");
}

/* --- documents --- */

static bool is_void(struct str name)
{
	static const char *const names[] = { "meta", "link", "input", "rect", "path", "!DOCTYPE" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq(name, str_of(names[i])))
			return true;
	return false;
}

/* Each element is closed where it should be; no attribute that the policy forbids. */
static void assert_closed(struct str html, const char *what)
{
	struct str open[64], rest;
	unsigned n = 0;
	while (str_cut(&html, '<', &rest)) {
		struct str tag;
		assert_true(str_cut(&html, '>', &tag));
		bool end = tag.n && tag.p[0] == '/';
		size_t length = end;
		while (length < tag.n && tag.p[length] != ' ' && tag.p[length] != '/')
			length++;
		struct str name = str_range(tag.p + end, tag.p + length);
		if (memmem(tag.p, tag.n, " style=", 7) || memmem(tag.p, tag.n, " onclick", 8))
			fail_msg("%s: %.*s", what, STR_FMT(tag));
		if (end) {
			if (!n || !str_eq(open[--n], name))
				fail_msg("%s: </%.*s> closes nothing", what, STR_FMT(name));
		} else if (!is_void(name)) {
			assert_true(n < 64);
			open[n++] = name;
		}
	}
	if (n)
		fail_msg("%s: <%.*s> is not closed", what, STR_FMT(open[n - 1]));
}

/* No id twice: anchors and aria-labelledby mean one element. */
static void assert_ids_differ(struct str html, const char *what)
{
	struct str ids[128], rest = html, id;
	unsigned n = 0;
	const char *at;
	while ((at = memmem(rest.p, rest.n, " id=\"", 5))) {
		rest = str_range(at + 5, rest.p + rest.n);
		assert_true(str_cut(&rest, '"', &id));
		for (unsigned i = 0; i < n; i++)
			if (str_eq(ids[i], id))
				fail_msg("%s: id %.*s twice", what, STR_FMT(id));
		assert_true(n < 128);
		ids[n++] = id;
	}
}

static void document(struct buf *out, const struct site_view *v)
{
	char what[64];
	buf_clear(out);
	site_document(out, v);
	snprintf(what, sizeof what, "%s %u %u", codes_languages[v->language].tag, v->low, v->high);
	assert_closed(buf_str(out), what);
	assert_ids_differ(buf_str(out), what);
}

static void every_document_is_closed_as_it_was_opened(void **state)
{
	struct buf out = { 0 };
	(void)state;
	for (unsigned language = 0; language < codes_language_count; language++) {
		for (unsigned kind = SITE_INDEX; kind <= SITE_MISSING; kind++)
			document(&out, &(struct site_view){ .kind = kind, .language = language, .low = 431, .high = 699, .live = true, .question = STR("404 603 2") });
		for (unsigned i = 0; i < codes_count; i++) {
			unsigned low = codes_table[i].status;
			document(&out, &(struct site_view){ .kind = SITE_CODE, .language = language, .low = low, .depth = 2 });
			for (unsigned k = i + 1; k < codes_count; k += 3)
				document(&out, &(struct site_view){ .kind = SITE_COMPARE, .language = language, .low = low, .high = codes_table[k].status, .depth = 3 });
		}
	}
	buf_fini(&out);
}

static void a_question_is_escaped_where_it_is_shown(void **state)
{
	struct site_answer a;
	(void)state;
	site_answer(STR("/en/search"), STR("q=%22%3E%3Cscript%3E"), STR_NONE, STR_NONE, &a);
	assert_int_equal(a.status, 200);
	assert_null(memmem(a.body.p, a.body.n, "<script>", 8));
	assert_closed(buf_str(&a.body), "search");
	site_answer_fini(&a);
}

/* --- addresses --- */

static struct site_answer get(const char *path, const char *query, const char *language)
{
	struct site_answer a;
	site_answer(str_of(path), str_of(query), str_of(language), STR_NONE, &a);
	return a;
}

static void each_address_answers(void **state)
{
	static const struct { const char *path, *query, *accept; unsigned status; const char *location, *holds; } rows[] = {
		{ "/", NULL, "ru", 302, "ru/", "" },
		{ "/", NULL, NULL, 302, "en/", "" },
		{ "/", NULL, "de, fr;q=0.9", 302, "en/", "" },
		{ "/", NULL, "en;q=0.5, ru-RU;q=0.8", 302, "ru/", "" },
		{ "/", NULL, "ru;q=0.9, en;q=0.5", 302, "ru/", "" },
		{ "/", NULL, "ru;q=0, *", 302, "en/", "" },
		{ "/ru", NULL, NULL, 302, "ru/", "" },
		{ "/ru/", NULL, NULL, 200, NULL, "Коды" },
		{ "/en/index.html", NULL, NULL, 200, NULL, "SIP status codes" },
		{ "/en/index.json", NULL, NULL, 200, NULL, "\"codes\":[" },
		{ "/codes/430", NULL, "ru", 200, NULL, "lang=\"ru\"" },
		{ "/codes/430", NULL, "en-US,en", 200, NULL, "lang=\"en\"" },
		{ "/en/codes/430", NULL, "ru", 200, NULL, "<html lang=\"en\"" },
		{ "/en/codes/430.html", NULL, NULL, 200, NULL, "Flow Failed" },
		{ "/ru/codes/430.json", NULL, NULL, 200, NULL, "\"language\":\"ru\"" },
		{ "/codes/430.json", NULL, "ru", 200, NULL, "\"language\":\"ru\"" },
		{ "/en/codes/431", NULL, NULL, 200, NULL, "400 Bad Request" },
		{ "/en/codes/99", NULL, NULL, 404, NULL, "no such page" },
		{ "/en/codes/4300", NULL, NULL, 404, NULL, "no such page" },
		{ "/en/codes/700", NULL, NULL, 404, NULL, "no such page" },
		{ "/en/codes/430/x", NULL, NULL, 404, NULL, "no such page" },
		{ "/en/codes/430.json.json", NULL, NULL, 404, NULL, "error" },
		{ "/de/codes/430", NULL, NULL, 404, NULL, "no such page" },
		{ "/compare/301/430", NULL, NULL, 200, NULL, "Moved Permanently" },
		{ "/compare/430/301", NULL, NULL, 302, "../301/430", "" },
		{ "/ru/compare/430/301.json", NULL, NULL, 302, "../301/430.json", "" },
		{ "/en/compare/301", NULL, NULL, 404, NULL, "" },
		{ "/best", "codes=404,486&outbound=1", NULL, 200, NULL, "486 Busy Here" },
		{ "/en/best", "codes=404+486", NULL, 200, NULL, "486 Busy Here" },
		{ "/en/best.json", "codes=404%2C486", NULL, 200, NULL, "\"chosen\":486" },
		{ "/en/best", NULL, NULL, 200, NULL, "<form" },
		{ "/en/best", "codes=404,x", NULL, 400, NULL, "<form" },
		{ "/en/best.json", NULL, NULL, 400, NULL, "error" },
		{ "/en/search", "q=%D0%B7%D0%B0%D0%BD%D1%8F%D1%82%D0%BE", NULL, 200, NULL, "codes/486" },
		{ "/en/search", NULL, NULL, 200, NULL, "<form" },
		{ "/site.css", NULL, NULL, 200, NULL, "prefers-color-scheme" },
		{ "/search.js", NULL, NULL, 200, NULL, "use strict" },
		{ "", NULL, NULL, 302, "en/", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct site_answer a = get(rows[i].path, rows[i].query, rows[i].accept);
		buf_byte(&a.body, '\0');
		buf_byte(&a.location, '\0');
		if (a.status != rows[i].status || strcmp(a.location.p, rows[i].location ? rows[i].location : "") || !strstr(a.body.p, rows[i].holds))
			fail_msg("%s: %u, location '%s', %zu bytes", rows[i].path, a.status, a.location.p, a.body.n);
		site_answer_fini(&a);
	}
}

static void a_language_that_was_chosen_is_told(void **state)
{
	struct site_answer a = get("/codes/430", NULL, "ru"), b = get("/ru/codes/430", NULL, NULL), c = get("/codes/430", NULL, "en");
	(void)state;
	assert_true(a.negotiated && c.negotiated && !b.negotiated);
	assert_string_equal(codes_languages[a.language].tag, "ru");
	assert_string_not_equal(a.etag, c.etag);
	site_answer_fini(&a);
	site_answer_fini(&b);
	site_answer_fini(&c);
}

static void a_page_that_is_known_is_not_sent_again(void **state)
{
	struct site_answer a = get("/en/codes/430", NULL, NULL), b;
	char list[80];
	(void)state;
	assert_int_equal(a.status, 200);
	snprintf(list, sizeof list, "\"other\", W/%s", a.etag);
	site_answer(STR("/en/codes/430"), STR_NONE, STR_NONE, str_of(list), &b);
	assert_int_equal(b.status, 304);
	assert_int_equal(b.body.n, 0);
	assert_string_equal(a.etag, b.etag);
	site_answer_fini(&b);
	site_answer(STR("/en/codes/431"), STR_NONE, STR_NONE, str_of(list), &b);
	assert_int_equal(b.status, 200);
	site_answer_fini(&b);
	site_answer_fini(&a);
}

/* The path that a relative reference leads to. */
static void resolve(char out[256], const char *from, struct str reference)
{
	char path[256];
	snprintf(path, sizeof path, "%s", from);
	*strrchr(path, '/') = '\0';
	while (str_starts(reference, STR("../"))) {
		reference = str_range(reference.p + 3, reference.p + reference.n);
		char *last = strrchr(path, '/');
		assert_non_null(last);
		*last = '\0';
	}
	snprintf(out, 256, "%s/%.*s", path, STR_FMT(reference));
}

static void every_link_of_a_served_page_leads_to_a_page(void **state)
{
	static const char *const pages[] = { "/en/", "/ru/codes/430", "/codes/301", "/en/compare/301/430", "/en/codes/431", "/en/nothing/here/at/all" };
	(void)state;
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		struct site_answer a = get(pages[i], NULL, "ru");
		struct str rest = buf_str(&a.body), href;
		const char *at;
		unsigned links = 0;
		while ((at = memmem(rest.p, rest.n, "href=\"", 6))) {
			rest = str_range(at + 6, rest.p + rest.n);
			assert_true(str_cut(&rest, '"', &href));
			if (str_starts(href, STR("http")) || str_starts(href, STR("#")))
				continue;
			char path[256];
			resolve(path, pages[i], href);
			struct site_answer there = get(path, NULL, NULL);
			if (there.status != 200)
				fail_msg("%s links to %.*s: %s is %u", pages[i], STR_FMT(href), path, there.status);
			site_answer_fini(&there);
			links++;
		}
		assert_true(links >= 4);
		site_answer_fini(&a);
	}
}

/* --- ladders --- */

static void ladders_fit_their_terminal(void **state)
{
	struct buf out = { 0 };
	unsigned ladders = 0;
	(void)state;
	for (unsigned i = 0; i < codes_count; i++) {
		const struct ladder *l = ladder_find(codes_table[i].status);
		if (!l)
			continue;
		ladders++;
		for (unsigned language = 0; language < codes_language_count; language++) {
			buf_clear(&out);
			assert_true(ladder_draw(&out, l, language, 80));
			assert_true(out.n > 0);
			for (unsigned width = 1; width < 150; width++) {
				buf_clear(&out);
				if (!ladder_draw(&out, l, language, width)) {
					assert_int_equal(out.n, 0);
					continue;
				}
				struct str text = buf_str(&out), line = STR("");
				assert_true(str_cut(&text, '\n', &line));
				for (unsigned actor = 0; actor < l->actor_count; actor++) {     /* no name is cut or written over */
					struct str name = ladder_actor(l, actor, language).text;
					const char *at = memmem(line.p, line.n, name.p, name.n);
					assert_non_null(at);
					assert_true(at == line.p || at[-1] == ' ');
				}
				while (str_cut(&text, '\n', &line))
					assert_true(utf8_width(line) <= width);
			}
		}
	}
	assert_true(ladders >= 2 && ladder_find(301) && ladder_find(430));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_registered_codes_become_links), cmocka_unit_test(references_become_links), cmocka_unit_test(what_html_means_is_escaped),
		cmocka_unit_test(every_document_is_closed_as_it_was_opened), cmocka_unit_test(a_question_is_escaped_where_it_is_shown),
		cmocka_unit_test(each_address_answers), cmocka_unit_test(a_language_that_was_chosen_is_told), cmocka_unit_test(a_page_that_is_known_is_not_sent_again),
		cmocka_unit_test(every_link_of_a_served_page_leads_to_a_page), cmocka_unit_test(ladders_fit_their_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
