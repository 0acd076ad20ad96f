/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - facts and texts as JSON: what a program gets. */
#include "json.h"
#include "codes.h"
#include "codes_compare.h"
#include "codes_show.h"
#include "page_private.h"

/* The words of facts/codes.txt, in the order of the enums: the same in every language. */
static const char *const outcomes[] = { "provisional", "success", "redirect", "challenge", "canceled", "declined", "failure" };
static const char *const senders[] = { "uas", "proxy", "edge", "registrar", "redirect", "b2bua", "gateway", "local" };
static const char *const reaches[] = { "hop", "proxies", "registering", "hop-first", "requester" };
static const char *const stages[] = { "any", "initial", "dialog" };
static const char *const retries[] = { "none", "same", "after-change", "other-target", "never" };
static const char *const forks[] = { "absorb", "forward", "forward-cancel", "recurse", "collect", "prefer", "challenge", "next-flow", "next-target", "relay",
	"cancel-all" };
static const char *const flow_effects[] = { "none", "next", "may-next", "answered" };
static const char *const dialogs[] = { "none", "early", "early-end", "confirm", "unclear", "transaction", "usage", "dialog" };
static const char *const https[] = { "same", "nearest", "false-friend" };
static const char *const roles[] = { "phone", "edge", "home", "registrar", "redirect", "operator" };
static const char *const verdicts[] = { "same-code", "other-methods", "hop", "on-the-way", "both-on-the-way", "other-stage", "unseen", "other-senders", "compete" };
static const char *const aspects[] = { "class", "outcome", "senders", "reach", "methods", "required", "retry", "fork", "flows", "dialog", "q850", "http",
	"source" };
static const char *const rules[] = { "absorbed", "passed", "answered", "also-answered", "too-late", "next-flow", "may-next-flow", "ends-all", "lower-class",
	"sixth-class", "less-useful", "later", "challenges", "rewritten", "no-flow", "chosen", "unknown" };
static const char *const block_kinds[] = { "title", "lead", "heading", "paragraph", "item", "step", "fact", "columns", "row", "code", "source",
	"ladder", "note" };

static void word(struct buf *b, const char *key, const char *const *words, unsigned value)
{
	json_str(b, key, str_of(words[value]));
}

static void numbers(struct buf *b, const char *key, const uint16_t *list)
{
	json_open(b, key, '[');
	for (; *list; list++)
		json_number(b, *list);
	json_close(b, ']');
}

static void ref(struct buf *b, const char *key, const struct codes_ref *r)
{
	struct page p;
	page_init(&p, CODES_ENGLISH);
	if (key)
		json_str(b, key, page_ref(&p, r));
	else
		json_element(b, page_ref(&p, r));
	page_fini(&p);
}

static void required(struct buf *b, const struct code *code)
{
	json_open(b, "required", '[');
	for (const struct codes_required *r = code->required; r->methods; r++) {
		struct str rest = str_of(r->headers), one;
		json_open(b, NULL, '{');
		json_open(b, "one_of", '[');
		while (str_cut(&rest, '|', &one))
			json_element(b, one);
		json_element(b, rest);
		json_close(b, ']');
		json_open(b, "methods", '[');
		for (unsigned i = 0; i < CODES_METHODS; i++)
			if (r->methods >> i & 1)
				json_element(b, codes_method_name(i));
		json_close(b, ']');
		json_close(b, '}');
	}
	json_close(b, ']');
}

static void facts(struct buf *b, const struct code *code)
{
	json_int(b, "class", code->status / 100);
	ref(b, "source", &code->source);
	json_open(b, "see", '[');
	for (const struct codes_ref *r = code->see; r->rfc; r++)
		ref(b, NULL, r);
	json_close(b, ']');
	word(b, "outcome", outcomes, code->outcome);
	json_open(b, "senders", '[');
	for (unsigned i = 0; i < SENDER_COUNT; i++)
		if (code->senders >> i & 1)
			json_element(b, str_of(senders[i]));
	json_close(b, ']');
	word(b, "reach", reaches, code->reach);
	json_open(b, "methods", '[');
	for (unsigned i = 0; i < CODES_METHODS; i++)
		if (code->methods >> i & 1)
			json_element(b, codes_method_name(i));
	json_close(b, ']');
	word(b, "stage", stages, code->stage);
	required(b, code);
	json_open(b, "recommended", '[');
	for (const char *const *name = code->recommended; *name; name++)
		json_element(b, str_of(*name));
	json_close(b, ']');
	word(b, "retry", retries, code->retry);
	word(b, "fork", forks, code->fork);
	word(b, "flows", flow_effects, code->flows);
	word(b, "dialog", dialogs, code->dialog);
	numbers(b, "related", code->related);
	json_int(b, "q850", code->q850);
	json_bool(b, "q850_default", code->q850_default);
	numbers(b, "q850_from", code->q850_from);
	json_open(b, "http", '[');
	for (const struct codes_http_name *h = code->http; h->status; h++) {
		json_open(b, NULL, '{');
		word(b, "kind", https, h->kind);
		json_int(b, "status", h->status);
		json_str(b, "phrase", str_of(h->phrase));
		json_close(b, '}');
	}
	json_close(b, ']');
	json_bool(b, "deprecated", code->deprecated);
}

static void list(struct buf *b, const char *key, struct str lines)
{
	struct str one;
	json_open(b, key, '[');
	while (str_cut(&lines, '\n', &one))
		json_element(b, one);
	if (lines.n)
		json_element(b, lines);
	json_close(b, ']');
}

static void texts(struct buf *b, unsigned status, unsigned language)
{
	json_str(b, "title", codes_text(status, KEY_TITLE, language).text);
	json_str(b, "gloss", codes_text(status, KEY_GLOSS, language).text);
	json_str(b, "about", codes_text(status, KEY_ABOUT, language).text);
	list(b, "when", codes_text(status, KEY_WHEN, language).text);
	json_str(b, "retry_rule", codes_text(status, KEY_RETRY, language).text);
	json_open(b, "fix", '{');
	for (unsigned i = 0; i < ROLE_COUNT; i++)
		json_str(b, roles[i], codes_text(status, KEY_FIX + i, language).text);
	json_close(b, '}');
	list(b, "traps", codes_text(status, KEY_TRAP, language).text);
}

static void strays(struct buf *b, unsigned status, unsigned language)
{
	json_open(b, "field", '[');
	for (unsigned i = 0; i < codes_stray_count; i++) {
		const struct codes_stray *s = &codes_strays[i];
		struct buf key = { 0 };
		if (s->status != status)
			continue;
		buf_printf(&key, "%u %s", s->status, s->phrase);
		json_open(b, NULL, '{');
		json_str(b, "phrase", str_of(s->phrase));
		json_str(b, "where", str_of(s->where));
		json_bool(b, "local", s->local);
		numbers(b, "nearest", s->nearest);
		json_str(b, "text", codes_gloss(GLOSSARY_UNREGISTERED, buf_str(&key), language).text);
		json_close(b, '}');
		buf_fini(&key);
	}
	json_close(b, ']');
}

void json_explain(struct buf *out, unsigned status, unsigned language)
{
	const struct code *code = codes_find(status), *as = codes_treated_as(status);
	json_begin(out);
	json_int(out, "status", status);
	json_bool(out, "registered", code != NULL);
	json_str(out, "language", str_of(codes_languages[language].tag));
	json_str(out, "phrase", code ? code->phrase : STR_NONE);
	if (as && !code)
		json_int(out, "treated_as", as->status);
	strays(out, status, language);
	if (as) {
		facts(out, as);
		texts(out, as->status, language);
	}
	json_end(out);
}

void json_compare(struct buf *out, unsigned a, unsigned b, unsigned language)
{
	struct codes_comparison c = codes_compare(codes_treated_as(a), codes_treated_as(b));
	static const char *const winners[] = { "none", "low", "high", "first", "apart", "register" };
	unsigned low = c.low->status, high = c.high->status;
	json_begin(out);
	json_int(out, "low", low);
	json_int(out, "high", high);
	json_str(out, "language", str_of(codes_languages[language].tag));
	word(out, "verdict", verdicts, c.verdict);
	json_str(out, "verdict_text", codes_pair_text(low, high, PAIR_VERDICT, language).text);
	word(out, "fork_winner", winners, c.winner);
	json_open(out, "same", '[');
	for (unsigned i = 0; i < ASPECT_COUNT; i++)
		if (c.same >> i & 1)
			json_element(out, str_of(aspects[i]));
	json_close(out, ']');
	list(out, "differences", codes_pair_text(low, high, PAIR_DIFFER, language).text);
	json_str(out, "use_low", codes_pair_text(low, high, PAIR_USE_LOW, language).text);
	json_str(out, "use_high", codes_pair_text(low, high, PAIR_USE_HIGH, language).text);
	list(out, "traps", codes_pair_text(low, high, PAIR_TRAP, language).text);
	json_open(out, "codes", '[');
	for (unsigned i = 0; i < 2; i++) {
		const struct code *code = i ? c.high : c.low;
		json_open(out, NULL, '{');
		json_int(out, "status", code->status);
		json_str(out, "phrase", code->phrase);
		facts(out, code);
		texts(out, code->status, language);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_end(out);
}

void json_best(struct buf *out, const unsigned *statuses, unsigned n, bool outbound, unsigned language)
{
	struct codes_best best;
	codes_best(statuses, n, outbound, &best);
	json_begin(out);
	json_open(out, "responses", '[');
	for (unsigned i = 0; i < n; i++)
		json_number(out, statuses[i]);
	json_close(out, ']');
	json_bool(out, "outbound", outbound);
	json_str(out, "language", str_of(codes_languages[language].tag));
	json_int(out, "chosen", best.chosen);
	json_int(out, "sent", best.sent);
	json_open(out, "steps", '[');
	for (unsigned i = 0; i < best.count; i++) {
		json_open(out, NULL, '{');
		json_int(out, "status", best.steps[i].status);
		word(out, "rule", rules, best.steps[i].rule);
		if (best.steps[i].other)
			json_int(out, "other", best.steps[i].other);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_end(out);
}

void json_index(struct buf *out, unsigned language)
{
	json_begin(out);
	json_str(out, "language", str_of(codes_languages[language].tag));
	json_open(out, "codes", '[');
	for (unsigned i = 0; i < codes_count; i++) {
		const struct code *code = &codes_table[i];
		json_open(out, NULL, '{');
		json_int(out, "status", code->status);
		json_str(out, "phrase", code->phrase);
		json_str(out, "title", codes_text(code->status, KEY_TITLE, language).text);
		json_str(out, "gloss", codes_text(code->status, KEY_GLOSS, language).text);
		word(out, "outcome", outcomes, code->outcome);
		ref(out, "source", &code->source);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_end(out);
}

void json_page(struct buf *out, const struct page *p)
{
	json_begin(out);
	json_str(out, "language", str_of(codes_languages[p->language].tag));
	json_open(out, "blocks", '[');
	for (unsigned i = 0; i < p->count; i++) {
		const struct block *b = &p->blocks[i];
		json_open(out, NULL, '{');
		word(out, "kind", block_kinds, b->kind);
		if (b->status)
			json_int(out, "status", b->status);
		if (b->name.n)
			json_str(out, "name", b->name);
		if (b->text.n)
			json_str(out, "text", b->text);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_end(out);
}
