/* SPDX-License-Identifier: Apache-2.0 */
/* Every page on terminals of many widths: no line is too long, no text is lost; JSON that another reader takes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>
#include "codes_show.h"
#include "utf8.h"

static const unsigned widths[] = { 40, 80, 120 };

static void assert_fits(struct str text, unsigned width)
{
	struct str line;
	while (str_cut(&text, '\n', &line)) {
		if (utf8_width(line) > width && str_find(str_trim(line), ' '))
			fail_msg("%u columns: %.*s", width, STR_FMT(line));
		assert_false(line.n && line.p[line.n - 1] == ' ');
		assert_null(str_find(line, '\x1b'));
	}
	assert_int_equal(text.n, 0);            /* ends with a line feed */
}

static void no_line_is_wider_than_the_terminal(void **state)
{
	struct buf out = { 0 };
	(void)state;
	for (unsigned language = 0; language < codes_language_count; language++)
		for (unsigned w = 0; w < 3; w++)
			for (unsigned i = 0; i < codes_count; i++) {
				struct page p;
				buf_clear(&out);
				page_init(&p, language);
				page_explain(&p, codes_table[i].status, &(struct explain_options){ 0 });
				page_show(&p, &(struct terminal){ .width = widths[w] }, &out);
				assert_fits(buf_str(&out), widths[w]);
				page_fini(&p);
				buf_clear(&out);
				page_init(&p, language);
				page_compare(&p, codes_table[i].status, codes_table[(i * 7 + 3) % codes_count].status);
				page_show(&p, &(struct terminal){ .width = widths[w] }, &out);
				assert_fits(buf_str(&out), widths[w]);
				page_fini(&p);
			}
	buf_fini(&out);
}

static void colours_are_there_only_when_they_may(void **state)
{
	struct buf plain = { 0 }, coloured = { 0 };
	struct page p;
	(void)state;
	page_init(&p, CODES_ENGLISH);
	page_explain(&p, 430, &(struct explain_options){ 0 });
	page_show(&p, &(struct terminal){ .width = 80 }, &plain);
	page_show(&p, &(struct terminal){ .width = 80, .colour = true }, &coloured);
	page_fini(&p);
	assert_null(str_find(buf_str(&plain), '\x1b'));
	assert_non_null(str_find(buf_str(&coloured), '\x1b'));
	size_t kept = 0;
	for (size_t i = 0; i < coloured.n; i++) {       /* without the colours it is the same text */
		if (coloured.p[i] == '\x1b') {
			while (coloured.p[i] != 'm')
				i++;
			continue;
		}
		coloured.p[kept++] = coloured.p[i];
	}
	coloured.n = kept;
	assert_true(str_eq(buf_str(&plain), buf_str(&coloured)));
	buf_fini(&plain);
	buf_fini(&coloured);
}

static void assert_said(unsigned status, const char *text)
{
	struct buf out = { 0 };
	struct page p;
	page_init(&p, CODES_ENGLISH);
	page_explain(&p, status, &(struct explain_options){ 0 });
	page_show(&p, &(struct terminal){ .width = 200 }, &out);
	if (!memmem(out.p, out.n, text, strlen(text)))
		fail_msg("%u does not say '%s'", status, text);
	page_fini(&p);
	buf_fini(&out);
}

static void facts_are_said_briefly(void **state)
{
	(void)state;
	assert_said(200, "Contact (to INVITE); Expires, Contact (to SUBSCRIBE); Expires, SIP-ETag (to PUBLISH)");
	assert_said(420, "any request but CANCEL");
	assert_said(430, "any request but CANCEL, REGISTER");
	assert_said(421, "Must carry           Require");
}

static void assert_compared(unsigned a, unsigned b, const char *text)
{
	struct buf out = { 0 };
	struct page p;
	page_init(&p, CODES_ENGLISH);
	page_compare(&p, a, b);
	page_show(&p, &(struct terminal){ .width = 200 }, &out);
	if (!memmem(out.p, out.n, text, strlen(text)))
		fail_msg("%u and %u: '%s' is not said", a, b, text);
	page_fini(&p);
	buf_fini(&out);
}

static void the_winner_is_said_in_words(void **state)
{
	(void)state;
	assert_compared(401, 407, "the challenges of the other are added");
	assert_compared(430, 500, "430 is kept: the lower class wins");
	assert_compared(404, 500, "404 is returned: the lower class wins");
	assert_compared(412, 486, "no request gets both");
	assert_compared(401, 439, "REGISTER is not forked");
	assert_compared(405, 494, "They compete: the same node may answer");
}

static json_t *loaded(struct buf *out)
{
	json_error_t error;
	json_t *root = json_loadb(out->p, out->n, 0, &error);
	if (!root)
		fail_msg("%s at %d: %.60s", error.text, error.position, out->p + error.position);
	assert_int_equal(out->p[out->n - 1], '\n');
	buf_clear(out);
	return root;
}

static void json_is_taken_by_another_reader(void **state)
{
	struct buf out = { 0 };
	(void)state;
	for (unsigned language = 0; language < codes_language_count; language++)
		for (unsigned status = 100; status < 700; status++) {
			json_explain(&out, status, language);
			json_t *root = loaded(&out);
			assert_int_equal(json_integer_value(json_object_get(root, "status")), status);
			assert_int_equal(json_is_true(json_object_get(root, "registered")), codes_find(status) != NULL);
			assert_true(json_is_string(json_object_get(root, "fork")));
			json_decref(root);
		}
	json_compare(&out, 430, 301, 0);
	json_t *root = loaded(&out);
	assert_int_equal(json_integer_value(json_object_get(root, "low")), 301);
	assert_int_equal(json_array_size(json_object_get(root, "codes")), 2);
	json_decref(root);
	json_best(&out, (unsigned[]){ 404, 503 }, 2, true, 0);
	root = loaded(&out);
	assert_int_equal(json_integer_value(json_object_get(root, "sent")), 404);
	json_decref(root);
	json_index(&out, 1);
	root = loaded(&out);
	assert_int_equal(json_array_size(json_object_get(root, "codes")), 75);
	json_decref(root);
	buf_fini(&out);
}

/* A code that is not registered follows the rule; out of range there is nothing. */
static void each_number_has_its_page(void **state)
{
	(void)state;
	for (unsigned status = 0; status < 1000; status++) {
		struct page p;
		page_init(&p, CODES_ENGLISH);
		bool known = (status >= 100 && status <= 699) || status == 900 || status == 904;
		assert_int_equal(page_explain(&p, status, &(struct explain_options){ 0 }), known);
		assert_int_equal(p.count > 0, known);
		page_fini(&p);
	}
}

static void words_are_found_in_any_language_and_case(void **state)
{
	static const struct { const char *question; unsigned first; } t[] = {
		{ "flow failed", 430 }, { "FLOW", 430 }, { "48", 480 }, { "busy here", 486 }, { "xyzzy", 0 }, { "flow xyzzy", 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct page p;
		unsigned first = 0;
		page_init(&p, CODES_ENGLISH);
		unsigned found = page_search(&p, str_of(t[i].question));
		for (unsigned k = 0; k < p.count && !first; k++)
			if (p.blocks[k].kind == BLOCK_CODE)
				first = p.blocks[k].status;
		assert_int_equal(first, t[i].first);
		assert_int_equal(found > 0, t[i].first > 0);
		page_fini(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_line_is_wider_than_the_terminal),
		cmocka_unit_test(colours_are_there_only_when_they_may),
		cmocka_unit_test(facts_are_said_briefly),
		cmocka_unit_test(the_winner_is_said_in_words),
		cmocka_unit_test(json_is_taken_by_another_reader),
		cmocka_unit_test(each_number_has_its_page),
		cmocka_unit_test(words_are_found_in_any_language_and_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
