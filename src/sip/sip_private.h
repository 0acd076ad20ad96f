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
	SIP_C_SPACE = 128               /* SP, HTAB, and the CR LF of a fold */
};
extern const uint8_t sip_chars[256];

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

/* All of s belongs to the classes or is an escape "%HH". */
bool sip_all_escaped(struct str s, unsigned classes);
/* The value of a hexadecimal digit, or -1. */
int sip_hex(char c);

/* One character of a URI part, escapes decoded: 0..255; reserved characters that stood escaped come as
 * 256 + value, as they do not equal the plain ones (RFC 3261 §19.1.4). */
int sip_uri_char(struct str *rest);
/* Equal as URI parts, with or without regard to case. */
bool sip_uri_part_equal(struct str a, struct str b, bool fold);

/* Take "host [:port]" from the start of *rest; white space is allowed round the colon when `spaces`
 * (RFC 3261 §25.1: COLON). False: malformed. */
bool sip_hostport_take(struct str *rest, bool spaces, struct str *host, bool *is_v6, uint16_t *port);

/* More parameters than this on one value are refused: the check for doubled ones stays linear. */
#define SIP_PARAMS_MAX 64
/* Names seen on one value. */
struct sip_names {
	struct str seen[SIP_PARAMS_MAX];
	unsigned count;
};
/* False: seen before, or too many. Compared without case; with `escaped` also with escapes decoded. */
bool sip_names_add(struct sip_names *names, struct str name, bool escaped);

/* The end of a quoted string that starts at s.p: the position behind its closing quote, NULL when it
 * never ends. */
const char *sip_quote_end(struct str s);

/* Take the next row (with its folds) from the headers in *rest. *row holds its line ends. False when *rest is
 * empty or starts with the empty line. `*clean` turns false when a line does not end in CRLF or has a CR elsewhere. */
bool sip_row_take(struct str *rest, struct str *row, bool *clean);
/* Split a row: name and trimmed value. False: no header. */
bool sip_row_split(struct str row, struct str *name, struct str *value);

/* The registered spelling of a header name, also for compact forms. The name itself when it is not known. */
struct str sip_name_canonical(struct str name);

/* As in the algorithm parameter, by enum sip_digest_algorithm. */
extern const struct str sip_digest_names[SIP_DIGEST_COUNT];

/* The defaults, where the caller gave no limits. */
extern const struct sip_limits sip_limits_default;

#endif
