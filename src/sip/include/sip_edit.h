/* SPDX-License-Identifier: Apache-2.0 */
/* sip_edit.h - change a message without printing it anew.
 *
 * An edit is a list of "instead of these bytes, those"; sip_edit_write makes one flat copy with all of
 * them done. What is not edited passes byte for byte (PX-13, PX-19). Edits may be given in any order but must not
 * overlap; several insertions at one place come out in the order they were given. New text is borrowed until
 * the write; allocate it in the arena.
 *
 *     struct sip_edit e;
 *     sip_edit_begin(&e, &m, &arena);
 *     sip_edit_ruri(&e, target);
 *     sip_edit_add_first(&e, SIP_H_VIA, via);
 *     sip_edit_write(&e, &out);
 */
#ifndef SLUICE_SIP_EDIT_H
#define SLUICE_SIP_EDIT_H

#include "sip.h"

struct sip_edit_op {
	const char *at;                 /* in the message's text */
	size_t remove;
	struct str insert;
	unsigned order;
};

struct sip_edit {
	const struct sip_msg *m;
	struct arena *arena;
	struct sip_edit_op *ops;
	unsigned count, cap;
};

void sip_edit_begin(struct sip_edit *e, const struct sip_msg *m, struct arena *arena);
/* The primitive: `old` is a slice of m->text (n may be 0: an insertion before old.p). */
void sip_edit_replace(struct sip_edit *e, struct str old, struct str with);

void sip_edit_ruri(struct sip_edit *e, struct str uri);
/* A row "Name: value" before the first row of that id, or where such a header belongs (Via, Route,
 * Record-Route, Path: before all others; anything else at the end). */
void sip_edit_add_first(struct sip_edit *e, enum sip_header_id id, struct str value);
/* A row after all others; `row` is whole: "Name: value\r\n". */
void sip_edit_add_row(struct sip_edit *e, struct str row);
/* Replace the whole value of the (first) row, or add it when there is none. */
void sip_edit_set(struct sip_edit *e, enum sip_header_id id, struct str value);
/* Take one value of a list header out, as found by sip_values_next; its comma or its whole row goes
 * with it. Several values of one row may be removed, from the first on. */
void sip_edit_remove_value(struct sip_edit *e, const struct sip_values *it, struct str value);
void sip_edit_remove_row(struct sip_edit *e, const struct sip_header *h);
void sip_edit_remove_all(struct sip_edit *e, enum sip_header_id id);

/* The result, appended to out. */
void sip_edit_write(const struct sip_edit *e, struct buf *out);

#endif
