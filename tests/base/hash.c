/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "hash.h"

/* The published vector of SipHash-1-3 for the empty message under the key 00 01 .. 0f, and vectors
 * under the zero key made by another implementation (CPython's, whose bytes hash it is). */
static void it_is_siphash_1_3(void **state)
{
	static const struct { size_t n; uint64_t hash; } zero_key[] = {
		{ 1, 0x44bc103b1f8540ed },  { 7, 0xb41012aeee05c7d4 },  { 8, 0xd22d9341176d0728 },
		{ 9, 0x4ec42971d570753b },  { 15, 0x566f711d32f59152 }, { 16, 0x7e6bfb8bf1d36ac4 },
		{ 31, 0x1c67696cfcadb9a6 },
	};
	struct hash_key zero = { 0 }, counting = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	unsigned char bytes[31];
	(void)state;
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 7 + 1);
	assert_int_equal(hash_bytes(counting, "", 0), 0xabac0158050fc4dc);
	assert_int_equal(hash_bytes(zero, "abc", 3), 0xc03bc3a0042630f2);
	for (size_t i = 0; i < COUNT(zero_key); i++)
		assert_int_equal(hash_bytes(zero, bytes, zero_key[i].n), zero_key[i].hash);
}

static void letters_hash_alike_in_either_case_when_asked(void **state)
{
	struct hash_key key = hash_key_new();
	(void)state;
	assert_int_equal(hash_istr(key, STR("Alice.Example.COM")), hash_str(key, STR("alice.example.com")));
	assert_int_equal(hash_istr(key, STR("ABC")), hash_str(key, STR("abc")));
	assert_int_not_equal(hash_str(key, STR("ABC")), hash_str(key, STR("abc")));
	assert_int_not_equal(hash_istr(key, STR("@[")), hash_istr(key, STR("`{")));
	assert_int_equal(hash_istr(key, STR_NONE), hash_str(key, STR("")));
}

static void keys_differ_and_matter(void **state)
{
	struct hash_key a = hash_key_new(), b = hash_key_new();
	(void)state;
	assert_memory_not_equal(&a, &b, sizeof a);
	assert_int_not_equal(hash_str(a, STR("x")), hash_str(b, STR("x")));
}

static void mixing_depends_on_both_sides_and_their_order(void **state)
{
	(void)state;
	assert_int_not_equal(hash_mix(1, 2), hash_mix(2, 1));
	assert_int_not_equal(hash_mix(1, 2), hash_mix(1, 3));
	assert_int_not_equal(hash_mix(1, 2), hash_mix(3, 2));
	assert_int_equal(hash_mix(1, 2), hash_mix(1, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_siphash_1_3),
		cmocka_unit_test(letters_hash_alike_in_either_case_when_asked),
		cmocka_unit_test(keys_differ_and_matter),
		cmocka_unit_test(mixing_depends_on_both_sides_and_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
