/* SPDX-License-Identifier: Apache-2.0 */
/* texts.c - fill the placeholders of a text and pick the form of a word that goes with a number. */
#include "texts.h"
#include <errno.h>
#include <stdlib.h>

#define PLACE '\1'                      /* as tools/texts.py writes them */
#define NEXT_FORM '\2'
#define END_FORMS '\3'

static unsigned plural_form(enum language language, int64_t n)
{
	uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	switch (language) {
	case LANGUAGE_EN:
		return u == 1 ? 0 : 1;
	case LANGUAGE_RU:
		if (u % 10 == 1 && u % 100 != 11)
			return 0;
		return u % 10 >= 2 && u % 10 <= 4 && (u % 100 < 12 || u % 100 > 14) ? 1 : 2;
	}
	abort();
}

/* One of the words between PLACE 'p' INDEX and END_FORMS; returns what follows them. */
static const char *write_form(struct say *s, enum language language, const char *forms, int64_t n)
{
	const char *end = strchr(forms, END_FORMS);
	struct str rest = str_range(forms, end), form;
	for (unsigned skip = plural_form(language, n); skip && str_cut(&rest, NEXT_FORM, &form); skip--)
		;
	if (!str_cut(&rest, NEXT_FORM, &form))
		form = rest;
	buf_add(&s->out, form);
	return end + 1;
}

void say_text(struct say *s, unsigned id, const struct text_value *values)
{
	enum language language = s->language;
	const char *at = language == LANGUAGE_RU ? texts_ru[id] : texts_en[id];
	if (!at) {
		language = LANGUAGE_EN;
		at = texts_en[id];
	}
	for (const char *place; (place = strchr(at, PLACE));) {
		buf_add(&s->out, str_range(at, place));
		const struct text_value *v = &values[place[2] - 'A'];
		at = place + 3;
		if (place[1] == 'p')
			at = write_form(s, language, at, v->number);
		else if (v->is_number)
			buf_printf(&s->out, "%lld", (long long)v->number);
		else
			buf_add(&s->out, v->text);
	}
	buf_add(&s->out, str_of(at));
}

void say_flush(struct say *s, FILE *to)
{
	if (s->out.n)
		fwrite(s->out.p, 1, s->out.n, to);
	buf_clear(&s->out);
}

void say_fini(struct say *s)
{
	buf_fini(&s->out);
}

void say_duration(struct say *s, int64_t ms)
{
	if (ms > 0 && ms < 1000)
		text_time_ms(s, ms);
	else if (ms < 120 * INT64_C(1000))
		text_time_s(s, ms / 1000);
	else if (ms < 120 * INT64_C(60000))
		text_time_min(s, ms / 60000);
	else if (ms < 48 * INT64_C(3600000))
		text_time_h(s, ms / 3600000);
	else
		text_time_d(s, ms / 86400000);
}

void say_duration_exact(struct say *s, int64_t ms)
{
	if (ms % 1000)
		text_time_ms(s, ms);
	else if (ms % 60000 || ms == 0)
		text_time_s(s, ms / 1000);
	else if (ms % 3600000)
		text_time_min(s, ms / 60000);
	else if (ms % 86400000)
		text_time_h(s, ms / 3600000);
	else
		text_time_d(s, ms / 86400000);
}

struct str errno_text(enum language language, int err)
{
	static const struct {
		int err;
		enum text_id id;
	} known[] = {
		{ EADDRINUSE, TEXT_ERRNO_EADDRINUSE }, { EADDRNOTAVAIL, TEXT_ERRNO_EADDRNOTAVAIL },
		{ ENOENT, TEXT_ERRNO_ENOENT }, { EACCES, TEXT_ERRNO_EACCES }, { EPERM, TEXT_ERRNO_EACCES }, { ENOTDIR, TEXT_ERRNO_ENOTDIR },
		{ -ERRNO_NOT_PEM, TEXT_ERRNO_NOT_PEM }, { -ERRNO_EMPTY, TEXT_ERRNO_EMPTY },
		{ ENOSYS, TEXT_ERRNO_ENOSYS }, { EBUSY, TEXT_ERRNO_EBUSY }, { EINVAL, TEXT_ERRNO_EINVAL }, { ETIMEDOUT, TEXT_ERRNO_ETIMEDOUT },
		{ ENAMETOOLONG, TEXT_ERRNO_ENAMETOOLONG }, { EMFILE, TEXT_ERRNO_EMFILE }, { ENFILE, TEXT_ERRNO_EMFILE },
		{ ENOMEM, TEXT_ERRNO_ENOMEM }, { EIO, TEXT_ERRNO_EIO }, { ELOOP, TEXT_ERRNO_ELOOP },
		{ EISDIR, TEXT_ERRNO_EISDIR }, { EROFS, TEXT_ERRNO_EROFS }, { ENOSPC, TEXT_ERRNO_ENOSPC }, { EFBIG, TEXT_ERRNO_EFBIG },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].err == -err) {
			const char *text = language == LANGUAGE_RU ? texts_ru[known[i].id] : NULL;
			return str_of(text ? text : texts_en[known[i].id]);
		}
	return str_of(strerror(-err));
}

enum language language_of(const char *locale)
{
	return strncmp(locale, "ru", 2) == 0 && strchr("_-.@", locale[2]) ? LANGUAGE_RU : LANGUAGE_EN;
}

enum language language_of_environment(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return language_of(value);
	}
	return LANGUAGE_EN;
}
