/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_private.h"
#include <stdlib.h>

/* splitmix64: balances load, guards no secret. */
static uint64_t next(uint64_t *chance)
{
	uint64_t z = *chance += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void swap_to_front(const struct dns_record **records, unsigned i)
{
	const struct dns_record *chosen = records[i];
	for (; i > 0; i--)
		records[i] = records[i - 1];
	records[0] = chosen;
}

/* Weight 0 stands first in a priority: it has a small chance to be chosen. RFC 2782, "Weight" */
static int by_priority(const void *a, const void *b)
{
	const struct dns_record *x = *(const struct dns_record *const *)a, *y = *(const struct dns_record *const *)b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if ((x->weight == 0) != (y->weight == 0))
		return x->weight == 0 ? -1 : 1;
	int by_name = str_cmp(x->target, y->target);    /* whatever order the server gave them in */
	return by_name ? by_name : (int)x->port - (int)y->port;
}

/* Choose among records of one priority until all are placed. RFC 2782 */
static void draw(const struct dns_record **records, unsigned count, uint64_t *chance)
{
	for (; count > 1; records++, count--) {
		uint64_t sum = 0, running = 0;
		for (unsigned i = 0; i < count; i++)
			sum += records[i]->weight;
		uint64_t drawn = next(chance) % (sum + 1);
		unsigned i = 0;
		for (running = records[0]->weight; running < drawn; running += records[i]->weight)
			i++;
		swap_to_front(records, i);
	}
}

void dns_order_srv(const struct dns_record **records, unsigned count, uint64_t *chance)
{
	qsort(records, count, sizeof *records, by_priority);
	for (unsigned from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && records[to]->rank == records[from]->rank; to++)
			;
		draw(records + from, to - from, chance);
	}
}

static int by_order(const void *a, const void *b)
{
	const struct dns_record *x = *(const struct dns_record *const *)a, *y = *(const struct dns_record *const *)b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight < y->weight ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static int by_stream_and_order(const void *a, const void *b)
{
	const struct dns_record *x = *(const struct dns_record *const *)a, *y = *(const struct dns_record *const *)b;
	if (transport_is_stream(x->kind) != transport_is_stream(y->kind))
		return transport_is_stream(x->kind) ? -1 : 1;
	return by_order(a, b);
}

void dns_order_naptr(const struct dns_record **records, unsigned count, bool streams_first)
{
	qsort(records, count, sizeof *records, streams_first ? by_stream_and_order : by_order);
}

void dns_shuffle(const struct dns_record **records, unsigned count, uint64_t *chance)
{
	for (; count > 1; records++, count--)
		swap_to_front(records, (unsigned)(next(chance) % count));
}
