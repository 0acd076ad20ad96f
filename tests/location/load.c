/* SPDX-License-Identifier: Apache-2.0 */
/* A hundred thousand phones: that nothing is lost among them. How long it took is printed, not judged. */
#include "kit.h"
#include "clock.h"
#include <stddef.h>
#include <malloc.h>
#include <stdlib.h>

enum { PHONES = 100000, AT_ONCE = 1000 };

struct job {
	struct location_update u;
	struct location_wait wait;
	struct contact_update c;
	struct arena arena;
	unsigned *waiting;
};

static void done(struct location_wait *wait, int err)
{
	struct job *j = CONTAINER(wait, struct job, wait);
	assert_int_equal(err, 0);
	--*j->waiting;
	arena_fini(&j->arena);
}

static struct str aor_of(struct arena *arena, unsigned i)
{
	return arena_printf(arena, "user%u@example.com", i);
}

static void ask(struct kit *k, struct job *j, unsigned i)
{
	static const char params[] = ";q=0.5;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\";reg-id=1";
	arena_init(&j->arena, NULL, 0);
	j->c = (struct contact_update){ .contact = arena_printf(&j->arena, "sip:user%u@198.51.100.77:5060;transport=tcp;ob", i),
	                                .contact_params = str_of(params), .q = 500, .reg_id = 1, .expires_s = 3600,
	                                .instance = STR("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6") };
	assert_true(sip_uri_parse(j->c.contact, &j->c.uri));
	j->u = (struct location_update){ .aor = aor_of(&j->arena, i), .contacts = &j->c, .contact_count = 1, .cseq = 1,
	                                 .call_id = STR("8f2a1c0e4b7d11ee@198.51.100.77"), .user_agent = STR("phone 1.2.3"),
	                                 .wall_ms = k->now_ms, .arena = &j->arena, .wait = &j->wait };
	j->wait = (struct location_wait){ .loop = k->loop, .done = done };
	assert_int_equal(location_register(k->loc, &j->u), LOCATION_DONE);
}

static void register_all(struct kit *k)
{
	static struct job jobs[AT_ONCE];
	unsigned waiting = 0;
	for (unsigned i = 0; i < PHONES; i += AT_ONCE) {
		for (unsigned n = 0; n < AT_ONCE; n++, waiting++) {
			jobs[n].waiting = &waiting;
			ask(k, &jobs[n], i + n);
		}
		while (waiting)
			assert_int_equal(loop_turn(k->loop, 1000), 0);
	}
}

static void find_all(struct kit *k)
{
	for (unsigned i = 0; i < PHONES; i++) {
		struct arena arena;
		arena_init(&arena, NULL, 0);
		struct location_ask q = { .aor = aor_of(&arena, i * 7919 % PHONES), .wall_ms = k->now_ms, .arena = &arena };
		struct target_set set;
		location_find(k->loc, &q, &set);
		assert_int_equal(set.instance_count, 1);
		arena_fini(&arena);
	}
}

static void a_hundred_thousand_phones_register_are_found_and_survive(void **state)
{
	(void)state;
	static struct kit k;
	kit_start(&k, NULL, true);
	size_t before = mallinfo2().uordblks;
	int64_t t0 = clock_ms();
	register_all(&k);
	int64_t t1 = clock_ms();
	size_t used = mallinfo2().uordblks - before;
	find_all(&k);
	int64_t t2 = clock_ms();
	kit_restart(&k);
	int64_t t3 = clock_ms();
	find_all(&k);
	int64_t t4 = clock_ms();
	assert_int_equal(location_expire(k.loc, k.now_ms + 3600000, 2 * PHONES), PHONES);
	int64_t t5 = clock_ms();
	print_message("%u phones: registered durably in %lld ms, found in %lld ms, recovered in %lld ms, expired in %lld ms, %zu bytes each\n",
	              PHONES, (long long)(t1 - t0), (long long)(t2 - t1), (long long)(t3 - t2), (long long)(t5 - t4), used / PHONES);
	kit_stop(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_thousand_phones_register_are_found_and_survive),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
