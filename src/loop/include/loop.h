/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - one worker's turn: descriptors, timers, and tasks from other threads. The only place
 * that waits.
 *
 * A loop belongs to the thread that runs it; every call is for that thread alone, but for loop_post and
 * loop_stop. A turn is: wait; take the time; run posted tasks; run ready
 * descriptors; run due timers; run the turn's end (in the order of registration). Callbacks never
 * run inside the call that registers them, and removing an object inside its own callback is safe. */
#ifndef SLUICE_LOOP_H
#define SLUICE_LOOP_H

#include "list.h"
#include "mpsc.h"
#include <stdbool.h>
#include <stdint.h>

struct loop;

int loop_new(struct loop **out);                /* -errno */
void loop_free(struct loop *loop);              /* nothing may be watched or queued any more */
/* What a thread must keep that gets a table of descriptors of its own: the first to run the loop, the second to post to it. */
#define LOOP_DESCRIPTORS 2
void loop_descriptors(const struct loop *loop, int out[LOOP_DESCRIPTORS]);
int loop_run(struct loop *loop);                /* until loop_stop; 0 or -errno of epoll_wait */
void loop_stop(struct loop *loop);              /* from any thread: ends after the current turn */
/* One turn that waits at most wait_ms (-1: for ever). For tests and embedders. */
int loop_turn(struct loop *loop, int wait_ms);
/* CLOCK_MONOTONIC in ms, taken at the start of the turn. */
int64_t loop_now_ms(const struct loop *loop);

/* --- descriptors: level-triggered epoll. The struct lives in the owner and must stay where it is
 * until loop_unwatch. --- */
struct loop_fd {
	int fd;
	uint32_t events;                        /* what is watched now: EPOLLIN | EPOLLOUT ... */
	void (*ready)(struct loop_fd *self, uint32_t events);
};
int loop_watch(struct loop *loop, struct loop_fd *w);           /* w->fd, events, ready are set */
int loop_rewatch(struct loop *loop, struct loop_fd *w, uint32_t events);
/* Before close(fd). Events of this turn that were not handed out yet are dropped, so the struct may be
 * freed at once, inside any callback too. */
void loop_unwatch(struct loop *loop, struct loop_fd *w);

/* --- timers: a hierarchical wheel with 1 ms ticks; O(1) set and stop. Zero-initialise. --- */
struct loop_timer {
	struct list node;                       /* both NULL: never set */
	int64_t at_ms;
	void (*fire)(struct loop_timer *self);
};
/* (Re)arm. A time in the past fires in the next turn, never in this call. */
void loop_timer_set(struct loop *loop, struct loop_timer *t, int64_t at_ms);
void loop_timer_stop(struct loop *loop, struct loop_timer *t);  /* fine when not armed */
bool loop_timer_armed(const struct loop_timer *t);

/* --- work from other threads (or from this one, for the next turn) --- */
struct loop_task {
	struct mpsc_node node;
	void (*run)(struct loop_task *self);
};
/* Never fails, never waits. The task must live until it runs; it runs exactly once on the loop's
 * thread. One wake-up a batch. */
void loop_post(struct loop *loop, struct loop_task *task);
/* For stopping, when the loop's thread has ended: run what was posted and is still queued, nothing else (no
 * descriptors, timers or hooks). True when there was something. What it posts to other loops waits there: go round
 * all loops until none had anything. */
bool loop_run_posted(struct loop *loop);

/* --- the end of a turn: flush what was batched. Registered for the life of the loop. --- */
struct loop_hook {
	struct list node;
	void (*run)(struct loop_hook *self);
};
void loop_at_turn_end(struct loop *loop, struct loop_hook *hook);

#endif
