/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - what the files of `sluice serve` share. */
#ifndef SLUICE_CLI_SERVE_H
#define SLUICE_CLI_SERVE_H

#include "command.h"
#include "config.h"
#include "default.h"

struct serving {
	struct invocation *in;
	struct arena arena;
	struct config config;
	struct default_setup by_default;        /* state.n == 0: there is a configuration file */
	struct server *server;
	int signals, control, lock;
	int64_t watched_ms;                     /* when the keys were looked at last */
};

/* serve_words.c */
void serve_say_ready(struct serving *v);        /* on what it listens; for the default: how to use it */
/* Which listener's port is taken, and by whom; false: none seems to be. */
bool serve_say_port_taken(struct serving *v);
/* The default's two users, when there is none yet: their passwords are shown once. False: told. */
bool serve_first_users(struct serving *v);

#endif
