/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - the little of JSON that programs are given. */
#include "json.h"
#include "utf8.h"

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
	if (b->n && b->p[b->n - 1] != '{' && b->p[b->n - 1] != '[')
		buf_byte(b, ',');
	buf_printf(b, "\"%s\":", key);
}

void json_begin(struct buf *b)
{
	buf_byte(b, '{');
}

void json_open(struct buf *b, const char *key, char bracket)
{
	if (key)
		key_of(b, key);
	else if (b->n && b->p[b->n - 1] != '[')
		buf_byte(b, ',');
	buf_byte(b, bracket);
}

void json_close(struct buf *b, char bracket)
{
	buf_byte(b, bracket);
}

void json_element(struct buf *b, struct str value)
{
	if (b->p[b->n - 1] != '[')
		buf_byte(b, ',');
	quoted(b, value);
}

void json_number(struct buf *b, int64_t value)
{
	if (b->p[b->n - 1] != '[')
		buf_byte(b, ',');
	buf_printf(b, "%lld", (long long)value);
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
