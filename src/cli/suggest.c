/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.c - the edit distance (insert, delete, replace, swap of neighbours) between short names. */
#include "suggest.h"

#define LONGEST 40

static unsigned min2(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned distance(struct str a, struct str b)
{
	unsigned row[3][LONGEST + 1];
	for (unsigned j = 0; j <= b.n; j++)
		row[0][j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		now[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned changed = a.p[i - 1] != b.p[j - 1];
			now[j] = min2(min2(last[j], now[j - 1]) + 1, last[j - 1] + changed);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				now[j] = min2(now[j], before[j - 2] + 1);
		}
	}
	return row[a.n % 3][b.n];
}

struct suggestion suggest_for(struct str wrong)
{
	/* A third of the letters may be wrong, of two one; a name of one letter is never corrected. */
	return (struct suggestion){ wrong, STR_NONE, wrong.n <= LONGEST ? (unsigned)((wrong.n + 1) / 3 + 1) : 0 };
}

void suggest_offer(struct suggestion *s, struct str name)
{
	if (s->wrong.n > LONGEST || s->wrong.n < 2 || name.n > LONGEST)
		return;
	unsigned d = distance(s->wrong, name);
	if (d < s->distance) {
		s->distance = d;
		s->best = name;
	}
}
