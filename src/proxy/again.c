/* SPDX-License-Identifier: Apache-2.0 */
/* again.c - the phone gets its flow back while its caller waits, and the request goes there too.
 *
 * RFC 3261 §16.5 lets the target set be whatever it was when the request came. A phone whose only flow fell silent most often
 * comes back on another one within seconds, long before the caller gives up. */
#include "clock.h"
#include "proxy_private.h"

#define LOOK_MS 1000

static bool known(const struct group *g, const struct binding *b)
{
	for (unsigned i = 0; i < g->count; i++)
		if (g->targets[i]->binding && g->targets[i]->binding->id == b->id)
			return true;
	return false;
}

/* The flows of the group's phone that it has not got yet; NULL: it has no other. */
static const struct target_instance *news_of(const struct group *g, const struct target_set *set)
{
	const struct binding *mine = g->targets[0]->binding;
	for (unsigned i = 0; i < set->instance_count; i++) {
		const struct target_instance *phone = &set->instances[i];
		if (!str_eq(phone->flows[0].instance, mine->instance))
			continue;
		for (unsigned j = 0; j < phone->flow_count; j++)
			if (!known(g, &phone->flows[j]))
				return phone;
	}
	return NULL;
}

bool group_may_grow(const struct group *g)
{
	const struct binding *b = g->count ? g->targets[0]->binding : NULL;
	return (b && b->instance.n) || (g->cx->view.dialog && g->cx->view.registration);
}

static bool is_news(struct context *cx, const struct group *g)
{
	struct target_set set = { 0 };
	bool news = target_find_bindings(cx->px, g->targets[0]->binding->aor, &cx->px->work, &set) && news_of(g, &set);
	work_reset(cx->px);
	return news;
}

bool targets_again(struct context *cx, struct group *g)
{
	struct target_set set = { 0 };
	if (!cx->msg || g->rang || cx->cancelled || cx->stopped || !group_may_grow(g) || !g->targets[0]->binding ||
	    !is_news(cx, g))
		return false;
	const struct target_instance *phone = NULL;
	if (target_find_bindings(cx->px, g->targets[0]->binding->aor, cx->arena, &set))
		phone = news_of(g, &set);
	for (unsigned i = 0; phone && i < phone->flow_count && g->count < cx->px->s.settings.max_targets; i++) {
		struct target t;
		if (!known(g, &phone->flows[i]) && target_of_binding(cx, &t, &phone->flows[i]) && target_may_be_used(cx, &t))
			*group_add(cx, g, 1) = t;
	}
	return group_next(g) != NULL;
}

/* --- while it is silent --- */

static void look(struct loop_timer *t)
{
	struct group *g = CONTAINER(t, struct group, look);
	struct context *cx = g->cx;
	if (g->over || g->rang || !cx->msg)
		return;
	if (targets_again(cx, g) || rescue_targets(cx, g)) {
		group_replace(cx, g);
		context_go_on(cx);
	} else {
		group_look(cx, g);
	}
}

void group_look(struct context *cx, struct group *g)
{
	if (!group_may_grow(g) || loop_timer_armed(&g->look))
		return;
	g->look.fire = look;
	loop_timer_set(cx->px->s.loop, &g->look, loop_now_ms(cx->px->s.loop) + LOOK_MS);
}
