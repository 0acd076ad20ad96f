/* SPDX-License-Identifier: Apache-2.0 */
/* page_facts.c - facts in words: "INVITE, UPDATE", "any request but CANCEL", "21 Call rejected". */
#include "page_private.h"

static void next(struct buf *b, const char *between)
{
	if (b->n)
		buf_add(b, str_of(between));
}

struct str fact_bits(struct page *p, unsigned bits, const uint16_t *words, unsigned count)
{
	struct buf b = { 0 };
	for (unsigned i = 0; i < count; i++)
		if (bits >> i & 1) {
			next(&b, "; ");
			buf_add(&b, page_word(p, words[i]));
		}
	return page_take(p, &b);
}

struct str fact_senders(struct page *p, unsigned senders)
{
	return fact_bits(p, senders, codes_words_sender, SENDER_COUNT);
}

struct str fact_methods(struct page *p, unsigned methods)
{
	if (methods == CODES_ANY)
		return page_word(p, WORD_VALUE_ANY);
	struct buf b = { 0 };
	unsigned missing = CODES_ANY & ~methods, list = __builtin_popcount(missing) <= 2 ? missing : methods;
	for (unsigned i = 0; i < CODES_METHODS; i++)
		if (list >> i & 1) {
			next(&b, ", ");
			buf_add(&b, codes_method_name(i));
		}
	struct str names = page_take(p, &b);
	return list == missing ? page_fill(p, WORD_VALUE_ANY_BUT, VALUES(names)) : names;
}

/* "Accept|Accept-Encoding" as "Accept or Accept-Encoding". */
static void add_alternatives(struct page *p, struct buf *b, struct str headers)
{
	struct str name;
	while (str_cut(&headers, '|', &name)) {
		buf_add(b, name);
		buf_byte(b, ' ');
		buf_add(b, page_word(p, WORD_VALUE_OR));
		buf_byte(b, ' ');
	}
	buf_add(b, headers);
}

/* What one method demands is said together: "Expires, Contact (to SUBSCRIBE)". */
struct str fact_required(struct page *p, const struct code *code)
{
	struct buf b = { 0 };
	for (const struct codes_required *r = code->required; r->methods;) {
		struct buf group = { 0 };
		unsigned methods = r->methods;
		for (; r->methods == methods; r++) {
			next(&group, ", ");
			add_alternatives(p, &group, str_of(r->headers));
		}
		struct str headers = page_take(p, &group);
		next(&b, "; ");
		if (methods == CODES_ANY || methods == code->methods)
			buf_add(&b, headers);
		else
			codes_word_add(&b, WORD_VALUE_FOR_METHOD, p->language, VALUES(headers, fact_methods(p, methods)));
	}
	return page_take(p, &b);
}

struct str fact_recommended(struct page *p, const struct code *code)
{
	struct buf b = { 0 };
	for (const char *const *name = code->recommended; *name; name++) {
		next(&b, ", ");
		buf_add(&b, str_of(*name));
	}
	return page_take(p, &b);
}

static struct str cause_name(struct page *p, unsigned cause)
{
	struct str number = page_number(p, cause), text = codes_gloss(GLOSSARY_Q850, number, p->language).text;
	return text.p ? arena_printf(&p->arena, "%u %.*s", cause, STR_FMT(text)) : number;
}

struct str fact_q850(struct page *p, const struct code *code)
{
	if (!code->q850)
		return STR("");
	struct str name = cause_name(p, code->q850);
	return code->q850_default ? page_fill(p, WORD_VALUE_Q850_DEFAULT, VALUES(name)) : name;
}

struct str fact_causes(struct page *p, const uint16_t *causes)
{
	struct buf b = { 0 };
	for (; *causes; causes++) {
		next(&b, "; ");
		buf_add(&b, cause_name(p, *causes));
	}
	return page_take(p, &b);
}

struct str fact_numbers(struct page *p, const uint16_t *numbers)
{
	struct buf b = { 0 };
	for (; *numbers; numbers++) {
		next(&b, ", ");
		buf_u64(&b, *numbers);
	}
	return page_take(p, &b);
}

struct str fact_http(struct page *p, const struct code *code)
{
	struct buf b = { 0 };
	for (const struct codes_http_name *h = code->http; h->status; h++) {
		next(&b, "; ");
		codes_word_add(&b, codes_words_http[h->kind], p->language, VALUES(page_number(p, h->status), str_of(h->phrase)));
	}
	return b.n ? page_take(p, &b) : page_word(p, WORD_HTTP_NONE);
}

struct str fact_class(struct page *p, const struct code *code)
{
	unsigned class = code->status / 100;
	return page_fill(p, WORD_VALUE_CLASS, VALUES(page_number(p, class), page_word(p, codes_words_class[class - 1])));
}

unsigned fact_hidden_word(const struct code *code)
{
	static const uint16_t words[] = { [REACH_HOP] = WORD_HIDDEN_HOP, [REACH_PROXIES] = WORD_HIDDEN_PROXIES, [REACH_REGISTERING] = WORD_HIDDEN_REGISTERING,
		[REACH_HOP_FIRST] = WORD_HIDDEN_HOP_FIRST, [REACH_REQUESTER] = WORD_HIDDEN_REQUESTER };
	return words[code->reach];
}
