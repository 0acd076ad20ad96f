/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - what the files of `sluice serve` share. */
#ifndef SLUICE_CLI_SERVE_H
#define SLUICE_CLI_SERVE_H

#include "command.h"
#include "config.h"
#include "console.h"
#include "default.h"

struct serving {
	struct invocation *in;
	struct arena arena;
	struct config config;
	struct default_setup by_default;        /* state.n == 0: there is a configuration file */
	struct server *server;
	struct console *console;                /* NULL: none */
	int signals, control, lock;
	int64_t watched_ms;                     /* when the keys were looked at last */
};

/* serve_words.c */
void serve_say_ready(struct serving *v);        /* on what it listens; for the default: how to use it */
/* serve_trouble.c */
/* The files of keys and of the node's number: false, and told, when the server would not start with them. */
bool serve_keys_usable(struct serving *v);
/* server_start failed with err; `why` are its own words. Looks for the cause, to tell it in the person's language. */
void serve_say_not_started(struct serving *v, int err, struct str why);
/* The default's two users, when there is none yet: their passwords are shown once. False: told. */
bool serve_first_users(struct serving *v);

#endif
