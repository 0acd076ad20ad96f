/* SPDX-License-Identifier: Apache-2.0 */
/* state_file.h - small files of the state folder that must survive a power loss: read whole, made once.
 *
 * Used at start only, never on a worker's turn. Errors are sentences for the operator. */
#ifndef SLUICE_STATE_FILE_H
#define SLUICE_STATE_FILE_H

#include "buf.h"
#include "transport_private.h"

#define STATE_FILE_MAX 65536

/* Append the file DIR/NAME to *out. -ENOENT (and *why untouched) when there is none; any other trouble
 * is -errno with *why filled. secret: refuse a file that others may read or write. */
int state_file_read(const char *dir, const char *name, bool secret, struct buf *out, struct transport_error *why);
/* Make or replace DIR/NAME with mode 0600: written beside it, synced, renamed into place, the folder synced. It belongs to the
 * folder's owner: root may have been asked to, and the server is another user. */
int state_file_make(const char *dir, const char *name, struct str text, struct transport_error *why);

#endif
