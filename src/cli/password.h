/* SPDX-License-Identifier: Apache-2.0 */
/* password.h - where a password comes from: a file, standard input, the keyboard, or chance; never the
 * command line, which every process of the machine can read. */
#ifndef SLUICE_CLI_PASSWORD_H
#define SLUICE_CLI_PASSWORD_H

#include "command.h"
#include "users.h"

#define PASSWORD_MAX 128
#define PASSWORD_GENERATED 14           /* 70 bits, lower case and digits: typed on phones */

/* By --generate, --password-file, or asked on the terminal (twice). Wipe it after use. False: told to in->err. */
bool password_get(struct invocation *in, struct str who, char out[PASSWORD_MAX + 1]);
/* False: not one that a phone could send (empty, too long, a control character). */
bool password_usable(struct str password);
void password_generate(char out[PASSWORD_MAX + 1]);
/* A user with HA1s for both algorithms, in the arena. 0, or -errno. */
int password_user(struct str name, struct str domain, struct str password, struct arena *arena, struct user *out);

#endif
