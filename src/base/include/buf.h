/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - a byte buffer that grows, for writing messages, tables and lines.
 *
 * Zero-initialised is a valid empty buffer. Growing never fails (see arena.h on memory). */
#ifndef SLUICE_BUF_H
#define SLUICE_BUF_H

#include "str.h"
#include <stdarg.h>

struct buf {
	char *p;
	size_t n, cap;
};

void buf_fini(struct buf *b);                           /* frees; the buffer is empty and usable */
static inline void buf_clear(struct buf *b) { b->n = 0; }   /* keeps the memory */
void buf_grow(struct buf *b, size_t more);              /* what buf_reserve does when there is no room */
/* Room for `more` bytes past n; the pointer to write at. Advance n yourself. */
static inline char *buf_reserve(struct buf *b, size_t more)
{
	if (!b->p || more > b->cap - b->n)
		buf_grow(b, more);
	return b->p + b->n;
}
static inline void buf_add(struct buf *b, struct str s)
{
	if (s.n == 0)
		return;
	memcpy(buf_reserve(b, s.n), s.p, s.n);
	b->n += s.n;
}
static inline void buf_byte(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->n++;
}
void buf_u64(struct buf *b, uint64_t number);           /* decimal */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);

/* What was written; valid until the next change of b. */
static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ b->p ? b->p : "", b->n };
}

#define BUF_LIT(b, lit) buf_add((b), STR(lit))

#endif
