/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "json.h"
#include "utf8.h"
#include <jansson.h>

static void an_object_is_one_line(void **state)
{
	struct buf b = { 0 };
	(void)state;
	json_begin(&b);
	json_str(&b, "name", STR("bob"));
	json_str(&b, "none", STR_NONE);
	json_str(&b, "empty", STR(""));
	json_int(&b, "n", INT64_MIN);
	json_bool(&b, "yes", true);
	json_bool(&b, "no", false);
	json_end(&b);
	assert_str(buf_str(&b), "{\"name\":\"bob\",\"none\":null,\"empty\":\"\",\"n\":-9223372036854775808,\"yes\":true,\"no\":false}\n");
	buf_fini(&b);
}

/* Every byte, alone and behind a letter that begins a sequence: the line stays one that another reader accepts. */
static void any_bytes_make_a_line_that_is_valid(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++) {
			char bytes[] = { (char)first, (char)second, 'z' };
			struct buf b = { 0 };
			json_begin(&b);
			json_str(&b, "v", (struct str){ bytes, sizeof bytes });
			json_end(&b);
			json_error_t why;
			json_t *v = json_loadb(b.p, b.n, JSON_ALLOW_NUL, &why);
			if (!v || memchr(b.p, '\n', b.n - 1))
				fail_msg("%02x %02x: %s", first, second, v ? "a newline" : why.text);
			json_decref(v);
			buf_fini(&b);
		}
}

static void broken_utf8_becomes_the_replacement_character(void **state)
{
	static const struct { struct str in; uint32_t out[4]; } t[] = {
		{ STR_INIT("\xd0\x9f"), { 0x41f } },
		{ STR_INIT("\xf0\x9f\x93\x9e"), { 0x1f4de } },
		{ STR_INIT("\xd0"), { 0xfffd } },
		{ STR_INIT("\x80" "a"), { 0xfffd, 'a' } },
		{ STR_INIT("\xc0\xaf"), { 0xfffd, 0xfffd } },           /* '/' in too long a form */
		{ STR_INIT("\xed\xa0\x80"), { 0xfffd, 0xfffd, 0xfffd } },       /* a surrogate */
		{ STR_INIT("\xe2\x82"), { 0xfffd, 0xfffd } },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct str rest = t[i].in;
		uint32_t c;
		unsigned n = 0;
		while (utf8_next(&rest, &c)) {
			assert_true(n < 4);
			assert_int_equal(c, t[i].out[n++]);
		}
		assert_true(n == 4 || t[i].out[n] == 0);
	}
}

static void lists_and_objects_nest(void **state)
{
	struct buf b = { 0 };
	(void)state;
	json_begin(&b);
	json_open(&b, "list", '[');
	json_element(&b, STR("a"));
	json_number(&b, 2);
	json_open(&b, NULL, '{');
	json_int(&b, "n", 1);
	json_close(&b, '}');
	json_open(&b, NULL, '{');
	json_close(&b, '}');
	json_close(&b, ']');
	json_open(&b, "empty", '[');
	json_close(&b, ']');
	json_bool(&b, "yes", true);
	json_end(&b);
	assert_str(buf_str(&b), "{\"list\":[\"a\",2,{\"n\":1},{}],\"empty\":[],\"yes\":true}\n");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_one_line),
		cmocka_unit_test(any_bytes_make_a_line_that_is_valid),
		cmocka_unit_test(lists_and_objects_nest),
		cmocka_unit_test(broken_utf8_becomes_the_replacement_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
