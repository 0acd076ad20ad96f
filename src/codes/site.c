/* SPDX-License-Identifier: Apache-2.0 */
/* site.c - an address of the site and what is answered there. */
#include "codes_site.h"
#include "site_private.h"
#include "utf8.h"
#include <stdio.h>

#define QUESTION 200            /* bytes of a question that are read */

/* --- the language --- */

/* q of ";q=0.8" in thousandths; 1000 without one. */
static unsigned quality(struct str parameters)
{
	const char *at = memmem(parameters.p, parameters.n, "q=", 2);
	unsigned q = 0, scale = 1000;
	if (!at)
		return 1000;
	for (at += 2; at < parameters.p + parameters.n && scale; at++) {
		if (*at == '.')
			continue;
		if (*at < '0' || *at > '9')
			break;
		q += (unsigned)(*at - '0') * scale;
		scale /= 10;
	}
	return q > 1000 ? 1000 : q;
}

/* The best of "ru-RU,ru;q=0.9,en;q=0.8" that there is; English for none. RFC 9110 §12.5.4 */
static unsigned negotiate(struct str accept)
{
	unsigned best = CODES_ENGLISH, best_q = 0;
	while (accept.n) {
		struct str one, tag;
		if (!str_cut(&accept, ',', &one)) {
			one = accept;
			accept = STR("");
		}
		unsigned q = 1000;
		if (str_cut(&one, ';', &tag))
			q = quality(one);
		else
			tag = one;
		unsigned language = codes_language_find(str_trim(tag));
		if (language < codes_language_count && q > best_q) {
			best = language;
			best_q = q;
		}
	}
	return best;
}

/* --- the question --- */

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The value of a name in "a=b&c=d", decoded into memory of QUESTION bytes; STR("") when it is not there. */
static struct str asked(struct str query, struct str name, char *memory)
{
	while (query.n) {
		struct str one, key;
		if (!str_cut(&query, '&', &one)) {
			one = query;
			query = STR("");
		}
		if (!str_cut(&one, '=', &key) || !str_eq(key, name))
			continue;
		size_t n = 0;
		for (size_t i = 0; i < one.n && n < QUESTION; i++) {
			bool coded = one.p[i] == '%' && i + 2 < one.n && hex(one.p[i + 1]) >= 0 && hex(one.p[i + 2]) >= 0;
			memory[n++] = coded ? (char)(hex(one.p[i + 1]) * 16 + hex(one.p[i + 2])) : one.p[i] == '+' ? ' ' : one.p[i];
			i += coded ? 2 : 0;
		}
		struct buf clean = { 0 };               /* never longer: what may not be shown becomes one '?' */
		utf8_clean(&clean, (struct str){ memory, n });
		memcpy(memory, buf_str(&clean).p, clean.n);
		n = clean.n;
		buf_fini(&clean);
		return str_trim((struct str){ memory, n });
	}
	return STR("");
}

/* --- the path --- */

struct address {
	struct site_view view;
	bool json, reversed;            /* reversed: the higher code stands first */
	bool no_slash;                  /* "/en": its index is at "/en/" */
	bool bare;                      /* "/": no page, the way to one */
};

static bool status_of(struct str word, unsigned *out)
{
	uint32_t status;
	if (word.n != 3 || !str_u32(word, 699, &status) || status < 100)
		return false;
	*out = status;
	return true;
}

static bool take_suffix(struct str *path, struct str suffix)
{
	if (!str_ends(*path, suffix))
		return false;
	path->n -= suffix.n;
	return true;
}

/* What is below the language. */
static enum site_kind kind_of(struct str path, struct address *a)
{
	struct str first, second;
	if (str_eq(path, STR("index")) || !path.n)
		return SITE_INDEX;
	if (str_eq(path, STR("best")))
		return SITE_BEST;
	if (str_eq(path, STR("search")))
		return SITE_SEARCH;
	if (!str_cut(&path, '/', &first))
		return SITE_MISSING;
	if (str_eq(first, STR("codes")) && status_of(path, &a->view.low))
		return SITE_CODE;
	if (!str_eq(first, STR("compare")) || !str_cut(&path, '/', &second))
		return SITE_MISSING;
	if (!status_of(second, &a->view.low) || !status_of(path, &a->view.high))
		return SITE_MISSING;
	a->reversed = a->view.low > a->view.high;
	return SITE_COMPARE;
}

static unsigned depth_of(struct str path)
{
	unsigned depth = 0;
	for (size_t i = 1; i < path.n; i++)
		depth += path.p[i] == '/';
	return depth;
}

static struct address read_path(struct str path, struct str accept_language, bool *negotiated)
{
	struct address a = { .view = { .live = true, .depth = depth_of(path) } };
	struct str rest = path.n ? str_range(path.p + 1, path.p + path.n) : STR(""), first;
	bool slash = str_cut(&rest, '/', &first);
	struct str tag = slash ? first : rest;
	unsigned language = codes_language_find(tag);
	*negotiated = language == codes_language_count || !str_eq(tag, str_of(codes_languages[language].tag));
	if (*negotiated) {
		rest = path.n ? str_range(path.p + 1, path.p + path.n) : STR("");
		language = negotiate(accept_language);
		a.bare = !rest.n;
	} else if (!slash) {
		rest = STR("");
		a.no_slash = true;
	}
	a.view.language = language;
	a.json = take_suffix(&rest, STR(".json"));
	if (!a.json)
		take_suffix(&rest, STR(".html"));
	a.view.kind = kind_of(rest, &a);
	return a;
}

/* --- answers --- */

static void tag_body(struct site_answer *out)
{
	uint64_t hash = 0xcbf29ce484222325;             /* FNV-1a: names a body, protects nothing */
	for (size_t i = 0; i < out->body.n; i++)
		hash = (hash ^ (unsigned char)out->body.p[i]) * 0x100000001b3;
	snprintf(out->etag, sizeof out->etag, "\"%016llx\"", (unsigned long long)hash);
}

/* Is the tag in a list of If-None-Match? Weak ones count (RFC 9110 §13.1.2). */
static bool matches(struct str list, const char *etag)
{
	return str_eq(str_trim(list), STR("*")) || (list.n && memmem(list.p, list.n, etag, strlen(etag)));
}

static void finish(struct site_answer *out, struct str if_none_match)
{
	tag_body(out);
	if (out->status == 200 && matches(if_none_match, out->etag)) {
		out->status = 304;
		buf_clear(&out->body);
	}
}

static bool asset(struct str path, struct site_answer *out)
{
	for (unsigned i = 0; i < site_asset_count; i++) {
		const struct site_asset *s = &site_assets[i];
		if (path.n && str_eq(str_range(path.p + 1, path.p + path.n), str_of(s->name))) {
			out->type = s->type;
			buf_add(&out->body, s->body);
			return true;
		}
	}
	return false;
}

static void redirect(struct site_answer *out, const struct address *a)
{
	const char *tag = codes_languages[a->view.language].tag;
	out->status = 302;
	if (a->reversed)
		buf_printf(&out->location, "../%u/%u%s", a->view.high, a->view.low, a->json ? ".json" : "");
	else
		buf_printf(&out->location, "%s/", tag);
}

void site_answer(struct str path, struct str query, struct str accept_language, struct str if_none_match, struct site_answer *out)
{
	char memory[QUESTION];
	*out = (struct site_answer){ .status = 200, .type = "text/html; charset=utf-8" };
	if (asset(path, out)) {
		finish(out, if_none_match);
		return;
	}
	struct address a = read_path(path, accept_language, &out->negotiated);
	struct site_view *v = &a.view;
	out->language = v->language;
	if (a.bare || a.no_slash || a.reversed) {
		redirect(out, &a);
		return;
	}
	if (v->kind == SITE_BEST) {
		v->question = asked(query, STR("codes"), memory);
		char flag[QUESTION];
		struct str outbound = asked(query, STR("outbound"), flag);
		v->outbound = outbound.n && !str_eq(outbound, STR("0"));
		unsigned statuses[CODES_BEST_MAX], n;
		if ((v->question.n || a.json) && !site_statuses(v->question, statuses, &n))
			out->status = 400;
	} else if (v->kind == SITE_SEARCH) {
		v->question = asked(query, STR("q"), memory);
	} else if (v->kind == SITE_MISSING) {
		out->status = 404;
	}
	if (a.json) {
		out->type = "application/json; charset=utf-8";
		if (!site_json(&out->body, v))
			BUF_LIT(&out->body, "{\"error\":\"no such page, or codes that are none\"}\n");
	} else {
		site_document(&out->body, v);
	}
	finish(out, if_none_match);
}

void site_answer_fini(struct site_answer *a)
{
	buf_fini(&a->body);
	buf_fini(&a->location);
}
