/* SPDX-License-Identifier: Apache-2.0 */
#include "../base/check.h"
#include "encode.h"
#include "nonce.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>

static const uint8_t key[NONCE_KEY] = "a key that is thirty-two bytes..", other_key[NONCE_KEY] = "another key, of just as many b..";

static void a_nonce_is_known_again_by_every_thread_with_the_key(void **state)
{
	(void)state;
	struct nonces *here = nonces_new(key), *there = nonces_new(key);
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
	struct nonces *n = nonces_new(key);
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
	struct nonces *n = nonces_new(key), *stranger = nonces_new(other_key);
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
	struct nonces *n = nonces_new(key);
	char a[NONCE_TEXT], b[NONCE_TEXT];
	nonce_write(n, STR("example.com"), 1700000000000, a);
	nonce_write(n, STR("example.com"), 1700000000000, b);
	assert_memory_not_equal(a, b, NONCE_TEXT);
	nonces_free(n);
}

/* What libcrypto calls HMAC-SHA-256, also when the scope needs a second block. */
static void the_proof_is_an_hmac(void **state)
{
	(void)state;
	static const struct str scopes[] = {
		STR_INIT("example.com 192.0.2.1"),
		STR_INIT("a-rather-long-name-of-a-realm.with-many-labels.in-a-subdomain.example.com 2001:db8:1:2:3:4:5:6"),
	};
	struct nonces *n = nonces_new(key);
	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
		char text[NONCE_TEXT];
		uint8_t bytes[128], mac[EVP_MAX_MD_SIZE];
		nonce_write(n, scopes[i], 1700000000000, text);
		assert_int_equal(base64url_read((struct str){ text, sizeof text }, bytes, sizeof bytes), 30);
		uint8_t body[15 + 100], proof[15];
		memcpy(body, bytes, 15);
		memcpy(proof, bytes + 15, sizeof proof);
		memcpy(body + 15, scopes[i].p, scopes[i].n);
		assert_non_null(HMAC(EVP_sha256(), key, sizeof key, body, 15 + scopes[i].n, mac, NULL));
		assert_memory_equal(proof, mac, sizeof proof);
	}
	nonces_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_nonce_is_known_again_by_every_thread_with_the_key),
		cmocka_unit_test(a_nonce_changed_in_any_character_is_not_ours),
		cmocka_unit_test(a_nonce_of_another_key_realm_or_length_is_not_ours),
		cmocka_unit_test(two_nonces_of_one_millisecond_differ),
		cmocka_unit_test(the_proof_is_an_hmac),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
