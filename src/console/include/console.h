/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - HTTP for people and programs beside the server: the reference, live (codes_site.h).
 *
 * One thread of its own (libmicrohttpd), so that nothing here can hold up a call. GET and HEAD only; what it answers is
 * no secret and changes nothing. Connections are few, short and bounded in memory. */
#ifndef SLUICE_CONSOLE_H
#define SLUICE_CONSOLE_H

#include "addr.h"

struct console;
/* Listen on an address (port 0: any free one) and answer. 0, or -errno, and nothing is left running. Signals that the
 * calling thread blocks are blocked in the console's. */
int console_start(const struct addr *listen, struct console **out);
/* Where it listens, with the port it got. */
struct addr console_address(const struct console *c);
/* Finish the answers under way, close, free; NULL is fine. */
void console_stop(struct console *c);

#endif
