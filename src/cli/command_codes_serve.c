/* SPDX-License-Identifier: Apache-2.0 */
/* command_codes_serve.c - sluice codes serve: the reference over HTTP, without a SIP server. */
#include "command.h"
#include "config.h"
#include "console.h"
#include <signal.h>

/* "8080": a port of this machine alone; "192.0.2.1:8080", "[::1]". */
static bool address_of(const char *given, struct addr *out)
{
	uint32_t port;
	if (!given || str_u32(str_of(given), 65535, &port))
		return addr_parse(STR("127.0.0.1"), (uint16_t)(given ? port : CONSOLE_PORT), out);
	return addr_parse(str_of(given), CONSOLE_PORT, out);
}

int command_codes_serve(struct invocation *in)
{
	const char *given = in->option[OPTION_LISTEN];
	struct console *console;
	struct addr at;
	char text[ADDR_TEXT];
	sigset_t set;
	int signal_number;
	if (!address_of(given, &at)) {
		text_codes_listen(&in->err, str_of(given));
		return command_usage(in);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);         /* before the console has a thread: it inherits it */
	int err = console_start(&at, &console);
	if (err) {
		text_codes_listen_failed(&in->err, str_of(addr_text(&at, text)), errno_text(in->err.language, err));
		return command_failed(in);
	}
	at = console_address(console);
	text_codes_listening(&in->out, str_of(addr_text(&at, text)));
	buf_byte(&in->out.out, '\n');
	say_flush(&in->out, stdout);
	fflush(stdout);
	sigwait(&set, &signal_number);
	console_stop(console);
	return CLI_OK;
}
