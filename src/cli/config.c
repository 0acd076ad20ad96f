/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - the table of all settings, and how the file becomes a struct config. */
#include "config.h"
#include "config_items.h"
#include "schema.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES (4 << 20)
#define HOUR_MS (3600 * INT64_C(1000))
#define DAY_S (24 * INT64_C(3600))

#define AT(type, field) .offset = offsetof(struct type, field), .size = sizeof(((struct type *)0)->field)
#define C(field) AT(config, field)
#define COUNTED(type, field, count) AT(type, field), .count_offset = offsetof(struct type, count)
#define END { .name = NULL }

static const struct choice force_rport[] = {
	{ "auto", FORCE_RPORT_AUTO }, { "yes", FORCE_RPORT_ALWAYS }, { "no", FORCE_RPORT_NEVER }, { NULL, 0 },
};

static const struct setting server_section[] = {
	{ "workers", SET_NUMBER, C(server.workers), .min = 0, .max = 64 },
	{ "state", SET_PATH, C(server.state_dir) },
	{ "drain", SET_TIME_MS, C(server.drain_ms), .min = 0, .max = HOUR_MS },
	END
};

static const struct setting timers_section[] = {
	{ "t1", SET_TIME_MS, C(server.transaction.timers.t1), .min = 1, .max = 60000 },
	{ "t2", SET_TIME_MS, C(server.transaction.timers.t2), .min = 1, .max = 60000 },
	{ "t4", SET_TIME_MS, C(server.transaction.timers.t4), .min = 1, .max = 60000 },
	{ "d", SET_TIME_MS, C(server.transaction.timers.d), .min = 1, .max = 600000 },
	{ "trying", SET_TIME_MS, C(server.transaction.timers.trying), .min = 0, .max = 60000 },
	{ "timer_c", SET_TIME_MS, C(server.proxy.timer_c_ms), .min = 100, .max = HOUR_MS },
	END
};

static const struct setting flow_section[] = {
	{ "timer", SET_TIME_S, C(server.transport.flow_timer_s), .min = 0, .max = DAY_S },
	{ "grace", SET_TIME_S, C(server.transport.flow_grace_s), .min = 0, .max = DAY_S },
	{ "idle", SET_TIME_MS, C(server.transport.idle_ms), .min = 100, .max = 24 * HOUR_MS },
	{ "unregistered", SET_TIME_MS, C(server.transport.unregistered_ms), .min = 100, .max = 24 * HOUR_MS },
	{ "message", SET_TIME_MS, C(server.transport.message_ms), .min = 100, .max = HOUR_MS },
	{ "handshake", SET_TIME_MS, C(server.transport.handshake_ms), .min = 100, .max = HOUR_MS },
	{ "queue", SET_SIZE, C(server.transport.queue_bytes), .min = 4096, .max = 1 << 30 },
	{ "max", SET_NUMBER, C(server.transport.max_flows), .min = 0, .max = 100000000 },
	{ "stun_per_second", SET_NUMBER, C(server.transport.stun_per_second), .min = 0, .max = 1000000 },
	{ "force_rport", SET_CHOICE, C(server.transaction.force_rport), .choices = force_rport },
	{ "nat_ping", SET_TIME_S, C(server.transport.nat_ping_s), .min = 0, .max = DAY_S },
	END
};

static const struct setting failover_section[] = {
	{ "stream", SET_TIME_MS, C(server.proxy.silent_stream_ms), .min = 0, .max = 60000 },
	{ "udp", SET_TIME_MS, C(server.proxy.silent_udp_ms), .min = 0, .max = 60000 },
	{ "other", SET_TIME_MS, C(server.proxy.silent_other_ms), .min = 0, .max = 60000 },
	{ "give_up", SET_TIME_MS, C(server.proxy.give_up_ms), .min = 100, .max = 600000 },
	{ "unacked", SET_TIME_MS, C(server.transport.unacked_ms), .min = 100, .max = 10000 },
	END
};

static const struct setting limits_section[] = {
	{ "head", SET_SIZE, C(server.transport.limits.max_head_bytes), .min = 1024, .max = 1 << 20 },
	{ "body", SET_SIZE, C(server.transport.limits.max_body_bytes), .min = 0, .max = 16 << 20 },
	{ "headers", SET_NUMBER, C(server.transport.limits.max_headers), .min = 16, .max = 4096 },
	{ "transactions", SET_NUMBER, C(server.transaction.max_live), .min = 16, .max = 100000000 },
	{ "finished", SET_SIZE, C(server.transaction.max_bytes), .min = 65536, .max = INT64_C(1) << 40 },
	{ "targets", SET_NUMBER, C(server.proxy.max_targets), .min = 1, .max = 256 },
	{ "breadth", SET_NUMBER, C(server.proxy.max_breadth), .min = 1, .max = 256 },
	{ "udp", SET_SIZE, C(server.proxy.udp_limit), .min = 512, .max = 65507 },
	END
};

static const struct setting tls_section[] = {
	{ "ca", SET_PATH, C(server.transport.tls_ca) },
	{ "verify", SET_BOOL, C(server.transport.tls_verify) },
	{ "wildcard", SET_BOOL, C(server.transport.wildcard_certificates) },
	END
};

static const struct setting dns_section[] = {
	{ "servers", SET_TEXTS, COUNTED(config, dns_servers, dns_server_count) },
	{ "timeout", SET_TIME_MS, C(server.resolver.timeout_ms), .min = 10, .max = 60000 },
	{ "tries", SET_NUMBER, C(server.resolver.tries), .min = 1, .max = 10 },
	{ "negative", SET_TIME_S, C(server.resolver.negative_s), .min = 0, .max = DAY_S },
	{ "cache", SET_NUMBER, C(server.resolver.max_entries), .min = 16, .max = 10000000 },
	END
};

static const struct choice store_kinds[] = { { "journal", 0 }, { "memory", 1 }, { NULL, 0 } };
static const struct choice store_failures[] = { { "memory", 0 }, { "refuse", 1 }, { NULL, 0 } };
static const struct setting store_section[] = {
	{ "kind", SET_CHOICE, C(server.memory_only), .choices = store_kinds },
	{ "on_failure", SET_CHOICE, C(server.refuse_on_store_failure), .choices = store_failures },
	{ "segment", SET_TIME_MS, C(server.segment_ms), .min = 1000, .max = 24 * HOUR_MS },
	END
};

static const struct setting expires_section[] = {
	{ "default", SET_TIME_S, C(server.registrar.expires_default_s), .min = 1, .max = 365 * DAY_S },
	{ "min", SET_TIME_S, C(server.registrar.expires_min_s), .min = 0, .max = 365 * DAY_S },
	{ "max", SET_TIME_S, C(server.registrar.expires_max_s), .min = 1, .max = 365 * DAY_S },
	END
};
static const struct setting registrar_section[] = {
	{ "expires", SET_SECTION, .of = expires_section },
	{ "max_contacts", SET_NUMBER, C(server.location.max_contacts), .min = 1, .max = 1000 },
	{ "replace_oldest", SET_BOOL, C(server.location.replace_oldest) },
	{ "contacts_in_request", SET_NUMBER, C(server.registrar.max_contacts_in_request), .min = 1, .max = 256 },
	{ "path_without_supported", SET_BOOL, C(server.registrar.path_without_supported) },
	END
};

static void read_algorithms(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	struct config *c = object;
	bool md5 = false, sha256 = false;
	for (const struct node *item = n->kind == NODE_LIST ? n->first : n; item; item = n->kind == NODE_LIST ? item->next : NULL) {
		struct str text;
		if (!reader_text(r, s, item, &text))
			return;
		if (str_ieq(text, STR("sha-256")) || str_ieq(text, STR("sha256")))
			sha256 = true;
		else if (str_ieq(text, STR("md5")))
			md5 = true;
		else
			text_config_choice(reader_error(r, item), str_of(s->name), text, STR("sha-256, md5"));
	}
	c->server.auth.md5 = md5;
	c->server.auth.sha256 = sha256;
	if (!md5 && !sha256)
		text_config_empty(reader_error(r, n), str_of(s->name));
}

static const struct choice move_modes[] = {
	{ "pass", MOVE_MODE_PASS }, { "follow", MOVE_MODE_FOLLOW }, { "learn", MOVE_MODE_LEARN }, { "ask", MOVE_MODE_ASK }, { NULL, 0 },
};
static const struct choice histories[] = {
	{ "asked", MOVE_HISTORY_ASKED }, { "always", MOVE_HISTORY_ALWAYS }, { "never", MOVE_HISTORY_NEVER }, { NULL, 0 },
};
static const struct setting moves_section[] = {
	{ "phones", SET_CHOICE, C(server.moves.phones), .choices = move_modes },
	{ "domains", SET_CHOICE, C(server.moves.domains), .choices = move_modes },
	{ "others", SET_CHOICE, C(server.moves.others), .choices = move_modes },
	{ "keep", SET_TIME_S, C(server.moves.keep_s), .min = 1, .max = 3650 * DAY_S },
	{ "keep_phone", SET_TIME_S, C(server.moves.keep_phone_s), .min = 1, .max = 3650 * DAY_S },
	{ "depth", SET_NUMBER, C(server.moves.depth), .min = 1, .max = 5 },
	{ "contacts", SET_NUMBER, C(server.moves.contacts), .min = 1, .max = 64 },
	{ "time", SET_TIME_MS, C(server.moves.time_ms), .min = 1000, .max = HOUR_MS },
	{ "history", SET_CHOICE, C(server.moves.history), .choices = histories },
	{ "to", SET_LIST, COUNTED(config, server.moves.to, server.moves.to_count), .item_size = sizeof(struct move_allowed),
	  .of = config_move_item, .short_form = "domain" },
	END
};

static const struct setting auth_section[] = {
	{ "algorithms", SET_CUSTOM, .read = read_algorithms },
	{ "nonce", SET_TIME_MS, C(server.auth.nonce_ms), .min = 1000, .max = 24 * HOUR_MS },
	{ "repeat", SET_TIME_MS, C(server.auth.repeat_ms), .min = 0, .max = HOUR_MS },
	{ "max_nonces", SET_NUMBER, C(server.auth.max_nonces), .min = 16, .max = 100000000 },
	{ "tries_per_minute", SET_NUMBER, C(server.auth.tries_per_minute), .min = 0, .max = 1000000 },
	END
};

static void read_console(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	struct config *c = object;
	struct str text;
	if (!reader_text(r, s, n, &text))
		return;
	if (!addr_parse(text, CONSOLE_PORT, &c->console))
		text_config_address(reader_error(r, n), text, STR("127.0.0.1:8060, [::1]:8060"));
}

static const struct setting console_section[] = {
	{ "listen", SET_CUSTOM, .read = read_console },
	END
};

static const struct choice log_levels[] = {
	{ "error", LOG_ERROR }, { "warn", LOG_WARN }, { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { NULL, 0 },
};
static const struct setting log_section[] = {
	{ "level", SET_CHOICE, C(log_level), .choices = log_levels },
	END
};

const struct setting config_sections[] = {
	{ "server", SET_SECTION, .of = server_section },
	{ "listen", SET_LIST, COUNTED(config, listen, server.transport.listener_count), .item_size = sizeof(struct listener_settings),
	  .of = config_listen_item },
	{ "domains", SET_LIST, COUNTED(config, policy.domains, policy.domain_count), .item_size = sizeof(struct domain),
	  .of = config_domain_item, .short_form = "name" },
	{ "peers", SET_LIST, COUNTED(config, policy.peers, policy.peer_count), .item_size = sizeof(struct peer), .of = config_peer_item },
	{ "routes", SET_LIST, COUNTED(config, policy.routes, policy.route_count), .item_size = sizeof(struct route), .of = config_route_item },
	{ "registrar", SET_SECTION, .of = registrar_section },
	{ "moves", SET_SECTION, .of = moves_section },
	{ "auth", SET_SECTION, .of = auth_section },
	{ "flow", SET_SECTION, .of = flow_section },
	{ "failover", SET_SECTION, .of = failover_section },
	{ "timers", SET_SECTION, .of = timers_section },
	{ "limits", SET_SECTION, .of = limits_section },
	{ "tls", SET_SECTION, .of = tls_section },
	{ "dns", SET_SECTION, .of = dns_section },
	{ "store", SET_SECTION, .of = store_section },
	{ "console", SET_SECTION, .of = console_section },
	{ "log", SET_SECTION, .of = log_section },
	END
};

static void set_defaults(struct config *c)
{
	*c = (struct config){ .log_level = LOG_INFO };
	arena_init(&c->arena, NULL, 0);
	arena_init(&c->policy.arena, NULL, 0);
	server_settings_init(&c->server);
}

/* One setting may serve several rooms. */
static void share_settings(struct config *c, struct problems *problems)
{
	c->server.transport.listeners = c->listen;
	c->server.transaction.limits = c->server.transport.limits;
	c->server.transaction.keep_s = (int)c->server.transport.flow_timer_s;
	c->server.registrar.flow_timer_s = c->server.transport.flow_timer_s;
	c->server.proxy.flow_timer_s = c->server.transport.flow_timer_s;
	c->server.policy = &c->policy;
	policy_index(&c->policy);

	struct buf list = { 0 };
	for (unsigned i = 0; i < c->dns_server_count; i++) {
		struct addr a;
		if (!addr_parse(c->dns_servers[i], 53, &a))
			text_config_address(problems_error(problems, config_place(c, "dns", 0, "servers")), c->dns_servers[i], STR("127.0.0.1:53"));
		if (list.n)
			buf_byte(&list, ',');
		addr_write(&list, &a);
	}
	if (list.n)
		c->server.resolver.servers = arena_str(&c->arena, buf_str(&list));
	buf_fini(&list);
}

void config_read_text(struct config *c, struct str text, struct str shown, struct str folder, struct problems *problems)
{
	set_defaults(c);
	c->folder = arena_str(&c->arena, folder);
	if (!tree_read(&c->tree, text, arena_str(&c->arena, shown), &c->arena, problems))
		return;
	struct reader r = { &c->tree, &c->arena, problems, c->folder };
	schema_read(&r, config_sections, STR_NONE, c->tree.root, c);
	share_settings(c, problems);
}

/* All of a file, at most `max` bytes. 0, or -errno. */
static int read_all(const char *path, size_t max, struct buf *out)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return -errno;
	size_t n;
	do {
		n = fread(buf_reserve(out, 65536), 1, 65536, f);
		out->n += n;
	} while (n && out->n <= max);
	int err = ferror(f) ? -(errno ? errno : EIO) : out->n > max ? -EFBIG : 0;
	fclose(f);
	return err;
}

void config_read_file(struct config *c, const char *path, struct problems *problems)
{
	struct buf text = { 0 };
	int err = read_all(path, FILE_MAX_BYTES, &text);
	if (err) {
		set_defaults(c);
		c->tree.file = arena_str(&c->arena, str_of(path));
		text_config_unreadable(problems_error(problems, (struct place){ .file = c->tree.file }), errno_text(problems->said.language, err));
	} else {
		const char *slash = strrchr(path, '/');
		config_read_text(c, buf_str(&text), str_of(path), slash ? str_range(path, slash) : STR_NONE, problems);
	}
	buf_fini(&text);
}

void config_free(struct config *c)
{
	arena_fini(&c->policy.arena);
	arena_fini(&c->arena);
}

const struct node *config_node(const struct config *c, const char *section, unsigned index, const char *name)
{
	const struct node *best = node_get(c->tree.root, str_of(section)), *n = best;
	if (n && n->kind == NODE_LIST)
		n = node_at(n, index);
	if (n) {
		best = n;
		n = name ? node_get(n, str_of(name)) : NULL;
	}
	return n ? n : best;
}

struct place config_place(const struct config *c, const char *section, unsigned index, const char *name)
{
	return tree_place(&c->tree, config_node(c, section, index, name));
}
