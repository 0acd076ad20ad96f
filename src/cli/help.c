/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - help made from the tables of commands and options. */
#include "command.h"

static void pad_to(struct say *s, size_t from, size_t width)
{
	size_t used = s->out.n - from;
	buf_printf(&s->out, "%*s", (int)(used < width ? width - used : 1), "");
}

static void command_rows(struct say *s, struct str group)
{
	for (const struct command *c = commands; c->name; c++) {
		struct str rest = str_of(c->name), first;
		if (group.n && (!str_cut(&rest, ' ', &first) || !str_eq(first, group)))
			continue;
		size_t from = s->out.n;
		buf_printf(&s->out, "  %s %s", c->name, c->usage);
		pad_to(s, from, 28);
		say_text(s, c->summary, NULL);
		buf_byte(&s->out, '\n');
	}
}

static void option_rows(struct say *s, unsigned mask)
{
	for (unsigned o = 0; o < OPTION_COUNT; o++) {
		if (!(mask & (1u << o)))
			continue;
		size_t from = s->out.n;
		if (options[o].letter)
			buf_printf(&s->out, "  -%c, --%s", options[o].letter, options[o].name);
		else
			buf_printf(&s->out, "      --%s", options[o].name);
		if (options[o].value)
			buf_printf(&s->out, " %s", options[o].value);
		pad_to(s, from, 28);
		say_text(s, options[o].help, NULL);
		buf_byte(&s->out, '\n');
	}
}

void help_all(struct say *s)
{
	text_help_head(s);
	BUF_LIT(&s->out, "\n\n");
	command_rows(s, STR_NONE);
	buf_byte(&s->out, '\n');
	text_help_options(s);
	buf_byte(&s->out, '\n');
	option_rows(s, 1u << OPTION_LANG | 1u << OPTION_HELP | 1u << OPTION_VERSION);
	buf_byte(&s->out, '\n');
	text_help_foot(s);
	buf_byte(&s->out, '\n');
}

void help_group(struct say *s, struct str group)
{
	text_help_group(s, group);
	BUF_LIT(&s->out, "\n\n");
	command_rows(s, group);
	buf_byte(&s->out, '\n');
}

void help_command(struct say *s, const struct command *c)
{
	struct buf usage = { 0 };
	buf_printf(&usage, "sluice %s%s%s", c->name, *c->usage ? " " : "", c->usage);
	text_help_usage(s, buf_str(&usage));
	buf_fini(&usage);
	BUF_LIT(&s->out, "\n\n");
	say_text(s, c->details, NULL);
	BUF_LIT(&s->out, "\n\n");
	size_t before = s->out.n;
	command_rows(s, str_of(c->name));               /* "keys" is a command and begins others */
	if (s->out.n > before)
		buf_byte(&s->out, '\n');
	text_help_options(s);
	buf_byte(&s->out, '\n');
	option_rows(s, c->options);
}

int command_help(struct invocation *in)
{
	if (!in->operand_count) {
		help_all(&in->out);
		return CLI_OK;
	}
	struct buf name = { 0 };
	buf_printf(&name, "%s%s%s", in->operands[0], in->operand_count > 1 ? " " : "", in->operand_count > 1 ? in->operands[1] : "");
	struct str wanted = buf_str(&name);
	bool group = false, found = false;
	for (const struct command *c = commands; c->name && !found; c++) {
		struct str rest = str_of(c->name), first;
		if (str_eq(rest, wanted)) {
			help_command(&in->out, c);
			found = true;
		} else if (str_cut(&rest, ' ', &first) && str_eq(first, wanted)) {
			group = true;
		}
	}
	int status = CLI_OK;
	if (!found && group) {
		help_group(&in->out, wanted);
	} else if (!found) {
		text_usage_command(&in->err, wanted);
		status = command_usage(in);
	}
	buf_fini(&name);
	return status;
}
