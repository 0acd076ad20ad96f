/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - a binding as bytes in the journal.
 *
 * A record begins with its version; numbers are little-endian, strings carry their length. What is
 * read back is checked to the last byte: what was cut off, or written by somebody else, yields false. It has no sum of its own:
 * a bit that turned within a string is not seen. */
#ifndef SLUICE_RECORD_H
#define SLUICE_RECORD_H

#include "location.h"

size_t record_size(const struct binding *b);
void record_write(const struct binding *b, char *out);          /* record_size(b) bytes */
/* Slices of `record`. state and id are not part of a record and stay zero. */
bool record_read(struct str record, struct binding *out);

/* Who the row is about: the AOR with instance and reg-id (OB-69), or with the Contact URI as written. */
size_t record_key_size(const struct binding *b);
void record_key_write(const struct binding *b, char *out);

#endif
