/* SPDX-License-Identifier: Apache-2.0 */
/* random.c - a small pool of kernel randomness per thread. Bytes leave the pool once and are wiped
 * from it, so a later leak of memory tells nothing about tokens already given out. */
#include "random.h"
#include "mem.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define POOL 4096               /* what the kernel is asked for at once: some hundred tokens */

static _Thread_local struct {
	unsigned char bytes[POOL];
	size_t left;                            /* unused bytes, at the front */
} pool;

static void ask_kernel(unsigned char *out, size_t n)
{
	while (n) {
		ssize_t got = getrandom(out, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();                /* no guessable numbers, ever */
		out += got;
		n -= (size_t)got;
	}
}

void random_bytes(void *out, size_t n)
{
	if (n > POOL / 4) {                     /* large wishes would only empty the pool */
		ask_kernel(out, n);
		return;
	}
	if (pool.left < n) {
		ask_kernel(pool.bytes, POOL);
		pool.left = POOL;
	}
	pool.left -= n;
	memcpy(out, pool.bytes + pool.left, n);
	mem_wipe(pool.bytes + pool.left, n);
}

uint64_t random_u64(void)
{
	uint64_t number;
	random_bytes(&number, sizeof number);
	return number;
}

/* The high half of number * below is uniform once the low halves that come up once too often are
 * thrown away (Lemire, "Fast random integer generation in an interval"). */
uint32_t random_below(uint32_t below)
{
	uint32_t number, too_often = -below % below;
	uint64_t product;
	do {
		random_bytes(&number, sizeof number);
		product = (uint64_t)number * below;
	} while ((uint32_t)product < too_often);
	return (uint32_t)(product >> 32);
}

void random_token(char *out, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	while (n) {
		uint64_t bits = random_u64();
		for (unsigned i = 0; i < 12 && n; i++, n--, bits >>= 5)
			*out++ = letters[bits & 31];
	}
}
