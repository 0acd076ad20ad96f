/* SPDX-License-Identifier: Apache-2.0 */
/* map.c - chains in a table of a power of two, resized a few slots at a time.
 *
 * While a resize is under way there are two tables. A hash belongs to the old one when its slot there
 * has not been emptied yet (slots below `moved` have), otherwise to the new one: every look-up
 * walks one chain. */
#include "map.h"
#include "mem.h"

#define SLOTS_MIN 16
#define LINE      64            /* of the cache */
#define MOVE_STEP 16            /* slots emptied by each change: a resize ends before the next is due */

void map_init(struct map *m)
{
	*m = (struct map){ 0 };
}

void map_fini(struct map *m)
{
	mem_free(m->slots);
	mem_free(m->old);
	*m = (struct map){ 0 };
}

/* The chain where nodes of this hash are. */
static struct map_node **chain(const struct map *m, uint64_t hash)
{
	if (m->old && (hash & m->old_mask) >= m->moved)
		return &m->old[hash & m->old_mask];
	return &m->slots[hash & m->mask];
}

/* Empty up to `steps` slots of the old table into the new one. */
static void move_some(struct map *m, size_t steps)
{
	while (m->old && steps--) {
		struct map_node *n = m->old[m->moved], *next;
		m->moved++;
		for (; n; n = next) {
			next = n->next;
			struct map_node **to = &m->slots[n->hash & m->mask];
			n->next = *to;
			*to = n;
		}
		if (m->moved > m->old_mask) {
			mem_free(m->old);
			m->old = NULL;
		}
	}
}

static void start_resize(struct map *m, size_t size)
{
	m->old = m->slots;
	m->old_mask = m->mask;
	m->moved = 0;
	m->slots = mem_zalloc(size * sizeof *m->slots);
	m->mask = size - 1;
}

/* At every change: go on with the resize under way, or see whether one is due. Sizes where growing
 * and shrinking start are four times apart, so that a count that swings does not make it thrash. */
static void settle(struct map *m)
{
	size_t size = m->mask + 1;
	if (m->walking)
		return;                         /* map_each counts on nodes staying where they are */
	if (m->old)
		move_some(m, MOVE_STEP);
	else if (m->count > size)
		start_resize(m, size * 2);
	else if (size > SLOTS_MIN && m->count < size / 8)
		start_resize(m, size / 2);
}

void map_insert(struct map *m, struct map_node *node, uint64_t hash)
{
	if (!m->slots) {
		m->slots = mem_zalloc(SLOTS_MIN * sizeof *m->slots);
		m->mask = SLOTS_MIN - 1;
	}
	struct map_node **to = chain(m, hash);
	node->hash = hash;
	node->next = *to;
	*to = node;
	m->count++;
	settle(m);
}

void map_remove(struct map *m, struct map_node *node)
{
	struct map_node **at = chain(m, node->hash);
	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	node->next = NULL;
	m->count--;
	settle(m);
}

static struct map_node *same_hash(struct map_node *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct map_node *map_first(const struct map *m, uint64_t hash)
{
	return m->count ? same_hash(*chain(m, hash), hash) : NULL;
}

struct map_node *map_again(const struct map *m, const struct map_node *node)
{
	(void)m;
	return same_hash(node->next, node->hash);
}

void map_foresee_slot(const struct map *m, uint64_t hash)
{
	if (m->count)
		__builtin_prefetch(chain(m, hash));
}

void map_foresee_node(const struct map *m, uint64_t hash, size_t bytes)
{
	const char *first = m->count ? (const char *)*chain(m, hash) : NULL;
	for (size_t at = 0; first && at < bytes; at += LINE)
		__builtin_prefetch(first + at);
}

void map_each(struct map *m, bool (*fn)(void *user, struct map_node *node), void *user)
{
	if (m->count == 0)
		return;
	move_some(m, SIZE_MAX);                 /* a walk costs this much anyway */
	m->walking = true;
	bool go_on = true;
	for (size_t i = 0; go_on && i <= m->mask; i++)
		for (struct map_node *n = m->slots[i], *next; go_on && n; n = next) {
			next = n->next;
			go_on = fn(user, n);
		}
	m->walking = false;
}
