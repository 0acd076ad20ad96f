/* SPDX-License-Identifier: Apache-2.0 */
/* stun.c - any datagram: no overrun, and no answer larger than is needed. */
#include "stun.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct addr from = { .ip = { 192, 0, 2, 1 }, .port = 5060, .family = n & 1 ? AF_INET6 : AF_INET };
	char answer[STUN_ANSWER_MAX];
	size_t size = 0;
	if (stun_handle((struct str){ (const char *)bytes, n }, &from, answer, &size) == STUN_ANSWER &&
	    (size > sizeof answer || size < 32 || size % 4))
		abort();
	return 0;
}
