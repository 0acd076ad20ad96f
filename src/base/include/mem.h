/* SPDX-License-Identifier: Apache-2.0 */
/* mem.h - heap objects. No call returns NULL: without memory the process says so and aborts, as
 * every size that comes from outside has been limited before. Any thread may free what another allocated. */
#ifndef SLUICE_MEM_H
#define SLUICE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t n);              /* not zeroed */
void *mem_zalloc(size_t n);
void *mem_realloc(void *p, size_t n);
void mem_free(void *p);                 /* NULL is fine */
/* A thread keeps up to 1 MiB of what it freed at hand, until it ends (not under AddressSanitizer, which wants to see each
 * block freed). Give the calling thread's share back now; how much it is. */
void mem_give_back(void);
size_t mem_kept(void);
/* Overwrite secrets before giving them back; never optimised away. */
void mem_wipe(void *p, size_t n);
/* Equal, in time that depends on n only. */
int mem_equal_secret(const void *a, const void *b, size_t n);

#endif
