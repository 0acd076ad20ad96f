/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include <stddef.h>

#define BOB "bob@example.com"
#define PHONE "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"

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

/* RG-25 */
static void register_lists_every_live_binding_newest_first(void **state)
{
	struct kit *k = *state;
	assert_int_equal(kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 60, .cseq = 1 }), LOCATION_DONE);
	k->now_ms += 1000;
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.6", .expires_s = 600, .call_id = "c2", .cseq = 1 });
	assert_string_equal(kit_after(k), "sip:bob@192.0.2.6 sip:bob@192.0.2.5");
	assert_int_equal(k->after[1].expires_wall_ms - k->now_ms, 59000);
	assert_true(str_eq(k->after[0].aor, STR(BOB)));
}

/* RG-26 */
static void fetch_changes_nothing(void **state)
{
	struct kit *k = *state;
	assert_int_equal(kit_register(k, (struct reg){ .cseq = 1 }), LOCATION_UNCHANGED);
	assert_int_equal(k->after_count, 0);
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 60, .cseq = 1 });
	assert_int_equal(kit_register(k, (struct reg){ .cseq = 1 }), LOCATION_UNCHANGED);
	assert_string_equal(kit_after(k), "sip:bob@192.0.2.5");
}

/* RG-23 */
static void plain_binding_is_found_by_uri_equality(void **state)
{
	static const struct { const char *first, *second; bool same; } rows[] = {
		{ "sip:bob@192.0.2.5", "SIP:bob@192.0.2.5", true },
		{ "sip:bob@host.example.com", "sip:bob@HOST.example.com", true },
		{ "sip:bob@192.0.2.5", "sip:bob@192.0.2.5;newparam=5", true },
		{ "sip:%62ob@192.0.2.5", "sip:bob@192.0.2.5", true },
		{ "sip:bob@192.0.2.5", "sip:Bob@192.0.2.5", false },
		{ "sip:bob@192.0.2.5", "sip:bob@192.0.2.5:5060", false },
		{ "sip:bob@192.0.2.5", "sip:bob@192.0.2.5;transport=tcp", false },
		{ "sip:bob@192.0.2.5", "sip:bob@192.0.2.5;maddr=192.0.2.9", false },
		{ "sip:bob@192.0.2.5", "sip:bob@192.0.2.5;ttl=3", false },
		{ "sip:bob@192.0.2.5", "sip:bob@192.0.2.5?Subject=x", false },
		{ "sip:bob@192.0.2.5", "sips:bob@192.0.2.5", false },
	};
	struct kit *k = *state;
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		kit_register(k, (struct reg){ .star = true, .call_id = "clean", .cseq = i + 1 });
		kit_register(k, (struct reg){ .contact = rows[i].first, .expires_s = 60, .cseq = 100 + i });
		kit_register(k, (struct reg){ .contact = rows[i].second, .expires_s = 60, .call_id = "c2", .cseq = 100 + i });
		assert_int_equal(k->after_count, rows[i].same ? 1 : 2);
		assert_true(str_eq(k->after[0].contact, str_of(rows[i].second)));
		kit_register(k, (struct reg){ .contact = rows[i].second, .expires_s = 0, .call_id = "c3", .cseq = 1 });
		assert_int_equal(k->after_count, rows[i].same ? 0 : 1);
	}
}

/* URI equality is not transitive: two bindings may both equal a contact without the parameter. */
static void contact_spelled_the_same_is_preferred_among_equals(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:b@h;x=1", .expires_s = 60, .cseq = 1 });
	kit_register(k, (struct reg){ .contact = "sip:b@h;x=2", .expires_s = 60, .cseq = 2 });
	kit_register(k, (struct reg){ .contact = "sip:b@h;x=1", .expires_s = 0, .cseq = 3 });
	assert_string_equal(kit_after(k), "sip:b@h;x=2");
}

/* RG-24 */
static void same_call_id_needs_a_higher_cseq(void **state)
{
	static const struct { const char *call_id; uint32_t cseq; uint32_t expires_s; enum location_result result; } rows[] = {
		{ "c1", 9, 60, LOCATION_STALE }, { "c1", 10, 60, LOCATION_STALE }, { "c1", 10, 0, LOCATION_STALE },
		{ "c1", 11, 60, LOCATION_DONE }, { "c2", 1, 60, LOCATION_DONE }, { "c3", 1, 0, LOCATION_DONE },
	};
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 30, .cseq = 10 });
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		enum location_result got = kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .call_id = rows[i].call_id,
		                                                         .cseq = rows[i].cseq, .expires_s = rows[i].expires_s });
		assert_int_equal(got, rows[i].result);
		kit_register(k, (struct reg){ .cseq = 1 });
		if (got == LOCATION_STALE)
			assert_int_equal(k->after[0].expires_wall_ms, k->now_ms + 30000);
	}
	assert_int_equal(k->after_count, 0);
}

/* RG-09 */
static void one_stale_contact_undoes_the_whole_request(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 60, .cseq = 10 });
	assert_int_equal(kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.6", .expires_s = 60,
	                                               .also = "sip:bob@192.0.2.5", .also_expires_s = 60, .cseq = 10 }), LOCATION_STALE);
	assert_string_equal(kit_targets(k, BOB), "sip:bob@192.0.2.5");
}

static void several_contacts_come_and_go_together(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 60, .also = "sip:bob@192.0.2.6",
	                              .also_expires_s = 60, .cseq = 1 });
	assert_int_equal(k->after_count, 2);
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 0, .also = "sip:bob@192.0.2.7",
	                              .also_expires_s = 60, .cseq = 2 });
	assert_string_equal(kit_after(k), "sip:bob@192.0.2.7 sip:bob@192.0.2.6");
	/* The same twice: the last one decides. */
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.7", .expires_s = 60, .also = "sip:bob@192.0.2.7",
	                              .also_expires_s = 0, .cseq = 3 });
	assert_string_equal(kit_after(k), "sip:bob@192.0.2.6");
}

/* RG-14 */
static void star_needs_another_call_id_or_a_higher_cseq(void **state)
{
	static const struct { const char *call_id; uint32_t cseq; enum location_result result; } rows[] = {
		{ "c1", 4, LOCATION_STALE }, { "c1", 5, LOCATION_STALE }, { "c1", 6, LOCATION_DONE }, { "other", 1, LOCATION_DONE },
	};
	struct kit *k = *state;
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 60, .cseq = 5 });
		kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.6", .expires_s = 60, .call_id = "c2", .cseq = 9 });
		assert_int_equal(kit_register(k, (struct reg){ .star = true, .call_id = rows[i].call_id, .cseq = rows[i].cseq }),
		                 rows[i].result);
		kit_register(k, (struct reg){ .cseq = 1 });
		assert_int_equal(k->after_count, rows[i].result == LOCATION_DONE ? 0 : 2);
	}
}

/* OB-69 OB-74 */
static void outbound_key_is_instance_and_reg_id_and_a_new_flow_replaces_the_old(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5;ob", .instance = PHONE, .reg_id = 1, .expires_s = 60, .cseq = 1,
	                              .stream = 7 });
	k->now_ms += 5;
	kit_register(k, (struct reg){ .contact = "sip:bob@203.0.113.9;ob", .instance = PHONE, .reg_id = 1, .expires_s = 60, .cseq = 2,
	                              .stream = 8 });
	assert_string_equal(kit_after(k), "sip:bob@203.0.113.9;ob");
	assert_int_equal(k->after[0].flow.serial, 8);
	assert_int_equal(k->after[0].updated_wall_ms, k->now_ms);
}

/* OB-70 OB-71 */
static void flows_of_a_phone_and_plain_bindings_stand_side_by_side(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .instance = PHONE, .reg_id = 1, .expires_s = 60, .cseq = 1 });
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .instance = PHONE, .reg_id = 2, .expires_s = 60, .cseq = 1,
	                              .call_id = "c2" });
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 60, .cseq = 1, .call_id = "c3" });
	assert_int_equal(k->after_count, 3);
}

/* OB-78 */
static void removal_by_instance_and_reg_id_leaves_the_other_flow(void **state)
{
	struct kit *k = *state;
	for (uint32_t i = 1; i <= 2; i++)
		kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .instance = PHONE, .reg_id = i, .expires_s = 60, .cseq = i });
	kit_register(k, (struct reg){ .contact = "sip:bob@other.example.com", .instance = PHONE, .reg_id = 1, .expires_s = 0, .cseq = 3 });
	assert_int_equal(k->after_count, 1);
	assert_int_equal(k->after[0].reg_id, 2);
}

/* OB-66 */
static void reg_id_without_instance_means_nothing(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .reg_id = 1, .expires_s = 60, .cseq = 1 });
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.6", .reg_id = 1, .expires_s = 60, .cseq = 2 });
	assert_int_equal(k->after_count, 2);
	assert_int_equal(k->after[0].reg_id, 0);
}

/* OB-75 */
static void instances_are_compared_as_urns(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .instance = PHONE, .reg_id = 1, .expires_s = 60, .cseq = 1 });
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.6", .reg_id = 1, .expires_s = 60, .cseq = 2,
	                              .instance = "URN:UUID:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6" });
	assert_string_equal(kit_after(k), "sip:bob@192.0.2.6");
	assert_true(str_eq(k->after[0].instance, STR(PHONE)));
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.7", .reg_id = 1, .expires_s = 60, .cseq = 3,
	                              .instance = "urn:uuid:00000000-7dec-11d0-a765-00a0c91e6bf6" });
	assert_int_equal(k->after_count, 2);
}

/* OB-76 */
static void same_instance_under_another_aor_is_another_binding(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:x@192.0.2.5", .instance = PHONE, .reg_id = 1, .expires_s = 60, .cseq = 1 });
	kit_register(k, (struct reg){ .aor = "ann@example.com", .contact = "sip:x@192.0.2.6", .instance = PHONE, .reg_id = 1,
	                              .expires_s = 60, .cseq = 1 });
	assert_string_equal(kit_targets(k, BOB), "sip:x@192.0.2.5");
	assert_string_equal(kit_targets(k, "ann@example.com"), "sip:x@192.0.2.6");
	assert_string_equal(kit_targets(k, "Bob@example.com"), "");
}

/* OB-72 OB-73 RG-29 */
static void told(const struct binding *b, const char *params)
{
	assert_true(str_eq(b->contact, STR("sip:bob@192.0.2.5;transport=tcp?X=y")));
	assert_true(str_eq(b->contact_params, str_of(params)));
	assert_true(str_eq(b->instance, STR(PHONE)));
	assert_int_equal(b->q, 700);
	assert_int_equal(b->cseq, 4);
	assert_int_equal(b->flow.remote.port, 5070);
	assert_int_equal(b->flow.local.port, 5060);
	assert_true(b->via_flow);
}

static void everything_that_was_registered_is_given_back(void **state)
{
	struct kit *k = *state;
	const char *params = ";q=0.7;+sip.instance=\"<" PHONE ">\";methods=\"INVITE, ACK\";+Foo=\"Bar\"";
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5;transport=tcp?X=y", .params = params, .instance = PHONE, .reg_id = 3,
	                              .path = "<sip:a@edge;lr>, <sip:b@edge2;lr>", .q = 700, .expires_s = 60, .cseq = 4, .udp_port = 5070 });
	told(&k->after[0], params);
	const struct binding *b = &kit_find(k, BOB).instances[0].flows[0];
	told(b, params);
	assert_true(str_eq(b->path, STR("<sip:a@edge;lr>, <sip:b@edge2;lr>")));
	assert_true(str_eq(b->call_id, STR("c1")) && str_eq(b->user_agent, STR("test")));
}

/* RG-27 */
static void expired_binding_is_gone_at_once(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 60, .cseq = 9 });
	k->now_ms += 59999;
	assert_string_equal(kit_targets(k, BOB), "sip:bob@192.0.2.5");
	k->now_ms += 1;
	assert_string_equal(kit_targets(k, BOB), "");
	kit_register(k, (struct reg){ .cseq = 1 });
	assert_int_equal(k->after_count, 0);
	/* and guards no order any more */
	assert_int_equal(kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 60, .cseq = 1 }), LOCATION_DONE);
	assert_int_equal(k->after_count, 1);
}

static void expire_drops_what_is_due_a_bounded_number_at_a_time(void **state)
{
	struct kit *k = *state;
	struct location_counts c;
	for (uint32_t i = 1; i <= 10; i++) {
		struct str aor = arena_printf(&k->arena, "user%u@example.com", (unsigned)i);
		kit_register(k, (struct reg){ .aor = aor.p, .contact = "sip:bob@192.0.2.5", .expires_s = i, .cseq = 1 });
	}
	k->now_ms += 6000;
	assert_int_equal(location_expire(k->loc, k->now_ms, 4), 4);
	assert_int_equal(location_expire(k->loc, k->now_ms, 4), 2);
	assert_int_equal(location_expire(k->loc, k->now_ms, 4), 0);
	location_count(k->loc, &c);
	assert_int_equal(c.bindings, 4);
	assert_int_equal(c.aors, 4);
}

/* RG-28 */
static void too_many_contacts_are_refused_and_the_existing_stay(void **state)
{
	struct location_settings s;
	location_settings_init(&s);
	s.max_contacts = 2;
	s.replace_oldest = false;
	kit_stop(*state);
	struct kit *k = *state;
	kit_start(k, &s, false);
	kit_register(k, (struct reg){ .contact = "sip:1@h", .expires_s = 60, .cseq = 1 });
	kit_register(k, (struct reg){ .contact = "sip:2@h", .expires_s = 60, .cseq = 2 });
	assert_int_equal(kit_register(k, (struct reg){ .contact = "sip:3@h", .expires_s = 60, .cseq = 3 }), LOCATION_FULL);
	assert_string_equal(kit_targets(k, BOB), "sip:2@h|sip:1@h");
	/* A refresh always fits, and so does one that comes for one that goes. */
	assert_int_equal(kit_register(k, (struct reg){ .contact = "sip:1@h", .expires_s = 60, .cseq = 4 }), LOCATION_DONE);
	assert_int_equal(kit_register(k, (struct reg){ .contact = "sip:1@h", .expires_s = 0, .also = "sip:3@h", .also_expires_s = 60,
	                                               .cseq = 5 }), LOCATION_DONE);
	assert_string_equal(kit_after(k), "sip:3@h sip:2@h");
}

static void oldest_phone_without_outbound_makes_room(void **state)
{
	struct location_settings s;
	location_settings_init(&s);
	s.max_contacts = 3;
	kit_stop(*state);
	struct kit *k = *state;
	kit_start(k, &s, false);
	kit_register(k, (struct reg){ .contact = "sip:o@h", .instance = PHONE, .reg_id = 1, .expires_s = 60, .cseq = 1 });
	for (uint32_t i = 2; i <= 4; i++, k->now_ms++) {
		struct str uri = arena_printf(&k->arena, "sip:%u@h", (unsigned)i);
		assert_int_equal(kit_register(k, (struct reg){ .contact = uri.p, .expires_s = 60, .cseq = i }), LOCATION_DONE);
	}
	assert_string_equal(kit_after(k), "sip:4@h sip:3@h sip:o@h");
	/* What cannot be reached goes before what can, even an outbound flow. */
	kit_register(k, (struct reg){ .contact = "sip:o@h", .instance = PHONE, .reg_id = 1, .expires_s = 60, .cseq = 5, .stream = 5 });
	k->dead[5] = true;
	kit_register(k, (struct reg){ .contact = "sip:6@h", .expires_s = 60, .cseq = 6 });
	assert_string_equal(kit_after(k), "sip:6@h sip:4@h sip:3@h");
}

/* OB-88 */
static void flow_that_died_before_the_binding_was_made_is_not_live(void **state)
{
	struct kit *k = *state;
	k->dead[9] = true;
	assert_int_equal(kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .instance = PHONE, .reg_id = 1, .expires_s = 60,
	                                               .cseq = 1, .stream = 9 }), LOCATION_DONE);
	assert_int_equal(k->after_count, 0);
	assert_string_equal(kit_targets(k, BOB), "");
}

static void removing_what_is_not_there_is_done_like_any_change(void **state)
{
	struct kit *k = *state;
	assert_int_equal(kit_register(k, (struct reg){ .contact = "sip:bob@192.0.2.5", .expires_s = 0, .cseq = 1 }), LOCATION_DONE);
	assert_int_equal(kit_register(k, (struct reg){ .star = true, .cseq = 1 }), LOCATION_DONE);
	assert_int_equal(k->after_count, 0);
}

/* RG-11 */
static void aor_with_nul_is_not_cut(void **state)
{
	struct kit *k = *state;
	struct location_ask ask = { .wall_ms = k->now_ms, .arena = &k->arena };
	struct target_set set;
	kit_register(k, (struct reg){ .aor = "null-", .contact = "sip:bob@192.0.2.5", .expires_s = 60, .cseq = 1 });
	ask.aor = STR("null-\0@example.com");
	location_find(k->loc, &ask, &set);
	assert_int_equal(set.instance_count, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(register_lists_every_live_binding_newest_first),
		T(fetch_changes_nothing),
		T(plain_binding_is_found_by_uri_equality),
		T(contact_spelled_the_same_is_preferred_among_equals),
		T(same_call_id_needs_a_higher_cseq),
		T(one_stale_contact_undoes_the_whole_request),
		T(several_contacts_come_and_go_together),
		T(star_needs_another_call_id_or_a_higher_cseq),
		T(outbound_key_is_instance_and_reg_id_and_a_new_flow_replaces_the_old),
		T(flows_of_a_phone_and_plain_bindings_stand_side_by_side),
		T(removal_by_instance_and_reg_id_leaves_the_other_flow),
		T(reg_id_without_instance_means_nothing),
		T(instances_are_compared_as_urns),
		T(same_instance_under_another_aor_is_another_binding),
		T(everything_that_was_registered_is_given_back),
		T(expired_binding_is_gone_at_once),
		T(expire_drops_what_is_due_a_bounded_number_at_a_time),
		T(too_many_contacts_are_refused_and_the_existing_stay),
		T(oldest_phone_without_outbound_makes_room),
		T(flow_that_died_before_the_binding_was_made_is_not_live),
		T(removing_what_is_not_there_is_done_like_any_change),
		T(aor_with_nul_is_not_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
