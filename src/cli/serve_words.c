/* SPDX-License-Identifier: Apache-2.0 */
/* serve_words.c - what `sluice serve` tells the person who started it. */
#include "machine.h"
#include "mem.h"
#include "password.h"
#include "serve.h"

/* --- users of the default --- */

static bool add_user(struct serving *v, struct str name)
{
	char password[PASSWORD_MAX + 1];
	struct user u;
	password_generate(password);
	int err = password_user(name, v->by_default.domain, str_of(password), &v->arena, &u);
	if (!err)
		err = users_add(server_users(v->server), &u);
	if (err) {
		text_user_failed(&v->in->err, name, v->by_default.domain, errno_text(v->in->err.language, err));
	} else {
		text_serve_user(&v->in->out, arena_printf(&v->arena, "%-5.*s", STR_FMT(name)), str_of(password));
		buf_byte(&v->in->out.out, '\n');
	}
	mem_wipe(password, sizeof password);
	return !err;
}

/* What must be added to a command so that it finds this server's state folder. */
static struct str state_option(struct serving *v)
{
	struct str usual = command_default_state(&v->arena), state = v->config.server.state_dir;
	return str_eq(usual, state) ? STR("") : arena_printf(&v->arena, " --state %.*s", STR_FMT(state));
}

bool serve_first_users(struct serving *v)
{
	if (!v->by_default.state.n || users_count(server_users(v->server)))
		return true;
	struct say *s = &v->in->out;
	text_serve_users(s);
	buf_byte(&s->out, '\n');
	if (!add_user(v, STR("alice")) || !add_user(v, STR("bob")))
		return false;
	text_serve_users_once(s, str_of(v->in->program), state_option(v));
	BUF_LIT(&s->out, "\n\n");
	return true;
}

/* --- ready --- */

static void say_listeners(struct serving *v)
{
	enum transport_kind kind;
	struct addr bound;
	char text[ADDR_TEXT];
	for (unsigned i = 0; transport_listener(server_transport(v->server), i, &kind, &bound); i++) {
		text_serve_listening(&v->in->out, transport_name(kind), str_of(addr_text(&bound, text)));
		buf_byte(&v->in->out.out, '\n');
	}
}

static void say_how(struct serving *v)
{
	const struct default_setup *d = &v->by_default;
	struct say *s = &v->in->out;
	struct buf address = { 0 };
	if (d->machine.count)
		addr_write_host(&address, &d->machine.addresses[0]);
	else
		buf_add(&address, d->domain);
	text_serve_how(s, buf_str(&address), d->port, d->port + 1);
	BUF_LIT(&s->out, "\n\n");
	text_serve_how_more(s, d->state, str_of(v->in->program), state_option(v));
	buf_byte(&s->out, '\n');
	buf_fini(&address);
}

void serve_say_ready(struct serving *v)
{
	struct say *s = &v->in->out;
	text_serve_ready(s, STR(SLUICE_VERSION), v->config.server.state_dir);
	buf_byte(&s->out, '\n');
	say_listeners(v);
	if (v->console) {
		struct addr at = console_address(v->console);
		char text[ADDR_TEXT];
		text_serve_console(s, str_of(addr_text(&at, text)));
		buf_byte(&s->out, '\n');
	}
	if (v->by_default.state.n) {
		buf_byte(&s->out, '\n');
		say_how(v);
	}
	if (!users_count(server_users(v->server)) && v->config.policy.domain_count) {
		text_serve_no_users(s, str_of(v->in->program), v->config.policy.domains[0].name);
		buf_byte(&s->out, '\n');
	}
}
