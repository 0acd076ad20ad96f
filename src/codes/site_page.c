/* SPDX-License-Identifier: Apache-2.0 */
/* site_page.c - a whole document: its head, the way to other pages and languages, the page itself. */
#include "codes.h"
#include "codes_show.h"
#include "codes_site.h"
#include "page_private.h"
#include "site_private.h"

struct pen {
	struct buf *out;
	const struct site_view *v;
	struct page page;
};

static void word(struct pen *pen, enum codes_word w)
{
	html_escape(pen->out, codes_word(w, pen->v->language));
}

/* The question of a page of best or search, put behind its address. */
static void asked(struct pen *pen)
{
	const struct site_view *v = pen->v;
	if (!v->question.n)
		return;
	buf_add(pen->out, v->kind == SITE_BEST ? STR("?codes=") : STR("?q="));
	for (size_t i = 0; i < v->question.n; i++) {
		unsigned char c = (unsigned char)v->question.p[i];
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			buf_byte(pen->out, (char)c);
		else
			buf_printf(pen->out, "%%%02X", c);
	}
	if (v->outbound)
		BUF_LIT(pen->out, "&amp;outbound=1");
}

/* This page in another language. */
static void same_page(struct pen *pen, unsigned language)
{
	const struct site_view *v = pen->v;
	html_href(pen->out, v, language, v->kind, v->low, v->high);
	asked(pen);
}

static void json_address(struct pen *pen)
{
	const struct site_view *v = pen->v;
	html_root(pen->out, v);
	buf_printf(pen->out, "%s/", codes_languages[v->language].tag);
	if (v->kind == SITE_INDEX)
		BUF_LIT(pen->out, "index.json");
	else if (v->kind == SITE_CODE)
		buf_printf(pen->out, "codes/%u.json", v->low);
	else if (v->kind == SITE_COMPARE)
		buf_printf(pen->out, "compare/%u/%u.json", v->low, v->high);
	else
		buf_add(pen->out, v->kind == SITE_BEST ? STR("best.json") : STR("search.json"));
	asked(pen);
}

static bool has_json(const struct site_view *v)
{
	return v->kind != SITE_MISSING && (v->kind != SITE_BEST || v->question.n);
}

static struct str title_of(const struct page *p)
{
	return p->count && p->blocks[0].kind == BLOCK_TITLE ? p->blocks[0].text : STR("");
}

static struct str lead_of(const struct page *p)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->blocks[i].kind == BLOCK_LEAD)
			return p->blocks[i].text;
	return STR("");
}

static void head(struct pen *pen)
{
	struct buf *out = pen->out;
	const struct site_view *v = pen->v;
	buf_printf(out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", codes_languages[v->language].tag);
	BUF_LIT(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"" SITE_POLICY "\">\n"
	             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_escape(out, title_of(&pen->page));
	BUF_LIT(out, " · SIP</title>\n");
	if (lead_of(&pen->page).n) {
		BUF_LIT(out, "<meta name=\"description\" content=\"");
		html_escape(out, lead_of(&pen->page));
		BUF_LIT(out, "\">\n");
	}
	if (v->kind == SITE_SEARCH || v->kind == SITE_MISSING)
		BUF_LIT(out, "<meta name=\"robots\" content=\"noindex\">\n");
	BUF_LIT(out, "<link rel=\"stylesheet\" href=\"");
	html_root(out, v);
	BUF_LIT(out, "site.css\">\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"");
	html_root(out, v);
	BUF_LIT(out, "icon.svg\">\n");
	for (unsigned i = 0; v->kind != SITE_MISSING && i < codes_language_count; i++) {
		buf_printf(out, "<link rel=\"alternate\" hreflang=\"%s\" href=\"", codes_languages[i].tag);
		same_page(pen, i);
		BUF_LIT(out, "\">\n");
	}
	if (has_json(v)) {
		BUF_LIT(out, "<link rel=\"alternate\" type=\"application/json\" href=\"");
		json_address(pen);
		BUF_LIT(out, "\">\n");
	}
	if (v->kind == SITE_INDEX) {
		BUF_LIT(out, "<script src=\"");
		html_root(out, v);
		BUF_LIT(out, "search.js\" defer></script>\n");
	}
	BUF_LIT(out, "</head>\n");
}

static void page_link(struct pen *pen, enum site_kind kind, enum codes_word text)
{
	buf_printf(pen->out, "<li><a%s href=\"", pen->v->kind == kind ? " aria-current=\"page\"" : "");
	html_href(pen->out, pen->v, pen->v->language, kind, 0, 0);
	BUF_LIT(pen->out, "\">");
	word(pen, text);
	BUF_LIT(pen->out, "</a></li>");
}

static void languages(struct pen *pen)
{
	BUF_LIT(pen->out, "<nav class=\"languages\" aria-label=\"");
	word(pen, WORD_SITE_LANGUAGES);
	BUF_LIT(pen->out, "\"><ul>");
	for (unsigned i = 0; i < codes_language_count; i++) {
		const struct codes_language *l = &codes_languages[i];
		buf_printf(pen->out, "<li><a%s lang=\"%s\" hreflang=\"%s\" href=\"", i == pen->v->language ? " aria-current=\"true\"" : "", l->tag, l->tag);
		same_page(pen, i);
		BUF_LIT(pen->out, "\">");
		html_escape(pen->out, str_of(l->name));
		BUF_LIT(pen->out, "</a></li>");
	}
	BUF_LIT(pen->out, "</ul></nav>\n");
}

static void banner(struct pen *pen)
{
	BUF_LIT(pen->out, "<body>\n<a class=\"skip\" href=\"#text\">");
	word(pen, WORD_SITE_SKIP);
	BUF_LIT(pen->out, "</a>\n<header>\n<nav aria-label=\"sluice\"><ul>");
	page_link(pen, SITE_INDEX, WORD_SITE_INDEX);
	if (pen->v->live)
		page_link(pen, SITE_BEST, WORD_SITE_BEST);
	BUF_LIT(pen->out, "</ul></nav>\n");
	languages(pen);
	BUF_LIT(pen->out, "</header>\n");
}

/* --- forms --- */

/* Exported, only the script can search: it shows the field. */
static void search_form(struct pen *pen)
{
	BUF_LIT(pen->out, "<form class=\"ask\" role=\"search\" id=\"search\" action=\"");
	html_href(pen->out, pen->v, pen->v->language, SITE_SEARCH, 0, 0);
	buf_printf(pen->out, "\"%s>\n<label for=\"q\">", pen->v->live ? "" : " hidden");
	word(pen, WORD_SITE_SEARCH_LABEL);
	BUF_LIT(pen->out, "</label>\n<div><input type=\"search\" id=\"q\" name=\"q\" autocomplete=\"off\" spellcheck=\"false\" value=\"");
	if (pen->v->kind == SITE_SEARCH)
		html_escape(pen->out, pen->v->question);
	BUF_LIT(pen->out, "\"> <button>");
	word(pen, WORD_SITE_SEARCH);
	BUF_LIT(pen->out, "</button></div>\n<p id=\"found\" role=\"status\" data-none=\"");
	word(pen, WORD_SITE_SEARCH_NONE);
	BUF_LIT(pen->out, "\" data-found=\"");
	html_escape(pen->out, page_fill(&pen->page, WORD_SITE_FOUND, VALUES(STR("#"))));
	BUF_LIT(pen->out, "\"></p>\n</form>\n");
}

static void best_form(struct pen *pen)
{
	BUF_LIT(pen->out, "<form class=\"ask\" action=\"");
	html_href(pen->out, pen->v, pen->v->language, SITE_BEST, 0, 0);
	BUF_LIT(pen->out, "\">\n<label for=\"codes\">");
	word(pen, WORD_SITE_BEST_LABEL);
	BUF_LIT(pen->out, "</label>\n<div><input id=\"codes\" name=\"codes\" inputmode=\"numeric\" autocomplete=\"off\" value=\"");
	html_escape(pen->out, pen->v->question);
	buf_printf(pen->out, "\"> <label class=\"check\"><input type=\"checkbox\" name=\"outbound\" value=\"1\"%s> ", pen->v->outbound ? " checked" : "");
	word(pen, WORD_SITE_BEST_OUTBOUND);
	BUF_LIT(pen->out, "</label> <button>");
	word(pen, WORD_SITE_BEST_ASK);
	BUF_LIT(pen->out, "</button></div>\n</form>\n");
}

/* --- the page --- */

static void contents(struct pen *pen)
{
	unsigned headings = 0;
	for (unsigned i = 0; i < pen->page.count; i++)
		headings += pen->page.blocks[i].kind == BLOCK_HEADING;
	if (headings < 3)
		return;
	BUF_LIT(pen->out, "<nav class=\"contents\" aria-labelledby=\"contents\"><h2 id=\"contents\">");
	word(pen, WORD_SITE_CONTENTS);
	BUF_LIT(pen->out, "</h2><ul>\n");
	for (unsigned i = 0; i < pen->page.count; i++) {
		const struct block *b = &pen->page.blocks[i];
		if (b->kind != BLOCK_HEADING)
			continue;
		buf_printf(pen->out, "<li><a href=\"#%.*s\">", STR_FMT(b->name));
		html_escape(pen->out, b->text);
		BUF_LIT(pen->out, "</a></li>\n");
	}
	if (pen->v->kind == SITE_CODE && codes_find(pen->v->low)) {
		BUF_LIT(pen->out, "<li><a href=\"#compare\">");
		word(pen, WORD_SITE_COMPARE_WITH);
		BUF_LIT(pen->out, "</a></li>\n");
	}
	BUF_LIT(pen->out, "</ul></nav>\n");
}

/* Every pair has a page; from each of its two codes there is a way to it. */
static void all_pairs(struct pen *pen)
{
	unsigned class = 0;
	BUF_LIT(pen->out, "<nav class=\"pairs\" aria-labelledby=\"compare\"><h2 id=\"compare\">");
	word(pen, WORD_SITE_COMPARE_WITH);
	BUF_LIT(pen->out, "</h2>\n");
	for (unsigned i = 0; i < codes_count; i++) {
		unsigned status = codes_table[i].status;
		if (status == pen->v->low)
			continue;
		buf_add(pen->out, status / 100 == class ? STR("") : class ? STR("</ul>\n<ul>") : STR("<ul>"));
		class = status / 100;
		BUF_LIT(pen->out, "<li><a href=\"");
		html_href(pen->out, pen->v, pen->v->language, SITE_COMPARE, pen->v->low, status);
		BUF_LIT(pen->out, "\" title=\"");
		html_escape(pen->out, page_code_name(&pen->page, status));
		BUF_LIT(pen->out, "\">");
		html_number(pen->out, status);
		BUF_LIT(pen->out, "</a></li>\n");
	}
	BUF_LIT(pen->out, "</ul></nav>\n");
}

static void footer(struct pen *pen)
{
	BUF_LIT(pen->out, "<footer>\n<p>");
	if (has_json(pen->v)) {
		BUF_LIT(pen->out, "<a href=\"");
		json_address(pen);
		BUF_LIT(pen->out, "\">");
		word(pen, WORD_SITE_JSON);
		BUF_LIT(pen->out, "</a> · ");
	}
	word(pen, WORD_SITE_FOOTER);
	BUF_LIT(pen->out, "</p>\n</footer>\n</body>\n</html>\n");
}

static void compose(struct page *p, const struct site_view *v)
{
	unsigned statuses[CODES_BEST_MAX], n;
	switch (v->kind) {
	case SITE_INDEX:   page_index(p); break;
	case SITE_CODE:    page_explain(p, v->low, &(struct explain_options){ 0 }); break;
	case SITE_COMPARE: page_compare(p, v->low, v->high); break;
	case SITE_SEARCH:  page_search(p, v->question); break;
	case SITE_BEST:
		if (site_statuses(v->question, statuses, &n)) {
			page_best(p, statuses, n, v->outbound);
		} else {
			page_title(p, page_word(p, WORD_PAGE_BEST), STR(""));
			page_add(p, BLOCK_LEAD)->text = page_word(p, WORD_SITE_BEST_LEAD);
		}
		break;
	case SITE_MISSING:
		page_title(p, page_word(p, WORD_SITE_NOT_FOUND), STR(""));
		page_add(p, BLOCK_LEAD)->text = page_word(p, WORD_SITE_NOT_FOUND_LEAD);
		break;
	}
}

void site_document(struct buf *out, const struct site_view *v)
{
	static const char *const classes[] = { [SITE_INDEX] = "index", [SITE_CODE] = "code", [SITE_COMPARE] = "compare", [SITE_BEST] = "best",
		[SITE_SEARCH] = "results", [SITE_MISSING] = "missing" };
	struct pen pen = { .out = out, .v = v };
	page_init(&pen.page, v->language);
	compose(&pen.page, v);
	head(&pen);
	banner(&pen);
	buf_printf(out, "<main id=\"text\" class=\"%s\" tabindex=\"-1\">\n", classes[v->kind]);
	unsigned intro = 0;                             /* a form follows the title and the lead */
	while (intro < pen.page.count && (pen.page.blocks[intro].kind == BLOCK_TITLE || pen.page.blocks[intro].kind == BLOCK_LEAD))
		intro++;
	html_page(out, v, &pen.page, 0, intro);
	if (v->kind == SITE_CODE || v->kind == SITE_COMPARE)
		contents(&pen);
	else if (v->kind == SITE_BEST)
		best_form(&pen);
	else if (v->kind == SITE_INDEX || v->kind == SITE_SEARCH || v->kind == SITE_MISSING)
		search_form(&pen);
	html_page(out, v, &pen.page, intro, pen.page.count);
	if (v->kind == SITE_CODE && codes_find(v->low))
		all_pairs(&pen);
	BUF_LIT(out, "</main>\n");
	footer(&pen);
	page_fini(&pen.page);
}

bool site_statuses(struct str question, unsigned statuses[CODES_BEST_MAX], unsigned *n)
{
	*n = 0;
	for (size_t i = 0; i < question.n;) {
		size_t from = i;
		if (strchr(" ,;+", question.p[i])) {
			i++;
			continue;
		}
		while (i < question.n && !strchr(" ,;+", question.p[i]))
			i++;
		uint32_t status;
		if (*n == CODES_BEST_MAX || !str_u32(str_range(question.p + from, question.p + i), 699, &status) || status < 100)
			return false;
		statuses[(*n)++] = status;
	}
	return *n > 0;
}

bool site_json(struct buf *out, const struct site_view *v)
{
	unsigned statuses[CODES_BEST_MAX], n;
	struct page p;
	switch (v->kind) {
	case SITE_INDEX:   json_index(out, v->language); return true;
	case SITE_CODE:    json_explain(out, v->low, v->language); return true;
	case SITE_COMPARE: json_compare(out, v->low, v->high, v->language); return true;
	case SITE_BEST:
		if (!site_statuses(v->question, statuses, &n))
			return false;
		json_best(out, statuses, n, v->outbound, v->language);
		return true;
	case SITE_SEARCH:
		page_init(&p, v->language);
		page_search(&p, v->question);
		json_page(out, &p);
		page_fini(&p);
		return true;
	case SITE_MISSING:
		break;
	}
	return false;
}
