/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_error.c - SQLite's result codes, translated in one place. */
#include "sqlite_error.h"
#include <errno.h>
#include <stddef.h>

int sqlite_error(sqlite3 *db, int rc)
{
	int system = db ? sqlite3_system_errno(db) : 0;
	switch (rc & 0xff) {            /* the rest of the bits are the extended code */
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:        return 0;
	case SQLITE_CONSTRAINT: return -EEXIST;
	case SQLITE_FULL:       return -ENOSPC;
	case SQLITE_READONLY:   return -EROFS;
	case SQLITE_BUSY:       return -EBUSY;
	case SQLITE_NOMEM:      return -ENOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:     return -EBADMSG;
	default:                return system > 0 ? -system : -EIO;
	}
}

int sqlite_run(sqlite3 *db, const char *sql)
{
	return sqlite_error(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}
