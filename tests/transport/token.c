/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "../../src/transport/token_keys.h"
#include "../../src/transport/transport_private.h"
#include "../../src/transport/udp_verdicts.h"
#include "encode.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A transport without sockets: keys, one UDP listener of each family, and two slots for streams. */
struct home {
	char dir[64];
	struct transport t;
	struct listener listeners[3];
	struct arena arena;
};

static void home_boot(struct home *h)
{
	struct transport_error why;
	assert_int_equal(token_keys_load(h->dir, &h->t.keys, &why), 0);
	flow_table_init(&h->t.flows, 1, 16);
	h->t.verdicts = udp_verdicts_new();
}

static void home_halt(struct home *h)
{
	flow_table_fini(&h->t.flows);
	udp_verdicts_free(h->t.verdicts);
	token_keys_free(h->t.keys);
}

static struct addr at(const char *text)
{
	struct addr a;
	assert_true(addr_parse(str_of(text), 0, &a));
	return a;
}

static void home_open(struct home *h)
{
	memset(h, 0, sizeof *h);
	strcpy(h->dir, "/tmp/sluice-token-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	h->listeners[0] = (struct listener){ .kind = TRANSPORT_TCP, .bound = at("192.0.2.1:5060") };
	h->listeners[1] = (struct listener){ .kind = TRANSPORT_UDP, .bound = at("192.0.2.1:5060") };
	h->listeners[2] = (struct listener){ .kind = TRANSPORT_UDP, .bound = at("[2001:db8::1]:5060") };
	h->t.listeners = h->listeners;
	h->t.listener_count = 3;
	arena_init(&h->arena, NULL, 0);
	home_boot(h);
}

static void home_close(struct home *h)
{
	char path[128];
	home_halt(h);
	arena_fini(&h->arena);
	snprintf(path, sizeof path, "%s/flow-keys", h->dir);
	unlink(path);
	snprintf(path, sizeof path, "%s/node", h->dir);
	unlink(path);
	assert_int_equal(rmdir(h->dir), 0);
}

static struct flow_token sample(enum transport_kind kind, const char *local, const char *remote, uint64_t serial,
                                enum token_purpose purpose)
{
	return (struct flow_token){ .purpose = purpose, .registration = 0x1122334455667788, .flow = {
		.serial = serial, .kind = (uint8_t)kind, .listener = kind == TRANSPORT_UDP && strchr(local, '[') ? 2 : 1,
		.local = at(local), .remote = at(remote) } };
}

#define CALL STR("a84b4c76e66710@pc33.example.com")

/* OB-43 */
static void every_kind_of_flow_comes_back_from_its_token(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	const struct flow_token tokens[] = {
		sample(TRANSPORT_UDP, "192.0.2.1:5060", "198.51.100.7:40000", 0, TOKEN_PATH),
		sample(TRANSPORT_UDP, "[2001:db8::1]:5060", "[2001:db8::7]:40000", 0, TOKEN_ROUTE),
		sample(TRANSPORT_TCP, "192.0.2.1:5060", "198.51.100.7:40000", 0x0100000700000003, TOKEN_PATH),
		sample(TRANSPORT_TLS, "[2001:db8::1]:5061", "[fe80::7]:40000", 0xffffffffffffffff, TOKEN_ROUTE),
		{ .purpose = TOKEN_ROUTE },
		{ .purpose = TOKEN_PATH, .registration = UINT64_MAX },
	};
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		struct flow_token back;
		struct str text = flow_token_write(&h.t, &tokens[i], CALL, &h.arena);
		assert_int_equal(flow_token_read(&h.t, text, CALL, &back), TOKEN_OK);
		assert_int_equal(back.purpose, tokens[i].purpose);
		assert_int_equal(back.node, token_keys_node(h.t.keys));
		assert_true(back.registration == tokens[i].registration);
		assert_true(back.flow.serial == tokens[i].flow.serial);
		assert_int_equal(back.flow.kind, tokens[i].flow.kind);
		assert_int_equal(back.flow.listener, tokens[i].flow.listener);
		assert_true(addr_eq(&back.flow.local, &tokens[i].flow.local));
		assert_true(addr_eq(&back.flow.remote, &tokens[i].flow.remote));
		assert_int_equal(back.of_this_boot, transport_is_stream(tokens[i].flow.kind));
	}
	home_close(&h);
}

/* OB-43 OB-50 */
static void a_flip_of_any_bit_is_seen(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	struct flow_token token = sample(TRANSPORT_TCP, "192.0.2.1:5060", "198.51.100.7:40000", 0x300000001, TOKEN_PATH), back;
	struct str text = flow_token_write(&h.t, &token, CALL, &h.arena);
	uint8_t bytes[128];
	char forged[200];
	ssize_t n = base64url_read(text, bytes, sizeof bytes);
	assert_true(n > 0);
	for (size_t bit = 0; bit < 8 * (size_t)n; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		struct str changed = { forged, base64url_write(forged, bytes, (size_t)n) };
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* Version and key id (5 bytes) say whose token it is; under another name it is nobody's here. */
		assert_int_equal(flow_token_read(&h.t, changed, CALL, &back), bit < 40 ? TOKEN_UNKNOWN : TOKEN_FORGED);
	}
	home_close(&h);
}

/* OB-43 */
static void a_change_of_any_character_is_seen(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	struct flow_token token = sample(TRANSPORT_UDP, "192.0.2.1:5060", "198.51.100.7:40000", 0, TOKEN_PATH), back;
	struct str text = flow_token_write(&h.t, &token, CALL, &h.arena);
	char changed[200];
	for (size_t i = 0; i < text.n; i++)
		for (unsigned c = 0; c < 256; c++) {
			memcpy(changed, text.p, text.n);
			if (changed[i] == (char)c)
				continue;
			changed[i] = (char)c;
			enum token_result got = flow_token_read(&h.t, (struct str){ changed, text.n }, CALL, &back);
			assert_int_not_equal(got, TOKEN_OK);
			if (i >= 8 && c != '%')
				assert_int_equal(got, TOKEN_FORGED);
		}
	home_close(&h);
}

/* OB-43 */
static void no_truncation_and_no_tail_passes(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	struct flow_token token = sample(TRANSPORT_TLS, "192.0.2.1:5061", "198.51.100.7:40000", 5, TOKEN_PATH), back;
	struct str text = flow_token_write(&h.t, &token, CALL, &h.arena);
	for (size_t n = 0; n < text.n; n++) {
		char *exact = malloc(n + 1);            /* so that reading past the end is seen */
		memcpy(exact, text.p, n);
		assert_int_equal(flow_token_read(&h.t, (struct str){ exact, n }, CALL, &back), n < 8 ? TOKEN_ABSENT : TOKEN_FORGED);
		free(exact);
	}
	char longer[600];
	memset(longer, 'A', sizeof longer);
	memcpy(longer, text.p, text.n);
	for (size_t n = text.n + 1; n <= sizeof longer; n++)
		assert_int_equal(flow_token_read(&h.t, (struct str){ longer, n }, CALL, &back), TOKEN_FORGED);
	home_close(&h);
}

/* OB-45 */
static void a_token_needs_no_escapes_and_is_read_with_them(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	struct flow_token token = sample(TRANSPORT_UDP, "[2001:db8::1]:5060", "[2001:db8::7]:9", 0, TOKEN_ROUTE), back;
	struct str text = flow_token_write(&h.t, &token, CALL, &h.arena);
	char escaped[600];
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		assert_non_null(memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", text.p[i], 64));
		n += (size_t)snprintf(escaped + n, 4, i % 2 ? "%%%02x" : "%%%02X", text.p[i]);
	}
	assert_int_equal(flow_token_read(&h.t, (struct str){ escaped, n }, CALL, &back), TOKEN_OK);
	assert_int_equal(flow_token_read(&h.t, (struct str){ escaped, n - 1 }, CALL, &back), TOKEN_ABSENT);

	char other_case[200];
	memcpy(other_case, text.p, text.n);
	for (size_t i = 10; i < text.n; i++)
		if (other_case[i] >= 'a' && other_case[i] <= 'z') {
			other_case[i] -= 0x20;
			break;
		}
	assert_int_equal(flow_token_read(&h.t, (struct str){ other_case, text.n }, CALL, &back), TOKEN_FORGED);
	home_close(&h);
}

static void a_route_token_serves_one_dialog_and_a_path_token_every_call(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	struct flow_token token = sample(TRANSPORT_TCP, "192.0.2.1:5060", "198.51.100.7:40000", 9, TOKEN_ROUTE), back;
	struct str text = flow_token_write(&h.t, &token, CALL, &h.arena);
	assert_int_equal(flow_token_read(&h.t, text, STR("another@example.com"), &back), TOKEN_FORGED);
	assert_int_equal(flow_token_read(&h.t, text, STR_NONE, &back), TOKEN_FORGED);
	token.purpose = TOKEN_PATH;
	text = flow_token_write(&h.t, &token, CALL, &h.arena);
	assert_int_equal(flow_token_read(&h.t, text, STR("another@example.com"), &back), TOKEN_OK);
	home_close(&h);
}

/* OB-42 */
static void a_stream_is_known_by_its_serial_not_by_its_addresses(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	struct flow_slots slots;
	int object;
	flow_slots_init(&slots, &h.t.flows, 0);
	uint64_t first = flow_slots_open(&slots, &object);
	struct flow_token token = sample(TRANSPORT_TCP, "192.0.2.1:5060", "198.51.100.7:40000", first, TOKEN_PATH), back;
	struct str text = flow_token_write(&h.t, &token, CALL, &h.arena);
	assert_int_equal(flow_token_read(&h.t, text, CALL, &back), TOKEN_OK);
	assert_true(flow_token_alive(&h.t, &back));

	flow_slots_close(&slots, first);
	uint64_t second = flow_slots_open(&slots, &object);     /* the same slot and the same two addresses */
	assert_true(first != second);
	assert_int_equal(flow_token_read(&h.t, text, CALL, &back), TOKEN_OK);
	assert_false(flow_token_alive(&h.t, &back));

	flow_slots_close(&slots, second);
	flow_slots_fini(&slots);
	home_close(&h);
}

/* OB-42 OB-44 */
static void a_token_from_before_a_restart_is_ours_but_its_stream_is_gone(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	struct flow_slots slots;
	int object;
	flow_slots_init(&slots, &h.t.flows, 0);
	struct flow_token stream = sample(TRANSPORT_TCP, "192.0.2.1:5060", "198.51.100.7:40000",
	                                  flow_slots_open(&slots, &object), TOKEN_PATH), back;
	struct flow_token udp = sample(TRANSPORT_UDP, "192.0.2.1:5060", "198.51.100.7:40000", 0, TOKEN_PATH);
	struct str stream_text = flow_token_write(&h.t, &stream, CALL, &h.arena), udp_text = flow_token_write(&h.t, &udp, CALL, &h.arena);
	uint64_t who = token_registration(h.t.keys, STR("alice@example.com"), STR("<urn:uuid:1>"));
	flow_slots_close(&slots, stream.flow.serial);
	flow_slots_fini(&slots);
	home_halt(&h);

	home_boot(&h);
	flow_slots_init(&slots, &h.t.flows, 0);
	assert_true(flow_slots_open(&slots, &object) == stream.flow.serial);    /* serials begin again */
	assert_int_equal(flow_token_read(&h.t, stream_text, CALL, &back), TOKEN_OK);
	assert_false(back.of_this_boot);
	assert_false(flow_token_alive(&h.t, &back));
	assert_int_equal(flow_token_read(&h.t, udp_text, CALL, &back), TOKEN_OK);
	assert_true(flow_token_alive(&h.t, &back));
	assert_true(token_registration(h.t.keys, STR("alice@example.com"), STR("<urn:uuid:1>")) == who);
	flow_slots_close(&slots, stream.flow.serial);
	flow_slots_fini(&slots);
	home_close(&h);
}

/* OB-51 */
static void a_udp_flow_is_fresh_until_it_is_proved_dead_and_again_once_it_is_heard_or_registered(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	struct flow_token phone = sample(TRANSPORT_UDP, "192.0.2.1:5060", "198.51.100.7:40000", 0, TOKEN_PATH), dialog;
	phone.node = transport_node(&h.t);
	dialog = phone;
	dialog.purpose = TOKEN_ROUTE;
	udp_verdict_suspect(h.t.verdicts, &phone.flow, 1);      /* silence is no proof */
	assert_true(flow_token_alive(&h.t, &phone) && flow_token_alive(&h.t, &dialog));
	udp_verdict_dead(h.t.verdicts, &phone.flow, 1);
	assert_false(flow_token_alive(&h.t, &phone) || flow_token_alive(&h.t, &dialog));
	udp_verdict_heard(h.t.verdicts, &phone.flow, 1);        /* who is not registered may talk on; who was must do it again */
	assert_true(flow_token_alive(&h.t, &dialog));
	assert_false(flow_token_alive(&h.t, &phone));
	udp_verdict_clear(h.t.verdicts, &phone.flow);
	assert_true(flow_token_alive(&h.t, &phone) && flow_token_alive(&h.t, &dialog));
	home_close(&h);
}

static void the_listener_of_a_udp_flow_is_found_anew(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	struct flow_token token = sample(TRANSPORT_UDP, "192.0.2.1:5060", "198.51.100.7:40000", 0, TOKEN_PATH), back;
	struct str text = flow_token_write(&h.t, &token, CALL, &h.arena);
	struct listener moved = h.listeners[1];
	h.listeners[1] = h.listeners[0];
	h.listeners[0] = moved;
	assert_int_equal(flow_token_read(&h.t, text, CALL, &back), TOKEN_OK);
	assert_int_equal(back.flow.listener, 0);
	assert_true(flow_token_alive(&h.t, &back));

	h.t.listeners = &h.listeners[1];                        /* nobody listens there any more */
	h.t.listener_count = 2;
	assert_int_equal(flow_token_read(&h.t, text, CALL, &back), TOKEN_OK);
	assert_false(flow_token_alive(&h.t, &back));
	home_close(&h);
}

/* OB-44 */
static void a_token_of_a_key_that_we_do_not_have_is_unknown_not_forged(void **state)
{
	(void)state;
	struct home here, there;
	home_open(&here);
	home_open(&there);
	struct flow_token token = sample(TRANSPORT_UDP, "192.0.2.1:5060", "198.51.100.7:40000", 0, TOKEN_PATH), back;
	struct str text = flow_token_write(&there.t, &token, CALL, &there.arena);
	assert_int_equal(flow_token_read(&here.t, text, CALL, &back), TOKEN_UNKNOWN);
	home_close(&there);
	home_close(&here);
}

static void ordinary_user_parts_are_no_tokens(void **state)
{
	(void)state;
	struct home h;
	home_open(&h);
	struct flow_token back;
	const struct str users[] = { STR_NONE, STR(""), STR("alice"), STR("+15551234567"), STR("%61lice"), STR("%"), STR("%zz%zz%zz%zz"),
		STR("a-name-of-forty-six-or-more-characters-but-with.a.dot"), STR("Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFy") };
	for (size_t i = 0; i < sizeof users / sizeof *users; i++)
		assert_int_equal(flow_token_read(&h.t, users[i], CALL, &back), TOKEN_ABSENT);
	home_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_flow_comes_back_from_its_token),
		cmocka_unit_test(a_flip_of_any_bit_is_seen),
		cmocka_unit_test(a_change_of_any_character_is_seen),
		cmocka_unit_test(no_truncation_and_no_tail_passes),
		cmocka_unit_test(a_token_needs_no_escapes_and_is_read_with_them),
		cmocka_unit_test(a_route_token_serves_one_dialog_and_a_path_token_every_call),
		cmocka_unit_test(a_stream_is_known_by_its_serial_not_by_its_addresses),
		cmocka_unit_test(a_token_from_before_a_restart_is_ours_but_its_stream_is_gone),
		cmocka_unit_test(a_udp_flow_is_fresh_until_it_is_proved_dead_and_again_once_it_is_heard_or_registered),
		cmocka_unit_test(the_listener_of_a_udp_flow_is_found_anew),
		cmocka_unit_test(a_token_of_a_key_that_we_do_not_have_is_unknown_not_forged),
		cmocka_unit_test(ordinary_user_parts_are_no_tokens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
