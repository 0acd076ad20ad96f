/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c - making, reading and comparing the packed bindings. */
#include "entry.h"
#include "mem.h"

struct entry *entry_new(const struct binding *b)
{
	const struct str strings[ENTRY_STRINGS] = {
		[ENTRY_INSTANCE] = b->instance, [ENTRY_CONTACT] = b->contact, [ENTRY_PARAMS] = b->contact_params,
		[ENTRY_PATH] = b->path, [ENTRY_CALL_ID] = b->call_id, [ENTRY_AGENT] = b->user_agent,
	};
	size_t n = 0;
	for (unsigned i = 0; i < ENTRY_STRINGS; i++)
		n += strings[i].n;

	struct entry *e = mem_alloc(sizeof *e + n);
	*e = (struct entry){
		.expires_wall_ms = b->expires_wall_ms, .updated_wall_ms = b->updated_wall_ms,
		.journal_until_ms = b->expires_wall_ms, .id = b->id, .flow = b->flow, .cseq = b->cseq,
		.reg_id = b->reg_id, .q = (uint16_t)b->q, .via_flow = b->via_flow,
		.earlier_boot = b->state == BINDING_FLOW_LOST,
	};
	char *at = e->text;
	for (unsigned i = 0; i < ENTRY_STRINGS; i++) {
		e->length[i] = (uint32_t)strings[i].n;
		if (strings[i].n)
			memcpy(at, strings[i].p, strings[i].n);
		at += strings[i].n;
	}
	return e;
}

static struct str string_at(const struct entry *e, const char *text, enum entry_string which)
{
	for (unsigned i = 0; i < which; i++)
		text += e->length[i];
	return (struct str){ text, e->length[which] };
}

struct str entry_string(const struct entry *e, enum entry_string which)
{
	return string_at(e, e->text, which);
}

static void fill(const struct entry *e, struct str aor, const char *text, struct binding *out)
{
	*out = (struct binding){
		.aor = aor, .instance = string_at(e, text, ENTRY_INSTANCE), .reg_id = e->reg_id,
		.contact = string_at(e, text, ENTRY_CONTACT), .contact_params = string_at(e, text, ENTRY_PARAMS),
		.path = string_at(e, text, ENTRY_PATH), .call_id = string_at(e, text, ENTRY_CALL_ID),
		.user_agent = string_at(e, text, ENTRY_AGENT), .cseq = e->cseq, .q = e->q,
		.expires_wall_ms = e->expires_wall_ms, .updated_wall_ms = e->updated_wall_ms, .flow = e->flow,
		.via_flow = e->via_flow, .state = e->earlier_boot ? BINDING_FLOW_LOST : BINDING_LIVE, .id = e->id,
	};
}

void entry_view(const struct entry *e, struct str aor, struct binding *out)
{
	fill(e, aor, e->text, out);
}

void entry_copy(const struct entry *e, struct str aor, struct arena *arena, struct binding *out)
{
	size_t n = 0;
	for (unsigned i = 0; i < ENTRY_STRINGS; i++)
		n += e->length[i];
	fill(e, aor, arena_str(arena, (struct str){ e->text, n }).p, out);
}

void entry_copy_told(const struct entry *e, struct str aor, struct arena *arena, struct binding *out)
{
	size_t n = 0;
	for (unsigned i = 0; i < ENTRY_TOLD; i++)
		n += e->length[i];
	fill(e, aor, arena_str(arena, (struct str){ e->text, n }).p, out);
	out->path = out->call_id = out->user_agent = STR_NONE;
}

bool entry_matches(const struct entry *e, struct str instance, uint32_t reg_id, const struct sip_uri *uri)
{
	if (reg_id || entry_is_outbound(e))
		return e->reg_id == reg_id && str_eq(entry_string(e, ENTRY_INSTANCE), instance);

	struct str contact = entry_string(e, ENTRY_CONTACT);
	struct sip_uri mine;
	return str_eq(contact, uri->text) || (sip_uri_parse(contact, &mine) && sip_uri_equal(&mine, uri));
}
