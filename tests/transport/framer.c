/* SPDX-License-Identifier: Apache-2.0 */
/* framer.c - a stream's bytes give the same messages and pings however they are cut. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "buf.h"
#include "framer.h"
#include "random.h"

#define REQUEST "OPTIONS sip:a@b.test SIP/2.0\r\nVia: SIP/2.0/TCP c.test;branch=z9hG4bK1\r\nContent-Length: 0\r\n\r\n"
#define WITH_BODY "MESSAGE sip:a@b.test SIP/2.0\r\nl: 9\r\n\r\n\r\n\r\nhello"

/* What came out: 'M' and the length of each message, 'P' for each ping, '!' for the end. */
struct reader {
	struct framer framer;
	struct buf kept, seen;
	bool bad;
};

static void feed(struct reader *r, struct str bytes)
{
	struct str message, rest;
	struct sip_fault fault;
	buf_add(&r->kept, bytes);
	rest = buf_str(&r->kept);
	for (enum framer_result got = FRAMER_PING; got != FRAMER_MORE && !r->bad; ) {
		got = framer_next(&r->framer, &rest, NULL, &message, &fault);
		switch (got) {
		case FRAMER_MORE:
			break;
		case FRAMER_MESSAGE:
			buf_printf(&r->seen, "M%zu ", message.n);
			break;
		case FRAMER_PING:
			BUF_LIT(&r->seen, "P ");
			break;
		case FRAMER_BAD:
			buf_printf(&r->seen, "!%u ", fault.status);
			r->bad = true;
			break;
		}
	}
	if (rest.n)
		memmove(r->kept.p, rest.p, rest.n);
	r->kept.n = rest.n;
}

static void done(struct reader *r)
{
	buf_fini(&r->kept);
	buf_fini(&r->seen);
	*r = (struct reader){ .bad = false };
}

static const struct {
	struct str bytes;
	const char *seen;
} cases[] = {
	{ STR_INIT(REQUEST), "M92 " },
	{ STR_INIT(REQUEST REQUEST WITH_BODY), "M92 M92 M47 " },
	{ STR_INIT("\r\n\r\n"), "P " },
	{ STR_INIT("\r\n"), "" },
	{ STR_INIT("\r\n" REQUEST), "M92 " },
	{ STR_INIT("\r\n" REQUEST "\r\n"), "M92 " },
	{ STR_INIT("\r\n\r\n" REQUEST), "P M92 " },
	{ STR_INIT(REQUEST "\r\n\r\n"), "M92 P " },
	{ STR_INIT("\r\n\r\n\r\n" REQUEST "\r\n\r\n\r\n\r\n"), "P M92 P P " },
	{ STR_INIT("\r\n" REQUEST "\r\n" WITH_BODY "\r\n\r\n"), "M92 M47 P " },
	{ STR_INIT("\r\r\n\n\r\n\r\n" REQUEST), "P M92 " },
	{ STR_INIT("\r\n\n\r\n" REQUEST), "M92 " },
	{ STR_INIT(REQUEST "OPTIONS sip:a@b.test SIP/2.0\r\nl: x\r\n\r\n"), "M92 !400 " },
	{ STR_INIT("OPTIONS sip:a@b.test SIP/2.0\r\n\r\n"), "!400 " },
};

/* TP-18 TP-19 OB-57 */
static void messages_and_pings_come_out_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct reader r = { .bad = false };
		feed(&r, cases[i].bytes);
		buf_byte(&r.seen, '\0');
		assert_string_equal(r.seen.p, cases[i].seen);
		done(&r);
	}
}

/* TP-18 TP-19 OB-57 */
static void every_cut_in_two_and_bytes_one_by_one_give_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str all = cases[i].bytes;
		struct reader r = { .bad = false };
		for (size_t cut = 0; cut <= all.n; cut++) {
			feed(&r, (struct str){ all.p, cut });
			feed(&r, (struct str){ all.p + cut, all.n - cut });
			buf_byte(&r.seen, '\0');
			assert_string_equal(r.seen.p, cases[i].seen);
			done(&r);
		}
		for (size_t at = 0; at < all.n; at++)
			feed(&r, (struct str){ all.p + at, 1 });
		buf_byte(&r.seen, '\0');
		assert_string_equal(r.seen.p, cases[i].seen);
		done(&r);
	}
}

/* TP-19 */
static void random_cuts_give_the_same(void **state)
{
	static const char all[] = "\r\n\r\n" REQUEST REQUEST "\r\n\r\n" WITH_BODY REQUEST "\r\n" WITH_BODY "\r\n\r\n\r\n\r\n";
	(void)state;
	for (int round = 0; round < 300; round++) {
		struct reader r = { .bad = false };
		for (size_t at = 0; at < sizeof all - 1; ) {
			size_t n = 1 + random_below(60);
			n = n < sizeof all - 1 - at ? n : sizeof all - 1 - at;
			feed(&r, (struct str){ all + at, n });
			at += n;
		}
		buf_byte(&r.seen, '\0');
		assert_string_equal(r.seen.p, "P M92 M92 P M47 M92 M47 P P ");
		done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_and_pings_come_out_whole),
		cmocka_unit_test(every_cut_in_two_and_bytes_one_by_one_give_the_same),
		cmocka_unit_test(random_cuts_give_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
