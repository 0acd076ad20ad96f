/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - the rules of redirects, by name. */
#include "move_rules.h"

void move_rules_init(struct move_rules *r)
{
	*r = (struct move_rules){
		.phones = MOVE_MODE_FOLLOW, .keep_s = 30 * 86400, .keep_phone_s = 86400, .depth = 5, .contacts = 16, .time_ms = 120000,
	};
}
