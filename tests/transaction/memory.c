/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - what transactions cost, alive and over: the table of docs/performance.md, and bounds that a change may not pass. The
 * heap is asked where it can say (not under AddressSanitizer). */
#include "mem.h"
#include "transaction_private.h"
#include "world.h"
#include <malloc.h>

#define MANY 4000

#ifdef __SANITIZE_ADDRESS__
#define HEAP_IS_KNOWN 0
#else
#define HEAP_IS_KNOWN 1
#endif

static size_t heap(struct world *w)
{
	forget_sent(w);
	mem_give_back();
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

static struct message numbered(const char *method, unsigned number, char via[60])
{
	snprintf(via, 60, "192.0.2.1:5070;branch=z9hG4bK%017u", number);
	return (struct message){ .method = method, .via = via };
}

static struct txn_server *server(struct world *w, const char *method, unsigned number, bool stream)
{
	char via[60];
	arrives(w, stream ? tcp_from(1) : udp_from(5070), numbered(method, number, via));
	struct txn_server *st = accept_it(w);
	assert_non_null(st);
	return st;
}

static struct txn_client *client(struct world *w, const char *method, unsigned number, bool stream, char branch[60])
{
	snprintf(branch, 60, "z9hG4bKc%016u.%016u", number, number);
	return ask(w, method, branch, stream ? tcp_from(1) : udp_from(5060));
}

/* --- one transaction of each kind --- */
static void live_server(struct world *w, unsigned number)
{
	server(w, "MESSAGE", number, false);
}

static void live_client(struct world *w, unsigned number)
{
	char branch[60];
	client(w, "MESSAGE", number, false, branch);
}

static void live_client_of_a_stream(struct world *w, unsigned number)
{
	char branch[60];
	client(w, "MESSAGE", number, true, branch);
}

static void answered_request(struct world *w, unsigned number)
{
	txn_answer(w->x, server(w, "MESSAGE", number, false), 200, STR_NONE, STR_NONE);
}

static void answered_request_of_a_stream(struct world *w, unsigned number)
{
	txn_answer(w->x, server(w, "MESSAGE", number, true), 200, STR_NONE, STR_NONE);
}

static void answered_client(struct world *w, unsigned number)
{
	char branch[60];
	client(w, "MESSAGE", number, false, branch);
	response_arrives(w, 200, "MESSAGE", branch, "t");
}

/* As a proxy has it: an INVITE, its one branch, and the 2xx. */
static void answered_call(struct world *w, unsigned number)
{
	char branch[60];
	struct txn_server *st = server(w, "INVITE", number, false);
	txn_leave(w->x, client(w, "INVITE", number, false, branch), st);
	txn_answer(w->x, st, 200, STR_NONE, STR("Contact: <sip:b@h.example>\r\n"));
	response_arrives(w, 200, "INVITE", branch, "t");
}

static void refused_invite(struct world *w, unsigned number)
{
	txn_answer(w->x, server(w, "INVITE", number, false), 486, STR_NONE, STR_NONE);
}

static void refused_invite_with_its_ack(struct world *w, unsigned number)
{
	char via[60];
	refused_invite(w, number);
	struct message ack = numbered("ACK", number, via);
	ack.to = ";tag=x";
	arrives(w, udp_from(5070), ack);
}

static void refused_client(struct world *w, unsigned number)
{
	char branch[60];
	client(w, "INVITE", number, false, branch);
	response_arrives(w, 486, "INVITE", branch, "t");
}

static const struct {
	const char *what;
	void (*make)(struct world *w, unsigned number);
	size_t record;                          /* of these, so many bytes at most stay in the budget, */
	size_t heap;                            /* and in the heap, with the chunk that is not full */
} kinds[] = {
	{ "server transaction, its request with it", live_server, 0, 5200 },
	{ "client transaction, its request with it", live_client, 0, 800 },
	{ "client transaction over a stream", live_client_of_a_stream, 0, 800 },
	{ "non-INVITE over UDP, its 200 with it", answered_request, 340, 370 },
	{ "non-INVITE over a stream", answered_request_of_a_stream, 0, 0 },
	{ "client that has its final response", answered_client, 0, 0 },
	{ "INVITE and its branch after a 2xx", answered_call, 170, 200 },
	{ "INVITE after 300-699 until its ACK", refused_invite, 530, 600 },
	{ "INVITE after 300-699 and its ACK", refused_invite_with_its_ack, 120, 150 },
	{ "INVITE client after 300-699, its ACK with it", refused_client, 390, 420 },
};

static void transactions_are_no_larger_than_published(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct world *w = world_new(NULL);
		size_t before = heap(w);
		for (unsigned number = 0; number < MANY; number++) {
			kinds[i].make(w, number);
			w->told[0] = '\0';
			if (number % 100 == 0)
				forget_sent(w);
		}
		size_t now = heap(w), record = counts(w).bytes_finished / MANY;
		size_t each = now > before ? (now - before) / MANY : 0;
		if (HEAP_IS_KNOWN)
			print_message("%-46s %5zu bytes of heap, %4zu of them in the budget\n", kinds[i].what, each, record);
		else
			print_message("%-46s %4zu bytes in the budget\n", kinds[i].what, record);
		if (record > kinds[i].record || (HEAP_IS_KNOWN && each > kinds[i].heap))
			fail_msg("%s: %zu (at most %zu) in the budget, %zu (at most %zu) in the heap", kinds[i].what, record,
			         kinds[i].record, each, kinds[i].heap);
		world_free(w);
	}
}

static void the_objects_are_no_larger_than_published(void **state)
{
	(void)state;
	print_message("struct server %zu, struct txn_client %zu, a record's head %zu\n", sizeof(struct server), sizeof(struct txn_client),
	              sizeof(struct kept));
	assert_true(sizeof(struct server) <= 240);
	assert_true(sizeof(struct txn_client) <= 312);
	assert_true(sizeof(struct kept) <= 24);
}

/* An attacker's requests are all different; what they leave is no more than the budget allows, in the heap as well. */
static void budget(struct txn_settings *s)
{
	s->max_bytes = 1 << 20;
}

static void a_flood_leaves_no_more_than_the_budget(void **state)
{
	struct world *w = world_new(budget);
	size_t before = heap(w);
	(void)state;
	for (unsigned number = 0; number < 50000; number++) {
		answered_request(w, number);
		answered_call(w, number);
		w->told[0] = '\0';
		forget_sent(w);
		assert_true(counts(w).bytes_finished <= 1 << 20);
	}
	if (HEAP_IS_KNOWN)
		assert_true(heap(w) - before < (1 << 20) + (1 << 18));
	assert_int_equal(counts(w).server_live + counts(w).client_live, 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_objects_are_no_larger_than_published),
		cmocka_unit_test(transactions_are_no_larger_than_published),
		cmocka_unit_test(a_flood_leaves_no_more_than_the_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
