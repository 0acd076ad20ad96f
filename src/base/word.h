/* SPDX-License-Identifier: Apache-2.0 */
/* word.h - eight bytes at a time: loads that need no alignment, and case folding without a branch.
 * Private to base. */
#ifndef SLUICE_WORD_H
#define SLUICE_WORD_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t word_load(const void *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof w);
	return le64toh(w);
}

/* The n < 8 bytes at p as the low bytes of a word. Two loads that may overlap, no loop and no byte
 * read past the end; bytes read twice meet themselves in the OR. */
static inline uint64_t word_load_part(const void *at, size_t n)
{
	const unsigned char *p = at;
	if (n >= 4) {
		uint32_t low, high;
		memcpy(&low, p, sizeof low);
		memcpy(&high, p + n - 4, sizeof high);
		return le32toh(low) | (uint64_t)le32toh(high) << (8 * (n - 4));
	}
	if (n == 0)
		return 0;
	return (uint64_t)p[0] | (uint64_t)p[n / 2] << (8 * (n / 2)) | (uint64_t)p[n - 1] << (8 * (n - 1));
}

/* Each byte that is an ASCII capital becomes its small letter. The sums set the top bit of a byte
 * where its low seven bits are at least 'A', or past 'Z'; bytes above 0x7f are letters of nobody. */
static inline uint64_t word_fold(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t seven = w & (0x7f * ones);
	uint64_t from_a = seven + (0x80 - 'A') * ones;
	uint64_t past_z = seven + (0x7f - 'Z') * ones;
	uint64_t capital = (from_a ^ past_z) & ~w & (0x80 * ones);
	return w | capital >> 2;
}

#endif
