/* SPDX-License-Identifier: Apache-2.0 */
/* Turns of one thread. Descriptors are socket pairs that are ready already, and timers are set for times
 * that have passed or never come; one test waits 20 ms, for waiting is what the loop is for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAR_MS ((int64_t)1000 * 3600 * 1000)

/* What happened, in order. */
static char story[64];

static void tell(char what)
{
	size_t n = strlen(story);
	if (n + 1 < sizeof story)
		story[n] = what;
}

static int set_up(void **state)
{
	struct loop *loop;
	memset(story, 0, sizeof story);
	if (loop_new(&loop))
		return -1;
	*state = loop;
	return 0;
}

static int tear_down(void **state)
{
	loop_free(*state);
	return 0;
}

/* --- descriptors --- */

struct end {
	struct loop_fd watch;
	struct loop *loop;
	char name;
	int other_fd;                           /* the far end of the pair */
	struct end *victim;                     /* taken away when this one is ready */
	uint32_t seen;
};

static void on_ready(struct loop_fd *w, uint32_t events)
{
	struct end *e = CONTAINER(w, struct end, watch);
	e->seen |= events;
	tell(e->name);
	if (e->victim) {
		loop_unwatch(e->loop, &e->victim->watch);
		memset(&e->victim->watch, 0xff, sizeof e->victim->watch);       /* as if freed */
		e->victim = NULL;
	}
}

static void end_open(struct end *e, struct loop *loop, char name, uint32_t events)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	*e = (struct end){ .watch = { pair[0], events, on_ready }, .loop = loop, .name = name, .other_fd = pair[1] };
	assert_int_equal(loop_watch(loop, &e->watch), 0);
}

static void put_byte(const struct end *e)
{
	assert_int_equal(write(e->other_fd, "x", 1), 1);
}

static void a_descriptor_is_reported_until_it_is_read(void **state)
{
	struct end e;
	char byte;
	end_open(&e, *state, 'a', EPOLLIN);
	loop_turn(*state, 0);
	assert_string_equal(story, "");
	put_byte(&e);
	loop_turn(*state, 0);
	loop_turn(*state, -1);
	assert_string_equal(story, "aa");
	assert_int_equal(e.seen, EPOLLIN);
	assert_int_equal(read(e.watch.fd, &byte, 1), 1);
	loop_turn(*state, 0);
	assert_string_equal(story, "aa");
	loop_unwatch(*state, &e.watch);
	close(e.watch.fd);
	close(e.other_fd);
}

static void rewatching_changes_what_is_reported(void **state)
{
	struct end e;
	end_open(&e, *state, 'a', EPOLLIN);
	assert_int_equal(loop_rewatch(*state, &e.watch, EPOLLIN | EPOLLOUT), 0);
	assert_int_equal(e.watch.events, EPOLLIN | EPOLLOUT);
	loop_turn(*state, 0);
	assert_int_equal(e.seen, EPOLLOUT);
	assert_int_equal(loop_rewatch(*state, &e.watch, EPOLLIN), 0);
	loop_turn(*state, 0);
	assert_string_equal(story, "a");
	loop_unwatch(*state, &e.watch);
	close(e.watch.fd);
	close(e.other_fd);
}

static void the_far_end_closing_is_reported(void **state)
{
	struct end e;
	end_open(&e, *state, 'a', EPOLLIN | EPOLLRDHUP);
	close(e.other_fd);
	loop_turn(*state, 0);
	assert_true(e.seen & EPOLLHUP);
	loop_unwatch(*state, &e.watch);
	close(e.watch.fd);
}

static void an_unwatched_descriptor_of_the_same_batch_is_not_reported(void **state)
{
	struct end e[3];
	for (int i = 0; i < 3; i++)
		end_open(&e[i], *state, (char)('a' + i), EPOLLIN);
	int fds[3] = { e[0].watch.fd, e[1].watch.fd, e[2].watch.fd };
	/* Each takes the next one away; whoever comes first, two of the three must be told. */
	for (int i = 0; i < 3; i++) {
		e[i].victim = &e[(i + 1) % 3];
		put_byte(&e[i]);
	}
	loop_turn(*state, 0);
	assert_string_equal(story, "ac");       /* a takes b; c takes a, which has been told */
	loop_unwatch(*state, &e[2].watch);
	for (int i = 0; i < 3; i++) {
		close(fds[i]);
		close(e[i].other_fd);
	}
}

static void a_descriptor_may_take_itself_away(void **state)
{
	struct end e;
	end_open(&e, *state, 'a', EPOLLIN);
	int fd = e.watch.fd;
	e.victim = &e;
	put_byte(&e);
	loop_turn(*state, 0);
	loop_turn(*state, 0);
	assert_string_equal(story, "a");
	close(fd);
	close(e.other_fd);
}

static void watching_a_closed_descriptor_says_so(void **state)
{
	struct loop_fd w = { .fd = -1, .events = EPOLLIN, .ready = on_ready };
	assert_int_equal(loop_watch(*state, &w), -EBADF);
}

/* --- timers --- */

struct alarm {
	struct loop_timer timer;
	struct loop *loop;
	char name;
	int again;                              /* how often it sets itself for now */
	struct alarm *stops, *sets;
};

static void on_fire(struct loop_timer *t)
{
	struct alarm *a = CONTAINER(t, struct alarm, timer);
	tell(a->name);
	assert_false(loop_timer_armed(t));
	if (a->again && a->again--)
		loop_timer_set(a->loop, t, loop_now_ms(a->loop));
	if (a->stops)
		loop_timer_stop(a->loop, &a->stops->timer);
	if (a->sets)
		loop_timer_set(a->loop, &a->sets->timer, loop_now_ms(a->loop) + FAR_MS);
}

static struct alarm alarm_of(struct loop *loop, char name)
{
	return (struct alarm){ .timer.fire = on_fire, .loop = loop, .name = name };
}

static void a_timer_for_now_fires_in_the_next_turn(void **state)
{
	struct alarm a = alarm_of(*state, 'a');
	loop_timer_set(*state, &a.timer, loop_now_ms(*state));
	assert_string_equal(story, "");
	loop_turn(*state, -1);                  /* would hang if it slept */
	assert_string_equal(story, "a");
	loop_turn(*state, 0);
	assert_string_equal(story, "a");
}

static void a_timer_that_sets_itself_for_now_fires_once_a_turn(void **state)
{
	struct alarm a = alarm_of(*state, 'a');
	a.again = 3;
	loop_timer_set(*state, &a.timer, 0);
	for (int turns = 1; turns <= 4; turns++) {
		loop_turn(*state, -1);
		assert_int_equal(strlen(story), turns);
	}
	loop_turn(*state, 0);
	assert_string_equal(story, "aaaa");
}

static void due_timers_may_stop_and_move_each_other(void **state)
{
	struct alarm a = alarm_of(*state, 'a'), b = alarm_of(*state, 'b'), c = alarm_of(*state, 'c'), d = alarm_of(*state, 'd');
	a.stops = &b;
	a.sets = &c;
	loop_timer_set(*state, &a.timer, 1);
	loop_timer_set(*state, &b.timer, 1);
	loop_timer_set(*state, &c.timer, 1);
	loop_timer_set(*state, &d.timer, 1);
	loop_turn(*state, 0);
	assert_string_equal(story, "ad");
	assert_false(loop_timer_armed(&b.timer));
	assert_true(loop_timer_armed(&c.timer));
	loop_timer_stop(*state, &c.timer);
}

static void a_far_timer_does_not_keep_the_loop_busy(void **state)
{
	struct alarm a = alarm_of(*state, 'a');
	loop_timer_set(*state, &a.timer, loop_now_ms(*state) + FAR_MS);
	loop_turn(*state, 0);
	assert_string_equal(story, "");
	assert_true(loop_timer_armed(&a.timer));
	loop_timer_stop(*state, &a.timer);
	loop_timer_stop(*state, &a.timer);
}

static void an_idle_loop_sleeps_until_its_timer(void **state)
{
	struct alarm a = alarm_of(*state, 'a');
	int64_t at = loop_now_ms(*state) + 20;
	int turns = 0;
	loop_timer_set(*state, &a.timer, at);
	while (!*story) {
		loop_turn(*state, -1);
		turns++;
	}
	assert_true(loop_now_ms(*state) >= at);
	assert_in_range(turns, 1, 11);          /* one for each level of the wheel at most */
}

static void time_stands_still_within_a_turn_and_never_goes_back(void **state)
{
	int64_t before = loop_now_ms(*state);
	loop_turn(*state, 0);
	assert_true(loop_now_ms(*state) >= before);
}

/* --- tasks --- */

struct job {
	struct loop_task task;
	struct loop *loop;
	char name;
	int again;
	bool stops;
};

static void on_run(struct loop_task *task)
{
	struct job *j = CONTAINER(task, struct job, task);
	tell(j->name);
	if (j->again && j->again--)
		loop_post(j->loop, task);
	if (j->stops)
		loop_stop(j->loop);
}

static struct job job_of(struct loop *loop, char name)
{
	return (struct job){ .task.run = on_run, .loop = loop, .name = name };
}

static void tasks_run_once_in_order_in_the_next_turn(void **state)
{
	struct job a = job_of(*state, 'a'), b = job_of(*state, 'b'), c = job_of(*state, 'c');
	loop_post(*state, &a.task);
	loop_post(*state, &b.task);
	loop_post(*state, &c.task);
	assert_string_equal(story, "");
	loop_turn(*state, -1);
	loop_turn(*state, 0);
	assert_string_equal(story, "abc");
}

static void a_task_that_posts_itself_lets_the_turn_end(void **state)
{
	struct job a = job_of(*state, 'a'), b = job_of(*state, 'b');
	a.again = 2;
	loop_post(*state, &a.task);
	loop_post(*state, &b.task);
	loop_turn(*state, -1);
	assert_string_equal(story, "ab");
	loop_turn(*state, -1);
	loop_turn(*state, -1);
	loop_turn(*state, 0);
	assert_string_equal(story, "abaa");
}

static void what_was_posted_can_be_run_without_a_turn(void **state)
{
	struct job a = job_of(*state, 'a'), b = job_of(*state, 'b');
	a.again = 1;
	assert_false(loop_run_posted(*state));
	loop_post(*state, &a.task);
	loop_post(*state, &b.task);
	assert_true(loop_run_posted(*state));
	assert_string_equal(story, "ab");
	assert_true(loop_run_posted(*state));
	assert_false(loop_run_posted(*state));
	assert_string_equal(story, "aba");
}

static void stopping_ends_the_run_after_the_current_turn(void **state)
{
	struct job a = job_of(*state, 'a'), b = job_of(*state, 'b'), c = job_of(*state, 'c');
	a.stops = true;
	loop_post(*state, &a.task);
	loop_post(*state, &b.task);
	assert_int_equal(loop_run(*state), 0);
	assert_string_equal(story, "ab");
	loop_stop(*state);                      /* before it runs: no turn at all */
	loop_post(*state, &c.task);
	assert_int_equal(loop_run(*state), 0);
	assert_string_equal(story, "ab");
	loop_turn(*state, 0);
	assert_string_equal(story, "abc");
}

/* --- the turn --- */

struct hook {
	struct loop_hook hook;
	char name;
};

static void on_turn_end(struct loop_hook *hook)
{
	tell(CONTAINER(hook, struct hook, hook)->name);
}

static void a_turn_is_tasks_then_descriptors_then_timers_then_hooks(void **state)
{
	struct hook y = { { .run = on_turn_end }, 'y' }, z = { { .run = on_turn_end }, 'z' };
	struct job j = job_of(*state, 'j');
	struct alarm t = alarm_of(*state, 't');
	struct end e;
	loop_at_turn_end(*state, &y.hook);
	loop_at_turn_end(*state, &z.hook);
	loop_timer_set(*state, &t.timer, 1);
	end_open(&e, *state, 'f', EPOLLOUT);
	loop_post(*state, &j.task);
	loop_turn(*state, 0);
	assert_string_equal(story, "jftyz");
	loop_unwatch(*state, &e.watch);
	close(e.watch.fd);
	close(e.other_fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_descriptor_is_reported_until_it_is_read),
		TEST(rewatching_changes_what_is_reported),
		TEST(the_far_end_closing_is_reported),
		TEST(an_unwatched_descriptor_of_the_same_batch_is_not_reported),
		TEST(a_descriptor_may_take_itself_away),
		TEST(watching_a_closed_descriptor_says_so),
		TEST(a_timer_for_now_fires_in_the_next_turn),
		TEST(a_timer_that_sets_itself_for_now_fires_once_a_turn),
		TEST(due_timers_may_stop_and_move_each_other),
		TEST(a_far_timer_does_not_keep_the_loop_busy),
		TEST(an_idle_loop_sleeps_until_its_timer),
		TEST(time_stands_still_within_a_turn_and_never_goes_back),
		TEST(tasks_run_once_in_order_in_the_next_turn),
		TEST(a_task_that_posts_itself_lets_the_turn_end),
		TEST(what_was_posted_can_be_run_without_a_turn),
		TEST(stopping_ends_the_run_after_the_current_turn),
		TEST(a_turn_is_tasks_then_descriptors_then_timers_then_hooks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
