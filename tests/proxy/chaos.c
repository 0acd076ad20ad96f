/* SPDX-License-Identifier: Apache-2.0 */
/* chaos.c - a phone that answers what it likes, when it likes, over flows that come and go: whatever it does, its caller gets one
 * final answer in the end, and nothing of the call stays. (orders.c has a phone that behaves, and asks for more.) */
#include "../transaction/check.h"
#include "fakes.h"
#include "mem.h"
#include "proxy.h"

#define CALLER 9                                /* serial of the caller's stream; those of the phone are 1 and up */
#define COPIES 32                               /* of the request, that the phone remembers */

enum event { ANSWER, BIND, CUT, UNACKED, CANCEL, WAIT, EVENTS };

struct rig {
	struct fake fake;
	struct location location;
	struct policy policy;
	struct domain domain;
	struct peer peer;
	struct proxy_shared *shared;
	struct txns *x;
	struct proxy *px;
	struct arena arena;
	struct {
		struct str invite;
		uint64_t serial;
	} copies[COPIES];
	unsigned copy_count, finals, successes;
	bool cancelled;
};

static void request(void *user, struct packet *p)
{
	struct rig *r = user;
	struct route_view view;
	proxy_look_at_routes(r->px, p, &view);
	proxy_handle(r->px, p, &view);
}

static void ack(void *user, struct packet *p)
{
	(void)user;
	packet_free(p);
}

static void cancelled(void *user, struct txn_server *st, const struct packet *cancel)
{
	proxy_cancelled(((struct rig *)user)->px, st, cancel);
}

static void over(void *user, struct txn_server *st)
{
	proxy_over(((struct rig *)user)->px, st);
}

static struct flow_ref stream(uint64_t serial)
{
	struct flow_ref f = { .serial = serial, .kind = TRANSPORT_TCP };
	addr_parse(serial == CALLER ? STR("192.0.2.1:40000") : STR("192.0.2.7:40000"), 0, &f.remote);
	addr_parse(STR("192.0.2.10:5060"), 0, &f.local);
	return f;
}

static void arrive(struct rig *r, uint64_t serial, struct str text)
{
	struct packet *p = packet_new(text);
	p->from = stream(serial);
	p->at_ms = r->fake.loop.now_ms;
	txns_receive(r->x, p);
}

/* --- what leaves the proxy --- */

static void caller_hears(struct rig *r, struct str text)
{
	unsigned status = (unsigned)strtoul(text.p + sizeof "SIP/2.0", NULL, 10);
	if (status < 200 || !memmem(text.p, text.n, "1 INVITE", 8))
		return;
	r->finals += status >= 300;
	r->successes += status < 300;
	assert_false(status == 430 || (status == 482 && r->copy_count > 1));    /* its flows are our affair */
}

static void pump(struct rig *r)
{
	for (struct fake_sent *s; (s = fake_take(&r->fake)); fake_drop(s)) {
		if (s->to.serial == CALLER) {
			caller_hears(r, s->text);
		} else if (str_starts(s->text, STR("INVITE ")) && r->copy_count < COPIES) {
			r->copies[r->copy_count].invite = arena_str(&r->arena, s->text);
			r->copies[r->copy_count++].serial = s->to.serial;
		}
	}
}

/* --- what the phone does --- */

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

/* Any copy, the newest ones more often, with any status, as often as it likes. */
static void answer(struct rig *r, uint64_t *seed)
{
	static const unsigned statuses[] = { 100, 180, 183, 482, 482, 482, 408, 430, 480, 486, 503, 487, 200, 603 };
	unsigned back = next_random(seed) % 4 ? 1 : 4;
	if (r->copy_count < back)
		return;
	unsigned at = r->copy_count - 1 - (unsigned)(next_random(seed) % back);
	uint64_t serial = r->copies[at].serial;
	struct sip_msg m;
	struct sip_fault fault;
	struct buf out = { 0 };
	assert_int_equal(sip_parse(&m, r->copies[at].invite, &r->arena, NULL, &fault), SIP_PARSED);
	m.via_stamped = m.via.text;
	sip_reply(&out, &m, statuses[next_random(seed) % (next_random(seed) % 3 ? 11 : 14)], STR_NONE, STR("phone"), STR_NONE);
	if (!r->fake.transport.dead[serial])
		arrive(r, serial, buf_str(&out));
	buf_fini(&out);
}

static void cut(struct rig *r, unsigned flow)
{
	struct flow_ref f = stream(flow + 1);
	r->fake.transport.dead[flow + 1] = true;
	txns_flow_closed(r->x, &f);
}

static void cancel(struct rig *r)
{
	if (!r->cancelled)
		arrive(r, CALLER, STR("CANCEL sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKcaller\r\n"
		                      "Max-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=a\r\nTo: <sip:bob@example.com>\r\n"
		                      "Call-ID: one\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n"));
	r->cancelled = true;
}

static void happen(struct rig *r, enum event e, uint64_t *seed)
{
	static const int64_t waits[] = { 0, 100, 300, 700, 1200, 2000, 9000 };
	unsigned flow = next_random(seed) % FAKE_FLOWS;
	struct flow_ref f = stream(flow + 1);
	switch (e) {
	case ANSWER:
		answer(r, seed);
		break;
	case BIND:
		r->location.bound[flow] = true;
		break;
	case CUT:
		cut(r, flow);
		break;
	case UNACKED:
		txns_flow_unacked(r->x, &f);
		break;
	case CANCEL:
		if (next_random(seed) % 8 == 0)
			cancel(r);
		break;
	case WAIT:
		fake_advance(&r->fake, waits[next_random(seed) % 7]);
		break;
	case EVENTS:
		break;
	}
	pump(r);
}

/* --- a world --- */

static void rig_init(struct rig *r)
{
	static const struct txn_events events = { request, ack, cancelled, over };
	struct txn_settings txn;
	struct proxy_setup setup = { 0 };
	memset(r, 0, sizeof *r);
	arena_init(&r->arena, NULL, 0);
	fake_init(&r->fake);
	r->location.transport = &r->fake.transport;
	for (unsigned i = 0; i < FAKE_FLOWS; i++)
		r->location.flows[i] = (struct binding){
			.aor = STR("bob@example.com"), .instance = STR("urn:uuid:1"), .reg_id = i + 1, .id = i,
			.contact = STR("sip:bob@192.0.2.7"), .via_flow = true, .q = 1000, .flow = stream(i + 1),
		};
	r->location.bound[0] = true;
	r->domain = (struct domain){ .name = STR("example.com") };
	r->peer = (struct peer){ .rights = PEER_INBOUND };
	assert_true(cidr_parse(STR("192.0.2.1"), &r->peer.block));
	r->policy = (struct policy){ .domains = &r->domain, .domain_count = 1, .peers = &r->peer, .peer_count = 1 };
	txn_settings_init(&txn);
	assert_int_equal(txns_new(&r->fake.loop, &r->fake.transport, &r->fake.worker, &r->fake.resolver, &txn, &events, r, &r->x), 0);
	assert_int_equal(proxy_shared_new(&r->policy, &r->shared), 0);
	proxy_settings_init(&setup.settings);
	setup.shared = r->shared;
	setup.policy = &r->policy;
	setup.loop = &r->fake.loop;
	setup.txns = r->x;
	setup.transport = &r->fake.transport;
	setup.transport_worker = &r->fake.worker;
	setup.resolver = &r->fake.resolver;
	setup.location = &r->location;
	assert_int_equal(proxy_new(&setup, &r->px), 0);
}

static void rig_fini(struct rig *r)
{
	proxy_free(r->px);
	txns_free(r->x);
	proxy_shared_free(r->shared);
	assert_int_equal(fake_timers(&r->fake), 0);
	fake_fini(&r->fake);
	arena_fini(&r->arena);
}

static void play(struct rig *r, uint64_t seed)
{
	rig_init(r);
	for (unsigned i = 1; i < FAKE_FLOWS; i++)
		r->location.bound[i] = next_random(&seed) % 3 == 0;
	arrive(r, CALLER, STR("INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKcaller\r\n"
	                      "Max-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=a\r\nTo: <sip:bob@example.com>\r\n"
	                      "Contact: <sip:alice@192.0.2.1>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"));
	pump(r);
	unsigned length = 4 + next_random(&seed) % 40;
	for (unsigned i = 0; i < length; i++) {
		enum event e = next_random(&seed) % EVENTS;
		happen(r, next_random(&seed) % 2 ? e : next_random(&seed) % 3 ? ANSWER : WAIT, &seed);
	}
	for (int i = 0; i < 1000; i++) {
		fake_advance(&r->fake, 500);
		pump(r);
	}
}

/* PX-21 OB-84 */
static void whatever_a_phone_does_its_caller_gets_one_final_answer(void **state)
{
	const char *asked = getenv("SLUICE_TEST_SCHEDULES");
	unsigned rounds = asked ? (unsigned)atoi(asked) : 3000;
	static struct rig r;
	(void)state;
	for (uint64_t i = 1; i <= rounds; i++) {
		play(&r, i * 0x9e3779b97f4a7c15);
		if (proxy_live(r.px) || r.finals + (r.successes != 0) != 1)
			fail_msg("round %u: %u final answers and %u times 2xx, %u contexts live on", (unsigned)i, r.finals, r.successes,
			         proxy_live(r.px));
		rig_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_a_phone_does_its_caller_gets_one_final_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
