/* SPDX-License-Identifier: Apache-2.0 */
/* command_move_show.c - sluice move list|show: what is written down about moves. */
#include "cells.h"
#include "command_move.h"
#include "json.h"
#include "mem.h"
#include "utf8.h"
#include <stdlib.h>

/* --- words --- */

unsigned move_state_text(enum move_state state)
{
	switch (state) {
	case MOVE_ACTIVE:       return TEXT_MOVE_STATE_ACTIVE;
	case MOVE_SUSPENDED:    return TEXT_MOVE_STATE_SUSPENDED;
	case MOVE_DOUBTED:      return TEXT_MOVE_STATE_DOUBTED;
	case MOVE_WAITING:      return TEXT_MOVE_STATE_WAITING;
	}
	abort();
}

unsigned move_way_text(const struct move *v)
{
	switch (v->way) {
	case MOVE_TELL:
		return v->target_count > 1 ? TEXT_MOVE_WAY_300 : v->permanent ? TEXT_MOVE_WAY_301 : TEXT_MOVE_WAY_302;
	case MOVE_PROXY:
		return TEXT_MOVE_WAY_PROXY;
	case MOVE_GONE:
		return TEXT_MOVE_WAY_GONE;
	}
	abort();
}

void move_write_targets(const struct move *v, struct buf *out)
{
	for (unsigned i = 0; i < v->target_count; i++)
		buf_printf(out, "%s%.*s", i ? ", " : "", STR_FMT(v->targets[i].uri));
	if (!v->target_count)
		buf_byte(out, '-');
}

void move_say_who(const struct move *v, struct say *s)
{
	struct buf who = { 0 };
	utf8_clean(&who, v->said_by);           /* the name of a user may be any bytes */
	switch (v->origin) {
	case MOVE_OPERATOR:
		text_move_who_operator(s, buf_str(&who));
		break;
	case MOVE_PHONE:
		text_move_who_phone(s, buf_str(&who));
		break;
	case MOVE_DOMAIN:
		text_move_who_domain(s, buf_str(&who));
		break;
	}
	buf_fini(&who);
}

/* --- JSON --- */

static const char *const origins[] = { [MOVE_OPERATOR] = "operator", [MOVE_PHONE] = "phone", [MOVE_DOMAIN] = "domain" };
static const char *const states[] = {
	[MOVE_ACTIVE] = "active", [MOVE_SUSPENDED] = "suspended", [MOVE_DOUBTED] = "doubted", [MOVE_WAITING] = "waiting",
};
static const char *const ways[] = { [MOVE_TELL] = "tell", [MOVE_PROXY] = "proxy", [MOVE_GONE] = "gone" };

static void json_date(struct buf *b, const char *name, int64_t wall_ms)
{
	char date[ISO_DATE];
	json_str(b, name, wall_ms ? iso_date(date, wall_ms / 1000) : STR_NONE);
}

static void json_move(const struct move *v, struct buf *b)
{
	json_begin(b);
	json_str(b, "uri", v->old_uri);
	json_str(b, "key", v->key);
	json_open(b, "targets", '[');
	for (unsigned i = 0; i < v->target_count; i++) {
		json_open(b, NULL, '{');
		json_str(b, "uri", v->targets[i].uri);
		json_int(b, "q_thousandths", v->targets[i].q);
		json_close(b, '}');
	}
	json_close(b, ']');
	json_str(b, "way", str_of(ways[v->way]));
	json_bool(b, "permanent", v->permanent);
	json_str(b, "origin", str_of(origins[v->origin]));
	json_str(b, "said_by", v->said_by);
	json_str(b, "path", v->path.n ? v->path : STR_NONE);
	json_date(b, "said", v->said_wall_ms);
	json_date(b, "expires", v->expires_wall_ms);
	json_str(b, "state", str_of(states[v->state]));
	json_int(b, "hits", (int64_t)v->hits);
	json_date(b, "used", v->used_wall_ms);
	json_int(b, "last_status", v->last_status);
	json_end(b);
}

/* --- list --- */

struct move_list {
	struct arena *arena;
	struct move *all;
	size_t count, room;
};

static void collect(void *user, const struct move *v)
{
	struct move_list *l = user;
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 256;
		l->all = mem_realloc(l->all, l->room * sizeof *l->all);
	}
	struct move *copy = &l->all[l->count++];
	*copy = *v;
	copy->key = arena_str(l->arena, v->key);
	copy->old_uri = arena_str(l->arena, v->old_uri);
	copy->said_by = arena_str(l->arena, v->said_by);
	copy->path = arena_str(l->arena, v->path);
	copy->targets = arena_array(l->arena, v->target_count, sizeof *copy->targets);
	for (unsigned i = 0; i < v->target_count; i++)
		copy->targets[i] = (struct move_target){ arena_str(l->arena, v->targets[i].uri), v->targets[i].q };
}

static int by_key(const void *a, const void *b)
{
	const struct move *x = a, *y = b;
	size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
	int order = n ? memcmp(x->key.p, y->key.p, n) : 0;
	return order ? order : (x->key.n > y->key.n) - (x->key.n < y->key.n);
}

static void cell_until(struct table *t, enum language language, const struct move *v, int64_t now_ms)
{
	if (v->expires_wall_ms)
		cell_time(t, language, (v->expires_wall_ms - now_ms) / 1000, text_time_in);
	else
		table_cell(t, STR("-"));
}

static void table_move(struct table *t, enum language language, const struct move *v, int64_t now_ms)
{
	struct buf targets = { 0 };
	struct say who = { .language = language };
	char hits[24];
	move_write_targets(v, &targets);
	move_say_who(v, &who);
	snprintf(hits, sizeof hits, "%llu", (unsigned long long)v->hits);
	table_cell(t, v->old_uri);
	table_cell(t, buf_str(&targets));
	cell_text(t, language, move_way_text(v));
	cell_text(t, language, move_state_text(v->state));
	cell_until(t, language, v, now_ms);
	table_cell(t, str_of(hits));
	table_cell(t, buf_str(&who.out));
	say_fini(&who);
	buf_fini(&targets);
}

static void print_table(const struct move_list *l, struct invocation *in, int64_t now_ms)
{
	static const unsigned header[] = { TEXT_COLUMN_MOVED, TEXT_COLUMN_MOVED_TO, TEXT_COLUMN_HOW, TEXT_COLUMN_STATE_MOVE,
	                                   TEXT_COLUMN_EXPIRES, TEXT_COLUMN_HITS, TEXT_COLUMN_SAID_BY };
	struct table t;
	table_init(&t, 7);
	t.shrink[1] = t.shrink[6] = 1;
	t.shrink[0] = 2;
	for (unsigned i = 0; i < 7; i++)
		cell_text(&t, in->out.language, header[i]);
	for (size_t i = 0; i < l->count; i++)
		table_move(&t, in->out.language, &l->all[i], now_ms);
	table_print(&t, terminal_width(stdout), &in->out.out);
	table_fini(&t);
}

int command_move_list(struct invocation *in)
{
	struct move_desk m;
	if (!move_desk_open(&m, in))
		return move_desk_finish(&m, false);
	struct move_list l = { .arena = &m.desk.arena };
	moves_each(m.moves, STR_NONE, m.now_ms, collect, &l);
	if (l.count)
		qsort(l.all, l.count, sizeof *l.all, by_key);
	if (in->option[OPTION_JSON]) {
		for (size_t i = 0; i < l.count; i++)
			json_move(&l.all[i], &in->out.out);
	} else if (l.count) {
		print_table(&l, in, m.now_ms);
	} else {
		text_move_none(&in->out);
		buf_byte(&in->out.out, '\n');
	}
	mem_free(l.all);
	return move_desk_finish(&m, true);
}

/* --- show --- */

static void show_field(struct say *s, void (*text)(struct say *s, struct str value), struct str value)
{
	text(s, value);
	buf_byte(&s->out, '\n');
}

static void show_text(struct say *s, void (*text)(struct say *s, struct str value), unsigned id)
{
	struct say value = { .language = s->language };
	say_text(&value, id, NULL);
	show_field(s, text, buf_str(&value.out));
	say_fini(&value);
}

static void show_uses(struct say *s, const struct move *v)
{
	char date[ISO_DATE];
	if (!v->hits)
		text_move_show_unused(s);
	else if (!v->last_status)
		text_move_show_used(s, (int64_t)v->hits, iso_date(date, v->used_wall_ms / 1000));
	else
		text_move_show_answered(s, (int64_t)v->hits, iso_date(date, v->used_wall_ms / 1000), v->last_status);
	buf_byte(&s->out, '\n');
}

static void show(const struct move *v, struct say *s)
{
	char date[ISO_DATE];
	struct say who = { .language = s->language };
	show_field(s, text_move_show_uri, v->old_uri);
	for (unsigned i = 0; i < v->target_count; i++)
		show_field(s, text_move_show_to, v->targets[i].uri);
	show_text(s, text_move_show_how, move_way_text(v));
	show_text(s, text_move_show_state, move_state_text(v->state));
	move_say_who(v, &who);
	show_field(s, text_move_show_who, buf_str(&who.out));
	if (v->path.n)
		show_field(s, text_move_show_path, v->path);
	show_field(s, text_move_show_said, iso_date(date, v->said_wall_ms / 1000));
	if (v->expires_wall_ms)
		show_field(s, text_move_show_until, iso_date(date, v->expires_wall_ms / 1000));
	else
		show_text(s, text_move_show_until, TEXT_MOVE_UNTIL_REMOVED);
	show_uses(s, v);
	say_fini(&who);
}

int command_move_show(struct invocation *in)
{
	struct move_desk m;
	struct move_address a;
	struct move v;
	bool ok = move_desk_open(&m, in) && move_desk_find(&m, in->operands[0], &a, &v);
	if (ok && in->option[OPTION_JSON])
		json_move(&v, &in->out.out);
	else if (ok)
		show(&v, &in->out);
	return move_desk_finish(&m, ok);
}
