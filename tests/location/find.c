/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include <stddef.h>

#define BOB "bob@example.com"
#define PHONE "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
#define OTHER "urn:uuid:00000000-7dec-11d0-a765-00a0c91e6bf6"

static int setup(void **state)
{
	static struct kit k;
	kit_start(&k, NULL, false);
	*state = &k;
	return 0;
}

static int teardown(void **state)
{
	kit_stop(*state);
	return 0;
}

static void flow(struct kit *k, const char *contact, const char *instance, uint32_t reg_id, uint64_t stream)
{
	static uint32_t cseq;
	assert_int_equal(kit_register(k, (struct reg){ .contact = contact, .instance = instance, .reg_id = reg_id, .expires_s = 600,
	                                               .cseq = ++cseq, .stream = stream }), LOCATION_DONE);
	k->now_ms += 10;
}

/* OB-80 OB-90 */
static void flows_are_grouped_by_phone_and_the_newest_comes_first(void **state)
{
	struct kit *k = *state;
	flow(k, "sip:p1@h", PHONE, 1, 1);
	flow(k, "sip:o1@h", OTHER, 1, 2);
	flow(k, "sip:p2@h", PHONE, 2, 3);
	flow(k, "sip:o2@h", OTHER, 2, 4);
	assert_string_equal(kit_targets(k, BOB), "sip:o2@h sip:o1@h|sip:p2@h sip:p1@h");
	flow(k, "sip:p1@h", PHONE, 1, 5);
	assert_string_equal(kit_targets(k, BOB), "sip:p1@h sip:p2@h|sip:o2@h sip:o1@h");
}

static void same_instance_without_reg_id_is_the_same_phone(void **state)
{
	struct kit *k = *state;
	flow(k, "sip:p1@h", PHONE, 1, 1);
	flow(k, "sip:x@h", NULL, 0, 0);
	flow(k, "sip:p0@h", PHONE, 0, 0);
	assert_string_equal(kit_targets(k, BOB), "sip:p0@h sip:p1@h|sip:x@h");
}

static void phones_are_ordered_by_q_then_by_time(void **state)
{
	struct kit *k = *state;
	static const struct { const char *uri; int q; } rows[] = {
		{ "sip:a@h", 500 }, { "sip:b@h", 1000 }, { "sip:c@h", 500 }, { "sip:d@h", 100 }, { "sip:e@h", 1000 },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++, k->now_ms++)
		kit_register(k, (struct reg){ .contact = rows[i].uri, .q = rows[i].q, .expires_s = 60, .cseq = i + 1 });
	assert_string_equal(kit_targets(k, BOB), "sip:e@h|sip:b@h|sip:c@h|sip:a@h|sip:d@h");
	assert_int_equal(kit_find(k, BOB).instances[4].q, 100);
}

/* PX-12 */
static void uri_is_in_the_target_set_once(void **state)
{
	struct kit *k = *state;
	flow(k, "sip:bob@192.0.2.5", PHONE, 1, 0);
	flow(k, "sip:bob@192.0.2.5", OTHER, 1, 0);
	flow(k, "sip:BOB@192.0.2.5", NULL, 0, 0);
	flow(k, "SIP:bob@192.0.2.5", NULL, 0, 0);
	assert_string_equal(kit_targets(k, BOB), "SIP:bob@192.0.2.5|sip:BOB@192.0.2.5");
	/* Another way to the same URI is another target: two phones behind two NATs. */
	flow(k, "sip:bob@192.0.2.5", PHONE, 1, 11);
	flow(k, "sip:bob@192.0.2.5", OTHER, 1, 12);
	assert_int_equal(kit_find(k, BOB).instance_count, 4);
}

/* OB-88 */
static void closed_flow_is_invalid_for_all_aors_at_once(void **state)
{
	struct kit *k = *state;
	static const char *const aors[] = { BOB, "ann@example.com", "tom@example.com" };
	for (unsigned i = 0; i < 3; i++)
		kit_register(k, (struct reg){ .aor = aors[i], .contact = "sip:x@h", .instance = PHONE, .reg_id = 1, .expires_s = 600,
		                              .cseq = 1, .stream = 21 });
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(kit_targets(k, aors[i]), "sip:x@h");
	k->dead[21] = true;
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(kit_targets(k, aors[i]), "");
		assert_false(kit_find(k, aors[i]).known_flow_lost);
	}
}

/* OB-88 */
static void udp_flow_that_was_proved_dead_is_invalid_for_all_aors_until_it_is_no_more(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:u@h", .expires_s = 60, .cseq = 1, .udp_port = 31 });
	kit_register(k, (struct reg){ .aor = "ann@example.com", .contact = "sip:a@198.51.100.7:31", .expires_s = 60, .cseq = 1,
	                              .udp_port = 31, .by_contact = true });
	k->dead[31] = true;
	assert_string_equal(kit_targets(k, BOB), "");
	assert_string_equal(kit_targets(k, "ann@example.com"), "");
	k->dead[31] = false;
	assert_string_equal(kit_targets(k, BOB), "sip:u@h");
	assert_string_equal(kit_targets(k, "ann@example.com"), "sip:a@198.51.100.7:31");
}

/* RG-25 */
static void who_registers_on_a_udp_flow_that_was_proved_dead_is_told_that_it_is_bound(void **state)
{
	struct kit *k = *state;
	k->dead[31] = true;
	kit_register(k, (struct reg){ .contact = "sip:old@h", .expires_s = 60, .cseq = 1, .udp_port = 31 });
	kit_register(k, (struct reg){ .contact = "sip:u@h", .expires_s = 60, .cseq = 2, .udp_port = 31 });
	assert_string_equal(kit_after(k), "sip:u@h");
	k->dead[7] = true;                              /* a stream that is dead stays so */
	kit_register(k, (struct reg){ .contact = "sip:s@h", .expires_s = 60, .cseq = 3, .stream = 7 });
	assert_string_equal(kit_after(k), "");
}

static void contact_that_is_not_reached_by_its_stream_outlives_it(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:x@192.0.2.1", .expires_s = 60, .cseq = 1, .stream = 30, .by_contact = true });
	k->dead[30] = true;
	assert_string_equal(kit_targets(k, BOB), "sip:x@192.0.2.1");
}

static void silent_flows_of_a_phone_are_tried_last(void **state)
{
	struct kit *k = *state;
	flow(k, "sip:p1@h", PHONE, 1, 1);
	flow(k, "sip:p2@h", PHONE, 2, 2);
	flow(k, "sip:p3@h", PHONE, 3, 3);
	flow(k, "sip:o1@h", OTHER, 1, 4);
	k->silent[3] = k->silent[2] = true;
	assert_string_equal(kit_targets(k, BOB), "sip:o1@h|sip:p1@h sip:p3@h sip:p2@h");
	struct target_set set = kit_find(k, BOB);
	assert_false(set.instances[1].flows[0].suspect);
	assert_true(set.instances[1].flows[1].suspect && set.instances[1].flows[2].suspect);
	/* Silence orders the flows of a phone, not phones: another phone may be far away, this one in the hand. */
	k->silent[4] = true;
	assert_string_equal(kit_targets(k, BOB), "sip:o1@h|sip:p1@h sip:p3@h sip:p2@h");
	k->silent[3] = false;
	assert_string_equal(kit_targets(k, BOB), "sip:o1@h|sip:p3@h sip:p1@h sip:p2@h");
}

static void silence_of_a_stream_says_nothing_of_a_phone_that_is_reached_by_its_contact(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:x@192.0.2.1", .expires_s = 60, .cseq = 1, .stream = 30, .by_contact = true });
	k->silent[30] = true;
	assert_false(kit_find(k, BOB).instances[0].flows[0].suspect);
	kit_register(k, (struct reg){ .contact = "sip:u@h", .expires_s = 60, .cseq = 2, .udp_port = 31 });
	k->silent[31] = true;
	assert_true(kit_find(k, BOB).instances[0].flows[0].suspect);
}

static void over_path(struct kit *k, const char *contact, uint32_t reg_id, uint32_t cseq)
{
	kit_register(k, (struct reg){ .contact = contact, .instance = PHONE, .reg_id = reg_id, .expires_s = 600, .cseq = cseq,
	                              .path = "<sip:t@edge;lr;ob>" });
	k->now_ms += 10;
}

static void binding_told_to_be_silent_is_tried_last_until_then_or_until_it_registers(void **state)
{
	struct kit *k = *state;
	over_path(k, "sip:p1@h", 1, 1);
	over_path(k, "sip:p2@h", 2, 2);
	uint64_t newest = kit_find(k, BOB).instances[0].flows[0].id;
	location_suspect(k->loc, STR(BOB), newest, k->now_ms + 1000);
	assert_string_equal(kit_targets(k, BOB), "sip:p1@h sip:p2@h");
	assert_true(kit_find(k, BOB).instances[0].flows[1].suspect);
	k->now_ms += 1000;
	assert_string_equal(kit_targets(k, BOB), "sip:p2@h sip:p1@h");

	location_suspect(k->loc, STR(BOB), newest, k->now_ms + 1000);
	location_suspect(k->loc, STR(BOB), newest, 0);
	assert_string_equal(kit_targets(k, BOB), "sip:p2@h sip:p1@h");

	location_suspect(k->loc, STR(BOB), newest, k->now_ms + 1000);
	over_path(k, "sip:p2@h", 2, 3);
	assert_string_equal(kit_targets(k, BOB), "sip:p2@h sip:p1@h");
	location_suspect(k->loc, STR(BOB), newest, k->now_ms + 1000);   /* of an older version, and of nobody */
	location_suspect(k->loc, STR("nobody@example.com"), newest, k->now_ms + 1000);
	assert_string_equal(kit_targets(k, BOB), "sip:p2@h sip:p1@h");
}

/* OB-85 */
static void dropped_binding_is_gone_unless_a_newer_version_came(void **state)
{
	struct kit *k = *state;
	flow(k, "sip:p1@h", PHONE, 1, 1);
	flow(k, "sip:p2@h", PHONE, 2, 2);
	uint64_t old = kit_find(k, BOB).instances[0].flows[1].id;
	flow(k, "sip:p1@h", PHONE, 1, 3);
	assert_false(location_drop(k->loc, STR(BOB), old, k->now_ms));
	assert_string_equal(kit_targets(k, BOB), "sip:p1@h sip:p2@h");
	uint64_t now = kit_find(k, BOB).instances[0].flows[0].id;
	assert_true(location_drop(k->loc, STR(BOB), now, k->now_ms));
	assert_false(location_drop(k->loc, STR(BOB), now, k->now_ms));
	assert_string_equal(kit_targets(k, BOB), "sip:p2@h");
}

static void nobody_is_an_empty_set(void **state)
{
	struct target_set set = kit_find(*state, "nobody@example.com");
	assert_int_equal(set.instance_count, 0);
	assert_false(set.known_flow_lost);
}

struct seen {
	unsigned all, lost, suspect;
};

static void see(void *user, const struct binding *b)
{
	struct seen *s = user;
	s->all++;
	s->lost += b->state == BINDING_FLOW_LOST;
	s->suspect += b->suspect;
	assert_true(b->contact.n && b->aor.n);
}

static void listing_shows_every_binding_also_those_whose_flow_is_dead(void **state)
{
	struct kit *k = *state;
	for (unsigned i = 0; i < 1000; i++) {
		struct str aor = arena_printf(&k->arena, "user%u@example.com", i);
		kit_register(k, (struct reg){ .aor = aor.p, .contact = "sip:x@h", .expires_s = 600, .cseq = 1, .stream = 1 + i % 2 });
	}
	kit_register(k, (struct reg){ .aor = "gone@example.com", .contact = "sip:x@h", .expires_s = 1, .cseq = 1 });
	k->now_ms += 1000;
	k->dead[2] = true;
	k->silent[1] = true;
	struct seen s = { 0 };
	location_list(k->loc, STR_NONE, k->now_ms, see, &s);
	assert_int_equal(s.all, 1000);
	assert_int_equal(s.lost, 500);
	assert_int_equal(s.suspect, 500);
	s = (struct seen){ 0 };
	location_list(k->loc, STR("user7@example.com"), k->now_ms, see, &s);
	assert_int_equal(s.all, 1);
	assert_int_equal(s.lost, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(flows_are_grouped_by_phone_and_the_newest_comes_first),
		T(same_instance_without_reg_id_is_the_same_phone),
		T(phones_are_ordered_by_q_then_by_time),
		T(uri_is_in_the_target_set_once),
		T(closed_flow_is_invalid_for_all_aors_at_once),
		T(udp_flow_that_was_proved_dead_is_invalid_for_all_aors_until_it_is_no_more),
		T(who_registers_on_a_udp_flow_that_was_proved_dead_is_told_that_it_is_bound),
		T(contact_that_is_not_reached_by_its_stream_outlives_it),
		T(silent_flows_of_a_phone_are_tried_last),
		T(silence_of_a_stream_says_nothing_of_a_phone_that_is_reached_by_its_contact),
		T(binding_told_to_be_silent_is_tried_last_until_then_or_until_it_registers),
		T(dropped_binding_is_gone_unless_a_newer_version_came),
		T(nobody_is_an_empty_set),
		T(listing_shows_every_binding_also_those_whose_flow_is_dead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
