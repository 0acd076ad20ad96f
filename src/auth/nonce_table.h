/* SPDX-License-Identifier: Apache-2.0 */
/* nonce_table.h - which (nonce, nc) were used already. RFC 7616 §3.4, §5.5; AU-11.
 *
 * Only nonces that were answered correctly stand here, so strangers cannot fill it. Split into shards with a lock
 * each; bounded. A nonce that had to make room is used up, not forgotten. Any thread. */
#ifndef SLUICE_NONCE_TABLE_H
#define SLUICE_NONCE_TABLE_H

#include "nonce.h"

struct nonce_table;
struct nonce_table *nonce_table_new(unsigned max_nonces, int64_t nonce_ms, int64_t repeat_ms);
void nonce_table_free(struct nonce_table *t);   /* NULL is fine */

/* Record a correct answer. `request`: a keyed hash of all that makes it this request. True: not used before, or the
 * same request again within repeat_ms. False: nothing was recorded, the client needs a new nonce. */
bool nonce_table_use(struct nonce_table *t, const struct nonce *nonce, uint32_t nc, uint64_t request, int64_t now_ms,
                     int64_t wall_ms);

#endif
