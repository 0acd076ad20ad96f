/* SPDX-License-Identifier: Apache-2.0 */
/* command_move_add.c - sluice move add: an address has moved, by the operator's word. */
#include "command_move.h"
#include "schema.h"
#include <errno.h>

#define EXPIRES_MAX_MS (3650 * INT64_C(86400000))
#define Q_STEP 50                       /* between targets: the order in which they were named */

struct addition {
	struct move_desk m;
	struct move_address from, to[MOVE_TARGETS_MAX];
	struct move_target targets[MOVE_TARGETS_MAX];
	struct move entry;
};

/* Do the options make sense? False: told. */
static bool read_options(struct invocation *in, struct move *out)
{
	struct say *s = &in->err;
	bool gone = in->option[OPTION_GONE], proxy = in->option[OPTION_PROXY], temporary = in->option[OPTION_TEMPORARY];
	const char *expires = in->option[OPTION_EXPIRES];
	int64_t expires_ms = 0;
	if (in->operand_count == 1 && !gone)
		text_move_add_where(s);
	else if (gone && (in->operand_count > 1 || proxy || temporary || in->option[OPTION_PERMANENT]))
		text_move_add_gone(s);
	else if (temporary && in->option[OPTION_PERMANENT])
		text_move_add_both(s);
	else if (expires && (!value_time_ms(str_of(expires), &expires_ms) || expires_ms < 1000 || expires_ms > EXPIRES_MAX_MS))
		text_move_expires(s, str_of(expires));
	else if (in->operand_count > 1 + MOVE_TARGETS_MAX)
		text_move_many(s, MOVE_TARGETS_MAX);
	else {
		*out = (struct move){
			.origin = MOVE_OPERATOR, .state = MOVE_ACTIVE, .way = gone ? MOVE_GONE : proxy ? MOVE_PROXY : MOVE_TELL,
			.permanent = !temporary, .expires_wall_ms = expires_ms,
		};
		return true;
	}
	return false;
}

/* Can the address move there? False: told. */
static bool target_fits(struct addition *a, unsigned i)
{
	struct say *s = &a->m.desk.in->err;
	const struct move_address *from = &a->from, *to = &a->to[i];
	if (str_eq(to->key, from->key)) {
		text_move_same(s, to->text, from->text);
		return false;
	}
	if (from->uri.scheme == SIP_SCHEME_SIPS && to->uri.scheme != SIP_SCHEME_SIPS) {
		text_move_sips(s, from->text, to->text);
		return false;
	}
	for (unsigned j = 0; j < i; j++)
		if (sip_uri_equal(&a->to[j].uri, &to->uri)) {
			text_move_twice(s, to->text);
			return false;
		}
	return true;
}

static bool read_addresses(struct addition *a)
{
	struct invocation *in = a->m.desk.in;
	if (!move_address_read(&a->m, in->operands[0], &a->from))
		return false;
	for (unsigned i = 0; i + 1 < in->operand_count; i++) {
		if (!move_address_read(&a->m, in->operands[i + 1], &a->to[i]) || !target_fits(a, i))
			return false;
		a->targets[i] = (struct move_target){ a->to[i].text, 1000 - (int)i * Q_STEP };
	}
	return true;
}

static bool store(struct addition *a)
{
	struct move *v = &a->entry;
	struct say *s = &a->m.desk.in->err;
	v->key = a->from.key;
	v->old_uri = a->from.text;
	v->targets = a->targets;
	v->target_count = a->m.desk.in->operand_count - 1;
	v->said_by = move_operator(&a->m.desk.arena);
	v->path = STR("");
	v->said_wall_ms = a->m.now_ms;
	if (v->expires_wall_ms)
		v->expires_wall_ms += a->m.now_ms;
	int err = moves_add(a->m.moves, v);
	if (err == -EEXIST)
		text_move_exists(s, v->old_uri);
	else if (err == -ELOOP)
		text_move_loop(s, v->old_uri);
	else if (err)
		text_move_failed(s, v->old_uri, errno_text(s->language, err));
	return !err;
}

static void note(struct addition *a, void (*text)(struct say *s, struct str uri), struct str uri)
{
	struct say *s = &a->m.desk.in->err;
	text(s, uri);
	buf_byte(&s->out, '\n');
}

/* A number is called in the name of the user who moved, whoever calls. At a foreign domain it is that domain's to pay. */
static void note_number(struct addition *a, const struct move_address *to)
{
	struct move_rules built_in;
	struct str number;
	bool ours = to->uri.scheme == SIP_SCHEME_TEL || (to->domain.n && !to->user);
	if (!ours || !policy_number(&to->uri, &a->m.desk.arena, &number))
		return;
	switch (move_number_rule(move_desk_rules(&a->m, &built_in), number)) {
	case MOVE_RULE_PREMIUM:
		note(a, text_move_note_premium, to->text);
		return;
	case MOVE_RULE_INTERNATIONAL:
		note(a, text_move_note_international, to->text);
		return;
	default:
		return;
	}
}

static void say_added(struct addition *a)
{
	struct say *s = &a->m.desk.in->out;
	const struct move *v = &a->entry;
	struct buf targets = { 0 };
	move_write_targets(v, &targets);
	switch (v->way) {
	case MOVE_TELL:
		text_move_added_tell(s, v->old_uri, v->target_count > 1 ? 300 : v->permanent ? 301 : 302, buf_str(&targets));
		break;
	case MOVE_PROXY:
		text_move_added_proxy(s, v->old_uri, buf_str(&targets));
		break;
	case MOVE_GONE:
		text_move_added_gone(s, v->old_uri);
		break;
	}
	buf_byte(&s->out, '\n');
	buf_fini(&targets);
	if (desk_knows_domains(&a->m.desk) && !a->from.domain.n)
		note(a, text_move_note_foreign, v->old_uri);
	for (unsigned i = 0; i < v->target_count; i++)
		note_number(a, &a->to[i]);
}

int command_move_add(struct invocation *in)
{
	struct addition a = { 0 };
	if (!read_options(in, &a.entry))
		return command_usage(in);
	bool ok = move_desk_open(&a.m, in) && read_addresses(&a) && store(&a);
	if (ok) {
		say_added(&a);
		move_desk_tell(&a.m);
	}
	return move_desk_finish(&a.m, ok);
}
