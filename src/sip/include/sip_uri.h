/* SPDX-License-Identifier: Apache-2.0 */
/* sip_uri.h - SIP, SIPS and tel URIs as slices of the text they were read from.
 *
 * Nothing is copied or decoded when parsing; escapes are decoded once, when comparing or making a
 * key. RFC 3261 §19.1, §25.1; RFC 3966; RFC 5954; RFC 5118. */
#ifndef SLUICE_SIP_URI_H
#define SLUICE_SIP_URI_H

#include "addr.h"
#include "arena.h"
#include "buf.h"
#include "str.h"

enum sip_scheme { SIP_SCHEME_OTHER, SIP_SCHEME_SIP, SIP_SCHEME_SIPS, SIP_SCHEME_TEL };

struct sip_uri {
	enum sip_scheme scheme;
	struct str text;                /* all of it */
	struct str scheme_name;
	struct str user;                /* STR_NONE: absent; for tel: the number. Escapes as received */
	struct str password;            /* STR_NONE: absent */
	struct str host;                /* IPv6 without its brackets; for OTHER: all after the colon */
	bool host_is_v6;
	uint16_t port;                  /* 0: absent */
	struct str params;              /* after the first ';' of the URI, up to '?' or the end; no leading ';' */
	struct str headers;             /* after '?'; STR_NONE: absent */
	/* Looked at while parsing (names without case; RFC 3261 §19.1.1, MS-35): */
	struct str transport, maddr;    /* STR_NONE: absent */
	bool lr, ob;                    /* ;lr also as ;lr=on, ;lr=true, ;lr= */
};

/* False: not a URI (no scheme, empty or malformed host, bad port, IPv6 without brackets, characters that the
 * grammar forbids, a broken escape, a parameter twice, more than 64 parameters or headers). Schemes other than
 * sip, sips and tel give SIP_SCHEME_OTHER as long as "scheme:something" holds. Read beyond the grammar, because
 * it is sent: '#' in a user, '=' in the value of a parameter, '_' in a host, port 0 (as none). */
bool sip_uri_parse(struct str text, struct sip_uri *out);

/* Equality by RFC 3261 §19.1.4 (MS-32..MS-34, MS-36, MS-38): symmetric, not transitive. */
bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b);

/* The key of an address of record: user with escapes decoded, '@', host in lower case (IPv6 in its canonical
 * form in brackets); no scheme, port, password or parameter, so sip: and sips: forms are one (RG-10, RG-12).
 * Without a user just the host; a tel URI gives its number without visual separators; any other scheme the whole
 * text. May hold NUL (RG-11). */
struct str sip_uri_aor_key(const struct sip_uri *uri, struct arena *arena);

/* A parameter by name, without case: true when it is there; *value (may be NULL) is STR_NONE for one
 * without '='. */
bool sip_uri_param(const struct sip_uri *uri, struct str name, struct str *value);

/* The host as an address, when it is one. */
bool sip_uri_host_addr(const struct sip_uri *uri, struct addr *out);

/* Decode %HH once into the arena; s itself when there is none. False on a broken escape. */
bool sip_unescape(struct str s, struct arena *arena, struct str *out);
/* Write s as a user part: everything but unreserved and user-unreserved characters escaped. */
void sip_escape_user(struct buf *out, struct str s);

/* Names of hosts: equal without case and without a trailing dot; IP addresses compare as
 * addresses. */
bool sip_host_equal(struct str a, struct str b);

#endif
