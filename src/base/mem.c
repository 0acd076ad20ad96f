/* SPDX-License-Identifier: Apache-2.0 */
/* mem.c - heap objects that are always there. */
#include "mem.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Written without stdio, which may want memory itself. */
_Noreturn static void give_up(void)
{
	static const char line[] = "out of memory, aborting\n";
	ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);
	(void)ignored;
	abort();
}

void *mem_alloc(size_t n)
{
	void *p = malloc(n ? n : 1);
	if (!p)
		give_up();
	return p;
}

void *mem_zalloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);
	if (!p)
		give_up();
	return p;
}

void *mem_realloc(void *p, size_t n)
{
	void *grown = realloc(p, n ? n : 1);
	if (!grown)
		give_up();
	return grown;
}

void mem_free(void *p)
{
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
