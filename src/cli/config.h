/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - the configuration: one YAML text becomes the settings of the server and its policy.
 *
 * Immutable once read; lives in its own arena together with the tree it was read from, so that
 * later checks can name file and line. Defaults are those of the rooms' *_init functions. */
#ifndef SLUICE_CLI_CONFIG_H
#define SLUICE_CLI_CONFIG_H

#include "log.h"
#include "problems.h"
#include "server.h"
#include "tree.h"

#define CONSOLE_PORT 8060

struct config {
	struct arena arena;
	struct tree tree;
	struct str folder;              /* of the file: relative paths start here */
	struct server_settings server;  /* .policy points to `policy` */
	struct policy policy;
	struct listener_settings *listen;
	struct str *dns_servers;
	unsigned dns_server_count;
	int log_level;                  /* enum log_level */
	struct addr console;            /* family 0: no console */
};

/* Read a file or a text; `shown` names it to people, relative paths start at the file's folder. What is wrong goes to
 * *problems; the configuration may be looked at further (config_check) but not used when there are errors. Free it
 * in every case. */
void config_read_file(struct config *c, const char *path, struct problems *problems);
void config_read_text(struct config *c, struct str text, struct str shown, struct str folder, struct problems *problems);
void config_free(struct config *c);

/* Does it mean something sensible? Looks at files, folders and certificates, changes nothing. */
void config_check(const struct config *c, struct problems *problems);

/* The nearest node to names and positions that exists: config_node(c, "listen", 0, "certificate").
 * Where a list has one item that was written without a dash, that is position 0. NULL: not even the section. */
const struct node *config_node(const struct config *c, const char *section, unsigned index, const char *name);
struct place config_place(const struct config *c, const char *section, unsigned index, const char *name);

#endif
