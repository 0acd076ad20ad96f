/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - the state folder: made for its owner alone, held by one server at a time. */
#ifndef SLUICE_CLI_STATE_H
#define SLUICE_CLI_STATE_H

#include "str.h"

int state_make(struct str folder);      /* with all folders above it; mode 0700; fine when it is there. -errno */
/* Hold it until the descriptor is closed (also by death). The descriptor; -EWOULDBLOCK: *pid holds it (0: unknown); -errno. */
int state_hold(struct str folder, int *pid);

#endif
