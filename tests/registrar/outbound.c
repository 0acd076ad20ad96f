/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5626 §6 and RFC 3327 §5.3: who is the first hop, what a flow is bound to, what the phone is told. */
#include "bench.h"

#define UUID "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
#define HERE "<sip:alice@192.0.2.1:5060>"
#define INSTANCE ";+sip.instance=\"<urn:uuid:" UUID ">\""
#define OUTBOUND "Supported: path, outbound\r\n"
#define AOR "alice@example.com"

/* OB-68 OB-66 */
static void outbound_is_required_when_it_was_used_and_the_phone_knows_it(void **state)
{
	struct bench *b = *state;
	for (int i = 0; i < 8; i++) {
		bool instance = i & 1, reg_id = i & 2, supported = i & 4, used = instance && reg_id;
		char contact[200];
		snprintf(contact, sizeof contact, "<sip:p%d@192.0.2.1:5060>%s%s", i, instance ? INSTANCE : "", reg_id ? ";reg-id=1" : "");
		struct reg w = { .contact = contact, .rows = supported ? OUTBOUND : "", .call_id = contact + 5 };
		w.call_id = "any";
		assert_int_equal(send_register(b, &w), 200);
		assert_int_equal(has(b, "Require: outbound"), used && supported);
		assert_int_equal(has(b, "Flow-Timer: 120"), used && supported);
		struct target_set set = targets(b, AOR);
		uint32_t kept = 0;
		for (unsigned k = 0; k < set.instance_count; k++)
			for (unsigned f = 0; f < set.instances[k].flow_count; f++)
				kept |= set.instances[k].flows[f].reg_id;
		assert_int_equal(kept, used ? 1 : 0);
		assert_int_equal(send_register(b, &(struct reg){ .contact = "*", .rows = "Expires: 0\r\n", .call_id = "z" }), 200);
	}
}

/* OB-63 OB-64 OB-65 */
static void the_first_hop_is_told_by_via_and_by_the_last_path_value(void **state)
{
	static const struct { bool second_via; const char *path; bool supported; unsigned status; bool used; } table[] = {
		{ false, "", true, 200, true },
		{ true, "", true, 439, false },
		{ true, "", false, 200, false },
		{ true, "Path: <sip:tok@edge.example;lr;ob>\r\n", true, 200, true },
		{ true, "Path: <sip:tok@edge.example;lr;ob>\r\n", false, 200, true },
		{ true, "Path: <sip:tok@edge.example;lr>\r\n", true, 439, false },
		{ true, "Path: <sip:tok@edge.example;lr>\r\n", false, 200, false },
		{ true, "Path: <sip:p2.example;lr>, <sip:tok@edge.example;lr;ob>\r\n", true, 200, true },
		{ true, "Path: <sip:p2.example;lr>\r\nPath: <sip:tok@edge.example;lr;ob>\r\n", true, 200, true },
		{ true, "Path: <sip:tok@p2.example;lr;ob>, <sip:edge.example;lr>\r\n", true, 439, false },
		{ true, "Path: <sip:tok@p2.example;lr;ob>\r\nPath: <sip:edge.example;lr>\r\n", false, 200, false },
		{ true, "Path: <sip:tok@edge.example;lr>;ob\r\n", true, 439, false },
		{ false, "Path: <sip:tok@edge.example;lr>\r\n", true, 439, false },
	};
	struct bench *b = *state;
	struct registrar_settings s;
	registrar_settings_init(&s);
	s.path_without_supported = true;
	bench_registrar(b, &s);
	for (size_t i = 0; i < COUNT(table); i++) {
		char rows[300];
		snprintf(rows, sizeof rows, "%s%s", table[i].path, table[i].supported ? OUTBOUND : "");
		struct reg w = { .contact = HERE INSTANCE ";reg-id=1", .rows = rows, .second_via = table[i].second_via, .rights = PEER_PATH };
		unsigned status = send_register(b, &w);
		if (status != table[i].status)
			fail_msg("row %zu: %u", i, status);
		assert_int_equal(has(b, "Require: outbound"), table[i].used && table[i].supported);
		struct target_set set = targets(b, AOR);
		assert_int_equal(set.instance_count, status == 200);
		if (status == 200)
			assert_int_equal(set.instances[0].flows[0].reg_id, table[i].used ? 1 : 0);
		else
			assert_string_equal(strstr(b->txns.reply.p, "SIP/2.0 439"), b->txns.reply.p);
		assert_int_equal(send_register(b, &(struct reg){ .contact = "*", .rows = "Expires: 0\r\n", .call_id = "z" }), 200);
	}
}

/* OB-65 */
static void an_ignored_reg_id_leaves_a_binding_keyed_by_its_uri(void **state)
{
	struct bench *b = *state;
	struct reg w = { .contact = "<sip:a@192.0.2.1>" INSTANCE ";reg-id=1", .second_via = true };
	assert_int_equal(send_register(b, &w), 200);
	w.contact = "<sip:b@192.0.2.1>" INSTANCE ";reg-id=1";
	assert_int_equal(send_register(b, &w), 200);
	assert_int_equal(CONTACTS(b), 2);
	w.contact = "<sip:b@192.0.2.1>" INSTANCE ";reg-id=2";
	assert_int_equal(send_register(b, &w), 200);
	assert_int_equal(CONTACTS(b), 2);
}

/* OB-60 */
static void flow_timer_comes_from_the_last_hop_before_the_phone_only(void **state)
{
	struct bench *b = *state;
	struct reg w = { .contact = HERE INSTANCE ";reg-id=1", .rows = OUTBOUND "Path: <sip:t@e;lr;ob>\r\n", .second_via = true,
	                 .rights = PEER_PATH };
	assert_int_equal(send_register(b, &w), 200);
	assert_true(has(b, "Require: outbound"));
	assert_int_equal(count(b, "Flow-Timer"), 0);
	assert_int_equal(b->worker.told, 0);            /* the flow is the edge's */
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=2", .rows = OUTBOUND, .tcp = true }), 200);
	assert_true(has(b, "Flow-Timer: 120"));
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=2;expires=0", .rows = OUTBOUND }), 200);
	assert_true(has(b, "Require: outbound"));
	assert_int_equal(count(b, "Flow-Timer"), 0);
	struct registrar_settings s;
	registrar_settings_init(&s);
	s.flow_timer_s = 0;
	bench_registrar(b, &s);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=2", .rows = OUTBOUND, .tcp = true }), 200);
	assert_int_equal(count(b, "Flow-Timer"), 0);
}

static void the_transport_hears_of_every_flow_that_was_granted(void **state)
{
	struct bench *b = *state;
	int64_t now = loop_now_ms(b->loop);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=1;expires=600", .rows = OUTBOUND,
	                                                 .tcp = true, .serial = 42 }), 200);
	assert_int_equal(b->worker.told, 1);
	assert_int_equal(b->worker.flow.serial, 42);
	assert_true(b->worker.outbound);
	assert_in_range(b->worker.until_ms, (uintmax_t)now + 600000, (uintmax_t)now + 660000);
	assert_int_equal(send_register(b, &(struct reg){ .contact = "<sip:b@192.0.2.1>", .tcp = true, .serial = 43 }), 200);
	assert_int_equal(b->worker.told, 2);
	assert_false(b->worker.outbound);
	assert_int_equal(send_register(b, &(struct reg){ .contact = "<sip:b@192.0.2.1>;expires=0", .tcp = true }), 200);
	assert_int_equal(b->worker.told, 3);
	assert_int_equal(b->worker.until_ms, 0);
	assert_int_equal(send_register(b, &(struct reg){ .tcp = true }), 200);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE ";q=2", .tcp = true }), 400);
	assert_int_equal(b->worker.told, 3);
}

static void a_phone_that_moves_is_still_on_its_flow(void **state)
{
	static const char *const moves[] = {
		"<sip:old@192.0.2.1>;expires=0, <sip:new@192.0.2.1>;expires=600",
		"<sip:new@192.0.2.1>;expires=600, <sip:old@192.0.2.1>;expires=0",
		"<sip:new@192.0.2.1>" INSTANCE ";expires=600, <sip:old@192.0.2.1>" INSTANCE ";expires=0",
		"<sip:old@192.0.2.1>;expires=900",
		"<sip:new@192.0.2.1>;expires=0",
	};
	struct bench *b = *state;
	for (unsigned i = 0; i < COUNT(moves); i++) {
		assert_int_equal(send_register(b, &(struct reg){ .contact = moves[i] }), 200);
		assert_true(b->worker.until_ms > 0);
	}
	assert_int_equal(send_register(b, &(struct reg){ .contact = "<sip:old@192.0.2.1>;expires=0" }), 200);
	assert_int_equal(b->worker.until_ms, 0);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE }), 200);
	assert_true(b->worker.until_ms > 0);
	assert_int_equal(send_register(b, &(struct reg){ .contact = "*", .rows = "Expires: 0\r\n" }), 200);
	assert_int_equal(b->worker.until_ms, 0);
}

/* OB-08 */
static void a_reg_id_out_of_range_binds_nothing(void **state)
{
	static const char *const bad[] = { "0", "2147483648", "4294967297", "-1", "x", "" };
	struct bench *b = *state;
	char contact[200];
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(contact, sizeof contact, HERE INSTANCE ";reg-id=%s", bad[i]);
		assert_int_equal(send_register(b, &(struct reg){ .contact = contact, .rows = OUTBOUND }), 400);
	}
	assert_int_equal(targets(b, AOR).instance_count, 0);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=2147483647", .rows = OUTBOUND }), 200);
}

/* OB-67 */
static void one_request_binds_one_flow(void **state)
{
	static const struct { const char *contact; unsigned status; } table[] = {
		{ HERE INSTANCE ";reg-id=1, <sip:b@192.0.2.1>", 400 },
		{ "<sip:b@192.0.2.1>, " HERE INSTANCE ";reg-id=1", 400 },
		{ HERE INSTANCE ";reg-id=1, <sip:b@192.0.2.1>" INSTANCE ";reg-id=2", 400 },
		{ HERE INSTANCE ";reg-id=1, <sip:b@192.0.2.1>" INSTANCE ";reg-id=2;expires=0", 200 },
		{ HERE INSTANCE ";reg-id=1, <sip:b@192.0.2.1>;expires=0", 200 },
		{ HERE ", <sip:b@192.0.2.1>", 200 },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		if (send_register(b, &(struct reg){ .contact = table[i].contact, .rows = OUTBOUND }) != table[i].status)
			fail_msg("%s", table[i].contact);
		if (table[i].status == 400)
			assert_int_equal(targets(b, AOR).instance_count, 0);
	}
}

/* OB-69 OB-74 OB-73 */
static void the_same_instance_and_reg_id_is_the_same_binding_over_a_new_flow(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .contact = "<sip:a@192.0.2.1>" INSTANCE ";reg-id=1", .rows = OUTBOUND,
	                                                 .tcp = true, .serial = 7 }), 200);
	wall_now += 1000;
	assert_int_equal(send_register(b, &(struct reg){ .contact = "<sip:b@192.0.2.9>" INSTANCE ";reg-id=1", .rows = OUTBOUND,
	                                                 .tcp = true, .serial = 8, .from = "192.0.2.9:4444", .call_id = "new", .cseq = 1 }), 200);
	assert_int_equal(CONTACTS(b), 1);
	struct target_set set = targets(b, AOR);
	assert_int_equal(set.instance_count, 1);
	assert_int_equal(set.instances[0].flow_count, 1);
	const struct binding *flow = &set.instances[0].flows[0];
	assert_str(flow->contact, "sip:b@192.0.2.9");
	assert_int_equal(flow->flow.serial, 8);
	assert_int_equal(flow->flow.remote.port, 4444);
	assert_int_equal(flow->updated_wall_ms, wall_now);
	assert_true(flow->via_flow);
}

/* OB-73 */
static void a_udp_flow_is_both_addresses(void **state)
{
	struct bench *b = *state;
	char text[ADDR_TEXT];
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=1", .rows = OUTBOUND, .from = "192.0.2.9:4444" }), 200);
	const struct flow_ref flow = targets(b, AOR).instances[0].flows[0].flow;
	assert_int_equal(flow.kind, TRANSPORT_UDP);
	assert_string_equal(addr_text(&flow.remote, text), "192.0.2.9:4444");
	assert_string_equal(addr_text(&flow.local, text), "192.0.2.100:5060");
}

/* OB-70 OB-71 OB-78 */
static void flows_and_plain_bindings_stand_side_by_side(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=1", .rows = OUTBOUND, .call_id = "1" }), 200);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=2", .rows = OUTBOUND, .call_id = "2", .tcp = true }), 200);
	assert_int_equal(send_register(b, &(struct reg){ .contact = "<sip:desk@192.0.2.7>;q=0.1", .call_id = "3" }), 200);
	assert_int_equal(CONTACTS(b), 3);
	assert_true(has(b, "Contact: " HERE INSTANCE ";reg-id=1;expires=3600"));
	assert_true(has(b, "Contact: " HERE INSTANCE ";reg-id=2;expires=3600"));
	assert_int_equal(count(b, "Require"), 0);
	struct target_set set = targets(b, AOR);
	assert_int_equal(set.instance_count, 2);
	assert_int_equal(set.instances[0].flow_count, 2);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=1;expires=0", .rows = OUTBOUND, .call_id = "1" }), 200);
	assert_int_equal(CONTACTS(b), 2);
	assert_true(has(b, "Contact: " HERE INSTANCE ";reg-id=2;expires=3600"));
}

/* OB-75 */
static void instance_ids_compare_as_urns(void **state)
{
	static const struct { const char *instance; unsigned total; } steps[] = {
		{ "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", 1 }, { "URN:UUID:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", 1 },
		{ "urn:example:Phone%2fA", 2 }, { "URN:Example:Phone%2FA", 2 }, { "urn:example:phone%2fA", 3 },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		char contact[200];
		snprintf(contact, sizeof contact, HERE ";+sip.instance=\"<%s>\";reg-id=1", steps[i].instance);
		assert_int_equal(send_register(b, &(struct reg){ .contact = contact, .rows = OUTBOUND }), 200);
		if (CONTACTS(b) != steps[i].total)
			fail_msg("%s: %s", steps[i].instance, b->txns.reply.p);
	}
}

/* OB-76 */
static void an_instance_is_looked_up_within_its_address_only(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=1", .rows = OUTBOUND }), 200);
	assert_int_equal(send_register(b, &(struct reg){ .to = "sip:bob@example.com", .user = 1, .rows = OUTBOUND,
	                                                 .contact = "<sip:bob@192.0.2.1>" INSTANCE ";reg-id=1" }), 200);
	assert_int_equal(CONTACTS(b), 1);
	assert_str(targets(b, AOR).instances[0].flows[0].contact, "sip:alice@192.0.2.1:5060");
	assert_str(targets(b, "bob@example.com").instances[0].flows[0].contact, "sip:bob@192.0.2.1");
}

/* --- Path --- */

/* RG-32 OB-62 OB-77 */
static void path_is_kept_in_order_and_answered_for_this_request_alone(void **state)
{
	struct bench *b = *state;
	struct reg w = { .contact = HERE INSTANCE ";reg-id=1", .second_via = true, .rights = PEER_PATH, .call_id = "1",
	                 .rows = OUTBOUND "Path: <sip:P3.example;lr>,  <sip:p2.example;lr;x=\"a,b\">\r\nPath: <sip:tok@edge1.example;lr;ob>\r\n" };
	assert_int_equal(send_register(b, &w), 400);    /* a URI parameter is never quoted */
	w.rows = OUTBOUND "Path: <sip:P3.example;lr>,  \"p, 2\" <sip:p2.example;lr>;x=\"a,b\"\r\nPath: <sip:tok@edge1.example;lr;ob>\r\n";
	assert_int_equal(send_register(b, &w), 200);
	static const char joined[] = "<sip:P3.example;lr>, \"p, 2\" <sip:p2.example;lr>;x=\"a,b\", <sip:tok@edge1.example;lr;ob>";
	char row[200];
	snprintf(row, sizeof row, "Path: %s", joined);
	assert_true(has(b, row));
	const struct binding flow = targets(b, AOR).instances[0].flows[0];
	assert_str(flow.path, joined);
	assert_true(flow_ref_none(&flow.flow));
	assert_false(flow.via_flow);
	w.contact = HERE INSTANCE ";reg-id=2";
	w.rows = OUTBOUND "Path: <sip:tok@edge2.example;lr;ob>\r\n";
	w.call_id = "2";
	assert_int_equal(send_register(b, &w), 200);
	assert_int_equal(CONTACTS(b), 2);
	assert_int_equal(count(b, "\r\nPath:"), 1);
	assert_true(has(b, "Path: <sip:tok@edge2.example;lr;ob>"));
}

/* RG-33 */
static void a_path_that_the_phone_does_not_know_is_refused_unless_wanted(void **state)
{
	struct bench *b = *state;
	struct reg w = { .contact = HERE, .second_via = true, .rights = PEER_PATH, .rows = "Path: <sip:edge.example;lr>\r\n" };
	assert_int_equal(send_register(b, &w), 420);
	assert_true(has(b, "Unsupported: path"));
	assert_int_equal(targets(b, AOR).instance_count, 0);
	struct registrar_settings s;
	registrar_settings_init(&s);
	s.path_without_supported = true;
	bench_registrar(b, &s);
	assert_int_equal(send_register(b, &w), 200);
	assert_true(has(b, "Path: <sip:edge.example;lr>"));
}

static void a_path_from_a_stranger_is_refused(void **state)
{
	struct bench *b = *state;
	struct reg w = { .contact = HERE, .rows = OUTBOUND "Path: <sip:eve.example;lr;ob>\r\n", .rights = PEER_INBOUND | PEER_RELAY };
	assert_int_equal(send_register(b, &w), 403);
	w.second_via = true;
	assert_int_equal(send_register(b, &w), 403);
	assert_int_equal(targets(b, AOR).instance_count, 0);
}

static void a_path_that_is_no_route_is_refused(void **state)
{
	static const char *const bad[] = { "<mailto:a@b>", "sip:", "*", "<sip:a;lr>, ", "tel:112" };
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char rows[200];
		snprintf(rows, sizeof rows, OUTBOUND "Path: %s\r\n", bad[i]);
		if (send_register(b, &(struct reg){ .contact = HERE, .rows = rows, .second_via = true, .rights = PEER_PATH }) != 400)
			fail_msg("%s", bad[i]);
	}
}

/* RG-35 */
static void a_refresh_replaces_the_path_also_by_none(void **state)
{
	struct bench *b = *state;
	struct reg w = { .contact = HERE, .second_via = true, .rights = PEER_PATH, .rows = OUTBOUND "Path: <sip:edge.example;lr>\r\n" };
	assert_int_equal(send_register(b, &w), 200);
	assert_str(targets(b, AOR).instances[0].flows[0].path, "<sip:edge.example;lr>");
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE }), 200);
	assert_int_equal(count(b, "\r\nPath:"), 0);
	assert_int_equal(targets(b, AOR).instances[0].flows[0].path.n, 0);
}

/* --- phones without outbound --- */

static void a_direct_binding_is_reached_over_its_flow_unless_its_contact_is_the_source(void **state)
{
	static const struct { const char *contact, *from; bool tcp, second_via, flow, via_flow; } table[] = {
		{ "<sip:a@192.0.2.1:5060>", "192.0.2.1:5060", false, false, true, false },
		{ "<sip:a@192.0.2.1>", "192.0.2.1:5060", false, false, true, false },
		{ "<sip:a@192.0.2.1;transport=UDP>", "192.0.2.1:5060", false, false, true, false },
		{ "<sip:a@[2001:db8:0::1]:5070>", "[2001:db8::1]:5070", false, false, true, false },
		{ "<sip:a@192.0.2.1:5060>", "192.0.2.1:40000", false, false, true, true },
		{ "<sip:a@10.0.0.1:5060>", "192.0.2.1:5060", false, false, true, true },
		{ "<sip:a@phone.example>", "192.0.2.1:5060", false, false, true, true },
		{ "<sip:a@192.0.2.1;maddr=10.0.0.1>", "192.0.2.1:5060", false, false, true, true },
		{ "<sip:a@192.0.2.1;transport=tcp>", "192.0.2.1:5060", false, false, true, true },
		{ "<sip:a@192.0.2.1>, <sip:a@10.0.0.1>", "192.0.2.1:5060", false, false, true, true },
		{ "<sip:a@192.0.2.1:5060>", "192.0.2.1:5060", true, false, true, true },
		{ "<sip:a@192.0.2.1:5060>", "192.0.2.1:40000", false, true, false, false },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct reg w = { .contact = table[i].contact, .from = table[i].from, .tcp = table[i].tcp, .second_via = table[i].second_via };
		assert_int_equal(send_register(b, &w), 200);
		const struct binding flow = targets(b, AOR).instances[0].flows[0];
		if (flow.via_flow != table[i].via_flow || flow_ref_none(&flow.flow) == table[i].flow)
			fail_msg("%s from %s", table[i].contact, table[i].from);
		assert_int_equal(send_register(b, &(struct reg){ .contact = "*", .rows = "Expires: 0\r\n", .call_id = "z" }), 200);
	}
}

static void a_flow_that_died_on_the_way_is_not_bound_as_live(void **state)
{
	struct bench *b = *state;
	b->dead_serial = 7;
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE INSTANCE ";reg-id=1", .rows = OUTBOUND, .tcp = true }), 200);
	assert_int_equal(CONTACTS(b), 0);
	assert_int_equal(targets(b, AOR).instance_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(outbound_is_required_when_it_was_used_and_the_phone_knows_it),
		CASE(the_first_hop_is_told_by_via_and_by_the_last_path_value),
		CASE(an_ignored_reg_id_leaves_a_binding_keyed_by_its_uri),
		CASE(flow_timer_comes_from_the_last_hop_before_the_phone_only),
		CASE(the_transport_hears_of_every_flow_that_was_granted),
		CASE(a_phone_that_moves_is_still_on_its_flow),
		CASE(a_reg_id_out_of_range_binds_nothing),
		CASE(one_request_binds_one_flow),
		CASE(the_same_instance_and_reg_id_is_the_same_binding_over_a_new_flow),
		CASE(a_udp_flow_is_both_addresses),
		CASE(flows_and_plain_bindings_stand_side_by_side),
		CASE(instance_ids_compare_as_urns),
		CASE(an_instance_is_looked_up_within_its_address_only),
		CASE(path_is_kept_in_order_and_answered_for_this_request_alone),
		CASE(a_path_that_the_phone_does_not_know_is_refused_unless_wanted),
		CASE(a_path_from_a_stranger_is_refused),
		CASE(a_path_that_is_no_route_is_refused),
		CASE(a_refresh_replaces_the_path_also_by_none),
		CASE(a_direct_binding_is_reached_over_its_flow_unless_its_contact_is_the_source),
		CASE(a_flow_that_died_on_the_way_is_not_bound_as_live),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
