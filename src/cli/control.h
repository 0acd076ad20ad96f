/* SPDX-License-Identifier: Apache-2.0 */
/* control.h - the local control socket: `control` in the state folder, for its owner only (0600).
 *
 * One line asks; JSON lines answer, the last one is {"end":true} or {"errno":N}. The server's main thread
 * serves one client at a time with short deadlines; `interrupt` is a descriptor (signals) whose readiness makes it give up a
 * client at once.
 *
 *     bindings [AOR]      flows      reload-users      reload-moves      reload-keys      status      domains */
#ifndef SLUICE_CLI_CONTROL_H
#define SLUICE_CLI_CONTROL_H

#include "server.h"
#include "texts.h"
#include <jansson.h>

/* --- the server's side --- */
/* Listen. A socket left over from a dead process is replaced (the caller holds the lock of the folder). The descriptor, or -errno. */
int control_listen(struct str state_dir);
/* One client is waiting: take it, answer it. */
void control_serve(int listener, int interrupt, struct server *server, const struct server_settings *settings);
void control_close(int listener, struct str state_dir);

/* --- the client's side --- */
enum control_result {
	CONTROL_OK,
	CONTROL_NO_SERVER,              /* nobody listens there */
	CONTROL_FAILED                  /* *error says why */
};
/* Ask, and hand each object to fn, which borrows it; fn NULL: not wanted. On FAILED `error` gets the reason, in its language. */
enum control_result control_ask(struct str state_dir, struct str request, void (*fn)(void *user, const json_t *row), void *user,
                                struct say *error);

/* The address of the socket; false when the path is too long for one. */
struct sockaddr_un;
bool control_address(struct str state_dir, struct sockaddr_un *out);

#endif
