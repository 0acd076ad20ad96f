/* SPDX-License-Identifier: Apache-2.0 */
/* premium.h - numbers of the world that cost their caller much: premium rate, shared revenue, satellites. */
#ifndef SLUICE_MOVES_PREMIUM_H
#define SLUICE_MOVES_PREMIUM_H

#include "str.h"
#include <stddef.h>

/* The length of the longest costly prefix of a number, "+1900" or, as dialled at home, "0900"; 0: none. */
size_t premium_prefix(struct str number);

#endif
