/* SPDX-License-Identifier: Apache-2.0 */
/* codes.h - facts about SIP status codes: one table, read by everything that names a code. */
#ifndef SLUICE_CODES_H
#define SLUICE_CODES_H

#include "str.h"

/* The registered reason phrase of a status code ("Flow Failed" for 430); for a code that is not
 * registered the phrase of what it is treated as, 183 or its class's x00 (RFC 3261 §8.1.3.2); STR_NONE
 * outside 100..699. */
struct str codes_phrase(unsigned status);
/* Where the code is defined, as "RFC 5626 §11.5"; STR_NONE when it is not registered. */
struct str codes_source(unsigned status);
/* The first registered code after this one, 0 after the last: codes_next(0) begins a walk. */
unsigned codes_next(unsigned status);

#endif
