/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "encode.h"

static void hex_goes_both_ways(void **state)
{
	char text[8];
	unsigned char bytes[4];
	(void)state;
	hex_write(text, "\x00\x7f\x80\xff", 4);
	assert_memory_equal(text, "007f80ff", 8);
	assert_true(hex_read(STR("007F80fF"), bytes, 4));
	assert_memory_equal(bytes, "\x00\x7f\x80\xff", 4);
	assert_true(hex_read(STR(""), bytes, 0));
}

static void hex_refuses_other_lengths_and_letters(void **state)
{
	static const struct str bad[] = { STR_INIT("007f80f"), STR_INIT("007f80ff0"), STR_INIT("007f80ff00"),
		STR_INIT("007f80fg"), STR_INIT("0x7f80ff"), STR_INIT(" 07f80ff"), STR_INIT("") };
	unsigned char bytes[4];
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(hex_read(bad[i], bytes, 4));
}

static void base64url_goes_both_ways(void **state)
{
	/* RFC 4648 §10, without the padding, and the two letters that differ from base64. */
	static const struct { struct str bytes, text; } t[] = {
		{ STR_INIT(""), STR_INIT("") },             { STR_INIT("f"), STR_INIT("Zg") },
		{ STR_INIT("fo"), STR_INIT("Zm8") },        { STR_INIT("foo"), STR_INIT("Zm9v") },
		{ STR_INIT("foob"), STR_INIT("Zm9vYg") },   { STR_INIT("fooba"), STR_INIT("Zm9vYmE") },
		{ STR_INIT("foobar"), STR_INIT("Zm9vYmFy") }, { STR_INIT("\xff\xef\xbe"), STR_INIT("_---") },
		{ STR_INIT("\xfb\xf0"), STR_INIT("-_A") },  { STR_INIT("\0\0"), STR_INIT("AAA") },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[16], bytes[16];
		size_t n = base64url_write(text, t[i].bytes.p, t[i].bytes.n);
		assert_int_equal(n, BASE64_SIZE(t[i].bytes.n));
		assert_int_equal(n, t[i].text.n);
		assert_memory_equal(text, t[i].text.p, n);
		assert_int_equal(base64url_read(t[i].text, bytes, t[i].bytes.n), t[i].bytes.n);
		assert_memory_equal(bytes, t[i].bytes.p, t[i].bytes.n);
		if (t[i].bytes.n)
			assert_int_equal(base64url_read(t[i].text, bytes, t[i].bytes.n - 1), -1);
	}
}

static void base64url_has_one_spelling_for_each_value(void **state)
{
	static const struct str bad[] = { STR_INIT("Zh"), STR_INIT("Zm9"), STR_INIT("Z"), STR_INIT("Zm9vY"),
		STR_INIT("Zg=="), STR_INIT("Zm+v"), STR_INIT("Zm/v"), STR_INIT("Zm v"), STR_INIT("Zm\0v"), STR_INIT("\xc3\x84g") };
	char bytes[16];
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(base64url_read(bad[i], bytes, sizeof bytes), -1);
}

static void each_byte_is_a_letter_or_none_at_every_place(void **state)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		static const char digits[] = "0123456789abcdef";
		unsigned small = c >= 'A' && c <= 'F' ? c | 0x20 : c;
		const char *digit = c ? strchr(digits, (int)small) : NULL, *letter = c ? strchr(letters, (int)c) : NULL;
		assert_int_equal(hex_value((char)c), digit ? digit - digits : -1);
		for (unsigned at = 0; at < 7; at++) {
			char text[7], back[7];
			unsigned char bytes[5];
			memset(text, 'A', sizeof text);
			text[at] = (char)c;
			/* the last of three letters holds two bits that must be zero */
			bool well = letter && (at < 6 || (letter - letters) % 4 == 0);
			assert_int_equal(base64url_read((struct str){ text, 7 }, bytes, sizeof bytes), well ? 5 : -1);
			if (!well)
				continue;
			assert_int_equal(base64url_write(back, bytes, 5), 7);
			assert_memory_equal(back, text, 7);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_goes_both_ways),
		cmocka_unit_test(hex_refuses_other_lengths_and_letters),
		cmocka_unit_test(base64url_goes_both_ways),
		cmocka_unit_test(base64url_has_one_spelling_for_each_value),
		cmocka_unit_test(each_byte_is_a_letter_or_none_at_every_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
