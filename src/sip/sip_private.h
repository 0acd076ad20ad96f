/* SPDX-License-Identifier: Apache-2.0 */
/* sip_private.h - what the files of this room share: classes of characters, rows, parameter checks. */
#ifndef SLUICE_SIP_PRIVATE_H
#define SLUICE_SIP_PRIVATE_H

#include "sip.h"
#include "sip_digest.h"

/* The classes of RFC 3261 §25.1, one bit each, so that one table look-up judges a byte. '%' is left out of
 * the URI classes: whoever meets it looks at the two digits. */
enum {
	SIP_C_TOKEN = 1,                /* token */
	SIP_C_USER = 2,                 /* user: unreserved, user-unreserved */
	SIP_C_PASSWORD = 4,             /* password */
	SIP_C_PARAM = 8,                /* paramchar of a URI */
	SIP_C_HNV = 16,                 /* hname, hvalue of a URI */
	SIP_C_HOST = 32,                /* a host name or IPv4 address */
	SIP_C_URI = 64,                 /* any URI: reserved, unreserved */
	SIP_C_SPACE = 128,              /* SP, HTAB, and the CR LF of a fold */
	SIP_C_LABEL = 256,              /* what stands between the dots of a host */
	SIP_C_DIGIT = 512,
	SIP_C_NAME = 1024,              /* SIP_C_PARAM without the '=' that ends a name */
	SIP_C_SCHEME = 2048,            /* scheme of a URI behind its first letter */
	SIP_C_UNSEEN = 4096             /* SP, DEL and controls */
};
extern const uint16_t sip_chars[256];

static inline bool sip_is(char c, unsigned classes)
{
	return sip_chars[(unsigned char)c] & classes;
}

static inline char sip_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline bool sip_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many bytes of s belong to the classes, from its start on. */
static inline size_t sip_span(struct str s, unsigned classes)
{
	size_t n = 0;
	while (n < s.n && sip_is(s.p[n], classes))
		n++;
	return n;
}

/* The same up to the first byte that does. */
static inline size_t sip_span_until(struct str s, unsigned classes)
{
	size_t n = 0;
	while (n < s.n && !sip_is(s.p[n], classes))
		n++;
	return n;
}

static inline bool sip_all(struct str s, unsigned classes)
{
	return s.n && sip_span(s, classes) == s.n;
}

static inline struct str sip_skip(struct str s, size_t n)
{
	return (struct str){ n ? s.p + n : s.p, s.n - n };     /* NULL takes no offset, not even 0 */
}

static inline struct str sip_skip_space(struct str s)
{
	return sip_skip(s, sip_span(s, SIP_C_SPACE));
}

/* As sip_span, where escapes "%HH" belong to any class of URIs. */
size_t sip_span_escaped(struct str s, unsigned classes);
/* The value of a hexadecimal digit, or -1. */
int sip_hex(char c);

/* One character of a URI part, escapes decoded: 0..255; reserved characters that stood escaped come as
 * 256 + value, as they do not equal the plain ones (RFC 3261 §19.1.4). */
int sip_uri_char(struct str *rest);
/* Equal as URI parts, with or without regard to case. */
bool sip_uri_part_equal(struct str a, struct str b, bool fold);

/* Take "host [:port]" at p: where it ends, NULL when it is malformed. White space is allowed round the colon when
 * `spaces` (RFC 3261 §25.1: COLON). */
const char *sip_hostport_take(const char *p, const char *end, bool spaces, struct str *host, bool *is_v6, uint16_t *port);

/* As sip_via_parse, sip_addr_parse and sip_uri_parse, where the value is trimmed and *out all zero; so it is again
 * when a Via or an address cannot be read. */
bool sip_via_read(struct str value, struct sip_via *out);
bool sip_addr_read(struct str value, struct sip_addr *out);
bool sip_uri_read(struct str text, struct sip_uri *out);

/* More parameters than this on one value are refused: the check for doubled ones stays linear. */
#define SIP_PARAMS_MAX 64
/* Names seen on one value; begins with hashes and count 0. */
struct sip_names {
	uint64_t hashes;                /* a bit for each: where it is clear the name is new */
	unsigned count;
	struct str seen[SIP_PARAMS_MAX];        /* the first `count` */
};
/* False: seen before, or too many. Compared without case; with `escaped` also with escapes decoded: then the caller
 * sets all `hashes` for a name that has some. The name is not empty. */
bool sip_names_add(struct sip_names *names, struct str name, bool escaped);

/* Walk the parameters of one value and judge them: `fault` is valid after the last. */
struct sip_params {
	struct str rest;
	enum sip_params_fault fault;
	struct sip_names names;
};
void sip_params_begin(struct sip_params *it, struct str params);
bool sip_params_next(struct sip_params *it, struct sip_param *out);

/* The end of a quoted string that starts at s.p: the position behind its closing quote, NULL when it
 * never ends. */
const char *sip_quote_end(struct str s);

/* The registered spelling of a header name, also for compact forms. The name itself when it is not known. */
struct str sip_name_canonical(struct str name);

static inline uint64_t sip_load(const char *p, size_t n)
{
	uint64_t word = 0;
	memcpy(&word, p, n);
	return word;
}

/* Does a part of a text differ from the same part of a word, where case does not count? */
static inline bool sip_part_differs(uint64_t text, uint64_t word)
{
	return (text ^ word) & ~((word & 0x4040404040404040) >> 1);
}

/* Is s this word of letters, '-' and '*', in any case? As str_ieq, but cheaper as it knows that. */
static inline bool sip_word_is(struct str s, struct str word)
{
	size_t n = word.n;
	const char *p = s.p, *w = word.p;
	if (s.n != n)
		return false;
	if (n < 4)                      /* the parts overlap where they must */
		return !sip_part_differs(sip_load(p, 2), sip_load(w, 2)) && !sip_part_differs(sip_load(p + n - 2, 2), sip_load(w + n - 2, 2));
	if (n < 8)
		return !sip_part_differs(sip_load(p, 4), sip_load(w, 4)) && !sip_part_differs(sip_load(p + n - 4, 4), sip_load(w + n - 4, 4));
	for (size_t at = 0; at + 8 < n; at += 8)
		if (sip_part_differs(sip_load(p + at, 8), sip_load(w + at, 8)))
			return false;
	return !sip_part_differs(sip_load(p + n - 8, 8), sip_load(w + n - 8, 8));
}

/* Take digits from *at: false when there are none or the number is more than max. */
static inline bool sip_take_digits(const char **at, const char *end, uint32_t max, uint32_t *out)
{
	const char *p = *at;
	uint64_t number = 0;
	while (p < end && sip_is_digit(*p)) {
		number = number * 10 + (uint64_t)(*p++ - '0');
		if (number > max)
			return false;
	}
	if (p == *at)
		return false;
	*out = (uint32_t)number;
	*at = p;
	return true;
}

/* As in the algorithm parameter, by enum sip_digest_algorithm. */
extern const struct str sip_digest_names[SIP_DIGEST_COUNT];

/* The defaults, where the caller gave no limits. */
extern const struct sip_limits sip_limits_default;

#endif
