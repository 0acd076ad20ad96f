/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - unguessable bytes from the kernel, through a small pool per thread. Aborts when the
 * kernel gives none: nothing here may run on guessable numbers. A child of fork shares its parent's
 * pool until it execs: it must not ask before. */
#ifndef SLUICE_RANDOM_H
#define SLUICE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t n);
uint64_t random_u64(void);
/* Uniform in [0, below); below > 0. */
uint32_t random_below(uint32_t below);
/* n characters of [a-z0-9] (no two differ only in case: TX-20), not terminated. 5 bits each. */
void random_token(char *out, size_t n);

#endif
