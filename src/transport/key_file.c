/* SPDX-License-Identifier: Apache-2.0 */
/* key_file.c - the text of `flow-keys` and what it says. */
#include "key_file.h"
#include "encode.h"
#include "mem.h"
#include "state_file.h"
#include <errno.h>
#include <time.h>

#define DATE_FORM "%Y-%m-%dT%H:%M:%SZ"

/* --- reading --- */

/* "2026-11-24T15:20:00Z" */
static bool date_read(struct str text, int64_t *out)
{
	char copy[32];
	struct tm tm = { 0 };
	if (text.n != 20)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	const char *end = strptime(copy, DATE_FORM, &tm);
	if (!end || *end)
		return false;
	*out = timegm(&tm);
	return true;
}

static bool word(struct str *rest, struct str *out)
{
	*rest = str_trim(*rest);
	if (!str_cut(rest, ' ', out)) {
		*out = *rest;
		*rest = STR("");
	}
	return out->n > 0;
}

#define FINE (-1)                       /* beside enum key_wrong */

static void insert(struct key_file *f, const struct key_row *row)
{
	unsigned at = f->count++;
	for (; at && f->row[at - 1].from_s > row->from_s; at--)
		f->row[at] = f->row[at - 1];
	f->row[at] = *row;
}

static int key_line(struct key_file *f, struct str rest)
{
	struct str words[4];
	struct key_row row;
	uint8_t id[4];
	unsigned n = 0;
	while (n < 4 && word(&rest, &words[n]))
		n++;
	if (n < 3 || str_trim(rest).n)
		return KEY_LINE_FORM;
	if (words[0].n != HEX_SIZE(sizeof id) || !hex_read(words[0], id, sizeof id))
		return KEY_LINE_ID;
	row.id = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
	if (!date_read(words[1], &row.made_s) || !date_read(words[n - 2], &row.from_s))
		return KEY_LINE_DATE;
	if (words[n - 1].n != HEX_SIZE(KEY_SECRET_SIZE) || !hex_read(words[n - 1], row.secret, KEY_SECRET_SIZE))
		return KEY_LINE_SECRET;
	for (unsigned i = 0; i < f->count; i++)
		if (f->row[i].id == row.id)
			return KEY_LINE_TWICE;
	if (f->count == KEYS_MAX)
		return KEY_LINE_MANY;
	insert(f, &row);
	mem_wipe(&row, sizeof row);
	return FINE;
}

static int registration_line(struct key_file *f, struct str rest)
{
	struct str text = str_trim(rest);
	if (f->has_registration)
		return KEY_LINE_REGISTRATION_TWICE;
	if (text.n != HEX_SIZE(KEY_REGISTRATION_SIZE) || !hex_read(text, f->registration, KEY_REGISTRATION_SIZE))
		return KEY_LINE_REGISTRATION;
	f->has_registration = true;
	return FINE;
}

static int line_read(struct key_file *f, struct str line)
{
	struct str what;
	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return FINE;
	word(&line, &what);
	if (str_eq(what, STR("key")))
		return key_line(f, line);
	if (str_eq(what, STR("registration")))
		return registration_line(f, line);
	return KEY_LINE_UNKNOWN;
}

static int line_wrong(const char *dir, enum key_wrong wrong, unsigned line, struct key_problem *why)
{
	static const char *const words[] = {
		[KEY_LINE_UNKNOWN] = "a line begins with key, registration or #",
		[KEY_LINE_FORM] = "a key line is: key ID MADE FROM SECRET",
		[KEY_LINE_ID] = "the key's id is not 8 hexadecimal digits",
		[KEY_LINE_DATE] = "the key's date is not of the form 2026-11-24T15:20:00Z",
		[KEY_LINE_SECRET] = "the key's secret is not 64 hexadecimal digits",
		[KEY_LINE_TWICE] = "a key with this id stands above; ids must differ",
		[KEY_LINE_MANY] = "there are more than 32 keys; remove the oldest",
		[KEY_LINE_REGISTRATION] = "the registration secret is not 32 hexadecimal digits",
		[KEY_LINE_REGISTRATION_TWICE] = "there is a second registration line; remove one of them",
	};
	why->wrong = wrong;
	why->line = line;
	return why->err = transport_fail(&why->said, -EINVAL, "%s/" KEY_FILE_NAME ", line %u: %s. Restore the file from another node or a backup",
	                                 dir, line, words[wrong]);
}

static int text_read(struct key_file *f, const char *dir, struct str text, struct key_problem *why)
{
	struct str rest = text, line;
	for (unsigned number = 1; rest.n; number++) {
		if (!str_cut(&rest, '\n', &line)) {
			line = rest;
			rest = STR("");
		}
		int wrong = line_read(f, line);
		if (wrong != FINE)
			return line_wrong(dir, (enum key_wrong)wrong, number, why);
	}
	if (f->count && f->has_registration)
		return 0;
	why->wrong = f->count ? KEY_FILE_NO_REGISTRATION : KEY_FILE_NO_KEY;
	return why->err = transport_fail(&why->said, -EINVAL,
	                                 "%s/" KEY_FILE_NAME " has no %s line. Restore it from a backup or another node; to start with new "
	                                 "keys, which ends every registered flow, remove the file", dir, f->count ? "registration" : "key");
}

static void buf_fini_secret(struct buf *b)
{
	if (b->p)
		mem_wipe(b->p, b->cap);
	buf_fini(b);
}

int key_file_read(const char *dir, struct key_file *out, struct key_problem *why)
{
	struct buf text = { 0 };
	buf_reserve(&text, 2 * STATE_FILE_MAX);         /* never moved: no copy of a secret stays behind */
	*out = (struct key_file){ 0 };
	int err = state_file_read(dir, KEY_FILE_NAME, true, &text, &why->said);
	if (!err) {
		err = text_read(out, dir, buf_str(&text), why);
	} else if (err != -ENOENT) {
		why->wrong = err == -EPERM ? KEY_FILE_SHARED : KEY_FILE_UNUSABLE;
		why->err = err;
	}
	buf_fini_secret(&text);
	if (err)
		key_file_wipe(out);
	return err;
}

/* --- writing --- */

static void add_hex(struct buf *b, const void *bytes, size_t n)
{
	hex_write(buf_reserve(b, HEX_SIZE(n)), bytes, n);
	b->n += HEX_SIZE(n);
}

static void add_date(struct buf *b, int64_t at_s)
{
	time_t at = (time_t)at_s;
	struct tm tm;
	char date[32];
	strftime(date, sizeof date, DATE_FORM, gmtime_r(&at, &tm));
	buf_printf(b, " %s", date);
}

int key_file_write(const char *dir, const struct key_file *f, struct transport_error *why)
{
	struct buf text = { 0 };
	buf_reserve(&text, 2 * STATE_FILE_MAX);
	BUF_LIT(&text, "# Keys of sluice's flow tokens. Secret; every node of a cluster has a copy of the same file.\n"
	        "# `sluice keys` shows it, `sluice keys rotate` adds a key and takes out what has run out.\n"
	        "#     key ID MADE FROM SECRET      it reads tokens now, and writes them from FROM on\n"
	        "#     registration SECRET          never changes, stays last\n");
	for (unsigned i = 0; i < f->count; i++) {
		buf_printf(&text, "key %08x", f->row[i].id);
		add_date(&text, f->row[i].made_s);
		add_date(&text, f->row[i].from_s);
		buf_byte(&text, ' ');
		add_hex(&text, f->row[i].secret, KEY_SECRET_SIZE);
		buf_byte(&text, '\n');
	}
	BUF_LIT(&text, "registration ");
	add_hex(&text, f->registration, KEY_REGISTRATION_SIZE);
	buf_byte(&text, '\n');
	int err = state_file_make(dir, KEY_FILE_NAME, buf_str(&text), why);
	buf_fini_secret(&text);
	return err;
}

void key_file_wipe(struct key_file *f)
{
	mem_wipe(f, sizeof *f);
}
