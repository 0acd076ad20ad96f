/* SPDX-License-Identifier: Apache-2.0 */
/* thread.c - see thread.h */
#include "thread.h"
#include <signal.h>

int thread_start(pthread_t *out, void *(*run)(void *user), void *user)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
	sigset_t blocked, before;
	sigfillset(&blocked);
	for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
		sigdelset(&blocked, faults[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	int err = pthread_create(out, NULL, run, user);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}
