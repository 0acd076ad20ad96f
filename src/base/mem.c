/* SPDX-License-Identifier: Apache-2.0 */
/* mem.c - heap objects that are always there.
 *
 * What a message needs is freed when the message is done and wanted again by the next one, in the same sizes. glibc keeps
 * seven blocks of a size at hand, and none above 1032 bytes; past that it merges and splits its chunks each time, which was
 * 8 % of a worker. So a thread keeps what it frees in a list for each size and takes it from there, up to KEEP_BYTES; when
 * that is full all of it goes back, and what is really in use comes again at once. Blocks are the heap's own: any thread may
 * free them, each into its own lists. */
#include "mem.h"
#include "poison.h"
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP_BYTES ((size_t)1 << 20)
#define SMALL_MIN  24
#define SMALL_MAX  1032         /* up to here a list for each size that the heap knows: 24, 40, 56, ... */
#define SMALL_LIST (SMALL_MAX / 16)
#define LARGE_STEP 512          /* from there on the sizes are rounded up */
#define LARGE_MAX  16384
#define LISTS      (SMALL_LIST + LARGE_MAX / LARGE_STEP - 1)

struct spare {
	struct spare *next;
};

static _Thread_local struct {
	struct spare *lists[LISTS];
	size_t bytes;
	bool known;                     /* to the end of the thread */
} kept;

/* Written without stdio, which may want memory itself. */
_Noreturn static void give_up(void)
{
	static const char line[] = "out of memory, aborting\n";
	ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);
	(void)ignored;
	abort();
}

/* --- the lists: of sizes in bytes --- */

/* The list whose blocks all have n bytes or more. */
static unsigned list_wanted(size_t n)
{
	if (n <= SMALL_MAX)
		return n <= SMALL_MIN ? 1 : (unsigned)(n + 7) / 16;
	return SMALL_LIST + (unsigned)(n + LARGE_STEP - 1) / LARGE_STEP - 2;
}

/* The list that a block of so many bytes serves. */
static unsigned list_served(size_t usable)
{
	if (usable <= SMALL_MAX)
		return (unsigned)(usable - 8) / 16;
	return SMALL_LIST + (unsigned)(usable / LARGE_STEP) - 2;
}

static size_t bytes_of(unsigned list)
{
	return list <= SMALL_LIST ? list * 16 + 8 : (size_t)(list - SMALL_LIST + 2) * LARGE_STEP;
}

static void *take(size_t n)
{
	unsigned list = list_wanted(n);
	struct spare *s = kept.lists[list];
	if (!s)
		return malloc(bytes_of(list));
	kept.lists[list] = s->next;
	kept.bytes -= bytes_of(list);
	return s;
}

static void thread_ends(void *unused)
{
	(void)unused;
	mem_give_back();
}

static pthread_key_t at_end;
static void make_key(void)
{
	if (pthread_key_create(&at_end, thread_ends))
		give_up();
}

static void remember_thread(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_key);
	kept.known = pthread_setspecific(at_end, &kept) == 0;
}

/* False: of no size that is wanted. */
static bool keep(void *p)
{
	size_t usable = malloc_usable_size(p);
	if (usable < SMALL_MIN || usable >= LARGE_MAX + LARGE_STEP)
		return false;
	if (!kept.known)
		remember_thread();
	unsigned list = list_served(usable);
	struct spare *s = p;
	s->next = kept.lists[list];
	kept.lists[list] = s;
	kept.bytes += bytes_of(list);
	if (kept.bytes > KEEP_BYTES)
		mem_give_back();
	return true;
}

void mem_give_back(void)
{
	for (unsigned i = 0; i < LISTS; i++) {
		for (struct spare *s = kept.lists[i], *next; s; s = next) {
			next = s->next;
			free(s);
		}
		kept.lists[i] = NULL;
	}
	kept.bytes = 0;
}

size_t mem_kept(void)
{
	return kept.bytes;
}

/* --- objects --- */

void *mem_alloc(size_t n)
{
	void *p = MEM_WATCHED || n > LARGE_MAX ? malloc(n ? n : 1) : take(n);
	if (!p)
		give_up();
	return p;
}

void *mem_zalloc(size_t n)
{
	if (!MEM_WATCHED && n <= LARGE_MAX)
		return memset(mem_alloc(n), 0, n);
	void *p = calloc(1, n ? n : 1);
	if (!p)
		give_up();
	return p;
}

/* What is small comes out of the lists here too: else they would get what they never gave. */
void *mem_realloc(void *p, size_t n)
{
	if (!MEM_WATCHED && n <= LARGE_MAX) {
		size_t usable = p ? malloc_usable_size(p) : 0;
		if (p && n <= usable && n >= usable / 2)
			return p;
		void *moved = mem_alloc(n);
		if (p)
			memcpy(moved, p, usable < n ? usable : n);
		mem_free(p);
		return moved;
	}
	void *grown = realloc(p, n ? n : 1);
	if (!grown)
		give_up();
	return grown;
}

void mem_free(void *p)
{
	if (MEM_WATCHED || !p || !keep(p))
		free(p);
}

void mem_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

int mem_equal_secret(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char differ = 0;
	for (size_t i = 0; i < n; i++)
		differ |= x[i] ^ y[i];
	return differ == 0;
}
