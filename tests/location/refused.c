/* SPDX-License-Identifier: Apache-2.0 */
/* What location does when a change cannot be made durable. The store here is the test's own: it holds
 * batches back and answers them as told. */
#include "kit.h"
#include <stddef.h>
#include <errno.h>

#define BOB "bob@example.com"
#define PHONE "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"

enum { HELD = 8 };

struct store {
	struct store_client client;
	struct store_batch *held[HELD];
	unsigned count;
};

int store_open(const struct store_settings *s, struct store **out, char *why, size_t why_size)
{
	(void)s, (void)out, (void)why, (void)why_size;
	return -ENOSYS;
}

int store_recover(struct store *st, int64_t wall_ms, void (*fn)(void *user, const struct store_row *row), void *user,
                  uint64_t *highest_seq, char *why, size_t why_size)
{
	(void)st, (void)wall_ms, (void)fn, (void)user, (void)why, (void)why_size;
	*highest_seq = 0;
	return 0;
}

int store_start(struct store *st, const struct store_client *client, char *why, size_t why_size)
{
	(void)why, (void)why_size;
	st->client = *client;
	return 0;
}

void store_put(struct store *st, struct store_batch *batch)
{
	assert_true(st->count < HELD);
	st->held[st->count++] = batch;
}

bool store_durable(const struct store *st)
{
	(void)st;
	return true;
}

void store_close(struct store *st)
{
	(void)st;
}

void store_count(const struct store *st, struct store_counts *out)
{
	(void)st;
	*out = (struct store_counts){ 0 };
}

struct fixture {
	struct store store;
	struct kit kit;
	struct change_asked {
		struct location_wait wait;
		int answers;
	} asked[HELD];
	unsigned count;
};

static void done(struct location_wait *wait, int err)
{
	struct change_asked *a = CONTAINER(wait, struct change_asked, wait);
	assert_int_equal(wait->err, err);
	a->answers++;
}

static int setup(void **state)
{
	static struct fixture f;
	f = (struct fixture){ 0 };
	struct location_settings s;
	location_settings_init(&s);
	s.store = &f.store;
	kit_start(&f.kit, &s, false);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	kit_stop(&f->kit);
	return 0;
}

static void ask(struct fixture *f, const char *contact, uint32_t reg_id, uint32_t expires_s, uint32_t cseq)
{
	struct change_asked *a = &f->asked[f->count++];
	struct contact_update *c = ARENA_NEW(&f->kit.arena, struct contact_update);
	*c = (struct contact_update){ .contact = str_of(contact), .instance = reg_id ? STR(PHONE) : STR_NONE, .reg_id = reg_id,
	                              .q = 1000, .expires_s = expires_s };
	assert_true(sip_uri_parse(c->contact, &c->uri));
	a->wait = (struct location_wait){ .loop = f->kit.loop, .done = done };
	struct location_update u = { .aor = STR(BOB), .contacts = c, .contact_count = 1, .call_id = STR("c"), .cseq = cseq,
	                             .wall_ms = f->kit.now_ms, .arena = &f->kit.arena, .wait = &a->wait };
	assert_int_equal(location_register(f->kit.loc, &u), LOCATION_DONE);
}

static void answer(struct fixture *f, unsigned which, int err)
{
	f->store.client.committed(f->store.client.user, &f->store.held[which], 1, err);
	assert_int_equal(loop_turn(f->kit.loop, 0), 0);
}

static void answer_waits_for_the_store(void **state)
{
	struct fixture *f = *state;
	ask(f, "sip:a@h", 0, 60, 1);
	assert_int_equal(loop_turn(f->kit.loop, 0), 0);
	assert_int_equal(f->asked[0].answers, 0);
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:a@h");      /* visible at once */
	struct location_counts c;
	location_count(f->kit.loc, &c);
	assert_int_equal(c.pending, 1);
	answer(f, 0, 0);
	assert_int_equal(f->asked[0].answers, 1);
	assert_int_equal(f->asked[0].wait.err, 0);
}

/* RG-09 */
static void change_that_cannot_be_stored_is_taken_back(void **state)
{
	struct fixture *f = *state;
	ask(f, "sip:a@h", 1, 60, 1);
	answer(f, 0, 0);
	ask(f, "sip:b@h", 1, 60, 2);   /* replaces */
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:b@h");
	answer(f, 1, -ENOSPC);
	assert_int_equal(f->asked[1].wait.err, -ENOSPC);
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:a@h");
	ask(f, "sip:c@h", 0, 60, 3);   /* adds */
	answer(f, 2, -EIO);
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:a@h");
	ask(f, "sip:a@h", 1, 0, 4);    /* removes */
	assert_string_equal(kit_targets(&f->kit, BOB), "");
	answer(f, 3, -EIO);
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:a@h");
}

static void old_value_does_not_return_over_something_newer(void **state)
{
	struct fixture *f = *state;
	ask(f, "sip:a@h", 1, 60, 1);
	answer(f, 0, 0);
	ask(f, "sip:b@h", 1, 60, 2);
	ask(f, "sip:c@h", 1, 60, 3);
	answer(f, 1, -EIO);
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:c@h");
	answer(f, 2, 0);
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:c@h");
	ask(f, "sip:c@h", 1, 0, 4);
	ask(f, "sip:d@h", 1, 60, 5);
	answer(f, 3, -EIO);             /* the removal failed, but the phone is back already */
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:d@h");
	answer(f, 4, 0);
}

static void changes_of_one_failed_commit_are_taken_back_last_first(void **state)
{
	struct fixture *f = *state;
	ask(f, "sip:a@h", 1, 60, 1);
	answer(f, 0, 0);
	ask(f, "sip:b@h", 1, 60, 2);
	ask(f, "sip:c@h", 1, 60, 3);
	answer(f, 2, -EIO);
	answer(f, 1, -EIO);
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:a@h");
}

static void last_promise_returns_when_what_came_after_it_fails_one_by_one(void **state)
{
	struct fixture *f = *state;
	ask(f, "sip:a@h", 1, 60, 1);
	answer(f, 0, 0);
	ask(f, "sip:b@h", 1, 60, 2);
	ask(f, "sip:c@h", 1, 60, 3);
	answer(f, 1, -EIO);             /* c is newer */
	answer(f, 2, -EIO);             /* and was built upon b, which was refused */
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:a@h");
	ask(f, "sip:a@h", 1, 0, 4);
	ask(f, "sip:d@h", 1, 60, 5);
	ask(f, "sip:d@h", 1, 0, 6);
	answer(f, 3, -EIO);
	assert_string_equal(kit_targets(&f->kit, BOB), "");
	answer(f, 4, -EIO);
	answer(f, 5, -EIO);
	assert_string_equal(kit_targets(&f->kit, BOB), "sip:a@h");
}

static void refused_first_binding_is_not_what_its_refresh_falls_back_to(void **state)
{
	struct fixture *f = *state;
	ask(f, "sip:a@h", 0, 60, 1);
	ask(f, "sip:a@h", 0, 90, 2);
	ask(f, "SIP:a@H", 0, 0, 3);
	answer(f, 0, -EIO);
	answer(f, 1, -EIO);
	answer(f, 2, -EIO);
	assert_string_equal(kit_targets(&f->kit, BOB), "");
	struct location_counts c;
	location_count(f->kit.loc, &c);
	assert_int_equal(c.pending, 0);
	assert_int_equal(c.bindings, 0);
}

static void dropped_binding_does_not_come_back_by_a_failed_refresh(void **state)
{
	struct fixture *f = *state;
	ask(f, "sip:a@h", 1, 60, 1);
	answer(f, 0, 0);
	ask(f, "sip:b@h", 1, 60, 2);
	assert_true(location_drop(f->kit.loc, STR(BOB), kit_find(&f->kit, BOB).instances[0].flows[0].id, f->kit.now_ms));
	answer(f, 1, -EIO);
	assert_string_equal(kit_targets(&f->kit, BOB), "");
	answer(f, 2, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(answer_waits_for_the_store),
		T(change_that_cannot_be_stored_is_taken_back),
		T(old_value_does_not_return_over_something_newer),
		T(changes_of_one_failed_commit_are_taken_back_last_first),
		T(last_promise_returns_when_what_came_after_it_fails_one_by_one),
		T(refused_first_binding_is_not_what_its_refresh_falls_back_to),
		T(dropped_binding_does_not_come_back_by_a_failed_refresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
