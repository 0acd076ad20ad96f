/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "../../src/transport/token_keys.h"
#include "encode.h"
#include "key_file.h"
#include "random.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static const char *path_of(const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static int folder_make(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/sluice-keys-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int folder_remove(void **state)
{
	(void)state;
	unlink(path_of("flow-keys"));
	unlink(path_of("flow-keys.new"));
	unlink(path_of("node"));
	return rmdir(dir);
}

static void file_write(const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static size_t file_read(const char *name, char *out, size_t cap)
{
	int fd = open(path_of(name), O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = read(fd, out, cap - 1);
	assert_true(n >= 0);
	out[n] = '\0';
	close(fd);
	return (size_t)n;
}

static struct token_keys *load(void)
{
	struct token_keys *keys;
	struct transport_error why;
	assert_int_equal(token_keys_load(dir, &keys, &why), 0);
	return keys;
}

#define SECRET_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SECRET_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddee00"
#define REGISTRATION "registration 000102030405060708090a0b0c0d0e0f\n"

/* OB-43 OB-44 */
static void keys_are_made_once_for_us_alone_and_stay(void **state)
{
	(void)state;
	char before[4096], after[4096];
	struct stat st;
	struct token_keys *keys = load();
	uint32_t id = token_key_id(token_keys_writing(keys)), node = token_keys_node(keys);
	uint8_t boot[TOKEN_BOOT_SIZE], mac[2][TOKEN_MAC_SIZE];
	memcpy(boot, token_keys_boot(keys), sizeof boot);
	token_key_mac(token_keys_writing(keys), STR("body"), STR("dialog"), mac[0]);
	token_keys_free(keys);
	assert_int_equal(stat(path_of("flow-keys"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	file_read("flow-keys", before, sizeof before);

	keys = load();
	assert_int_equal(token_key_id(token_keys_writing(keys)), id);
	assert_int_equal(token_keys_node(keys), node);
	assert_true(node != 0);
	assert_memory_not_equal(token_keys_boot(keys), boot, sizeof boot);
	token_key_mac(token_keys_writing(keys), STR("body"), STR("dialog"), mac[1]);
	assert_memory_equal(mac[0], mac[1], TOKEN_MAC_SIZE);
	token_keys_free(keys);
	file_read("flow-keys", after, sizeof after);
	assert_string_equal(before, after);
}

static void the_newest_key_writes_and_all_are_found(void **state)
{
	(void)state;
	static const struct { const char *lines; uint32_t newest; } cases[] = {
		{ "key 0000000a 2026-01-01T00:00:00Z " SECRET_A "\n" "key 0000000b 2026-06-01T00:00:00Z " SECRET_B "\n", 0xb },
		{ "key 0000000a 2026-06-01T00:00:00Z " SECRET_A "\n" "key 0000000b 2026-01-01T00:00:00Z " SECRET_B "\n", 0xa },
		{ "key 0000000a 2026-01-01T00:00:00Z " SECRET_A "\r\n\n# a remark\n  key 0000000b 2026-01-01T00:00:00Z  " SECRET_B, 0xb },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[1024];
		snprintf(text, sizeof text, REGISTRATION "%s", cases[i].lines);
		file_write("flow-keys", text, 0600);
		struct token_keys *keys = load();
		assert_int_equal(token_key_id(token_keys_writing(keys)), cases[i].newest);
		assert_non_null(token_keys_find(keys, 0xa));
		assert_non_null(token_keys_find(keys, 0xb));
		assert_null(token_keys_find(keys, 0xc));
		token_keys_free(keys);
	}
}

/* The value is that of: openssl mac -digest SHA256 -macopt hexkey:SECRET_A HMAC */
static void the_mac_is_hmac_sha_256(void **state)
{
	(void)state;
	static const uint8_t expected[TOKEN_MAC_SIZE] = { 0xf8, 0x87, 0x28, 0x42, 0x9b, 0xfc, 0x49, 0xfe, 0x04, 0x69, 0xe1, 0xc1, 0x68, 0x0d, 0x4a, 0x02 };
	uint8_t mac[TOKEN_MAC_SIZE];
	file_write("flow-keys", REGISTRATION "key 0000000a 2026-01-01T00:00:00Z " SECRET_A "\n", 0600);
	struct token_keys *keys = load();
	for (int i = 0; i < 3; i++) {
		token_key_mac(token_keys_writing(keys), STR("what do ya want "), STR("for nothing?"), mac);
		assert_memory_equal(mac, expected, TOKEN_MAC_SIZE);
	}
	token_keys_free(keys);
}

static void the_mac_is_that_of_openssl_for_every_length(void **state)
{
	(void)state;
	uint8_t secret[KEY_SECRET_SIZE], bytes[200];
	file_write("flow-keys", REGISTRATION "key 0000000a 2026-01-01T00:00:00Z " SECRET_A "\n", 0600);
	struct token_keys *keys = load();
	assert_true(hex_read(STR(SECRET_A), secret, sizeof secret));
	random_bytes(bytes, sizeof bytes);
	for (size_t n = 0; n <= sizeof bytes; n++)
		for (size_t cut = 0; cut <= n; cut += 1 + n / 7) {
			uint8_t mac[TOKEN_MAC_SIZE], expected[32];
			size_t size;
			const char *p = (const char *)bytes;
			token_key_mac(token_keys_writing(keys), (struct str){ p, cut }, (struct str){ p + cut, n - cut }, mac);
			assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret, sizeof secret, bytes, n, expected, sizeof expected,
			                          &size));
			assert_memory_equal(mac, expected, TOKEN_MAC_SIZE);
		}
	token_keys_free(keys);
}

/* OB-44 */
static void a_key_file_that_cannot_be_used_is_an_error_and_is_not_replaced(void **state)
{
	(void)state;
	static const struct { const char *text; mode_t mode; const char *says; } cases[] = {
		{ "", 0600, "no key line" },
		{ REGISTRATION, 0600, "no key line" },
		{ "key 0000000a 2026-01-01T00:00:00Z " SECRET_A "\n", 0600, "no registration line" },
		{ REGISTRATION "key 0000000a 2026-01-01T00:00:00Z " SECRET_A "\n", 0644, "chmod 600" },
		{ REGISTRATION "key 0000000a 2026-01-01T00:00:00Z " SECRET_A "\n", 0620, "chmod 600" },
		{ REGISTRATION REGISTRATION, 0600, "line 2: there is a second registration" },
		{ REGISTRATION "\nkey 0000000a 2026-01-01T00:00:00Z\n", 0600, "line 3: a key line is" },
		{ REGISTRATION "key 0000000a 2026-01-01T00:00:00Z " SECRET_A "00\n", 0600, "64 hexadecimal" },
		{ REGISTRATION "key 0000000a 2026-01-01T00:00:00Z 0011\n", 0600, "64 hexadecimal" },
		{ REGISTRATION "key a 2026-01-01T00:00:00Z " SECRET_A "\n", 0600, "8 hexadecimal" },
		{ REGISTRATION "key 0000000a 2026-01-01 " SECRET_A "\n", 0600, "date" },
		{ REGISTRATION "key 0000000a 2026-01-01T00:00:00Z " SECRET_A " more\n", 0600, "date" },
		{ REGISTRATION "key 0000000a 2026-01-01T00:00:00Z 2026-01-01T00:00:00Z " SECRET_A " more\n", 0600, "a key line is" },
		{ REGISTRATION "key 0000000a 2026-01-01T00:00:00Z " SECRET_A "\nkey 0000000A 2026-01-01T00:00:00Z " SECRET_B "\n",
		  0600, "ids must differ" },
		{ "nonsense\n", 0600, "line 1: a line begins with" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct token_keys *keys = NULL;
		struct transport_error why = { "" };
		char after[4096];
		file_write("flow-keys", cases[i].text, cases[i].mode);
		assert_true(token_keys_load(dir, &keys, &why) < 0);
		assert_null(keys);
		if (!strstr(why.text, cases[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, why.text, cases[i].says);
		assert_null(strstr(why.text, SECRET_A));
		file_read("flow-keys", after, sizeof after);
		assert_string_equal(after, cases[i].text);
	}
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	struct token_keys *keys = NULL;
	struct transport_error why = { "" };
	assert_true(token_keys_load("/nonexistent/sluice", &keys, &why) < 0);
	assert_non_null(strstr(why.text, "/nonexistent/sluice"));
	assert_non_null(strstr(why.text, "make it"));
}

/* OB-44: wherever a copy stopped, it is told; nothing short of the last line is a file. */
static void a_key_file_that_was_cut_anywhere_is_an_error(void **state)
{
	(void)state;
	char text[4096];
	token_keys_free(load());
	size_t n = file_read("flow-keys", text, sizeof text);
	for (size_t cut = 0; cut < n - 1; cut += cut + 8 < n ? 7 : 1) {
		struct token_keys *keys = NULL;
		struct transport_error why = { "" };
		char piece[4096];
		memcpy(piece, text, cut);
		piece[cut] = '\0';
		file_write("flow-keys", piece, 0600);
		if (token_keys_load(dir, &keys, &why) == 0)
			fail_msg("accepted when cut after %zu bytes", cut);
		assert_non_null(strstr(why.text, "another node"));
	}
}

static void what_a_cut_off_start_left_is_swept_away(void **state)
{
	(void)state;
	struct stat st;
	file_write("flow-keys.new", "key 0000", 0600);
	token_keys_free(load());
	assert_int_equal(stat(path_of("flow-keys.new"), &st), -1);
	assert_int_equal(errno, ENOENT);
}

static void the_node_file_is_read_or_explained(void **state)
{
	(void)state;
	static const struct { const char *text; uint32_t node; } cases[] = {
		{ "node 7\n", 7 }, { "node 4294967295", UINT32_MAX }, { "node 0\n", 0 }, { "node 4294967296\n", 0 }, { "", 0 },
		{ "7\n", 0 }, { "node seven\n", 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct token_keys *keys = NULL;
		struct transport_error why = { "" };
		file_write("node", cases[i].text, 0644);
		int err = token_keys_load(dir, &keys, &why);
		if (cases[i].node) {
			assert_int_equal(err, 0);
			assert_int_equal(token_keys_node(keys), cases[i].node);
		} else {
			assert_true(err < 0);
			assert_non_null(strstr(why.text, "node NUMBER"));
		}
		token_keys_free(keys);
	}
}

static void a_registration_hash_tells_users_and_phones_apart(void **state)
{
	(void)state;
	struct token_keys *keys = load();
	uint64_t a = token_registration(keys, STR("alice@example.com"), STR("<urn:uuid:1>"));
	assert_true(a != 0);
	assert_true(a == token_registration(keys, STR("alice@example.com"), STR("<urn:uuid:1>")));
	assert_true(a != token_registration(keys, STR("alice@example.com"), STR("<urn:uuid:2>")));
	assert_true(a != token_registration(keys, STR("bob@example.com"), STR("<urn:uuid:1>")));
	assert_true(a != token_registration(keys, STR("alice@example.com<"), STR("urn:uuid:1>")));
	assert_true(token_registration(keys, STR(""), STR_NONE) != 0);
	token_keys_free(keys);
}

/* --- while running --- */

#define KEY_A "key 0000000a 2026-01-01T00:00:00Z 2026-01-01T00:00:00Z " SECRET_A "\n"
#define KEY_B "key 0000000b 2026-05-01T00:00:00Z 2026-06-01T00:00:00Z " SECRET_B "\n"
#define MAY   INT64_C(1777593600000)
#define JUNE  INT64_C(1780272000000)

static int watch(struct token_keys *keys, int64_t wall_ms, bool at_once)
{
	struct transport_error why = { "" };
	int news = token_keys_watch(keys, wall_ms, at_once, &why);
	assert_true(news >= 0 || why.text[0]);
	token_keys_sweep(keys);
	return news;
}

/* OB-44 */
static void a_new_key_reads_at_once_and_writes_when_its_time_has_come(void **state)
{
	(void)state;
	uint8_t before[TOKEN_MAC_SIZE], after[TOKEN_MAC_SIZE];
	file_write("flow-keys", KEY_A REGISTRATION, 0600);
	struct token_keys *keys = load();
	uint64_t who = token_registration(keys, STR("alice@example.com"), STR("<urn:uuid:1>"));
	token_key_mac(token_keys_find(keys, 0xa), STR("body"), STR("dialog"), before);
	assert_int_equal(watch(keys, MAY, false), 0);

	file_write("flow-keys", KEY_A KEY_B REGISTRATION, 0600);
	assert_int_equal(watch(keys, MAY, false), 0);           /* somebody may still be writing */
	assert_int_equal(watch(keys, MAY, false), 1);
	assert_int_equal(watch(keys, MAY, false), 0);
	assert_non_null(token_keys_find(keys, 0xb));
	assert_int_equal(token_key_id(token_keys_writing(keys)), 0xa);
	watch(keys, JUNE - 1000, false);
	assert_int_equal(token_key_id(token_keys_writing(keys)), 0xa);
	watch(keys, JUNE, false);
	assert_int_equal(token_key_id(token_keys_writing(keys)), 0xb);

	token_key_mac(token_keys_find(keys, 0xa), STR("body"), STR("dialog"), after);
	assert_memory_equal(before, after, TOKEN_MAC_SIZE);
	assert_true(token_registration(keys, STR("alice@example.com"), STR("<urn:uuid:1>")) == who);

	file_write("flow-keys", KEY_B REGISTRATION, 0600);
	assert_int_equal(watch(keys, JUNE, true), 1);
	assert_null(token_keys_find(keys, 0xa));
	token_keys_free(keys);
}

static void *mac_until_told(void *user)
{
	struct token_keys *keys = user;
	uint8_t first[TOKEN_MAC_SIZE], mac[TOKEN_MAC_SIZE];
	token_key_mac(token_keys_find(keys, 0xa), STR("body"), STR("dialog"), first);
	while (token_key_id(token_keys_writing(keys)) != 0xc) {
		token_key_mac(token_keys_find(keys, 0xa), STR("body"), STR("dialog"), mac);
		if (memcmp(mac, first, sizeof mac))
			return keys;
	}
	return NULL;
}

static void threads_go_on_while_keys_are_replaced(void **state)
{
	(void)state;
	struct transport_error why;
	pthread_t threads[3];
	file_write("flow-keys", KEY_A REGISTRATION, 0600);
	struct token_keys *keys = load();
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, mac_until_told, keys), 0);
	for (int i = 0; i < 50; i++) {
		file_write("flow-keys", i % 2 ? KEY_A REGISTRATION : KEY_A KEY_B REGISTRATION, 0600);
		assert_int_equal(token_keys_watch(keys, i % 3 ? JUNE : MAY, true, &why), 1);
	}
	file_write("flow-keys", KEY_A "key 0000000c 2026-06-01T00:00:00Z " SECRET_B "\n" REGISTRATION, 0600);
	assert_int_equal(token_keys_watch(keys, JUNE, true, &why), 1);
	for (int i = 0; i < 3; i++) {
		void *wrong;
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	token_keys_free(keys);
}

static void a_file_that_cannot_be_used_is_told_once_and_the_keys_stay(void **state)
{
	(void)state;
	static const struct { const char *text; mode_t mode; } bad[] = {
		{ "", 0600 }, { KEY_A KEY_B, 0600 }, { KEY_A KEY_B REGISTRATION, 0644 }, { "nonsense", 0600 },
		/* Of another cluster. */
		{ KEY_A KEY_B "registration 0f0102030405060708090a0b0c0d0e0f\n", 0600 },
	};
	file_write("flow-keys", KEY_A REGISTRATION, 0600);
	struct token_keys *keys = load();
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		file_write("flow-keys", bad[i].text, bad[i].mode);
		assert_true(watch(keys, JUNE, true) < 0);
		assert_int_equal(watch(keys, JUNE, true), 0);
		assert_non_null(token_keys_find(keys, 0xa));
		assert_null(token_keys_find(keys, 0xb));
	}
	unlink(path_of("flow-keys"));
	assert_true(watch(keys, JUNE, true) < 0);
	assert_int_equal(watch(keys, JUNE, true), 0);
	file_write("flow-keys", KEY_A KEY_B REGISTRATION, 0600);
	assert_int_equal(watch(keys, JUNE, true), 1);
	assert_int_equal(token_key_id(token_keys_writing(keys)), 0xb);
	token_keys_free(keys);
}

static void *mac_often(void *keys)
{
	static const char body[40];
	uint8_t first[TOKEN_MAC_SIZE], mac[TOKEN_MAC_SIZE];
	token_key_mac(token_keys_writing(keys), (struct str){ body, sizeof body }, STR("dialog"), first);
	for (int i = 0; i < 2000; i++) {
		token_key_mac(token_keys_writing(keys), (struct str){ body, sizeof body }, STR("dialog"), mac);
		if (memcmp(mac, first, sizeof mac))
			return keys;
	}
	return NULL;
}

static void threads_share_the_keys(void **state)
{
	(void)state;
	struct token_keys *keys = load();
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, mac_often, keys), 0);
	for (int i = 0; i < 4; i++) {
		void *wrong;
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	token_keys_free(keys);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_are_made_once_for_us_alone_and_stay),
		TEST(the_newest_key_writes_and_all_are_found),
		TEST(the_mac_is_hmac_sha_256),
		TEST(the_mac_is_that_of_openssl_for_every_length),
		TEST(a_key_file_that_cannot_be_used_is_an_error_and_is_not_replaced),
		TEST(a_key_file_that_was_cut_anywhere_is_an_error),
		TEST(a_folder_that_is_not_there_is_an_error),
		TEST(what_a_cut_off_start_left_is_swept_away),
		TEST(the_node_file_is_read_or_explained),
		TEST(a_registration_hash_tells_users_and_phones_apart),
		TEST(a_new_key_reads_at_once_and_writes_when_its_time_has_come),
		TEST(threads_go_on_while_keys_are_replaced),
		TEST(a_file_that_cannot_be_used_is_told_once_and_the_keys_stay),
		TEST(threads_share_the_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
