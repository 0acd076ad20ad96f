/* SPDX-License-Identifier: Apache-2.0 */
/* serve_trouble.c - why the server does not start, found out and told in the person's language. */
#include "clock.h"
#include "key_words.h"
#include "machine.h"
#include "serve.h"
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

/* --- listeners --- */

/* What the system says to binding like this: 0 or an errno. */
static int try_bind(const struct listener_settings *l)
{
	struct sockaddr_storage sa;
	socklen_t n = addr_to_sockaddr(&l->bind, &sa);
	int fd = socket(l->bind.family, (l->kind == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), one = 1;
	if (fd < 0)
		return errno;
	if (l->kind != TRANSPORT_UDP)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (l->bind.family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	int err = bind(fd, (struct sockaddr *)&sa, n) || (l->kind != TRANSPORT_UDP && listen(fd, 1)) ? errno : 0;
	close(fd);
	return err;
}

static void say_taken(struct serving *v, unsigned i, struct str transport, struct str at)
{
	const struct listener_settings *l = &v->config.listen[i];
	struct say *s = &v->in->err;
	char owner[64];
	int pid;
	if (!machine_port_owner(&l->bind, l->kind != TRANSPORT_UDP, &pid, owner))
		text_serve_taken(s, transport, at);
	else if (strcmp(owner, "sluice") == 0)
		text_serve_taken_sluice(s, transport, at, pid);
	else
		text_serve_taken_by(s, transport, at, str_of(owner), pid);
	buf_byte(&s->out, '\n');
	if (v->by_default.state.n)
		text_serve_taken_port(s);
	else
		text_serve_taken_config(s, tree_place(&v->config.tree, config_node(&v->config, "listen", i, NULL)).line);
}

/* Which listener cannot be bound, and why; false: none. */
static bool say_listener(struct serving *v)
{
	struct say *s = &v->in->err;
	for (unsigned i = 0; i < v->config.server.transport.listener_count; i++) {
		const struct listener_settings *l = &v->config.listen[i];
		char where[ADDR_TEXT];
		struct str at = str_of(addr_text(&l->bind, where)), transport = transport_name(l->kind);
		int err = try_bind(l);
		switch (err) {
		case 0:
			continue;
		case EADDRINUSE:
			say_taken(v, i, transport, at);
			return true;
		case EACCES:
		case EPERM:
			text_serve_bind_denied(s, transport, at);
			return true;
		case EADDRNOTAVAIL:
			text_serve_bind_no_address(s, transport, at);
			return true;
		case EAFNOSUPPORT:
			text_serve_bind_no_family(s, transport, at);
			return true;
		default:
			text_serve_bind_failed(s, transport, at, errno_text(s->language, -err));
			return true;
		}
	}
	return false;
}

/* --- the state folder --- */

bool serve_keys_usable(struct serving *v)
{
	struct key_file file;
	uint32_t node;
	int err = keys_read_or_say(&v->in->err, v->config.server.state_dir, &file);
	key_file_wipe(&file);
	if (!err || err == -ENOENT)
		err = node_read_or_say(&v->in->err, v->config.server.state_dir, &node);
	return !err || err == -ENOENT;
}

/* Do the users open? True: they do not, and it was told. */
static bool say_users(struct serving *v)
{
	struct users *users;
	char why[400];
	struct str path = arena_printf(&v->arena, "%.*s/users.db", STR_FMT(v->config.server.state_dir));
	int err = users_open(path.p, &users, why, sizeof why);
	if (err)
		say_users_failed(&v->in->err, path, err);
	else
		users_close(users);
	return err;
}

/* The moves, likewise. */
static bool say_moves(struct serving *v)
{
	struct moves *moves;
	char why[400];
	struct str path = arena_printf(&v->arena, "%.*s/moves.db", STR_FMT(v->config.server.state_dir));
	struct moves_settings settings = { .path = path.p };
	int err = moves_open(&settings, clock_wall_ms(), &moves, why, sizeof why);
	if (err)
		say_moves_failed(&v->in->err, path, err);
	else
		moves_close(moves);
	return err;
}

void serve_say_not_started(struct serving *v, int err, struct str why)
{
	struct say *s = &v->in->err;
	if (say_listener(v) || say_users(v) || say_moves(v))
		return;
	if (err == -ENOTSUP)
		text_serve_journal_newer(s, v->config.server.state_dir);
	else if (s->language == LANGUAGE_EN)
		text_serve_failed(s, why);
	else
		text_serve_failed_log(s, errno_text(s->language, err), why);
}
