/* SPDX-License-Identifier: Apache-2.0 */
/* Several threads at once: the queue and the wake-ups under load. Built twice, the second time with
 * ThreadSanitizer and nothing else. Nothing sleeps on purpose; a lost wake-up ends the test by alarm. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "loop.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#define WRITERS 4
#define EACH    20000

/* --- the queue alone --- */

struct item {
	struct mpsc_node node;
	unsigned writer, number;
};

struct writer {
	pthread_t thread;
	struct mpsc *queue;
	struct item *items;
};

static void *push_all(void *user)
{
	struct writer *w = user;
	for (unsigned i = 0; i < EACH; i++)
		mpsc_push(w->queue, &w->items[i].node);
	return NULL;
}

static void nothing_is_lost_and_each_writer_keeps_its_order(void **state)
{
	struct mpsc queue;
	struct writer writers[WRITERS];
	unsigned next[WRITERS] = { 0 };
	(void)state;
	mpsc_init(&queue);
	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .queue = &queue, .items = calloc(EACH, sizeof(struct item)) };
		for (unsigned k = 0; k < EACH; k++)
			writers[i].items[k].writer = i, writers[i].items[k].number = k;
		assert_int_equal(pthread_create(&writers[i].thread, NULL, push_all, &writers[i]), 0);
	}
	for (unsigned got = 0; got < WRITERS * EACH;) {
		struct mpsc_node *n = mpsc_pop(&queue);
		if (!n) {
			sched_yield();
			continue;
		}
		struct item *it = CONTAINER(n, struct item, node);
		assert_int_equal(it->number, next[it->writer]);
		next[it->writer]++;
		got++;
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		pthread_join(writers[i].thread, NULL);
		free(writers[i].items);
	}
	assert_true(mpsc_empty(&queue));
	assert_false(mpsc_ready(&queue));
	assert_null(mpsc_pop(&queue));
}

/* --- posts to a loop that runs --- */

struct sender;

struct note {
	struct loop_task task;
	struct sender *from;
	unsigned number;
};

struct sender {
	pthread_t thread;
	struct loop *loop;
	struct note *notes;
	atomic_uint arrived;                    /* written on the loop's thread */
	atomic_uint *finished;                  /* senders whose last note has arrived */
	bool one_by_one;
};

static void on_note(struct loop_task *task)
{
	struct note *note = CONTAINER(task, struct note, task);
	struct sender *s = note->from;
	assert_int_equal(note->number, s->arrived);
	s->arrived++;
	if (s->arrived == EACH && ++*s->finished == WRITERS)
		loop_stop(s->loop);
}

static void *post_all(void *user)
{
	struct sender *s = user;
	for (unsigned i = 0; i < EACH; i++) {
		loop_post(s->loop, &s->notes[i].task);
		while (s->one_by_one && s->arrived <= i)
			sched_yield();
	}
	return NULL;
}

/* One by one the loop falls asleep again and again just when the next note is posted. */
static void post_from_many(unsigned senders, bool one_by_one)
{
	struct loop *loop;
	struct sender s[WRITERS];
	atomic_uint finished = WRITERS - senders;
	assert_int_equal(loop_new(&loop), 0);
	alarm(100);
	for (unsigned i = 0; i < senders; i++) {
		s[i] = (struct sender){ .loop = loop, .notes = calloc(EACH, sizeof(struct note)), .finished = &finished,
		                        .one_by_one = one_by_one };
		for (unsigned k = 0; k < EACH; k++)
			s[i].notes[k] = (struct note){ .task.run = on_note, .from = &s[i], .number = k };
		assert_int_equal(pthread_create(&s[i].thread, NULL, post_all, &s[i]), 0);
	}
	assert_int_equal(loop_run(loop), 0);
	for (unsigned i = 0; i < senders; i++) {
		pthread_join(s[i].thread, NULL);
		assert_int_equal(s[i].arrived, EACH);
		free(s[i].notes);
	}
	alarm(0);
	loop_free(loop);
}

static void all_posts_arrive_in_each_sender_s_order(void **state)
{
	(void)state;
	post_from_many(WRITERS, false);
}

static void a_loop_about_to_sleep_is_woken_by_a_lone_sender(void **state)
{
	(void)state;
	post_from_many(1, true);
}

static void a_loop_about_to_sleep_is_woken_by_several_senders(void **state)
{
	(void)state;
	post_from_many(WRITERS, true);
}

/* --- two loops that throw one ball --- */

struct player {
	pthread_t thread;
	struct loop *loop;
};

struct ball {
	struct loop_task task;
	struct player *players;
	unsigned throws;
};

static void on_catch(struct loop_task *task)
{
	struct ball *ball = CONTAINER(task, struct ball, task);
	if (++ball->throws < EACH) {
		loop_post(ball->players[ball->throws % 2].loop, task);
		return;
	}
	loop_stop(ball->players[0].loop);
	loop_stop(ball->players[1].loop);
}

static void *play(void *user)
{
	struct player *p = user;
	loop_run(p->loop);
	return NULL;
}

static void a_task_goes_to_and_fro_between_two_loops(void **state)
{
	struct player players[2];
	struct ball ball = { .task.run = on_catch, .players = players };
	(void)state;
	alarm(100);
	for (int i = 0; i < 2; i++)
		assert_int_equal(loop_new(&players[i].loop), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&players[i].thread, NULL, play, &players[i]), 0);
	loop_post(players[0].loop, &ball.task);
	for (int i = 0; i < 2; i++)
		pthread_join(players[i].thread, NULL);
	for (int i = 0; i < 2; i++)
		loop_free(players[i].loop);
	alarm(0);
	assert_int_equal(ball.throws, EACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_and_each_writer_keeps_its_order),
		cmocka_unit_test(all_posts_arrive_in_each_sender_s_order),
		cmocka_unit_test(a_loop_about_to_sleep_is_woken_by_a_lone_sender),
		cmocka_unit_test(a_loop_about_to_sleep_is_woken_by_several_senders),
		cmocka_unit_test(a_task_goes_to_and_fro_between_two_loops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
