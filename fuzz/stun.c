/* SPDX-License-Identifier: Apache-2.0 */
/* stun.c - any datagram: no overrun, and no answer larger than is needed. */
#include "stun.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void handle(const char *bytes, size_t n)
{
	struct addr from = { .ip = { 192, 0, 2, 1 }, .port = 5060, .family = n & 4 ? AF_INET6 : AF_INET };
	char answer[STUN_ANSWER_MAX];
	size_t size = 0;
	if (stun_handle((struct str){ bytes, n }, &from, answer, &size) == STUN_ANSWER &&
	    (size > sizeof answer || size < 32 || size % 4))
		abort();
}

/* As it is, and with cookie and length put right, so that the attributes are reached. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *copy = malloc(n + 1);             /* exact, so that reading past the end is seen */
	memcpy(copy, bytes, n);
	handle(copy, n);
	if (n >= 20 && n < 65536) {
		n &= ~(size_t)3;
		copy = realloc(copy, n);
		copy[2] = (char)((n - 20) >> 8);
		copy[3] = (char)(n - 20);
		memcpy(copy + 4, "\x21\x12\xA4\x42", 4);
		handle(copy, n);
	}
	free(copy);
	return 0;
}
