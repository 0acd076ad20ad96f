/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - flow tokens, as they stand in the Record-Route of a call to a phone on a TCP connection. */
#include "flow_token.h"
#include "mem.h"
#include "micro.h"
#include <stdio.h>

static const struct str call_id = STR_INIT("3848276298220188511@192.0.2.101");

struct tokens {
	char folder[MICRO_FOLDER];
	struct transport *transport;
	struct flow_token token;
	struct str text;
	char kept[1024], memory[1024];
};

static void *begin(const void *with)
{
	struct tokens *t = mem_zalloc(sizeof *t);
	struct transport_settings s;
	struct transport_error why;
	struct listener_settings listener = { .kind = TRANSPORT_UDP };
	struct arena arena;
	(void)with;
	micro_folder_make(t->folder);
	micro_must(addr_parse(STR("127.0.0.1:0"), 0, &listener.bind), "addr_parse");
	transport_settings_init(&s);
	s.listeners = &listener;
	s.listener_count = s.workers = 1;
	s.state_dir = str_of(t->folder);
	micro_must(transport_new(&s, &t->transport, &why) == 0, "transport_new");
	t->token = (struct flow_token){ .purpose = TOKEN_ROUTE, .registration = 0x1122334455667788,
	                                .flow = { .serial = 0x0100000700000003, .kind = TRANSPORT_TCP } };
	micro_must(addr_parse(STR("192.0.2.1:5060"), 0, &t->token.flow.local) &&
	           addr_parse(STR("198.51.100.7:40312"), 0, &t->token.flow.remote), "addr_parse");
	arena_init(&arena, t->kept, sizeof t->kept);
	t->text = flow_token_write(t->transport, &t->token, call_id, &arena);
	return t;
}

static void end(void *state)
{
	struct tokens *t = state;
	transport_free(t->transport);
	micro_folder_remove(t->folder);
	mem_free(t);
}

static void write_step(void *state)
{
	struct tokens *t = state;
	struct arena arena;
	arena_init(&arena, t->memory, sizeof t->memory);
	micro_must(flow_token_write(t->transport, &t->token, call_id, &arena).n == t->text.n, "flow_token_write");
}

static void read_step(void *state)
{
	struct tokens *t = state;
	struct flow_token back;
	micro_must(flow_token_read(t->transport, t->text, call_id, &back) == TOKEN_OK, "flow_token_read");
}

const struct micro micro_token[] = {
	{ "flow token: write", begin, write_step, end, NULL },
	{ "flow token: read", begin, read_step, end, NULL },
	{ 0 }
};
