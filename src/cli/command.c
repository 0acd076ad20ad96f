/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - the tables of commands and options, and how a command line is read by them. */
#include "command.h"
#include "arena.h"
#include "config.h"
#include "suggest.h"
#include <errno.h>
#include <stdlib.h>

#define BIT(o) (1u << OPTION_##o)
#define EVERYWHERE (BIT(LANG) | BIT(HELP))

const struct option_row options[OPTION_COUNT] = {
	[OPTION_CONFIG] = { "config", 'c', "FILE", TEXT_OPTION_CONFIG },
	[OPTION_STATE] = { "state", 0, "DIR", TEXT_OPTION_STATE },
	[OPTION_PORT] = { "port", 'p', "PORT", TEXT_OPTION_PORT },
	[OPTION_JSON] = { "json", 0, NULL, TEXT_OPTION_JSON },
	[OPTION_GENERATE] = { "generate", 0, NULL, TEXT_OPTION_GENERATE },
	[OPTION_PASSWORD_FILE] = { "password-file", 0, "FILE", TEXT_OPTION_PASSWORD_FILE },
	[OPTION_BATCH] = { "batch", 0, "FILE", TEXT_OPTION_BATCH },
	[OPTION_NOW] = { "now", 0, NULL, TEXT_OPTION_NOW },
	[OPTION_IN] = { "in", 0, "TIME", TEXT_OPTION_IN },
	[OPTION_DOMAIN] = { "domain", 0, "NAME", TEXT_OPTION_DOMAIN },
	[OPTION_SEARCH] = { "search", 's', NULL, TEXT_OPTION_SEARCH },
	[OPTION_WARNING] = { "warning", 0, NULL, TEXT_OPTION_WARNING },
	[OPTION_Q850] = { "q850", 0, NULL, TEXT_OPTION_Q850 },
	[OPTION_HEADER] = { "header", 0, NULL, TEXT_OPTION_HEADER },
	[OPTION_ROLE] = { "role", 0, "ROLES", TEXT_OPTION_ROLE },
	[OPTION_SHORT] = { "short", 0, NULL, TEXT_OPTION_SHORT },
	[OPTION_OUTBOUND] = { "outbound", 0, NULL, TEXT_OPTION_OUTBOUND },
	[OPTION_LISTEN] = { "listen", 0, "ADDRESS", TEXT_OPTION_HTTP },
	[OPTION_PERMANENT] = { "permanent", 0, NULL, TEXT_OPTION_PERMANENT },
	[OPTION_TEMPORARY] = { "temporary", 0, NULL, TEXT_OPTION_TEMPORARY },
	[OPTION_EXPIRES] = { "expires", 0, "TIME", TEXT_OPTION_EXPIRES },
	[OPTION_PROXY] = { "proxy", 0, NULL, TEXT_OPTION_PROXY },
	[OPTION_GONE] = { "gone", 0, NULL, TEXT_OPTION_GONE },
	[OPTION_ALL] = { "all", 0, NULL, TEXT_OPTION_ALL },
	[OPTION_LANG] = { "lang", 0, "en|ru", TEXT_OPTION_LANG },
	[OPTION_HELP] = { "help", 'h', NULL, TEXT_OPTION_HELP },
	[OPTION_VERSION] = { "version", 'V', NULL, TEXT_OPTION_VERSION },
};

const struct command commands[] = {
	{ "serve", command_serve, "", 0, 0, BIT(CONFIG) | BIT(STATE) | BIT(PORT) | BIT(DOMAIN) | EVERYWHERE,
	  TEXT_SERVE_SUMMARY, TEXT_SERVE_DETAILS },
	{ "check", command_check, "FILE", 1, 1, EVERYWHERE, TEXT_CHECK_SUMMARY, TEXT_CHECK_DETAILS },
	{ "user add", command_user_add, "NAME@DOMAIN", 0, 1,
	  BIT(GENERATE) | BIT(PASSWORD_FILE) | BIT(BATCH) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE, TEXT_USER_ADD_SUMMARY, TEXT_USER_ADD_DETAILS },
	{ "user passwd", command_user_passwd, "NAME@DOMAIN", 1, 1, BIT(GENERATE) | BIT(PASSWORD_FILE) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_USER_PASSWD_SUMMARY, TEXT_USER_PASSWD_DETAILS },
	{ "user remove", command_user_remove, "NAME@DOMAIN", 1, 1, BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_USER_REMOVE_SUMMARY, TEXT_USER_REMOVE_DETAILS },
	{ "user list", command_user_list, "", 0, 0, BIT(JSON) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_USER_LIST_SUMMARY, TEXT_USER_LIST_DETAILS },
	{ "move add", command_move_add, "OLD [NEW...]", 1, OPERANDS_MAX,
	  BIT(PERMANENT) | BIT(TEMPORARY) | BIT(EXPIRES) | BIT(PROXY) | BIT(GONE) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_MOVE_ADD_SUMMARY, TEXT_MOVE_ADD_DETAILS },
	{ "move list", command_move_list, "", 0, 0, BIT(JSON) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_MOVE_LIST_SUMMARY, TEXT_MOVE_LIST_DETAILS },
	{ "move show", command_move_show, "URI", 1, 1, BIT(JSON) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_MOVE_SHOW_SUMMARY, TEXT_MOVE_SHOW_DETAILS },
	{ "move remove", command_move_remove, "URI", 1, 1, BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_MOVE_REMOVE_SUMMARY, TEXT_MOVE_REMOVE_DETAILS },
	{ "move pin", command_move_pin, "URI", 1, 1, BIT(CONFIG) | BIT(STATE) | EVERYWHERE, TEXT_MOVE_PIN_SUMMARY, TEXT_MOVE_PIN_DETAILS },
	{ "move forget", command_move_forget, "[URI]", 0, 1, BIT(ALL) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_MOVE_FORGET_SUMMARY, TEXT_MOVE_FORGET_DETAILS },
	{ "move test", command_move_test, "URI", 1, 1, BIT(JSON) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_MOVE_TEST_SUMMARY, TEXT_MOVE_TEST_DETAILS },
	{ "move why", command_move_why, "[RULE|URI]", 0, 1, BIT(CONFIG) | BIT(STATE) | EVERYWHERE, TEXT_MOVE_WHY_SUMMARY, TEXT_MOVE_WHY_DETAILS },
	{ "bindings", command_bindings, "[NAME@DOMAIN]", 0, 1, BIT(JSON) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_BINDINGS_SUMMARY, TEXT_BINDINGS_DETAILS },
	{ "flows", command_flows, "", 0, 0, BIT(JSON) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE, TEXT_FLOWS_SUMMARY, TEXT_FLOWS_DETAILS },
	{ "keys", command_keys, "", 0, 0, BIT(JSON) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE, TEXT_KEYS_SUMMARY, TEXT_KEYS_DETAILS },
	{ "keys rotate", command_keys_rotate, "", 0, 0, BIT(NOW) | BIT(IN) | BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_KEYS_ROTATE_SUMMARY, TEXT_KEYS_ROTATE_DETAILS },
	{ "keys node", command_keys_node, "NUMBER", 1, 1, BIT(CONFIG) | BIT(STATE) | EVERYWHERE,
	  TEXT_KEYS_NODE_SUMMARY, TEXT_KEYS_NODE_DETAILS },
	{ "explain", command_explain, "CODE|PHRASE", 1, OPERANDS_MAX,
	  BIT(SEARCH) | BIT(WARNING) | BIT(Q850) | BIT(HEADER) | BIT(ROLE) | BIT(SHORT) | BIT(JSON) | EVERYWHERE, TEXT_EXPLAIN_SUMMARY, TEXT_EXPLAIN_DETAILS },
	{ "compare", command_compare, "CODE CODE", 2, 2, BIT(JSON) | EVERYWHERE, TEXT_COMPARE_SUMMARY, TEXT_COMPARE_DETAILS },
	{ "best", command_best, "CODE...", 1, OPERANDS_MAX, BIT(OUTBOUND) | BIT(JSON) | EVERYWHERE, TEXT_BEST_SUMMARY, TEXT_BEST_DETAILS },
	{ "codes export", command_codes_export, "DIR", 1, 1, EVERYWHERE, TEXT_CODES_EXPORT_SUMMARY, TEXT_CODES_EXPORT_DETAILS },
	{ "codes serve", command_codes_serve, "", 0, 0, BIT(LISTEN) | EVERYWHERE, TEXT_CODES_SERVE_SUMMARY, TEXT_CODES_SERVE_DETAILS },
	{ "help", command_help, "[COMMAND]", 0, 2, EVERYWHERE, TEXT_HELP_SUMMARY, TEXT_HELP_DETAILS },
	{ .name = NULL }
};

int command_failed(struct invocation *in)
{
	buf_byte(&in->err.out, '\n');
	return CLI_FAILED;
}

int command_usage(struct invocation *in)
{
	buf_byte(&in->err.out, '\n');
	text_usage_help(&in->err, in->command ? str_of(in->command->name) : STR(""), in->command ? STR(" ") : STR(""));
	buf_byte(&in->err.out, '\n');
	return CLI_USAGE;
}

/* --- options --- */

struct words {
	char **at;
	int left;
};

static int unknown_option(struct invocation *in, struct str given, unsigned allowed)
{
	struct str name = given;
	while (name.n && *name.p == '-') {
		name.p++;
		name.n--;
	}
	struct suggestion guess = suggest_for(name);
	for (unsigned o = 0; o < OPTION_COUNT; o++)
		if (allowed & (1u << o))
			suggest_offer(&guess, str_of(options[o].name));
	text_usage_option(&in->err, given);
	if (guess.best.n) {
		struct buf better = { 0 };
		buf_printf(&better, "--%.*s", STR_FMT(guess.best));
		text_config_did_you_mean(&in->err, buf_str(&better));
		buf_fini(&better);
	}
	return command_usage(in);
}

/* "--name", "--name=value", "-n": which one is it, and its value where one is attached. */
static bool find_option(const char *word, unsigned allowed, unsigned *out, const char **value)
{
	*value = NULL;
	for (unsigned o = 0; o < OPTION_COUNT; o++) {
		if (!(allowed & (1u << o)))
			continue;
		const struct option_row *row = &options[o];
		*out = o;
		if (word[1] != '-') {
			if (!row->letter || word[1] != row->letter)
				continue;
			*value = word[2] ? word + 2 : NULL;
			return true;
		}
		size_t n = strlen(row->name);
		if (strncmp(word + 2, row->name, n) == 0 && (word[2 + n] == '\0' || word[2 + n] == '=')) {
			*value = word[2 + n] ? word + 3 + n : NULL;
			return true;
		}
	}
	return false;
}

static int take_option(struct invocation *in, struct words *w, unsigned allowed)
{
	const char *word = *w->at++, *value;
	unsigned o;
	w->left--;
	if (!find_option(word, allowed, &o, &value))
		return unknown_option(in, str_of(word), allowed);
	if (!options[o].value && value) {
		text_usage_no_value(&in->err, str_of(options[o].name));
		return command_usage(in);
	}
	if (options[o].value && !value) {
		if (!w->left) {
			text_usage_value(&in->err, str_of(options[o].name), str_of(options[o].value));
			return command_usage(in);
		}
		value = *w->at++;
		w->left--;
	}
	in->option[o] = value ? value : "";
	if (o == OPTION_DOMAIN) {
		if (in->domain_count == DOMAINS_MAX) {
			text_serve_domains_many(&in->err, DOMAINS_MAX);
			return command_usage(in);
		}
		in->domains[in->domain_count++] = value;
	}
	if (o == OPTION_LANG)
		in->out.language = in->err.language = language_of(value);
	return CLI_OK;
}

/* Options and operands up to the end; "--" ends the options, "-" is an operand. */
static int take_words(struct invocation *in, struct words *w)
{
	bool options_over = false;
	while (w->left) {
		const char *word = *w->at;
		if (!options_over && strcmp(word, "--") == 0) {
			options_over = true;
			w->at++;
			w->left--;
		} else if (!options_over && word[0] == '-' && word[1]) {
			int status = take_option(in, w, in->command->options);
			if (status)
				return status;
		} else if (in->operand_count < in->command->max_operands) {
			in->operands[in->operand_count++] = word;
			w->at++;
			w->left--;
		} else {
			text_usage_operand(&in->err, str_of(word));
			return command_usage(in);
		}
	}
	if (in->operand_count < in->command->min_operands && !in->option[OPTION_HELP]) {
		text_usage_missing(&in->err, str_of(in->command->usage));
		return command_usage(in);
	}
	return CLI_OK;
}

/* --- commands --- */

static int unknown_command(struct invocation *in, struct str given, struct str group)
{
	struct suggestion guess = suggest_for(given);
	for (const struct command *c = commands; c->name; c++) {
		struct str rest = str_of(c->name), first;
		bool alone = !str_cut(&rest, ' ', &first);
		if (!group.n)
			suggest_offer(&guess, alone ? rest : first);
		else if (!alone && str_eq(first, group))
			suggest_offer(&guess, rest);
	}
	text_usage_command(&in->err, given);
	if (guess.best.n)
		text_config_did_you_mean(&in->err, guess.best);
	return command_usage(in);
}

/* The command that the first one or two words name; *group: the first word begins some. */
static const struct command *find_command(const struct words *w, bool *group)
{
	struct str one = str_of(w->at[0]), two = w->left > 1 ? str_of(w->at[1]) : STR("");
	const struct command *alone = NULL;
	*group = false;
	for (const struct command *c = commands; c->name; c++) {
		struct str rest = str_of(c->name), first;
		if (!str_cut(&rest, ' ', &first)) {
			if (str_eq(rest, one))
				alone = c;
		} else if (str_eq(first, one)) {
			*group = true;
			if (str_eq(rest, two))
				return c;
		}
	}
	return alone;
}

static int run_words(struct invocation *in, struct words w)
{
	int status;
	while (w.left && w.at[0][0] == '-')
		if ((status = take_option(in, &w, EVERYWHERE | BIT(VERSION))))
			return status;
	if (in->option[OPTION_VERSION]) {
		say_str(&in->out, STR("sluice " SLUICE_VERSION "\n"));
		return CLI_OK;
	}
	if (!w.left) {
		help_all(in->option[OPTION_HELP] ? &in->out : &in->err);
		return in->option[OPTION_HELP] ? CLI_OK : CLI_USAGE;
	}
	bool group;
	in->command = find_command(&w, &group);
	if (!in->command) {
		struct str first = str_of(w.at[0]);
		bool more = group && w.left > 1;
		if (more && w.at[1][0] != '-')
			return unknown_command(in, str_of(w.at[1]), first);
		if (!group)
			return unknown_command(in, first, STR_NONE);
		bool asked = in->option[OPTION_HELP] || (more && (!strcmp(w.at[1], "--help") || !strcmp(w.at[1], "-h")));
		help_group(asked ? &in->out : &in->err, first);
		return asked ? CLI_OK : CLI_USAGE;
	}
	int used = strchr(in->command->name, ' ') ? 2 : 1;
	if (group && used == 1 && w.left > 1 && w.at[1][0] != '-')
		return unknown_command(in, str_of(w.at[1]), str_of(w.at[0]));
	w.at += used;
	w.left -= used;
	status = take_words(in, &w);
	if (status)
		return status;
	if (in->option[OPTION_HELP]) {
		help_command(&in->out, in->command);
		return CLI_OK;
	}
	return in->command->run(in);
}

int cli_main(int argc, char **argv)
{
	enum language language = language_of_environment();
	struct invocation in = { .program = argc ? argv[0] : "sluice", .out.language = language, .err.language = language };
	int status = run_words(&in, (struct words){ argv + 1, argc > 1 ? argc - 1 : 0 });
	say_flush(&in.err, stderr);
	say_flush(&in.out, stdout);
	if (fflush(stdout) && status == CLI_OK)
		status = CLI_FAILED;
	say_fini(&in.out);
	say_fini(&in.err);
	return status;
}

/* --- what several commands need --- */

struct str command_default_state(struct arena *arena)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (xdg && xdg[0] == '/')
		return arena_printf(arena, "%s/sluice", xdg);
	return arena_printf(arena, "%s/.local/state/sluice", home && *home ? home : "/root");
}

void say_users_failed(struct say *s, struct str path, int err)
{
	if (err == -EBADMSG)
		text_serve_users_damaged(s, path);
	else
		text_serve_users_failed(s, path, errno_text(s->language, err));
}

void say_moves_failed(struct say *s, struct str path, int err)
{
	if (err == -EBADMSG)
		text_move_file_damaged(s, path);
	else
		text_move_file_failed(s, path, errno_text(s->language, err));
}

bool command_state(struct invocation *in, struct arena *arena, struct str *out)
{
	if (in->option[OPTION_STATE]) {
		*out = arena_str(arena, str_of(in->option[OPTION_STATE]));
		return true;
	}
	if (!in->option[OPTION_CONFIG]) {
		*out = command_default_state(arena);
		return true;
	}
	struct problems problems;
	struct config config;
	problems_init(&problems, in->err.language);
	config_read_file(&config, in->option[OPTION_CONFIG], &problems);
	*out = arena_str(arena, config.server.state_dir);
	bool ok = !problems.errors && out->n;
	if (problems.errors)
		problems_show(&problems, stderr);
	else if (!ok)
		text_state_unset(&in->err, str_of(in->option[OPTION_CONFIG]));
	config_free(&config);
	problems_fini(&problems);
	return ok;
}
