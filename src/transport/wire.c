/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c - bytes that go out, counted. */
#include "mem.h"
#include "transport.h"

struct wire *wire_new(struct str bytes)
{
	struct wire *w = mem_alloc(sizeof *w + bytes.n);
	atomic_init(&w->refs, 1);
	w->n = (uint32_t)bytes.n;
	if (bytes.n)
		memcpy(w->data, bytes.p, bytes.n);
	return w;
}

struct wire *wire_ref(struct wire *w)
{
	atomic_fetch_add_explicit(&w->refs, 1, memory_order_relaxed);
	return w;
}

void wire_unref(struct wire *w)
{
	if (w && atomic_fetch_sub_explicit(&w->refs, 1, memory_order_acq_rel) == 1)
		mem_free(w);
}
