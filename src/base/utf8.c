/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c - characters of a text, and how many columns each takes. */
#include "utf8.h"

bool utf8_next(struct str *s, uint32_t *out)
{
	if (!s->n)
		return false;
	const unsigned char *p = (const unsigned char *)s->p;
	size_t more = p[0] < 0x80 ? 0 : p[0] >= 0xc2 && p[0] < 0xe0 ? 1 : (p[0] & 0xf0) == 0xe0 ? 2 : p[0] >= 0xf0 && p[0] < 0xf5 ? 3 : SIZE_MAX;
	uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> (more & 3));
	bool good = more < s->n;
	for (size_t i = 1; good && i <= more; i++) {
		good = (p[i] & 0xc0) == 0x80;
		c = c << 6 | (p[i] & 0x3f);
	}
	/* Too long a form, surrogates, past the end of Unicode. */
	if (good && ((more == 2 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) || (more == 3 && (c < 0x10000 || c > 0x10ffff))))
		good = false;
	size_t used = good ? more + 1 : 1;
	*out = good ? c : 0xfffd;
	s->p += used;
	s->n -= used;
	return true;
}

void utf8_add(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_byte(b, (char)c);
	} else if (c < 0x800) {
		buf_byte(b, (char)(0xc0 | c >> 6));
		buf_byte(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_byte(b, (char)(0xe0 | c >> 12));
		buf_byte(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_byte(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_byte(b, (char)(0xf0 | c >> 18));
		buf_byte(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_byte(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_byte(b, (char)(0x80 | (c & 0x3f)));
	}
}

/* Controls, and what turns the direction of text around: it could pretend to be another. */
static bool harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || c == 0xfffd;
}

void utf8_clean(struct buf *out, struct str text)
{
	uint32_t c;
	while (utf8_next(&text, &c))
		utf8_add(out, harmful(c) ? '?' : c);
}

struct range {
	uint32_t first, last;
};

static bool is_in(uint32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

unsigned utf8_columns(uint32_t c)
{
	static const struct range none[] = {            /* combining marks, joiners, variation selectors */
		{ 0x300, 0x36f }, { 0x483, 0x489 }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f }, { 0x20d0, 0x20ff },
		{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
	};
	static const struct range wide[] = {            /* East Asian wide and full-width forms, pictures */
		{ 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
		{ 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
	};
	if (c < 0x300)
		return 1;
	return is_in(c, none, sizeof none / sizeof *none) ? 0 : is_in(c, wide, sizeof wide / sizeof *wide) ? 2 : 1;
}

unsigned utf8_width(struct str text)
{
	unsigned columns = 0;
	uint32_t c;
	while (utf8_next(&text, &c))
		columns += utf8_columns(c);
	return columns;
}
