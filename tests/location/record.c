/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"
#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static struct binding sample(void)
{
	struct binding b = {
		.aor = STR("b\0b@example.com"), .instance = STR("urn:uuid:1"), .reg_id = 2, .contact = STR("sip:b@h;x"),
		.contact_params = STR(";q=0.5;+foo=\"<a>\""), .path = STR("<sip:e;lr>"), .call_id = STR("c@h"), .user_agent = STR("ua"),
		.cseq = 4294967295u, .q = 500, .expires_wall_ms = 1700000000123, .updated_wall_ms = 1700000000001, .via_flow = true,
		.flow = { .serial = 0x0102030405060708, .kind = TRANSPORT_TLS, .listener = 3 },
	};
	addr_parse(STR("[2001:db8::7]:5061"), 0, &b.flow.local);
	addr_parse(STR("192.0.2.1:40000"), 0, &b.flow.remote);
	return b;
}

static struct str written(const struct binding *b, char *out)
{
	record_write(b, out);
	return (struct str){ out, record_size(b) };
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	struct binding b = sample(), r;
	char bytes[1024];
	assert_true(record_read(written(&b, bytes), &r));
	assert_true(str_eq(r.aor, b.aor) && str_eq(r.instance, b.instance) && str_eq(r.contact, b.contact));
	assert_true(str_eq(r.contact_params, b.contact_params) && str_eq(r.path, b.path));
	assert_true(str_eq(r.call_id, b.call_id) && str_eq(r.user_agent, b.user_agent));
	assert_int_equal(r.reg_id, 2);
	assert_true(r.cseq == b.cseq && r.q == 500 && r.via_flow);
	assert_true(r.expires_wall_ms == b.expires_wall_ms && r.updated_wall_ms == b.updated_wall_ms);
	assert_true(r.flow.serial == b.flow.serial && r.flow.kind == TRANSPORT_TLS && r.flow.listener == 3);
	assert_true(addr_eq(&r.flow.local, &b.flow.local) && addr_eq(&r.flow.remote, &b.flow.remote));
}

static void shorter_or_longer_record_is_refused(void **state)
{
	(void)state;
	struct binding b = sample(), r;
	char bytes[1024];
	struct str whole = written(&b, bytes);
	for (size_t n = 0; n <= whole.n + 1; n++) {
		char *exact = malloc(n ? n : 1);        /* so that reading past the end is seen */
		memcpy(exact, bytes, n);
		assert_int_equal(record_read((struct str){ exact, n }, &r), n == whole.n);
		free(exact);
	}
}

static void record_that_makes_no_sense_is_refused(void **state)
{
	static const struct { size_t at; unsigned char value; const char *what; } rows[] = {
		{ 0, 2, "version" }, { 0, 0, "version" }, { 1, 2, "flags" }, { 2, TRANSPORT_KINDS, "transport" },
		{ 19, 0x80, "negative expiry" }, { 27, 0x80, "negative update time" }, { 37, 0xff, "q" }, { 38, 5, "family" },
		{ 61, 1, "family" }, { 87, 0x80, "length" },
	};
	(void)state;
	struct binding b = sample(), r;
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char bytes[1024];
		struct str whole = written(&b, bytes);
		bytes[rows[i].at] = (char)rows[i].value;
		if (record_read(whole, &r))
			fail_msg("%s was believed", rows[i].what);
	}
	char bytes[1024];
	b.instance = STR_NONE;
	assert_false(record_read(written(&b, bytes), &r));      /* a reg-id of nobody */
}

static struct str key(struct binding b, char *out)
{
	record_key_write(&b, out);
	return (struct str){ out, record_key_size(&b) };
}

static void keys_differ_exactly_where_bindings_do(void **state)
{
	(void)state;
	char x[256], y[256];
	struct binding a = sample(), b = sample();
	b.contact = STR("sip:other@h");
	assert_true(str_eq(key(a, x), key(b, y)));
	b.reg_id = 3;
	assert_false(str_eq(key(a, x), key(b, y)));
	a.reg_id = b.reg_id = 0;
	assert_false(str_eq(key(a, x), key(b, y)));
	b.contact = a.contact;
	b.instance = STR_NONE;
	assert_true(str_eq(key(a, x), key(b, y)));
	/* Where one string ends and the next begins makes a difference. */
	a.aor = STR("ab"), a.contact = STR("c");
	b.aor = STR("a"), b.contact = STR("bc");
	assert_false(str_eq(key(a, x), key(b, y)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(shorter_or_longer_record_is_refused),
		cmocka_unit_test(record_that_makes_no_sense_is_refused),
		cmocka_unit_test(keys_differ_exactly_where_bindings_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
