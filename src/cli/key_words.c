/* SPDX-License-Identifier: Apache-2.0 */
/* key_words.c - each thing that can be wrong with a key file, and what to do about it. */
#include "key_words.h"
#include <errno.h>

static void say_line(struct say *s, struct str dir, const struct key_problem *p)
{
	static const unsigned texts[] = {
		[KEY_LINE_UNKNOWN] = TEXT_KEYS_LINE_UNKNOWN, [KEY_LINE_FORM] = TEXT_KEYS_LINE_FORM, [KEY_LINE_ID] = TEXT_KEYS_LINE_ID,
		[KEY_LINE_DATE] = TEXT_KEYS_LINE_DATE, [KEY_LINE_SECRET] = TEXT_KEYS_LINE_SECRET, [KEY_LINE_TWICE] = TEXT_KEYS_LINE_TWICE,
		[KEY_LINE_MANY] = TEXT_KEYS_LINE_MANY, [KEY_LINE_REGISTRATION] = TEXT_KEYS_LINE_REGISTRATION,
		[KEY_LINE_REGISTRATION_TWICE] = TEXT_KEYS_LINE_REGISTRATION_TWICE,
	};
	text_keys_line(s, dir, p->line);
	say_text(s, texts[p->wrong], NULL);
}

static void say_problem(struct say *s, struct str dir, const struct key_problem *p)
{
	switch (p->wrong) {
	case KEY_FILE_UNUSABLE:
		text_keys_unusable(s, dir, errno_text(s->language, p->err));
		return;
	case KEY_FILE_SHARED:
		text_keys_shared(s, dir);
		return;
	case KEY_FILE_NO_KEY:
		text_keys_no_key(s, dir);
		break;
	case KEY_FILE_NO_REGISTRATION:
		text_keys_no_registration(s, dir);
		break;
	default:
		say_line(s, dir, p);
	}
	text_keys_restore(s);
}

int keys_read_or_say(struct say *s, struct str dir, struct key_file *out)
{
	struct key_problem problem;
	struct buf path = { 0 };
	buf_printf(&path, "%.*s", STR_FMT(dir));
	int err = key_file_read(path.p, out, &problem);
	if (err == -ENOTDIR)
		text_keys_no_folder(s, dir);
	else if (err && err != -ENOENT)
		say_problem(s, dir, &problem);
	buf_fini(&path);
	return err;
}

int node_read_or_say(struct say *s, struct str dir, uint32_t *out)
{
	struct transport_error why;
	struct buf path = { 0 };
	buf_printf(&path, "%.*s", STR_FMT(dir));
	int err = node_file_read(path.p, out, &why);
	if (err == -EINVAL)
		text_keys_node_bad(s, dir);
	else if (err && err != -ENOENT)
		text_keys_node_unusable(s, dir, errno_text(s->language, err));
	buf_fini(&path);
	return err;
}
