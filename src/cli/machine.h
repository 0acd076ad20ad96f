/* SPDX-License-Identifier: Apache-2.0 */
/* machine.h - what this machine is called, and which addresses it has. */
#ifndef SLUICE_CLI_MACHINE_H
#define SLUICE_CLI_MACHINE_H

#include "arena.h"
#include "addr.h"

struct machine {
	struct str name;                /* host name, lower case; "localhost" when it has none that could stand in a URI */
	struct addr *addresses;         /* no link-local ones; the one that reaches other machines first, loopback last */
	unsigned count;
};
bool machine_has(const struct machine *m, struct str host);     /* by name, "localhost" or address */
void machine_look(struct machine *m, struct arena *arena);

/* Which process holds a port (as far as /proc lets us see): false when unknown. */
bool machine_port_owner(const struct addr *a, bool stream, int *pid, char name[64]);

#endif
