/* SPDX-License-Identifier: Apache-2.0 */
/* desk.h - what commands on a state folder work on: the folder, its users, and the domains of its server, whether that runs or not. */
#ifndef SLUICE_CLI_DESK_H
#define SLUICE_CLI_DESK_H

#include "command.h"
#include "config.h"
#include "machine.h"
#include "users.h"

struct desk {
	struct invocation *in;
	struct arena arena;
	struct str state;
	struct config config;           /* with --config: its domains are those that count */
	bool configured;
	struct str kept;                /* else the domain of a folder that `serve` made without a file ... */
	struct machine machine;         /* ... which answers to all names of this machine, and to those of its last --domain */
	struct str *names;
	unsigned name_count;
	struct served {                 /* else what a running server says: a name, and the domain that it is one of */
		struct str name, domain;
	} *served;
	unsigned served_count, served_room;
	struct users *users;
};

/* False: told to in->err. Close it in every case. */
bool desk_open(struct desk *d, struct invocation *in);
void desk_close(struct desk *d);
/* The same, and the exit status. */
int desk_finish(struct desk *d, bool ok);

/* The domain that a name stands for; STR_NONE: none of the server's. */
struct str desk_domain(const struct desk *d, struct str name);
/* False: nothing says which domains there are, and each is taken at its word. */
bool desk_knows_domains(const struct desk *d);
/* A running server shall look again at once ("reload-users"). False: it could not be told, and `error` has the reason. */
bool desk_tell(struct desk *d, struct str request, struct say *error);

#endif
