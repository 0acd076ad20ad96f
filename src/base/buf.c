/* SPDX-License-Identifier: Apache-2.0 */
/* buf.c - a byte buffer that grows. */
#include "buf.h"
#include "decimal.h"
#include "mem.h"
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAP 256

void buf_fini(struct buf *b)
{
	mem_free(b->p);
	*b = (struct buf){ 0 };
}

void buf_grow(struct buf *b, size_t more)
{
	if (more > SIZE_MAX / 2 - b->n)
		abort();
	size_t cap = b->cap ? b->cap * 2 : FIRST_CAP;
	if (cap < b->n + more)
		cap = b->n + more;
	b->p = mem_realloc(b->p, cap);
	b->cap = cap;
}

void buf_u64(struct buf *b, uint64_t number)
{
	char *at = buf_reserve(b, DECIMAL_MAX);
	b->n += (size_t)(decimal_write(at, number) - at);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	char *at = buf_reserve(b, 64);
	size_t room = b->cap - b->n;
	int n = vsnprintf(at, room, fmt, ap);
	if (n < 0)
		abort();
	if ((size_t)n >= room) {                /* vsnprintf wants a byte for its NUL too */
		at = buf_reserve(b, (size_t)n + 1);
		vsnprintf(at, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	b->n += (size_t)n;
}
