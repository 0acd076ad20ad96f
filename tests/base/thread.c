/* SPDX-License-Identifier: Apache-2.0 */
/* A thread hears of its own faults and of no other signal. */
#include "thread.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void *look(void *user)
{
	pthread_sigmask(SIG_SETMASK, NULL, user);
	return NULL;
}

static void a_thread_blocks_what_others_send_and_hears_its_own_faults(void **state)
{
	static const int heard[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
	static const int blocked[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGCHLD, SIGPIPE };
	sigset_t mask, before, after;
	pthread_t thread;
	(void)state;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(thread_start(&thread, look, &mask), 0);
	pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (size_t i = 0; i < sizeof heard / sizeof *heard; i++)
		assert_false(sigismember(&mask, heard[i]));
	for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++) {
		assert_true(sigismember(&mask, blocked[i]));
		assert_int_equal(sigismember(&after, blocked[i]), sigismember(&before, blocked[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_blocks_what_others_send_and_hears_its_own_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
