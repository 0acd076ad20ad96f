/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - characters of a text, and how many columns of a terminal each takes. */
#ifndef SLUICE_UTF8_H
#define SLUICE_UTF8_H

#include "buf.h"

/* The next character of s: its bytes in *s are taken. False at the end. Broken UTF-8 gives U+FFFD a byte. */
bool utf8_next(struct str *s, uint32_t *out);
void utf8_add(struct buf *b, uint32_t c);
/* The text with '?' for what may not be shown to people as it is: controls, what turns the direction of text, broken UTF-8. */
void utf8_clean(struct buf *out, struct str text);
/* 0 for a combining mark, 2 for a wide character (East Asian, pictures), else 1. */
unsigned utf8_columns(uint32_t c);
unsigned utf8_width(struct str text);

#endif
