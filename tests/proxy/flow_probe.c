/* SPDX-License-Identifier: Apache-2.0 */
/* When a silent flow is asked, and what ends that. Over the fake loop and transport of tests/transaction. */
#include "proxy_private.h"
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* --- fakes: what is asked is counted, and answered by hand --- */

static struct {
	bool quiet;                     /* the flow is suspect */
	unsigned asked, forgotten;
	int64_t asked_at_ms;
	const struct txn_client_ops *ops;
	void *user;
	struct str ruri;
} seen;

static struct fake fake;
static struct proxy px;

struct txn_client *options_send(struct proxy *p, const struct flow_ref *flow, struct str ruri, const struct txn_client_ops *ops,
                                void *user)
{
	assert_false(flow_ref_none(flow));
	seen.asked++;
	seen.asked_at_ms = loop_now_ms(p->s.loop);
	seen.ops = ops;
	seen.user = user;
	seen.ruri = ruri;
	return (struct txn_client *)&seen;
}

void txn_forget(struct txns *x, struct txn_client *ct)
{
	(void)x;
	assert_non_null(ct);
	seen.forgotten++;
}

bool transport_flow_is_suspect(const struct transport *t, const struct flow_ref *f)
{
	(void)t;
	(void)f;
	return seen.quiet;
}

static struct flow_ref flow(uint64_t serial)
{
	return (struct flow_ref){ .serial = serial, .kind = TRANSPORT_TCP, .remote = { .family = AF_INET, .port = 5060 } };
}

static int setup(void **state)
{
	(void)state;
	fake_init(&fake);
	px = (struct proxy){ .s = { .loop = &fake.loop, .transport = &fake.transport, .transport_worker = &fake.worker } };
	list_init(&px.flow_probes);
	memset(&seen, 0, sizeof seen);
	seen.quiet = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	flow_probes_stop(&px);
	assert_int_equal(px.flow_probe_count, 0);
	assert_int_equal(fake_timers(&fake), 0);
	fake_fini(&fake);
	return 0;
}

static void probe(uint64_t serial)
{
	struct flow_ref f = flow(serial);
	flow_probe(&px, &f, STR("sip:bob@192.0.2.1"));
}

static void no_answer(void)
{
	seen.ops->failed(seen.user, (struct txn_client *)&seen, TXN_TIMEOUT);
}

/* --- tests --- */

static void a_silent_flow_is_asked_at_once_and_then_ever_less_often_for_an_hour(void **state)
{
	static const int64_t at_s[] = { 0, 30, 90, 210, 450, 930, 1890 };
	(void)state;
	int64_t start = loop_now_ms(&fake.loop);
	probe(1);
	assert_int_equal(seen.asked, 0);                /* not inside the event that found it silent */
	for (unsigned i = 0; i < sizeof at_s / sizeof *at_s; i++) {
		fake_advance(&fake, start + at_s[i] * 1000 - loop_now_ms(&fake.loop));
		assert_int_equal(seen.asked, i + 1);
		assert_int_equal(seen.asked_at_ms, start + at_s[i] * 1000);
		assert_true(str_eq(seen.ruri, STR("sip:bob@192.0.2.1")));
		no_answer();
	}
	fake_advance(&fake, 4 * 3600 * 1000);
	assert_int_equal(seen.asked, 7);
	assert_int_equal(px.flow_probe_count, 0);
}

static void any_response_ends_it(void **state)
{
	(void)state;
	probe(1);
	fake_advance(&fake, 1);
	seen.ops->response(seen.user, (struct txn_client *)&seen, packet_new(STR("SIP/2.0 100 Trying\r\n\r\n")));
	assert_int_equal(px.flow_probe_count, 0);
	assert_int_equal(seen.forgotten, 1);
	fake_advance(&fake, 3600 * 1000);
	assert_int_equal(seen.asked, 1);
}

static void a_flow_that_was_heard_or_has_died_is_not_asked_again(void **state)
{
	(void)state;
	for (int died = 0; died <= 1; died++) {
		seen.quiet = true;
		seen.asked = 0;
		probe(1);
		fake_advance(&fake, 1);
		no_answer();
		seen.quiet = died;
		fake.transport.dead[1] = died;
		fake_advance(&fake, 3600 * 1000);
		assert_int_equal(seen.asked, 1);
		assert_int_equal(px.flow_probe_count, 0);
		fake.transport.dead[1] = false;
	}
}

static void a_flow_that_falls_silent_again_is_asked_anew_by_the_same_probe(void **state)
{
	(void)state;
	probe(1);
	fake_advance(&fake, 1);
	no_answer();
	fake_advance(&fake, 40 * 1000);
	no_answer();
	assert_int_equal(seen.asked, 2);
	probe(1);
	assert_int_equal(px.flow_probe_count, 1);
	fake_advance(&fake, 1);
	assert_int_equal(seen.asked, 3);
	no_answer();
	fake_advance(&fake, 30 * 1000);
	assert_int_equal(seen.asked, 4);
	no_answer();
}

static void an_open_question_is_not_asked_twice(void **state)
{
	(void)state;
	probe(1);
	fake_advance(&fake, 31 * 1000);
	assert_int_equal(seen.asked, 1);
	seen.ops->over(seen.user, (struct txn_client *)&seen);
	fake_advance(&fake, 60 * 1000);
	assert_int_equal(seen.asked, 2);
}

static void there_are_no_more_than_a_thousand_and_none_with_an_endless_uri(void **state)
{
	char uri[4096];
	struct flow_ref f = flow(1);
	(void)state;
	memset(uri, 'x', sizeof uri);
	flow_probe(&px, &f, (struct str){ uri, sizeof uri });
	assert_int_equal(px.flow_probe_count, 0);
	for (uint64_t i = 1; i <= 1100; i++)
		probe(i);
	assert_int_equal(px.flow_probe_count, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_silent_flow_is_asked_at_once_and_then_ever_less_often_for_an_hour, setup, teardown),
		cmocka_unit_test_setup_teardown(any_response_ends_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flow_that_was_heard_or_has_died_is_not_asked_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flow_that_falls_silent_again_is_asked_anew_by_the_same_probe, setup, teardown),
		cmocka_unit_test_setup_teardown(an_open_question_is_not_asked_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(there_are_no_more_than_a_thousand_and_none_with_an_endless_uri, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
