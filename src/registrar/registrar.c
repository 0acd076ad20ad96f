/* SPDX-License-Identifier: Apache-2.0 */
/* registrar.c - a REGISTER from its arrival to its answer: RFC 3261 §10.3. */
#include "aor.h"
#include "clock.h"
#include "log.h"
#include "mem.h"
#include "registrar_private.h"
#include <stdlib.h>

void registrar_settings_init(struct registrar_settings *s)
{
	*s = (struct registrar_settings){
		.expires_default_s = 3600, .expires_min_s = 60, .expires_max_s = 7200, .flow_timer_s = 120,
		.max_contacts_in_request = 32,
	};
}

int registrar_new(const struct registrar_setup *setup, struct registrar **out)
{
	struct registrar *r = mem_zalloc(sizeof *r);
	r->s = setup->settings;
	r->parts = *setup;
	r->task.run = registrar_apply_queued;
	*out = r;
	return 0;
}

void registrar_free(struct registrar *r)
{
	if (!r)
		return;
	buf_fini(&r->rows);
	mem_free(r);
}

unsigned registrar_waiting(const struct registrar *r)
{
	return r->waiting;
}

/* --- checks --- */

static enum register_fault check_require(struct registration *g)
{
	struct sip_values it;
	struct str tag;
	struct buf unknown = { 0 };
	if (!sip_first(&g->packet->msg, SIP_H_REQUIRE))
		return REGISTER_FINE;
	sip_values_begin(&it, &g->packet->msg, SIP_H_REQUIRE);
	while (sip_values_next(&it, &tag)) {
		if (tag.n == 0 || str_ieq(tag, STR("path")) || str_ieq(tag, STR("outbound")))
			continue;
		if (unknown.n)
			BUF_LIT(&unknown, ", ");
		buf_add(&unknown, tag);
	}
	g->unsupported = arena_str(g->update.arena, buf_str(&unknown));
	buf_fini(&unknown);
	return g->unsupported.n ? REGISTER_EXTENSION : REGISTER_FINE;
}

/* Whose bindings: To says which address, the credentials say who asks (RG-04). Aliases are bound under the user's own
 * key, so that one phone is one phone by whatever name it is called. */
static enum register_fault check_aor(struct registration *g, const struct register_request *q)
{
	const struct sip_uri *to = &g->packet->msg.to.uri;
	struct user owner;
	if (to->scheme != SIP_SCHEME_SIP && to->scheme != SIP_SCHEME_SIPS)
		return REGISTER_TO_SCHEME;
	switch (aor_find(g->r->parts.users, q->domain, to, g->update.arena, &owner, &g->update.aor)) {
	case AOR_ELSEWHERE:
		return REGISTER_NO_USER;
	case AOR_NOBODY:
		if (q->user || !q->domain->open_registration)
			return REGISTER_NO_USER;
		return REGISTER_FINE;
	case AOR_USER:
		if (q->user ? str_eq(owner.name, q->user->name) && str_eq(owner.domain, q->user->domain)
		            : q->domain->open_registration)
			return REGISTER_FINE;
		return REGISTER_NOT_YOURS;
	}
	abort();
}

static enum register_fault check(struct registration *g, const struct register_request *q)
{
	enum register_fault fault = check_require(g);
	if (!fault)
		fault = check_aor(g, q);
	if (!fault)
		fault = path_read(g, q->rights);
	if (!fault)
		fault = contacts_read(g);
	return fault;
}

/* --- answers --- */

static void log_fault(const struct registration *g, unsigned status, struct str phrase)
{
	char from[FLOW_TEXT];
	if (log_enabled(LOG_DEBUG))
		log_write(LOG_DEBUG, "registrar: %.*s from %s: %u %.*s", STR_FMT(g->packet->msg.to.uri_text),
		          flow_text(&g->packet->from, from), status, STR_FMT(phrase));
}

void registration_log_granted(const struct registration *g)
{
	if (log_enabled(LOG_DEBUG))
		log_write(LOG_DEBUG, "registrar: %.*s: %u bindings", STR_FMT(g->update.aor), g->update.after_count);
}

void registration_refuse(struct registration *g, enum register_fault fault)
{
	struct registrar *r = g->r;
	struct str phrase;
	unsigned status = fault_answer(g, fault, &phrase);
	log_fault(g, status, phrase);
	if (g->st) {
		txn_answer(r->parts.txns, g->st, status, phrase, buf_str(&r->rows));    /* g is gone with its packet */
		return;
	}
	txn_reply_stateless(r->parts.txns, g->packet, status, phrase, buf_str(&r->rows));
	packet_free(g->packet);
}

/* A fetch: changes nothing, waits for nothing. */
static void fetch(struct registration *g)
{
	struct registrar *r = g->r;
	location_register(r->parts.location, &g->update);
	granted_write(g);
	registration_log_granted(g);
	txn_reply_stateless(r->parts.txns, g->packet, 200, STR_NONE, buf_str(&r->rows));
	packet_free(g->packet);
}

/* Whoever registers is here again: what a phone of his said of having moved waits until it is said anew. */
static void note_return(const struct registration *g)
{
	struct moves *moves = g->r->parts.moves;
	if (!moves || !moves_any(moves))
		return;
	for (unsigned i = 0; i < g->update.contact_count; i++)
		if (g->update.contacts[i].expires_s) {
			moves_suspend(moves, g->update.aor);
			return;
		}
}

void registrar_handle(struct registrar *r, const struct register_request *q)
{
	struct packet *p = q->packet;
	struct registration *g = ARENA_NEW(&p->arena, struct registration);
	const struct sip_header *agent = sip_first(&p->msg, SIP_H_USER_AGENT);
	g->r = r;
	g->packet = p;
	g->update = (struct location_update){
		.call_id = p->msg.call_id, .cseq = p->msg.cseq, .user_agent = agent ? agent->value : STR(""),
		.wall_ms = clock_wall_ms(), .arena = &p->arena,
	};
	enum register_fault fault = check(g, q);
	if (fault) {
		registration_refuse(g, fault);
	} else if (g->update.star || g->update.contact_count) {
		note_return(g);
		registration_change(g);
	} else {
		fetch(g);
	}
}
