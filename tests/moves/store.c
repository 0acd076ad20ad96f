/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int add(struct kit *k, struct moves *m, const char *old, const char *fresh)
{
	struct move v = kit_move(k, MOVE_OPERATOR, old, fresh);
	return moves_add(m, &v);
}

static void every_field_comes_back_from_memory_and_from_the_file(void **state)
{
	struct kit *k = *state;
	struct move_target targets[] = { { STR("sip:b@new.example;transport=tcp"), 1000 }, { STR("tel:+12025550100"), 500 } };
	struct move v = {
		.key = STR("a@old.example"), .old_uri = STR("sips:A@old.example"), .targets = targets, .target_count = 2,
		.origin = MOVE_OPERATOR, .way = MOVE_TELL, .said_by = STR("root"), .said_wall_ms = KIT_NOW, .expires_wall_ms = KIT_NOW + 5,
		.hits = 7, .used_wall_ms = KIT_NOW - 1, .last_status = 486,
	}, got;
	assert_false(moves_any(k->m));
	assert_int_equal(moves_add(k->m, &v), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(moves_any(k->m));
		assert_true(kit_get(k, k->m, "a@old.example", &got));
		assert_true(str_eq(got.key, v.key) && str_eq(got.old_uri, v.old_uri) && str_eq(got.said_by, v.said_by) && got.path.n == 0);
		assert_int_equal(got.target_count, 2);
		for (unsigned t = 0; t < 2; t++)
			assert_true(str_eq(got.targets[t].uri, targets[t].uri) && got.targets[t].q == targets[t].q);
		assert_true(got.origin == v.origin && got.state == v.state && got.way == v.way && !got.permanent && got.hits == 7);
		assert_true(got.said_wall_ms == v.said_wall_ms && got.expires_wall_ms == v.expires_wall_ms &&
		            got.used_wall_ms == v.used_wall_ms && got.last_status == 486);
		kit_reopen(k);
	}
}

static void key_with_nul_is_not_cut(void **state)
{
	struct kit *k = *state;
	struct move v = kit_move(k, MOVE_OPERATOR, "x", "b@x"), got;
	v.key = STR("a\0b@x");
	assert_int_equal(moves_add(k->m, &v), 0);
	kit_reopen(k);
	assert_true(moves_find(k->m, v.key, KIT_NOW, &k->arena, &got));
	assert_string_equal(kit_where(k, k->m, "a"), "");
}

static void operators_entry_is_added_once_and_removed(void **state)
{
	struct kit *k = *state;
	assert_int_equal(add(k, k->m, "a@x", "b@x"), 0);
	assert_int_equal(add(k, k->m, "a@x", "c@x"), -EEXIST);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x!");
	assert_int_equal(moves_forget(k->m, STR("a@x")), -EPERM);
	assert_int_equal(moves_remove(k->m, STR("a@x")), 0);
	assert_int_equal(moves_remove(k->m, STR("a@x")), -ENOENT);
	assert_false(moves_any(k->m));
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "a@x"), "");
	assert_int_equal(add(k, k->m, "a@x", ""), 0);
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "a@x"), "gone!");
}

static void expired_entry_is_not_found_and_may_be_added_again(void **state)
{
	struct kit *k = *state;
	struct move v = kit_move(k, MOVE_OPERATOR, "a@x", "b@x"), got;
	v.expires_wall_ms = KIT_NOW + 10;
	assert_int_equal(moves_add(k->m, &v), 0);
	assert_true(moves_find(k->m, v.key, KIT_NOW + 9, &k->arena, &got));
	assert_false(moves_find(k->m, v.key, KIT_NOW + 10, &k->arena, &got));
	v.said_wall_ms = KIT_NOW + 10;
	v.expires_wall_ms = KIT_NOW + 20;
	assert_int_equal(moves_add(k->m, &v), 0);
	assert_int_equal(moves_expire(k->m, KIT_NOW + 19, 1000000), 0);
	assert_int_equal(moves_expire(k->m, KIT_NOW + 20, 1000000), 1);
	assert_false(moves_any(k->m));
}

static void other_process_is_followed_by_reload(void **state)
{
	struct kit *k = *state;
	struct moves *other = kit_open(k);
	assert_int_equal(add(k, other, "a@x", "b@x"), 0);
	assert_int_equal(add(k, other, "c@x", "d@x"), 0);
	assert_string_equal(kit_where(k, k->m, "a@x"), "");
	assert_int_equal(moves_reload(k->m, KIT_NOW), 0);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x!");
	assert_int_equal(moves_remove(other, STR("a@x")), 0);
	assert_int_equal(add(k, k->m, "e@x", "f@x"), 0);        /* a change of its own takes over first */
	assert_string_equal(kit_where(k, k->m, "a@x"), "");
	assert_string_equal(kit_where(k, k->m, "c@x"), "sip:d@x!");
	assert_int_equal(add(k, other, "e@x", "g@x"), -EEXIST);
	moves_close(other);
}

/* A change that changes nothing must not make the next one of another process look old. */
static void revisions_are_not_taken_by_changes_that_failed(void **state)
{
	struct kit *k = *state;
	struct moves *other = kit_open(k);
	uint64_t count = 0;
	assert_int_equal(add(k, k->m, "a@x", "b@x"), 0);
	assert_int_equal(moves_forget_all(k->m, &count), 0);
	assert_int_equal(moves_remove(k->m, STR("none@x")), -ENOENT);
	assert_int_equal(add(k, other, "c@x", "d@x"), 0);
	assert_int_equal(moves_reload(k->m, KIT_NOW), 0);
	assert_string_equal(kit_where(k, k->m, "c@x"), "sip:d@x!");
	moves_close(other);
}

static void start_drops_rows_of_the_removed_and_revisions_still_grow(void **state)
{
	struct kit *k = *state;
	struct moves *other = kit_open(k);
	assert_int_equal(add(k, k->m, "a@x", "b@x"), 0);
	assert_int_equal(add(k, k->m, "b@x", "c@x"), 0);
	assert_int_equal(moves_remove(k->m, STR("a@x")), 0);
	assert_int_equal(moves_remove(k->m, STR("b@x")), 0);
	assert_int_equal(moves_reload(other, KIT_NOW), 0);
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(add(k, k->m, "e@x", "f@x"), 0);
	assert_int_equal(moves_reload(other, KIT_NOW), 0);
	assert_string_equal(kit_where(k, other, "e@x"), "sip:f@x!");
	moves_close(other);
}

static void loops_are_refused_also_through_others(void **state)
{
	struct kit *k = *state;
	assert_int_equal(add(k, k->m, "a@x", "a@X"), -ELOOP);
	assert_int_equal(add(k, k->m, "a@x", "b@x"), 0);
	assert_int_equal(add(k, k->m, "b@x", "c@x"), 0);
	assert_int_equal(add(k, k->m, "c@x", "a@x;transport=tcp"), -ELOOP);
	assert_int_equal(add(k, k->m, "c@x", "d@x"), 0);
	/* Neither a list may go round in itself. */
	struct move list[] = { kit_move(k, MOVE_OPERATOR, "m@x", "n@x"), kit_move(k, MOVE_OPERATOR, "n@x", "m@x") };
	unsigned bad = 9;
	assert_int_equal(moves_add_many(k->m, list, 2, &bad), -ELOOP);
	assert_int_equal(bad, 1);
	assert_string_equal(kit_where(k, k->m, "m@x"), "");
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "m@x"), "");
	assert_string_equal(kit_where(k, k->m, "c@x"), "sip:d@x!");
}

static void endless_chain_counts_as_a_loop(void **state)
{
	struct kit *k = *state;
	int err = 0;
	unsigned i = 0;
	for (; i < 1000 && !err; i++) {
		char old[20], fresh[20];
		snprintf(old, sizeof old, "%u@x", i + 1);
		snprintf(fresh, sizeof fresh, "%u@x", i);
		err = add(k, k->m, old, fresh);
	}
	assert_int_equal(err, -ELOOP);
	assert_true(i > 200);
}

static void many_are_added_in_one_commit_or_none(void **state)
{
	struct kit *k = *state;
	struct move list[] = { kit_move(k, MOVE_OPERATOR, "a@x", "b@x"), kit_move(k, MOVE_OPERATOR, "c@x", "d@x"),
	                       kit_move(k, MOVE_OPERATOR, "a@x", "e@x") };
	unsigned bad = 9;
	assert_int_equal(moves_add_many(k->m, list, 3, &bad), -EEXIST);
	assert_int_equal(bad, 2);
	assert_false(moves_any(k->m));
	assert_int_equal(moves_add_many(k->m, list, 2, &bad), 0);
	assert_string_equal(kit_where(k, k->m, "c@x"), "sip:d@x!");
}

static void count_one(void *user, const struct move *v)
{
	unsigned *count = user;
	*count += v->target_count == 1 && v->old_uri.n;
}

static void each_shows_all_or_one(void **state)
{
	struct kit *k = *state;
	unsigned all = 0, one = 0, none = 0;
	for (unsigned i = 0; i < 300; i++) {
		char old[20];
		snprintf(old, sizeof old, "%u@x", i);
		assert_int_equal(add(k, k->m, old, "new@y"), 0);
	}
	moves_each(k->m, STR_NONE, KIT_NOW, count_one, &all);
	moves_each(k->m, STR("7@x"), KIT_NOW, count_one, &one);
	moves_each(k->m, STR("no@x"), KIT_NOW, count_one, &none);
	assert_int_equal(all, 300);
	assert_int_equal(one, 1);
	assert_int_equal(none, 0);
	struct moves_counts counts;
	moves_count(k->m, &counts);
	assert_true(counts.entries == 300 && counts.learned == 0 && counts.waiting == 0 && counts.durable);
}

static void file_is_private(void **state)
{
	struct kit *k = *state;
	struct stat st;
	assert_int_equal(stat(k->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void damaged_file_and_missing_folder_are_told(void **state)
{
	struct kit *k = *state;
	char path[200], why[400] = "", junk[4096];
	struct moves *m = NULL;
	snprintf(path, sizeof path, "%s/junk.db", k->folder);
	memset(junk, 'x', sizeof junk);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
	close(fd);
	assert_int_equal(moves_open(&(struct moves_settings){ .path = path }, KIT_NOW, &m, why, sizeof why), -EBADMSG);
	assert_non_null(strstr(why, "junk.db is damaged or not a file of moves: put a copy back"));
	snprintf(path, sizeof path, "%s/none/moves.db", k->folder);
	assert_int_equal(moves_open(&(struct moves_settings){ .path = path }, KIT_NOW, &m, why, sizeof why), -ENOENT);
	assert_non_null(strstr(why, "its folder must exist"));
	assert_null(m);
}

/* The process ends without closing anything, as by kill -9. */
static void what_was_added_outlives_the_process(void **state)
{
	struct kit *k = *state;
	moves_close(k->m);
	k->m = NULL;
	pid_t child = fork();
	if (child == 0) {
		struct moves *m = kit_open(k);
		_exit(add(k, m, "a@x", "b@x") != 0);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x!");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_field_comes_back_from_memory_and_from_the_file), TEST(key_with_nul_is_not_cut),
		TEST(operators_entry_is_added_once_and_removed), TEST(expired_entry_is_not_found_and_may_be_added_again),
		TEST(other_process_is_followed_by_reload), TEST(revisions_are_not_taken_by_changes_that_failed),
		TEST(start_drops_rows_of_the_removed_and_revisions_still_grow), TEST(loops_are_refused_also_through_others),
		TEST(endless_chain_counts_as_a_loop), TEST(many_are_added_in_one_commit_or_none), TEST(each_shows_all_or_one),
		TEST(file_is_private), TEST(damaged_file_and_missing_folder_are_told), TEST(what_was_added_outlives_the_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
