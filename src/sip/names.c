/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - methods and headers by name. RFC 3261 §7.3, the registries of IANA */
#include "sip_private.h"

/* id, name, its first letter */
#define METHODS(X) \
	X(SIP_INVITE, "INVITE", 'I') \
	X(SIP_ACK, "ACK", 'A') \
	X(SIP_BYE, "BYE", 'B') \
	X(SIP_CANCEL, "CANCEL", 'C') \
	X(SIP_REGISTER, "REGISTER", 'R') \
	X(SIP_OPTIONS, "OPTIONS", 'O') \
	X(SIP_PRACK, "PRACK", 'P') \
	X(SIP_SUBSCRIBE, "SUBSCRIBE", 'S') \
	X(SIP_NOTIFY, "NOTIFY", 'N') \
	X(SIP_PUBLISH, "PUBLISH", 'P') \
	X(SIP_INFO, "INFO", 'I') \
	X(SIP_REFER, "REFER", 'R') \
	X(SIP_MESSAGE, "MESSAGE", 'M') \
	X(SIP_UPDATE, "UPDATE", 'U')

static const struct str methods[SIP_METHOD_COUNT] = {
#define NAME(id, name, first) [id] = STR_INIT(name),
	METHODS(NAME)
#undef NAME
};

/* Perfect hashes, here and below: no two names share a slot. If a new name should, the compiler says so (an
 * initialiser is overridden); then try other factors. */
#define METHOD_SLOT(n, first) ((11 * (n) + (first)) & 31)
static const uint8_t method_slots[32] = {
#define PLACE(id, name, first) [METHOD_SLOT(sizeof(name) - 1, first)] = id,
	METHODS(PLACE)
#undef PLACE
};

/* id, name, its first and its last letter in lower case */
#define HEADERS(X) \
	X(SIP_H_VIA, "Via", 'v', 'a') \
	X(SIP_H_FROM, "From", 'f', 'm') \
	X(SIP_H_TO, "To", 't', 'o') \
	X(SIP_H_CALL_ID, "Call-ID", 'c', 'd') \
	X(SIP_H_CSEQ, "CSeq", 'c', 'q') \
	X(SIP_H_MAX_FORWARDS, "Max-Forwards", 'm', 's') \
	X(SIP_H_CONTACT, "Contact", 'c', 't') \
	X(SIP_H_ROUTE, "Route", 'r', 'e') \
	X(SIP_H_RECORD_ROUTE, "Record-Route", 'r', 'e') \
	X(SIP_H_PATH, "Path", 'p', 'h') \
	X(SIP_H_SERVICE_ROUTE, "Service-Route", 's', 'e') \
	X(SIP_H_CONTENT_LENGTH, "Content-Length", 'c', 'h') \
	X(SIP_H_CONTENT_TYPE, "Content-Type", 'c', 'e') \
	X(SIP_H_EXPIRES, "Expires", 'e', 's') \
	X(SIP_H_MIN_EXPIRES, "Min-Expires", 'm', 's') \
	X(SIP_H_REQUIRE, "Require", 'r', 'e') \
	X(SIP_H_PROXY_REQUIRE, "Proxy-Require", 'p', 'e') \
	X(SIP_H_SUPPORTED, "Supported", 's', 'd') \
	X(SIP_H_UNSUPPORTED, "Unsupported", 'u', 'd') \
	X(SIP_H_ALLOW, "Allow", 'a', 'w') \
	X(SIP_H_ACCEPT, "Accept", 'a', 't') \
	X(SIP_H_AUTHORIZATION, "Authorization", 'a', 'n') \
	X(SIP_H_PROXY_AUTHORIZATION, "Proxy-Authorization", 'p', 'n') \
	X(SIP_H_WWW_AUTHENTICATE, "WWW-Authenticate", 'w', 'e') \
	X(SIP_H_PROXY_AUTHENTICATE, "Proxy-Authenticate", 'p', 'e') \
	X(SIP_H_AUTHENTICATION_INFO, "Authentication-Info", 'a', 'o') \
	X(SIP_H_TIMESTAMP, "Timestamp", 't', 'p') \
	X(SIP_H_RETRY_AFTER, "Retry-After", 'r', 'r') \
	X(SIP_H_USER_AGENT, "User-Agent", 'u', 't') \
	X(SIP_H_SERVER, "Server", 's', 'r') \
	X(SIP_H_DATE, "Date", 'd', 'e') \
	X(SIP_H_EVENT, "Event", 'e', 't') \
	X(SIP_H_MAX_BREADTH, "Max-Breadth", 'm', 'h') \
	X(SIP_H_REASON, "Reason", 'r', 'n') \
	X(SIP_H_WARNING, "Warning", 'w', 'g') \
	X(SIP_H_FLOW_TIMER, "Flow-Timer", 'f', 'r') \
	X(SIP_H_P_ASSERTED_IDENTITY, "P-Asserted-Identity", 'p', 'y') \
	X(SIP_H_P_PREFERRED_IDENTITY, "P-Preferred-Identity", 'p', 'y') \
	X(SIP_H_REMOTE_PARTY_ID, "Remote-Party-ID", 'r', 'd') \
	X(SIP_H_PRIVACY, "Privacy", 'p', 'y') \
	X(SIP_H_DIVERSION, "Diversion", 'd', 'n') \
	X(SIP_H_HISTORY_INFO, "History-Info", 'h', 'o') \
	X(SIP_H_IDENTITY, "Identity", 'i', 'y') \
	X(SIP_H_SUBJECT, "Subject", 's', 't') \
	X(SIP_H_CONTENT_ENCODING, "Content-Encoding", 'c', 'g') \
	X(SIP_H_ALLOW_EVENTS, "Allow-Events", 'a', 's') \
	X(SIP_H_REFER_TO, "Refer-To", 'r', 'o') \
	X(SIP_H_REFERRED_BY, "Referred-By", 'r', 'y') \
	X(SIP_H_SESSION_EXPIRES, "Session-Expires", 's', 's')

static const struct str headers[SIP_HEADER_COUNT] = {
#define NAME(id, name, first, last) [id] = STR_INIT(name),
	HEADERS(NAME)
#undef NAME
};

#define SLOT(n, first, last) ((7 * (n) + 27 * (first) + 4 * (last)) & 127)
static const uint8_t slots[128] = {
#define PLACE(id, name, first, last) [SLOT(sizeof(name) - 1, first, last)] = id,
	HEADERS(PLACE)
#undef PLACE
};

/* RFC 3261 §7.3.3 and the registry. The four without an id here are found by name only. */
static const struct {
	enum sip_header_id id;
	struct str name;                /* where id is SIP_H_OTHER */
} compact[26] = {
	['a' - 'a'] = { SIP_H_OTHER, STR_INIT("Accept-Contact") },
	['b' - 'a'] = { SIP_H_REFERRED_BY },
	['c' - 'a'] = { SIP_H_CONTENT_TYPE },
	['d' - 'a'] = { SIP_H_OTHER, STR_INIT("Request-Disposition") },
	['e' - 'a'] = { SIP_H_CONTENT_ENCODING },
	['f' - 'a'] = { SIP_H_FROM },
	['i' - 'a'] = { SIP_H_CALL_ID },
	['j' - 'a'] = { SIP_H_OTHER, STR_INIT("Reject-Contact") },
	['k' - 'a'] = { SIP_H_SUPPORTED },
	['l' - 'a'] = { SIP_H_CONTENT_LENGTH },
	['m' - 'a'] = { SIP_H_CONTACT },
	['n' - 'a'] = { SIP_H_OTHER, STR_INIT("Identity-Info") },
	['o' - 'a'] = { SIP_H_EVENT },
	['r' - 'a'] = { SIP_H_REFER_TO },
	['s' - 'a'] = { SIP_H_SUBJECT },
	['t' - 'a'] = { SIP_H_TO },
	['u' - 'a'] = { SIP_H_ALLOW_EVENTS },
	['v' - 'a'] = { SIP_H_VIA },
	['x' - 'a'] = { SIP_H_SESSION_EXPIRES },
	['y' - 'a'] = { SIP_H_IDENTITY },
};

enum sip_method sip_method_of(struct str name)
{
	if (!name.n)
		return SIP_OTHER_METHOD;
	enum sip_method m = (enum sip_method)method_slots[METHOD_SLOT(name.n, (unsigned char)name.p[0])];
	return str_eq(name, methods[m]) ? m : SIP_OTHER_METHOD;
}

struct str sip_method_name(enum sip_method method)
{
	return methods[method];
}

static bool is_letter(char lower)
{
	return lower >= 'a' && lower <= 'z';
}

enum sip_header_id sip_header_of(struct str name)
{
	if (!name.n)
		return SIP_H_OTHER;
	unsigned char first = (unsigned char)(name.p[0] | 32), last = (unsigned char)(name.p[name.n - 1] | 32);
	if (name.n == 1)
		return is_letter((char)first) ? compact[first - 'a'].id : SIP_H_OTHER;
	enum sip_header_id id = (enum sip_header_id)slots[SLOT(name.n, first, last)];
	return sip_word_is(name, headers[id]) ? id : SIP_H_OTHER;
}

struct str sip_header_name(enum sip_header_id id)
{
	return headers[id];
}

struct str sip_name_canonical(struct str name)
{
	enum sip_header_id id = sip_header_of(name);
	if (id != SIP_H_OTHER)
		return headers[id];
	if (name.n == 1 && is_letter(sip_lower(name.p[0])) && compact[sip_lower(name.p[0]) - 'a'].name.n)
		return compact[sip_lower(name.p[0]) - 'a'].name;
	return name;
}
