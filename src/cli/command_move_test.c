/* SPDX-License-Identifier: Apache-2.0 */
/* command_move_test.c - sluice move test: what would become of a call, hop by hop, by the running server's own decisions. */
#include "codes.h"
#include "command_move.h"
#include "control.h"
#include <stdlib.h>

static struct str text_at(const json_t *row, const char *key)
{
	const json_t *v = json_object_get(row, key);
	return json_is_string(v) ? (struct str){ json_string_value(v), json_string_length(v) } : STR_NONE;
}

/* "sip:a@x -> sip:b@y", and under it the rule. */
static void say_decision(struct say *s, const json_t *row)
{
	struct str from = text_at(row, "from"), to = text_at(row, "to"), rule = text_at(row, "rule");
	buf_add(&s->out, from);
	if (to.n)
		buf_printf(&s->out, " -> %.*s", STR_FMT(to));
	BUF_LIT(&s->out, "\n    ");
	move_say_rule(s, move_rule_named(rule));
}

static void say_end(struct say *s, const json_t *row)
{
	struct str from = text_at(row, "from"), to = text_at(row, "to");
	unsigned status = (unsigned)json_integer_value(json_object_get(row, "status"));
	if (status)
		text_move_test_answer(s, status, codes_phrase(status));
	else
		text_move_test_sent(s, from, to);
	buf_byte(&s->out, '\n');
	for (struct str line; status && str_cut(&to, '\n', &line); )
		buf_printf(&s->out, "    %.*s\n", STR_FMT(str_trim(line)));
}

static void say_step(void *user, const json_t *row)
{
	struct say *s = user;
	if (text_at(row, "rule").n)
		say_decision(s, row);
	else
		say_end(s, row);
}

static void json_step(void *user, const json_t *row)
{
	struct say *s = user;
	char *line = json_dumps(row, JSON_COMPACT);
	if (line)
		buf_add(&s->out, str_of(line));
	buf_byte(&s->out, '\n');
	free(line);
}

int command_move_test(struct invocation *in)
{
	struct move_desk m;
	struct move_address at;
	struct say error = { .language = in->err.language };
	if (!move_desk_open(&m, in) || !move_address_read(&m, in->operands[0], &at))
		return move_desk_finish(&m, false);
	struct str state = m.desk.state;
	struct str request = arena_printf(&m.desk.arena, "rehearse %.*s", STR_FMT(at.text));
	int status = CLI_OK;
	switch (control_ask(state, request, in->option[OPTION_JSON] ? json_step : say_step, &in->out, &error)) {
	case CONTROL_OK:
		break;
	case CONTROL_NO_SERVER:
		text_live_no_server(&in->err, state);
		command_failed(in);
		status = CLI_NO_SERVER;
		break;
	case CONTROL_FAILED:
		text_live_failed(&in->err, state, buf_str(&error.out));
		command_failed(in);
		status = CLI_FAILED;
		break;
	}
	say_fini(&error);
	int finished = move_desk_finish(&m, status == CLI_OK);
	return status == CLI_OK ? finished : status;
}
