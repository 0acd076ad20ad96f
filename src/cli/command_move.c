/* SPDX-License-Identifier: Apache-2.0 */
/* command_move.c - sluice move remove|pin|forget: ends of entries; and what all commands of moves share. */
#include "command_move.h"
#include "aor.h"
#include "clock.h"
#include "schema.h"
#include "sip_redirect.h"
#include <errno.h>
#include <pwd.h>
#include <unistd.h>

/* --- the desk --- */

bool move_desk_open(struct move_desk *m, struct invocation *in)
{
	*m = (struct move_desk){ .now_ms = clock_wall_ms() };
	if (!desk_open(&m->desk, in))
		return false;
	char why[400];
	struct str path = arena_printf(&m->desk.arena, "%.*s/moves.db", STR_FMT(m->desk.state));
	struct moves_settings settings = { .path = path.p };
	int err = moves_open(&settings, m->now_ms, &m->moves, why, sizeof why);
	if (err) {
		m->moves = NULL;
		say_moves_failed(&in->err, path, err);
	}
	return !err;
}

int move_desk_finish(struct move_desk *m, bool ok)
{
	moves_close(m->moves);
	return desk_finish(&m->desk, ok);
}

void move_desk_tell(struct move_desk *m)
{
	struct say *s = &m->desk.in->err, error = { .language = s->language };
	if (!desk_tell(&m->desk, STR("reload-moves"), &error)) {
		text_move_not_told(s, buf_str(&error.out));
		buf_byte(&s->out, '\n');
	}
	say_fini(&error);
}

const struct move_rules *move_desk_rules(const struct move_desk *m, struct move_rules *built_in)
{
	move_rules_init(built_in);
	return m->desk.configured ? &m->desk.config.server.moves : built_in;
}

/* --- addresses --- */

/* "alice@example.com" has no scheme; what has a colon before its '@' shows its own. */
static struct str with_scheme(struct arena *arena, struct str given)
{
	const char *at = memchr(given.p, '@', given.n);
	if (at && !memchr(given.p, ':', (size_t)(at - given.p)))
		return arena_printf(arena, "sip:%.*s", STR_FMT(given));
	return arena_str(arena, given);
}

/* As the proxy makes it (aor.h), or for an address elsewhere that of the URI. */
static void find_key(struct move_desk *m, struct move_address *a)
{
	struct arena *arena = &m->desk.arena;
	a->domain = a->uri.scheme == SIP_SCHEME_TEL ? STR_NONE : desk_domain(&m->desk, a->uri.host);
	if (a->domain.n) {
		struct user user;
		struct domain d = { .name = value_lower(arena, a->domain), .aliases = &a->uri.host, .alias_count = 1 };
		enum aor_owner owner = aor_find(m->desk.users, &d, &a->uri, arena, &user, &a->key);
		a->user = owner == AOR_USER;
		if (owner != AOR_ELSEWHERE)
			return;
	}
	a->key = sip_uri_aor_key(&a->uri, arena);
}

bool move_address_read(struct move_desk *m, const char *given, struct move_address *out)
{
	struct say *s = &m->desk.in->err;
	struct str text = with_scheme(&m->desk.arena, str_trim(str_of(given)));
	*out = (struct move_address){ 0 };
	if (!sip_uri_parse(text, &out->uri)) {
		text_move_malformed(s, str_of(given));
		return false;
	}
	if (out->uri.scheme == SIP_SCHEME_OTHER) {
		text_move_scheme(s, str_of(given), out->uri.scheme_name);
		return false;
	}
	if (!out->uri.user.n) {
		text_move_no_user(s, str_of(given));
		return false;
	}
	out->text = sip_uri_as_ruri(text, &out->uri, &m->desk.arena);
	if (!sip_uri_parse(out->text, &out->uri)) {
		text_move_malformed(s, str_of(given));
		return false;
	}
	find_key(m, out);
	return true;
}

bool move_desk_find(struct move_desk *m, const char *given, struct move_address *at, struct move *out)
{
	if (!move_address_read(m, given, at))
		return false;
	if (moves_find(m->moves, at->key, m->now_ms, &m->desk.arena, out))
		return true;
	text_move_unknown(&m->desk.in->err, at->text);
	return false;
}

struct str move_operator(struct arena *arena)
{
	const struct passwd *who = getpwuid(getuid());
	return who ? arena_str(arena, str_of(who->pw_name)) : arena_printf(arena, "%u", (unsigned)getuid());
}

/* --- remove, pin, forget --- */

/* What became of it; true when well. */
static bool say_done(struct move_desk *m, const struct move_address *a, int err, void (*done)(struct say *s, struct str uri))
{
	struct invocation *in = m->desk.in;
	if (err == -ENOENT) {
		text_move_unknown(&in->err, a->text);
	} else if (err == -EPERM) {
		text_move_operators(&in->err, a->text);
	} else if (err) {
		text_move_failed(&in->err, a->text, errno_text(in->err.language, err));
	} else {
		done(&in->out, a->text);
		buf_byte(&in->out.out, '\n');
		move_desk_tell(m);
	}
	return !err;
}

int command_move_remove(struct invocation *in)
{
	struct move_desk m;
	struct move_address a;
	bool ok = move_desk_open(&m, in) && move_address_read(&m, in->operands[0], &a);
	return move_desk_finish(&m, ok && say_done(&m, &a, moves_remove(m.moves, a.key), text_move_removed));
}

int command_move_pin(struct invocation *in)
{
	struct move_desk m;
	struct move_address a;
	bool ok = move_desk_open(&m, in) && move_address_read(&m, in->operands[0], &a);
	return move_desk_finish(&m, ok && say_done(&m, &a, moves_pin(m.moves, a.key, move_operator(&m.desk.arena), m.now_ms), text_move_pinned));
}

static bool forget_all(struct move_desk *m)
{
	struct invocation *in = m->desk.in;
	uint64_t count = 0;
	int err = moves_forget_all(m->moves, &count);
	if (err) {
		text_move_forget_failed(&in->err, errno_text(in->err.language, err));
		return false;
	}
	text_move_forgot_all(&in->out, (int64_t)count);
	buf_byte(&in->out.out, '\n');
	move_desk_tell(m);
	return true;
}

int command_move_forget(struct invocation *in)
{
	if (!in->operand_count == !in->option[OPTION_ALL]) {
		text_move_forget_what(&in->err);
		return command_usage(in);
	}
	struct move_desk m;
	struct move_address a;
	bool ok = move_desk_open(&m, in);
	if (ok && in->option[OPTION_ALL])
		ok = forget_all(&m);
	else if (ok)
		ok = move_address_read(&m, in->operands[0], &a) && say_done(&m, &a, moves_forget(m.moves, a.key), text_move_forgot);
	return move_desk_finish(&m, ok);
}
