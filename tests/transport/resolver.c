/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver against a DNS server of our own on the same loop. Ports are free ones on 127.0.0.1; nothing waits
 * longer than the timeouts that a test sets. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "resolver.h"
#include "clock.h"
#include "resolver_server.h"
#include <stdlib.h>

struct bench {
	struct loop *loop;
	struct dns_server server;
	struct resolver *resolver;
	struct arena arena;
	unsigned answers;               /* done calls */
};

static const char *written;             /* what a test file of hosts holds */
static char hosts_path[64];
static bool no_ipv6;                    /* no listener of that family */

static void bench_open(struct bench *b, const struct record *zone, unsigned count, unsigned timeout_ms)
{
	struct resolver_settings s;
	memset(b, 0, sizeof *b);
	arena_init(&b->arena, NULL, 0);
	assert_int_equal(loop_new(&b->loop), 0);
	assert_int_equal(dns_server_open(&b->server, b->loop, zone, count), 0);
	resolver_settings_init(&s);
	s.servers = str_of(b->server.servers);
	s.timeout_ms = timeout_ms;
	s.tries = 2;
	s.hosts = STR_NONE;
	s.ipv6 = !no_ipv6;
	if (written) {
		strcpy(hosts_path, "/tmp/sluice-hosts-XXXXXX");
		int fd = mkstemp(hosts_path);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, written, strlen(written)), strlen(written));
		close(fd);
		s.hosts = str_of(hosts_path);
	}
	assert_int_equal(resolver_new(b->loop, &s, &b->resolver), 0);
}

static void bench_close(struct bench *b)
{
	resolver_free(b->resolver);
	dns_server_close(&b->server);
	loop_free(b->loop);
	arena_fini(&b->arena);
	if (written)
		unlink(hosts_path);
	written = NULL;
	no_ipv6 = false;
}

#define ZONE(b, zone) bench_open((b), (zone), sizeof (zone) / sizeof *(zone), 1000)

/* One question and whom it tells. */
struct caller {
	struct resolve ask;
	struct bench *bench;
};

static void answered(struct resolve *self)
{
	struct caller *c = (struct caller *)self;
	c->bench->answers++;
}

static enum resolve_when start(struct bench *b, struct caller *c, const char *uri)
{
	memset(c, 0, sizeof *c);
	c->bench = b;
	c->ask.arena = &b->arena;
	c->ask.text = arena_str(&b->arena, str_of(uri));
	c->ask.done = answered;
	assert_true(sip_uri_parse(c->ask.text, &c->ask.uri));
	return resolver_ask(b->resolver, &c->ask);
}

static void turns_until(struct bench *b, unsigned answers)
{
	for (int64_t end = clock_ms() + 10000; b->answers < answers && clock_ms() < end;)
		assert_int_equal(loop_turn(b->loop, 100), 0);
	assert_int_equal(b->answers, answers);
}

static void resolve_as(struct bench *b, struct caller *c, const char *uri, bool prefer_stream)
{
	memset(c, 0, sizeof *c);
	c->bench = b;
	c->ask.arena = &b->arena;
	c->ask.text = arena_str(&b->arena, str_of(uri));
	c->ask.done = answered;
	c->ask.prefer_stream = prefer_stream;
	assert_true(sip_uri_parse(c->ask.text, &c->ask.uri));
	if (resolver_ask(b->resolver, &c->ask) == RESOLVE_LATER)
		turns_until(b, b->answers + 1);
}

static void resolve(struct bench *b, struct caller *c, const char *uri)
{
	resolve_as(b, c, uri, false);
}

/* "udp 192.0.2.1:5060, tls 192.0.2.2:5061 (example.com)" */
static const char *hops_text(const struct caller *c)
{
	static char text[2048];
	static const char *const kinds[] = { "udp", "tcp", "tls" };
	size_t n = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < c->ask.count; i++) {
		const struct hop *h = &c->ask.hops[i];
		char addr[ADDR_TEXT];
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %s", i ? ", " : "", kinds[h->kind], addr_text(&h->addr, addr));
		if (h->tls_name.n)
			n += (size_t)snprintf(text + n, sizeof text - n, " (%.*s)", STR_FMT(h->tls_name));
	}
	return text;
}

static void expect(struct bench *b, const char *uri, const char *hops)
{
	struct caller c;
	resolve(b, &c, uri);
	assert_int_equal(c.ask.status, *hops ? RESOLVE_OK : RESOLVE_NONE);
	assert_string_equal(hops_text(&c), hops);
}

#define A(name, text)                 { name, ns_t_a, 60, 0, 0, 0, text, NULL, 0 }
#define AAAA(name, text)              { name, ns_t_aaaa, 60, 0, 0, 0, text, NULL, 0 }
#define CNAME(name, text)             { name, ns_t_cname, 60, 0, 0, 0, text, NULL, 0 }
#define SRV(name, pr, w, port, text)  { name, ns_t_srv, 60, pr, w, port, text, NULL, 0 }
#define NAPTR(name, o, p, s, text)    { name, ns_t_naptr, 60, o, p, 0, text, s, 0 }
#define BEHAVES(name, type, manner)   { name, type, 60, 0, 0, 0, "192.0.2.250", "SIP+D2U", manner }

static void an_address_needs_no_question(void **state)
{
	(void)state;
	struct bench b;
	struct caller c;
	bench_open(&b, NULL, 0, 1000);
	static const struct { const char *uri, *hops; } cases[] = {
		{ "sip:alice@192.0.2.7", "udp 192.0.2.7:5060" },
		{ "sip:192.0.2.7:5080", "udp 192.0.2.7:5080" },
		{ "sip:192.0.2.7;transport=tcp", "tcp 192.0.2.7:5060" },
		{ "sip:192.0.2.7;transport=TLS", "tls 192.0.2.7:5061 (192.0.2.7)" },
		{ "sip:[2001:db8::7]:5070;transport=udp", "udp [2001:db8::7]:5070" },
		{ "sips:192.0.2.7", "tls 192.0.2.7:5061 (192.0.2.7)" },
		{ "sips:192.0.2.7:5090;transport=tcp", "tls 192.0.2.7:5090 (192.0.2.7)" },
		{ "sip:example.com;maddr=192.0.2.9", "udp 192.0.2.9:5060" },
		{ "sips:example.com;maddr=192.0.2.9", "tls 192.0.2.9:5061 (example.com)" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(start(&b, &c, cases[i].uri), RESOLVE_NOW);
		assert_int_equal(c.ask.status, RESOLVE_OK);
		assert_string_equal(hops_text(&c), cases[i].hops);
		assert_int_equal(c.ask.hops[0].sips, strncmp(cases[i].uri, "sips:", 5) == 0);
	}
	assert_int_equal(b.server.asked, 0);
	bench_close(&b);
}

static void what_we_cannot_send_to_gives_none(void **state)
{
	(void)state;
	struct bench b;
	struct caller c;
	bench_open(&b, NULL, 0, 1000);
	static const char *const uris[] = { "sips:192.0.2.7;transport=udp", "sip:192.0.2.7;transport=sctp", "tel:+15551234",
		"sip:224.0.0.1", "sip:example.com;maddr=239.255.255.1", "sip:0.0.0.0", "sip:255.255.255.255", "sip:[::]", "mailto:a@b",
		"sip:a.very.long.label.of.more.than.63.characters.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" };
	for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
		assert_int_equal(start(&b, &c, uris[i]), RESOLVE_NOW);
		assert_int_equal(c.ask.status, RESOLVE_NONE);
		assert_int_equal(c.ask.count, 0);
	}
	assert_int_equal(b.server.asked, 0);
	bench_close(&b);
}

static void a_port_or_the_lack_of_records_leads_to_the_address(void **state)
{
	(void)state;
	static const struct record zone[] = { A("plain.example", "192.0.2.1"), CNAME("www.example", "plain.example") };
	struct bench b;
	ZONE(&b, zone);
	expect(&b, "sip:plain.example:5070", "udp 192.0.2.1:5070");
	assert_int_equal(b.server.asked, 2);                    /* A and AAAA, no NAPTR, no SRV */
	expect(&b, "sip:plain.example", "udp 192.0.2.1:5060");
	expect(&b, "sip:PLAIN.example.:5070", "udp 192.0.2.1:5070");
	expect(&b, "sips:plain.example", "tls 192.0.2.1:5061 (plain.example)");
	expect(&b, "sip:plain.example;transport=tcp", "tcp 192.0.2.1:5060");
	expect(&b, "sip:www.example:5070;transport=tls", "tls 192.0.2.1:5070 (www.example)");
	expect(&b, "sip:nobody.example", "");
	bench_close(&b);
}

/* TX-26 TP-35 */
static void srv_records_are_tried_by_priority_and_the_certificate_is_the_domains(void **state)
{
	(void)state;
	static const struct record zone[] = {
		SRV("_sips._tcp.domain.example", 20, 0, 5061, "backup.example"), SRV("_sips._tcp.domain.example", 10, 0, 5071, "first.example"),
		SRV("_sip._udp.domain.example", 10, 0, 5062, "first.example"),
		A("first.example", "192.0.2.1"), A("backup.example", "192.0.2.2"), A("domain.example", "192.0.2.99"),
	};
	struct bench b;
	struct caller c;
	ZONE(&b, zone);
	expect(&b, "sips:domain.example", "tls 192.0.2.1:5071 (domain.example), tls 192.0.2.2:5061 (domain.example)");
	expect(&b, "sip:domain.example;transport=udp", "udp 192.0.2.1:5062");
	expect(&b, "sip:domain.example", "udp 192.0.2.1:5062, tls 192.0.2.1:5071 (domain.example), tls 192.0.2.2:5061 (domain.example)");
	expect(&b, "sip:domain.example;transport=tcp", "tcp 192.0.2.99:5060");  /* no SRV for it: the address */
	resolve_as(&b, &c, "sip:domain.example", true);
	assert_string_equal(hops_text(&c), "tls 192.0.2.1:5071 (domain.example), tls 192.0.2.2:5061 (domain.example), udp 192.0.2.1:5062");
	bench_close(&b);
}

/* TX-26 */
static void naptr_records_choose_the_transport(void **state)
{
	(void)state;
	static const struct record zone[] = {
		NAPTR("domain.example", 50, 50, "SIPS+D2T", "_sips._tcp.domain.example"),
		NAPTR("domain.example", 90, 50, "SIP+D2T", "_sip._tcp.other.example"),
		NAPTR("domain.example", 100, 50, "SIP+D2U", "_sip._udp.domain.example"),
		NAPTR("domain.example", 10, 50, "SIP+D2S", "_sip._sctp.domain.example"),
		NAPTR("domain.example", 10, 50, "E2U+sip", "_sip._udp.domain.example"),
		SRV("_sips._tcp.domain.example", 1, 0, 5061, "a.example"), SRV("_sip._tcp.other.example", 1, 0, 5060, "a.example"),
		SRV("_sip._udp.domain.example", 1, 0, 5060, "b.example"),
		A("a.example", "192.0.2.1"), A("b.example", "192.0.2.2"),
	};
	struct bench b;
	struct caller c;
	ZONE(&b, zone);
	expect(&b, "sip:domain.example", "tls 192.0.2.1:5061 (domain.example), tcp 192.0.2.1:5060, udp 192.0.2.2:5060");
	expect(&b, "sips:domain.example", "tls 192.0.2.1:5061 (domain.example)");
	expect(&b, "sip:domain.example;transport=udp", "udp 192.0.2.2:5060");
	resolve_as(&b, &c, "sip:domain.example", true);
	assert_string_equal(hops_text(&c), "tls 192.0.2.1:5061 (domain.example), tcp 192.0.2.1:5060, udp 192.0.2.2:5060");
	bench_close(&b);
}

static void a_service_that_is_denied_is_not_looked_for_elsewhere(void **state)
{
	(void)state;
	static const struct record zone[] = { SRV("_sip._udp.denied.example", 0, 0, 0, "."), A("denied.example", "192.0.2.1") };
	struct bench b;
	ZONE(&b, zone);
	expect(&b, "sip:denied.example;transport=udp", "");
	expect(&b, "sip:denied.example", "");
	bench_close(&b);
}

static void large_requests_prefer_a_stream(void **state)
{
	(void)state;
	static const struct record zone[] = { A("plain.example", "192.0.2.1") };
	struct bench b;
	struct caller c;
	ZONE(&b, zone);
	resolve_as(&b, &c, "sip:plain.example:5070", true);
	assert_string_equal(hops_text(&c), "tcp 192.0.2.1:5070, udp 192.0.2.1:5070");
	resolve_as(&b, &c, "sip:192.0.2.7", true);
	assert_string_equal(hops_text(&c), "tcp 192.0.2.7:5060, udp 192.0.2.7:5060");
	resolve_as(&b, &c, "sip:192.0.2.7;transport=udp", true);
	assert_string_equal(hops_text(&c), "udp 192.0.2.7:5060");
	bench_close(&b);
}

static void an_ipv6_address_without_a_route_is_tried_last(void **state)
{
	(void)state;
	static const struct record zone[] = { AAAA("both.example", "2001:db8::7"), A("both.example", "192.0.2.1") };
	struct bench b;
	struct caller c;
	ZONE(&b, zone);
	resolve(&b, &c, "sip:both.example:5060");
	assert_int_equal(c.ask.count, 2);
	bool has4 = strstr(hops_text(&c), "udp 192.0.2.1:5060"), has6 = strstr(hops_text(&c), "udp [2001:db8::7]:5060");
	assert_true(has4 && has6);
	bench_close(&b);
}

static void equal_questions_are_asked_once_and_then_kept(void **state)
{
	(void)state;
	static const struct record zone[] = { A("plain.example", "192.0.2.1") };
	struct bench b;
	struct caller c[5];
	ZONE(&b, zone);
	for (int i = 0; i < 5; i++)
		assert_int_equal(start(&b, &c[i], i % 2 ? "sip:PLAIN.example:5070" : "sip:plain.example:5070"), RESOLVE_LATER);
	turns_until(&b, 5);
	for (int i = 0; i < 5; i++)
		assert_string_equal(hops_text(&c[i]), "udp 192.0.2.1:5070");
	assert_int_equal(b.server.asked, 2);
	assert_int_equal(start(&b, &c[0], "sip:plain.example:5070"), RESOLVE_NOW);
	assert_int_equal(b.server.asked, 2);
	bench_close(&b);
}

static void an_answer_without_a_lifetime_is_asked_for_again(void **state)
{
	(void)state;
	static const struct record zone[] = { { "short.example", ns_t_a, 0, 0, 0, 0, "192.0.2.1", NULL, 0 } };
	struct bench b;
	ZONE(&b, zone);
	expect(&b, "sip:short.example:5060", "udp 192.0.2.1:5060");
	assert_int_equal(b.server.asked, 2);
	expect(&b, "sip:short.example:5060", "udp 192.0.2.1:5060");
	assert_int_equal(b.server.asked, 3);            /* that there is no AAAA is still known */
	bench_close(&b);
}

static void the_absence_of_a_name_is_kept_too(void **state)
{
	(void)state;
	static const struct record zone[] = { BEHAVES("untold.example", 0, MANNER_NO_SOA) };
	struct bench b;
	ZONE(&b, zone);
	expect(&b, "sip:nobody.example:5060", "");
	assert_int_equal(b.server.asked, 2);
	expect(&b, "sip:nobody.example:5060", "");
	assert_int_equal(b.server.asked, 2);
	expect(&b, "sip:untold.example:5060", "");      /* nothing says how long: not kept */
	expect(&b, "sip:untold.example:5060", "");
	assert_int_equal(b.server.asked, 6);
	bench_close(&b);
}

/* TX-27 */
static void hops_that_were_handed_out_do_not_change_with_dns(void **state)
{
	(void)state;
	struct record zone[] = { { "moving.example", ns_t_a, 0, 0, 0, 0, "192.0.2.1", NULL, 0 } };
	struct bench b;
	struct caller before, after;
	ZONE(&b, zone);
	resolve(&b, &before, "sip:moving.example:5060");
	zone[0].text = "192.0.2.2";
	resolve(&b, &after, "sip:moving.example:5060");
	assert_string_equal(hops_text(&after), "udp 192.0.2.2:5060");
	assert_string_equal(hops_text(&before), "udp 192.0.2.1:5060");
	bench_close(&b);
}

/* TX-26 TX-29 */
static void a_hop_in_a_penalty_goes_last_until_it_is_over(void **state)
{
	(void)state;
	static const struct record zone[] = {
		SRV("_sip._udp.domain.example", 10, 0, 5060, "first.example"), SRV("_sip._udp.domain.example", 20, 0, 5060, "second.example"),
		A("first.example", "192.0.2.1"), A("second.example", "192.0.2.2"),
	};
	struct bench b;
	struct caller c;
	ZONE(&b, zone);
	resolve(&b, &c, "sip:domain.example;transport=udp");
	assert_string_equal(hops_text(&c), "udp 192.0.2.1:5060, udp 192.0.2.2:5060");
	struct hop failed = c.ask.hops[0];
	int64_t now_ms = loop_now_ms(b.loop);
	resolver_penalise(b.resolver, &failed, now_ms + 3600000);
	assert_true(resolver_penalised(b.resolver, &failed, now_ms + 3599999));
	expect(&b, "sip:domain.example;transport=udp", "udp 192.0.2.2:5060, udp 192.0.2.1:5060");
	failed.kind = TRANSPORT_TCP;
	assert_false(resolver_penalised(b.resolver, &failed, now_ms));
	failed.kind = TRANSPORT_UDP;
	resolver_penalise(b.resolver, &failed, now_ms - 1);
	expect(&b, "sip:domain.example;transport=udp", "udp 192.0.2.1:5060, udp 192.0.2.2:5060");
	bench_close(&b);
}

static void aliases_are_followed_but_not_in_circles(void **state)
{
	(void)state;
	static const struct record zone[] = {
		CNAME("one.example", "two.example"), CNAME("two.example", "three.example"), A("three.example", "192.0.2.3"),
		CNAME("ring.example", "gnir.example"), CNAME("gnir.example", "ring.example"), CNAME("self.example", "self.example"),
		NAPTR("loop.example", 1, 1, "SIP+D2U", "loop.example"), SRV("loop.example", 1, 1, 5060, "loop.example"),
		A("loop.example", "192.0.2.4"),
	};
	struct bench b;
	struct caller c;
	ZONE(&b, zone);
	expect(&b, "sip:one.example:5060", "udp 192.0.2.3:5060");
	resolve(&b, &c, "sip:ring.example:5060");
	assert_int_equal(c.ask.count, 0);
	resolve(&b, &c, "sip:self.example:5060");
	assert_int_equal(c.ask.count, 0);
	expect(&b, "sip:loop.example", "udp 192.0.2.4:5060");
	assert_true(b.server.asked < 60);
	bench_close(&b);
}

static void hops_and_questions_of_one_ask_are_bounded(void **state)
{
	(void)state;
	static struct record zone[40];
	static char names[20][32], addrs[20][32];
	for (unsigned i = 0; i < 20; i++) {
		snprintf(names[i], sizeof names[i], "h%u.example", i);
		snprintf(addrs[i], sizeof addrs[i], "192.0.2.%u", i + 1);
		zone[i] = (struct record)SRV("_sip._udp.many.example", i, 0, 5060, names[i]);
		zone[20 + i] = (struct record)A(names[i], addrs[i]);
	}
	struct bench b;
	struct caller c;
	bench_open(&b, zone, 40, 1000);
	resolve(&b, &c, "sip:many.example;transport=udp");
	assert_int_equal(c.ask.status, RESOLVE_OK);
	assert_int_equal(c.ask.count, 16);
	assert_true(b.server.asked <= 48);
	char text[ADDR_TEXT];
	assert_string_equal(addr_text(&c.ask.hops[0].addr, text), "192.0.2.1:5060");
	assert_string_equal(addr_text(&c.ask.hops[15].addr, text), "192.0.2.16:5060");
	bench_close(&b);
}

static void a_server_that_fails_is_not_an_absent_name(void **state)
{
	(void)state;
	static const struct record zone[] = {
		BEHAVES("broken.example", 0, MANNER_FAIL), BEHAVES("garbage.example", ns_t_a, MANNER_GARBAGE),
		BEHAVES("garbage.example", ns_t_aaaa, MANNER_GARBAGE), BEHAVES("cut.example", ns_t_a, MANNER_CUT),
		BEHAVES("cut.example", ns_t_aaaa, MANNER_FAIL),
		BEHAVES("_sip._udp.half.example", 0, MANNER_FAIL), A("half.example", "192.0.2.1"),
		BEHAVES("picky.example", ns_t_naptr, MANNER_FAIL), A("picky.example", "192.0.2.2"),
	};
	struct bench b;
	struct caller c;
	bench_open(&b, zone, sizeof zone / sizeof *zone, 100);
	static const char *const uris[] = { "sip:broken.example:5060", "sip:garbage.example:5060", "sip:cut.example:5060",
		"sip:half.example;transport=udp" };
	for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
		resolve(&b, &c, uris[i]);
		assert_int_equal(c.ask.status, RESOLVE_FAILED);
		assert_int_equal(c.ask.count, 0);
	}
	expect(&b, "sip:picky.example", "udp 192.0.2.2:5060");  /* NAPTR refused: SRV and address still serve */
	bench_close(&b);
}

static void silence_ends_in_a_failure_in_time(void **state)
{
	(void)state;
	static const struct record zone[] = { BEHAVES("silent.example", 0, MANNER_SILENT) };
	struct bench b;
	struct caller c;
	bench_open(&b, zone, 1, 50);
	int64_t began = clock_ms();
	resolve(&b, &c, "sip:silent.example:5060");
	assert_int_equal(c.ask.status, RESOLVE_FAILED);
	assert_true(clock_ms() - began < 2000);
	bench_close(&b);
}

static void what_is_known_in_time_does_not_wait_for_the_rest(void **state)
{
	(void)state;
	static const struct record zone[] = {
		SRV("_sip._udp.domain.example", 10, 0, 5060, "silent.example"), SRV("_sip._udp.domain.example", 20, 0, 5060, "second.example"),
		BEHAVES("silent.example", 0, MANNER_SILENT), A("second.example", "192.0.2.2"),
		BEHAVES("shy.example", ns_t_naptr, MANNER_SILENT), A("shy.example", "192.0.2.3"),
	};
	struct bench b;
	bench_open(&b, zone, sizeof zone / sizeof *zone, 60);
	expect(&b, "sip:domain.example;transport=udp", "udp 192.0.2.2:5060");
	expect(&b, "sip:shy.example", "udp 192.0.2.3:5060");
	bench_close(&b);
}

static void a_forgotten_ask_is_not_called(void **state)
{
	(void)state;
	static const struct record zone[] = { A("plain.example", "192.0.2.1") };
	struct bench b;
	struct caller c[2];
	ZONE(&b, zone);
	assert_int_equal(start(&b, &c[0], "sip:plain.example:5070"), RESOLVE_LATER);
	assert_int_equal(start(&b, &c[1], "sip:plain.example:5070"), RESOLVE_LATER);
	resolver_forget(b.resolver, &c[0].ask);
	resolver_forget(b.resolver, &c[0].ask);
	turns_until(&b, 1);
	assert_int_equal(c[0].ask.count, 0);
	assert_int_equal(c[1].ask.count, 1);
	resolver_forget(b.resolver, &c[1].ask);
	assert_int_equal(start(&b, &c[0], "sip:other.example"), RESOLVE_LATER);
	bench_close(&b);                                /* freed with an ask under way: no call */
	assert_int_equal(b.answers, 1);
}

static void freed_in_done(struct resolve *self)
{
	struct caller *c = (struct caller *)self;
	c->bench->answers++;
	resolver_free(c->bench->resolver);
	c->bench->resolver = NULL;
}

static void the_resolver_may_be_freed_by_the_one_it_answers(void **state)
{
	(void)state;
	static const struct record zone[] = { A("plain.example", "192.0.2.1") };
	struct bench b;
	struct caller c[3];
	ZONE(&b, zone);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(start(&b, &c[i], "sip:plain.example:5070"), RESOLVE_LATER);
		c[i].ask.done = freed_in_done;
	}
	turns_until(&b, 1);
	bench_close(&b);
}

static void an_answer_too_large_for_a_datagram_comes_by_tcp(void **state)
{
	(void)state;
	static const struct record zone[] = {
		{ "_sip._tcp.large.example", ns_t_srv, 60, 1, 1, 5070, "large.example", NULL, MANNER_TOO_LARGE },
		{ "large.example", ns_t_a, 60, 0, 0, 0, "192.0.2.1", NULL, MANNER_TOO_LARGE },
	};
	struct bench b;
	ZONE(&b, zone);
	expect(&b, "sip:large.example;transport=tcp", "tcp 192.0.2.1:5070");
	bench_close(&b);
}

static void families_that_we_do_not_listen_on_are_not_asked_for(void **state)
{
	(void)state;
	static const struct record zone[] = { AAAA("both.example", "::1"), A("both.example", "192.0.2.1") };
	struct bench b;
	no_ipv6 = true;
	ZONE(&b, zone);
	expect(&b, "sip:both.example:5060", "udp 192.0.2.1:5060");
	expect(&b, "sip:localhost", "udp 127.0.0.1:5060");
	assert_int_equal(b.server.asked, 1);
	bench_close(&b);
}

static void names_of_the_hosts_file_come_before_dns(void **state)
{
	(void)state;
	static const struct record zone[] = { A("pbx.example", "192.0.2.1"), SRV("_sip._udp.pbx.example", 1, 1, 5099, "pbx.example") };
	struct bench b;
	written = "# comment\n192.0.2.50 pbx.example\tpbx # the telephone\n";
	ZONE(&b, zone);
	expect(&b, "sip:pbx.example", "udp 192.0.2.50:5060");
	expect(&b, "sip:PBX;transport=tcp", "tcp 192.0.2.50:5060");
	assert_int_equal(b.server.asked, 0);
	bench_close(&b);
}

static void localhost_is_this_machine(void **state)
{
	(void)state;
	struct bench b;
	struct caller c;
	bench_open(&b, NULL, 0, 1000);
	assert_int_equal(start(&b, &c, "sip:localhost:5070"), RESOLVE_NOW);
	assert_non_null(strstr(hops_text(&c), "udp 127.0.0.1:5070"));
	assert_int_equal(start(&b, &c, "sip:phone.localhost;transport=tcp"), RESOLVE_NOW);
	assert_non_null(strstr(hops_text(&c), "tcp 127.0.0.1:5060"));
	assert_int_equal(b.server.asked, 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_needs_no_question),
		cmocka_unit_test(what_we_cannot_send_to_gives_none),
		cmocka_unit_test(a_port_or_the_lack_of_records_leads_to_the_address),
		cmocka_unit_test(srv_records_are_tried_by_priority_and_the_certificate_is_the_domains),
		cmocka_unit_test(naptr_records_choose_the_transport),
		cmocka_unit_test(a_service_that_is_denied_is_not_looked_for_elsewhere),
		cmocka_unit_test(large_requests_prefer_a_stream),
		cmocka_unit_test(an_ipv6_address_without_a_route_is_tried_last),
		cmocka_unit_test(equal_questions_are_asked_once_and_then_kept),
		cmocka_unit_test(an_answer_without_a_lifetime_is_asked_for_again),
		cmocka_unit_test(the_absence_of_a_name_is_kept_too),
		cmocka_unit_test(hops_that_were_handed_out_do_not_change_with_dns),
		cmocka_unit_test(a_hop_in_a_penalty_goes_last_until_it_is_over),
		cmocka_unit_test(aliases_are_followed_but_not_in_circles),
		cmocka_unit_test(hops_and_questions_of_one_ask_are_bounded),
		cmocka_unit_test(a_server_that_fails_is_not_an_absent_name),
		cmocka_unit_test(silence_ends_in_a_failure_in_time),
		cmocka_unit_test(what_is_known_in_time_does_not_wait_for_the_rest),
		cmocka_unit_test(a_forgotten_ask_is_not_called),
		cmocka_unit_test(the_resolver_may_be_freed_by_the_one_it_answers),
		cmocka_unit_test(an_answer_too_large_for_a_datagram_comes_by_tcp),
		cmocka_unit_test(families_that_we_do_not_listen_on_are_not_asked_for),
		cmocka_unit_test(names_of_the_hosts_file_come_before_dns),
		cmocka_unit_test(localhost_is_this_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
