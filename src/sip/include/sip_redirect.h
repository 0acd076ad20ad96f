/* SPDX-License-Identifier: Apache-2.0 */
/* sip_redirect.h - where a 3xx leads: its Contact values as targets. RFC 3261 §8.1.3.4, §16.5, §19.1.5, §20.10.
 *
 * The same for a proxy that recurses and for a user agent. Pure functions; nothing is judged here but form. */
#ifndef SLUICE_SIP_REDIRECT_H
#define SLUICE_SIP_REDIRECT_H

#include "sip.h"

#define SIP_LIFETIME_NONE UINT32_MAX            /* nobody said how long */

struct sip_redirect_target {
	struct str value;               /* the Contact value as it stands in the message (what sip_edit_remove_value takes) */
	struct str uri_text;            /* as a Request-URI: without `method` and headers (RD-27); a slice, or in the arena */
	struct sip_uri uri;             /* of uri_text */
	struct str headers;             /* what stood behind '?', undecoded (RD-28, RD-29: a user agent's to look at); STR_NONE: nothing */
	struct str params;              /* the header's parameters, as in struct sip_addr: rc, mp, np */
	int q;                          /* thousandths [1000] */
	uint32_t lifetime_s;            /* its expires, else that of Expires; unreadable: 3600 (RD-08); SIP_LIFETIME_NONE: neither is there */
};
/* The Contact values of a response, best q first, equal ones in their order; at most `most`, the rest is left out. Malformed ones are left
 * out and counted in *malformed (may be NULL); URIs of other schemes than SIP are among them, with SIP_SCHEME_TEL or _OTHER. In the arena. */
unsigned sip_redirect_targets(const struct sip_msg *m, unsigned most, struct arena *arena, struct sip_redirect_target **out,
                              unsigned *malformed);

/* A URI as it may stand in a Request-URI: without `method` and headers. text itself when it has neither. */
struct str sip_uri_as_ruri(struct str text, const struct sip_uri *uri, struct arena *arena);

#endif
