/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - the little of JSON that tables for programs need. */
#include "json.h"

bool utf8_next(struct str *s, uint32_t *out)
{
	if (!s->n)
		return false;
	const unsigned char *p = (const unsigned char *)s->p;
	unsigned more = p[0] < 0x80 ? 0 : p[0] >= 0xc2 && p[0] < 0xe0 ? 1 : (p[0] & 0xf0) == 0xe0 ? 2 : p[0] >= 0xf0 && p[0] < 0xf5 ? 3 : 9;
	uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> more);
	bool good = more < s->n;
	for (unsigned i = 1; good && i <= more; i++) {
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

static void quoted(struct buf *b, struct str text)
{
	buf_byte(b, '"');
	uint32_t c;
	for (const char *from = text.p; utf8_next(&text, &c); from = text.p) {
		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", (int)c);
		else if (c == '\n')
			BUF_LIT(b, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else if (c == 0xfffd)
			BUF_LIT(b, "\xef\xbf\xbd");
		else
			buf_add(b, str_range(from, text.p));
	}
	buf_byte(b, '"');
}

static void key_of(struct buf *b, const char *key)
{
	if (b->n && b->p[b->n - 1] != '{')
		buf_byte(b, ',');
	buf_printf(b, "\"%s\":", key);
}

void json_begin(struct buf *b)
{
	buf_byte(b, '{');
}

void json_str(struct buf *b, const char *key, struct str value)
{
	key_of(b, key);
	if (value.p)
		quoted(b, value);
	else
		BUF_LIT(b, "null");
}

void json_int(struct buf *b, const char *key, int64_t value)
{
	key_of(b, key);
	buf_printf(b, "%lld", (long long)value);
}

void json_bool(struct buf *b, const char *key, bool value)
{
	key_of(b, key);
	buf_add(b, value ? STR("true") : STR("false"));
}

void json_end(struct buf *b)
{
	BUF_LIT(b, "}\n");
}
