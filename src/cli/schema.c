/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - walk a tree by a table of settings. */
#include "schema.h"
#include "suggest.h"
#include <stdlib.h>

struct say *reader_error(struct reader *r, const struct node *at)
{
	return problems_error(r->problems, tree_place(r->tree, at));
}

struct str reader_path(struct reader *r, struct str path)
{
	if (!path.n || path.p[0] == '/' || !r->folder.n)
		return arena_str(r->arena, path);
	return arena_printf(r->arena, "%.*s/%.*s", STR_FMT(r->folder), STR_FMT(path));
}

bool reader_text(struct reader *r, const struct setting *s, const struct node *n, struct str *out)
{
	if (n->kind != NODE_TEXT) {
		text_config_one_value(reader_error(r, n), str_of(s->name));
		return false;
	}
	*out = n->text;
	return true;
}

static void store_number(const struct setting *s, void *object, int64_t value)
{
	void *field = (char *)object + s->offset;
	switch (s->size) {
	case 1: *(uint8_t *)field = (uint8_t)value; return;
	case 2: *(uint16_t *)field = (uint16_t)value; return;
	case 4: *(uint32_t *)field = (uint32_t)value; return;
	case 8: *(uint64_t *)field = (uint64_t)value; return;
	}
	abort();
}

/* A value in the unit of the field, as a person would write it. */
static void say_value(struct say *s, const struct setting *set, int64_t value)
{
	switch (set->type) {
	case SET_TIME_MS:
		say_duration_exact(s, value);
		return;
	case SET_TIME_S:
		say_duration_exact(s, value * 1000);
		return;
	case SET_SIZE:
		if (value >= 1024 && value % 1024 == 0)
			buf_printf(&s->out, "%lldKiB", (long long)value / 1024);
		else
			buf_printf(&s->out, "%lldB", (long long)value);
		return;
	default:
		buf_printf(&s->out, "%lld", (long long)value);
	}
}

static void out_of_range(struct reader *r, const struct setting *s, const struct node *n)
{
	struct say *to = reader_error(r, n);
	struct say low = { .language = to->language }, high = low;
	say_value(&low, s, s->min);
	say_value(&high, s, s->max);
	text_config_range(to, str_of(s->name), n->text, buf_str(&low.out), buf_str(&high.out));
	say_fini(&low);
	say_fini(&high);
}

static void read_number(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	struct str text;
	if (!reader_text(r, s, n, &text))
		return;
	int64_t value;
	uint64_t whole;
	switch (s->type) {
	case SET_NUMBER:
		if (!str_u64(text, INT64_MAX, &whole)) {
			text_config_number(reader_error(r, n), str_of(s->name), text);
			return;
		}
		value = (int64_t)whole;
		break;
	case SET_SIZE:
		if (!value_size(text, &value)) {
			text_config_size(reader_error(r, n), str_of(s->name), text);
			return;
		}
		break;
	default:
		if (!value_time_ms(text, &value) || (s->type == SET_TIME_S && value % 1000)) {
			struct say *to = reader_error(r, n);
			if (s->type == SET_TIME_S)
				text_config_time_s(to, str_of(s->name), text);
			else
				text_config_time(to, str_of(s->name), text);
			return;
		}
		if (s->type == SET_TIME_S)
			value /= 1000;
	}
	if (value < s->min || value > s->max)
		out_of_range(r, s, n);
	else
		store_number(s, object, value);
}

static void read_choice(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	static const struct choice booleans[] = {
		{ "yes", 1 }, { "no", 0 }, { "true", 1 }, { "false", 0 }, { "on", 1 }, { "off", 0 }, { NULL, 0 },
	};
	const struct choice *choices = s->type == SET_BOOL ? booleans : s->choices;
	struct str text;
	if (!reader_text(r, s, n, &text))
		return;
	for (const struct choice *c = choices; c->word; c++)
		if (str_ieq(text, str_of(c->word))) {
			store_number(s, object, c->value);
			return;
		}
	struct buf words = { 0 };
	for (const struct choice *c = choices; c->word && (s->type != SET_BOOL || c < &booleans[2]); c++)
		buf_printf(&words, "%s%s", words.n ? ", " : "", c->word);
	text_config_choice(reader_error(r, n), str_of(s->name), text, buf_str(&words));
	buf_fini(&words);
}

struct str value_lower(struct arena *arena, struct str text)
{
	struct str copy = arena_str(arena, text);
	for (char *p = (char *)copy.p; p < copy.p + copy.n; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	return copy;
}

static bool one_text(struct reader *r, const struct setting *s, const struct node *n, struct str *out)
{
	struct str text;
	if (!reader_text(r, s, n, &text))
		return false;
	if (!text.n) {
		text_config_empty(reader_error(r, n), str_of(s->name));
		return false;
	}
	switch (s->type) {
	case SET_PATH:  *out = reader_path(r, text); break;
	case SET_TEXT:  *out = text; break;
	default:        *out = value_lower(r->arena, text); break;
	}
	return true;
}

static void read_texts(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	const struct node *first = n->kind == NODE_LIST ? n->first : n;
	unsigned room = n->kind == NODE_LIST ? n->count : 1, count = 0;
	struct str *list = arena_array(r->arena, room, sizeof *list);
	for (const struct node *item = first; item && count < room; item = n->kind == NODE_LIST ? item->next : NULL)
		count += one_text(r, s, item, &list[count]);
	*(struct str **)((char *)object + s->offset) = list;
	*(unsigned *)((char *)object + s->count_offset) = count;
}

/* An item of a list that is a plain text: the setting that this stands for. */
static void read_short(struct reader *r, const struct setting *s, const struct node *n, void *item)
{
	struct node *value = arena_alloc(r->arena, sizeof *value);
	*value = *n;
	value->key = str_of(s->short_form);
	value->key_line = n->line;
	value->key_column = n->column;
	value->next = NULL;
	struct node map = { .kind = NODE_MAP, .line = n->line, .column = n->column, .first = value, .count = 1 };
	schema_read(r, s->of, str_of(s->name), &map, item);
}

static void read_list(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	bool many = n->kind == NODE_LIST;
	unsigned room = many ? n->count : 1, count = 0;
	char *list = arena_array(r->arena, room, s->item_size);
	for (const struct node *item = many ? n->first : n; item; item = many ? item->next : NULL) {
		void *at = list + (size_t)count++ * s->item_size;
		if (item->kind == NODE_TEXT && s->short_form)
			read_short(r, s, item, at);
		else
			schema_read(r, s->of, str_of(s->name), item, at);
	}
	*(void **)((char *)object + s->offset) = list;
	*(unsigned *)((char *)object + s->count_offset) = count;
}

static void read_setting(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	if (n->kind == NODE_NOTHING) {
		/* `registrar:` with everything under it commented out is no mistake. */
		if (s->type != SET_SECTION && s->type != SET_LIST)
			text_config_empty(reader_error(r, n), str_of(s->name));
		return;
	}
	switch (s->type) {
	case SET_BOOL:
	case SET_CHOICE:
		read_choice(r, s, n, object);
		break;
	case SET_NUMBER:
	case SET_TIME_MS:
	case SET_TIME_S:
	case SET_SIZE:
		read_number(r, s, n, object);
		break;
	case SET_TEXT:
	case SET_LOWER:
	case SET_PATH:
		one_text(r, s, n, (struct str *)((char *)object + s->offset));
		break;
	case SET_TEXTS:
		read_texts(r, s, n, object);
		break;
	case SET_SECTION:
		schema_read(r, s->of, str_of(s->name), n, object);
		break;
	case SET_LIST:
		read_list(r, s, n, object);
		break;
	case SET_CUSTOM:
		s->read(r, s, n, object);
		break;
	}
}

static void unknown(struct reader *r, const struct setting *section, struct str section_name, const struct node *n)
{
	struct suggestion guess = suggest_for(n->key);
	for (const struct setting *s = section; s->name; s++)
		suggest_offer(&guess, str_of(s->name));
	struct say *to = problems_error(r->problems, tree_key_place(r->tree, n));
	if (section_name.n)
		text_config_unknown(to, n->key, section_name);
	else
		text_config_unknown_section(to, n->key);
	if (guess.best.n) {
		text_config_did_you_mean(to, guess.best);
		return;
	}
	struct buf names = { 0 };
	for (const struct setting *s = section; s->name; s++)
		buf_printf(&names, "%s%s", names.n ? ", " : "", s->name);
	text_config_possible(to, buf_str(&names));
	buf_fini(&names);
}

void schema_read(struct reader *r, const struct setting *section, struct str section_name, const struct node *map, void *object)
{
	if (map->kind != NODE_MAP) {
		struct say *to = reader_error(r, map);
		if (section_name.n)
			text_config_not_map(to, section_name);
		else
			text_config_not_map_root(to);
		return;
	}
	for (const struct node *n = map->first; n; n = n->next) {
		const struct setting *s = section;
		while (s->name && !str_eq(n->key, str_of(s->name)))
			s++;
		if (s->name)
			read_setting(r, s, n, object);
		else
			unknown(r, section, section_name, n);
	}
}
