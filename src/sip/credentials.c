/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.c - read the parameters of digest challenges and credentials. RFC 3261 §25.1, RFC 7616 §3.3, §3.4
 *
 * Values are read quoted or not, whatever the grammar says of each, as old clients mix them up. */
#include "sip_private.h"

/* Parameters that are texts, and where they go in the struct that is filled. */
struct text_param {
	struct str name;
	size_t at;
	bool raw;                       /* quoted pairs stay: the text enters the hash as it was sent */
};

#define TEXT(struct_, field, name) { STR_INIT(name), offsetof(struct_, field), false }

static const struct text_param credential_texts[] = {
	TEXT(struct sip_credentials, username, "username"),
	TEXT(struct sip_credentials, realm, "realm"),
	TEXT(struct sip_credentials, nonce, "nonce"),
	{ STR_INIT("uri"), offsetof(struct sip_credentials, uri), true },
	TEXT(struct sip_credentials, response, "response"),
	TEXT(struct sip_credentials, cnonce, "cnonce"),
	TEXT(struct sip_credentials, opaque, "opaque"),
	TEXT(struct sip_credentials, qop, "qop"),
	TEXT(struct sip_credentials, nc_text, "nc"),
};

static const struct text_param challenge_texts[] = {
	TEXT(struct sip_challenge, realm, "realm"),
	TEXT(struct sip_challenge, nonce, "nonce"),
	TEXT(struct sip_challenge, opaque, "opaque"),
	TEXT(struct sip_challenge, qop, "qop"),
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* What both rows have besides. Absent ones stay STR_NONE. */
struct marks {
	struct str algorithm, stale, userhash, username_ext;
};

static const struct text_param mark_texts[] = {
	TEXT(struct marks, algorithm, "algorithm"),
	TEXT(struct marks, stale, "stale"),
	TEXT(struct marks, userhash, "userhash"),
	TEXT(struct marks, username_ext, "username*"),
};

enum taken { TAKEN, TAKEN_TWICE, TAKEN_NOT };

static enum taken take(const struct text_param *table, size_t count, void *into, const struct sip_param *param,
                       struct arena *arena)
{
	for (size_t i = 0; i < count; i++) {
		if (!sip_word_is(param->name, table[i].name))
			continue;
		struct str *field = (struct str *)((char *)into + table[i].at);
		if (field->p)
			return TAKEN_TWICE;
		struct str v = param->value;
		bool quoted = v.n > 1 && v.p[0] == '"';
		if (table[i].raw)
			*field = quoted ? (struct str){ v.p + 1, v.n - 2 } : v;
		else
			*field = sip_unquote(v, arena);
		return TAKEN;
	}
	return TAKEN_NOT;
}

/* name EQUAL ( token / quoted-string ), up to the comma behind it or the end. */
static bool take_param(struct str *rest, struct sip_param *out)
{
	out->name = (struct str){ rest->p, sip_span(*rest, SIP_C_TOKEN) };
	*rest = sip_skip_space(sip_skip(*rest, out->name.n));
	if (!out->name.n || !rest->n || rest->p[0] != '=')
		return false;
	*rest = sip_skip_space(sip_skip(*rest, 1));
	if (!rest->n || rest->p[0] != '"')
		return sip_list_next(rest, &out->value) && !str_find(out->value, '"');
	const char *end = sip_quote_end(*rest);
	if (!end)
		return false;
	out->value = str_range(rest->p, end);
	*rest = sip_skip_space(sip_skip(*rest, out->value.n));
	return !rest->n || rest->p[0] == ',';
}

/* Digest LWS param *( COMMA param ) into the struct that the table describes and the marks. */
static enum sip_credentials_result read_row(struct str rest, const struct text_param *table, size_t count,
                                            void *into, struct marks *marks, struct arena *arena)
{
	rest = str_trim(rest);
	struct str scheme = { rest.p, sip_span(rest, SIP_C_TOKEN) };
	rest = sip_skip(rest, scheme.n);
	if (!scheme.n)
		return SIP_CREDENTIALS_BAD;
	if (!str_ieq(scheme, STR("Digest")))
		return SIP_CREDENTIALS_OTHER_SCHEME;
	if (!rest.n || !sip_is(rest.p[0], SIP_C_SPACE))
		return SIP_CREDENTIALS_BAD;
	for (;;) {
		struct sip_param param;
		while (rest.n && (rest.p[0] == ',' || sip_is(rest.p[0], SIP_C_SPACE)))
			rest = sip_skip(rest, 1);
		if (!rest.n)
			return SIP_CREDENTIALS_OK;
		if (!take_param(&rest, &param))
			return SIP_CREDENTIALS_BAD;
		enum taken taken = take(table, count, into, &param, arena);
		if (taken == TAKEN_NOT)
			taken = take(mark_texts, COUNT(mark_texts), marks, &param, arena);
		if (taken == TAKEN_TWICE)
			return SIP_CREDENTIALS_BAD;
	}
}

/* "SHA-256-sess"; MD5 when absent. */
static enum sip_digest_algorithm algorithm_of(struct str text, bool *session)
{
	*session = text.n > 5 && str_ieq(sip_skip(text, text.n - 5), STR("-sess"));
	if (*session)
		text.n -= 5;
	if (!text.p)
		return SIP_DIGEST_MD5;
	for (int a = 0; a < SIP_DIGEST_COUNT; a++)
		if (str_ieq(text, sip_digest_names[a]))
			return (enum sip_digest_algorithm)a;
	return SIP_DIGEST_UNKNOWN;
}

/* nc-value = 8LHEX; 0 when it is something else. */
static uint32_t count_of(struct str text)
{
	uint32_t n = 0;
	if (text.n > 8)
		return 0;
	for (size_t i = 0; i < text.n; i++) {
		int digit = sip_hex(text.p[i]);
		if (digit < 0)
			return 0;
		n = n << 4 | (uint32_t)digit;
	}
	return n;
}

/* charset "'" [ language ] "'" value, RFC 5987; only UTF-8 is allowed here (RFC 7616 §3.4). */
static bool read_username_ext(struct str text, struct arena *arena, struct str *out)
{
	struct str charset, language;
	return str_cut(&text, '\'', &charset) && str_cut(&text, '\'', &language) &&
	       str_ieq(charset, STR("UTF-8")) && sip_unescape(text, arena, out);
}

enum sip_credentials_result sip_credentials_parse(struct str row_value, struct arena *arena,
                                                  struct sip_credentials *out)
{
	struct marks marks = { 0 };
	*out = (struct sip_credentials){ 0 };
	enum sip_credentials_result result =
		read_row(row_value, credential_texts, COUNT(credential_texts), out, &marks, arena);
	if (result != SIP_CREDENTIALS_OK)
		return result;
	if (marks.username_ext.p && (out->username.p || !read_username_ext(marks.username_ext, arena, &out->username)))
		return SIP_CREDENTIALS_BAD;
	if (!out->username.p || !out->realm.p || !out->nonce.p || !out->uri.p || !out->response.p)
		return SIP_CREDENTIALS_BAD;
	if (out->qop.p && (!out->cnonce.p || !out->nc_text.p))
		return SIP_CREDENTIALS_BAD;
	out->algorithm = algorithm_of(marks.algorithm, &out->session);
	out->nc = count_of(out->nc_text);
	out->userhash = str_ieq(marks.userhash, STR("true"));
	return SIP_CREDENTIALS_OK;
}

enum sip_credentials_result sip_challenge_parse(struct str row_value, struct arena *arena,
                                                struct sip_challenge *out)
{
	struct marks marks = { 0 };
	*out = (struct sip_challenge){ 0 };
	enum sip_credentials_result result =
		read_row(row_value, challenge_texts, COUNT(challenge_texts), out, &marks, arena);
	if (result != SIP_CREDENTIALS_OK)
		return result;
	if (!out->realm.p || !out->nonce.p)
		return SIP_CREDENTIALS_BAD;
	out->algorithm = algorithm_of(marks.algorithm, &out->session);
	out->stale = str_ieq(marks.stale, STR("true"));
	return SIP_CREDENTIALS_OK;
}
