/* SPDX-License-Identifier: Apache-2.0 */
/* registrar_private.h - what the files of this room share: the faults of a REGISTER, and one that is under way. */
#ifndef SLUICE_REGISTRAR_PRIVATE_H
#define SLUICE_REGISTRAR_PRIVATE_H

#include "registrar.h"

/* Why a REGISTER is refused; refuse.c has the answers. */
enum register_fault {
	REGISTER_FINE,
	REGISTER_EXTENSION,             /* Require names what we do not know */
	REGISTER_TO_SCHEME, REGISTER_NOT_YOURS, REGISTER_NO_USER,
	REGISTER_PATH_STRANGER, REGISTER_PATH_UNSUPPORTED, REGISTER_PATH_MALFORMED,
	REGISTER_CONTACT_COUNT, REGISTER_CONTACT_MALFORMED, REGISTER_CONTACT_SCHEME, REGISTER_STAR, REGISTER_Q,
	REGISTER_REG_ID, REGISTER_REG_ID_COUNT, REGISTER_TOO_BRIEF, REGISTER_NOT_SECURE, REGISTER_FIRST_HOP,
	REGISTER_OUT_OF_ORDER, REGISTER_FULL, REGISTER_NOT_STORED,
	REGISTER_FAULTS
};

enum { QUEUE = 64 };            /* changes that are applied together, at most */

struct registrar {
	struct registrar_settings s;
	struct registrar_setup parts;   /* its settings are not used */
	unsigned waiting;
	struct buf rows;                /* scratch for answers */
	/* commit.c: this turn's changes */
	struct location_update *queue[QUEUE];
	unsigned queued;
	struct loop_task task;
	bool posted;
};

/* One REGISTER as it was understood. Lives in the packet's arena, and so do all its strings. */
struct registration {
	struct location_update update;
	struct registrar *r;
	struct packet *packet;
	struct txn_server *st;          /* of one that changes something */
	struct str unsupported;         /* option tags, for REGISTER_EXTENSION */
	bool direct;                    /* we are the first hop: it came over the phone's own flow (OB-63) */
	bool path_has_ob;               /* the value that the first edge added has ob */
	bool reg_id_used, require_outbound;
	uint32_t granted_s;             /* the longest; 0: nothing was bound */
};

/* contacts.c: the Contact values into g->update, after the Path was read. */
enum register_fault contacts_read(struct registration *g);
/* path.c */
enum register_fault path_read(struct registration *g, unsigned rights);
/* refuse.c: status, phrase and rows of an answer to a fault; rows are written to r->rows. */
unsigned fault_answer(const struct registration *g, enum register_fault fault, struct str *phrase);
/* granted.c: the rows of the 200, written to r->rows. */
void granted_write(const struct registration *g);

void registration_log_granted(const struct registration *g);
/* registrar.c: answer it and free its packet, and g with it. */
void registration_refuse(struct registration *g, enum register_fault fault);
/* commit.c: the same for one that changes something, when that is durable. */
void registration_change(struct registration *g);
void registrar_apply_queued(struct loop_task *task);

#endif
