/* SPDX-License-Identifier: Apache-2.0 */
/* stun.c - STUN answers by themselves. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "random.h"
#include "stun.h"

#define COOKIE "\x21\x12\xA4\x42"
#define ID     "abcdefghijkl"
#define BYTES(lit) ((struct str){ (lit), sizeof(lit) - 1 })

static struct addr from_of(const char *text)
{
	struct addr a;
	assert_true(addr_parse(str_of(text), 0, &a));
	return a;
}

static enum stun_result handle(struct str datagram, char answer[STUN_ANSWER_MAX], size_t *n)
{
	struct addr from = from_of("192.0.2.1:32853");
	return stun_handle(datagram, &from, answer, n);
}

/* TP-28 */
static void the_address_comes_back_mixed_with_cookie_and_id(void **state)
{
	char answer[STUN_ANSWER_MAX];
	size_t n;
	(void)state;
	struct str request = BYTES("\x00\x01\x00\x00" COOKIE ID);
	assert_int_equal(handle(request, answer, &n), STUN_ANSWER);
	/* 192.0.2.1:32853 as in RFC 5769 §2.2 */
	static const char expected[] = "\x01\x01\x00\x0c" COOKIE ID "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43";
	assert_int_equal(n, sizeof expected - 1);
	assert_memory_equal(answer, expected, n);
}

/* TP-28 */
static void an_ipv6_address_is_mixed_with_the_id_too(void **state)
{
	/* RFC 5769 §2.3 */
	static const char id[] = "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae";
	static const char expected[] = "\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9";
	char request[20] = "\x00\x01\x00\x00" COOKIE, answer[STUN_ANSWER_MAX];
	struct addr from = from_of("[2001:db8:1234:5678:11:2233:4455:6677]:32853");
	size_t n;
	(void)state;
	memcpy(request + 8, id, 12);
	assert_int_equal(stun_handle((struct str){ request, 20 }, &from, answer, &n), STUN_ANSWER);
	assert_int_equal(n, 20 + sizeof expected - 1);
	assert_memory_equal(answer + 4, request + 4, 16);
	assert_memory_equal(answer + 20, expected, n - 20);
}

/* RFC 5626 §4.4.2 */
static void a_failed_flow_is_told_by_an_error(void **state)
{
	char answer[STUN_ANSWER_MAX];
	size_t n;
	(void)state;
	struct str request = BYTES("\x00\x01\x00\x08" COOKIE ID "\x80\x22\x00\x02hi\x00\x00");
	assert_int_equal(handle(request, answer, &n), STUN_ANSWER);
	n = stun_flow_failed(request, answer);
	static const char expected[] = "\x01\x11\x00\x24" COOKIE ID "\x00\x09\x00\x1f\x00\x00\x04\x00"
	                               "Flow Failed, register again\x00";
	assert_int_equal(n, sizeof expected - 1);
	assert_memory_equal(answer, expected, n);
}

/* TP-29 */
static void unknown_required_attributes_get_420_and_optional_ones_do_not_matter(void **state)
{
	char answer[STUN_ANSWER_MAX];
	size_t n;
	(void)state;
	struct str optional = BYTES("\x00\x01\x00\x08" COOKIE ID "\x80\x22\x00\x02hi\x00\x00");
	assert_int_equal(handle(optional, answer, &n), STUN_ANSWER);
	assert_memory_equal(answer, "\x01\x01", 2);
	struct str username = BYTES("\x00\x01\x00\x08" COOKIE ID "\x00\x06\x00\x03" "bob\x00");
	assert_int_equal(handle(username, answer, &n), STUN_ANSWER);
	assert_memory_equal(answer, "\x01\x01", 2);
	struct str required = BYTES("\x00\x01\x00\x0c" COOKIE ID "\x00\x03\x00\x04\x00\x00\x00\x06\x7f\xff\x00\x00");
	assert_int_equal(handle(required, answer, &n), STUN_ANSWER);
	static const char expected[] = "\x01\x11\x00\x24" COOKIE ID "\x00\x09\x00\x15\x00\x00\x04\x14Unknown Attribute\x00\x00\x00"
	                               "\x00\x0a\x00\x04\x00\x03\x7f\xff";
	assert_int_equal(n, sizeof expected - 1);
	assert_memory_equal(answer, expected, n);
	/* Behind MESSAGE-INTEGRITY nothing counts. */
	struct str sealed = BYTES("\x00\x01\x00\x20" COOKIE ID "\x00\x08\x00\x14" "01234567890123456789" "\x00\x03\x00\x04\x00\x00\x00\x06");
	assert_int_equal(handle(sealed, answer, &n), STUN_ANSWER);
	assert_memory_equal(answer, "\x01\x01", 2);
}

/* TP-31 */
static void an_answer_stays_small_whatever_is_asked(void **state)
{
	char request[20 + 4 * 100] = "\x00\x01\x01\x90" COOKIE ID, answer[STUN_ANSWER_MAX];
	size_t n = 0;
	(void)state;
	for (int i = 0; i < 100; i++)
		memcpy(request + 20 + 4 * i, "\x7f\x00\x00\x00", 4);
	assert_int_equal(handle((struct str){ request, sizeof request }, answer, &n), STUN_ANSWER);
	assert_in_range(n, 40, 80);
}

/* TP-30 */
static void everything_else_is_met_with_silence(void **state)
{
	static const struct {
		struct str bytes;
		enum stun_result result;
	} cases[] = {
		{ STR_INIT("\x00\x01\x00\x00\x21\x12\xA4\x43" ID), STUN_NOT },                  /* another cookie */
		{ STR_INIT("\x00\x01\x00\x04" COOKIE ID), STUN_NOT },                           /* longer than the datagram */
		{ STR_INIT("\x00\x01\x00\x00" COOKIE ID "more"), STUN_NOT },                    /* shorter */
		{ STR_INIT("\x00\x01\x00\x03" COOKIE ID "abc"), STUN_NOT },                     /* no multiple of 4 */
		{ STR_INIT("\x00\x01\x00\x00" COOKIE), STUN_NOT },
		{ STR_INIT("\x40\x01\x00\x00" COOKIE ID), STUN_NOT },
		{ STR_INIT("OPTIONS sip:a@b SIP/2.0\r\n"), STUN_NOT },
		{ STR_INIT(""), STUN_NOT },
		{ STR_INIT("\x00\x11\x00\x00" COOKIE ID), STUN_SILENT },                        /* indication */
		{ STR_INIT("\x01\x01\x00\x00" COOKIE ID), STUN_SILENT },                        /* success response */
		{ STR_INIT("\x01\x11\x00\x00" COOKIE ID), STUN_SILENT },                        /* error response */
		{ STR_INIT("\x00\x03\x00\x00" COOKIE ID), STUN_SILENT },                        /* TURN Allocate */
		{ STR_INIT("\x00\x01\x00\x04" COOKIE ID "\x80\x22\x00\x08"), STUN_SILENT },     /* attribute beyond the end */
		{ STR_INIT("\x00\x01\x00\x08" COOKIE ID "\x80\x28\x00\x04" "oops"), STUN_SILENT },      /* wrong fingerprint */
		{ STR_INIT("\x00\x01\x00\x04" COOKIE ID "\x80\x28\x00\x00"), STUN_SILENT },     /* empty fingerprint */
	};
	char answer[STUN_ANSWER_MAX];
	size_t n;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(handle(cases[i].bytes, answer, &n), cases[i].result);
}

/* TP-30 */
static void a_right_fingerprint_is_accepted(void **state)
{
	/* RFC 5769 §2.1, as it stands there, with its CRC at the end. */
	static const char request[] =
		"\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\x80\x22\x00\x10STUN test client"
		"\x00\x24\x00\x04\x6e\x00\x01\xff\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36\x00\x06\x00\x09"
		"evtj:h6vY\x20\x20\x20\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2"
		"\x80\x28\x00\x04\xe5\x7a\x3b\xcf";
	char changed[sizeof request], answer[STUN_ANSWER_MAX];
	size_t n;
	(void)state;
	assert_int_equal(handle(BYTES(request), answer, &n), STUN_ANSWER);
	memcpy(changed, request, sizeof request);
	changed[30] ^= 1;
	assert_int_equal(handle((struct str){ changed, sizeof request - 1 }, answer, &n), STUN_SILENT);
}

/* TP-30 */
static void random_bytes_behind_a_good_start_never_overrun(void **state)
{
	char datagram[200], answer[STUN_ANSWER_MAX];
	(void)state;
	for (int i = 0; i < 10000; i++) {
		size_t size = 20 + 4 * random_below(20), n = 0;
		random_bytes(datagram, size);
		memcpy(datagram, "\x00\x01\x00\x00" COOKIE, 8);
		datagram[3] = (char)(size - 20);
		for (size_t at = 20; at < size; at += 4)        /* plausible lengths, so that walks go far */
			datagram[at + 2] = 0, datagram[at + 3] &= 0x0f;
		if (handle((struct str){ datagram, size }, answer, &n) == STUN_ANSWER)
			assert_in_range(n, 32, 80);
	}
}

/* TP-31 */
static void a_source_gets_so_many_answers_a_second(void **state)
{
	struct stun_limit *l = stun_limit_new(3);
	struct addr a = from_of("192.0.2.1:1"), same_ip = from_of("192.0.2.1:2"), b = from_of("192.0.2.2:1");
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(stun_limit_allows(l, i % 2 ? &a : &same_ip, 1000));
	assert_false(stun_limit_allows(l, &a, 1500));
	assert_true(stun_limit_allows(l, &b, 1500));
	assert_false(stun_limit_allows(l, &a, 1999));
	assert_true(stun_limit_allows(l, &a, 2000));
	stun_limit_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_address_comes_back_mixed_with_cookie_and_id),
		cmocka_unit_test(an_ipv6_address_is_mixed_with_the_id_too),
		cmocka_unit_test(a_failed_flow_is_told_by_an_error),
		cmocka_unit_test(unknown_required_attributes_get_420_and_optional_ones_do_not_matter),
		cmocka_unit_test(an_answer_stays_small_whatever_is_asked),
		cmocka_unit_test(everything_else_is_met_with_silence),
		cmocka_unit_test(a_right_fingerprint_is_accepted),
		cmocka_unit_test(random_bytes_behind_a_good_start_never_overrun),
		cmocka_unit_test(a_source_gets_so_many_answers_a_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
