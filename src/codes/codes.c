/* SPDX-License-Identifier: Apache-2.0 */
/* codes.c - the status codes of IANA's "SIP Response Codes" registry, and where each is defined. */
#include "codes.h"

struct code {
	unsigned status;
	struct str phrase, source;
};

static const struct code codes[] = {            /* ascending; a test checks order and completeness */
	{ 100, STR_INIT("Trying"),                                  STR_INIT("RFC 3261 §21.1.1") },
	{ 180, STR_INIT("Ringing"),                                 STR_INIT("RFC 3261 §21.1.2") },
	{ 181, STR_INIT("Call Is Being Forwarded"),                 STR_INIT("RFC 3261 §21.1.3") },
	{ 182, STR_INIT("Queued"),                                  STR_INIT("RFC 3261 §21.1.4") },
	{ 183, STR_INIT("Session Progress"),                        STR_INIT("RFC 3261 §21.1.5") },
	{ 199, STR_INIT("Early Dialog Terminated"),                 STR_INIT("RFC 6228 §6") },
	{ 200, STR_INIT("OK"),                                      STR_INIT("RFC 3261 §21.2.1") },
	{ 202, STR_INIT("Accepted"),                                STR_INIT("RFC 6665 §8.3.1") },
	{ 204, STR_INIT("No Notification"),                         STR_INIT("RFC 5839 §7.1") },
	{ 300, STR_INIT("Multiple Choices"),                        STR_INIT("RFC 3261 §21.3.1") },
	{ 301, STR_INIT("Moved Permanently"),                       STR_INIT("RFC 3261 §21.3.2") },
	{ 302, STR_INIT("Moved Temporarily"),                       STR_INIT("RFC 3261 §21.3.3") },
	{ 305, STR_INIT("Use Proxy"),                               STR_INIT("RFC 3261 §21.3.4") },
	{ 380, STR_INIT("Alternative Service"),                     STR_INIT("RFC 3261 §21.3.5") },
	{ 400, STR_INIT("Bad Request"),                             STR_INIT("RFC 3261 §21.4.1") },
	{ 401, STR_INIT("Unauthorized"),                            STR_INIT("RFC 3261 §21.4.2") },
	{ 402, STR_INIT("Payment Required"),                        STR_INIT("RFC 3261 §21.4.3") },
	{ 403, STR_INIT("Forbidden"),                               STR_INIT("RFC 3261 §21.4.4") },
	{ 404, STR_INIT("Not Found"),                               STR_INIT("RFC 3261 §21.4.5") },
	{ 405, STR_INIT("Method Not Allowed"),                      STR_INIT("RFC 3261 §21.4.6") },
	{ 406, STR_INIT("Not Acceptable"),                          STR_INIT("RFC 3261 §21.4.7") },
	{ 407, STR_INIT("Proxy Authentication Required"),           STR_INIT("RFC 3261 §21.4.8") },
	{ 408, STR_INIT("Request Timeout"),                         STR_INIT("RFC 3261 §21.4.9") },
	{ 410, STR_INIT("Gone"),                                    STR_INIT("RFC 3261 §21.4.10") },
	{ 412, STR_INIT("Conditional Request Failed"),              STR_INIT("RFC 3903 §11.2.1") },
	{ 413, STR_INIT("Request Entity Too Large"),                STR_INIT("RFC 3261 §21.4.11") },
	{ 414, STR_INIT("Request-URI Too Long"),                    STR_INIT("RFC 3261 §21.4.12") },
	{ 415, STR_INIT("Unsupported Media Type"),                  STR_INIT("RFC 3261 §21.4.13") },
	{ 416, STR_INIT("Unsupported URI Scheme"),                  STR_INIT("RFC 3261 §21.4.14") },
	{ 417, STR_INIT("Unknown Resource-Priority"),               STR_INIT("RFC 4412 §4.6.2") },
	{ 420, STR_INIT("Bad Extension"),                           STR_INIT("RFC 3261 §21.4.15") },
	{ 421, STR_INIT("Extension Required"),                      STR_INIT("RFC 3261 §21.4.16") },
	{ 422, STR_INIT("Session Interval Too Small"),              STR_INIT("RFC 4028 §6") },
	{ 423, STR_INIT("Interval Too Brief"),                      STR_INIT("RFC 3261 §21.4.17") },
	{ 424, STR_INIT("Bad Location Information"),                STR_INIT("RFC 6442 §4.3") },
	{ 425, STR_INIT("Bad Alert Message"),                       STR_INIT("RFC 8876 §5.1") },
	{ 428, STR_INIT("Use Identity Header"),                     STR_INIT("RFC 8224 §6.2.2") },
	{ 429, STR_INIT("Provide Referrer Identity"),               STR_INIT("RFC 3892 §5") },
	{ 430, STR_INIT("Flow Failed"),                             STR_INIT("RFC 5626 §11.5") },
	{ 433, STR_INIT("Anonymity Disallowed"),                    STR_INIT("RFC 5079 §5") },
	{ 436, STR_INIT("Bad Identity Info"),                       STR_INIT("RFC 8224 §6.2.2") },
	{ 437, STR_INIT("Unsupported Credential"),                  STR_INIT("RFC 8224 §6.2.2") },
	{ 438, STR_INIT("Invalid Identity Header"),                 STR_INIT("RFC 8224 §6.2.2") },
	{ 439, STR_INIT("First Hop Lacks Outbound Support"),        STR_INIT("RFC 5626 §11.6") },
	{ 440, STR_INIT("Max-Breadth Exceeded"),                    STR_INIT("RFC 5393 §5.3.3") },
	{ 469, STR_INIT("Bad Info Package"),                        STR_INIT("RFC 6086 §4.2.2") },
	{ 470, STR_INIT("Consent Needed"),                          STR_INIT("RFC 5360 §5.9.2") },
	{ 480, STR_INIT("Temporarily Unavailable"),                 STR_INIT("RFC 3261 §21.4.18") },
	{ 481, STR_INIT("Call/Transaction Does Not Exist"),         STR_INIT("RFC 3261 §21.4.19") },
	{ 482, STR_INIT("Loop Detected"),                           STR_INIT("RFC 3261 §21.4.20") },
	{ 483, STR_INIT("Too Many Hops"),                           STR_INIT("RFC 3261 §21.4.21") },
	{ 484, STR_INIT("Address Incomplete"),                      STR_INIT("RFC 3261 §21.4.22") },
	{ 485, STR_INIT("Ambiguous"),                               STR_INIT("RFC 3261 §21.4.23") },
	{ 486, STR_INIT("Busy Here"),                               STR_INIT("RFC 3261 §21.4.24") },
	{ 487, STR_INIT("Request Terminated"),                      STR_INIT("RFC 3261 §21.4.25") },
	{ 488, STR_INIT("Not Acceptable Here"),                     STR_INIT("RFC 3261 §21.4.26") },
	{ 489, STR_INIT("Bad Event"),                               STR_INIT("RFC 6665 §8.3.2") },
	{ 491, STR_INIT("Request Pending"),                         STR_INIT("RFC 3261 §21.4.27") },
	{ 493, STR_INIT("Undecipherable"),                          STR_INIT("RFC 3261 §21.4.28") },
	{ 494, STR_INIT("Security Agreement Required"),             STR_INIT("RFC 3329 §2.3.1") },
	{ 500, STR_INIT("Server Internal Error"),                   STR_INIT("RFC 3261 §21.5.1") },
	{ 501, STR_INIT("Not Implemented"),                         STR_INIT("RFC 3261 §21.5.2") },
	{ 502, STR_INIT("Bad Gateway"),                             STR_INIT("RFC 3261 §21.5.3") },
	{ 503, STR_INIT("Service Unavailable"),                     STR_INIT("RFC 3261 §21.5.4") },
	{ 504, STR_INIT("Server Time-out"),                         STR_INIT("RFC 3261 §21.5.5") },
	{ 505, STR_INIT("Version Not Supported"),                   STR_INIT("RFC 3261 §21.5.6") },
	{ 513, STR_INIT("Message Too Large"),                       STR_INIT("RFC 3261 §21.5.7") },
	{ 555, STR_INIT("Push Notification Service Not Supported"), STR_INIT("RFC 8599 §8.1") },
	{ 580, STR_INIT("Precondition Failure"),                    STR_INIT("RFC 3312 §8") },
	{ 600, STR_INIT("Busy Everywhere"),                         STR_INIT("RFC 3261 §21.6.1") },
	{ 603, STR_INIT("Decline"),                                 STR_INIT("RFC 3261 §21.6.2") },
	{ 604, STR_INIT("Does Not Exist Anywhere"),                 STR_INIT("RFC 3261 §21.6.3") },
	{ 606, STR_INIT("Not Acceptable"),                          STR_INIT("RFC 3261 §21.6.4") },
	{ 607, STR_INIT("Unwanted"),                                STR_INIT("RFC 8197 §4") },
	{ 608, STR_INIT("Rejected"),                                STR_INIT("RFC 8688 §3.1") },
};

#define CODES_COUNT (sizeof codes / sizeof codes[0])

static const struct code *find(unsigned status)
{
	size_t low = 0, high = CODES_COUNT;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (codes[middle].status == status)
			return &codes[middle];
		if (codes[middle].status < status)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* What an unknown code is treated as: 183 for a provisional one, else its class's x00. RFC 3261 §8.1.3.2 */
static unsigned stand_in(unsigned status)
{
	return status < 200 ? 183 : status / 100 * 100;
}

struct str codes_phrase(unsigned status)
{
	if (status < 100 || status > 699)
		return STR_NONE;
	const struct code *code = find(status);
	return code ? code->phrase : find(stand_in(status))->phrase;
}

struct str codes_source(unsigned status)
{
	const struct code *code = find(status);
	return code ? code->source : STR_NONE;
}

unsigned codes_next(unsigned status)
{
	for (size_t i = 0; i < CODES_COUNT; i++)
		if (codes[i].status > status)
			return codes[i].status;
	return 0;
}
