/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sip_edit.h"
#include <stdio.h>

#define TEXT REQUEST("INVITE", "Max-Forwards: 70\r\nRoute: <sip:a;lr>, <sip:b;lr>\r\nX: y\r\nRoute: <sip:c;lr>\r\n") "body\0\xff"

static void expect(const struct sip_edit *e, struct str want)
{
	struct buf out = { 0 };
	BUF_LIT(&out, "kept");
	sip_edit_write(e, &out);
	assert_true(str_starts(buf_str(&out), STR("kept")));
	assert_same(((struct str){ out.p + 4, out.n - 4 }), want);
	buf_fini(&out);
}

/* PX-13 PX-19 */
static void without_edits_every_byte_passes(void **state)
{
	(void)state;
	struct sample s;
	struct sip_edit e;
	sample_open(&s, STR("\r\n" TEXT), NULL);
	sip_edit_begin(&e, &s.m, &s.arena);
	expect(&e, STR(TEXT));
	sample_close(&s);
}

static void the_usual_edits_of_a_proxy_come_out_in_place(void **state)
{
	(void)state;
	struct sample s;
	struct sip_edit e;
	sample_open(&s, STR(TEXT), NULL);
	sip_edit_begin(&e, &s.m, &s.arena);
	sip_edit_add_row(&e, STR("Reason: SIP\r\n"));
	sip_edit_set(&e, SIP_H_MAX_FORWARDS, STR("69"));
	sip_edit_set(&e, SIP_H_EXPIRES, STR("60"));
	sip_edit_replace(&e, s.m.via.text, STR("SIP/2.0/UDP stamped"));
	sip_edit_add_first(&e, SIP_H_VIA, STR("SIP/2.0/UDP me"));
	sip_edit_add_first(&e, SIP_H_RECORD_ROUTE, STR("<sip:one;lr>"));
	sip_edit_add_first(&e, SIP_H_RECORD_ROUTE, STR("<sip:two;lr>"));
	sip_edit_add_first(&e, SIP_H_ROUTE, STR("<sip:new;lr>"));
	sip_edit_add_first(&e, SIP_H_CONTACT, STR("<sip:me>"));
	sip_edit_ruri(&e, STR("sip:target"));
	expect(&e, STR("INVITE sip:target SIP/2.0\r\n"
	               "Via: SIP/2.0/UDP me\r\nRecord-Route: <sip:one;lr>\r\nRecord-Route: <sip:two;lr>\r\n"
	               "Via: SIP/2.0/UDP stamped\r\n" FROM TO CALL_ID CSEQ("INVITE") "Max-Forwards: 69\r\n"
	               "Route: <sip:new;lr>\r\nRoute: <sip:a;lr>, <sip:b;lr>\r\nX: y\r\nRoute: <sip:c;lr>\r\n"
	               "Reason: SIP\r\nExpires: 60\r\nContact: <sip:me>\r\n\r\nbody\0\xff"));
	sample_close(&s);
}

static void an_empty_value_can_be_set(void **state)
{
	(void)state;
	struct sample s;
	struct sip_edit e;
	sample_open(&s, STR("OPTIONS sip:h SIP/2.0\r\nSubject:\r\nA: b\r\n\r\n"), NULL);
	sip_edit_begin(&e, &s.m, &s.arena);
	sip_edit_set(&e, SIP_H_SUBJECT, STR("new"));
	expect(&e, STR("OPTIONS sip:h SIP/2.0\r\nSubject:new\r\nA: b\r\n\r\n"));
	sample_close(&s);
}

/* A datagram may end behind its last row; what is sent has the empty line. */
static void a_missing_empty_line_is_added(void **state)
{
	(void)state;
	struct sample s;
	struct sip_edit e;
	sample_open(&s, STR("OPTIONS sip:h SIP/2.0\r\nA: b\r\n"), NULL);
	sip_edit_begin(&e, &s.m, &s.arena);
	sip_edit_add_row(&e, STR("C: d\r\n"));
	expect(&e, STR("OPTIONS sip:h SIP/2.0\r\nA: b\r\nC: d\r\n\r\n"));
	sample_close(&s);
}

static void rows_can_be_removed(void **state)
{
	(void)state;
	struct sample s;
	struct sip_edit e;
	sample_open(&s, STR("OPTIONS sip:h SIP/2.0\r\nK: a\r\nA: b\r\nSupported: c\r\nK:\r\n d\r\n\r\n"), NULL);
	sip_edit_begin(&e, &s.m, &s.arena);
	sip_edit_remove_all(&e, SIP_H_SUPPORTED);
	sip_edit_add_first(&e, SIP_H_SUPPORTED, STR("outbound"));
	expect(&e, STR("OPTIONS sip:h SIP/2.0\r\nSupported: outbound\r\nA: b\r\n\r\n"));
	sip_edit_begin(&e, &s.m, &s.arena);
	sip_edit_remove_row(&e, &s.m.headers[1]);
	sip_edit_remove_all(&e, SIP_H_VIA);
	expect(&e, STR("OPTIONS sip:h SIP/2.0\r\nK: a\r\nSupported: c\r\nK:\r\n d\r\n\r\n"));
	sample_close(&s);
}

/* Take out the values whose bit is set, in order. */
static void values_are_removed_with_their_comma_or_row(void **state)
{
	(void)state;
	static const char start[] = "OPTIONS sip:h SIP/2.0\r\n";
	static const struct { unsigned bits; const char *want; } t[] = {
		{ 0x00, "Route: <a:a> , <b:b>,\r\n <c:c>\r\nX: y\r\nRoute:<d:d>\r\n\r\n" },
		{ 0x01, "Route: <b:b>,\r\n <c:c>\r\nX: y\r\nRoute:<d:d>\r\n\r\n" },
		{ 0x03, "Route: <c:c>\r\nX: y\r\nRoute:<d:d>\r\n\r\n" },
		{ 0x07, "X: y\r\nRoute:<d:d>\r\n\r\n" },
		{ 0x0f, "X: y\r\n\r\n" },
		{ 0x08, "Route: <a:a> , <b:b>,\r\n <c:c>\r\nX: y\r\n\r\n" },
		{ 0x02, "Route: <a:a> ,\r\n <c:c>\r\nX: y\r\nRoute:<d:d>\r\n\r\n" },
		{ 0x04, "Route: <a:a> , <b:b>\r\nX: y\r\nRoute:<d:d>\r\n\r\n" },
		{ 0x06, "Route: <a:a> \r\nX: y\r\nRoute:<d:d>\r\n\r\n" },
		{ 0x05, "Route: <b:b>\r\nX: y\r\nRoute:<d:d>\r\n\r\n" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sample s;
		struct sip_edit e;
		struct sip_values it;
		struct str value;
		unsigned n = 0;
		struct buf want = { 0 };
		buf_printf(&want, "%s%s", start, t[i].want);
		sample_open(&s, STR("OPTIONS sip:h SIP/2.0\r\nRoute: <a:a> , <b:b>,\r\n <c:c>\r\nX: y\r\nRoute:<d:d>\r\n\r\n"), NULL);
		sip_edit_begin(&e, &s.m, &s.arena);
		for (sip_values_begin(&it, &s.m, SIP_H_ROUTE); sip_values_next(&it, &value); n++)
			if (t[i].bits >> n & 1)
				sip_edit_remove_value(&e, &it, value);
		expect(&e, buf_str(&want));
		buf_fini(&want);
		sample_close(&s);
	}
}

static unsigned roll(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33) % below;
}

enum { MOST = 40 };

/* The naive way: byte by byte, first what is inserted here, then what stands here unless it is taken out. */
static void model(struct str text, const struct sip_edit_op *ops, unsigned count, struct buf *out)
{
	for (size_t at = 0; at <= text.n; ) {
		for (unsigned i = 0; i < count; i++)
			if (!ops[i].remove && ops[i].at == text.p + at)
				buf_add(out, ops[i].insert);
		size_t taken = 0;
		for (unsigned i = 0; i < count; i++)
			if (ops[i].remove && ops[i].at == text.p + at) {
				buf_add(out, ops[i].insert);
				taken = ops[i].remove;
			}
		if (!taken && at < text.n)
			buf_byte(out, text.p[at]);
		at += taken ? taken : 1;
	}
}

static void random_edits_agree_with_the_naive_way(void **state)
{
	(void)state;
	static const struct str words[] = { STR_INIT(""), STR_INIT("a"), STR_INIT("bc\r\n"), STR_INIT("longer than most") };
	uint64_t seed = 1;
	for (int round = 0; round < 20000; round++) {
		struct sample s;
		struct sip_edit e;
		struct sip_edit_op ops[MOST];
		unsigned count = 0;
		sample_open(&s, STR(TEXT), NULL);
		sip_edit_begin(&e, &s.m, &s.arena);
		/* Places that do not overlap, from left to right, handed in in random order. */
		for (size_t at = roll(&seed, 60); at < s.m.text.n && count < MOST; ) {
			size_t remove = roll(&seed, 3) ? roll(&seed, 30) : 0;
			if (remove > s.m.text.n - at)
				remove = s.m.text.n - at;
			ops[count++] = (struct sip_edit_op){ s.m.text.p + at, remove, words[roll(&seed, COUNT(words))], 0 };
			at += remove + roll(&seed, 40) * roll(&seed, 2);
			if (!remove && roll(&seed, 2))
				at++;
		}
		for (unsigned i = count; i > 1; i--) {
			unsigned j = roll(&seed, i);
			struct sip_edit_op op = ops[i - 1];
			ops[i - 1] = ops[j];
			ops[j] = op;
		}
		for (unsigned i = 0; i < count; i++)
			sip_edit_replace(&e, (struct str){ ops[i].at, ops[i].remove }, ops[i].insert);
		struct buf want = { 0 };
		model(s.m.text, ops, count, &want);
		expect(&e, buf_str(&want));
		buf_fini(&want);
		sample_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_edits_every_byte_passes),
		cmocka_unit_test(the_usual_edits_of_a_proxy_come_out_in_place),
		cmocka_unit_test(an_empty_value_can_be_set),
		cmocka_unit_test(a_missing_empty_line_is_added),
		cmocka_unit_test(rows_can_be_removed),
		cmocka_unit_test(values_are_removed_with_their_comma_or_row),
		cmocka_unit_test(random_edits_agree_with_the_naive_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
