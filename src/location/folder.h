/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - the state folder: one process at a time, and which journal segments are in it. */
#ifndef SLUICE_FOLDER_H
#define SLUICE_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lock it; *out is the descriptor that holds the lock until it is closed. -errno, *why says what to do. */
int folder_lock(const char *folder, int *out, char *why, size_t why_size);
/* The numbers of its segments, ascending; *list is the caller's (mem_free). *foreign: there are some of the time when they were
 * SQLite's. */
int folder_segments(const char *folder, uint64_t **list, unsigned *count, bool *foreign);
void folder_segment_path(const char *folder, uint64_t number, char out[PATH_MAX]);
/* One that is not there is fine. -errno: it is still there. */
int folder_segment_remove(const char *folder, uint64_t number);
/* Keep it for whoever wants to look into it, but out of the way. */
int folder_segment_set_aside(const char *folder, uint64_t number);
int folder_sync(const char *folder);            /* names that were made or removed are on the disk; -errno */

#endif
