/* SPDX-License-Identifier: Apache-2.0 */
/* site_export.c - the site as files of a folder. */
#include "codes_site.h"
#include "site_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct export {
	int root;                       /* the folder */
	unsigned files;
	struct buf out;                 /* used again for each file */
};

static int put(struct export *e, const char *path, struct str body)
{
	int fd = openat(e->root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	int err = 0;
	while (body.n && !err) {
		ssize_t n = write(fd, body.p, body.n);
		if (n < 0 && errno != EINTR)
			err = -errno;
		if (n > 0)
			body = str_range(body.p + n, body.p + body.n);
	}
	if (close(fd) && !err)
		err = -errno;
	if (!err)
		e->files++;
	return err;
}

static int folder(struct export *e, const char *path)
{
	return mkdirat(e->root, path, 0777) && errno != EEXIST ? -errno : 0;
}

/* NAME.html and NAME.json. */
static int page(struct export *e, const struct site_view *v, const char *name)
{
	char path[64];
	buf_clear(&e->out);
	site_document(&e->out, v);
	snprintf(path, sizeof path, "%s.html", name);
	int err = put(e, path, buf_str(&e->out));
	if (err)
		return err;
	buf_clear(&e->out);
	site_json(&e->out, v);
	snprintf(path, sizeof path, "%s.json", name);
	return put(e, path, buf_str(&e->out));
}

static int pairs(struct export *e, unsigned language, unsigned low)
{
	char name[64];
	snprintf(name, sizeof name, "%s/compare/%u", codes_languages[language].tag, low);
	int err = codes_table[codes_count - 1].status > low ? folder(e, name) : 0;
	for (unsigned i = 0; i < codes_count && !err; i++) {
		unsigned high = codes_table[i].status;
		if (high <= low)
			continue;
		snprintf(name, sizeof name, "%s/compare/%u/%u", codes_languages[language].tag, low, high);
		err = page(e, &(struct site_view){ .kind = SITE_COMPARE, .language = language, .low = low, .high = high, .depth = 3 }, name);
	}
	return err;
}

static int tongue(struct export *e, unsigned language)
{
	const char *tag = codes_languages[language].tag;
	char name[64];
	int err = folder(e, tag);
	snprintf(name, sizeof name, "%s/index", tag);
	if (!err)
		err = page(e, &(struct site_view){ .kind = SITE_INDEX, .language = language, .depth = 1 }, name);
	snprintf(name, sizeof name, "%s/codes", tag);
	if (!err)
		err = folder(e, name);
	snprintf(name, sizeof name, "%s/compare", tag);
	if (!err)
		err = folder(e, name);
	for (unsigned i = 0; i < codes_count && !err; i++) {
		unsigned status = codes_table[i].status;
		snprintf(name, sizeof name, "%s/codes/%u", tag, status);
		err = page(e, &(struct site_view){ .kind = SITE_CODE, .language = language, .low = status, .depth = 2 }, name);
		if (!err)
			err = pairs(e, language, status);
	}
	return err;
}

/* The first page: the languages to choose from. */
static int door(struct export *e)
{
	struct buf *out = &e->out;
	buf_clear(out);
	BUF_LIT(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	             "<meta http-equiv=\"Content-Security-Policy\" content=\"" SITE_POLICY "\">\n"
	             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_escape(out, codes_word(WORD_PAGE_INDEX, CODES_ENGLISH));
	BUF_LIT(out, "</title>\n<link rel=\"stylesheet\" href=\"site.css\">\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"icon.svg\">\n"
	             "</head>\n<body>\n<main class=\"door\">\n<h1>");
	html_escape(out, codes_word(WORD_PAGE_INDEX, CODES_ENGLISH));
	BUF_LIT(out, "</h1>\n<ul>\n");
	for (unsigned i = 0; i < codes_language_count; i++) {
		const struct codes_language *l = &codes_languages[i];
		buf_printf(out, "<li lang=\"%s\"><a hreflang=\"%s\" href=\"%s/index.html\">", l->tag, l->tag, l->tag);
		html_escape(out, str_of(l->name));
		BUF_LIT(out, "</a> ");
		html_escape(out, codes_word(WORD_PAGE_INDEX_LEAD, i));
		BUF_LIT(out, "</li>\n");
	}
	BUF_LIT(out, "</ul>\n</main>\n</body>\n</html>\n");
	return put(e, "index.html", buf_str(out));
}

int site_export(const char *path, unsigned *files)
{
	struct export e = { .root = -1 };
	int err = mkdir(path, 0777) && errno != EEXIST ? -errno : 0;
	if (!err && (e.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err = -errno;
	for (unsigned i = 0; i < site_asset_count && !err; i++)
		err = put(&e, site_assets[i].name, site_assets[i].body);
	if (!err)
		err = door(&e);
	for (unsigned i = 0; i < codes_language_count && !err; i++)
		err = tongue(&e, i);
	if (e.root >= 0)
		close(e.root);
	buf_fini(&e.out);
	*files = e.files;
	return err;
}
