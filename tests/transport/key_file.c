/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a cluster's keys: what is written is read again, and a rotation loses no token that may still be in use. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "key_file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW     INT64_C(1780272000)
#define HOUR    INT64_C(3600)
#define OVERLAP (26 * HOUR)

static char dir[64];

static int folder_make(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/sluice-keyfile-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int folder_remove(void **state)
{
	(void)state;
	char path[128];
	static const char *const names[] = { "flow-keys", "node" };
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

/* Keys that began to write at these times, ids 1, 2, ... */
static struct key_file keys_from(const int64_t *from, unsigned count)
{
	struct key_file f = { .has_registration = true };
	for (; f.count < count; f.count++)
		f.row[f.count] = (struct key_row){ .id = f.count + 1, .made_s = from[f.count], .from_s = from[f.count] };
	return f;
}

/* OB-43 */
static void what_is_written_is_read_again(void **state)
{
	(void)state;
	struct key_file f, back;
	struct key_problem why;
	struct transport_error error;
	struct stat st;
	char path[128];
	unsigned removed;
	assert_int_equal(key_file_read(dir, &back, &why), -ENOENT);
	key_file_new(&f, NOW);
	assert_int_equal(key_file_rotate(&f, NOW, NOW + 300, OVERLAP, &removed), KEY_ROTATED);
	assert_int_equal(key_file_write(dir, &f, &error), 0);
	snprintf(path, sizeof path, "%s/flow-keys", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(key_file_read(dir, &back, &why), 0);
	assert_int_equal(back.count, 2);
	assert_memory_equal(back.registration, f.registration, sizeof f.registration);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(back.row[i].id, f.row[i].id);
		assert_true(back.row[i].made_s == NOW && back.row[i].from_s == NOW + 300 * i);
		assert_memory_equal(back.row[i].secret, f.row[i].secret, KEY_SECRET_SIZE);
	}
	assert_memory_not_equal(f.row[0].secret, f.row[1].secret, KEY_SECRET_SIZE);
}

static void a_key_writes_from_its_time_on(void **state)
{
	(void)state;
	const int64_t from[] = { NOW, NOW + HOUR, NOW + 2 * HOUR };
	struct key_file f = keys_from(from, 3);
	static const struct { int64_t at; unsigned row; } cases[] = {
		{ NOW - HOUR, 0 }, { NOW, 0 }, { NOW + HOUR - 1, 0 }, { NOW + HOUR, 1 }, { NOW + 2 * HOUR - 1, 1 }, { NOW + 9 * HOUR, 2 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(key_file_writing(&f, cases[i].at), cases[i].row);
}

/* OB-44 */
static void a_key_goes_only_when_what_it_wrote_has_run_out(void **state)
{
	(void)state;
	const int64_t from[] = { NOW - 60 * HOUR, NOW - 40 * HOUR, NOW - 10 * HOUR };
	struct key_file f = keys_from(from, 3);
	unsigned removed;
	assert_true(key_file_until(&f, 0, OVERLAP) == NOW - 14 * HOUR);
	assert_true(key_file_until(&f, 1, OVERLAP) == NOW + 16 * HOUR);
	assert_true(key_file_until(&f, 2, OVERLAP) == INT64_MAX);
	assert_int_equal(key_file_rotate(&f, NOW, NOW + 300, OVERLAP, &removed), KEY_ROTATED);
	assert_int_equal(removed, 1);
	assert_int_equal(f.count, 3);
	assert_int_equal(f.row[0].id, 2);
	assert_true(f.row[2].made_s == NOW && f.row[2].from_s == NOW + 300);
	/* The new one does not write yet. */
	assert_int_equal(f.row[key_file_writing(&f, NOW)].id, 3);
	assert_int_equal(key_file_rotate(&f, NOW + 299, NOW + 600, OVERLAP, &removed), KEY_WAITING);
	assert_int_equal(f.count, 3);
	assert_int_equal(key_file_rotate(&f, NOW + 300, NOW + 300, OVERLAP, &removed), KEY_ROTATED);
	assert_int_equal(removed, 0);
	assert_int_equal(key_file_writing(&f, NOW + 300), 3);
}

static void rotated_too_often_there_is_no_room(void **state)
{
	(void)state;
	struct key_file f;
	unsigned removed;
	key_file_new(&f, NOW);
	for (unsigned i = 1; i < KEYS_MAX; i++)
		assert_int_equal(key_file_rotate(&f, NOW + i, NOW + i, OVERLAP, &removed), KEY_ROTATED);
	assert_int_equal(key_file_rotate(&f, NOW + KEYS_MAX, NOW + KEYS_MAX, OVERLAP, &removed), KEY_FULL);
	assert_int_equal(f.count, KEYS_MAX);
	assert_int_equal(key_file_rotate(&f, NOW + OVERLAP + 1, NOW + OVERLAP + 1, OVERLAP, &removed), KEY_ROTATED);
	assert_int_equal(removed, 1);
}

static void a_node_has_the_number_that_it_was_given(void **state)
{
	(void)state;
	uint32_t n = 0;
	struct transport_error why = { "" };
	assert_int_equal(node_file_read(dir, &n, &why), -ENOENT);
	assert_int_equal(node_file_write(dir, 4294967295, &why), 0);
	assert_int_equal(node_file_read(dir, &n, &why), 0);
	assert_true(n == 4294967295);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read_again),
		TEST(a_key_writes_from_its_time_on),
		TEST(a_key_goes_only_when_what_it_wrote_has_run_out),
		TEST(rotated_too_often_there_is_no_room),
		TEST(a_node_has_the_number_that_it_was_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
