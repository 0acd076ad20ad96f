/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - write one JSON object a line. What comes from the network may be any bytes: what is no UTF-8
 * becomes U+FFFD, so that every reader accepts the line. */
#ifndef SLUICE_CLI_JSON_H
#define SLUICE_CLI_JSON_H

#include "buf.h"

void json_begin(struct buf *b);                 /* { */
void json_str(struct buf *b, const char *key, struct str value);        /* STR_NONE: null */
void json_int(struct buf *b, const char *key, int64_t value);
void json_bool(struct buf *b, const char *key, bool value);
void json_end(struct buf *b);                   /* } and a newline */

/* The next character of s: its bytes in *s are taken. False at the end. Broken UTF-8 gives U+FFFD a byte. */
bool utf8_next(struct str *s, uint32_t *out);

#endif
