/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - write one JSON object a line. What comes from the network may be any bytes: what is no UTF-8
 * becomes U+FFFD, so that every reader accepts the line. */
#ifndef SLUICE_JSON_H
#define SLUICE_JSON_H

#include "buf.h"

void json_begin(struct buf *b);                 /* { */
void json_str(struct buf *b, const char *key, struct str value);        /* STR_NONE: null */
void json_int(struct buf *b, const char *key, int64_t value);
void json_bool(struct buf *b, const char *key, bool value);
void json_end(struct buf *b);                   /* } and a newline */

/* Inside an object: key NULL within a list. bracket is '{' or '[', closed by '}' or ']'. */
void json_open(struct buf *b, const char *key, char bracket);
void json_close(struct buf *b, char bracket);
void json_element(struct buf *b, struct str value);     /* of a list */
void json_number(struct buf *b, int64_t value);         /* of a list */

#endif
