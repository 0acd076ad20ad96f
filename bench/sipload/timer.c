/* SPDX-License-Identifier: Apache-2.0 */
/* timer.c - a wheel of 4 ms slots. */
#include "core.h"

u64 NOW;

#define WSLOTS 8192
#define WTICK (4 * MSEC)
static struct tmr wheel[WSLOTS];
static u64 wlast;
void tmr_init(void)
{
	for (int i = 0; i < WSLOTS; i++)
		wheel[i].prev = wheel[i].next = &wheel[i];
	wlast = NOW / WTICK;
}
void tmr_del(struct tmr *t)
{
	if (!t->next)
		return;
	t->prev->next = t->next;
	t->next->prev = t->prev;
	t->prev = t->next = NULL;
}
void tmr_set(struct tmr *t, u64 when, void (*fn)(struct tmr *))
{
	tmr_del(t);
	t->when = when;
	t->fn = fn;
	u64 k = when / WTICK;
	if (k <= wlast)
		k = wlast + 1;
	if (k - wlast >= WSLOTS)
		k = wlast + WSLOTS - 1;
	struct tmr *h = &wheel[k % WSLOTS];
	t->prev = h->prev;
	t->next = h;
	h->prev->next = t;
	h->prev = t;
}
void tmr_run(void)
{
	u64 k = NOW / WTICK;
	while (wlast < k) {
		wlast++;
		struct tmr *h = &wheel[wlast % WSLOTS], list;
		if (h->next == h)
			continue;
		list = *h;
		list.next->prev = &list;
		list.prev->next = &list;
		h->prev = h->next = h;
		while (list.next != &list) {
			struct tmr *t = list.next;
			tmr_del(t);
			if (t->when / WTICK > wlast)
				tmr_set(t, t->when, t->fn);
			else
				t->fn(t);
		}
	}
}
