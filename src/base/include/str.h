/* SPDX-License-Identifier: Apache-2.0 */
/* str.h - borrowed bytes.
 *
 * A struct str points into memory that somebody else keeps alive; it has no terminator and may hold
 * NUL. It is passed by value. An absent slice is STR_NONE: p is NULL and n is 0; an empty slice has
 * n == 0 and a non-NULL p. Parsers are chains of cuts. */
#ifndef SLUICE_STR_H
#define SLUICE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(lit)   ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_INIT(lit) { "" lit, sizeof(lit) - 1 }       /* for static tables */
#define STR_NONE   ((struct str){ NULL, 0 })
#define STR_FMT(s) (int)(s).n, (s).p                    /* for "%.*s" */

/* The bytes of a terminated string; STR_NONE for NULL. */
static inline struct str str_of(const char *text)
{
	return text ? (struct str){ text, strlen(text) } : STR_NONE;
}

/* The bytes from p up to end. */
static inline struct str str_range(const char *p, const char *end)
{
	return (struct str){ p, (size_t)(end - p) };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Equal without regard to the case of ASCII letters. */
bool str_fold_equal(const char *a, const char *b, size_t n);
static inline bool str_ieq(struct str a, struct str b)
{
	return a.n == b.n && str_fold_equal(a.p, b.p, a.n);
}
/* -1, 0, 1 in byte order; a prefix sorts first. */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* The first position of c, or NULL. */
static inline const char *str_find(struct str s, char c)
{
	return s.n ? memchr(s.p, c, s.n) : NULL;
}

/* The last one, or NULL. */
const char *str_find_last(struct str s, char c);

/* Take the part of *rest before sep; false, and nothing changed, when sep is absent. */
static inline bool str_cut(struct str *rest, char sep, struct str *head)
{
	const char *at = str_find(*rest, sep);
	if (!at)
		return false;
	*head = str_range(rest->p, at);
	rest->n -= head->n + 1;
	rest->p = at + 1;
	return true;
}

/* SP, HTAB, CR or LF: a fold is white space (RFC 3261 §7.3.1). */
static inline bool str_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without leading and trailing white space. */
static inline struct str str_trim(struct str s)
{
	while (s.n && str_is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && str_is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* All of s is decimal digits and the number is at most max: true and *out is set. No sign, no white
 * space; leading zeros are fine. Never overflows. */
bool str_u64(struct str s, uint64_t max, uint64_t *out);
bool str_u32(struct str s, uint32_t max, uint32_t *out);

#endif
