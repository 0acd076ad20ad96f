/* SPDX-License-Identifier: Apache-2.0 */
/* platter.h - what of a recorded run would be on the disk if the power failed after any of its steps.
 *
 * What was synced is there. Of everything else anything may be: nothing, all, what came first, any sectors, in any order, a
 * file's new length without its new bytes; a name without its bytes, bytes without their name. Of the names one thing is
 * held to: what happened to a name is not there without what happened to it before. */
#ifndef SLUICE_TEST_LOCATION_PLATTER_H
#define SLUICE_TEST_LOCATION_PLATTER_H

#include "disk.h"

struct platter;

/* How much of what was not synced is there. */
struct ruin {
	enum { RUIN_NO_NAMES, RUIN_ALL_NAMES, RUIN_ANY_NAMES } names;
	enum { RUIN_NO_BYTES, RUIN_ALL_BYTES, RUIN_FIRST_BYTES, RUIN_ANY_SECTORS, RUIN_ANY_WRITES } bytes;
	unsigned percent;               /* of sectors or writes that are there */
	uint64_t seed;
};

struct platter *platter_new(void);
void platter_free(struct platter *p);
/* The next step of the run; it must live as long as the platter. */
void platter_step(struct platter *p, const struct disk_op *op);
bool platter_safe(const struct platter *p);             /* nothing is left to chance */
/* Fill the empty folder. */
void platter_write(struct platter *p, const char *folder, struct ruin how);

#endif
