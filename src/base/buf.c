/* SPDX-License-Identifier: Apache-2.0 */
/* buf.c - a byte buffer that grows. */
#include "buf.h"
#include "mem.h"
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAP 256

void buf_fini(struct buf *b)
{
	mem_free(b->p);
	*b = (struct buf){ 0 };
}

char *buf_reserve(struct buf *b, size_t more)
{
	if (b->p && more <= b->cap - b->n)
		return b->p + b->n;
	if (more > SIZE_MAX / 2 - b->n)
		abort();
	size_t cap = b->cap ? b->cap * 2 : FIRST_CAP;
	if (cap < b->n + more)
		cap = b->n + more;
	b->p = mem_realloc(b->p, cap);
	b->cap = cap;
	return b->p + b->n;
}

void buf_add(struct buf *b, struct str s)
{
	if (s.n == 0)
		return;
	memcpy(buf_reserve(b, s.n), s.p, s.n);
	b->n += s.n;
}

void buf_byte(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->n++;
}

void buf_u64(struct buf *b, uint64_t number)
{
	char digits[20];                        /* 2^64 - 1 has 20 */
	size_t at = sizeof digits;
	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	buf_add(b, (struct str){ digits + at, sizeof digits - at });
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
