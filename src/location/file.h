/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - whole reads and writes at a place, of a file of the journal. -errno. */
#ifndef SLUICE_FILE_H
#define SLUICE_FILE_H

#include <stddef.h>
#include <stdint.h>

int file_write(int fd, const void *bytes, size_t n, uint64_t at);
/* *got < n only at the end of the file. */
int file_read(int fd, void *out, size_t n, uint64_t at, size_t *got);

#endif
