/* SPDX-License-Identifier: Apache-2.0 */
/* kept_flow.h - a flow inside a record (kept.h): IPv4 over UDP, which most are, in 16 bytes, any other as it is. */
#ifndef SLUICE_TRANSACTION_KEPT_FLOW_H
#define SLUICE_TRANSACTION_KEPT_FLOW_H

#include "transport.h"

size_t kept_flow_size(const struct flow_ref *f);                /* bytes that it takes */
void kept_flow_write(char *out, const struct flow_ref *f);
/* n as kept_flow_size said. */
struct flow_ref kept_flow_read(const char *bytes, size_t n);

#endif
