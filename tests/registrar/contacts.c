/* SPDX-License-Identifier: Apache-2.0 */
/* Expiry, star, q, the order of requests, and what the 200 lists. */
#include "bench.h"
#include <time.h>

#define HERE "<sip:alice@192.0.2.1:5060>"

static void nothing_is_bound(struct bench *b)
{
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_int_equal(CONTACTS(b), 0);
}

static void forget_all(struct bench *b)
{
	assert_int_equal(send_register(b, &(struct reg){ .contact = "*", .rows = "Expires: 0\r\n", .call_id = "forget" }), 200);
}

/* RG-13 */
static void a_star_needs_expires_0_and_to_be_alone(void **state)
{
	static const struct { const char *contact, *rows; unsigned status; } table[] = {
		{ "*", "", 400 }, { "*", "Expires: 3600\r\n", 400 }, { "*", "Expires: none\r\n", 400 },
		{ "*, " HERE, "Expires: 0\r\n", 400 }, { HERE ", *", "Expires: 0\r\n", 400 }, { "*, *", "Expires: 0\r\n", 400 },
		{ "*", "Contact: " HERE "\r\nExpires: 0\r\n", 400 },
		{ "*", "Expires: 0\r\n", 200 },
	};
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE }), 200);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct reg w = { .contact = table[i].contact, .rows = table[i].rows };
		if (send_register(b, &w) != table[i].status)
			fail_msg("%s %s", table[i].contact, table[i].rows);
		assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
		assert_int_equal(CONTACTS(b), table[i].status == 400);
	}
}

/* RG-14 */
static void an_old_star_removes_nothing(void **state)
{
	struct bench *b = *state;
	struct reg star = { .contact = "*", .rows = "Expires: 0\r\n", .call_id = "c", .cseq = 10 };
	assert_int_equal(send_register(b, &star), 200);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE, .call_id = "c", .cseq = 11 }), 200);
	assert_int_equal(send_register(b, &star), 400);
	star.cseq = 11;
	assert_int_equal(send_register(b, &star), 400);
	assert_int_equal(targets(b, "alice@example.com").instance_count, 1);
	star.cseq = 12;
	assert_int_equal(send_register(b, &star), 200);
	nothing_is_bound(b);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE, .call_id = "c", .cseq = 13 }), 200);
	star.call_id = "other";
	star.cseq = 1;
	assert_int_equal(send_register(b, &star), 200);
	nothing_is_bound(b);
}

/* RG-15 RG-16 RG-17 RG-18 */
static void the_time_is_the_contacts_else_the_requests_else_ours(void **state)
{
	static const struct { const char *contact, *rows; unsigned status; const char *row; } table[] = {
		{ HERE ";expires=600", "Expires: 900\r\n", 200, "Contact: " HERE ";expires=600" },
		{ HERE, "Expires: 900\r\n", 200, "Contact: " HERE ";expires=900" },
		{ HERE, "", 200, "Contact: " HERE ";expires=3600" },
		{ HERE ";expires=\"600\"", "", 200, "Contact: " HERE ";expires=3600" },
		{ HERE ";expires", "", 200, "Contact: " HERE ";expires=3600" },
		{ HERE ";EXPIRES=600", "", 200, "Contact: " HERE ";expires=600" },
		{ HERE ";expires=99999", "", 200, "Contact: " HERE ";expires=7200" },
		{ HERE ";expires=4294967295", "", 200, "Contact: " HERE ";expires=7200" },
		{ HERE ";expires=4294967296", "", 200, "Contact: " HERE ";expires=3600" },
		{ HERE ";expires=280297596632815", "Expires: 10\r\n", 200, "Contact: " HERE ";expires=3600" },
		{ HERE, "Expires: 10000000000000000000000000000000000000000000000000000000000000000000000000001\r\n", 200,
		  "Contact: " HERE ";expires=3600" },
		{ HERE ";expires=60", "", 200, "Contact: " HERE ";expires=60" },
		{ HERE ";expires=59", "", 423, "Min-Expires: 60" },
		{ HERE ";expires=5", "Expires: 3600\r\n", 423, "Min-Expires: 60" },
		{ HERE, "Expires: 1\r\n", 423, "Min-Expires: 60" },
		{ HERE ";expires=0", "Expires: 3600\r\n", 200, NULL },
		{ HERE, "Expires: 0\r\n", 200, NULL },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct reg w = { .contact = table[i].contact, .rows = table[i].rows };
		unsigned status = send_register(b, &w);
		if (status != table[i].status || (table[i].row && !has(b, table[i].row)))
			fail_msg("%s %s: %s", table[i].contact, table[i].rows, b->txns.reply.p);
		assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
		assert_int_equal(CONTACTS(b), status == 200 && table[i].row);
		forget_all(b);
	}
}

/* RG-17 */
static void a_long_minimum_calls_no_hour_too_brief(void **state)
{
	struct bench *b = *state;
	struct registrar_settings s;
	registrar_settings_init(&s);
	s.expires_min_s = 5000;
	bench_registrar(b, &s);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE ";expires=3599" }), 423);
	assert_true(has(b, "Min-Expires: 5000"));
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE ";expires=3600" }), 200);
	assert_true(has(b, "Contact: " HERE ";expires=3600"));
}

/* RG-19 */
static void q_is_kept_or_refused(void **state)
{
	static const struct { const char *contact; unsigned status; int q; } table[] = {
		{ HERE ";q=0.123", 200, 123 }, { HERE ";q=1.0", 200, 1000 }, { HERE ";q=0", 200, 0 }, { HERE ";Q=0.5", 200, 500 },
		{ HERE, 200, 1000 }, { HERE ";q=2", 400, 0 }, { HERE ";q=0.1234", 400, 0 }, { HERE ";q=high", 400, 0 }, { HERE ";q", 400, 0 },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		if (send_register(b, &(struct reg){ .contact = table[i].contact }) != table[i].status)
			fail_msg("%s", table[i].contact);
		struct target_set set = targets(b, "alice@example.com");
		assert_int_equal(set.instance_count, table[i].status == 200);
		if (set.instance_count) {
			char row[100];
			snprintf(row, sizeof row, "Contact: %s;expires=3600", table[i].contact);
			assert_true(has(b, row));
			assert_int_equal(set.instances[0].q, table[i].q);
		}
		forget_all(b);
	}
}

/* RG-09 */
static void one_bad_contact_refuses_them_all(void **state)
{
	static const char *const bad[] = {
		"<sip:c@192.0.2.1>;q=2", "<sip:c@192.0.2.1>;expires=5", "<mailto:c@example.com>", "<sip:c@192.0.2.1>;reg-id=0", "*", "<sip:>",
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char contact[200];
		snprintf(contact, sizeof contact, "<sip:a@192.0.2.1>, <sip:b@192.0.2.1>, %s", bad[i]);
		unsigned status = send_register(b, &(struct reg){ .contact = contact });
		assert_int_equal(status, i == 1 ? 423 : 400);
		nothing_is_bound(b);
	}
}

/* RG-23 */
static void a_plain_binding_is_found_by_uri_equality(void **state)
{
	static const struct { const char *contact; unsigned total; } steps[] = {
		{ "<sip:a@h.example>", 1 }, { "<sip:a@h.example;x=1>", 1 }, { "<sip:a@H.example>", 1 }, { "<sip:a@h.example:5060>", 2 },
		{ "<sip:A@h.example>", 3 }, { "<sip:a@h.example;transport=tcp>", 4 }, { "<sip:%61@h.example>", 4 },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		assert_int_equal(send_register(b, &(struct reg){ .contact = steps[i].contact }), 200);
		if (CONTACTS(b) != steps[i].total)
			fail_msg("%s: %s", steps[i].contact, b->txns.reply.p);
	}
}

/* RG-24 */
static void an_older_request_of_the_same_call_changes_nothing(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE ";expires=600", .call_id = "c", .cseq = 10 }), 200);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE ";expires=900", .call_id = "c", .cseq = 10 }), 400);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE ";expires=0", .call_id = "c", .cseq = 9 }), 400);
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_true(has(b, "Contact: " HERE ";expires=600"));
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE ";expires=900", .call_id = "d", .cseq = 1 }), 200);
	assert_true(has(b, "Contact: " HERE ";expires=900"));
}

/* As the C library has it: the last days of February and of years, centuries, and a stride that meets every day of the week. */
static void the_date_is_right_on_any_day(void **state)
{
	static const int64_t days[] = { 0, 58, 59, 364, 365, 789, 790, 11015, 11016, 11017, 11322, 19782, 19783, 47540, 47541, 157112 };
	struct bench *b = *state;
	for (unsigned i = 0; i < COUNT(days) + 400; i++) {
		time_t now = (i < COUNT(days) ? days[i] : 20000 + 37 * (int64_t)i) * 86400 + 86399 - 3661 * (int64_t)(i % 20);
		char line[64];
		struct tm t;
		wall_now = (int64_t)now * 1000 + 999;
		strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &t));
		assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
		if (!has(b, line))
			fail_msg("%s", line);
	}
}

/* RG-25 RG-27 */
static void the_answer_lists_what_is_left_of_every_binding(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE ";expires=600" }), 200);
	assert_true(has(b, "Date: Tue, 14 Nov 2023 22:13:20 GMT"));
	wall_now += 5000;
	assert_int_equal(send_register(b, &(struct reg){ .contact = "<sip:alice@192.0.2.2>;expires=60", .call_id = "2" }), 200);
	assert_int_equal(CONTACTS(b), 2);
	assert_true(has(b, "Contact: " HERE ";expires=595"));
	assert_true(has(b, "Contact: <sip:alice@192.0.2.2>;expires=60"));
	assert_true(has(b, "Date: Tue, 14 Nov 2023 22:13:25 GMT"));
	wall_now += 59999;
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_true(has(b, "Contact: <sip:alice@192.0.2.2>;expires=1"));
	wall_now += 1;
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_int_equal(CONTACTS(b), 1);
	assert_int_equal(targets(b, "alice@example.com").instance_count, 1);
}

/* RG-26 */
static void a_fetch_changes_nothing(void **state)
{
	struct bench *b = *state;
	nothing_is_bound(b);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE }), 200);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(send_register(b, &(struct reg){ .rows = "Expires: 0\r\n" }), 200);
		assert_int_equal(CONTACTS(b), 1);
	}
}

/* RG-28 */
static void a_request_with_too_many_contacts_is_refused(void **state)
{
	struct bench *b = *state;
	struct buf list = { 0 };
	for (int i = 0; i < 33; i++)
		buf_printf(&list, "%s<sip:u%d@192.0.2.1>", i ? ", " : "", i);
	buf_byte(&list, '\0');
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE }), 200);
	assert_int_equal(send_register(b, &(struct reg){ .contact = list.p }), 403);
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_int_equal(CONTACTS(b), 1);
	buf_fini(&list);
}

/* RG-28 */
static void phones_with_outbound_fill_an_address_up_and_the_next_is_refused(void **state)
{
	struct bench *b = *state;
	for (int i = 1; i <= 17; i++) {
		char contact[120];
		snprintf(contact, sizeof contact, "<sip:a@192.0.2.1>;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-%012d>\";reg-id=1", i);
		struct reg w = { .contact = contact, .rows = "Supported: outbound\r\n", .tcp = true };
		assert_int_equal(send_register(b, &w), i <= 16 ? 200 : 403);
	}
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_int_equal(CONTACTS(b), 16);
}

/* RG-29 OB-72 */
static void parameters_come_back_byte_for_byte(void **state)
{
	static const char params[] =
		";+sip.instance=\"<urn:uuid:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6>\";methods=\"INVITE,ACK\";+FoO=\"<Ba\\\"r; x, y>\";Flag"
		";q=0.5;mobility=mobile";
	struct bench *b = *state;
	char contact[400], row[400];
	snprintf(contact, sizeof contact, HERE "%s;expires=600", params);
	snprintf(row, sizeof row, "Contact: " HERE "%s;expires=600", params);
	assert_int_equal(send_register(b, &(struct reg){ .contact = contact }), 200);
	assert_true(has(b, row));
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_true(has(b, row));
}

static void a_doubled_semicolon_is_read_and_never_written(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE ";;expires=600;;x=1;" }), 200);
	assert_true(has(b, "Contact: " HERE ";x=1;expires=600"));
}

/* RG-44 */
static void a_sips_contact_needs_sips_all_the_way(void **state)
{
	static const struct { const char *ruri, *contact, *rows; unsigned status; } table[] = {
		{ "sips:example.com", "<sips:alice@192.0.2.1>", "", 200 },
		{ "sip:example.com", "<sips:alice@192.0.2.1>", "", 400 },
		{ "sips:example.com", "<sips:alice@192.0.2.1>, <sip:alice@192.0.2.1>", "", 400 },
		{ "sips:example.com", "<sips:alice@192.0.2.1>", "Path: <sips:e1;lr>,<sips:e2;lr>\r\nSupported: path\r\n", 200 },
		{ "sips:example.com", "<sips:alice@192.0.2.1>", "Path: <sips:e1;lr>,<sip:e2;lr>\r\nSupported: path\r\n", 400 },
		{ "sips:example.com", "<sip:alice@192.0.2.1>", "", 200 },
		{ "sip:example.com", "<sips:alice@192.0.2.1>;expires=0", "", 200 },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct reg w = { .ruri = table[i].ruri, .contact = table[i].contact, .rows = table[i].rows, .rights = PEER_PATH };
		if (send_register(b, &w) != table[i].status)
			fail_msg("%s %s %s", table[i].ruri, table[i].contact, table[i].rows);
		if (table[i].status == 400)
			nothing_is_bound(b);
		forget_all(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_star_needs_expires_0_and_to_be_alone),
		CASE(an_old_star_removes_nothing),
		CASE(the_time_is_the_contacts_else_the_requests_else_ours),
		CASE(a_long_minimum_calls_no_hour_too_brief),
		CASE(q_is_kept_or_refused),
		CASE(one_bad_contact_refuses_them_all),
		CASE(a_plain_binding_is_found_by_uri_equality),
		CASE(an_older_request_of_the_same_call_changes_nothing),
		CASE(the_date_is_right_on_any_day),
		CASE(the_answer_lists_what_is_left_of_every_binding),
		CASE(a_fetch_changes_nothing),
		CASE(a_request_with_too_many_contacts_is_refused),
		CASE(phones_with_outbound_fill_an_address_up_and_the_next_is_refused),
		CASE(parameters_come_back_byte_for_byte),
		CASE(a_doubled_semicolon_is_read_and_never_written),
		CASE(a_sips_contact_needs_sips_all_the_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
