/* SPDX-License-Identifier: Apache-2.0 */
/* str.c - compare, cut, trim and read borrowed bytes. */
#include "str.h"
#include "word.h"

/* The first n bytes of a and b are equal but for the case of ASCII letters. */
static bool fold_equal(const char *a, const char *b, size_t n)
{
	for (; n >= 8; a += 8, b += 8, n -= 8)
		if (word_fold(word_load(a)) != word_fold(word_load(b)))
			return false;
	return word_fold(word_load_part(a, n)) == word_fold(word_load_part(b, n));
}

bool str_ieq(struct str a, struct str b)
{
	return a.n == b.n && fold_equal(a.p, b.p, a.n);
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
	return s.n >= prefix.n && fold_equal(s.p, prefix.p, prefix.n);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

bool str_cut(struct str *rest, char sep, struct str *head)
{
	const char *at = str_find(*rest, sep);
	if (!at)
		return false;
	*head = str_range(rest->p, at);
	rest->n -= head->n + 1;
	rest->p = at + 1;
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t number = 0;
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
		if (digit > 9 || digit > max || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
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
