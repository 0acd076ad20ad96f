/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sip_digest.h"
#include <stdio.h>

static struct sip_digest *engines;
static struct arena arena;

static int begin(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 0);
	return sip_digest_new(&engines);
}

static int end(void **state)
{
	(void)state;
	sip_digest_free(engines);
	sip_digest_free(NULL);
	arena_fini(&arena);
	return 0;
}

/* AU-07: the vectors of RFC 7616 §3.9.1 and RFC 2617 §3.5. */
static void the_vectors_of_the_rfcs_come_out(void **state)
{
	(void)state;
	static const struct { const char *user, *password, *method, *row; } t[] = {
		{ "Mufasa", "Circle Of Life", "GET",
		  "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
		  "uri=\"/dir/index.html\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", "
		  "response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"" },
		{ "Mufasa", "Circle of Life", "GET",
		  "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=MD5, "
		  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "
		  "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"8ca523f5e9506fed4657c9700eebdbec\", "
		  "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"" },
		{ "Mufasa", "Circle of Life", "GET",
		  "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=SHA-256, "
		  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "
		  "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "
		  "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sip_credentials c;
		char ha1[SIP_DIGEST_HEX_MAX], hex[SIP_DIGEST_HEX_MAX];
		assert_int_equal(sip_credentials_parse(str_of(t[i].row), &arena, &c), SIP_CREDENTIALS_OK);
		assert_str(c.username, t[i].user);
		assert_int_equal(c.nc, 1);
		size_t n = sip_digest_ha1(engines, c.algorithm, c.username, c.realm, str_of(t[i].password), ha1);
		size_t m = sip_digest_response(engines, &c, (struct str){ ha1, n }, str_of(t[i].method), STR_NONE, hex);
		assert_same(((struct str){ hex, m }), c.response);
	}
}

/* AU-06. RFC 7616 §3.9.2 prints the first half of a SHA-512 by mistake; SHA-512/256 is another function. */
static void hashes_are_the_published_ones(void **state)
{
	(void)state;
	static const struct { enum sip_digest_algorithm a; const char *data, *hex; } t[] = {
		{ SIP_DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ SIP_DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ SIP_DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ SIP_DIGEST_SHA512_256, "abc", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23" },
		{ SIP_DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
	};
	for (int twice = 0; twice < 2; twice++)
		for (size_t i = 0; i < COUNT(t); i++) {
			char hex[SIP_DIGEST_HEX_MAX];
			size_t n = sip_digest_hash(engines, t[i].a, str_of(t[i].data), hex);
			assert_str(((struct str){ hex, n }), t[i].hex);
		}
	char hex[SIP_DIGEST_HEX_MAX];
	assert_int_equal(sip_digest_hash(engines, SIP_DIGEST_UNKNOWN, STR("x"), hex), 0);
}

static struct str hash(enum sip_digest_algorithm a, const char *text)
{
	char *hex = arena_alloc(&arena, SIP_DIGEST_HEX_MAX);
	return (struct str){ hex, sip_digest_hash(engines, a, str_of(text), hex) };
}

/* AU-07 AU-08: every form, spelled out by hand. */
static void each_form_hashes_what_the_rfc_says(void **state)
{
	(void)state;
	for (int a = 0; a < SIP_DIGEST_COUNT; a++) {
		struct sip_credentials c = { .username = STR("u"), .realm = STR("r"), .nonce = STR("n"), .uri = STR("sip:h"), .cnonce = STR("c"),
			                     .nc = 10, .nc_text = STR("0000000A"), .algorithm = (enum sip_digest_algorithm)a };
		struct str ha1 = hash(c.algorithm, "u:r:p"), ha2 = hash(c.algorithm, "REGISTER:sip:h");
		struct str empty = hash(c.algorithm, ""), body = hash(c.algorithm, "v=0");
		char hex[SIP_DIGEST_HEX_MAX], text[512];
		size_t n = sip_digest_response(engines, &c, ha1, STR("REGISTER"), STR("v=0"), hex);
		snprintf(text, sizeof text, "%.*s:n:%.*s", STR_FMT(ha1), STR_FMT(ha2));
		assert_same(((struct str){ hex, n }), hash(c.algorithm, text));

		c.qop = STR("auth");
		n = sip_digest_response(engines, &c, ha1, STR("REGISTER"), STR("v=0"), hex);
		snprintf(text, sizeof text, "%.*s:n:0000000A:c:auth:%.*s", STR_FMT(ha1), STR_FMT(ha2));
		assert_same(((struct str){ hex, n }), hash(c.algorithm, text));

		c.session = true;
		n = sip_digest_response(engines, &c, ha1, STR("REGISTER"), STR("v=0"), hex);
		snprintf(text, sizeof text, "%.*s:n:c", STR_FMT(ha1));
		struct str session = hash(c.algorithm, text);
		snprintf(text, sizeof text, "%.*s:n:0000000A:c:auth:%.*s", STR_FMT(session), STR_FMT(ha2));
		assert_same(((struct str){ hex, n }), hash(c.algorithm, text));

		c.session = false;
		c.qop = STR("auth-int");
		for (int with = 0; with < 2; with++) {
			n = sip_digest_response(engines, &c, ha1, STR("REGISTER"), with ? STR("v=0") : STR_NONE, hex);
			snprintf(text, sizeof text, "REGISTER:sip:h:%.*s", STR_FMT(with ? body : empty));
			struct str int2 = hash(c.algorithm, text);
			snprintf(text, sizeof text, "%.*s:n:0000000A:c:auth-int:%.*s", STR_FMT(ha1), STR_FMT(int2));
			assert_same(((struct str){ hex, n }), hash(c.algorithm, text));
		}
		c.qop = STR("auth-conf");
		assert_int_equal(sip_digest_response(engines, &c, ha1, STR("REGISTER"), STR_NONE, hex), 0);
		c.qop = STR_NONE;
		c.algorithm = SIP_DIGEST_UNKNOWN;
		assert_int_equal(sip_digest_response(engines, &c, ha1, STR("REGISTER"), STR_NONE, hex), 0);
	}
}

#define BASE "username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:h\",response=\"x\""

/* AU-16 */
static void credentials_are_read_in_any_spelling(void **state)
{
	(void)state;
	static const char *const t[] = {
		"Digest username=\"u\\\"v\", realm=\"r\", nonce=\"n\", uri=\"sip:h\\\"\", response=\"x\", algorithm=SHA-256, qop=auth, nc=0000000b, cnonce=\"c\"",
		"dIGEST\r\n\tNC=\"0000000B\" , CNONCE=c,QOP=\"auth\",ALGORITHM=\"sha-256\",Response=x,,URI = \"sip:h\\\"\" , nonce=n,\r\n realm=r,"
		" x-other=\"a,b\", Username=\"u\\\"v\"",
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sip_credentials c;
		assert_int_equal(sip_credentials_parse(str_of(t[i]), &arena, &c), SIP_CREDENTIALS_OK);
		assert_str(c.username, "u\"v");
		assert_str(c.realm, "r");
		assert_str(c.nonce, "n");
		assert_str(c.uri, "sip:h\\\"");         /* as received: AU-09 */
		assert_str(c.response, "x");
		assert_str(c.cnonce, "c");
		assert_str(c.qop, "auth");
		assert_int_equal(c.nc, 11);
		assert_int_equal(c.algorithm, SIP_DIGEST_SHA256);
		assert_false(c.session || c.userhash);
		assert_none(c.opaque);
	}
}

/* AU-16 */
static void missing_doubled_and_broken_parameters_are_bad(void **state)
{
	(void)state;
	static const struct { const char *row; enum sip_credentials_result result; } t[] = {
		{ "Digest " BASE, SIP_CREDENTIALS_OK },
		{ "Digest " BASE ",qop=auth,nc=1,cnonce=c", SIP_CREDENTIALS_OK },
		{ "Digest realm=\"r\",nonce=\"n\",uri=\"sip:h\",response=\"x\"", SIP_CREDENTIALS_BAD },
		{ "Digest username=\"u\",nonce=\"n\",uri=\"sip:h\",response=\"x\"", SIP_CREDENTIALS_BAD },
		{ "Digest username=\"u\",realm=\"r\",uri=\"sip:h\",response=\"x\"", SIP_CREDENTIALS_BAD },
		{ "Digest username=\"u\",realm=\"r\",nonce=\"n\",response=\"x\"", SIP_CREDENTIALS_BAD },
		{ "Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:h\"", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",realm=\"r\"", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",Nonce=n", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",algorithm=MD5,algorithm=MD5", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",qop=auth", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",qop=auth,nc=00000001", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",qop=auth,cnonce=c", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",x", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",x=\"open", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",x=a\"b", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",x=\"a\"b", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",a b=c", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",=c", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",x=\"a\" y=b", SIP_CREDENTIALS_BAD },
		{ "Digest " BASE ",x=<\"a\">", SIP_CREDENTIALS_BAD },
		{ "Digest ,\t," BASE " , x=\t<a,realm=b> c\r\n ,", SIP_CREDENTIALS_OK },
		{ "Digest", SIP_CREDENTIALS_BAD }, { "Digest ", SIP_CREDENTIALS_BAD }, { "", SIP_CREDENTIALS_BAD }, { "=", SIP_CREDENTIALS_BAD },
		{ "Digest=" BASE, SIP_CREDENTIALS_BAD },
		{ "Basic dTpw", SIP_CREDENTIALS_OTHER_SCHEME }, { "DigestX " BASE, SIP_CREDENTIALS_OTHER_SCHEME },
		{ "NoOneKnowsThisScheme opaque-data=here", SIP_CREDENTIALS_OTHER_SCHEME },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sip_credentials c;
		if (sip_credentials_parse(str_of(t[i].row), &arena, &c) != t[i].result)
			fail_msg("%s", t[i].row);
	}
}

static void counts_and_algorithms_are_read(void **state)
{
	(void)state;
	static const struct { const char *more; uint32_t nc; enum sip_digest_algorithm a; bool session; } t[] = {
		{ "", 0, SIP_DIGEST_MD5, false },
		{ ",nc=ffffffff,algorithm=md5-sess", UINT32_MAX, SIP_DIGEST_MD5, true },
		{ ",nc=100000001,algorithm=SHA-256-sess", 0, SIP_DIGEST_SHA256, true },
		{ ",nc=0000000g,algorithm=SHA-512-256", 0, SIP_DIGEST_SHA512_256, false },
		{ ",nc=,algorithm=SHA-512", 0, SIP_DIGEST_UNKNOWN, false },
		{ ",algorithm=\"\"", 0, SIP_DIGEST_UNKNOWN, false },
		{ ",algorithm=-sess", 0, SIP_DIGEST_UNKNOWN, false },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		char row[256];
		struct sip_credentials c;
		snprintf(row, sizeof row, "Digest " BASE "%s", t[i].more);
		assert_int_equal(sip_credentials_parse(str_of(row), &arena, &c), SIP_CREDENTIALS_OK);
		assert_int_equal(c.nc, t[i].nc);
		assert_int_equal(c.algorithm, t[i].a);
		assert_int_equal(c.session, t[i].session);
	}
}

static void user_names_come_extended_or_hashed(void **state)
{
	(void)state;
#define REST "realm=\"r\",nonce=\"n\",uri=\"sip:h\",response=\"x\""
	struct sip_credentials c;
	assert_int_equal(sip_credentials_parse(STR("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe," REST ",userhash=false"), &arena, &c),
	                 SIP_CREDENTIALS_OK);
	assert_str(c.username, "J\xc3\xa4s\xc3\xb8n Doe");
	assert_false(c.userhash);
	assert_int_equal(sip_credentials_parse(STR("Digest username=\"488869477bf257147b804c45308cd62a\"," REST ",userhash=true"), &arena, &c),
	                 SIP_CREDENTIALS_OK);
	assert_true(c.userhash);
	static const char *const bad[] = { "username*=Latin-1''u,username=u", "username*=Latin-1''u", "username*=UTF-8''%4", "username*=u" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		char row[256];
		snprintf(row, sizeof row, "Digest %s," REST, bad[i]);
		assert_int_equal(sip_credentials_parse(str_of(row), &arena, &c), SIP_CREDENTIALS_BAD);
	}
}

/* A client that follows the challenge is believed by a server that checks it. */
static void an_answer_is_what_the_server_expects(void **state)
{
	(void)state;
	static const struct { const char *challenge; bool answered; enum sip_digest_algorithm a; } t[] = {
		{ "Digest realm=\"a \\\"b\\\"\", nonce=\"n1\", opaque=\"o\", qop=\"auth-int , auth\", algorithm=SHA-256", true, SIP_DIGEST_SHA256 },
		{ "Digest realm=\"a\", nonce=n1, qop=auth, algorithm=MD5-sess, stale=TRUE", true, SIP_DIGEST_MD5 },
		{ "Digest realm=\"a\", nonce=\"n1\"", true, SIP_DIGEST_MD5 },
		{ "Digest realm=\"a\", nonce=\"n1\", algorithm=SHA-512-256", true, SIP_DIGEST_SHA512_256 },
		{ "Digest realm=\"a\", nonce=\"n1\", qop=\"auth-int\"", false, SIP_DIGEST_MD5 },
		{ "Digest realm=\"a\", nonce=\"n1\", algorithm=SHA-3", false, SIP_DIGEST_UNKNOWN },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct sip_challenge ch;
		assert_int_equal(sip_challenge_parse(str_of(t[i].challenge), &arena, &ch), SIP_CREDENTIALS_OK);
		assert_int_equal(ch.algorithm, t[i].a);
		struct str row = sip_digest_answer(engines, &ch, STR("al\"ice"), STR("secret"), STR("INVITE"), STR("sip:bob@h"), STR("cn"), &arena);
		assert_int_equal(row.p != NULL, t[i].answered);
		if (!row.p)
			continue;
		struct sip_credentials c;
		char ha1[SIP_DIGEST_HEX_MAX], hex[SIP_DIGEST_HEX_MAX];
		assert_int_equal(sip_credentials_parse(row, &arena, &c), SIP_CREDENTIALS_OK);
		assert_str(c.username, "al\"ice");
		assert_same(c.realm, ch.realm);
		assert_same(c.opaque, ch.opaque);
		assert_int_equal(c.session, ch.session);
		assert_int_equal(c.nc, ch.qop.p ? 1 : 0);
		size_t n = sip_digest_ha1(engines, c.algorithm, STR("al\"ice"), c.realm, STR("secret"), ha1);
		n = sip_digest_response(engines, &c, (struct str){ ha1, n }, STR("INVITE"), STR_NONE, hex);
		assert_same(((struct str){ hex, n }), c.response);
	}
	struct sip_challenge ch;
	assert_int_equal(sip_challenge_parse(STR("Digest realm=\"a\", nonce=n, stale=\"true\""), &arena, &ch), SIP_CREDENTIALS_OK);
	assert_true(ch.stale);
	assert_int_equal(sip_challenge_parse(STR("Digest realm=\"a\""), &arena, &ch), SIP_CREDENTIALS_BAD);
	assert_int_equal(sip_challenge_parse(STR("Digest nonce=\"a\""), &arena, &ch), SIP_CREDENTIALS_BAD);
	assert_int_equal(sip_challenge_parse(STR("Negotiate"), &arena, &ch), SIP_CREDENTIALS_OTHER_SCHEME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfcs_come_out),
		cmocka_unit_test(hashes_are_the_published_ones),
		cmocka_unit_test(each_form_hashes_what_the_rfc_says),
		cmocka_unit_test(credentials_are_read_in_any_spelling),
		cmocka_unit_test(missing_doubled_and_broken_parameters_are_bad),
		cmocka_unit_test(counts_and_algorithms_are_read),
		cmocka_unit_test(user_names_come_extended_or_hashed),
		cmocka_unit_test(an_answer_is_what_the_server_expects),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
