/* SPDX-License-Identifier: Apache-2.0 */
/* key_file.h - the keys of a cluster on disk: `flow-keys` in the state folder, the same on every node.
 *
 *     key ID MADE FROM SECRET      id: 8 hexadecimal digits; two dates; secret: 64 hexadecimal digits
 *     registration SECRET          32 hexadecimal digits; never changes
 *
 * Every key here reads tokens. The one whose FROM came last writes them: a key lies on all nodes before any of them writes with
 * it. (A line without FROM writes from MADE on.) The registration line stands last, so that a file that was cut lacks it.
 * Nothing here is for a worker's turn. RFC 5626 §5.2 */
#ifndef SLUICE_KEY_FILE_H
#define SLUICE_KEY_FILE_H

#include "transport.h"

#define KEY_FILE_NAME         "flow-keys"
#define KEY_SECRET_SIZE       32        /* OB-43 asks for 20 octets or more */
#define KEY_REGISTRATION_SIZE 16
#define KEYS_MAX              32

struct key_row {
	uint32_t id;
	int64_t made_s, from_s;                 /* since 1970 */
	uint8_t secret[KEY_SECRET_SIZE];
};
struct key_file {
	unsigned count;
	struct key_row row[KEYS_MAX];           /* by from_s, ascending; of equal ones the later line is later */
	bool has_registration;
	uint8_t registration[KEY_REGISTRATION_SIZE];
};

enum key_wrong {
	KEY_FILE_UNUSABLE,                      /* the system, or its kind: err */
	KEY_FILE_SHARED,                        /* others may read or change it */
	KEY_FILE_NO_KEY, KEY_FILE_NO_REGISTRATION,      /* empty, or cut */
	KEY_LINE_UNKNOWN, KEY_LINE_FORM, KEY_LINE_ID, KEY_LINE_DATE, KEY_LINE_SECRET, KEY_LINE_TWICE, KEY_LINE_MANY,
	KEY_LINE_REGISTRATION, KEY_LINE_REGISTRATION_TWICE
};
struct key_problem {
	enum key_wrong wrong;
	unsigned line;                          /* of KEY_LINE_* */
	int err;
	struct transport_error said;            /* the same as a sentence */
};

/* Read and understand DIR/flow-keys. 0, or -errno with *why; -ENOENT: there is none, and *why is untouched. */
int key_file_read(const char *dir, struct key_file *out, struct key_problem *why);
/* Replace or make it: written beside, synced, renamed; for its owner only. */
int key_file_write(const char *dir, const struct key_file *f, struct transport_error *why);
/* A new file's contents: a registration secret and one key that writes at once. */
void key_file_new(struct key_file *out, int64_t now_s);
void key_file_wipe(struct key_file *f);

/* --- rotation: time comes from the caller --- */
/* The row that writes tokens now; in a file whose every FROM is still to come, the first. */
unsigned key_file_writing(const struct key_file *f, int64_t now_s);
/* When tokens of this row have run out: `overlap_s` (the longest registration and a day) after the next row began to
 * write. INT64_MAX: no other follows. */
int64_t key_file_until(const struct key_file *f, unsigned row, int64_t overlap_s);
enum key_rotation {
	KEY_ROTATED,
	KEY_WAITING,                            /* the last row does not write yet: one new key at a time */
	KEY_FULL                                /* no row of the KEYS_MAX has run out */
};
/* Take out what has run out, add a key that writes from `from_s` on. Only KEY_ROTATED changes *f; *removed: how many went. */
enum key_rotation key_file_rotate(struct key_file *f, int64_t now_s, int64_t from_s, int64_t overlap_s, unsigned *removed);

/* --- this node's number: `node` in the state folder, "node NUMBER" --- */
/* 0, -ENOENT (*why untouched), or -errno with *why. */
int node_file_read(const char *dir, uint32_t *out, struct transport_error *why);
int node_file_write(const char *dir, uint32_t node, struct transport_error *why);

#endif
