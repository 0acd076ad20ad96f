/* SPDX-License-Identifier: Apache-2.0 */
/* registrations.c - who is registered on which flow: found again when a flow has died, forgotten in time, never piled up. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "registrations.h"
#include "transport_private.h"
#include "udp_verdicts.h"

enum { ALICE = 100, ALICE_PHONE, ALICE_TABLET, BOB, BOB_PHONE };        /* addresses and phones, as hashes */
#define NOW 1000000

struct node {
	struct transport t;
	struct flow_slots slots;
	int object;
};

static void node_init(struct node *n)
{
	*n = (struct node){ .object = 0 };
	flow_table_init(&n->t.flows, 1, 4096);
	flow_slots_init(&n->slots, &n->t.flows, 0);
	n->t.registrations = registrations_new();
	n->t.verdicts = udp_verdicts_new();
}

static void node_fini(struct node *n)
{
	flow_slots_fini(&n->slots);
	flow_table_fini(&n->t.flows);
	registrations_free(n->t.registrations);
	udp_verdicts_free(n->t.verdicts);
}

static struct flow_ref stream(struct node *n)
{
	struct flow_ref f = { .kind = TRANSPORT_TCP, .serial = flow_slots_open(&n->slots, &n->object) };
	assert_true(f.serial != 0);
	assert_true(addr_parse(STR("192.0.2.1:5060"), 0, &f.local));
	assert_true(addr_parse(STR("192.0.2.7:40000"), 0, &f.remote));
	return f;
}

static struct flow_ref udp(uint16_t port)
{
	struct flow_ref f = { .kind = TRANSPORT_UDP };
	assert_true(addr_parse(STR("192.0.2.1:5060"), 0, &f.local));
	assert_true(addr_parse(STR("192.0.2.7:1"), 0, &f.remote));
	f.remote.port = port;
	return f;
}

static void granted(struct node *n, const struct flow_ref *f, uint64_t phone, uint64_t address, int64_t at_ms, int64_t until_ms)
{
	struct flow_registration r = { .registration = phone, .address = address, .until_ms = until_ms };
	registrations_note(&n->t, f, &r, at_ms);
}

static void sibling_is(struct node *n, uint64_t phone, int64_t now_ms, const struct flow_ref *expected)
{
	struct flow_ref found;
	bool has = transport_sibling(&n->t, phone, now_ms, &found);
	assert_int_equal(has, expected != NULL);
	if (expected)
		assert_true(flow_ref_same(&found, expected));
}

static void a_phone_is_found_on_its_flow_until_its_time_is_over(void **state)
{
	struct node n;
	(void)state;
	node_init(&n);
	struct flow_ref flows[] = { stream(&n), udp(4000) };
	for (unsigned i = 0; i < 2; i++) {
		struct flow_ref *f = &flows[i], other = i ? udp(4001) : stream(&n);
		granted(&n, f, ALICE_PHONE, ALICE, NOW, NOW + 10);
		assert_int_equal(transport_registration_on(&n.t, f, ALICE, NOW + 9), ALICE_PHONE);
		assert_int_equal(transport_registration_on(&n.t, f, BOB, NOW + 9), 0);
		assert_int_equal(transport_registration_on(&n.t, &other, ALICE, NOW + 9), 0);
		assert_true(transport_is_registered_on(&n.t, f, ALICE_PHONE, NOW + 9));
		assert_false(transport_is_registered_on(&n.t, f, ALICE_TABLET, NOW + 9));
		assert_false(transport_is_registered_on(&n.t, &other, ALICE_PHONE, NOW + 9));
		sibling_is(&n, ALICE_PHONE, NOW + 9, f);
		assert_true(transport_registration_known(&n.t, ALICE_PHONE, NOW + 9));
		assert_int_equal(transport_registration_on(&n.t, f, ALICE, NOW + 10), 0);
		assert_false(transport_is_registered_on(&n.t, f, ALICE_PHONE, NOW + 10));
		sibling_is(&n, ALICE_PHONE, NOW + 10, NULL);
		assert_false(transport_registration_known(&n.t, ALICE_PHONE, NOW + 10));
		granted(&n, f, ALICE_PHONE, ALICE, NOW + 9, 0);                 /* taken back */
		assert_false(transport_is_registered_on(&n.t, f, ALICE_PHONE, NOW + 9));
		assert_int_equal(registrations_count(n.t.registrations), 0);
	}
	node_fini(&n);
}

static void two_phones_and_two_addresses_may_share_a_flow(void **state)
{
	struct node n;
	(void)state;
	node_init(&n);
	struct flow_ref f = stream(&n);
	granted(&n, &f, ALICE_PHONE, ALICE, NOW, NOW + 100);
	granted(&n, &f, BOB_PHONE, BOB, NOW, NOW + 100);
	assert_int_equal(transport_registration_on(&n.t, &f, ALICE, NOW), ALICE_PHONE);
	assert_int_equal(transport_registration_on(&n.t, &f, BOB, NOW), BOB_PHONE);
	granted(&n, &f, ALICE_TABLET, ALICE, NOW, NOW + 100);           /* who registered last speaks for the address */
	assert_int_equal(transport_registration_on(&n.t, &f, ALICE, NOW), ALICE_TABLET);
	granted(&n, &f, ALICE_PHONE, ALICE, NOW, NOW + 100);
	assert_int_equal(transport_registration_on(&n.t, &f, ALICE, NOW), ALICE_PHONE);
	assert_true(transport_is_registered_on(&n.t, &f, ALICE_TABLET, NOW));
	node_fini(&n);
}

static void a_sibling_is_not_silent_if_it_can_be_then_the_one_registered_last(void **state)
{
	struct node n;
	(void)state;
	node_init(&n);
	struct flow_ref first = stream(&n), second = stream(&n), third = udp(4000);
	granted(&n, &first, ALICE_PHONE, ALICE, NOW, NOW + 100);
	granted(&n, &second, ALICE_PHONE, ALICE, NOW, NOW + 100);
	granted(&n, &third, ALICE_PHONE, ALICE, NOW, NOW + 100);
	sibling_is(&n, ALICE_PHONE, NOW, &third);
	granted(&n, &first, ALICE_PHONE, ALICE, NOW + 1, NOW + 101);    /* again: now the last */
	sibling_is(&n, ALICE_PHONE, NOW + 1, &first);
	assert_true(flow_table_suspect(&n.t.flows, first.serial));
	sibling_is(&n, ALICE_PHONE, NOW + 1, &third);
	udp_verdict_suspect(n.t.verdicts, &third, NOW);
	sibling_is(&n, ALICE_PHONE, NOW + 1, &second);
	assert_true(flow_table_suspect(&n.t.flows, second.serial));
	sibling_is(&n, ALICE_PHONE, NOW + 1, &first);                   /* all silent: the last again */
	flow_slots_close(&n.slots, first.serial);
	sibling_is(&n, ALICE_PHONE, NOW + 1, &third);
	udp_verdict_dead(n.t.verdicts, &third, NOW);
	sibling_is(&n, ALICE_PHONE, NOW + 1, &second);
	flow_slots_close(&n.slots, second.serial);
	sibling_is(&n, ALICE_PHONE, NOW + 1, NULL);
	assert_true(transport_registration_known(&n.t, ALICE_PHONE, NOW + 1));  /* it may come back */
	node_fini(&n);
}

static void a_phone_that_comes_again_and_again_leaves_nothing_behind(void **state)
{
	struct node n;
	(void)state;
	node_init(&n);
	for (int i = 0; i < 1000; i++) {
		struct flow_ref f = stream(&n);
		granted(&n, &f, ALICE_PHONE, ALICE, NOW + i, NOW + i + 3600000);
		assert_in_range(registrations_count(n.t.registrations), 1, 2);
		sibling_is(&n, ALICE_PHONE, NOW + i, &f);
		flow_slots_close(&n.slots, f.serial);
	}
	node_fini(&n);
}

static void a_dead_flow_keeps_the_phone_known_for_as_long_as_it_was_granted(void **state)
{
	struct node n;
	(void)state;
	node_init(&n);
	struct flow_ref longest = stream(&n), f;
	granted(&n, &longest, ALICE_PHONE, ALICE, NOW, NOW + 5000);
	flow_slots_close(&n.slots, longest.serial);
	for (int i = 0; i < 10; i++) {
		f = stream(&n);
		granted(&n, &f, ALICE_PHONE, ALICE, NOW, NOW + 1000);
		flow_slots_close(&n.slots, f.serial);
		assert_in_range(registrations_count(n.t.registrations), 2, 3);
	}
	assert_true(transport_registration_known(&n.t, ALICE_PHONE, NOW + 4999));
	assert_false(transport_registration_known(&n.t, ALICE_PHONE, NOW + 5000));
	f = stream(&n);
	granted(&n, &f, ALICE_PHONE, ALICE, NOW, NOW + 6000);           /* outlasts it */
	assert_int_equal(registrations_count(n.t.registrations), 1);
	node_fini(&n);
}

static void a_phone_whose_udp_port_wanders_is_bounded_too(void **state)
{
	struct node n;
	struct flow_ref f;
	(void)state;
	node_init(&n);
	for (uint16_t port = 1; port < 1000; port++) {
		f = udp(port);
		granted(&n, &f, ALICE_PHONE, ALICE, NOW, NOW + 3600000);
		assert_true(registrations_count(n.t.registrations) <= REGISTRATIONS_A_PHONE);
	}
	sibling_is(&n, ALICE_PHONE, NOW, &f);
	f = udp(1);                                                     /* the oldest made room */
	assert_false(transport_is_registered_on(&n.t, &f, ALICE_PHONE, NOW));
	f = udp(999 - REGISTRATIONS_A_PHONE + 1);
	assert_true(transport_is_registered_on(&n.t, &f, ALICE_PHONE, NOW));
	node_fini(&n);
}

/* A user who has a new instance-id each time, on a flow of its own or all on one, fills his own share and nobody else's. */
static void one_address_piles_up_nothing(void **state)
{
	struct node n;
	(void)state;
	node_init(&n);
	struct flow_ref bobs = udp(7), one = udp(8);
	granted(&n, &bobs, BOB_PHONE, BOB, NOW, NOW + 100);
	for (uint16_t i = 0; i < 5000; i++) {
		struct flow_ref f = i % 2 ? udp((uint16_t)(1000 + i)) : one;
		granted(&n, &f, 10000 + i, ALICE, NOW, NOW + 100);
		assert_true(registrations_count(n.t.registrations) <= 1 + REGISTRATIONS_AN_ADDRESS);
	}
	assert_int_equal(transport_registration_on(&n.t, &bobs, BOB, NOW), BOB_PHONE);
	granted(&n, &one, 10000, ALICE, NOW, 0);                        /* there is room again */
	granted(&n, &one, ALICE_PHONE, ALICE, NOW, NOW + 100);
	assert_int_equal(transport_registration_on(&n.t, &one, ALICE, NOW), ALICE_PHONE);
	node_fini(&n);
}

struct pinged {
	unsigned count;
	struct flow_ref last;
};

static void ping(void *user, const struct flow_ref *f)
{
	struct pinged *p = user;
	p->count++;
	p->last = *f;
}

static struct pinged sweep(struct node *n, int64_t now_ms)
{
	struct pinged p = { 0 };
	for (unsigned i = 0; i < REGISTRATIONS_SHARDS; i++)
		registrations_sweep(&n->t, i, now_ms, ping, &p);
	return p;
}

static void the_sweep_drops_what_is_over_and_pings_who_is_behind_nat(void **state)
{
	struct node n;
	(void)state;
	node_init(&n);
	struct flow_ref a = stream(&n), b = udp(1), c = udp(2);
	granted(&n, &a, ALICE_PHONE, ALICE, NOW, NOW + 100);
	granted(&n, &b, BOB_PHONE, BOB, NOW, NOW + 200);
	struct flow_registration nat = { .registration = ALICE_TABLET, .address = ALICE, .nat = true, .until_ms = NOW + 300 };
	registrations_note(&n.t, &c, &nat, NOW);
	struct pinged p = sweep(&n, NOW);
	assert_int_equal(p.count, 1);
	assert_true(flow_ref_same(&p.last, &c));
	assert_int_equal(registrations_count(n.t.registrations), 3);
	sweep(&n, NOW + 100);
	assert_int_equal(registrations_count(n.t.registrations), 2);
	udp_verdict_dead(n.t.verdicts, &c, NOW);
	assert_int_equal(sweep(&n, NOW + 200).count, 0);                /* proved dead: it must register first */
	assert_int_equal(registrations_count(n.t.registrations), 1);
	udp_verdict_clear(n.t.verdicts, &c);
	assert_int_equal(sweep(&n, NOW + 299).count, 1);
	for (unsigned i = 0; i < REGISTRATIONS_SHARDS; i++)             /* nat_ping: 0 */
		registrations_sweep(&n.t, i, NOW + 299, NULL, NULL);
	assert_int_equal(registrations_count(n.t.registrations), 1);
	assert_int_equal(sweep(&n, NOW + 300).count, 0);
	assert_int_equal(registrations_count(n.t.registrations), 0);
	node_fini(&n);
}

static void a_phone_behind_nat_is_pinged_where_it_registered_last(void **state)
{
	struct node n;
	struct pinged p = { 0 };
	(void)state;
	node_init(&n);
	for (uint16_t port = 1; port < 10; port++) {
		struct flow_ref f = udp(port);
		struct flow_registration nat = { .registration = ALICE_PHONE, .address = ALICE, .nat = true, .until_ms = NOW + 300 };
		registrations_note(&n.t, &f, &nat, NOW);
		p = sweep(&n, NOW);
		assert_int_equal(p.count, 1);
		assert_int_equal(p.last.remote.port, port);
	}
	for (uint16_t port = 1; port < 10; port++) {    /* without instance-id they may be several phones */
		struct flow_ref f = udp(port);
		struct flow_registration nat = { .registration = BOB, .address = BOB, .nat = true, .until_ms = NOW + 300 };
		registrations_note(&n.t, &f, &nat, NOW);
	}
	p = sweep(&n, NOW);
	assert_int_equal(p.count, 10);
	node_fini(&n);
}

static void many_phones_are_all_found_and_all_forgotten(void **state)
{
	enum { MANY = 20000 };
	struct node n;
	(void)state;
	node_init(&n);
	for (unsigned i = 0; i < MANY; i++) {
		struct flow_ref f = udp((uint16_t)i);
		granted(&n, &f, 1000 + i, 900000 + i, NOW, NOW + 10 + i % 2);
	}
	for (unsigned i = 0; i < MANY; i++) {
		struct flow_ref f = udp((uint16_t)i);
		assert_int_equal(transport_registration_on(&n.t, &f, 900000 + i, NOW), 1000 + i);
	}
	sweep(&n, NOW + 10);
	assert_int_equal(registrations_count(n.t.registrations), MANY / 2);
	sweep(&n, NOW + 11);
	assert_int_equal(registrations_count(n.t.registrations), 0);
	node_fini(&n);
}

/* --- threads: what one worker writes others read, for the sanitizers --- */

struct crew {
	struct node *n;
	unsigned number;
	pthread_t thread;
};

static void *work(void *arg)
{
	struct crew *c = arg;
	for (unsigned i = 0; i < 3000; i++) {
		struct flow_ref f = udp((uint16_t)(1 + i % 50)), found;
		uint64_t phone = 1 + i % 7, address = 50 + phone;
		struct flow_registration r = { .registration = phone, .address = address, .nat = i % 2,
		                               .until_ms = i % 11 ? NOW + 100 : 0 };
		registrations_note(&c->n->t, &f, &r, NOW);
		transport_sibling(&c->n->t, phone, NOW, &found);
		uint64_t on = transport_registration_on(&c->n->t, &f, address, NOW);
		assert_true(on == 0 || on == phone);
		if (i % 13 == c->number)
			udp_verdict_suspect(c->n->t.verdicts, &f, NOW);
		else
			udp_verdict_heard(c->n->t.verdicts, &f, NOW);
	}
	return NULL;
}

static void workers_change_and_ask_at_the_same_time(void **state)
{
	struct node n;
	struct crew crew[4];
	(void)state;
	node_init(&n);
	for (unsigned i = 0; i < 4; i++) {
		crew[i] = (struct crew){ .n = &n, .number = i };
		assert_int_equal(pthread_create(&crew[i].thread, NULL, work, &crew[i]), 0);
	}
	for (unsigned i = 0; i < 20; i++)
		sweep(&n, NOW + i);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(crew[i].thread, NULL);
	sweep(&n, NOW + 100);
	assert_int_equal(registrations_count(n.t.registrations), 0);
	node_fini(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_phone_is_found_on_its_flow_until_its_time_is_over),
		cmocka_unit_test(two_phones_and_two_addresses_may_share_a_flow),
		cmocka_unit_test(a_sibling_is_not_silent_if_it_can_be_then_the_one_registered_last),
		cmocka_unit_test(a_phone_that_comes_again_and_again_leaves_nothing_behind),
		cmocka_unit_test(a_dead_flow_keeps_the_phone_known_for_as_long_as_it_was_granted),
		cmocka_unit_test(a_phone_whose_udp_port_wanders_is_bounded_too),
		cmocka_unit_test(one_address_piles_up_nothing),
		cmocka_unit_test(the_sweep_drops_what_is_over_and_pings_who_is_behind_nat),
		cmocka_unit_test(a_phone_behind_nat_is_pinged_where_it_registered_last),
		cmocka_unit_test(many_phones_are_all_found_and_all_forgotten),
		cmocka_unit_test(workers_change_and_ask_at_the_same_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
