/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - the turn.
 *
 * No wake-up is lost: a poster pushes its task and then looks whether the loop sleeps; the loop says that
 * it goes to sleep and then looks for tasks. All four are sequentially consistent, so one of the two
 * sees the other (mpsc.h). The poster that finds the loop asleep also takes the flag back, so a batch of
 * posts costs one write to the eventfd. */
#include "loop.h"
#include "clock.h"
#include "wheel.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BATCH 256

struct loop {
	int epoll_fd, wake_fd;
	struct wheel wheel;
	struct list due;                        /* timers that this turn fires */
	struct list hooks;
	struct epoll_event ready[BATCH];        /* this turn's, of which... */
	int ready_at, ready_n;                  /* ...these are still to be handed out */
	struct mpsc tasks;
	_Alignas(64) atomic_bool asleep;        /* read by posters: away from what the turn writes */
	atomic_bool stop;
};

/* The eventfd is never read: edge-triggered, each write makes it ready once more. */
static int watch_wake_ups(struct loop *loop)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll_fd < 0 || loop->wake_fd < 0)
		return -errno;
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &ev) ? -errno : 0;
}

int loop_new(struct loop **out)
{
	struct loop *loop = aligned_alloc(_Alignof(struct loop), sizeof *loop);
	if (!loop)
		return -ENOMEM;
	*loop = (struct loop){ .epoll_fd = -1, .wake_fd = -1 };
	wheel_init(&loop->wheel, clock_ms());
	list_init(&loop->due);
	list_init(&loop->hooks);
	mpsc_init(&loop->tasks);
	int err = watch_wake_ups(loop);
	if (err) {
		loop_free(loop);
		return err;
	}
	*out = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	free(loop);
}

void loop_descriptors(const struct loop *loop, int out[LOOP_DESCRIPTORS])
{
	out[0] = loop->epoll_fd;
	out[1] = loop->wake_fd;
}

int64_t loop_now_ms(const struct loop *loop)
{
	return loop->wheel.now_ms;
}

/* --- descriptors --- */

static int control(struct loop *loop, int op, struct loop_fd *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };
	return epoll_ctl(loop->epoll_fd, op, w->fd, &ev) ? -errno : 0;
}

int loop_watch(struct loop *loop, struct loop_fd *w)
{
	return control(loop, EPOLL_CTL_ADD, w, w->events);
}

int loop_rewatch(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	if (events == w->events)
		return 0;
	int err = control(loop, EPOLL_CTL_MOD, w, events);
	if (!err)
		w->events = events;
	return err;
}

/* What epoll has already reported in this turn must not reach a struct that may be gone by then. */
void loop_unwatch(struct loop *loop, struct loop_fd *w)
{
	control(loop, EPOLL_CTL_DEL, w, 0);
	for (int i = loop->ready_at; i < loop->ready_n; i++)
		if (loop->ready[i].data.ptr == w)
			loop->ready[i].data.ptr = NULL;
}

static void run_ready(struct loop *loop)
{
	while (loop->ready_at < loop->ready_n) {
		struct epoll_event *ev = &loop->ready[loop->ready_at++];
		struct loop_fd *w = ev->data.ptr;
		if (!w)                         /* the wake-up, or unwatched in this turn */
			continue;
		/* An earlier callback of this turn may have asked for less by now. */
		uint32_t events = ev->events & (w->events | EPOLLERR | EPOLLHUP);
		if (events)
			w->ready(w, events);
	}
}

/* --- timers --- */

void loop_timer_set(struct loop *loop, struct loop_timer *t, int64_t at_ms)
{
	wheel_set(&loop->wheel, t, at_ms);
}

void loop_timer_stop(struct loop *loop, struct loop_timer *t)
{
	wheel_stop(&loop->wheel, t);
}

bool loop_timer_armed(const struct loop_timer *t)
{
	return t->node.next && !list_empty(&t->node);
}

static void run_due(struct loop *loop)
{
	for (struct list *n; (n = list_pop(&loop->due));) {
		struct loop_timer *t = CONTAINER(n, struct loop_timer, node);
		t->fire(t);
	}
}

/* How long epoll may wait before a timer wants something; -1: for ever. */
static int timer_wait_ms(const struct loop *loop)
{
	int64_t next_ms = wheel_next_ms(&loop->wheel);
	if (next_ms == INT64_MAX)
		return -1;
	int64_t wait_ms = next_ms - clock_ms();
	return wait_ms < 0 ? 0 : wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}

/* --- tasks --- */

static void wake(struct loop *loop)
{
	if (!atomic_load(&loop->asleep) || !atomic_exchange(&loop->asleep, false))
		return;
	/* It cannot fail: the counter would need 2^64 - 2 wake-ups to be full. */
	uint64_t one = 1;
	ssize_t ignored = write(loop->wake_fd, &one, sizeof one);
	(void)ignored;
}

void loop_post(struct loop *loop, struct loop_task *task)
{
	mpsc_push(&loop->tasks, &task->node);
	wake(loop);
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->stop, true);
	wake(loop);
}

/* No more than stood in the queue at first: a task that posts itself again waits for the next turn. */
static void run_tasks(struct loop *loop)
{
	struct mpsc_node *n;
	for (size_t left = atomic_load(&loop->tasks.count); left && (n = mpsc_pop(&loop->tasks)); left--) {
		struct loop_task *task = CONTAINER(n, struct loop_task, node);
		task->run(task);
	}
}

bool loop_run_posted(struct loop *loop)
{
	bool some = !mpsc_empty(&loop->tasks);
	run_tasks(loop);
	return some;
}

/* --- the turn --- */

static int least_wait_ms(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int wait_for_work(struct loop *loop, int wait_ms)
{
	wait_ms = least_wait_ms(wait_ms, timer_wait_ms(loop));
	if (wait_ms != 0) {
		atomic_store(&loop->asleep, true);
		if (mpsc_ready(&loop->tasks) || atomic_load(&loop->stop))
			wait_ms = 0;
	}
	int n = epoll_wait(loop->epoll_fd, loop->ready, BATCH, wait_ms);
	int err = n < 0 && errno != EINTR ? -errno : 0;
	atomic_store_explicit(&loop->asleep, false, memory_order_relaxed);
	loop->ready_at = 0;
	loop->ready_n = n > 0 ? n : 0;
	return err;
}

int loop_turn(struct loop *loop, int wait_ms)
{
	int err = wait_for_work(loop, wait_ms);
	if (err)
		return err;
	wheel_advance(&loop->wheel, clock_ms(), &loop->due);
	run_tasks(loop);
	run_ready(loop);
	run_due(loop);
	LIST_EACH(&loop->hooks, n) {
		struct loop_hook *hook = CONTAINER(n, struct loop_hook, node);
		hook->run(hook);
	}
	return 0;
}

int loop_run(struct loop *loop)
{
	int err = 0;
	while (!err && !atomic_exchange(&loop->stop, false))
		err = loop_turn(loop, -1);
	return err;
}

void loop_at_turn_end(struct loop *loop, struct loop_hook *hook)
{
	list_add_tail(&loop->hooks, &hook->node);
}
