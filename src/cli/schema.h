/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - settings by table: what a name means, what it may be, and where it goes.
 *
 * A section is a table of settings; each writes one field of a C struct (offset and size), so the table
 * is the only place that knows both. Texts are typed here; a wrong one is told with what would be right. */
#ifndef SLUICE_CLI_SCHEMA_H
#define SLUICE_CLI_SCHEMA_H

#include "addr.h"
#include "tree.h"

enum setting_type {
	SET_BOOL,                       /* bool: yes, no, true, false, on, off */
	SET_NUMBER,                     /* an integer field */
	SET_TIME_MS, SET_TIME_S,        /* an integer field; "500ms", "30s", "5m", "2h", "1d", "0" */
	SET_SIZE,                       /* an integer field; "4096", "64KiB", "1MiB" */
	SET_TEXT,                       /* struct str */
	SET_LOWER,                      /* struct str, made lower case: names of hosts */
	SET_PATH,                       /* struct str; relative to the folder of the configuration file */
	SET_CHOICE,                     /* one word of a list, as an integer or bool */
	SET_TEXTS,                      /* struct str * and a count: a list, or one alone */
	SET_SECTION,                    /* a map: `of` says what is in it; fields of the same struct */
	SET_LIST,                       /* item * and a count: a list of maps, or one alone */
	SET_CUSTOM                      /* read() does it */
};

struct choice {
	const char *word;               /* NULL: the end */
	int value;
};

struct reader;
struct setting {
	const char *name;               /* NULL: the end of a section */
	enum setting_type type;
	uint16_t size;                  /* of the field */
	uint32_t offset;                /* of the field */
	uint32_t count_offset;          /* of the unsigned that counts: SET_TEXTS, SET_LIST */
	uint32_t item_size;             /* SET_LIST */
	int64_t min, max;               /* of numbers, in the unit of the field */
	const struct choice *choices;
	const struct setting *of;       /* SET_SECTION, SET_LIST */
	const char *short_form;         /* SET_LIST: an item that is a plain text is this setting of it */
	void (*read)(struct reader *r, const struct setting *s, const struct node *n, void *object);
};

struct reader {
	const struct tree *tree;
	struct arena *arena;
	struct problems *problems;
	struct str folder;              /* of the configuration file, for SET_PATH */
};

/* Read a map into `object` by a section's table. Everything wrong is told; fields of wrong settings keep
 * what they had. */
void schema_read(struct reader *r, const struct setting *section, struct str section_name, const struct node *map, void *object);

/* For SET_CUSTOM. */
struct say *reader_error(struct reader *r, const struct node *at);
bool reader_text(struct reader *r, const struct setting *s, const struct node *n, struct str *out);    /* false: told */
struct str reader_path(struct reader *r, struct str path);

/* The units by themselves. False: not of that form, or too large. */
bool value_time_ms(struct str text, int64_t *out);
bool value_size(struct str text, int64_t *out);
struct str value_lower(struct arena *arena, struct str text);   /* ASCII letters only */

#endif
