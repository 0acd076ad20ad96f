/* SPDX-License-Identifier: Apache-2.0 */
/* command_serve.c - sluice serve: read, check, start, wait for signals, stop.
 *
 * The main thread does nothing but wait for signals and for the control socket; the server has threads of its own. */
#include "clock.h"
#include "command.h"
#include "control.h"
#include "default.h"
#include "schema.h"
#include "serve.h"
#include "state.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 1000

/* --- the configuration: a file, or the default --- */

static bool port_of(struct invocation *in, unsigned *port)
{
	const char *given = in->option[OPTION_PORT];
	uint32_t n = 5060;
	if (given && (!str_u32(str_of(given), 65533, &n) || n == 0)) {
		text_serve_port(&in->err, str_of(given));
		return false;
	}
	*port = n;
	return true;
}

static bool is_host(struct str name)
{
	struct addr a;
	struct sip_uri uri;
	struct buf as_uri = { 0 };
	buf_printf(&as_uri, "sip:%.*s", STR_FMT(name));
	bool ok = name.n && (addr_parse_ip(name, &a) || (sip_uri_parse(buf_str(&as_uri), &uri) && str_eq(uri.host, name)));
	buf_fini(&as_uri);
	return ok;
}

static bool domains_of(struct serving *v)
{
	struct invocation *in = v->in;
	struct str *names = arena_array(&v->arena, DOMAINS_MAX, sizeof *names);
	for (unsigned i = 0; i < in->domain_count; i++) {
		names[i] = value_lower(&v->arena, str_of(in->domains[i]));
		if (!is_host(names[i])) {
			text_serve_domain(&in->err, str_of(in->domains[i]));
			return false;
		}
	}
	v->by_default.names = names;
	v->by_default.name_count = in->domain_count;
	return true;
}

/* Do the options make sense? False: told. */
static bool read_options(struct serving *v)
{
	struct invocation *in = v->in;
	if (!in->option[OPTION_CONFIG])
		return port_of(in, &v->by_default.port) && domains_of(v);
	if (in->option[OPTION_PORT])
		text_serve_port_file(&in->err);
	else if (in->domain_count)
		text_serve_domain_file(&in->err);
	return !in->option[OPTION_PORT] && !in->domain_count;
}

static bool make_default(struct serving *v)
{
	struct invocation *in = v->in;
	struct str what = STR_NONE, state;
	if (!command_state(in, &v->arena, &state))
		return false;
	int err = state_make(state);
	if (err) {
		text_state_make(&in->err, state, errno_text(v->in->err.language, err));
		return false;
	}
	v->by_default.state = state;
	err = default_prepare(&v->by_default, &v->arena, &what);
	if (err) {
		text_state_write(&in->err, what, errno_text(v->in->err.language, err));
		return false;
	}
	struct buf text = { 0 };
	struct problems problems;
	default_write(&v->by_default, &text);
	problems_init(&problems, in->err.language);
	config_read_text(&v->config, buf_str(&text), STR("(built in)"), STR_NONE, &problems);
	problems_show(&problems, stderr);
	bool ok = !problems.errors;
	problems_fini(&problems);
	buf_fini(&text);
	return ok;
}

/* False: told. */
static bool read_config(struct serving *v)
{
	struct invocation *in = v->in;
	if (!in->option[OPTION_CONFIG])
		return make_default(v);
	struct problems problems;
	problems_init(&problems, in->err.language);
	config_read_file(&v->config, in->option[OPTION_CONFIG], &problems);
	if (in->option[OPTION_STATE])
		v->config.server.state_dir = arena_str(&v->config.arena, str_of(in->option[OPTION_STATE]));
	config_check(&v->config, &problems);
	bool ok = !problems.errors;
	problems_show(&problems, stderr);
	problems_fini(&problems);
	if (!ok)
		text_serve_not_started(&in->err);
	return ok;
}

/* --- running --- */

static int open_signals(sigset_t *before)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	/* Before any thread is made: all of them inherit it, and only this descriptor hears the signals. */
	pthread_sigmask(SIG_BLOCK, &set, before);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What is wrong with the files is in the log. */
static void watch_files(struct serving *v, bool at_once)
{
	struct transport_error why;
	int64_t now_ms = clock_ms();
	if (!at_once && now_ms < v->watched_ms + TICK_MS)
		return;
	v->watched_ms = now_ms;
	server_watch_keys(v->server, at_once, &why);
	server_watch_moves(v->server);
}

static void reload_users(struct serving *v)
{
	int err = users_reload(server_users(v->server));
	log_write(err ? LOG_ERROR : LOG_INFO, "users: reload: %s", err ? strerror(-err) : "done");
}

/* True: a signal wants us to stop. */
static bool take_signals(struct serving *v)
{
	struct signalfd_siginfo info;
	bool stop = false;
	while (read(v->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo != SIGHUP) {
			stop = true;
			continue;
		}
		reload_users(v);
		watch_files(v, true);
	}
	return stop;
}

static void wait_until_stopped(struct serving *v)
{
	for (bool stop = false; !stop;) {
		struct pollfd p[] = { { v->signals, POLLIN, 0 }, { v->control, POLLIN, 0 } };
		if (poll(p, 2, TICK_MS) < 0 && errno != EINTR)  /* no memory, most likely: no reason to stop */
			nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000000L }, NULL);
		watch_files(v, false);
		if (p[1].revents)
			control_serve(v->control, v->signals, v->server, &v->config.server);
		stop = take_signals(v);
	}
}

static bool hold_state(struct serving *v)
{
	struct str state = v->config.server.state_dir;
	int pid = 0, err = state_make(state);
	if (err) {
		text_state_make(&v->in->err, state, errno_text(v->in->err.language, err));
		return false;
	}
	v->lock = state_hold(state, &pid);
	if (v->lock == -EWOULDBLOCK)
		text_serve_second(&v->in->err, pid, state);
	else if (v->lock < 0)
		text_state_write(&v->in->err, state, errno_text(v->in->err.language, v->lock));
	return v->lock >= 0;
}

static bool open_control(struct serving *v)
{
	struct str state = v->config.server.state_dir;
	v->control = control_listen(state);
	if (v->control < 0)
		text_serve_control(&v->in->err, state, errno_text(v->in->err.language, v->control));
	return v->control >= 0;
}

static bool start(struct serving *v)
{
	struct transport_error why;
	if (!serve_keys_usable(v))
		return false;
	int err = server_start(&v->config.server, &v->server, &why);
	if (!err)
		return true;
	v->server = NULL;
	serve_say_not_started(v, err, str_of(why.text));
	return false;
}

/* Calls matter more than pages: without its console the server goes on. */
static void open_console(struct serving *v)
{
	const struct addr *at = &v->config.console;
	char text[ADDR_TEXT];
	int err = at->family ? console_start(at, &v->console) : 0;
	if (err) {
		text_serve_console_failed(&v->in->err, str_of(addr_text(at, text)), errno_text(v->in->err.language, err));
		buf_byte(&v->in->err.out, '\n');
		say_flush(&v->in->err, stderr);
	}
}

static void serve_until_stopped(struct serving *v)
{
	open_console(v);
	serve_say_ready(v);
	say_flush(&v->in->out, stdout);
	fflush(stdout);
	wait_until_stopped(v);
	text_serve_stopping(&v->in->out);
	buf_byte(&v->in->out.out, '\n');
	say_flush(&v->in->out, stdout);
	fflush(stdout);
}

static int run(struct serving *v)
{
	sigset_t before;
	/* The control socket first: who asks while we start waits in its queue. */
	if (!hold_state(v) || !open_control(v))
		return CLI_FAILED;
	v->signals = open_signals(&before);
	int err = v->signals < 0 ? -errno : log_start((enum log_level)v->config.log_level);
	if (err) {
		text_serve_failed(&v->in->err, errno_text(v->in->err.language, err));
		return CLI_FAILED;
	}
	int status = CLI_FAILED;
	if (start(v)) {
		if (serve_first_users(v)) {
			serve_until_stopped(v);
			status = CLI_OK;
		}
		/* A second Ctrl-C while calls are being drained ends us at once. */
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		console_stop(v->console);
		server_stop(v->server);
	}
	log_stop();
	return status;
}

int command_serve(struct invocation *in)
{
	struct serving v = { .in = in, .control = -1, .lock = -1, .signals = -1 };
	arena_init(&v.arena, NULL, 0);
	if (!read_options(&v)) {
		arena_fini(&v.arena);
		return command_usage(in);
	}
	int status = read_config(&v) ? run(&v) : CLI_FAILED;
	if (v.control >= 0)
		control_close(v.control, v.config.server.state_dir);
	if (v.signals >= 0)
		close(v.signals);
	if (v.lock >= 0)
		close(v.lock);
	config_free(&v.config);
	arena_fini(&v.arena);
	if (status != CLI_OK && in->err.out.n)
		buf_byte(&in->err.out, '\n');
	return status;
}
