/* SPDX-License-Identifier: Apache-2.0 */
/* location.c - a thousand phones with a binding each, in memory: a registration is refreshed, a target is found. */
#include "location.h"
#include "mem.h"
#include "micro.h"
#include <stdio.h>

enum { PHONES = 1000 };
#define NOW_MS 1700000000000

struct phones {
	struct loop *loop;
	struct location *location;
	unsigned at;
	uint32_t cseq;
	char memory[16384];
};

struct registration {
	struct location_wait wait;
	bool done;
};

static void done(struct location_wait *wait, int err)
{
	struct registration *r = CONTAINER(wait, struct registration, wait);
	micro_must(err == 0, "location_register");
	r->done = true;
}

static bool alive(void *user, const struct flow_ref *flow)
{
	return user && flow->serial;
}

static bool suspect(void *user, const struct flow_ref *flow)
{
	return !user || !flow->serial;
}

static struct str text(char *out, size_t size, const char *form, unsigned number)
{
	return (struct str){ out, (size_t)snprintf(out, size, form, number) };
}

static void register_phone(struct phones *p, unsigned number)
{
	char aor[32], call_id[48], contact[64], instance[64];
	struct contact_update c = {
		.contact = text(contact, sizeof contact, "sip:u%u@192.0.2.7:40312;transport=tcp;ob", number),
		.instance = text(instance, sizeof instance, "urn:uuid:f81d4fae-7dec-11d0-a765-%012x", number),
		.contact_params = STR(";reg-id=1;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\""),
		.reg_id = 1, .q = 1000, .expires_s = 600,
	};
	struct arena arena;
	arena_init(&arena, p->memory, sizeof p->memory);
	micro_must(sip_uri_parse(c.contact, &c.uri), "sip_uri_parse");
	struct registration r = { .wait = { .loop = p->loop, .done = done } };
	struct location_update u = {
		.aor = text(aor, sizeof aor, "u%u@example.com", number), .contacts = &c, .contact_count = 1,
		.call_id = text(call_id, sizeof call_id, "38482762982%u@192.0.2.7", number), .cseq = ++p->cseq,
		.user_agent = STR("phone/1.0"), .via_flow = true, .wall_ms = NOW_MS, .arena = &arena, .wait = &r.wait,
		.flow = { .serial = number + 1, .kind = TRANSPORT_TCP },
	};
	addr_parse(STR("192.0.2.1:5060"), 0, &u.flow.local);
	addr_parse(STR("198.51.100.7:40312"), 0, &u.flow.remote);
	micro_must(location_register(p->location, &u) == LOCATION_DONE && u.after_count == 1, "location_register");
	while (!r.done)
		loop_run_posted(p->loop);
	arena_fini(&arena);
}

static void *begin(const void *with)
{
	struct phones *p = mem_zalloc(sizeof *p);
	struct location_settings s;
	char why[300];
	(void)with;
	micro_must(loop_new(&p->loop) == 0, "loop_new");
	location_settings_init(&s);
	s.flow_alive = alive;
	s.flow_suspect = suspect;
	s.user = p;
	micro_must(location_new(&s, NOW_MS, &p->location, why, sizeof why) == 0, "location_new");
	for (unsigned i = 0; i < PHONES; i++)
		register_phone(p, i);
	return p;
}

static void end(void *state)
{
	struct phones *p = state;
	location_free(p->location);
	loop_free(p->loop);
	mem_free(p);
}

static void refresh(void *state)
{
	struct phones *p = state;
	p->at = (p->at + 7) % PHONES;
	register_phone(p, p->at);
}

static void find(void *state)
{
	struct phones *p = state;
	char aor[32];
	struct arena arena;
	struct target_set targets;
	p->at = (p->at + 7) % PHONES;
	arena_init(&arena, p->memory, sizeof p->memory);
	struct location_ask ask = {
		.aor = text(aor, sizeof aor, "u%u@example.com", p->at), .wall_ms = NOW_MS, .arena = &arena, .loop = p->loop,
	};
	micro_must(location_find(p->location, &ask, &targets) == LOCATION_NOW && targets.instance_count == 1, "location_find");
	arena_fini(&arena);
}

const struct micro micro_location[] = {
	{ "location: refresh", begin, refresh, end, NULL },
	{ "location: find", begin, find, end, NULL },
	{ 0 }
};
