/* SPDX-License-Identifier: Apache-2.0 */
/* codes_facts.h - what is known of each registered status code, typed, so that it can be computed with.
 *
 * The facts stand in facts/codes.txt (docs/codes.md has the vocabulary); tools/codes.py makes the table of them.
 * All memory is the program's own and constant: no call here allocates, fails or locks. */
#ifndef SLUICE_CODES_FACTS_H
#define SLUICE_CODES_FACTS_H

#include "str.h"

enum codes_outcome {            /* only FAILURE is a failed call in statistics */
	OUTCOME_PROVISIONAL, OUTCOME_SUCCESS, OUTCOME_REDIRECT, OUTCOME_CHALLENGE, OUTCOME_CANCELED, OUTCOME_DECLINED, OUTCOME_FAILURE
};
enum codes_sender {             /* bits */
	SENDER_UAS = 1, SENDER_PROXY = 2, SENDER_EDGE = 4, SENDER_REGISTRAR = 8, SENDER_REDIRECT = 16, SENDER_B2BUA = 32, SENDER_GATEWAY = 64,
	SENDER_LOCAL = 128      /* made up by the client itself: a timer fired, a connection failed */
};
#define SENDER_COUNT 8
enum codes_reach {              /* how far it travels; who is beyond should never see it */
	REACH_HOP,              /* the next hop only */
	REACH_PROXIES,          /* proxies only; a phone should never receive it */
	REACH_REGISTERING,      /* a client that sent REGISTER, nobody else */
	REACH_HOP_FIRST,        /* the next hop first, which turns a lone one into 500 (RFC 3261 §16.7) */
	REACH_REQUESTER         /* whoever sent the request */
};
enum codes_stage { STAGE_ANY, STAGE_INITIAL, STAGE_DIALOG };     /* requests outside a dialog, inside one */
enum codes_retry { RETRY_NONE, RETRY_SAME, RETRY_AFTER_CHANGE, RETRY_OTHER_TARGET, RETRY_NEVER };
enum codes_fork {               /* what a forking proxy does with it, RFC 3261 §16.7 */
	FORK_ABSORB, FORK_FORWARD, FORK_FORWARD_CANCEL, FORK_RECURSE, FORK_COLLECT, FORK_PREFER, FORK_CHALLENGE, FORK_NEXT_FLOW,
	FORK_NEXT_TARGET, FORK_RELAY, FORK_CANCEL_ALL
};
enum codes_flows { FLOWS_NONE, FLOWS_NEXT, FLOWS_MAY_NEXT, FLOWS_ANSWERED };     /* for the instance's other flows, RFC 5626 §7 */
enum codes_dialog {             /* what it ends or begins; RFC 5057 §5.1 for those that end something */
	DIALOG_NONE, DIALOG_EARLY, DIALOG_EARLY_END, DIALOG_CONFIRM, DIALOG_UNCLEAR, DIALOG_TRANSACTION, DIALOG_USAGE, DIALOG_DIALOG
};
enum codes_method {             /* bits; ACK is never answered and is none of them */
	CODES_INVITE = 1, CODES_BYE = 2, CODES_CANCEL = 4, CODES_OPTIONS = 8, CODES_REGISTER = 16, CODES_PRACK = 32, CODES_SUBSCRIBE = 64,
	CODES_NOTIFY = 128, CODES_PUBLISH = 256, CODES_INFO = 512, CODES_REFER = 1024, CODES_MESSAGE = 2048, CODES_UPDATE = 4096
};
#define CODES_METHODS 13
#define CODES_ANY 0x1fff
struct str codes_method_name(unsigned bit);      /* 0: "INVITE" */
enum codes_http { HTTP_SAME, HTTP_NEAREST, HTTP_FALSE_FRIEND };

struct codes_ref {              /* "RFC 5626 §11.5" */
	unsigned rfc;
	const char *section;    /* "11.5"; NULL: the whole document */
};
struct codes_required {
	unsigned methods;       /* bits of enum codes_method */
	const char *headers;    /* "Contact", or alternatives: "Accept|Accept-Encoding" */
};
struct codes_http_name {
	enum codes_http kind;
	unsigned status;
	const char *phrase;
};

struct code {
	unsigned status;
	struct str phrase;
	struct codes_ref source;
	const struct codes_ref *see;            /* ends with rfc 0 */
	enum codes_outcome outcome;
	unsigned senders;                       /* bits of enum codes_sender */
	enum codes_reach reach;
	unsigned methods;                       /* bits of enum codes_method */
	enum codes_stage stage;                 /* which of these requests */
	const struct codes_required *required;  /* ends with methods 0 */
	const char *const *recommended;         /* header names; ends with NULL */
	enum codes_retry retry;
	enum codes_fork fork;
	enum codes_flows flows;
	enum codes_dialog dialog;
	const uint16_t *related;                /* ascending, ends with 0; symmetric */
	unsigned q850;                          /* what a gateway puts into REL (RFC 3398 §8.2.6.1); 0: it releases nothing */
	bool q850_default;                      /* not in RFC 3398's table: 31 by its last rule */
	const uint16_t *q850_from;              /* causes that become this code (RFC 3398 §7.2.4.1), ends with 0 */
	const struct codes_http_name *http;     /* ends with status 0 */
	bool deprecated;
};

/* The registered codes, ascending. */
extern const struct code codes_table[];
extern const unsigned codes_count;

/* NULL: not registered. */
const struct code *codes_find(unsigned status);
/* The code whose rules hold for one that is not registered: 183 for a provisional one, else its class's x00
 * (RFC 3261 §8.1.3.2). NULL outside 100..699. */
const struct code *codes_treated_as(unsigned status);
/* By phrase, without regard to case; NULL when none has it. Several have "Not Acceptable": the first. */
const struct code *codes_find_phrase(struct str phrase);

struct codes_warning {
	unsigned code;
	const char *text;               /* as the RFC writes it, always English on the wire */
	struct codes_ref source;
	const uint16_t *seen_with;      /* status codes, ends with 0 */
	const uint16_t *q850;           /* causes, ends with 0 */
	enum codes_automation { AUTOMATION_MAY, AUTOMATION_ASK, AUTOMATION_NEVER } automation;   /* may a program act on it */
};
struct codes_cause {                    /* ITU-T Q.850 */
	unsigned cause;
	const char *group;              /* key of a word: "normal" */
	const uint16_t *to_sip, *from_sip;              /* RFC 3398; each ends with 0 */
	const uint16_t *to_sip_asterisk, *to_sip_freeswitch;
};
struct codes_header {
	struct str name;
	char compact;                   /* 0: none */
	struct codes_ref source;        /* rfc 0: no RFC */
	enum codes_header_status { HEADER_ACTIVE, HEADER_DEPRECATED, HEADER_RESERVED, HEADER_UNREGISTERED } status;
	const uint16_t *codes;          /* codes that demand or carry it; ends with 0 */
};
struct codes_name {                     /* a method, an option tag */
	struct str name;
	struct codes_ref source;
};
struct codes_stray {                    /* seen in the field, not registered */
	unsigned status;
	const char *phrase, *where;     /* where: products and profiles, names only */
	bool local;                     /* never on the wire */
	const uint16_t *nearest;        /* registered codes, ends with 0 */
};
extern const struct codes_warning codes_warnings[];
extern const struct codes_cause codes_causes[];
extern const struct codes_header codes_headers[];
extern const struct codes_name codes_method_names[], codes_option_tags[];
extern const struct codes_stray codes_strays[];
extern const unsigned codes_warning_count, codes_cause_count, codes_header_count, codes_method_count, codes_option_tag_count, codes_stray_count;

/* By name or compact form, without regard to case; NULL when unknown. */
const struct codes_header *codes_find_header(struct str name);
const struct codes_warning *codes_find_warning(unsigned code);
const struct codes_cause *codes_find_cause(unsigned cause);

#endif
