/* SPDX-License-Identifier: Apache-2.0 */
/* codes.h - what the server asks the reference while it works: a phrase, and the headers that a response must have.
 *
 * codes_facts.h has all facts, codes_text.h the texts, codes_pages.h explains and compares. */
#ifndef SLUICE_CODES_H
#define SLUICE_CODES_H

#include "str.h"

/* The registered reason phrase of a status code ("Flow Failed" for 430); for a code that is not
 * registered the phrase of what it is treated as, 183 or its class's x00 (RFC 3261 §8.1.3.2); STR_NONE
 * outside 100..699. */
struct str codes_phrase(unsigned status);
/* The first registered code after this one, 0 after the last: codes_next(0) begins a walk. */
unsigned codes_next(unsigned status);

/* What a response to `method` with this code must carry and does not: has(of, name) says whether a header is there.
 * "Allow", or "Accept|Accept-Encoding|Accept-Language" when one of several would do; STR_NONE: nothing is missing. */
struct str codes_missing_header(unsigned status, struct str method, bool (*has)(void *of, struct str name), void *of);

#endif
