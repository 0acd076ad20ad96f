/* SPDX-License-Identifier: Apache-2.0 */
/* command_user.c - sluice user add|passwd|remove|list: who may register and call. */
#include "cells.h"
#include "desk.h"
#include "json.h"
#include "mem.h"
#include "password.h"
#include "schema.h"
#include <errno.h>
#include <stdlib.h>

static void say_no_domain(struct desk *d, struct str domain)
{
	struct say *s = &d->in->err;
	if (d->configured) {
		text_user_domain(s, domain, str_of(d->in->option[OPTION_CONFIG]));
		return;
	}
	if (d->kept.n) {
		text_user_not_default(s, domain, d->kept);
		return;
	}
	struct buf names = { 0 };
	for (unsigned i = 0; i < d->served_count; i++)
		if (str_eq(d->served[i].name, d->served[i].domain))
			buf_printf(&names, "%s%.*s", names.n ? ", " : "", STR_FMT(d->served[i].name));
	text_user_not_served(s, domain, buf_str(&names));
	buf_fini(&names);
}

/* NAME@DOMAIN, or NAME alone where there is but one domain. The domain becomes the one that an alias stands for: its name is the
 * realm that the password is hashed with. */
static bool split(struct desk *d, struct str who, struct str *name, struct str *domain)
{
	const char *at = memrchr(who.p, '@', who.n);
	const struct policy *policy = d->configured ? &d->config.policy : NULL;
	*name = at ? str_range(who.p, at) : who;
	*domain = at ? str_range(at + 1, who.p + who.n) : d->kept;
	if (!at && policy && policy->domain_count == 1)
		*domain = policy->domains[0].name;
	for (size_t i = 0; i < who.n; i++)
		if ((unsigned char)who.p[i] <= 0x20 || who.p[i] == 0x7f)
			domain->n = 0;
	if (!name->n || !domain->n) {
		text_user_form(&d->in->err, who);
		return false;
	}
	struct str ours = desk_domain(d, *domain);
	if (!ours.n && d->in->command->run == command_user_add) {
		say_no_domain(d, *domain);
		return false;
	}
	/* Users of a domain that is no more can still be removed. */
	*domain = value_lower(&d->arena, ours.n ? ours : *domain);
	return true;
}

/* A running server reads the table again at once. */
static void tell_server(struct desk *d)
{
	struct say error = { .language = d->in->err.language };
	if (!desk_tell(d, STR("reload-users"), &error)) {
		text_user_not_told(&d->in->err, buf_str(&error.out));
		buf_byte(&d->in->err.out, '\n');
	}
	say_fini(&error);
}

static bool store_user(struct desk *d, const struct user *u, bool is_new, const char *password)
{
	struct invocation *in = d->in;
	int err = is_new ? users_add(d->users, u) : users_set(d->users, u);
	if (err == -EEXIST) {
		text_user_exists(&in->err, u->name, u->domain);
	} else if (err == -ENOENT) {
		text_user_unknown(&in->err, u->name, u->domain);
	} else if (err) {
		text_user_failed(&in->err, u->name, u->domain, errno_text(in->err.language, err));
	} else {
		if (is_new)
			text_user_added(&in->out, u->name, u->domain);
		else
			text_user_changed(&in->out, u->name, u->domain);
		buf_byte(&in->out.out, '\n');
		if (in->option[OPTION_GENERATE]) {
			text_user_password(&in->out, str_of(password));
			buf_byte(&in->out.out, '\n');
		}
		tell_server(d);
	}
	return err == 0;
}

static bool one_user(struct desk *d, bool is_new)
{
	char password[PASSWORD_MAX + 1];
	struct str who = str_of(d->in->operands[0]), name, domain;
	struct user u = { 0 };
	if (!split(d, who, &name, &domain))
		return false;
	if (!is_new) {
		/* Its aliases stay. */
		struct user old;
		if (!users_find(d->users, name, domain, &d->arena, &old)) {
			text_user_unknown(&d->in->err, name, domain);
			return false;
		}
		u = old;
		name = old.name;
	}
	if (!password_get(d->in, who, password))
		return false;
	struct user hashed;
	int err = password_user(name, domain, str_of(password), &d->arena, &hashed);
	hashed.aliases = u.aliases;
	hashed.alias_count = u.alias_count;
	bool ok = !err && store_user(d, &hashed, is_new, password);
	if (err)
		text_user_failed(&d->in->err, name, domain, errno_text(d->in->err.language, err));
	mem_wipe(password, sizeof password);
	return ok;
}

/* --- many at once --- */

struct batch {
	struct user *list;
	unsigned *lines;
	unsigned count, room;
};

static bool batch_line(struct desk *d, struct batch *b, struct str line, unsigned number)
{
	struct str who, name, domain, rest = line;
	if (!str_cut(&rest, ' ', &who) || !password_usable(str_trim(rest))) {
		text_batch_line(&d->in->err, number);
		return false;
	}
	if (!split(d, who, &name, &domain)) {
		text_batch_at(&d->in->err, number);
		return false;
	}
	if (b->count == b->room) {
		b->room = b->room ? 2 * b->room : 256;
		b->list = mem_realloc(b->list, b->room * sizeof *b->list);
		b->lines = mem_realloc(b->lines, b->room * sizeof *b->lines);
	}
	b->lines[b->count] = number;
	int err = password_user(name, domain, str_trim(rest), &d->arena, &b->list[b->count]);
	if (err)
		text_user_failed(&d->in->err, name, domain, errno_text(d->in->err.language, err));
	else
		b->count++;
	return !err;
}

static bool read_batch(struct desk *d, struct batch *b, FILE *f)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	bool ok = true;
	for (unsigned number = 1; ok && (n = getline(&line, &room, f)) >= 0; number++) {
		struct str text = str_trim((struct str){ line, (size_t)n });
		if (text.n && text.p[0] != '#')
			ok = batch_line(d, b, text, number);
	}
	if (line)
		mem_wipe(line, room);
	free(line);
	return ok;
}

static bool add_batch(struct desk *d, const char *path)
{
	struct invocation *in = d->in;
	struct batch b = { 0 };
	bool standard = strcmp(path, "-") == 0;
	FILE *f = standard ? stdin : fopen(path, "re");
	if (!f) {
		text_config_file(&in->err, str_of(path), errno_text(in->err.language, -errno));
		return false;
	}
	bool ok = read_batch(d, &b, f);
	if (!standard)
		fclose(f);
	unsigned bad = 0;
	int err = ok ? users_add_many(d->users, b.list, b.count, &bad) : 0;
	if (err == -EEXIST && bad < b.count) {
		text_user_exists(&in->err, b.list[bad].name, b.list[bad].domain);
		text_batch_at(&in->err, b.lines[bad]);
	} else if (err) {
		text_batch_failed(&in->err, errno_text(in->err.language, err));
	} else if (ok) {
		text_batch_added(&in->out, b.count);
		buf_byte(&in->out.out, '\n');
		tell_server(d);
	}
	mem_free(b.list);
	mem_free(b.lines);
	return ok && !err;
}

int command_user_add(struct invocation *in)
{
	if (!in->operand_count == !in->option[OPTION_BATCH]) {
		text_user_add_what(&in->err);
		return command_usage(in);
	}
	struct desk d;
	bool ok = desk_open(&d, in);
	if (ok)
		ok = in->option[OPTION_BATCH] ? add_batch(&d, in->option[OPTION_BATCH]) : one_user(&d, true);
	return desk_finish(&d, ok);
}

int command_user_passwd(struct invocation *in)
{
	struct desk d;
	bool ok = desk_open(&d, in) && one_user(&d, false);
	return desk_finish(&d, ok);
}

int command_user_remove(struct invocation *in)
{
	struct desk d;
	struct str name, domain;
	bool ok = desk_open(&d, in) && split(&d, str_of(in->operands[0]), &name, &domain);
	if (ok) {
		int err = users_remove(d.users, name, domain);
		ok = !err;
		if (err == -ENOENT) {
			text_user_unknown(&in->err, name, domain);
		} else if (err) {
			text_user_failed(&in->err, name, domain, errno_text(in->err.language, err));
		} else {
			text_user_removed(&in->out, name, domain);
			buf_byte(&in->out.out, '\n');
			tell_server(&d);
		}
	}
	return desk_finish(&d, ok);
}

/* --- list --- */

struct user_view {
	struct invocation *in;
	struct table table;
};

static void join_aliases(const struct user *u, struct buf *out)
{
	for (unsigned i = 0; i < u->alias_count; i++)
		buf_printf(out, "%s%.*s", i ? ", " : "", STR_FMT(u->aliases[i]));
}

static void list_row(void *user, const struct user *u)
{
	struct user_view *v = user;
	struct buf b = { 0 };
	join_aliases(u, &b);
	if (v->in->option[OPTION_JSON]) {
		struct buf *out = &v->in->out.out;
		json_begin(out);
		json_str(out, "name", u->name);
		json_str(out, "domain", u->domain);
		json_str(out, "aliases", buf_str(&b));
		json_end(out);
	} else {
		table_cell(&v->table, u->name);
		table_cell(&v->table, u->domain);
		table_cell(&v->table, b.n ? buf_str(&b) : STR("-"));
	}
	buf_fini(&b);
}

int command_user_list(struct invocation *in)
{
	struct desk d;
	if (!desk_open(&d, in))
		return desk_finish(&d, false);
	struct user_view v = { .in = in };
	table_init(&v.table, 3);
	v.table.shrink[0] = v.table.shrink[1] = v.table.shrink[2] = 1;
	cell_text(&v.table, in->out.language, TEXT_COLUMN_NAME_USER);
	cell_text(&v.table, in->out.language, TEXT_COLUMN_DOMAIN);
	cell_text(&v.table, in->out.language, TEXT_COLUMN_ALIASES);
	users_each(d.users, list_row, &v);
	if (!users_count(d.users) && !in->option[OPTION_JSON]) {
		text_user_none(&in->out);
		buf_byte(&in->out.out, '\n');
	} else if (!in->option[OPTION_JSON]) {
		table_print(&v.table, terminal_width(stdout), &in->out.out);
	}
	table_fini(&v.table);
	return desk_finish(&d, true);
}
