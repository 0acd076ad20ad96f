/* SPDX-License-Identifier: Apache-2.0 */
/* poison.h - tells AddressSanitizer which bytes of a chunk nobody owns, so that a write past an
 * allocation inside a chunk is found as well as one past the chunk. Nothing in other builds; there freed blocks
 * are kept (mem.c). Private to base. */
#ifndef SLUICE_POISON_H
#define SLUICE_POISON_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define POISON 1
#endif

#ifdef POISON
#include <sanitizer/asan_interface.h>
#define MEM_WATCHED true        /* whoever uses a freed block is to be caught */
#define POISON_GAP 16           /* unowned bytes after each allocation */
static inline void poison(const void *p, size_t n) { __asan_poison_memory_region(p, n); }
static inline void unpoison(const void *p, size_t n) { __asan_unpoison_memory_region(p, n); }
#else
#define MEM_WATCHED false
#define POISON_GAP 0
static inline void poison(const void *p, size_t n) { (void)p; (void)n; }
static inline void unpoison(const void *p, size_t n) { (void)p; (void)n; }
#endif

#endif
