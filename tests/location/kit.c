/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t number_of(const struct flow_ref *flow)
{
	return (flow->kind == TRANSPORT_UDP ? flow->remote.port : flow->serial) % KIT_STREAMS;
}

static bool alive(void *user, const struct flow_ref *flow)
{
	const struct kit *k = user;
	return !k->dead[number_of(flow)];
}

static bool silent(void *user, const struct flow_ref *flow)
{
	const struct kit *k = user;
	return k->silent[number_of(flow)];
}

void kit_make_folder(char folder[64])
{
	strcpy(folder, "/tmp/sluice-location-XXXXXX");
	assert_non_null(mkdtemp(folder));
}

void kit_empty_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir));) {
		char path[512];
		snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
		if (d->d_name[0] != '.')
			assert_int_equal(unlink(path), 0);
	}
	closedir(dir);
}

void kit_remove_folder(const char *folder)
{
	kit_empty_folder(folder);
	assert_int_equal(rmdir(folder), 0);
}

unsigned kit_count_files(const char *folder, const char *suffix)
{
	unsigned n = 0;
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir));)
		n += str_ends(str_of(d->d_name), str_of(suffix));
	closedir(dir);
	return n;
}

static void open_location(struct kit *k, struct location_settings s)
{
	char why[300] = "";
	if (k->folder[0]) {
		struct store_settings store = { .folder = k->folder, .segment_ms = 900000, .refuse_on_failure = true };
		if (store_open(&store, &s.store, why, sizeof why))
			fail_msg("%s", why);
	}
	s.flow_alive = alive;
	s.flow_suspect = silent;
	s.user = k;
	if (location_new(&s, k->now_ms, &k->loc, why, sizeof why))
		fail_msg("%s", why);
}

void kit_start(struct kit *k, const struct location_settings *settings, bool durable)
{
	struct location_settings s;
	location_settings_init(&s);
	*k = (struct kit){ .now_ms = 1700000000000 };
	arena_init(&k->arena, NULL, 0);
	assert_int_equal(loop_new(&k->loop), 0);
	if (durable)
		kit_make_folder(k->folder);
	open_location(k, settings ? *settings : s);
}

void kit_restart(struct kit *k)
{
	struct location_settings s;
	location_settings_init(&s);
	location_free(k->loc);
	open_location(k, s);
}

void kit_stop(struct kit *k)
{
	location_free(k->loc);
	loop_free(k->loop);
	arena_fini(&k->arena);
	if (k->folder[0])
		kit_remove_folder(k->folder);
}

struct asked {
	struct location_wait wait;
	bool done;
};

static void done(struct location_wait *wait, int err)
{
	struct asked *a = CONTAINER(wait, struct asked, wait);
	assert_int_equal(wait->err, err);
	a->done = true;
}

static struct contact_update contact_of(struct kit *k, const struct reg *r, const char *uri, uint32_t expires_s)
{
	struct contact_update c = {
		.contact = str_of(uri), .contact_params = str_of(r->params), .instance = location_instance(str_of(r->instance), &k->arena),
		.reg_id = r->reg_id, .q = r->q ? r->q : 1000, .expires_s = expires_s,
	};
	assert_true(sip_uri_parse(c.contact, &c.uri));
	return c;
}

static struct flow_ref flow_of(const struct reg *r)
{
	struct flow_ref f = { 0 };
	if (!r->stream && !r->udp_port)
		return f;
	f.serial = r->stream;
	f.kind = r->stream ? TRANSPORT_TCP : TRANSPORT_UDP;
	addr_parse(STR("192.0.2.1:5060"), 0, &f.local);
	addr_parse(STR("198.51.100.7"), r->stream ? 40000 : r->udp_port, &f.remote);
	return f;
}

enum location_result kit_register(struct kit *k, struct reg r)
{
	struct contact_update contacts[2];
	unsigned count = 0;
	if (r.contact)
		contacts[count++] = contact_of(k, &r, r.contact, r.expires_s);
	if (r.also)
		contacts[count++] = contact_of(k, &r, r.also, r.also_expires_s);
	struct asked a = { .wait = { .loop = k->loop, .done = done } };
	struct location_update u = {
		.aor = str_of(r.aor ? r.aor : "bob@example.com"), .star = r.star, .contacts = contacts, .contact_count = count,
		.path = str_of(r.path), .call_id = str_of(r.call_id ? r.call_id : "c1"), .cseq = r.cseq,
		.user_agent = STR("test"), .flow = flow_of(&r), .via_flow = (r.stream || r.udp_port) && !r.by_contact, .wall_ms = k->now_ms,
		.arena = &k->arena, .wait = &a.wait,
	};
	enum location_result result = location_register(k->loc, &u);
	assert_false(a.done);           /* never inside the call */
	while (result == LOCATION_DONE && !a.done)
		assert_int_equal(loop_turn(k->loop, 1000), 0);
	k->after = u.after;
	k->after_count = u.after_count;
	k->err = a.wait.err;
	return result;
}

struct target_set kit_find(struct kit *k, const char *aor)
{
	struct location_ask ask = { .aor = str_of(aor), .wall_ms = k->now_ms, .arena = &k->arena, .loop = k->loop };
	struct target_set set;
	assert_int_equal(location_find(k->loc, &ask, &set), LOCATION_NOW);
	return set;
}

const char *kit_targets(struct kit *k, const char *aor)
{
	struct target_set set = kit_find(k, aor);
	struct str text = STR("");
	for (unsigned i = 0; i < set.instance_count; i++)
		for (unsigned n = 0; n < set.instances[i].flow_count; n++)
			text = arena_printf(&k->arena, "%.*s%s%.*s", STR_FMT(text), n ? " " : i ? "|" : "",
			                    STR_FMT(set.instances[i].flows[n].contact));
	return arena_str(&k->arena, text).p;
}

const char *kit_after(struct kit *k)
{
	struct str text = STR("");
	for (unsigned i = 0; i < k->after_count; i++)
		text = arena_printf(&k->arena, "%.*s%s%.*s", STR_FMT(text), i ? " " : "", STR_FMT(k->after[i].contact));
	return arena_str(&k->arena, text).p;
}
