/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_private.h"
#include "mem.h"
#include "random.h"
#include <sys/socket.h>
#include <unistd.h>

void resolver_settings_init(struct resolver_settings *s)
{
	*s = (struct resolver_settings){ .timeout_ms = 1000, .tries = 3, .negative_s = 30, .max_entries = 10000,
	                                 .hosts = STR("/etc/hosts"), .ipv4 = true, .ipv6 = true };
}

/* --- looks --- */

static const struct dns_answer nothing = { .outcome = DNS_ANSWERED };
static const struct dns_answer too_much = { .outcome = DNS_REFUSED };
static const struct dns_answer too_late = { .outcome = DNS_SILENT };

static void query_ready(struct query *q)
{
	struct resolver *r = q->resolver;
	list_add_tail(&r->ready, &q->ready);
	if (!loop_timer_armed(&r->deliver))
		loop_timer_set(r->loop, &r->deliver, loop_now_ms(r->loop));
}

static void look_done(struct look *look, struct dns_answer *answer)
{
	struct query *q = look->query;
	look->answer = dns_answer_ref(answer);
	list_remove(&look->waiting);
	if (--q->waiting == 0 && !q->planning)
		query_ready(q);
}

/* Runs inside c-ares: only notes the answer. What follows runs in a turn of its own, where callers may do anything. */
static void question_done(void *user, struct dns_answer *taken)
{
	struct dns_question *question = user;
	struct resolver *r = question->resolver;
	question->asking = false;
	if (!taken)
		return;
	dns_cache_store(&r->cache, question, taken, loop_now_ms(r->loop));
	for (struct list *it; (it = list_pop(&question->waiting));)
		look_done(CONTAINER(it, struct look, waiting), question->answer);
}

static void look_start(struct query *q, struct look *look)
{
	struct resolver *r = q->resolver;
	int64_t now_ms = loop_now_ms(r->loop);
	bool address = look->type == DNS_A || look->type == DNS_AAAA;
	if (address && hosts_find(r->hosts, look->name, look->type, now_ms, &look->answer))
		return;
	struct dns_question *question = dns_cache_question(&r->cache, look->type, look->name);
	if (!question) {
		look->answer = dns_answer_empty(DNS_REFUSED);
		return;
	}
	struct dns_answer *fresh = dns_cache_fresh(question, now_ms);
	if (fresh) {
		look->answer = dns_answer_ref(fresh);
		return;
	}
	list_add_tail(&question->waiting, &look->waiting);
	q->waiting++;
	if (!question->asking) {
		question->asking = true;
		question->resolver = r;
		dns_channel_ask(r->channel, look->type, question->name.p, question_done, question);
	}
}

static struct look *look_of(struct query *q, enum dns_type type, struct str name)
{
	LIST_EACH(&q->looks, it) {
		struct look *look = CONTAINER(it, struct look, node);
		if (look->type == type && str_ieq(look->name, name))
			return look;
	}
	if (q->look_count == LOOKS_MAX)
		return NULL;
	struct look *look = ARENA_NEW(q->ask->arena, struct look);
	look->query = q;
	look->type = type;
	look->name = arena_str(q->ask->arena, name);
	list_init(&look->waiting);
	list_add_tail(&q->looks, &look->node);
	q->look_count++;
	look_start(q, look);
	return look;
}

const struct dns_answer *query_look(struct query *q, enum dns_type type, struct str name)
{
	for (int i = 0; i <= ALIASES_MAX; i++) {
		struct look *look = look_of(q, type, name);
		const struct dns_answer *a = look ? look->answer : &too_much;
		if (!a && q->hurry)
			a = &too_late;
		if (!a) {
			q->missing = true;
			return NULL;
		}
		q->failed |= a->outcome != DNS_ANSWERED;
		if (!a->alias.n)
			return a;
		name = a->alias;
	}
	return &nothing;
}

/* --- queries --- */

static void query_end(struct query *q)
{
	loop_timer_stop(q->resolver->loop, &q->patience);
	LIST_EACH(&q->looks, it) {
		struct look *look = CONTAINER(it, struct look, node);
		list_remove(&look->waiting);
		dns_answer_unref(look->answer);
	}
	list_remove(&q->ready);
	list_remove(&q->ask->node);
	q->ask->query = NULL;
}

/* The hops in their order, those in a penalty behind the others. TX-26, TX-29 */
static void fill_hops(struct query *q)
{
	struct resolve *ask = q->ask;
	int64_t now_ms = loop_now_ms(q->resolver->loop);
	bool late[HOPS_MAX];
	ask->hops = arena_array(ask->arena, q->hop_count, sizeof *ask->hops);
	ask->count = 0;
	for (unsigned i = 0; i < q->hop_count; i++)
		if (!(late[i] = penalties_hold(q->resolver->penalties, &q->hops[i], now_ms)))
			ask->hops[ask->count++] = q->hops[i];
	for (unsigned i = 0; i < q->hop_count; i++)
		if (late[i])
			ask->hops[ask->count++] = q->hops[i];
}

/* Plan until the next answer is needed. True: nothing is missing. */
static bool query_plan(struct query *q)
{
	q->planning = true;
	do                              /* an answer may come inside the call that asks */
		plan_run(q);
	while (q->missing && !q->waiting);
	q->planning = false;
	return !q->missing;
}

static void query_answer(struct query *q)
{
	struct resolve *ask = q->ask;
	fill_hops(q);
	ask->status = q->hop_count ? RESOLVE_OK : q->failed ? RESOLVE_FAILED : RESOLVE_NONE;
	query_end(q);
}

/* After the first wait some hops are enough; after the last one nothing more is waited for. */
static void out_of_patience(struct loop_timer *timer)
{
	struct query *q = CONTAINER(timer, struct query, patience);
	struct resolver *r = q->resolver;
	struct resolve *ask = q->ask;
	q->hurry = true;
	query_plan(q);
	if (q->hop_count || q->last_wait) {
		query_answer(q);
		ask->done(ask);
		return;
	}
	q->hurry = false;
	q->last_wait = true;
	loop_timer_set(r->loop, timer, loop_now_ms(r->loop) + (int64_t)r->set.timeout_ms * (r->set.tries - 1));
	if (!q->waiting)
		query_ready(q);
}

static void deliver(struct loop_timer *timer)
{
	struct resolver *r = CONTAINER(timer, struct resolver, deliver);
	bool freed = false;
	r->freed = &freed;
	for (struct list *it; !freed && (it = list_pop(&r->ready));) {
		struct query *q = CONTAINER(it, struct query, ready);
		struct resolve *ask = q->ask;
		if (query_plan(q)) {
			query_answer(q);
			ask->done(ask);
		}
	}
	if (!freed)
		r->freed = NULL;
}

enum resolve_when resolver_ask(struct resolver *r, struct resolve *ask)
{
	struct query *q = ARENA_NEW(ask->arena, struct query);
	q->resolver = r;
	q->ask = ask;
	q->chance = random_u64();
	list_init(&q->looks);
	list_init(&q->ready);
	q->patience.fire = out_of_patience;
	ask->hops = NULL;
	ask->count = 0;
	ask->query = q;
	list_add_tail(&r->asks, &ask->node);
	if (query_plan(q)) {
		query_answer(q);
		return RESOLVE_NOW;
	}
	loop_timer_set(r->loop, &q->patience, loop_now_ms(r->loop) + r->set.timeout_ms);
	return RESOLVE_LATER;
}

void resolver_forget(struct resolver *r, struct resolve *ask)
{
	(void)r;
	if (ask->query)
		query_end(ask->query);
}

/* --- life --- */

int resolver_new(struct loop *loop, const struct resolver_settings *s, struct resolver **out)
{
	struct resolver *r = mem_zalloc(sizeof *r);
	r->loop = loop;
	r->set = *s;
	if (r->set.tries == 0)
		r->set.tries = 1;
	int err = dns_channel_new(loop, &r->set, &r->channel);
	r->set.servers = r->set.hosts = STR_NONE;       /* borrowed for this call */
	if (err) {
		mem_free(r);
		return err;
	}
	list_init(&r->asks);
	list_init(&r->ready);
	r->deliver.fire = deliver;
	r->hosts = hosts_new(s->hosts);
	r->probe6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	dns_cache_init(&r->cache, s->max_entries, s->negative_s);
	r->own = s->penalties ? NULL : penalties_new();
	r->penalties = s->penalties ? s->penalties : r->own;
	*out = r;
	return 0;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	if (r->freed)
		*r->freed = true;
	LIST_EACH(&r->asks, it)
		query_end(CONTAINER(it, struct resolve, node)->query);
	loop_timer_stop(r->loop, &r->deliver);
	dns_channel_free(r->channel);
	dns_cache_fini(&r->cache);
	hosts_free(r->hosts);
	penalties_free(r->own);
	if (r->probe6 >= 0)
		close(r->probe6);
	mem_free(r);
}

void resolver_penalise(struct resolver *r, const struct hop *hop, int64_t until_ms)
{
	penalties_add(r->penalties, hop, loop_now_ms(r->loop), until_ms);
}

bool resolver_penalised(struct resolver *r, const struct hop *hop, int64_t now_ms)
{
	return penalties_hold(r->penalties, hop, now_ms);
}
