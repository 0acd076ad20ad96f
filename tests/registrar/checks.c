/* SPDX-License-Identifier: Apache-2.0 */
/* Who may register what, and what the answers look like. */
#include "bench.h"

#define HERE "<sip:alice@192.0.2.1:5060>"

/* RG-02 */
static void unknown_options_are_named_and_known_ones_are_not(void **state)
{
	static const struct { const char *rows; unsigned status; const char *row; } table[] = {
		{ "Require: outbound, foo\r\n", 420, "Unsupported: foo" },
		{ "Require: foo, path, bar\r\nRequire: baz\r\n", 420, "Unsupported: foo, bar, baz" },
		{ "Require: Outbound, PATH\r\n", 200, "Supported: path, outbound" },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(send_register(b, &(struct reg){ .contact = HERE, .rows = table[i].rows }), table[i].status);
		assert_true(has(b, table[i].row));
	}
}

/* RG-04 RG-05 RG-06 */
static void a_user_registers_the_own_addresses_only(void **state)
{
	static const struct { const char *to; unsigned status; } table[] = {
		{ "sip:alice@example.com", 200 }, { "sips:alice@example.com", 200 }, { "sip:%61lice@EXAMPLE.com;user=phone", 200 },
		{ "sip:100@example.com", 200 }, { "sip:a.smith@sip.example.com", 200 },
		{ "sip:bob@example.com", 403 },
		{ "sip:nobody@example.com", 404 }, { "sip:Alice@example.com", 404 }, { "sip:alice@other.example", 404 },
		{ "sip:example.com", 404 },
		{ "tel:100", 400 }, { "isbn:2983792873", 400 },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		unsigned status = send_register(b, &(struct reg){ .to = table[i].to, .contact = HERE });
		if (status != table[i].status)
			fail_msg("%s: %u", table[i].to, status);
	}
	assert_int_equal(targets(b, "bob@example.com").instance_count, 0);
}

/* RG-04 */
static void identity_comes_from_the_credentials_and_not_from_from(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .to = "sip:bob@example.com", .user = 1, .contact = HERE }), 200);
	assert_int_equal(targets(b, "bob@example.com").instance_count, 1);      /* From says alice */
}

/* RG-10 RG-12 */
static void all_spellings_of_an_address_are_one_address(void **state)
{
	struct bench *b = *state;
	static const char *const to[] = { "sips:alice@example.com", "sip:%61lice@EXAMPLE.com;user=phone", "sip:100@sip.example.com" };
	for (size_t i = 0; i < COUNT(to); i++) {
		char contact[64];
		snprintf(contact, sizeof contact, "<sip:phone%zu@192.0.2.1:5060>", i);
		assert_int_equal(send_register(b, &(struct reg){ .to = to[i], .contact = contact }), 200);
	}
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_int_equal(CONTACTS(b), 3);
	assert_int_equal(targets(b, "alice@example.com").instance_count, 3);
}

static void anybody_may_register_anything_in_an_open_domain_only(void **state)
{
	struct bench *b = *state;
	struct reg w = { .to = "sip:anybody@example.com", .contact = HERE, .anonymous = true, .domain = &open_domain };
	assert_int_equal(send_register(b, &w), 200);
	assert_int_equal(targets(b, "anybody@example.com").instance_count, 1);
	w.to = "sip:alice@example.com";
	assert_int_equal(send_register(b, &w), 200);
	w.domain = NULL;
	assert_int_equal(send_register(b, &w), 403);
	w.to = "sip:anybody@example.com";
	assert_int_equal(send_register(b, &w), 404);
}

/* RG-08 */
static void record_route_is_ignored(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE, .rows = "Record-Route: <sip:10.0.0.9;lr>\r\n" }), 200);
	assert_int_equal(count(b, "Record-Route"), 0);
	assert_int_equal(targets(b, "alice@example.com").instances[0].flows[0].path.n, 0);
}

/* RG-30 */
static void answers_carry_what_identifies_the_request_and_a_to_tag(void **state)
{
	static const struct { struct reg w; unsigned status; } table[] = {
		{ { .contact = HERE, .call_id = "x@y", .cseq = 77, .second_via = true, .rights = PEER_PATH }, 200 },
		{ { .contact = HERE, .call_id = "x@y", .cseq = 78, .second_via = true, .rows = "Require: foo\r\n" }, 420 },
		{ { .call_id = "x@y", .cseq = 79, .second_via = true }, 200 },
		{ { .contact = HERE ";q=7", .call_id = "x@y", .cseq = 80, .second_via = true }, 400 },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(send_register(b, &table[i].w), table[i].status);
		char via[100], cseq[40];
		snprintf(via, sizeof via, "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%u", b->sent);
		snprintf(cseq, sizeof cseq, "CSeq: %u REGISTER", table[i].w.cseq);
		assert_true(has(b, "To: <sip:alice@example.com>;tag=tag-of-ours"));
		assert_true(has(b, "From: <sip:alice@example.com>;tag=1"));
		assert_true(has(b, "Call-ID: x@y"));
		assert_true(has(b, cseq));
		assert_true(has(b, via));
		assert_true(has(b, "Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKx"));
	}
}

static void errors_and_fetches_make_no_transaction(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE, .rows = "Require: foo\r\n" }), 420);
	assert_int_equal(send_register(b, &(struct reg){ .contact = "*" }), 400);
	assert_int_equal(b->txns.accepted, 0);
	assert_int_equal(b->txns.stateless, 3);
	assert_int_equal(send_register(b, &(struct reg){ .contact = HERE }), 200);
	assert_int_equal(b->txns.accepted, 1);
	assert_int_equal(b->txns.stateless, 3);
}

/* --- RFC 4475 --- */

/* RG-11 */
static void escaped_nuls_do_not_cut_anything(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .anonymous = true, .domain = &open_domain, .text =
		"REGISTER sip:example.com SIP/2.0\r\nTo: sip:null-%00-null@example.com\r\n"
		"From: sip:null-%00-null@example.com;tag=839923423\r\nMax-Forwards: 70\r\n"
		"Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd\r\nCSeq: 14398234 REGISTER\r\n"
		"Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw\r\nContact: <sip:%00@host5.example.com>\r\n"
		"Contact: <sip:%00%00@host5.example.com>\r\nL:0\r\n\r\n" }), 200);
	assert_int_equal(CONTACTS(b), 2);
	assert_true(has(b, "Contact: <sip:%00@host5.example.com>;expires=3600"));
	assert_true(has(b, "Contact: <sip:%00%00@host5.example.com>;expires=3600"));
	assert_int_equal(targets(b, "null-").instance_count, 0);
}

/* RG-20 */
static void a_parameter_belongs_to_the_uri_only_within_brackets(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .contact = "sip:+19725552222@gw1.example.net;unknownparam" }), 200);
	assert_true(has(b, "Contact: <sip:+19725552222@gw1.example.net>;unknownparam;expires=3600"));
	assert_str(targets(b, "alice@example.com").instances[0].flows[0].contact, "sip:+19725552222@gw1.example.net");
	assert_int_equal(send_register(b, &(struct reg){ .contact = "*", .rows = "Expires: 0\r\n" }), 200);
	assert_int_equal(send_register(b, &(struct reg){ .contact = "<sip:+19725552222@gw1.example.net;unknownparam>" }), 200);
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_true(has(b, "Contact: <sip:+19725552222@gw1.example.net;unknownparam>;expires=3600"));
}

/* RG-21 RG-22 */
static void headers_in_a_contact_need_brackets_and_are_kept(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .contact = "sip:user@example.com?Route=%3Csip:sip.example.com%3E" }), 400);
	assert_int_equal(send_register(b, &(struct reg){ .contact = "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>" }), 200);
	assert_int_equal(send_register(b, &(struct reg){ 0 }), 200);
	assert_int_equal(CONTACTS(b), 1);
	assert_true(has(b, "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>;expires=3600"));
}

/* RG-06 */
static void unknown_schemes_in_to_and_contact_are_refused(void **state)
{
	struct bench *b = *state;
	assert_int_equal(send_register(b, &(struct reg){ .text =
		"REGISTER sip:example.com SIP/2.0\r\nTo: isbn:2983792873\r\nFrom: <http://www.example.com>;tag=3234233\r\n"
		"Call-ID: unksm2.daksdj@hyphenated-host.example.com\r\nCSeq: 234902 REGISTER\r\nMax-Forwards: 70\r\n"
		"Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKpqr\r\nContact: <name:John_Smith>\r\nl: 0\r\n\r\n" }), 400);
	assert_int_equal(send_register(b, &(struct reg){ .contact = "<mailto:alice@example.com>" }), 400);
	assert_int_equal(targets(b, "alice@example.com").instance_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(unknown_options_are_named_and_known_ones_are_not),
		CASE(a_user_registers_the_own_addresses_only),
		CASE(identity_comes_from_the_credentials_and_not_from_from),
		CASE(all_spellings_of_an_address_are_one_address),
		CASE(anybody_may_register_anything_in_an_open_domain_only),
		CASE(record_route_is_ignored),
		CASE(answers_carry_what_identifies_the_request_and_a_to_tag),
		CASE(errors_and_fetches_make_no_transaction),
		CASE(escaped_nuls_do_not_cut_anything),
		CASE(a_parameter_belongs_to_the_uri_only_within_brackets),
		CASE(headers_in_a_contact_need_brackets_and_are_kept),
		CASE(unknown_schemes_in_to_and_contact_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
