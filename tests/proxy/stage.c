/* SPDX-License-Identifier: Apache-2.0 */
/* stage.c - see stage.h. */
#include "stage.h"

/* --- the proxy's user --- */

static void request(void *user, struct packet *p)
{
	struct stage *s = user;
	struct route_view view;
	proxy_look_at_routes(s->px, p, &view);
	proxy_handle(s->px, p, &view);
}

static void ack(void *user, struct packet *p)
{
	(void)user;
	packet_free(p);
}

static void cancelled(void *user, struct txn_server *st, const struct packet *cancel)
{
	proxy_cancelled(((struct stage *)user)->px, st, cancel);
}

static struct wire *again(void *user, struct packet *p)
{
	return proxy_again(((struct stage *)user)->px, p);
}

/* --- life --- */

static void give_bob_flows(struct stage *s)
{
	s->location.transport = &s->fake.transport;
	for (unsigned i = 0; i < FAKE_FLOWS; i++)
		s->location.flows[i] = (struct binding){
			.aor = STR("bob@example.com"), .instance = STR("urn:uuid:1"), .reg_id = i + 1, .id = i,
			.contact = STR("sip:bob@192.0.2.7"), .via_flow = true, .q = 1000, .flow = stage_stream(i + 1),
		};
}

void stage_init(struct stage *s)
{
	static const struct txn_events events = { .request = request, .ack = ack, .cancelled = cancelled, .again = again };
	struct txn_settings txn;
	memset(s, 0, sizeof *s);
	fake_init(&s->fake);
	give_bob_flows(s);
	s->domain = (struct domain){ .name = STR("example.com") };
	s->peer = (struct peer){ .rights = PEER_INBOUND };
	assert_true(cidr_parse(STR("192.0.2.1"), &s->peer.block));
	s->policy = (struct policy){ .domains = &s->domain, .domain_count = 1, .peers = &s->peer, .peer_count = 1 };
	txn_settings_init(&txn);
	assert_int_equal(txns_new(&s->fake.loop, &s->fake.transport, &s->fake.worker, &s->fake.resolver, &txn, &events, s, &s->x), 0);
	assert_int_equal(proxy_shared_new(&s->policy, &s->shared), 0);
	static struct move_rules rules;
	move_rules_init(&rules);
	struct proxy_setup setup = {
		.rules = &rules,
		.shared = s->shared, .policy = &s->policy, .loop = &s->fake.loop, .txns = s->x, .transport = &s->fake.transport,
		.transport_worker = &s->fake.worker, .resolver = &s->fake.resolver, .location = &s->location,
	};
	proxy_settings_init(&setup.settings);
	assert_int_equal(proxy_new(&setup, &s->px), 0);
}

void stage_fini(struct stage *s)
{
	proxy_free(s->px);
	txns_free(s->x);
	proxy_shared_free(s->shared);
	assert_int_equal(fake_timers(&s->fake), 0);
	fake_fini(&s->fake);
}

/* --- what happens --- */

struct flow_ref stage_stream(uint64_t serial)
{
	struct flow_ref f = { .serial = serial, .kind = TRANSPORT_TCP };
	addr_parse(serial == CALLER ? STR("192.0.2.1:40000") : STR("192.0.2.7:40000"), 0, &f.remote);
	addr_parse(STR("192.0.2.10:5060"), 0, &f.local);
	return f;
}

void stage_arrive(struct stage *s, uint64_t serial, struct str text)
{
	struct packet *p = packet_new(text);
	p->from = stage_stream(serial);
	p->at_ms = s->fake.loop.now_ms;
	txns_receive(s->x, p);
}

#define COMMON "Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKcaller\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=a\r\n" \
               "To: <sip:bob@example.com>\r\nCall-ID: one\r\nContent-Length: 0\r\n"

void stage_call(struct stage *s)
{
	stage_arrive(s, CALLER, STR("INVITE sip:bob@example.com SIP/2.0\r\n" COMMON "Contact: <sip:alice@192.0.2.1>\r\n"
	                            "CSeq: 1 INVITE\r\n\r\n"));
}

void stage_cancel(struct stage *s)
{
	stage_arrive(s, CALLER, STR("CANCEL sip:bob@example.com SIP/2.0\r\n" COMMON "CSeq: 1 CANCEL\r\n\r\n"));
}

void stage_cut(struct stage *s, uint64_t serial)
{
	struct flow_ref f = stage_stream(serial);
	s->fake.transport.dead[serial] = true;
	txns_flow_closed(s->x, &f);
}

struct buf stage_response(struct str request_text, unsigned status, struct arena *arena)
{
	struct sip_msg m;
	struct sip_fault fault;
	struct buf out = { 0 };
	assert_int_equal(sip_parse(&m, request_text, arena, NULL, &fault), SIP_PARSED);
	m.via_stamped = m.via.text;
	sip_reply(&out, &m, status, STR_NONE, STR("phone"), STR_NONE);
	return out;
}

unsigned stage_status(struct str response)
{
	return (unsigned)strtoul(response.p + sizeof "SIP/2.0", NULL, 10);
}

uint64_t stage_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}
