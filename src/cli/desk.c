/* SPDX-License-Identifier: Apache-2.0 */
/* desk.c - open a state folder, and find out which domains its server has. */
#include "desk.h"
#include "control.h"
#include "default.h"
#include "mem.h"
#include "state.h"

void desk_close(struct desk *d)
{
	users_close(d->users);
	mem_free(d->served);
	if (d->configured)
		config_free(&d->config);
	arena_fini(&d->arena);
}

static void take_served(void *user, const json_t *row)
{
	struct desk *d = user;
	const char *name = json_string_value(json_object_get(row, "name")), *domain = json_string_value(json_object_get(row, "domain"));
	if (!name || !domain)
		return;
	if (d->served_count == d->served_room) {
		d->served_room = d->served_room ? 2 * d->served_room : 16;
		d->served = mem_realloc(d->served, d->served_room * sizeof *d->served);
	}
	d->served[d->served_count++] = (struct served){ arena_str(&d->arena, str_of(name)), arena_str(&d->arena, str_of(domain)) };
}

/* Which domains has the server of this folder? Known from one of three. */
static void look_for_domains(struct desk *d)
{
	if (d->configured)
		return;
	d->kept = default_domain(d->state, &d->arena, &d->names, &d->name_count);
	if (d->kept.n) {
		machine_look(&d->machine, &d->arena);
		return;
	}
	struct say error = { .language = d->in->err.language };
	control_ask(d->state, STR("domains"), take_served, d, &error);
	say_fini(&error);
}

bool desk_open(struct desk *d, struct invocation *in)
{
	*d = (struct desk){ .in = in };
	arena_init(&d->arena, NULL, 0);
	if (!command_state(in, &d->arena, &d->state))
		return false;
	if (in->option[OPTION_CONFIG]) {
		struct problems problems;
		problems_init(&problems, in->err.language);
		config_read_file(&d->config, in->option[OPTION_CONFIG], &problems);
		d->configured = true;
		problems_fini(&problems);
	}
	int err = state_make(d->state);
	if (err) {
		text_state_make(&in->err, d->state, errno_text(in->err.language, err));
		return false;
	}
	look_for_domains(d);
	char why[400];
	struct str path = arena_printf(&d->arena, "%.*s/users.db", STR_FMT(d->state));
	err = users_open(path.p, &d->users, why, sizeof why);
	if (err) {
		d->users = NULL;
		say_users_failed(&in->err, path, err);
		return false;
	}
	return true;
}

struct str desk_domain(const struct desk *d, struct str name)
{
	if (d->configured) {
		const struct domain *ours = policy_domain(&d->config.policy, name);
		return ours ? ours->name : STR_NONE;
	}
	if (d->kept.n) {
		bool ours = str_ieq(name, d->kept) || machine_has(&d->machine, name);
		for (unsigned i = 0; i < d->name_count && !ours; i++)
			ours = sip_host_equal(name, d->names[i]);
		return ours ? d->kept : STR_NONE;
	}
	for (unsigned i = 0; i < d->served_count; i++)
		if (sip_host_equal(name, d->served[i].name))
			return d->served[i].domain;
	return d->served_count ? STR_NONE : name;               /* nobody to ask: it is taken at its word */
}

bool desk_knows_domains(const struct desk *d)
{
	return d->configured || d->kept.n || d->served_count;
}

bool desk_tell(struct desk *d, struct str request, struct say *error)
{
	return control_ask(d->state, request, NULL, NULL, error) != CONTROL_FAILED;
}

int desk_finish(struct desk *d, bool ok)
{
	struct invocation *in = d->in;
	desk_close(d);
	return ok ? CLI_OK : command_failed(in);
}
