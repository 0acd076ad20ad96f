/* SPDX-License-Identifier: Apache-2.0 */
/* str.c - compare and read borrowed bytes. */
#include "str.h"
#include "word.h"

/* Most often they are the same bytes, or differ in more than what can be the case of a letter. */
static bool same_letters(uint64_t a, uint64_t b)
{
	uint64_t differ = a ^ b;
	if (differ == 0)
		return true;
	return !(differ & ~0x2020202020202020u) && word_fold(a) == word_fold(b);
}

bool str_fold_equal(const char *a, const char *b, size_t n)
{
	for (; n >= 8; a += 8, b += 8, n -= 8)
		if (!same_letters(word_load(a), word_load(b)))
			return false;
	return same_letters(word_load_part(a, n), word_load_part(b, n));
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	if (order)
		return order < 0 ? -1 : 1;
	return (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_istarts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_fold_equal(s.p, prefix.p, prefix.n);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

const char *str_find_last(struct str s, char c)
{
	return s.n ? memrchr(s.p, c, s.n) : NULL;
}

bool str_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t number = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
		if (digit > 9 || __builtin_mul_overflow(number, 10u, &number) || __builtin_add_overflow(number, digit, &number))
			return false;
	}
	if (s.n == 0 || number > max)
		return false;
	*out = number;
	return true;
}

bool str_u32(struct str s, uint32_t max, uint32_t *out)
{
	uint64_t number;
	if (!str_u64(s, max, &number))
		return false;
	*out = (uint32_t)number;
	return true;
}
