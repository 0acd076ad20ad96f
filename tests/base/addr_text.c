/* SPDX-License-Identifier: Apache-2.0 */
/* addr_text.c - what we read and write is what inet_pton and inet_ntop read and write. */
#include "check.h"
#include "addr.h"
#include "random.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* --- reading --- */

/* By libc: brackets off (they are for IPv6), three colons made two (RFC 5118 §4.10), then both families are tried. */
static bool libc_parse(struct str text, struct addr *out)
{
	char plain[64];
	unsigned char ip[16];
	struct addr a = { 0 };
	if (text.n && text.p[0] == '[') {
		if (text.n < 2 || text.p[text.n - 1] != ']')
			return false;
		text = (struct str){ text.p + 1, text.n - 2 };
		if (!str_find(text, ':'))
			return false;
	}
	if (text.n == 0 || text.n >= sizeof plain || str_find(text, '\0'))
		return false;
	memcpy(plain, text.p, text.n);
	plain[text.n] = '\0';
	char *slip = strstr(plain, ":::");
	if (slip)
		memmove(slip, slip + 1, strlen(slip));
	if (inet_pton(AF_INET, plain, ip) == 1) {
		a.family = AF_INET;
		memcpy(a.ip, ip, 4);
	} else if (inet_pton(AF_INET6, plain, ip) == 1) {
		addr_set_ip6(&a, ip);
	} else {
		return false;
	}
	*out = a;
	return true;
}

/* The text stands at the end of its own heap block, so that a byte read too much is noticed. */
static bool agrees(const char *p, size_t n)
{
	struct addr ours, theirs;
	char *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, p, n);
	memset(&ours, 0xee, sizeof ours);
	struct addr untouched = ours;
	bool read = addr_parse_ip((struct str){ copy, n }, &ours), expected = libc_parse((struct str){ copy, n }, &theirs);
	free(copy);
	return read == expected && addr_eq(&ours, read ? &theirs : &untouched);
}

static void assert_agrees(const char *p, size_t n)
{
	if (!agrees(p, n))
		fail_msg("\"%.*s\"", (int)n, p);
}

/* All texts of up to five characters that can make a difference. */
static void short_texts_are_read_as_by_libc(void **state)
{
	static const char letters[] = "0159aFg:.[]";
	enum { LETTERS = sizeof letters - 1 };
	(void)state;
	for (unsigned n = 0, count = 1; n <= 5; n++, count *= LETTERS)
		for (unsigned number = 0; number < count; number++) {
			char text[5];
			unsigned rest = number;
			for (unsigned i = 0; i < n; i++, rest /= LETTERS)
				text[i] = letters[rest % LETTERS];
			assert_agrees(text, n);
		}
}

static void every_number_is_an_octet_or_none_at_every_place(void **state)
{
	static const char *const formats[] = { "%s.2.3.4", "1.%s.3.4", "1.2.%s.4", "1.2.3.%s", "::%s.2.3.4", "::1.2.3.%s" };
	(void)state;
	for (unsigned f = 0; f < COUNT(formats); f++)
		for (unsigned number = 0; number < 1100; number++)
			for (int width = 1; width <= 4; width++) {
				char octet[16], text[64];
				snprintf(octet, sizeof octet, "%0*u", width, number);
				size_t n = (size_t)snprintf(text, sizeof text, formats[f], octet);
				assert_agrees(text, n);
			}
}

/* Groups, gaps and IPv4 parts put together at random: about every third text is an address. */
static size_t random_text(char *out)
{
	static const char *const separators[] = { ":", ":", ":", ":", "::", "::", ":::", ".", "" };
	size_t n = 0;
	unsigned parts = 1 + random_below(9);
	if (random_below(8) == 0)
		out[n++] = '[';
	if (random_below(4) == 0)
		n += (size_t)sprintf(out + n, "%s", separators[random_below(COUNT(separators))]);
	for (unsigned i = 0; i < parts; i++) {
		unsigned group = random_below(4) ? random_below(0x10000) : random_below(4);
		n += (size_t)sprintf(out + n, random_below(2) ? "%x" : random_below(9) ? "%X" : "%05x", group);
		if (i + 1 < parts)
			n += (size_t)sprintf(out + n, "%s", separators[random_below(random_below(4) ? 4 : COUNT(separators))]);
	}
	if (random_below(4) == 0)
		n += (size_t)sprintf(out + n, ":%u.%u.%u.%u", random_below(260), random_below(256), random_below(256), random_below(256));
	if (random_below(8) == 0)
		out[n++] = random_below(2) ? ']' : ':';
	return n;
}

static void random_texts_are_read_as_by_libc(void **state)
{
	unsigned addresses = 0;
	(void)state;
	for (unsigned i = 0; i < 400000; i++) {
		char text[200];
		struct addr a;
		size_t n = random_text(text);
		assert_agrees(text, n);
		addresses += addr_parse_ip((struct str){ text, n }, &a);
		text[random_below((uint32_t)n)] = "0:.f]"[random_below(5)];
		assert_agrees(text, n);
	}
	assert_true(addresses > 20000);
}

/* --- writing --- */

static void assert_written_as_by_libc(const struct addr *a)
{
	char expected[INET6_ADDRSTRLEN], host[64], whole[64], text[ADDR_TEXT];
	struct buf b = { 0 };
	assert_non_null(inet_ntop(a->family, a->ip, expected, sizeof expected));
	snprintf(host, sizeof host, a->family == AF_INET6 ? "[%s]" : "%s", expected);
	snprintf(whole, sizeof whole, "%s:%u", host, a->port);
	addr_write_ip(&b, a);
	assert_str(buf_str(&b), expected);
	buf_clear(&b);
	addr_write_host(&b, a);
	assert_str(buf_str(&b), host);
	buf_clear(&b);
	addr_write(&b, a);
	assert_str(buf_str(&b), whole);
	assert_string_equal(addr_text(a, text), whole);
	buf_fini(&b);
}

static void ip4_is_written_as_by_libc(void **state)
{
	(void)state;
	for (unsigned octet = 0; octet < 256; octet++)
		for (unsigned at = 0; at < 4; at++) {
			struct addr a = { .ip = { 1, 20, 255, 0 }, .port = (uint16_t)(octet * 257), .family = AF_INET };
			a.ip[at] = (uint8_t)octet;
			assert_written_as_by_libc(&a);
		}
}

/* Every pattern of zero groups, with groups of every length: RFC 5952 §4.2 and its ties, IPv4 parts (RFC 4291 §2.5.5.1). */
static void ip6_is_written_as_by_libc(void **state)
{
	(void)state;
	for (unsigned zeros = 0; zeros < 256; zeros++)
		for (unsigned turn = 0; turn < 200; turn++) {
			uint8_t ip[16];
			struct addr a;
			for (unsigned i = 0; i < 8; i++) {
				unsigned group = zeros >> i & 1 ? 0 : 1 + random_below(0xffffu >> 4 * random_below(4));
				ip[2 * i] = (uint8_t)(group >> 8);
				ip[2 * i + 1] = (uint8_t)group;
			}
			addr_set_ip6(&a, ip);
			a.port = (uint16_t)random_below(65536);
			assert_written_as_by_libc(&a);
			struct addr back;
			char text[ADDR_TEXT];
			assert_true(addr_parse(str_of(addr_text(&a, text)), 0, &back));
			assert_true(addr_eq(&a, &back));
		}
}

static void without_an_address_nothing_is_written(void **state)
{
	struct addr none = { .port = 7 };
	struct buf b = { 0 };
	(void)state;
	addr_write_host(&b, &none);
	assert_str(buf_str(&b), "");
	addr_write(&b, &none);
	assert_str(buf_str(&b), ":7");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_texts_are_read_as_by_libc),
		cmocka_unit_test(every_number_is_an_octet_or_none_at_every_place),
		cmocka_unit_test(random_texts_are_read_as_by_libc),
		cmocka_unit_test(ip4_is_written_as_by_libc),
		cmocka_unit_test(ip6_is_written_as_by_libc),
		cmocka_unit_test(without_an_address_nothing_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
