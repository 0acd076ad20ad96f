/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include <pthread.h>
#include <stdio.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

static enum move_learned learn(struct kit *k, enum move_origin origin, const char *old, const char *fresh)
{
	struct move v = kit_move(k, origin, old, fresh);
	return moves_learn(k->m, &v);
}

static void learned_entry_is_used_at_once_and_after_a_restart(void **state)
{
	struct kit *k = *state;
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(learn(k, MOVE_PHONE, "a@x", "b@x"), MOVE_LEARNED);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x");
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x");
}

static void without_the_writer_it_stays_in_memory(void **state)
{
	struct kit *k = *state;
	assert_int_equal(learn(k, MOVE_PHONE, "a@x", "b@x"), MOVE_LEARNED);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x");
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "a@x"), "");
}

static void same_word_again_renews_the_lifetime(void **state)
{
	struct kit *k = *state;
	struct move v = kit_move(k, MOVE_DOMAIN, "a@x", "b@y"), got;
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(moves_learn(k->m, &v), MOVE_LEARNED);
	v.expires_wall_ms += 500;
	assert_int_equal(moves_learn(k->m, &v), MOVE_KNOWN);
	for (int i = 0; i < 2; i++) {
		assert_true(kit_get(k, k->m, "a@x", &got));
		assert_int_equal(got.expires_wall_ms, v.expires_wall_ms);
		kit_reopen(k);
	}
	v.said_wall_ms = v.expires_wall_ms;             /* that has expired since */
	assert_int_equal(moves_start(k->m), 0);
	v.expires_wall_ms += 500;
	assert_int_equal(moves_learn(k->m, &v), MOVE_LEARNED);
}

static void other_targets_replace_what_was_learned(void **state)
{
	struct kit *k = *state;
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(learn(k, MOVE_DOMAIN, "a@x", "b@y"), MOVE_LEARNED);
	assert_true(moves_doubt(k->m, STR("a@x")));
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@y?");
	assert_int_equal(learn(k, MOVE_DOMAIN, "a@x", "c@y"), MOVE_LEARNED);
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:c@y");
}

static void operators_entry_is_never_touched(void **state)
{
	struct kit *k = *state;
	struct move v = kit_move(k, MOVE_OPERATOR, "a@x", "b@x");
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(moves_add(k->m, &v), 0);
	assert_int_equal(learn(k, MOVE_PHONE, "a@x", "c@x"), MOVE_OPERATORS);
	assert_false(moves_unlearn(k->m, STR("a@x")));
	assert_false(moves_doubt(k->m, STR("a@x")));
	assert_false(moves_suspend(k->m, STR("a@x")));
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x!");
}

/* The other process adds while the server has learned and not written yet: the operator's word stays. */
static void operator_in_another_process_wins(void **state)
{
	struct kit *k = *state;
	struct moves *other = kit_open(k);
	struct move v = kit_move(k, MOVE_OPERATOR, "a@x", "b@x");
	assert_int_equal(moves_add(other, &v), 0);
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(learn(k, MOVE_PHONE, "a@x", "c@x"), MOVE_LEARNED);     /* it does not know yet */
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x!");
	assert_int_equal(moves_reload(other, KIT_NOW), 0);
	assert_string_equal(kit_where(k, other, "a@x"), "sip:b@x!");
	moves_close(other);
}

static void doubt_suspension_and_unlearning_outlive_a_restart(void **state)
{
	struct kit *k = *state;
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(learn(k, MOVE_PHONE, "phone@x", "b@x"), MOVE_LEARNED);
	assert_int_equal(learn(k, MOVE_DOMAIN, "domain@x", "b@x"), MOVE_LEARNED);
	assert_int_equal(learn(k, MOVE_PHONE, "gone@x", "b@x"), MOVE_LEARNED);
	assert_true(moves_suspend(k->m, STR("phone@x")));
	assert_false(moves_suspend(k->m, STR("phone@x")));
	assert_false(moves_suspend(k->m, STR("domain@x")));
	assert_true(moves_doubt(k->m, STR("domain@x")));
	assert_false(moves_doubt(k->m, STR("domain@x")));
	assert_false(moves_doubt(k->m, STR("nobody@x")));
	assert_true(moves_unlearn(k->m, STR("gone@x")));
	assert_false(moves_unlearn(k->m, STR("gone@x")));
	for (int i = 0; i < 2; i++) {
		struct move v;
		assert_true(kit_get(k, k->m, "phone@x", &v));
		assert_int_equal(v.state, MOVE_SUSPENDED);
		assert_true(kit_get(k, k->m, "domain@x", &v));
		assert_int_equal(v.state, MOVE_DOUBTED);
		assert_string_equal(kit_where(k, k->m, "gone@x"), "");
		kit_reopen(k);
	}
}

static void loops_are_not_learned(void **state)
{
	struct kit *k = *state;
	assert_int_equal(learn(k, MOVE_PHONE, "a@x", "a@x"), MOVE_LOOP);
	assert_int_equal(learn(k, MOVE_PHONE, "a@x", "b@x"), MOVE_LEARNED);
	assert_int_equal(learn(k, MOVE_PHONE, "b@x", "a@x"), MOVE_LOOP);
	assert_string_equal(kit_where(k, k->m, "b@x"), "");
}

static void past_the_limit_nothing_new_is_learned(void **state)
{
	struct kit *k = *state;
	struct moves_counts counts;
	k->max_learned = 2;
	kit_reopen(k);
	assert_int_equal(learn(k, MOVE_PHONE, "a@x", "n@x"), MOVE_LEARNED);
	assert_int_equal(learn(k, MOVE_PHONE, "b@x", "n@x"), MOVE_LEARNED);
	assert_int_equal(learn(k, MOVE_PHONE, "c@x", "n@x"), MOVE_FULL);
	assert_int_equal(learn(k, MOVE_PHONE, "b@x", "o@x"), MOVE_LEARNED);     /* in place of another */
	assert_true(moves_unlearn(k->m, STR("a@x")));
	assert_int_equal(learn(k, MOVE_PHONE, "c@x", "n@x"), MOVE_LEARNED);
	moves_count(k->m, &counts);
	assert_true(counts.entries == 2 && counts.learned == 2);
}

static void pin_makes_it_the_operators(void **state)
{
	struct kit *k = *state;
	struct move v = kit_move(k, MOVE_PHONE, "a@x", "b@x"), got;
	struct moves_counts counts;
	v.state = MOVE_WAITING;
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(moves_learn(k->m, &v), MOVE_LEARNED);
	moves_count(k->m, &counts);
	assert_true(counts.waiting == 1 && counts.learned == 1);
	assert_int_equal(moves_pin(k->m, v.key, STR("root"), KIT_NOW + 7), 0);
	assert_int_equal(moves_pin(k->m, v.key, STR("root"), KIT_NOW + 8), 0);
	assert_int_equal(moves_pin(k->m, STR("none@x"), STR("root"), KIT_NOW), -2);
	moves_count(k->m, &counts);
	assert_true(counts.waiting == 0 && counts.learned == 0 && counts.entries == 1);
	kit_reopen(k);
	assert_true(kit_get(k, k->m, "a@x", &got));
	assert_true(got.origin == MOVE_OPERATOR && got.state == MOVE_ACTIVE && got.expires_wall_ms == 0);
	assert_true(str_eq(got.said_by, STR("root")) && got.path.n == 0 && got.said_wall_ms == KIT_NOW + 7);
}

static void forget_leaves_the_operators(void **state)
{
	struct kit *k = *state;
	struct move v = kit_move(k, MOVE_OPERATOR, "op@x", "b@x");
	uint64_t count = 0;
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(moves_add(k->m, &v), 0);
	for (const char *const *old = (const char *const[]){ "a@x", "b@x", "c@x", NULL }; *old; old++)
		assert_int_equal(learn(k, MOVE_PHONE, *old, "n@x"), MOVE_LEARNED);
	assert_int_equal(moves_forget(k->m, STR("a@x")), 0);
	assert_int_equal(moves_forget(k->m, STR("a@x")), -2);
	assert_int_equal(moves_forget_all(k->m, &count), 0);
	assert_int_equal(count, 2);
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "b@x"), "");
	assert_string_equal(kit_where(k, k->m, "op@x"), "sip:b@x!");
}

static void use_is_counted_of_all_kinds(void **state)
{
	struct kit *k = *state;
	struct move v = kit_move(k, MOVE_OPERATOR, "op@x", "b@x"), got;
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(moves_add(k->m, &v), 0);
	assert_int_equal(learn(k, MOVE_PHONE, "a@x", "b@x"), MOVE_LEARNED);
	for (int i = 0; i < 3; i++) {
		moves_used(k->m, STR("op@x"), KIT_NOW + 1, 200);
		moves_used(k->m, STR("a@x"), KIT_NOW + 2, 486);
		moves_used(k->m, STR("none@x"), KIT_NOW + 2, 486);
	}
	kit_reopen(k);
	assert_true(kit_get(k, k->m, "op@x", &got) && got.hits == 3 && got.last_status == 200 && got.used_wall_ms == KIT_NOW + 1);
	assert_true(kit_get(k, k->m, "a@x", &got) && got.hits == 3 && got.last_status == 486 && got.used_wall_ms == KIT_NOW + 2);
}

/* The writer needs no word from anybody: what it wrote is there when the process is ended by kill -9. */
static void learned_entry_outlives_a_killed_process(void **state)
{
	struct kit *k = *state;
	moves_close(k->m);
	k->m = NULL;
	pid_t child = fork();
	if (child == 0) {
		struct moves *reader = kit_open(k);
		kit_reopen(k);
		alarm(20);
		if (moves_start(k->m) || learn(k, MOVE_PHONE, "a@x", "b@x") != MOVE_LEARNED)
			_exit(1);
		while (!*kit_where(k, reader, "a@x"))
			if (moves_reload(reader, KIT_NOW))
				_exit(2);
		_exit(0);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	kit_reopen(k);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x");
}

/* What cannot be written is told as not durable, look-ups go on, and all is written when that is possible again. */
static void writer_tries_again_until_it_can(void **state)
{
	struct kit *k = *state;
	struct moves_counts counts;
	sqlite3 *db;
	assert_int_equal(moves_start(k->m), 0);
	assert_int_equal(sqlite3_open(k->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "ALTER TABLE moves RENAME TO away", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(learn(k, MOVE_PHONE, "a@x", "b@x"), MOVE_LEARNED);
	alarm(30);
	do
		moves_count(k->m, &counts);
	while (counts.durable);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x");
	assert_int_equal(sqlite3_exec(db, "ALTER TABLE away RENAME TO moves", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	kit_reopen(k);
	alarm(0);
	assert_string_equal(kit_where(k, k->m, "a@x"), "sip:b@x");
}

static void *teach(void *user)
{
	struct kit *k = user;
	for (unsigned i = 0; i < 2000; i++) {
		char old[24];
		int n = snprintf(old, sizeof old, "u%u@x", i % 50);
		struct str key = { old, (size_t)n };
		struct move_target to = { i % 3 ? STR("sip:b@y") : STR("sip:c@y"), 1000 };
		struct move v = { .key = key, .old_uri = key, .targets = &to, .target_count = 1, .origin = MOVE_PHONE, .way = MOVE_PROXY,
		                  .said_by = key, .said_wall_ms = KIT_NOW, .expires_wall_ms = KIT_NOW + 1000 }, got;
		struct arena arena;
		moves_learn(k->m, &v);
		arena_init(&arena, NULL, 0);
		(void)moves_find(k->m, key, KIT_NOW, &arena, &got);
		arena_fini(&arena);
		moves_used(k->m, key, KIT_NOW, 200);
		if (i % 7 == 0)
			moves_unlearn(k->m, key);
		if (i % 100 == 0)
			moves_reload(k->m, KIT_NOW);
	}
	return NULL;
}

static void count_one(void *user, const struct move *v)
{
	(void)v;
	++*(unsigned *)user;
}

static void many_threads_learn_at_once(void **state)
{
	struct kit *k = *state;
	pthread_t threads[4];
	unsigned before = 0, after = 0;
	assert_int_equal(moves_start(k->m), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, teach, k), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	moves_each(k->m, STR_NONE, KIT_NOW, count_one, &before);
	kit_reopen(k);
	moves_each(k->m, STR_NONE, KIT_NOW, count_one, &after);
	assert_true(before > 0 && before <= 50);
	assert_int_equal(after, before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = {
		TEST(learned_entry_is_used_at_once_and_after_a_restart), TEST(without_the_writer_it_stays_in_memory),
		TEST(same_word_again_renews_the_lifetime), TEST(other_targets_replace_what_was_learned),
		TEST(operators_entry_is_never_touched), TEST(operator_in_another_process_wins),
		TEST(doubt_suspension_and_unlearning_outlive_a_restart), TEST(loops_are_not_learned),
		TEST(past_the_limit_nothing_new_is_learned), TEST(pin_makes_it_the_operators), TEST(forget_leaves_the_operators),
		TEST(use_is_counted_of_all_kinds), TEST(learned_entry_outlives_a_killed_process), TEST(writer_tries_again_until_it_can),
		TEST(many_threads_learn_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
