/* SPDX-License-Identifier: Apache-2.0 */
/* expiry.h - AORs by the second in which one of their bindings may have expired: a wheel of seconds.
 *
 * A refresh moves a binding's end and touches nothing here. When an AOR's second is over it is looked at, and waits for the
 * next of its bindings: most often once an expiry time, not once a refresh. */
#ifndef SLUICE_EXPIRY_H
#define SLUICE_EXPIRY_H

#include <stdint.h>

enum { EXPIRY_SECONDS = 4096 };         /* who expires later is looked at once in between */

struct expiry_node {
	struct expiry_node *next, **at; /* at: what points to this one; NULL: it does not wait */
	int64_t due_s;
};
struct expiry {
	struct expiry_node **seconds;   /* NULL before the first one */
	int64_t over_s;                 /* the last second that has been gone through */
};

void expiry_init(struct expiry *x, int64_t wall_ms);
void expiry_fini(struct expiry *x);
/* It is due then, or earlier, if it was to be. */
void expiry_add(struct expiry *x, struct expiry_node *n, int64_t wall_ms);
void expiry_remove(struct expiry *x, struct expiry_node *n);    /* fine when it does not wait */
/* The next one that is due, taken out; NULL. */
struct expiry_node *expiry_next(struct expiry *x, int64_t wall_ms);

#endif
