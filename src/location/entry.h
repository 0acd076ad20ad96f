/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - a binding as it stands in memory: one block, its strings packed behind it. Never changed
 * once it is linked, but for what is known of its silence; a newer version takes its place, and starts unsuspected. */
#ifndef SLUICE_ENTRY_H
#define SLUICE_ENTRY_H

#include "location.h"

/* In the order in which they stand; those that an answer tells come first. */
enum entry_string {
	ENTRY_INSTANCE, ENTRY_CONTACT, ENTRY_PARAMS, ENTRY_TOLD,
	ENTRY_PATH = ENTRY_TOLD, ENTRY_CALL_ID, ENTRY_AGENT, ENTRY_STRINGS
};

struct entry {
	struct entry *next;             /* of the AOR: most recently updated first */
	struct aor *aor;                /* NULL: not linked */
	int64_t expires_wall_ms, updated_wall_ms;
	int64_t journal_until_ms;       /* the latest expiry that the journal may still hold for this key */
	int64_t suspect_until_ms;       /* see location_suspect; written and read under the stripe lock, not durable */
	uint64_t id;                    /* the sequence number of the change that made it */
	struct flow_ref flow;
	uint32_t cseq, reg_id;
	uint16_t q;
	bool via_flow;
	bool earlier_boot;              /* over a stream that a former process had */
	uint32_t length[ENTRY_STRINGS];
	char text[];
};

struct entry *entry_new(const struct binding *b);
struct str entry_string(const struct entry *e, enum entry_string which);
/* All but suspect; strings are slices of the entry and of its AOR, which must be given when the entry is not linked. */
void entry_view(const struct entry *e, struct str aor, struct binding *out);
/* The same with strings of its own but for `aor`, which is taken as it is. */
void entry_copy(const struct entry *e, struct str aor, struct arena *arena, struct binding *out);

/* What an answer to a REGISTER tells: without path, call_id and user_agent. */
void entry_copy_told(const struct entry *e, struct str aor, struct arena *arena, struct binding *out);

/* Would this contact be kept under the key of this entry? Outbound bindings by instance and reg-id (OB-69),
 * the others by URI equality (RG-23). `instance` is canonical. */
bool entry_matches(const struct entry *e, struct str instance, uint32_t reg_id, const struct sip_uri *uri);

static inline bool entry_is_outbound(const struct entry *e) { return e->reg_id != 0; }
static inline bool entry_expired(const struct entry *e, int64_t wall_ms) { return e->expires_wall_ms <= wall_ms; }
static inline bool entry_over_stream(const struct entry *e)
{
	return e->via_flow && !flow_ref_none(&e->flow) && transport_is_stream(e->flow.kind);
}

#endif
