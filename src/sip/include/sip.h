/* SPDX-License-Identifier: Apache-2.0 */
/* sip.h - a SIP message as slices of the one block that holds it.
 *
 * Parse once; look at typed values; answer or edit (sip_edit.h); never print a message anew from its
 * parts. Pure functions: no I/O, no clock, no state. Usable without the rest of sluice. RFC 3261 §7,
 * §20, §25; RFC 4475; RFC 5118.
 *
 *     struct sip_msg m;
 *     struct sip_fault fault;
 *     if (sip_parse(&m, bytes, &arena, NULL, &fault) != SIP_PARSED) ...
 *
 * Reading is liberal only where said; what is refused says why in words for the caller's phrase. */
#ifndef SLUICE_SIP_H
#define SLUICE_SIP_H

#include "arena.h"
#include "buf.h"
#include "sip_uri.h"
#include "str.h"

enum sip_method {
	SIP_OTHER_METHOD, SIP_INVITE, SIP_ACK, SIP_BYE, SIP_CANCEL, SIP_REGISTER, SIP_OPTIONS, SIP_PRACK,
	SIP_SUBSCRIBE, SIP_NOTIFY, SIP_PUBLISH, SIP_INFO, SIP_REFER, SIP_MESSAGE, SIP_UPDATE,
	SIP_METHOD_COUNT
};
enum sip_method sip_method_of(struct str name);         /* case-sensitive (MS-01) */
struct str sip_method_name(enum sip_method method);     /* STR_NONE for SIP_OTHER_METHOD */

/* The headers that code looks at. All others are SIP_H_OTHER and found by name. */
enum sip_header_id {
	SIP_H_OTHER, SIP_H_VIA, SIP_H_FROM, SIP_H_TO, SIP_H_CALL_ID, SIP_H_CSEQ, SIP_H_MAX_FORWARDS, SIP_H_CONTACT,
	SIP_H_ROUTE, SIP_H_RECORD_ROUTE, SIP_H_PATH, SIP_H_SERVICE_ROUTE, SIP_H_CONTENT_LENGTH, SIP_H_CONTENT_TYPE,
	SIP_H_EXPIRES, SIP_H_MIN_EXPIRES, SIP_H_REQUIRE, SIP_H_PROXY_REQUIRE, SIP_H_SUPPORTED, SIP_H_UNSUPPORTED,
	SIP_H_ALLOW, SIP_H_ACCEPT, SIP_H_AUTHORIZATION, SIP_H_PROXY_AUTHORIZATION, SIP_H_WWW_AUTHENTICATE,
	SIP_H_PROXY_AUTHENTICATE, SIP_H_AUTHENTICATION_INFO, SIP_H_TIMESTAMP, SIP_H_RETRY_AFTER, SIP_H_USER_AGENT,
	SIP_H_SERVER, SIP_H_DATE, SIP_H_EVENT, SIP_H_MAX_BREADTH, SIP_H_REASON, SIP_H_WARNING, SIP_H_FLOW_TIMER,
	SIP_H_P_ASSERTED_IDENTITY, SIP_H_P_PREFERRED_IDENTITY, SIP_H_REMOTE_PARTY_ID, SIP_H_PRIVACY, SIP_H_DIVERSION,
	SIP_H_HISTORY_INFO, SIP_H_IDENTITY, SIP_H_SUBJECT, SIP_H_CONTENT_ENCODING, SIP_H_ALLOW_EVENTS, SIP_H_REFER_TO,
	SIP_H_REFERRED_BY, SIP_H_SESSION_EXPIRES,
	SIP_HEADER_COUNT
};
enum sip_header_id sip_header_of(struct str name);      /* long or compact, any case (MS-07, MS-11) */
struct str sip_header_name(enum sip_header_id id);      /* the long form */

struct sip_header {
	enum sip_header_id id;
	int next;                       /* index of the next row of the same id (not OTHER), or -1 */
	struct str name;
	struct str value;               /* trimmed; folds inside are CRLF + white space, as received */
	struct str row;                 /* the whole line(s) with the final CRLF */
};

/* What is wrong with the parameters of a value; they can be read nevertheless. */
enum sip_params_fault {
	SIP_PARAMS_FINE,
	SIP_PARAMS_EMPTY,               /* ";;" */
	SIP_PARAMS_MALFORMED,           /* a name that is no token, a stray quote */
	SIP_PARAMS_TWICE                /* one name twice, or more than 64 */
};

/* sent-protocol SP sent-by *( ; params ), RFC 3261 §20.42, §25.1 */
struct sip_via {
	struct str text;                /* this one value */
	struct str transport;           /* "UDP"; as received */
	struct str host;                /* IPv6 without brackets */
	bool host_is_v6;
	uint16_t port;                  /* 0: absent */
	struct str params;              /* no leading ';' */
	enum sip_params_fault params_fault;
	struct str branch, received, maddr;     /* STR_NONE: absent; received without brackets */
	bool has_rport, has_keep, has_alias;
	uint16_t rport;                 /* 0: no value */
	int ttl;                        /* -1: absent */
};

/* name-addr or addr-spec with header parameters (From, To, Contact, Route, Path, Record-Route ...) */
struct sip_addr {
	struct str text;                /* this one value */
	struct str display;             /* as written, with quotes; STR_NONE: none */
	struct str uri_text;            /* without <> */
	struct sip_uri uri;
	struct str params;              /* header parameters; no leading ';' */
	enum sip_params_fault params_fault;
	struct str tag;                 /* STR_NONE: absent */
	bool star;                      /* Contact: * */
	bool bracketed;                 /* the URI was in <> */
};

struct sip_msg {
	struct str text;                /* the message: from the first byte of the start line to the end of the body */
	bool is_request;
	/* request */
	enum sip_method method;
	struct str method_name;
	struct str ruri_text;
	struct sip_uri ruri;            /* valid when ruri_ok */
	bool ruri_ok;
	/* response */
	unsigned status;
	struct str phrase;

	struct sip_header *headers;
	int header_count;
	int16_t first[SIP_HEADER_COUNT];        /* first row of that id, or -1 */
	struct str body;                /* n == 0: none */
	const char *headers_end;        /* where the empty line starts: a place to insert rows */

	/* What everything needs, parsed by sip_parse (each is zero when absent or unreadable; then
	 * sip_check says so) */
	struct sip_via via;             /* the topmost */
	struct sip_addr from, to;
	const struct sip_addr *contact, *route; /* of a request: the first value, in the arena; NULL: none, or unreadable */
	struct str call_id;
	uint32_t cseq;
	enum sip_method cseq_method;
	struct str cseq_method_name;
	int max_forwards;               /* -1: absent or unreadable (MS-23) */

	/* Set by the receiver (sip_stamp_via): the top Via value as responses and the next hop see it. */
	struct str via_stamped;
};

/* Sizes that a message may have; NULL means the defaults in brackets. */
struct sip_limits {
	size_t max_head_bytes;          /* start line and headers [65535] */
	size_t max_body_bytes;          /* [65535] */
	unsigned max_headers;           /* rows [256], at most 32767 */
};

/* What is wrong, for a person: status is what a request should be answered with. */
struct sip_fault {
	unsigned status;                /* 400, 413, 416, 505, 513 */
	const char *why;                /* static: "Max-Forwards twice"; fits into a reason phrase */
};

enum sip_parse_result {
	SIP_PARSED,                     /* *m is filled; a fault may still be found by sip_check */
	SIP_BAD,                        /* *m is filled as far as it goes: answer when m->via.host is there */
	SIP_NOT_SIP                     /* no start line of SIP at all: drop */
};

/* Take a whole message apart. `text` must stay alive and unchanged as long as *m; the array of headers is
 * kept in the arena. Bytes behind Content-Length are left out of m->text (UDP: TP-14), a body shorter than
 * that is SIP_BAD (TP-15); without Content-Length the body is the rest. CRLFs before the start line are
 * skipped (TP-18). A datagram of headers only may lack the empty line. A line that ends in CR or LF
 * alone is SIP_BAD: others may see other lines in it. */
enum sip_parse_result sip_parse(struct sip_msg *m, struct str text, struct arena *arena,
                                const struct sip_limits *limits, struct sip_fault *fault);

/* The checks of RFC 3261 §16.3 step 1 and §8.2.1 for what servers look at: the needed headers are there and
 * single ones stand once; CSeq is in range; Via, From, To can be read; quotes end, no parameter is empty or comes
 * twice. In requests also: CSeq names the method, Route, Contact and Max-Forwards can be read, the Request-URI
 * is a URI without headers. True: fine. A response with a fault is to be dropped. Whether the scheme of the Request-URI is any
 * use (416), and what all other headers say, is the caller's business. */
bool sip_check(const struct sip_msg *m, struct sip_fault *fault);

/* --- a bounded look at an unparsed message: which worker is it for? --- */
struct sip_glance {
	bool is_request;
	struct str method, ruri, call_id;       /* STR_NONE: not found */
};
/* Looks at no more than the first 4 KiB; tolerant. False: not SIP. */
bool sip_glance(struct str text, struct sip_glance *out);

/* --- framing on a stream: how long is the message that starts at text.p? ---
 * >0: its length; all of it may not have arrived yet, so keep it and compare with text.n instead of asking
 * again. 0: the headers are not complete, read on. -1: it cannot be framed, *fault says why (answer with it
 * and close: TP-20..TP-22). `scanned` remembers, between calls on a growing buffer, how far was looked at (start
 * with 0), so that any split costs O(n). Skip CRLFs between messages before asking. */
int64_t sip_frame(struct str text, size_t *scanned, const struct sip_limits *limits, struct sip_fault *fault);

/* --- typed values --- */

/* Walk the values of a list header over rows and commas alike, in order (MS-09). Not for the four
 * authentication headers (MS-10). */
struct sip_values {
	const struct sip_msg *m;
	int row;
	struct str rest;                /* of the current row */
	struct str row_value;
};
void sip_values_begin(struct sip_values *it, const struct sip_msg *m, enum sip_header_id id);
/* The next value, trimmed; it->row is its row. False at the end. */
bool sip_values_next(struct sip_values *it, struct str *value);

/* The next item of a comma list; commas in quotes and <> do not count. False at the end. An empty
 * item comes as n == 0. */
bool sip_list_next(struct str *rest, struct str *item);

struct sip_param {
	struct str name, value;         /* value: STR_NONE without '='; a quoted string with its quotes */
	bool fit;                       /* the name is a token, and the value has no quotes or is one quoted string */
};
/* The next of ";a;b=c" (leading ';' optional). False at the end; an empty parameter has name.n == 0 and no
 * value. */
bool sip_param_next(struct str *rest, struct sip_param *out);
/* By name without case. */
bool sip_param_find(struct str params, struct str name, struct str *value);
/* The text inside a quoted string, quoted pairs resolved, in the arena; s itself when it has no
 * quotes. */
struct str sip_unquote(struct str s, struct arena *arena);

bool sip_via_parse(struct str value, struct sip_via *out);
bool sip_addr_parse(struct str value, struct sip_addr *out);
/* The same for a value of m: what stands in m->contact or m->route is not read again. */
bool sip_addr_of(const struct sip_msg *m, struct str value, struct sip_addr *out);
/* The first row of an id, or NULL; the first row with this name (any header). */
const struct sip_header *sip_first(const struct sip_msg *m, enum sip_header_id id);
const struct sip_header *sip_find(const struct sip_msg *m, struct str name);
/* A number header (Expires, Min-Expires, Max-Breadth, ...): true when present and readable. Values over
 * 2^32-1 are unreadable (RG-18). Parameters and comments behind the number are ignored. */
bool sip_number(const struct sip_msg *m, enum sip_header_id id, uint32_t *out);
/* Is the tag in the comma list of this header (Supported, Require, ...)? Without case. */
bool sip_has_token(const struct sip_msg *m, enum sip_header_id id, struct str token);
/* q in thousandths: "0.123" -> 123, "1" -> 1000; -1: malformed (RG-19). */
int sip_q(struct str text);

/* --- answering --- */

/* Where a request came from, into its top Via: `received` when sent-by is not that address or rport was asked
 * for, `rport` when asked for (TP-02, TP-03, TP-08) or when `force_rport`, `keep` with its value when offered
 * and keep_s >= 0 (OB-93). What the sender wrote there itself is not believed. Result in m->via_stamped, in
 * the arena. */
void sip_stamp_via(struct sip_msg *m, const struct addr *source, bool force_rport, int keep_s, struct arena *arena);

/* Write a response: Via values (top one as stamped), Record-Route for 101..299 to a dialog-forming request,
 * From, To (with `to_tag` unless it has one, cannot be read, or to_tag is STR_NONE), Call-ID, CSeq, Timestamp
 * for a 100, as far as the request has them; then `extra` (whole rows, each ending in CRLF) and
 * Content-Length: 0. phrase STR_NONE: the registered one. RFC 3261 §8.2.6 */
void sip_reply(struct buf *out, const struct sip_msg *request, unsigned status, struct str phrase,
               struct str to_tag, struct str extra);

/* ACK for a final response 300-699, and CANCEL, built from the request as it was sent: `request` is the parsed
 * message that went out. extra: whole rows such as Reason. TX-04; RFC 3261 §9.1, §17.1.1.3 */
void sip_ack_for(struct buf *out, const struct sip_msg *request, const struct sip_msg *response);
void sip_cancel_for(struct buf *out, const struct sip_msg *request, struct str extra);

/* Would the request, if accepted, create a dialog: INVITE, SUBSCRIBE, REFER, NOTIFY without To tag. */
bool sip_forms_dialog(const struct sip_msg *m);

#endif
