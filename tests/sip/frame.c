/* SPDX-License-Identifier: Apache-2.0 */
#include "corpus.h"

/* Ask for the length as bytes come in, `step` at a time; the final word. */
static int64_t frame_in_steps(struct str text, size_t step, const struct sip_limits *limits, struct sip_fault *fault)
{
	size_t scanned = 0;
	for (size_t n = 0; ; n = n + step < text.n ? n + step : text.n) {
		char *bytes = malloc(n ? n : 1);        /* nothing behind the bytes that came */
		memcpy(bytes, text.p, n);
		int64_t length = sip_frame((struct str){ bytes, n }, &scanned, limits, fault);
		free(bytes);
		if (length || n == text.n)
			return length;
	}
}

/* TP-19 */
static void any_split_gives_the_same_length(void **state)
{
	(void)state;
	char bytes[CORPUS_BYTES];
	for (size_t i = 0; i < COUNT(corpus); i++) {
		struct str text = corpus_read(corpus[i].file, bytes);
		struct sip_fault whole = { 0 }, split = { 0 };
		int64_t want = frame_in_steps(text, text.n, NULL, &whole);
		for (size_t step = 1; step < text.n; step = step < 90 ? step + 1 : step * 2)
			assert_int_equal(frame_in_steps(text, step, NULL, &split), want);
		assert_int_equal(whole.status, split.status);
		if (want <= 0)
			continue;
		/* The parser sees the same message, unless all of it is not there. */
		struct sample s;
		sample_open(&s, text, NULL);
		if (want <= (int64_t)text.n && s.parsed == SIP_PARSED)
			assert_int_equal(s.m.text.n, want);
		sample_close(&s);
	}
}

/* TP-19: messages that follow each other, cut at every place. */
static void a_run_of_messages_comes_apart_at_every_cut(void **state)
{
	(void)state;
	static const char *const run[] = {
		REQUEST("OPTIONS", "Content-Length: 0\r\n"), REQUEST("MESSAGE", "l : 5\r\n") "\r\n\r\nx",
		"SIP/2.0 200 OK\r\n" NEEDED("INVITE") "Content-Length:\r\n 3\r\n\r\nabc",
	};
	struct buf all = { 0 };
	for (size_t i = 0; i < COUNT(run); i++)
		buf_add(&all, str_of(run[i]));
	for (size_t cut = 0; cut <= all.n; cut++) {
		struct str rest = { all.p, cut };
		size_t scanned = 0, n = 0;
		struct sip_fault fault;
		for (int part = 0; part < 2; part++) {
			int64_t length;
			while ((length = sip_frame(rest, &scanned, NULL, &fault)) > 0 && (size_t)length <= rest.n) {
				assert_same(((struct str){ rest.p, (size_t)length }), str_of(run[n]));
				rest = (struct str){ rest.p + length, rest.n - (size_t)length };
				scanned = 0;
				n++;
			}
			assert_true(length >= 0);
			rest.n = (size_t)(all.p + all.n - rest.p);
		}
		assert_int_equal(n, COUNT(run));
	}
	buf_fini(&all);
}

/* TP-20 TP-21 TP-22 */
static void what_cannot_be_framed_says_why(void **state)
{
	(void)state;
	static const struct { const char *rows; int64_t body; unsigned status; } t[] = {
		{ "Content-Length: 0\r\n", 0, 0 }, { "l:5\r\n", 5, 0 }, { "content-length : 0010 \r\n", 10, 0 },
		{ "X-Content-Length: 5\r\nContent-Length: 6\r\n", 6, 0 }, { "A: b\r\n Content-Length: 5\r\nl: 1\r\n", 1, 0 },
		{ "", -1, 400 }, { "Content-Length:\r\n", -1, 400 }, { "Content-Length: -1\r\n", -1, 400 }, { "Content-Length: x\r\n", -1, 400 },
		{ "Content-Length: 4294967296\r\n", -1, 400 }, { "Content-Length: 18446744073709551616\r\n", -1, 400 },
		{ "l: 5\r\nl: 5\r\n", -1, 400 }, { "Content-Length: 5\r\nl: 6\r\n", -1, 400 }, { "Content-Length: 65536\r\n", -1, 413 },
		{ "Content-Length: 65535\r\n", 65535, 0 },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf b = { 0 };
		struct sip_fault fault = { 0 };
		buf_printf(&b, "OPTIONS sip:h SIP/2.0\r\n%s\r\n", t[i].rows);
		int64_t length = frame_in_steps(buf_str(&b), 1, NULL, &fault);
		assert_int_equal(length, t[i].body < 0 ? -1 : (int64_t)b.n + t[i].body);
		assert_int_equal(fault.status, t[i].status);
		buf_fini(&b);
	}
}

/* TP-22 */
static void a_tls_handshake_is_not_waited_for(void **state)
{
	(void)state;
	size_t scanned = 0;
	struct sip_fault fault;
	assert_int_equal(sip_frame(STR("\x16\x03\x01"), &scanned, NULL, &fault), -1);
	assert_int_equal(fault.status, 400);
}

static void a_head_that_never_ends_is_refused_at_the_limit(void **state)
{
	(void)state;
	static const char text[] = "OPTIONS sip:h SIP/2.0\r\nl: 0\r\n\r\n";
	struct sip_limits limits = { sizeof text - 1, 10, 10 };
	struct sip_fault fault = { 0 };
	assert_int_equal(frame_in_steps(STR("OPTIONS sip:h SIP/2.0\r\nl: 0\r\n\r\n"), 1, &limits, &fault), sizeof text - 1);
	limits.max_head_bytes--;
	assert_int_equal(frame_in_steps(STR("OPTIONS sip:h SIP/2.0\r\nl: 0\r\n\r\n"), 1, &limits, &fault), -1);
	assert_int_equal(fault.status, 513);
	assert_int_equal(frame_in_steps(STR("OPTIONS sip:h SIP/2.0\r\nA: xxxxxxxxxxxxxxxxx"), 1, &limits, &fault), -1);
	assert_int_equal(fault.status, 513);
}

/* The worker that a glance chooses is the one that the parser would have chosen. */
static void a_glance_sees_what_the_parser_sees(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(corpus); i++) {
		struct sample s;
		struct sip_glance glance;
		corpus_open(&s, corpus[i].file);
		assert_true(sip_glance(s.m.text, &glance));
		assert_int_equal(glance.is_request, s.m.is_request);
		assert_same(glance.method, s.m.method_name);
		assert_same(glance.ruri, str_trim(s.m.ruri_text));
		assert_same(glance.call_id, s.m.call_id);
		sample_close(&s);
	}
}

static void a_glance_is_bounded_and_tolerant(void **state)
{
	(void)state;
	struct sip_glance g;
	assert_false(sip_glance(STR_NONE, &g));
	assert_false(sip_glance(STR("\r\n\r\n"), &g));
	assert_false(sip_glance(STR("GET / HTTP/1.1\r\nCall-ID: x\r\n\r\n"), &g));
	assert_false(sip_glance(STR("INVITE sip:h SIP/2.0"), &g));
	assert_true(sip_glance(STR("\r\nINVITE sip:h SIP/2.0\r\nI \t: a b\r\n"), &g));
	assert_str(g.call_id, "a b");
	assert_true(sip_glance(STR("SIP/2.0 200 OK\r\nCall-ID:\r\n x\r\n\r\nCall-ID: y\r\n"), &g));
	assert_false(g.is_request);
	assert_str(g.call_id, "x");
	assert_true(sip_glance(STR("OPTIONS sip:h SIP/2.0\r\nA: b\r\n\r\nCall-ID: y\r\n"), &g));
	assert_none(g.call_id);

	/* Behind 4 KiB nothing is looked for, and a row that is cut there does not count. */
	for (size_t fill = 3900; fill < 4200; fill++) {
		struct buf b = { 0 };
		BUF_LIT(&b, "OPTIONS sip:h SIP/2.0\r\nA: ");
		while (b.n < fill)
			buf_byte(&b, 'x');
		BUF_LIT(&b, "\r\nCall-ID: c1\r\nB: c\r\n\r\n");
		assert_true(sip_glance(buf_str(&b), &g));
		if (g.call_id.p)
			assert_str(g.call_id, "c1");
		assert_int_equal(g.call_id.p != NULL, fill + strlen("\r\nCall-ID: c1\r\n") < 4096 || b.n <= 4096);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_split_gives_the_same_length),
		cmocka_unit_test(a_run_of_messages_comes_apart_at_every_cut),
		cmocka_unit_test(what_cannot_be_framed_says_why),
		cmocka_unit_test(a_tls_handshake_is_not_waited_for),
		cmocka_unit_test(a_head_that_never_ends_is_refused_at_the_limit),
		cmocka_unit_test(a_glance_sees_what_the_parser_sees),
		cmocka_unit_test(a_glance_is_bounded_and_tolerant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
