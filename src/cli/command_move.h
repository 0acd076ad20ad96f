/* SPDX-License-Identifier: Apache-2.0 */
/* command_move.h - what the commands of moves share: the desk with the file of moves, and addresses as people write them. */
#ifndef SLUICE_CLI_COMMAND_MOVE_H
#define SLUICE_CLI_COMMAND_MOVE_H

#include "desk.h"
#include "move_rules.h"
#include "moves.h"

struct move_desk {
	struct desk desk;
	struct moves *moves;
	int64_t now_ms;                 /* wall time */
};
/* False: told to in->err. Close it in every case. */
bool move_desk_open(struct move_desk *m, struct invocation *in);
/* Close it; the exit status. */
int move_desk_finish(struct move_desk *m, bool ok);
/* A running server takes over what was written. */
void move_desk_tell(struct move_desk *m);
/* The rules that count here: those of --config, else the built-in ones. In storage of the caller. */
const struct move_rules *move_desk_rules(const struct move_desk *m, struct move_rules *built_in);

/* An address as a person names it: sip:, sips:, tel: or NAME@DOMAIN. */
struct move_address {
	struct str text;                /* with its scheme, without method and headers */
	struct sip_uri uri;
	struct str key;                 /* as the server finds it (moves.h) */
	struct str domain;              /* the name of our domain that it is in; n == 0: none of ours */
	bool user;                      /* and of a user there */
};
/* False: told to in->err. */
bool move_address_read(struct move_desk *m, const char *given, struct move_address *out);
/* The entry of an address. False: none, told to in->err. */
bool move_desk_find(struct move_desk *m, const char *given, struct move_address *at, struct move *out);

/* The system user who types. */
struct str move_operator(struct arena *arena);

/* command_move_show.c: words for the fields of an entry, enum text_id. */
unsigned move_state_text(enum move_state state);
unsigned move_way_text(const struct move *v);           /* "told with 301" */
/* "sip:a@x, sip:b@y"; "-" when it is gone. */
void move_write_targets(const struct move *v, struct buf *out);
/* "operator root", "phone of sip:alice@example.com" */
void move_say_who(const struct move *v, struct say *s);

/* command_move_why.c: a rule by its name; MOVE_RULE_COUNT: none. And "name: what it means and what to change", a line. */
enum move_rule move_rule_named(struct str name);
void move_say_rule(struct say *s, unsigned rule);

#endif
