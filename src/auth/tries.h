/* SPDX-License-Identifier: Apache-2.0 */
/* tries.h - who has answered wrongly too often this minute? A table of fixed size: when a place is needed the least
 * guilty of its row goes. Any thread. AU-15. */
#ifndef SLUICE_TRIES_H
#define SLUICE_TRIES_H

#include "addr.h"
#include "str.h"

struct tries;
struct tries *tries_new(unsigned per_minute);   /* for one user name; the source as a whole: ten times that. 0: no limit */
void tries_free(struct tries *t);               /* NULL is fine */

bool tries_blocked(struct tries *t, const struct addr *source, struct str name, int64_t now_ms);
void tries_wrong(struct tries *t, const struct addr *source, struct str name, int64_t now_ms);

#endif
