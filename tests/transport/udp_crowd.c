/* SPDX-License-Identifier: Apache-2.0 */
/* A worker without sockets, whose handling of a message takes as long as the test says (--wrap=clock_us). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "clock.h"
#include "transport_private.h"
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define EACH      8                     /* as in udp_crowd.c */
#define QUEUE_MAX 4096
#define HANDLE_US 40                    /* three of these are a share */
#define NOW       1000

static int64_t now_us;
int64_t __wrap_clock_us(void);
int64_t __wrap_clock_us(void)
{
	return now_us;
}

struct fixture {
	struct transport transport;
	struct transport_worker worker, other;
	unsigned owner, handled;
	int last;                       /* number of the message that was handled last */
};

static unsigned owner(void *user, struct str text, const struct flow_ref *from)
{
	(void)text, (void)from;
	return ((struct fixture *)user)->owner;
}

static void message(void *user, struct packet *p)
{
	struct fixture *f = user;
	char text[512];
	snprintf(text, sizeof text, "%.*s", STR_FMT(p->text));
	const char *number = strstr(text, "X-Number: ");
	f->last = number ? atoi(number + 10) : -1;
	f->handled++;
	now_us += HANDLE_US;
	packet_free(p);
}

static void attach(struct fixture *f, struct transport_worker *w, unsigned index)
{
	*w = (struct transport_worker){ .t = &f->transport, .index = index, .user = f, .events = { .owner = owner, .message = message } };
	assert_int_equal(loop_new(&w->loop), 0);
	w->crowd = udp_crowd_new();
	f->transport.workers[index] = w;
}

static int set_up(void **state)
{
	struct fixture *f = mem_zalloc(sizeof *f);
	f->transport.set.workers = 2;
	attach(f, &f->worker, 0);
	attach(f, &f->other, 1);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	loop_timer_stop(f->worker.loop, &f->worker.flush_timer);
	loop_run_posted(f->other.loop);
	udp_crowd_free(f->worker.crowd);
	udp_crowd_free(f->other.crowd);
	loop_free(f->worker.loop);
	loop_free(f->other.loop);
	mem_free(f);
	return 0;
}

/* A request of this address with this Call-ID. */
static enum crowd_place place(struct fixture *f, unsigned address, unsigned call, int number)
{
	char text[256];
	struct flow_ref from = { .kind = TRANSPORT_UDP };
	from.remote = (struct addr){ .family = AF_INET, .port = 5060, .ip = { 10, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address } };
	snprintf(text, sizeof text, "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nCall-ID: call-%u\r\nX-Number: %d\r\n\r\n", call, number);
	return udp_crowd_place(f->worker.crowd, str_of(text), &from, loop_now_ms(f->worker.loop));
}

/* A hundred others, one datagram each: by chance one may share a bucket with a flood. */
static void others_pass(struct fixture *f)
{
	unsigned passed = 0;
	for (unsigned i = 0; i < 100; i++)
		passed += place(f, 10000 + i, 100000 + i, 0) == CROWD_PASS;
	assert_in_range(passed, 95, 100);
}

static void crowd(struct fixture *f)
{
	udp_crowd_begin(f->worker.crowd, loop_now_ms(f->worker.loop));
}

static void nothing_is_held_back_while_the_worker_keeps_up(void **state)
{
	for (int i = 0; i < 1000; i++)
		assert_int_equal(place(*state, 1, 1, i), CROWD_PASS);
}

static void an_address_has_a_few_datagrams_a_turn(void **state)
{
	struct fixture *f = *state;
	crowd(f);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(place(f, 1, i, 0), i < EACH ? CROWD_PASS : CROWD_QUEUED);
	others_pass(f);
}

static void a_call_id_has_a_few_datagrams_a_turn_from_wherever_they_come(void **state)
{
	struct fixture *f = *state;
	crowd(f);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(place(f, i, 7, 0), i < EACH ? CROWD_PASS : CROWD_QUEUED);
	others_pass(f);
}

static void what_is_no_sip_shares_one_part(void **state)
{
	struct fixture *f = *state;
	struct flow_ref from = { .remote = { .family = AF_INET, .port = 5060 } };
	unsigned passed = 0;
	crowd(f);
	for (unsigned i = 0; i < 100; i++) {
		from.remote.ip[3] = (uint8_t)i;
		passed += udp_crowd_place(f->worker.crowd, STR("neither head nor tail"), &from, loop_now_ms(f->worker.loop)) == CROWD_PASS;
	}
	assert_int_equal(passed, EACH);
}

static void keep_alives_pass(void **state)
{
	struct fixture *f = *state;
	struct flow_ref from = { .remote = { .family = AF_INET, .port = 5060 } };
	crowd(f);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(udp_crowd_place(f->worker.crowd, STR("\r\n\r\n"), &from, loop_now_ms(f->worker.loop)), CROWD_PASS);
		assert_int_equal(udp_crowd_place(f->worker.crowd, STR("\0\1\0\0STUN has limits"), &from, loop_now_ms(f->worker.loop)), CROWD_PASS);
	}
}

static void the_queue_gets_a_share_of_each_turn_in_its_order(void **state)
{
	struct fixture *f = *state;
	crowd(f);
	for (int i = 0; i < EACH + 10; i++)
		place(f, 1, (unsigned)i, i);
	for (unsigned turn = 1; turn <= 3; turn++) {
		udp_crowd_serve(&f->worker);
		assert_int_equal(f->handled, 3 * turn);         /* the third goes beyond the share */
		assert_int_equal(f->last, EACH - 1 + (int)f->handled);
		assert_true(loop_timer_armed(&f->worker.flush_timer));
	}
	udp_crowd_serve(&f->worker);
	assert_int_equal(f->handled, 10);
}

static void nobody_overtakes_what_stands_in_the_queue(void **state)
{
	struct fixture *f = *state;
	crowd(f);
	for (int i = 0; i < EACH + 4; i++)
		place(f, 1, (unsigned)i, i);
	udp_crowd_serve(&f->worker);
	assert_int_equal(f->handled, 3);
	assert_int_equal(place(f, 1, 100, 100), CROWD_QUEUED);  /* a new turn, but one of this address still waits */
	udp_crowd_serve(&f->worker);
	assert_int_equal(f->last, 100);
	assert_int_equal(place(f, 1, 101, 101), CROWD_PASS);
}

static void a_full_queue_drops_what_had_its_part_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	crowd(f);
	for (unsigned i = 0; i < EACH + QUEUE_MAX; i++)
		assert_int_not_equal(place(f, 1, i, 0), CROWD_DROP);
	assert_int_equal(place(f, 1, 0, 0), CROWD_DROP);
	others_pass(f);                                 /* though its Call-IDs have most buckets */
	udp_crowd_serve(&f->worker);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(place(f, 1, i, 0), CROWD_QUEUED);
	assert_int_equal(place(f, 1, 0, 0), CROWD_DROP);
}

static void a_flood_from_everywhere_with_one_call_id_holds_no_address_back(void **state)
{
	struct fixture *f = *state;
	crowd(f);
	for (unsigned i = 0; i < EACH + QUEUE_MAX; i++)
		assert_int_not_equal(place(f, i, 7, 0), CROWD_DROP);
	assert_int_equal(place(f, 5000, 7, 0), CROWD_DROP);
	others_pass(f);
}

static void it_is_over_a_while_after_the_queue_is_empty(void **state)
{
	struct fixture *f = *state;
	int64_t now_ms = loop_now_ms(f->worker.loop);
	crowd(f);
	assert_true(udp_crowd_is(f->worker.crowd, now_ms + 199));
	assert_false(udp_crowd_is(f->worker.crowd, now_ms + 200));
	for (int i = 0; i < EACH + 1; i++)
		place(f, 1, 1, i);
	assert_true(udp_crowd_is(f->worker.crowd, now_ms + 10000));
	udp_crowd_serve(&f->worker);
	assert_false(udp_crowd_is(f->worker.crowd, now_ms + 10000));
}

static void without_room_at_its_worker_a_datagram_keeps_its_place(void **state)
{
	struct fixture *f = *state;
	crowd(f);
	for (int i = 0; i < EACH + 2; i++)
		place(f, 1, 1, i);
	f->owner = 1;
	atomic_store(&f->other.hops[HOP_CROWD], 64);
	udp_crowd_serve(&f->worker);
	atomic_store(&f->other.hops[HOP_CROWD], 0);
	assert_true(udp_crowd_is(f->worker.crowd, INT64_MAX));
	udp_crowd_serve(&f->worker);
	assert_false(udp_crowd_is(f->worker.crowd, INT64_MAX));
	assert_int_equal(f->handled, 0);
	loop_run_posted(f->other.loop);
	assert_int_equal(f->handled, 2);
	assert_int_equal(f->last, EACH + 1);
}

static void a_long_queue_of_the_kernel_is_a_crowd(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof sa;
	int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
	char text[1000] = { 0 };
	assert_int_equal(bind(in, (struct sockaddr *)&sa, n), 0);
	assert_int_equal(getsockname(in, (struct sockaddr *)&sa, &n), 0);
	for (int i = 0; i < 200; i++) {
		if (i == 10) {
			udp_crowd_look(f->worker.crowd, in, NOW);
			assert_false(udp_crowd_is(f->worker.crowd, NOW));
		}
		sendto(out, text, sizeof text, MSG_DONTWAIT, (struct sockaddr *)&sa, n);
	}
	udp_crowd_look(f->worker.crowd, in, NOW);
	assert_true(udp_crowd_is(f->worker.crowd, NOW));
	close(in);
	close(out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_held_back_while_the_worker_keeps_up),
		TEST(an_address_has_a_few_datagrams_a_turn),
		TEST(a_call_id_has_a_few_datagrams_a_turn_from_wherever_they_come),
		TEST(what_is_no_sip_shares_one_part),
		TEST(keep_alives_pass),
		TEST(the_queue_gets_a_share_of_each_turn_in_its_order),
		TEST(nobody_overtakes_what_stands_in_the_queue),
		TEST(a_full_queue_drops_what_had_its_part_and_nothing_else),
		TEST(a_flood_from_everywhere_with_one_call_id_holds_no_address_back),
		TEST(it_is_over_a_while_after_the_queue_is_empty),
		TEST(without_room_at_its_worker_a_datagram_keeps_its_place),
		TEST(a_long_queue_of_the_kernel_is_a_crowd),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
