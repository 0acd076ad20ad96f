/* SPDX-License-Identifier: Apache-2.0 */
/* kept.h - what stays of transactions that are over, for copies and ACKs that still come: one ring of bytes a worker, written in
 * the order of time. A record is found by its hash. It has no timer, no allocation and no free of its own: the
 * ring's end moves on when the time of the oldest record is over, or when the budget has no room for a new one. */
#ifndef SLUICE_TRANSACTION_KEPT_H
#define SLUICE_TRANSACTION_KEPT_H

#include "kept_index.h"
#include "loop.h"
#include <stdbool.h>
#include <stddef.h>

enum kept_kind {
	/* servers (server_kept.c) */
	KEPT_ANSWERED,                  /* non-INVITE Completed: a copy gets the answer again */
	KEPT_CONFIRMED,                 /* INVITE Confirmed: copies and ACKs are absorbed */
	KEPT_ACCEPTED,                  /* INVITE Accepted: copies are absorbed, ACKs go up, further 2xx leave */
	/* clients (client_kept.c) */
	KEPT_ACKED,                     /* INVITE Completed: copies of the final response are acknowledged again */
	KEPT_LEFT,                      /* INVITE Accepted, left by its user (txn_leave): further 2xx are passed on */
	KEPT_KINDS
};

struct kept {                           /* before a record's own bytes */
	uint64_t hash;
	int64_t until_ms;
	uint32_t size;                  /* of both, a multiple of 8 */
	uint8_t kind;                   /* enum kept_kind */
};

static inline bool kept_is_server(const struct kept *k) { return k->kind <= KEPT_ACCEPTED; }

struct kept_chunk;
struct kept_ring {
	struct loop *loop;
	struct loop_timer timer;        /* for the oldest record, while there is one */
	struct kept_index index;
	struct kept_chunk **chunks;     /* by number, modulo a power of two */
	struct kept_chunk *spare;       /* an empty one for the next: NULL: none */
	uint32_t chunks_size;           /* of the array */
	uint32_t first, end;            /* numbers of the chunks in use: from first, before end */
	size_t max_bytes;
	size_t bytes;                   /* of all records, with their part of the index */
	size_t outside;                 /* what others take from the same budget */
	size_t count[KEPT_KINDS];
};

void kept_init(struct kept_ring *r, struct loop *loop, size_t max_bytes);
void kept_fini(struct kept_ring *r);
/* A new record with room for n bytes of its own, aligned to 8, which are the caller's to fill at once; the oldest make way. NULL:
 * not even then is there room for it. */
void *kept_add(struct kept_ring *r, enum kept_kind kind, uint64_t hash, int64_t until_ms, size_t n);
/* The record of this hash whose time is not over and that is the same as `with`; its bytes begin behind it. It stands until
 * the next kept_add, kept_take or timer. NULL: none. */
typedef bool kept_same(const struct kept *k, const void *with);
struct kept *kept_find(const struct kept_ring *r, uint64_t hash, kept_same *same, const void *with);
/* This hash will be asked for: let its part of the index come meanwhile. */
static inline void kept_prepare(const struct kept_ring *r, uint64_t hash) { kept_index_prepare(&r->index, (uint32_t)hash); }
/* Others use so many bytes of the budget from now on, or do not any more. */
void kept_take(struct kept_ring *r, size_t bytes);
void kept_give_back(struct kept_ring *r, size_t bytes);
/* Everything that counts against the budget. */
static inline size_t kept_bytes(const struct kept_ring *r) { return r->bytes + r->outside; }

#endif
