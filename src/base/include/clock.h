/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the two clocks. Inside the server time is the monotonic one in milliseconds; wall time
 * is for people and for what outlives the process (expiry in the store). */
#ifndef SLUICE_CLOCK_H
#define SLUICE_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);                 /* CLOCK_MONOTONIC */
int64_t clock_us(void);                 /* the same, finer: for measuring what was done */
int64_t clock_wall_ms(void);            /* CLOCK_REALTIME, since 1970 */

#endif
