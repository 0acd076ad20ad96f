/* SPDX-License-Identifier: Apache-2.0 */
/* command_live.c - sluice bindings, sluice flows: what the running server knows now. */
#include "arena.h"
#include "cells.h"
#include "command.h"
#include "control.h"
#include <stdlib.h>

struct view {
	struct invocation *in;
	struct table table;
	unsigned rows;
};

static struct str text_at(const json_t *row, const char *key)
{
	const json_t *v = json_object_get(row, key);
	return json_is_string(v) ? (struct str){ json_string_value(v), json_string_length(v) } : STR("-");
}

static int64_t number_at(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* "TLS 192.0.2.7:49152 #1": the flow, and the phone's number for it. */
static void cell_flow(struct view *v, const json_t *row)
{
	struct buf b = { 0 };
	if (json_object_get(row, "remote")) {
		struct str transport = text_at(row, "transport"), remote = text_at(row, "remote");
		buf_printf(&b, "%.*s %.*s", STR_FMT(transport), STR_FMT(remote));
	} else {
		buf_add(&b, text_at(row, "via"));
	}
	if (number_at(row, "reg_id"))
		buf_printf(&b, " #%lld", (long long)number_at(row, "reg_id"));
	table_cell(&v->table, buf_str(&b));
	buf_fini(&b);
}

/* Of a binding or a connection; those of the latter are all there. */
static void cell_state(struct view *v, const json_t *row)
{
	if (str_eq(text_at(row, "state"), STR("flow-lost")))
		cell_text(&v->table, v->in->out.language, TEXT_STATE_FLOW_LOST);
	else
		cell_text(&v->table, v->in->out.language, json_is_true(json_object_get(row, "suspect")) ? TEXT_STATE_SUSPECT : TEXT_STATE_LIVE);
}

static void binding_row(void *user, const json_t *row)
{
	struct view *v = user;
	v->rows++;
	table_cell(&v->table, text_at(row, "aor"));
	cell_flow(v, row);
	cell_time(&v->table, v->in->out.language, number_at(row, "expires_in_s"), text_time_in);
	cell_state(v, row);
	table_cell(&v->table, text_at(row, "contact"));
	table_cell(&v->table, text_at(row, "user_agent"));
}

static void flow_row(void *user, const json_t *row)
{
	struct view *v = user;
	v->rows++;
	table_cell(&v->table, text_at(row, "transport"));
	table_cell(&v->table, text_at(row, "remote"));
	table_cell(&v->table, text_at(row, "local"));
	cell_text(&v->table, v->in->out.language, str_eq(text_at(row, "direction"), STR("out")) ? TEXT_FLOW_OUT : TEXT_FLOW_IN);
	cell_text(&v->table, v->in->out.language, json_is_true(json_object_get(row, "registered")) ? TEXT_YES : TEXT_NO);
	cell_state(v, row);
	cell_time(&v->table, v->in->out.language, number_at(row, "opened_s_ago"), text_time_plain);
	cell_time(&v->table, v->in->out.language, number_at(row, "heard_s_ago"), text_time_ago);
	table_cell(&v->table, text_at(row, "tls_name"));
}

static void json_row(void *user, const json_t *row)
{
	(void)user;
	json_dumpf(row, stdout, JSON_COMPACT);
	putchar('\n');
}

static int no_server(struct invocation *in, struct str state)
{
	text_live_no_server(&in->err, state);
	command_failed(in);
	return CLI_NO_SERVER;
}

static int show(struct invocation *in, struct str request, struct view *v, void (*row)(void *user, const json_t *row), unsigned nothing)
{
	struct arena arena;
	struct say error = { .language = in->err.language };
	struct str state;
	int status = CLI_FAILED;
	arena_init(&arena, NULL, 0);
	if (!command_state(in, &arena, &state)) {
		arena_fini(&arena);
		return command_failed(in);
	}
	switch (control_ask(state, request, in->option[OPTION_JSON] ? json_row : row, v, &error)) {
	case CONTROL_OK:
		status = CLI_OK;
		if (!in->option[OPTION_JSON] && v->rows) {
			table_print(&v->table, terminal_width(stdout), &in->out.out);
		} else if (!in->option[OPTION_JSON]) {
			say_text(&in->out, nothing, NULL);
			buf_byte(&in->out.out, '\n');
		}
		break;
	case CONTROL_NO_SERVER:
		status = no_server(in, state);
		break;
	case CONTROL_FAILED:
		text_live_failed(&in->err, state, buf_str(&error.out));
		command_failed(in);
		break;
	}
	say_fini(&error);
	arena_fini(&arena);
	return status;
}

int command_bindings(struct invocation *in)
{
	static const unsigned header[] = { TEXT_COLUMN_USER, TEXT_COLUMN_FLOW, TEXT_COLUMN_EXPIRES, TEXT_COLUMN_STATE,
	                                   TEXT_COLUMN_CONTACT, TEXT_COLUMN_AGENT };
	struct view v = { .in = in };
	table_init(&v.table, 6);
	v.table.shrink[4] = v.table.shrink[5] = 1;
	v.table.shrink[0] = 2;
	v.table.shrink[1] = 3;
	for (unsigned i = 0; i < 6; i++)
		cell_text(&v.table, in->out.language, header[i]);
	struct buf request = { 0 };
	struct str aor = str_of(in->operand_count ? in->operands[0] : "");
	if (str_starts(aor, STR("sip:")))
		aor = (struct str){ aor.p + 4, aor.n - 4 };
	buf_printf(&request, "bindings%s%.*s", aor.n ? " " : "", STR_FMT(aor));
	int status = show(in, buf_str(&request), &v, binding_row, TEXT_LIVE_NO_BINDINGS);
	buf_fini(&request);
	table_fini(&v.table);
	return status;
}

int command_flows(struct invocation *in)
{
	static const unsigned header[] = { TEXT_COLUMN_TRANSPORT, TEXT_COLUMN_REMOTE, TEXT_COLUMN_LOCAL, TEXT_COLUMN_DIRECTION,
	                                   TEXT_COLUMN_REGISTERED, TEXT_COLUMN_STATE, TEXT_COLUMN_OPEN, TEXT_COLUMN_HEARD, TEXT_COLUMN_NAME };
	struct view v = { .in = in };
	table_init(&v.table, 9);
	v.table.shrink[2] = v.table.shrink[8] = 1;
	v.table.shrink[1] = 2;
	for (unsigned i = 0; i < 9; i++)
		cell_text(&v.table, in->out.language, header[i]);
	int status = show(in, STR("flows"), &v, flow_row, TEXT_LIVE_NO_FLOWS);
	table_fini(&v.table);
	return status;
}
