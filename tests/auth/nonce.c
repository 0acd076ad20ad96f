/* SPDX-License-Identifier: Apache-2.0 */
#include "../base/check.h"
#include "nonce.h"

static const uint8_t key[NONCE_KEY] = "a key that is thirty-two bytes..", other_key[NONCE_KEY] = "another key, of just as many b..";

static struct nonces *engine(const uint8_t k[NONCE_KEY])
{
	struct nonces *n;
	assert_int_equal(nonces_new(k, &n), 0);
	return n;
}

static void a_nonce_is_known_again_by_every_thread_with_the_key(void **state)
{
	(void)state;
	struct nonces *here = engine(key), *there = engine(key);
	char text[NONCE_TEXT];
	struct nonce got;
	for (int64_t wall_ms = 1700000000000; wall_ms < 1700000000100; wall_ms++) {
		nonce_write(here, STR("example.com"), wall_ms, text);
		assert_true(nonce_read(there, STR("example.com"), (struct str){ text, sizeof text }, &got));
		assert_int_equal(got.made_ms, wall_ms);
	}
	nonces_free(here);
	nonces_free(there);
}

/* AU-12 */
static void a_nonce_changed_in_any_character_is_not_ours(void **state)
{
	(void)state;
	struct nonces *n = engine(key);
	char text[NONCE_TEXT];
	struct nonce got;
	nonce_write(n, STR("example.com"), 1700000000000, text);
	for (int i = 0; i < NONCE_TEXT; i++) {
		char was = text[i];
		text[i] = was == 'A' ? 'B' : 'A';
		assert_false(nonce_read(n, STR("example.com"), (struct str){ text, sizeof text }, &got));
		text[i] = was;
	}
	assert_true(nonce_read(n, STR("example.com"), (struct str){ text, sizeof text }, &got));
	nonces_free(n);
}

/* AU-12 */
static void a_nonce_of_another_key_realm_or_length_is_not_ours(void **state)
{
	(void)state;
	struct nonces *n = engine(key), *stranger = engine(other_key);
	char text[NONCE_TEXT];
	struct nonce got;
	nonce_write(n, STR("example.com"), 1700000000000, text);
	struct str whole = { text, sizeof text };
	assert_false(nonce_read(stranger, STR("example.com"), whole, &got));
	assert_false(nonce_read(n, STR("example.org"), whole, &got));
	for (size_t k = 0; k < sizeof text; k++)
		assert_false(nonce_read(n, STR("example.com"), (struct str){ text, k }, &got));
	assert_false(nonce_read(n, STR("example.com"), STR("84a4cc6f3082121f32b42a2187831a9e"), &got));
	assert_false(nonce_read(n, STR("example.com"), STR_NONE, &got));
	nonces_free(n);
	nonces_free(stranger);
}

/* AU-12 */
static void two_nonces_of_one_millisecond_differ(void **state)
{
	(void)state;
	struct nonces *n = engine(key);
	char a[NONCE_TEXT], b[NONCE_TEXT];
	nonce_write(n, STR("example.com"), 1700000000000, a);
	nonce_write(n, STR("example.com"), 1700000000000, b);
	assert_memory_not_equal(a, b, NONCE_TEXT);
	nonces_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_nonce_is_known_again_by_every_thread_with_the_key),
		cmocka_unit_test(a_nonce_changed_in_any_character_is_not_ours),
		cmocka_unit_test(a_nonce_of_another_key_realm_or_length_is_not_ours),
		cmocka_unit_test(two_nonces_of_one_millisecond_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
