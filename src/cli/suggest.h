/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h - "did you mean": the nearest of some names. */
#ifndef SLUICE_CLI_SUGGEST_H
#define SLUICE_CLI_SUGGEST_H

#include "str.h"

struct suggestion {
	struct str wrong, best;         /* best: STR_NONE as long as nothing is near enough */
	unsigned distance;
};
struct suggestion suggest_for(struct str wrong);
void suggest_offer(struct suggestion *s, struct str name);

#endif
