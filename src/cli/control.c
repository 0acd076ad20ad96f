/* SPDX-License-Identifier: Apache-2.0 */
/* control.c - the server's side of the control socket. */
#include "control.h"
#include "clock.h"
#include "json.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_MAX 1024
#define REQUEST_MS 500                  /* to send its line */
#define STALL_MS 2000                   /* without reading what we write */
#define CHUNK 65536

bool control_address(struct str state_dir, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = snprintf(out->sun_path, sizeof out->sun_path, "%.*s/control", STR_FMT(state_dir));
	return n > 0 && (size_t)n < sizeof out->sun_path;
}

int control_listen(struct str state_dir)
{
	struct sockaddr_un to;
	if (!control_address(state_dir, &to))
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(to.sun_path);
	mode_t mask = umask(0177);
	int err = bind(fd, (struct sockaddr *)&to, sizeof to) || listen(fd, 16) ? -errno : 0;
	umask(mask);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

void control_close(int listener, struct str state_dir)
{
	struct sockaddr_un to;
	close(listener);
	if (control_address(state_dir, &to))
		unlink(to.sun_path);
}

/* --- one client --- */

struct client {
	int fd, interrupt;
	bool lost;                      /* gone, too slow, or we were interrupted */
	struct buf out;
};

/* Wait until the client is ready; false: lost. */
static bool wait_for(struct client *c, short events, int ms)
{
	struct pollfd p[] = { { c->fd, events, 0 }, { c->interrupt, POLLIN, 0 } };
	int n;
	do
		n = poll(p, 2, ms);
	while (n < 0 && errno == EINTR);
	c->lost |= n <= 0 || p[1].revents;
	return !c->lost;
}

static void flush(struct client *c)
{
	struct str rest = buf_str(&c->out);
	while (rest.n && !c->lost) {
		ssize_t n = send(c->fd, rest.p, rest.n, MSG_NOSIGNAL);
		if (n > 0) {
			rest.p += n;
			rest.n -= (size_t)n;
		} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			wait_for(c, POLLOUT, STALL_MS);
		} else {
			c->lost = true;
		}
	}
	buf_clear(&c->out);
}

static void row_written(struct client *c)
{
	if (c->out.n >= CHUNK)
		flush(c);
}

/* The request line without its end; false: none came in time. */
static bool read_request(struct client *c, char line[REQUEST_MAX], struct str *out)
{
	size_t have = 0;
	int64_t until = clock_ms() + REQUEST_MS;
	for (;;) {
		int64_t left = until - clock_ms();
		if (left <= 0 || !wait_for(c, POLLIN, (int)left))
			return false;
		ssize_t n = recv(c->fd, line + have, REQUEST_MAX - have, 0);
		if (n <= 0)
			return false;
		have += (size_t)n;
		struct str rest = { line, have };
		if (str_cut(&rest, '\n', out))
			return true;
		if (have == REQUEST_MAX)
			return false;
	}
}

/* --- answers --- */

static void put_flow(struct buf *b, const struct flow_ref *f)
{
	char text[ADDR_TEXT];
	enum transport_kind kind = (enum transport_kind)f->kind;
	json_str(b, "transport", transport_name(kind));
	json_str(b, "local", str_of(addr_text(&f->local, text)));
	json_str(b, "remote", str_of(addr_text(&f->remote, text)));
	if (f->serial) {
		char hex[17];
		snprintf(hex, sizeof hex, "%016llx", (unsigned long long)f->serial);
		json_str(b, "serial", str_of(hex));
	}
}

struct listing {
	struct client *client;
	int64_t now_ms;
	const struct transport *transport;
};

static void put_binding(void *user, const struct binding *v)
{
	struct listing *l = user;
	struct buf *b = &l->client->out;
	json_begin(b);
	json_str(b, "aor", v->aor);
	json_str(b, "contact", v->contact);
	json_str(b, "instance", v->instance.n ? v->instance : STR_NONE);
	json_int(b, "reg_id", v->reg_id);
	json_str(b, "state", v->state == BINDING_LIVE ? STR("live") : STR("flow-lost"));
	json_bool(b, "suspect", v->suspect);
	json_int(b, "expires_in_s", (v->expires_wall_ms - l->now_ms) / 1000);
	json_int(b, "updated_s_ago", (l->now_ms - v->updated_wall_ms) / 1000);
	buf_printf(b, ",\"q\":%d.%03d", v->q / 1000, v->q % 1000);
	json_str(b, "via", v->path.n ? STR("path") : v->via_flow ? STR("flow") : STR("contact"));
	json_str(b, "path", v->path.n ? v->path : STR_NONE);
	json_str(b, "call_id", v->call_id);
	json_int(b, "cseq", v->cseq);
	json_str(b, "user_agent", v->user_agent.n ? v->user_agent : STR_NONE);
	if (!flow_ref_none(&v->flow))
		put_flow(b, &v->flow);
	json_end(b);
	row_written(l->client);
}

static void put_stream(void *user, const struct flow_info *info)
{
	struct listing *l = user;
	struct buf *b = &l->client->out;
	json_begin(b);
	put_flow(b, &info->ref);
	json_str(b, "direction", info->outgoing ? STR("out") : STR("in"));
	json_bool(b, "registered", info->registered);
	json_bool(b, "suspect", transport_flow_is_suspect(l->transport, &info->ref));
	json_int(b, "opened_s_ago", (l->now_ms - info->opened_ms) / 1000);
	json_int(b, "heard_s_ago", (l->now_ms - info->heard_ms) / 1000);
	json_int(b, "messages_in", (int64_t)info->messages_in);
	json_int(b, "messages_out", (int64_t)info->messages_out);
	json_int(b, "bytes_queued", (int64_t)info->bytes_queued);
	json_str(b, "tls_name", info->tls_name.n ? info->tls_name : STR_NONE);
	json_end(b);
	row_written(l->client);
}

static void put_status(struct client *c, struct server *server, const struct server_settings *settings)
{
	struct server_counts counts;
	server_count(server, &counts);
	json_begin(&c->out);
	json_str(&c->out, "version", STR(SLUICE_VERSION));
	json_int(&c->out, "pid", getpid());
	json_int(&c->out, "workers", server_workers(server));
	json_int(&c->out, "bindings", (int64_t)counts.location.bindings);
	json_int(&c->out, "flows_open", (int64_t)counts.transport.flows_open);
	json_int(&c->out, "users", users_count(server_users(server)));
	json_bool(&c->out, "durable", counts.location.durable);
	json_int(&c->out, "expires_max_s", settings->registrar.expires_max_s);
	json_end(&c->out);

	enum transport_kind kind;
	struct addr bound;
	char text[ADDR_TEXT];
	for (unsigned i = 0; transport_listener(server_transport(server), i, &kind, &bound); i++) {
		json_begin(&c->out);
		json_str(&c->out, "listen", str_of(addr_text(&bound, text)));
		json_str(&c->out, "transport", transport_name(kind));
		json_end(&c->out);
	}
}

static void end(struct client *c, int err)
{
	json_begin(&c->out);
	if (err < 0)
		json_int(&c->out, "errno", -err);
	else
		json_bool(&c->out, "end", true);
	json_end(&c->out);
	flush(c);
}

static void put_name(struct client *c, const struct domain *d, struct str name)
{
	json_begin(&c->out);
	json_str(&c->out, "name", name);
	json_str(&c->out, "domain", d->name);
	json_end(&c->out);
}

/* Each name of a domain, with the one that passwords are hashed with. */
static void put_domains(struct client *c, const struct policy *policy)
{
	for (unsigned i = 0; i < policy->domain_count; i++) {
		const struct domain *d = &policy->domains[i];
		put_name(c, d, d->name);
		for (unsigned a = 0; a < d->alias_count; a++)
			put_name(c, d, d->aliases[a]);
	}
}

static void put_bindings(struct client *c, struct str aor, struct server *server)
{
	struct listing l = { .client = c, .now_ms = clock_wall_ms() };
	location_list(server_location(server), aor, l.now_ms, put_binding, &l);
}

static void put_streams(struct client *c, struct server *server)
{
	struct listing l = { .client = c, .now_ms = clock_ms(), .transport = server_transport(server) };
	server_flows(server, put_stream, &l);
}

static void put_step(void *user, const struct move_step *step)
{
	struct client *c = user;
	json_begin(&c->out);
	json_str(&c->out, "from", step->from);
	json_str(&c->out, "to", step->to.n ? step->to : STR_NONE);
	if (step->rule != MOVE_RULE_COUNT)
		json_str(&c->out, "rule", str_of(move_rule_name(step->rule)));
	if (step->status)
		json_int(&c->out, "status", step->status);
	json_end(&c->out);
}

static void answer(struct client *c, struct str request, struct server *server, const struct server_settings *settings)
{
	struct str rest = request, verb;
	int err = 0;
	if (!str_cut(&rest, ' ', &verb)) {
		verb = request;
		rest = STR_NONE;
	}
	if (str_eq(verb, STR("bindings"))) {
		put_bindings(c, rest, server);
	} else if (str_eq(verb, STR("flows"))) {
		put_streams(c, server);
	} else if (str_eq(verb, STR("status"))) {
		put_status(c, server, settings);
	} else if (str_eq(verb, STR("domains"))) {
		put_domains(c, settings->policy);
	} else if (str_eq(verb, STR("rehearse"))) {
		if (!server_rehearse(server, rest, put_step, c))
			err = -EINVAL;
	} else if (str_eq(verb, STR("reload-users"))) {
		err = users_reload(server_users(server));
	} else if (str_eq(verb, STR("reload-moves"))) {
		err = server_watch_moves(server);
	} else if (str_eq(verb, STR("reload-keys"))) {
		struct transport_error why;
		err = server_watch_keys(server, true, &why);
	} else {
		err = -ENOSYS;
	}
	end(c, err);
}

void control_serve(int listener, int interrupt, struct server *server, const struct server_settings *settings)
{
	struct client c = { .fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), .interrupt = interrupt };
	if (c.fd < 0) {
		/* Without a descriptor to spare the client stays in the queue: do not spin on it. */
		if (errno == EMFILE || errno == ENFILE)
			poll(&(struct pollfd){ interrupt, POLLIN, 0 }, 1, 200);
		return;
	}
	char line[REQUEST_MAX];
	struct str request;
	if (read_request(&c, line, &request))
		answer(&c, request, server, settings);
	buf_fini(&c.out);
	close(c.fd);
}
