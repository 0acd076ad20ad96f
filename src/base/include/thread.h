/* SPDX-License-Identifier: Apache-2.0 */
/* thread.h - threads that leave signals to the one that started them. */
#ifndef SLUICE_THREAD_H
#define SLUICE_THREAD_H

#include <pthread.h>

/* As pthread_create, with every signal blocked in the new thread but those that a fault of its own raises: with SIGSEGV blocked
 * the kernel ends the process before anything could say where it happened. 0 or -errno. */
int thread_start(pthread_t *out, void *(*run)(void *user), void *user);

#endif
