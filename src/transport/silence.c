/* SPDX-License-Identifier: Apache-2.0 */
/* silence.c - the two verdicts on a flow, for streams and for UDP: suspect by silence, dead by proof. */
#include "stream.h"
#include "udp_verdicts.h"

static void log_suspect(const struct flow_ref *f)
{
	char text[FLOW_TEXT];
	if (log_enabled(LOG_INFO))
		log_write(LOG_INFO, "%s: silent, tried last from now on", flow_text(f, text));
}

static void log_heard(const struct flow_ref *f)
{
	char text[FLOW_TEXT];
	if (log_enabled(LOG_INFO))
		log_write(LOG_INFO, "%s: heard again", flow_text(f, text));
}

bool transport_flow_alive(const struct transport *t, const struct flow_ref *f)
{
	return f->serial ? flow_table_alive(&t->flows, f->serial) : udp_verdict_of(t->verdicts, f) != UDP_DEAD;
}

bool transport_flow_holds(const struct transport *t, const struct flow_ref *f)
{
	return f->serial ? flow_table_alive(&t->flows, f->serial) : udp_verdict_of(t->verdicts, f) < UDP_FAILED;
}

bool transport_flow_suspect(struct transport_worker *w, const struct flow_ref *f)
{
	if (flow_ref_none(f))
		return false;
	bool fresh = f->serial ? flow_table_suspect(&w->t->flows, f->serial)
	                       : udp_verdict_suspect(w->t->verdicts, f, loop_now_ms(w->loop)) == UDP_CLEAR;
	if (fresh)
		log_suspect(f);
	return fresh;
}

bool transport_flow_is_suspect(const struct transport *t, const struct flow_ref *f)
{
	if (f->serial)
		return flow_table_is_suspect(&t->flows, f->serial);
	enum udp_verdict verdict = udp_verdict_of(t->verdicts, f);
	return verdict == UDP_SUSPECT || verdict == UDP_DEAD;
}

void transport_flow_dead(struct transport_worker *w, const struct flow_ref *f)
{
	if (f->serial)
		transport_flow_kill(w, f, true);
	else if (!flow_ref_none(f))
		udp_verdict_dead(w->t->verdicts, f, loop_now_ms(w->loop));
}

void stream_heard(struct stream *s)
{
	s->heard_ms = loop_now_ms(s->w->loop);
	if (flow_table_heard(&s->w->t->flows, s->ref.serial))
		log_heard(&s->ref);
}

bool udp_heard(struct transport_worker *w, const struct flow_ref *from)
{
	enum udp_verdict before = udp_verdict_heard(w->t->verdicts, from, loop_now_ms(w->loop));
	if (before == UDP_SUSPECT)
		log_heard(from);
	return before < UDP_FAILED;
}
