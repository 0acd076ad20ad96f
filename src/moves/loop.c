/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - does a move lead back to where it began? Chains of moves are followed by the caller, so a circle must never come to be. */
#include "moves_private.h"
#include "sip_uri.h"

#define STEPS_MAX 256           /* entries looked at; who needs more of them for one address may as well be told that it leads nowhere */

struct walk {
	struct table *tables[2];
	struct arena arena;
	struct str keys[STEPS_MAX];     /* the addresses that are reached, each once */
	unsigned count;
};

/* False: it is the first address again, or there are too many. */
static bool reach(struct walk *w, const struct move *v, struct str first)
{
	struct sip_uri uri;
	for (unsigned i = 0; i < v->target_count; i++) {
		if (!sip_uri_parse(v->targets[i].uri, &uri))
			continue;               /* nobody can be called there, so nobody gets back */
		struct str key = sip_uri_aor_key(&uri, &w->arena);
		unsigned at = 0;
		while (at < w->count && !str_eq(w->keys[at], key))
			at++;
		if (str_eq(key, first) || at == STEPS_MAX)
			return false;
		if (at == w->count)
			w->keys[w->count++] = key;
	}
	return true;
}

bool moves_lead_back(struct table *t, struct table *also, const struct move *v)
{
	char memory[4096];
	struct walk w;
	struct move next;
	arena_init(&w.arena, memory, sizeof memory);
	w.tables[0] = t;
	w.tables[1] = also;
	w.count = 0;
	bool well = reach(&w, v, v->key);
	for (unsigned i = 0; well && i < w.count; i++)
		for (unsigned k = 0; well && k < 2 && w.tables[k]; k++)
			if (table_find(w.tables[k], w.keys[i], v->said_wall_ms, &w.arena, &next))
				well = reach(&w, &next, v->key);
	arena_fini(&w.arena);
	return !well;
}
