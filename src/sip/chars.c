/* SPDX-License-Identifier: Apache-2.0 */
/* chars.c - which characters may stand where. RFC 3261 §25.1
 *
 * Read more widely than the grammar, because phones send it: '#' in a user part (feature codes), '=' in a
 * URI parameter (base64), '_' in a host name. */
#include "sip_private.h"

/* Rows of 16, from 0x00. The values are sums of SIP_C_*. */
const uint8_t sip_chars[256] = {
	  0,   0,   0,   0,   0,   0,   0,   0,   0, 128, 128,   0,   0, 128,   0,   0,
	  0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
	128,  95,   0,  66,  94,  65,  78,  95,  94,  94,  95,  95,  70, 127, 127,  90,
	127, 127, 127, 127, 127, 127, 127, 127, 127, 127,  88,  66,   0,  78,   0,  82,
	 64, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,
	127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,  88,   0,  88,   0, 127,
	  1, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,
	127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127,   0,  64,   0,  95,   0,
};
