/* SPDX-License-Identifier: Apache-2.0 */
/* encode.h - bytes as text: hexadecimal (lower case) and base64url without padding (RFC 4648 §5). */
#ifndef SLUICE_ENCODE_H
#define SLUICE_ENCODE_H

#include "str.h"
#include <sys/types.h>

#define HEX_SIZE(n)    (2 * (n))
#define BASE64_SIZE(n) ((4 * (n) + 2) / 3)

/* What a hexadecimal digit of either case means; -1: it is none. */
extern const uint8_t hex_values[256];   /* and one more: 0 stands for no digit */
static inline int hex_value(char c) { return hex_values[(unsigned char)c] - 1; }

void hex_write(char *out, const void *bytes, size_t n);             /* HEX_SIZE(n) characters */
bool hex_read(struct str text, void *out, size_t n);                /* exactly n bytes; any case */
size_t base64url_write(char *out, const void *bytes, size_t n);     /* the characters written */
/* The bytes read, at most cap; -1 on any character outside the alphabet, on stray bits in the last
 * character (so that every byte string has one spelling) or when it does not fit. */
ssize_t base64url_read(struct str text, void *out, size_t cap);

#endif
