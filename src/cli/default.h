/* SPDX-License-Identifier: Apache-2.0 */
/* default.h - what `sluice serve` does without a configuration file: a whole server in its state
 * folder that any phone can be pointed at.
 *
 * The configuration is a YAML text like any other, only made here: UDP and TCP on 5060, TLS on 5061 with a
 * certificate made for this machine's names and addresses, one domain that answers to all of them. The domain's name is kept
 * in the state folder, because passwords are hashed with it; so are its further names, for `sluice user`. */
#ifndef SLUICE_CLI_DEFAULT_H
#define SLUICE_CLI_DEFAULT_H

#include "config.h"
#include "machine.h"

struct default_setup {
	struct str state;               /* must exist */
	unsigned port;                  /* UDP and TCP; TLS is the next one */
	const struct str *names;        /* further names of the domain */
	unsigned name_count;
	struct machine machine;
	struct str domain;
};
/* state, port and names are given. Look at the machine, keep or make the domain's name and the certificate. 0, or -errno with the
 * path that could not be written in *what. */
int default_prepare(struct default_setup *d, struct arena *arena, struct str *what);
/* The configuration's text. */
void default_write(const struct default_setup *d, struct buf *out);
/* The domain's name that a state folder keeps, and the further names of its last start; STR_NONE: it was not made by the default. */
struct str default_domain(struct str state, struct arena *arena, struct str **names, unsigned *count);

#endif
