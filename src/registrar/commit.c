/* SPDX-License-Identifier: Apache-2.0 */
/* commit.c - REGISTERs that change something: they wait for each other for a turn, then each for its commit.
 *
 * All that a turn of the loop brought are applied in the next one, so that location can ask for the memory of all of them at
 * once: most of them are about phones that nobody has looked at for minutes. Who waits for a commit does so with its answer already
 * written and without its request. */
#include "flow_token.h"
#include "log.h"
#include "mem.h"
#include "registrar_private.h"
#include <stdlib.h>

/* A change that is applied and not durable yet. */
struct waiting {
	struct location_wait wait;
	struct registrar *r;
	struct txn_server *st;
	struct flow_ref flow;
	bool star;                              /* outcomes[0] is of a "*" */
	unsigned count;
	struct flow_registration outcomes[];    /* what the phones of the request have on this flow when it is granted */
};

/* --- whose flow it is when it is granted --- */
/* The binding of this phone over the flow of the request that lasts longest; NULL: it has none there now. */
static const struct binding *binding_here(const struct registration *g, struct str instance)
{
	const struct location_update *u = &g->update;
	const struct binding *found = NULL;
	for (unsigned i = 0; i < u->after_count; i++) {
		const struct binding *b = &u->after[i];
		if (str_eq(b->instance, instance) && flow_ref_same(&b->flow, &g->packet->from) &&
		    (!found || b->expires_wall_ms > found->expires_wall_ms))
			found = b;
	}
	return found;
}

/* What the phone of this Contact has now. One that moves removes its old Contact and binds a new one, in one request or in two, in any
 * order: it is still here. */
static struct flow_registration outcome(const struct registration *g, const struct contact_update *c)
{
	const struct registrar *r = g->r;
	const struct token_keys *keys = transport_keys(r->parts.transport);
	const struct location_update *u = &g->update;
	struct flow_registration to = { .registration = token_registration(keys, u->aor, c->instance),
	                                .address = token_registration(keys, u->aor, STR("")) };
	const struct binding *b = binding_here(g, c->instance);
	if (b) {
		to.outbound = b->reg_id && g->require_outbound;
		to.nat = b->via_flow && b->reg_id == 0 && g->packet->from.kind == TRANSPORT_UDP;
		to.until_ms = loop_now_ms(r->parts.loop) + (b->expires_wall_ms - u->wall_ms);
	}
	return to;
}

/* It judges the flow's silence, and finds this phone again when the flow has died. */
static void find_outcomes(struct waiting *w, const struct registration *g)
{
	const struct location_update *u = &g->update;
	w->star = u->star;
	if (u->star)
		w->outcomes[w->count++] = (struct flow_registration){
			.address = token_registration(transport_keys(w->r->parts.transport), u->aor, STR("")) };
	for (unsigned i = 0; i < u->contact_count; i++)
		w->outcomes[w->count++] = outcome(g, &u->contacts[i]);
}

/* "*": all bindings are gone, whoever of this address is on the flow. That is known when those before have been granted. */
static void find_who_is_here(const struct waiting *w, struct flow_registration *of_star)
{
	const struct registrar_setup *parts = &w->r->parts;
	of_star->registration = transport_registration_on(parts->transport, &w->flow, of_star->address, loop_now_ms(parts->loop));
}

/* --- waiting for the commit --- */
static void refuse(struct waiting *w)
{
	struct registration unknown = { .r = w->r };
	char from[FLOW_TEXT];
	struct str phrase;
	unsigned status = fault_answer(&unknown, REGISTER_NOT_STORED, &phrase);
	if (log_enabled(LOG_DEBUG))
		log_write(LOG_DEBUG, "registrar: registration from %s: %u %.*s", flow_text(&w->flow, from), status, STR_FMT(phrase));
	txn_answer(w->r->parts.txns, w->st, status, phrase, buf_str(&w->r->rows));
}

static void grant(struct waiting *w)
{
	if (w->star)
		find_who_is_here(w, &w->outcomes[0]);
	for (unsigned i = 0; i < w->count; i++)
		transport_flow_registered(w->r->parts.transport_worker, &w->flow, &w->outcomes[i]);
	txn_answer_prepared(w->r->parts.txns, w->st);
}

static void committed(struct location_wait *wait, int err)
{
	struct waiting *w = CONTAINER(wait, struct waiting, wait);
	w->r->waiting--;
	if (err)
		refuse(w);
	else
		grant(w);
	mem_free(w);
}

static struct waiting *waiting_new(struct registration *g)
{
	unsigned most = g->update.star ? 1 : g->update.contact_count;
	struct waiting *w = mem_alloc(sizeof *w + most * sizeof w->outcomes[0]);
	*w = (struct waiting){ .wait = { .loop = g->r->parts.loop, .done = committed }, .r = g->r, .st = g->st, .flow = g->packet->from };
	g->update.wait = &w->wait;
	return w;
}

/* The request is gone when this returns. */
static void prepare(struct waiting *w, struct registration *g)
{
	struct registrar *r = g->r;
	r->waiting++;
	if (g->direct)
		find_outcomes(w, g);
	granted_write(g);
	registration_log_granted(g);
	txn_prepare(r->parts.txns, g->st, buf_str(&r->rows));
}

static void apply(struct registration *g)
{
	struct waiting *w = waiting_new(g);
	switch (location_register(g->r->parts.location, &g->update)) {
	case LOCATION_DONE:
		prepare(w, g);
		return;
	case LOCATION_STALE:
		mem_free(w);
		registration_refuse(g, REGISTER_OUT_OF_ORDER);
		return;
	case LOCATION_FULL:
		mem_free(w);
		registration_refuse(g, REGISTER_FULL);
		return;
	case LOCATION_UNCHANGED:                /* of a fetch only */
		break;
	}
	abort();
}

/* --- waiting for each other --- */
/* A task that finds nothing was posted for what has been applied since, for want of room. */
static void apply_all(struct registrar *r)
{
	unsigned count = r->queued;
	r->queued = 0;
	r->waiting -= count;
	location_foresee(r->parts.location, r->queue, count);
	for (unsigned i = 0; i < count; i++)
		apply(CONTAINER(r->queue[i], struct registration, update));
}

void registrar_apply_queued(struct loop_task *task)
{
	struct registrar *r = CONTAINER(task, struct registrar, task);
	r->posted = false;
	apply_all(r);
}

/* From here copies of the request are absorbed by the transaction, until the commit lets the answer go. */
void registration_change(struct registration *g)
{
	struct registrar *r = g->r;
	struct txn_server *st = txn_accept(r->parts.txns, g->packet);
	if (!st)
		return;                         /* 503 was sent; g is gone with its packet */
	g->st = st;
	if (r->queued == QUEUE)
		apply_all(r);
	if (!r->posted)
		loop_post(r->parts.loop, &r->task);
	r->posted = true;
	r->queue[r->queued++] = &g->update;
	r->waiting++;
}
