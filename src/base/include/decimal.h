/* SPDX-License-Identifier: Apache-2.0 */
/* decimal.h - numbers in decimal, where printf would cost more than all the rest of a line. */
#ifndef SLUICE_DECIMAL_H
#define SLUICE_DECIMAL_H

#include <stdint.h>

#define DECIMAL_MAX 20                  /* characters of 2^64 - 1 */

/* Writes the digits at `at`, without a NUL; where they end. */
static inline char *decimal_write(char *at, uint64_t number)
{
	unsigned size = 1;
	for (uint64_t rest = number; rest > 9; rest /= 10)
		size++;
	for (char *to = at + size; to > at; number /= 10)
		*--to = (char)('0' + number % 10);
	return at + size;
}

#endif
