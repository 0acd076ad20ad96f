/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - what a subcommand is and what it is given.
 *
 * One table of commands and one of options (command.c) drive parsing, help and "did you mean". */
#ifndef SLUICE_CLI_COMMAND_H
#define SLUICE_CLI_COMMAND_H

#include "cli.h"
#include "texts.h"

enum option {
	OPTION_CONFIG, OPTION_STATE, OPTION_PORT, OPTION_JSON, OPTION_GENERATE, OPTION_PASSWORD_FILE, OPTION_BATCH,
	OPTION_NOW, OPTION_IN, OPTION_DOMAIN, OPTION_SEARCH, OPTION_WARNING, OPTION_Q850, OPTION_HEADER, OPTION_ROLE, OPTION_SHORT, OPTION_OUTBOUND,
	OPTION_LISTEN, OPTION_PERMANENT, OPTION_TEMPORARY, OPTION_EXPIRES, OPTION_PROXY, OPTION_GONE, OPTION_ALL,
	OPTION_LANG, OPTION_HELP, OPTION_VERSION, OPTION_COUNT
};

#define DOMAINS_MAX 16
#define OPERANDS_MAX 32
struct command;
struct invocation {
	const struct command *command;
	const char *program;                    /* as it was started, for sentences that tell what to type */
	const char *option[OPTION_COUNT];       /* NULL: not given; "" for one without a value */
	const char *operands[OPERANDS_MAX];
	unsigned operand_count;
	const char *domains[DOMAINS_MAX];       /* --domain, each time */
	unsigned domain_count;
	struct say out, err;            /* standard output and error; flushed when the command returns */
};

struct command {
	const char *name;               /* "user add"; NULL: the end */
	int (*run)(struct invocation *in);      /* an enum cli_exit */
	const char *usage;              /* operands: "NAME@DOMAIN" */
	unsigned min_operands, max_operands;
	unsigned options;               /* bits of enum option */
	unsigned summary, details;      /* enum text_id */
};
extern const struct command commands[];

int command_serve(struct invocation *in);
int command_check(struct invocation *in);
int command_user_add(struct invocation *in);
int command_user_passwd(struct invocation *in);
int command_user_remove(struct invocation *in);
int command_user_list(struct invocation *in);
int command_move_add(struct invocation *in);
int command_move_list(struct invocation *in);
int command_move_show(struct invocation *in);
int command_move_remove(struct invocation *in);
int command_move_pin(struct invocation *in);
int command_move_forget(struct invocation *in);
int command_move_test(struct invocation *in);
int command_move_why(struct invocation *in);
int command_bindings(struct invocation *in);
int command_flows(struct invocation *in);
int command_keys(struct invocation *in);
int command_keys_rotate(struct invocation *in);
int command_keys_node(struct invocation *in);
int command_explain(struct invocation *in);
int command_compare(struct invocation *in);
int command_best(struct invocation *in);
int command_codes_export(struct invocation *in);
int command_codes_serve(struct invocation *in);
int command_help(struct invocation *in);

/* The language in which the reference is read (codes_text.h): --lang, else the environment's, else English. */
unsigned reference_language(const struct invocation *in);

/* The state folder that a command works on: --state, else server.state of --config, else the user's own. False: told to in->err. */
struct arena;
bool command_state(struct invocation *in, struct arena *arena, struct str *out);
/* $XDG_STATE_HOME/sluice or ~/.local/state/sluice. */
struct str command_default_state(struct arena *arena);

/* The file of users cannot be opened: -errno of users_open. */
void say_users_failed(struct say *s, struct str path, int err);
/* The file of moves: of moves_open. */
void say_moves_failed(struct say *s, struct str path, int err);

/* A usage error: the sentence was written to in->err; adds where help is to be had. */
int command_usage(struct invocation *in);
/* A failure: the same without that. */
int command_failed(struct invocation *in);

/* help.c */
void help_all(struct say *s);
void help_group(struct say *s, struct str group);       /* commands whose first word this is */
void help_command(struct say *s, const struct command *c);
extern const struct option_row {
	const char *name;
	char letter;
	const char *value;              /* NULL: takes none */
	unsigned help;                  /* enum text_id */
} options[OPTION_COUNT];

#endif
