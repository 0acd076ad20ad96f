/* SPDX-License-Identifier: Apache-2.0 */
/* stage.h - a proxy over fakes.h, a caller who calls bob and may hang up, and bob's flows: streams with the serials 1 and up. */
#ifndef SLUICE_TESTS_PROXY_STAGE_H
#define SLUICE_TESTS_PROXY_STAGE_H

#include "../transaction/check.h"
#include "fakes.h"
#include "proxy.h"

#define CALLER 63                               /* serial of the caller's stream */

struct stage {
	struct fake fake;
	struct location location;               /* bob has all its flows; none is bound at first */
	struct policy policy;
	struct domain domain;
	struct peer peer;
	struct proxy_shared *shared;
	struct txns *x;
	struct proxy *px;
};
void stage_init(struct stage *s);
/* No timer of the proxy may be armed any more. */
void stage_fini(struct stage *s);

struct flow_ref stage_stream(uint64_t serial);
void stage_arrive(struct stage *s, uint64_t serial, struct str text);
void stage_call(struct stage *s);               /* INVITE */
void stage_cancel(struct stage *s);
/* The connection is reset; the proxy knows at once. */
void stage_cut(struct stage *s, uint64_t serial);
/* What bob says to a request that he got, as it is sent over any flow. Free it. */
struct buf stage_response(struct str request, unsigned status, struct arena *arena);
unsigned stage_status(struct str response);

uint64_t stage_random(uint64_t *seed);

#endif
