/* SPDX-License-Identifier: Apache-2.0 */
/* command_keys.c - sluice keys, keys rotate, keys node: the keys that the nodes of a cluster share. */
#include "cells.h"
#include "clock.h"
#include "command.h"
#include "config.h"
#include "control.h"
#include "json.h"
#include "key_words.h"
#include "schema.h"
#include <errno.h>
#include <time.h>

#define DAY_S       (24 * INT64_C(3600))
#define LEAD_MS     300000              /* for the file to reach all nodes, unless --in says else */
#define LEAD_MAX_MS (30 * DAY_S * 1000)

/* What all of them work on. */
struct ring {
	struct invocation *in;
	struct arena arena;
	struct str state;
	struct key_file file;
	int64_t overlap_s;              /* how long tokens are good after their key wrote its last */
	int64_t now_s;
};

static void open_ring(struct ring *r, struct invocation *in)
{
	*r = (struct ring){ .in = in, .now_s = clock_wall_ms() / 1000 };
	arena_init(&r->arena, NULL, 0);
}

static int close_ring(struct ring *r, int status)
{
	key_file_wipe(&r->file);
	arena_fini(&r->arena);
	return status == CLI_FAILED ? command_failed(r->in) : status;
}

static void take_expires(void *user, const json_t *row)
{
	int64_t *expires_s = user, told = json_integer_value(json_object_get(row, "expires_max_s"));
	if (told > 0)
		*expires_s = told;
}

/* The longest registration: by the configuration, or as the running server says, or the built-in one. */
static int64_t longest_s(const struct ring *r)
{
	struct invocation *in = r->in;
	struct server_settings built_in;
	server_settings_init(&built_in);
	int64_t expires_s = built_in.registrar.expires_max_s;
	if (in->option[OPTION_CONFIG]) {
		struct problems problems;
		struct config config;
		problems_init(&problems, in->err.language);
		config_read_file(&config, in->option[OPTION_CONFIG], &problems);
		expires_s = config.server.registrar.expires_max_s;
		config_free(&config);
		problems_fini(&problems);
	} else {
		struct say error = { .language = in->err.language };
		control_ask(r->state, STR("status"), take_expires, &expires_s, &error);
		say_fini(&error);
	}
	return expires_s;
}

static bool read_ring(struct ring *r)
{
	if (!command_state(r->in, &r->arena, &r->state))
		return false;
	int err = keys_read_or_say(&r->in->err, r->state, &r->file);
	if (err == -ENOENT)
		text_keys_none(&r->in->err, r->state);
	r->overlap_s = longest_s(r) + DAY_S;           /* a day for what lies in dialogs */
	return !err;
}

/* --- keys --- */

static void json_key(struct ring *r, unsigned row, bool writes, int64_t until_s)
{
	const struct key_row *key = &r->file.row[row];
	struct buf *b = &r->in->out.out;
	char id[9], date[ISO_DATE];
	snprintf(id, sizeof id, "%08x", key->id);
	json_begin(b);
	json_str(b, "id", str_of(id));
	json_str(b, "made", iso_date(date, key->made_s));
	json_str(b, "from", iso_date(date, key->from_s));
	json_bool(b, "writes", writes);
	json_str(b, "needed_until", until_s == INT64_MAX ? STR_NONE : iso_date(date, until_s));
	json_end(b);
}

static void table_key(struct ring *r, struct table *t, unsigned row, unsigned writing, int64_t until_s)
{
	const struct key_row *key = &r->file.row[row];
	enum language language = r->in->out.language;
	char id[9];
	snprintf(id, sizeof id, "%08x", key->id);
	table_cell(t, str_of(id));
	cell_time(t, language, r->now_s - key->made_s, text_time_ago);
	if (row > writing)
		cell_time(t, language, key->from_s - r->now_s, text_time_in);
	else
		cell_text(t, language, row == writing ? TEXT_KEYS_NOW : TEXT_KEYS_NO_LONGER);
	if (row < writing && until_s > r->now_s)
		cell_time(t, language, until_s - r->now_s, text_keys_for);
	else
		cell_text(t, language, row < writing ? TEXT_NO : TEXT_YES);
}

static void list(struct ring *r)
{
	static const unsigned header[] = { TEXT_COLUMN_KEY, TEXT_COLUMN_MADE, TEXT_COLUMN_WRITES, TEXT_COLUMN_NEEDED };
	bool json = r->in->option[OPTION_JSON];
	unsigned writing = key_file_writing(&r->file, r->now_s);
	struct table t;
	table_init(&t, 4);
	for (unsigned i = 0; i < 4; i++)
		cell_text(&t, r->in->out.language, header[i]);
	for (unsigned i = 0; i < r->file.count; i++) {
		int64_t until_s = key_file_until(&r->file, i, r->overlap_s);
		if (json)
			json_key(r, i, i == writing, until_s);
		else
			table_key(r, &t, i, writing, until_s);
	}
	if (!json)
		table_print(&t, terminal_width(stdout), &r->in->out.out);
	table_fini(&t);
}

int command_keys(struct invocation *in)
{
	struct ring r;
	open_ring(&r, in);
	if (!read_ring(&r))
		return close_ring(&r, CLI_FAILED);
	list(&r);
	uint32_t node;
	int err = node_read_or_say(&in->err, r.state, &node);
	if (!err && !in->option[OPTION_JSON]) {
		text_keys_node(&in->out, node);
		buf_byte(&in->out.out, '\n');
	}
	return close_ring(&r, err && err != -ENOENT ? CLI_FAILED : CLI_OK);
}

/* --- rotate --- */

static bool lead_of(struct invocation *in, int64_t *lead_ms)
{
	const char *given = in->option[OPTION_IN];
	*lead_ms = in->option[OPTION_NOW] ? 0 : LEAD_MS;
	if (!given)
		return true;
	if (!in->option[OPTION_NOW] && value_time_ms(str_of(given), lead_ms) && *lead_ms <= LEAD_MAX_MS)
		return true;
	if (in->option[OPTION_NOW])
		text_keys_now_in(&in->err);
	else
		text_keys_in(&in->err, str_of(given));
	return false;
}

/* A running server would notice by itself; asked, it also says whether it takes the file. */
static void tell_server(struct ring *r)
{
	struct say error = { .language = r->in->err.language };
	if (control_ask(r->state, STR("reload-keys"), NULL, NULL, &error) == CONTROL_FAILED) {
		text_keys_not_told(&r->in->err);
		buf_byte(&r->in->err.out, '\n');
	}
	say_fini(&error);
}

static void say_rotated(struct ring *r, int64_t lead_s, unsigned removed)
{
	struct say *s = &r->in->out, time = { .language = s->language };
	char id[9];
	snprintf(id, sizeof id, "%08x", r->file.row[r->file.count - 1].id);
	say_duration_exact(&time, lead_s * 1000);
	if (lead_s)
		text_keys_added(s, str_of(id), buf_str(&time.out));
	else
		text_keys_added_now(s, str_of(id));
	if (removed)
		text_keys_removed(s, removed);
	buf_byte(&s->out, '\n');
	if (lead_s)
		text_keys_share(s, buf_str(&time.out), r->state);
	else
		text_keys_share_now(s);
	buf_byte(&s->out, '\n');
	say_fini(&time);
}

static int rotate(struct ring *r, int64_t lead_s)
{
	struct invocation *in = r->in;
	struct transport_error why;
	char id[9];
	unsigned removed = 0;
	snprintf(id, sizeof id, "%08x", r->file.row[r->file.count - 1].id);
	switch (key_file_rotate(&r->file, r->now_s, r->now_s + lead_s, r->overlap_s, &removed)) {
	case KEY_WAITING:
		text_keys_waiting(&in->err, str_of(id));
		return CLI_FAILED;
	case KEY_FULL:
		text_keys_full(&in->err, KEYS_MAX);
		return CLI_FAILED;
	case KEY_ROTATED:
		break;
	}
	int err = key_file_write(arena_str(&r->arena, r->state).p, &r->file, &why);
	if (err) {
		text_state_write(&in->err, arena_printf(&r->arena, "%.*s/" KEY_FILE_NAME, STR_FMT(r->state)), errno_text(in->err.language, err));
		return CLI_FAILED;
	}
	say_rotated(r, lead_s, removed);
	tell_server(r);
	return CLI_OK;
}

int command_keys_rotate(struct invocation *in)
{
	struct ring r;
	int64_t lead_ms;
	if (!lead_of(in, &lead_ms))
		return command_usage(in);
	open_ring(&r, in);
	return close_ring(&r, read_ring(&r) ? rotate(&r, (lead_ms + 999) / 1000) : CLI_FAILED);
}

/* --- node --- */

int command_keys_node(struct invocation *in)
{
	struct ring r;
	struct transport_error why;
	uint32_t number, before = 0;
	if (!str_u32(str_of(in->operands[0]), UINT32_MAX, &number) || !number) {
		text_keys_node_number(&in->err, str_of(in->operands[0]));
		return command_usage(in);
	}
	open_ring(&r, in);
	if (!command_state(in, &r.arena, &r.state))
		return close_ring(&r, CLI_FAILED);
	struct say quiet = { .language = in->err.language };
	int err = node_read_or_say(&quiet, r.state, &before);   /* a broken one is what this mends */
	say_fini(&quiet);
	if (err || before != number)
		err = node_file_write(arena_str(&r.arena, r.state).p, number, &why);
	if (err) {
		text_keys_node_unusable(&in->err, r.state, errno_text(in->err.language, err));
		return close_ring(&r, CLI_FAILED);
	}
	if (before == number)
		text_keys_node(&in->out, number);
	else
		text_keys_node_changed(&in->out, number);
	buf_byte(&in->out.out, '\n');
	return close_ring(&r, CLI_OK);
}
