/* SPDX-License-Identifier: Apache-2.0 */
/* html.c - a text as HTML: escaped, its codes and RFC sections made links. */
#include "site_private.h"
#include "utf8.h"

void html_escape(struct buf *out, struct str text)
{
	for (size_t i = 0, from = 0; i <= text.n; i++) {
		struct str entity = STR_NONE;
		if (i < text.n)
			switch (text.p[i]) {
			case '&': entity = STR("&amp;"); break;
			case '<': entity = STR("&lt;"); break;
			case '>': entity = STR("&gt;"); break;
			case '"': entity = STR("&quot;"); break;
			default: continue;
			}
		buf_add(out, (struct str){ text.p + from, i - from });
		buf_add(out, entity);
		from = i + 1;
	}
}

void html_root(struct buf *out, const struct site_view *v)
{
	for (unsigned i = 0; i < v->depth; i++)
		BUF_LIT(out, "../");
}

void html_href(struct buf *out, const struct site_view *v, unsigned language, enum site_kind kind, unsigned low, unsigned high)
{
	html_root(out, v);
	buf_printf(out, "%s/", codes_languages[language].tag);
	switch (kind) {
	case SITE_CODE:    buf_printf(out, "codes/%u", low); break;
	case SITE_COMPARE: buf_printf(out, "compare/%u/%u", low < high ? low : high, low < high ? high : low); break;
	case SITE_BEST:    BUF_LIT(out, "best"); break;
	case SITE_SEARCH:  BUF_LIT(out, "search"); break;
	case SITE_INDEX:
	case SITE_MISSING: buf_add(out, v->live ? STR("") : STR("index.html")); return;
	}
	if (!v->live)
		BUF_LIT(out, ".html");
}

void html_number(struct buf *out, unsigned status)
{
	buf_printf(out, "<span class=\"n c%u\">%u</span>", status / 100, status);
}

/* --- links in a text --- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)                   /* or a byte of a letter beyond ASCII */
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* What stands before or after a number and makes it something else than a status code. */
static const struct str before[] = { STR_INIT("cause"), STR_INIT("causes"), STR_INIT("Cause"), STR_INIT("Q.850"), STR_INIT("Warning"), STR_INIT("warning"),
	STR_INIT("warn-code"), STR_INIT("HTTP"), STR_INIT("port"), STR_INIT("ports"), STR_INIT("UDP"), STR_INIT("TCP"), STR_INIT("причина"),
	STR_INIT("причины"), STR_INIT("причине"), STR_INIT("причиной"), STR_INIT("причину"), STR_INIT("порт"), STR_INIT("порта"), STR_INIT("порту"),
	STR_INIT("Max-Forwards"), STR_INIT("Expires"), STR_INIT("Retry-After"), STR_INIT("Min-Expires"), STR_INIT("Session-Expires"), STR_INIT("Min-SE"),
	STR_INIT("предупреждение"), STR_INIT("предупреждения") };
static const struct str after[] = { STR_INIT("ms"), STR_INIT("s"), STR_INIT("second"), STR_INIT("seconds"), STR_INIT("minutes"), STR_INIT("hours"),
	STR_INIT("bytes"), STR_INIT("byte"), STR_INIT("octets"), STR_INIT("kbit"), STR_INIT("Kbit"), STR_INIT("KB"), STR_INIT("kB"), STR_INIT("characters"),
	STR_INIT("calls"), STR_INIT("phones"), STR_INIT("users"), STR_INIT("times"), STR_INIT("percent"), STR_INIT("Hz"), STR_INIT("мс"),
	STR_INIT("секунд"), STR_INIT("секунды"), STR_INIT("секунда"), STR_INIT("минут"), STR_INIT("часов"), STR_INIT("байт"), STR_INIT("байта"),
	STR_INIT("байтов"), STR_INIT("кбит"), STR_INIT("Кбит"), STR_INIT("КБ"), STR_INIT("символов"), STR_INIT("вызовов"), STR_INIT("телефонов"),
	STR_INIT("раз"), STR_INIT("Гц") };

static bool one_of(const struct str *words, size_t n, struct str word)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(words[i], word))
			return true;
	return false;
}

/* "cause 102" and "Warning: 399" speak of something else. */
static bool named_otherwise(struct str text, size_t at)
{
	size_t end = at;
	while (end && (text.p[end - 1] == ' ' || text.p[end - 1] == ':'))
		end--;
	size_t begin = end;
	while (begin && (is_letter(text.p[begin - 1]) || text.p[begin - 1] == '-' || text.p[begin - 1] == '.' || is_digit(text.p[begin - 1])))
		begin--;
	return one_of(before, sizeof before / sizeof *before, (struct str){ text.p + begin, end - begin });
}

/* "430 ms", "300 s" are amounts. */
static bool counted(struct str text, size_t at)
{
	if (at < text.n && text.p[at] == '%')
		return true;
	if (at + 1 < text.n && text.p[at] == ' ' && text.p[at + 1] == '%')
		return true;
	if (at >= text.n || text.p[at] != ' ')
		return false;
	size_t end = at + 1;
	while (end < text.n && is_letter(text.p[end]))
		end++;
	struct str unit = { text.p + at + 1, end - at - 1 };
	if (str_eq(unit, STR("с")))                     /* seconds, unless it is "with": a word follows then */
		return end >= text.n || text.p[end] != ' ';
	return one_of(after, sizeof after / sizeof *after, unit);
}

/* The registered code that the three digits at `at` are; 0: none, or part of something else ("1430", "43.0", "x430"). */
static unsigned code_at(struct str text, size_t at)
{
	if (text.n - at < 3 || !is_digit(text.p[at + 1]) || !is_digit(text.p[at + 2]))
		return 0;
	if (at + 3 < text.n) {
		char next = text.p[at + 3];
		bool goes_on = at + 4 < text.n && (is_digit(text.p[at + 4]) || is_letter(text.p[at + 4]));
		if (is_digit(next) || (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || next == '_' || next == '@')
			return 0;
		if (goes_on && (next == '.' || next == ',' || next == '-' || next == ':') && is_digit(text.p[at + 4]))
			return 0;
	}
	if (at) {
		char last = text.p[at - 1];
		if (is_digit(last) || (last >= 'a' && last <= 'z') || (last >= 'A' && last <= 'Z') || strchr("._-+:=/@#$", last))
			return 0;
	}
	unsigned status = (unsigned)(text.p[at] - '0') * 100 + (unsigned)(text.p[at + 1] - '0') * 10 + (unsigned)(text.p[at + 2] - '0');
	return codes_find(status) && !named_otherwise(text, at) && !counted(text, at + 3) ? status : 0;
}

static size_t digits_at(struct str text, size_t at)
{
	size_t n = 0;
	while (at + n < text.n && is_digit(text.p[at + n]))
		n++;
	return n;
}

static size_t spaces_at(struct str text, size_t at)
{
	return at < text.n && text.p[at] == ' ' ? 1 : 0;
}

static bool has_at(struct str text, size_t at, struct str what)
{
	return text.n - at >= what.n && memcmp(text.p + at, what.p, what.n) == 0;
}

/* The length of a section "§5.3.1" at `at`; 0: none. */
static size_t section_at(struct str text, size_t at)
{
	static const struct str sign = STR_INIT("§");
	if (at > text.n || !has_at(text, at, sign))
		return 0;
	size_t n = sign.n;
	while (at + n < text.n && (is_digit(text.p[at + n]) || (text.p[at + n] >= 'A' && text.p[at + n] <= 'Z') ||
	                           (text.p[at + n] == '.' && at + n + 1 < text.n && (is_digit(text.p[at + n + 1])))))
		n++;
	return n > sign.n ? n : 0;
}

static void rfc_link(struct buf *out, struct str rfc, struct str section, struct str shown)
{
	buf_printf(out, "<a class=\"rfc\" href=\"https://www.rfc-editor.org/rfc/rfc%.*s.html", STR_FMT(rfc));
	if (section.n)
		buf_printf(out, "%s%.*s", is_digit(section.p[0]) ? "#section-" : "#appendix-", STR_FMT(section));
	BUF_LIT(out, "\">");
	html_escape(out, shown);
	BUF_LIT(out, "</a>");
}

/* "RFC 5626 §4.2, §5.1 and §7" at `at`, as links; returns its length, 0: it is none. */
static size_t references_at(struct buf *out, struct str text, size_t at)
{
	static const struct str between[] = { STR_INIT(", "), STR_INIT(" and "), STR_INIT(", and "), STR_INIT(" or "), STR_INIT(" и "), STR_INIT(" или ") };
	if (!has_at(text, at, STR("RFC ")))
		return 0;
	size_t digits = digits_at(text, at + 4), end = at + 4 + digits;
	if (!digits)
		return 0;
	struct str rfc = { text.p + at + 4, digits };
	size_t space = spaces_at(text, end), section = section_at(text, end + space);
	size_t sign = strlen("§");
	if (!section) {
		rfc_link(out, rfc, STR(""), str_range(text.p + at, text.p + end));
		return end - at;
	}
	rfc_link(out, rfc, (struct str){ text.p + end + space + sign, section - sign }, str_range(text.p + at, text.p + end + space + section));
	end += space + section;
	for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
		size_t next = end + between[i].n;
		if (!has_at(text, end, between[i]) || !(section = section_at(text, next)))
			continue;
		buf_add(out, between[i]);
		rfc_link(out, rfc, (struct str){ text.p + next + sign, section - sign }, (struct str){ text.p + next, section });
		end = next + section;
		i = (size_t)-1;                         /* and once more from the first */
	}
	return end - at;
}

void html_text(struct buf *out, const struct site_view *v, struct str text, bool plain)
{
	size_t from = 0;
	for (size_t at = 0; at < text.n;) {
		size_t taken = 0;
		if (text.p[at] == 'R' && (!at || !is_letter(text.p[at - 1]))) {
			struct buf links = { 0 };
			taken = references_at(&links, text, at);
			if (taken) {
				html_escape(out, str_range(text.p + from, text.p + at));
				buf_add(out, buf_str(&links));
			}
			buf_fini(&links);
		} else if (is_digit(text.p[at])) {
			unsigned status = plain ? 0 : code_at(text, at);
			size_t digits = digits_at(text, at);
			if (status) {
				bool self = (v->kind == SITE_CODE && v->low == status) || (v->kind == SITE_COMPARE && (v->low == status || v->high == status));
				html_escape(out, str_range(text.p + from, text.p + at));
				if (!self) {
					BUF_LIT(out, "<a class=\"k\" href=\"");
					html_href(out, v, v->language, SITE_CODE, status, 0);
					BUF_LIT(out, "\">");
				}
				buf_u64(out, status);
				if (!self)
					BUF_LIT(out, "</a>");
				taken = 3;
			} else {
				at += digits;
				continue;
			}
		}
		if (taken)
			from = at += taken;
		else
			at++;
	}
	html_escape(out, str_range(text.p + from, text.p + text.n));
}
