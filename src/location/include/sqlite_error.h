/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_error.h - what SQLite says, as -errno. */
#ifndef SLUICE_SQLITE_ERROR_H
#define SLUICE_SQLITE_ERROR_H

#include <sqlite3.h>

/* db may be NULL or half open. -EBADMSG: damaged or no database; -EEXIST: a constraint. */
int sqlite_error(sqlite3 *db, int rc);
/* Run statements without parameters or results. */
int sqlite_run(sqlite3 *db, const char *sql);

#endif
