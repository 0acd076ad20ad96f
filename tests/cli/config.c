/* SPDX-License-Identifier: Apache-2.0 */
/* Form: a text becomes a tree, a tree becomes settings; what is wrong is told with its place. */
#include "check.h"
#include "config_items.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct wrong {
	const char *text, *said;
};

/* Each text has exactly these errors, in these words. */
static void assert_all_wrong(const struct wrong *t, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct reading r;
		reading_open(&r, t[i].text, "");
		if (!r.problems.errors)
			fail_msg("accepted: %s", t[i].text);
		assert_str(buf_str(&r.problems.said.out), t[i].said);
		reading_close(&r);
	}
}

static void what_is_no_yaml_or_more_than_we_read_is_refused_at_its_place(void **state)
{
	static const struct wrong t[] = {
		{ "server:\n  workers: 1\n  workers: 2\n", "t.yaml:3:3: error: 'workers' is here twice (first in line 2); keep one of them" },
		{ "a: &x 1\nserver: *x\n",
		  "t.yaml:2:10: error: aliases (*name) are not supported; write the value again\n"
		  "t.yaml:1:1: error: unknown section 'a'; possible are: server, listen, domains, peers, routes, registrar, moves, auth, flow, failover, timers, "
		  "limits, tls, dns, store, console, log" },
		{ "? [a]\n: 1\n", "t.yaml:1:4: error: a name must be plain text" },
		{ "domains: [\"a\\u0007b\"]\n", "t.yaml:1:12: error: a control character; write the value without it\n"
		  "t.yaml:1:12: error: 'domains' needs settings of the form 'name: value'" },
		{ "- a\n- b\n", "t.yaml:1:3: error: a configuration consists of sections of the form 'name:' with indented settings" },
	};
	(void)state;
	assert_all_wrong(t, COUNT(t));
}

static void broken_syntax_is_told_in_the_words_of_the_reader(void **state)
{
	static const struct wrong t[] = {
		{ "server:\n  workers: [1\n", "t.yaml:3:1: error: not YAML: the brackets do not match; each [ needs its ], each { its }" },
		{ "a: {b: [1}\n", "t.yaml:1:10: error: not YAML: the brackets do not match; each [ needs its ], each { its }" },
		{ "a: 'x\n", "t.yaml:1:5: error: not YAML: a quote that is not closed" },
		{ "\tserver: 1\n", "t.yaml:1:1: error: not YAML: a tab; indent with spaces" },
		{ "a: b: c\n", "t.yaml:1:5: error: not YAML: a second ': ' in one line; put the value in quotes, or on a line of its own" },
		{ "a:\n  b: c\n d: e\n", "t.yaml:3:2: error: not YAML: the indentation fits no line above; begin this line where its neighbours "
		  "begin" },
		{ "a: @b\n", "t.yaml:1:4: error: not YAML: a value cannot begin with this character; put it in quotes" },
		{ "%YAML 9\n---\n", "t.yaml:1:8: error: not YAML: version directive missing dot separator" },
	};
	(void)state;
	assert_all_wrong(t, COUNT(t));
}

static void broken_syntax_is_told_with_a_line(void **state)
{
	static const char *const t[] = { "server:\n  workers: [1\n", "server: {\n", "a: 'x\n", "\tserver: 1\n", "a: b: c\n", "%YAML 9\n---\n" };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct reading r;
		reading_open(&r, t[i], "");
		if (!r.problems.errors)
			fail_msg("%s", t[i]);
		assert_true(str_starts(buf_str(&r.problems.said.out), STR("t.yaml:")));
		reading_close(&r);
	}
}

static void nesting_without_end_is_refused(void **state)
{
	struct buf text = { 0 };
	struct reading r;
	(void)state;
	BUF_LIT(&text, "domains: ");
	for (unsigned i = 0; i < 500; i++)
		buf_byte(&text, '[');
	for (unsigned i = 0; i < 500; i++)
		buf_byte(&text, ']');
	buf_byte(&text, '\0');
	reading_open(&r, text.p, "");
	assert_true(r.problems.errors > 0);
	reading_close(&r);
	buf_fini(&text);
}

static void nothing_at_all_is_the_built_in_configuration(void **state)
{
	static const char *const t[] = { "", "\n\n", "# nothing\n", "---\n", "registrar:\nlisten:\n" };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct reading r;
		reading_open(&r, t[i], "");
		if (r.problems.errors)
			fail_msg("%s: %.*s", t[i], STR_FMT(buf_str(&r.problems.said.out)));
		assert_int_equal(r.config.server.registrar.expires_default_s, 3600);
		reading_close(&r);
	}
}

static void an_unknown_name_is_told_with_the_nearest_one(void **state)
{
	static const struct wrong t[] = {
		{ "lisen: []\n", "t.yaml:1:1: error: unknown section 'lisen'; did you mean 'listen'?" },
		{ "server:\n  worker: 1\n", "t.yaml:2:3: error: unknown setting 'worker' in 'server'; did you mean 'workers'?" },
		{ "server:\n  colour: red\n", "t.yaml:2:3: error: unknown setting 'colour' in 'server'; possible are: workers, state, drain" },
		{ "domains:\n  - name: a\n    alias: b\n", "t.yaml:3:5: error: unknown setting 'alias' in 'domains'; did you mean 'aliases'?" },
		{ "server:\n  Workers: 1\n", "t.yaml:2:3: error: unknown setting 'Workers' in 'server'; did you mean 'workers'?" },
	};
	(void)state;
	assert_all_wrong(t, COUNT(t));
}

static void a_value_of_the_wrong_type_is_told_with_what_would_be_right(void **state)
{
	static const struct wrong t[] = {
		{ "server: 1\n", "t.yaml:1:9: error: 'server' needs settings of the form 'name: value'" },
		{ "server:\n  workers: two\n", "t.yaml:2:12: error: 'workers' is 'two'; write a whole number" },
		{ "server:\n  workers: -1\n", "t.yaml:2:12: error: 'workers' is '-1'; write a whole number" },
		{ "server:\n  workers: [1, 2]\n", "t.yaml:2:13: error: 'workers' needs one value" },
		{ "server:\n  workers:\n", "t.yaml:2:3: error: 'workers' has no value; give one or take the line out" },
		{ "server:\n  state: ''\n", "t.yaml:2:11: error: 'state' has no value; give one or take the line out" },
		{ "timers:\n  t1: 500\n", "t.yaml:2:7: error: 't1' is '500'; write a time such as 500ms, 30s, 5m or 2h" },
		{ "flow:\n  timer: 500ms\n", "t.yaml:2:10: error: 'timer' is '500ms'; write a time in whole seconds such as 30s, 5m or 2h" },
		{ "flow:\n  queue: much\n", "t.yaml:2:10: error: 'queue' is 'much'; write a size such as 4096, 64KiB or 1MiB" },
		{ "flow:\n  force_rport: maybe\n", "t.yaml:2:16: error: 'force_rport' is 'maybe'; possible are: auto, yes, no" },
		{ "store:\n  kind: redis\n", "t.yaml:2:9: error: 'kind' is 'redis'; possible are: journal, memory" },
		{ "auth:\n  algorithms: [md4]\n", "t.yaml:2:16: error: 'algorithms' is 'md4'; possible are: sha-256, md5\n"
		  "t.yaml:2:16: error: 'algorithms' has no value; give one or take the line out" },
		{ "console:\n  listen: nowhere\n", "t.yaml:2:11: error: 'nowhere' is no address; write it like 127.0.0.1:8060, [::1]:8060" },
		{ "listen:\n  - udp: nowhere\n", "t.yaml:2:10: error: 'nowhere' is no address; write it like 0.0.0.0:5060, [::]:5060" },
		{ "listen:\n  - udp: 0.0.0.0\n    tcp: 0.0.0.0\n",
		  "t.yaml:3:10: error: a listener has one of udp, tcp and tls; begin another entry with '- '" },
		{ "listen:\n  - udp: 0.0.0.0\n    advertise: a@b\n",
		  "t.yaml:3:16: error: 'a@b' is no address; write it like sip.example.com, 192.0.2.1:5060" },
		{ "peers:\n  - from: 10.0.0.0/33\n", "t.yaml:2:11: error: '10.0.0.0/33' is no address; write it like 192.0.2.0/24, 2001:db8::1" },
		{ "peers:\n  - rights: [inbound, all]\n",
		  "t.yaml:2:23: error: 'rights' is 'all'; possible are: inbound, relay, path, identity" },
		{ "routes:\n  - to: gw\n",
		  "t.yaml:2:9: error: 'gw' is no SIP URI; write it like sip:gw.example.net:5060;transport=tcp" },
		{ "routes:\n  - to: tel:+7\n",
		  "t.yaml:2:9: error: 'tel:+7' is no SIP URI; write it like sip:gw.example.net:5060;transport=tcp" },
		{ "routes:\n  - prefix: 7x\n", "t.yaml:2:13: error: '7x' is no beginning of a number; write digits, with a '+' in front where "
		  "numbers have one (\"\" is every number)" },
		{ "routes:\n  - password_file: /nowhere/at/all\n", "t.yaml:2:20: error: /nowhere/at/all: there is no such file or folder" },
		{ "dns:\n  servers: [example.com]\n", "t.yaml:2:13: error: 'example.com' is no address; write it like 127.0.0.1:53" },
	};
	(void)state;
	assert_all_wrong(t, COUNT(t));
}

static void a_number_out_of_its_range_is_told_with_the_range(void **state)
{
	static const struct wrong t[] = {
		{ "server:\n  workers: 65\n", "t.yaml:2:12: error: 'workers' is 65; it must be between 0 and 64" },
		{ "limits:\n  head: 100\n", "t.yaml:2:9: error: 'head' is 100; it must be between 1KiB and 1024KiB" },
		{ "timers:\n  t1: 2h\n", "t.yaml:2:7: error: 't1' is 2h; it must be between 1 ms and 1 min" },
		{ "flow:\n  timer: 2d\n", "t.yaml:2:10: error: 'timer' is 2d; it must be between 0 s and 1 day" },
		{ "server:\n  workers: 99999999999999999999999\n", "t.yaml:2:12: error: 'workers' is '99999999999999999999999'; write a whole number" },
	};
	(void)state;
	assert_all_wrong(t, COUNT(t));
}

static void all_errors_are_told_in_one_run(void **state)
{
	static const struct wrong t[] = {
		{ "server:\n  workers: x\n  colour: red\ntimers:\n  t1: 0ms\nlisten:\n  - udp: x\n",
		  "t.yaml:2:12: error: 'workers' is 'x'; write a whole number\n"
		  "t.yaml:3:3: error: unknown setting 'colour' in 'server'; possible are: workers, state, drain\n"
		  "t.yaml:5:7: error: 't1' is 0ms; it must be between 1 ms and 1 min\n"
		  "t.yaml:7:10: error: 'x' is no address; write it like 0.0.0.0:5060, [::]:5060" },
	};
	(void)state;
	assert_all_wrong(t, COUNT(t));
}

static void past_twenty_errors_are_only_counted(void **state)
{
	struct buf text = { 0 };
	struct reading r;
	unsigned lines = 0;
	(void)state;
	for (unsigned i = 0; i < 30; i++)
		buf_printf(&text, "nonsense%u: 1\n", i);
	buf_byte(&text, '\0');
	reading_open(&r, text.p, "");
	assert_int_equal(r.problems.errors, 30);
	FILE *nowhere = tmpfile();
	assert_non_null(nowhere);
	problems_show(&r.problems, nowhere);
	rewind(nowhere);
	char line[1000];
	while (fgets(line, sizeof line, nowhere))
		lines++;
	assert_int_equal(lines, PROBLEMS_MAX + 1);
	assert_string_equal(line, "... and 10 more\n");
	fclose(nowhere);
	reading_close(&r);
	buf_fini(&text);
}

static void what_is_written_arrives_in_its_room(void **state)
{
	struct reading r;
	(void)state;
	reading_open(&r,
	             "server: { workers: 3, state: s, drain: 1s }\n"
	             "listen:\n  - udp: 127.0.0.1\n  - { tls: '[::1]', advertise: 'sip.example.com:443', certificate: c.pem, key: /k.pem }\n"
	             "domains: [Example.COM, { name: b, aliases: [B1, B2], registration: open, inbound: anyone, serve: redirect }]\n"
	             "moves: { phones: learn, others: ask, keep_phone: 1h, depth: 2, time: 9s, history: never, to: [A.example, { prefix: '', deny: yes }] }\n"
	             "peers: { from: 192.0.2.0/24, rights: relay }\n"
	             "routes:\n  - { prefix: '+7', to: [sip:a, { uri: sip:b, priority: 5 }], strip: 1, add: 8, host: hop, probe: 30s }\n"
	             "registrar: { expires: { min: 10s }, replace_oldest: off }\n"
	             "auth: { algorithms: md5 }\n"
	             "flow: { timer: 25s, queue: 1MiB, nat_ping: 20s }\n"
	             "failover: { stream: 900ms, udp: 3s, other: 5s, give_up: 10s, unacked: 700ms }\n"
	             "dns: { servers: [127.0.0.1, 127.0.0.2:5353] }\n"
	             "store: { kind: memory, on_failure: refuse }\n"
	             "log: { level: DEBUG }\n", "/etc/sluice");
	if (r.problems.errors)
		fail_msg("%.*s", STR_FMT(buf_str(&r.problems.said.out)));
	const struct server_settings *s = &r.config.server;
	char text[ADDR_TEXT];
	assert_int_equal(s->workers, 3);
	assert_str(s->state_dir, "/etc/sluice/s");
	assert_int_equal(s->drain_ms, 1000);
	assert_int_equal(s->transport.listener_count, 2);
	assert_string_equal(addr_text(&s->transport.listeners[0].bind, text), "127.0.0.1:5060");
	assert_string_equal(addr_text(&s->transport.listeners[1].bind, text), "[::1]:5061");
	assert_int_equal(s->transport.listeners[1].kind, TRANSPORT_TLS);
	assert_str(s->transport.listeners[1].advertise_host, "sip.example.com");
	assert_int_equal(s->transport.listeners[1].advertise_port, 443);
	assert_str(s->transport.listeners[1].certificate, "/etc/sluice/c.pem");
	assert_str(s->transport.listeners[1].key, "/k.pem");
	const struct policy *p = s->policy;
	assert_int_equal(p->domain_count, 2);
	assert_str(p->domains[0].name, "example.com");
	assert_false(p->domains[0].open_registration || p->domains[0].inbound_from_anyone);
	assert_int_equal(p->domains[1].alias_count, 2);
	assert_str(p->domains[1].aliases[1], "b2");
	assert_true(p->domains[1].open_registration && p->domains[1].inbound_from_anyone);
	assert_true(!p->domains[0].redirects && p->domains[1].redirects);
	const struct move_rules *m = &s->moves;
	assert_true(m->phones == MOVE_MODE_LEARN && m->domains == MOVE_MODE_PASS && m->others == MOVE_MODE_ASK && m->history == MOVE_HISTORY_NEVER);
	assert_true(m->keep_s == 30 * 86400 && m->keep_phone_s == 3600 && m->depth == 2 && m->contacts == 16 && m->time_ms == 9000);
	assert_int_equal(m->to_count, 2);
	assert_str(m->to[0].domain, "a.example");
	assert_true(!m->to[1].domain.n && !m->to[1].prefix.n && m->to[1].deny);
	assert_int_equal(p->peer_count, 1);
	assert_int_equal(p->peers[0].rights, PEER_RELAY);
	assert_int_equal(p->peers[0].block.bits, 24);
	assert_int_equal(p->route_count, 1);
	assert_true(p->routes[0].by_prefix && p->routes[0].to_hop_domain);
	assert_int_equal(p->routes[0].hop_count, 2);
	assert_int_equal(p->routes[0].hops[1].priority, 5);
	assert_str(p->routes[0].hops[1].parsed.host, "b");
	assert_str(p->routes[0].add, "8");
	assert_int_equal(p->routes[0].probe_s, 30);
	assert_int_equal(s->registrar.expires_min_s, 10);
	assert_false(s->location.replace_oldest);
	assert_true(s->auth.md5 && !s->auth.sha256);
	/* One setting that three rooms need. */
	assert_int_equal(s->transport.flow_timer_s, 25);
	assert_int_equal(s->registrar.flow_timer_s, 25);
	assert_int_equal(s->proxy.flow_timer_s, 25);
	assert_int_equal(s->transport.queue_bytes, 1 << 20);
	assert_int_equal(s->transport.nat_ping_s, 20);
	assert_int_equal(s->proxy.silent_stream_ms, 900);
	assert_int_equal(s->proxy.silent_udp_ms, 3000);
	assert_int_equal(s->proxy.silent_other_ms, 5000);
	assert_int_equal(s->proxy.give_up_ms, 10000);
	assert_int_equal(s->transport.unacked_ms, 700);
	assert_str(s->resolver.servers, "127.0.0.1:53,127.0.0.2:5353");
	assert_true(s->memory_only && s->refuse_on_store_failure);
	assert_int_equal(r.config.log_level, LOG_DEBUG);
	reading_close(&r);
}

static void a_file_that_cannot_be_read_is_told_by_name(void **state)
{
	struct problems problems;
	struct config config;
	(void)state;
	problems_init(&problems, LANGUAGE_EN);
	config_read_file(&config, "/nowhere/at/all.yaml", &problems);
	assert_str(buf_str(&problems.said.out), "/nowhere/at/all.yaml: error: cannot be read: there is no such file or folder");
	config_free(&config);
	problems_fini(&problems);
	problems_init(&problems, LANGUAGE_RU);
	config_read_file(&config, "/", &problems);
	assert_int_equal(problems.errors, 1);
	config_free(&config);
	problems_fini(&problems);
}

static void a_secret_is_the_first_line_of_its_file(void **state)
{
	char folder[] = "/tmp/sluice-config-XXXXXX", path[64];
	struct reading r;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/secret", folder);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs("open sesame\r\nsecond line\n", f);
	fclose(f);
	reading_open(&r, "routes: { domain: a, to: sip:a, username: u, password_file: secret }\n", folder);
	assert_int_equal(r.problems.errors, 0);
	assert_str(r.config.policy.routes[0].password, "open sesame");
	reading_close(&r);
	assert_int_equal(truncate(path, 0), 0);
	reading_open(&r, "routes: { domain: a, to: sip:a, username: u, password_file: secret }\n", folder);
	assert_int_equal(r.problems.errors, 1);
	reading_close(&r);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_yaml_or_more_than_we_read_is_refused_at_its_place),
		cmocka_unit_test(broken_syntax_is_told_in_the_words_of_the_reader),
		cmocka_unit_test(broken_syntax_is_told_with_a_line),
		cmocka_unit_test(nesting_without_end_is_refused),
		cmocka_unit_test(nothing_at_all_is_the_built_in_configuration),
		cmocka_unit_test(an_unknown_name_is_told_with_the_nearest_one),
		cmocka_unit_test(a_value_of_the_wrong_type_is_told_with_what_would_be_right),
		cmocka_unit_test(a_number_out_of_its_range_is_told_with_the_range),
		cmocka_unit_test(all_errors_are_told_in_one_run),
		cmocka_unit_test(past_twenty_errors_are_only_counted),
		cmocka_unit_test(what_is_written_arrives_in_its_room),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told_by_name),
		cmocka_unit_test(a_secret_is_the_first_line_of_its_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
