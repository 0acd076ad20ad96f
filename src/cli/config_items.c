/* SPDX-License-Identifier: Apache-2.0 */
/* config_items.c - listeners, domains, peers, routes and where redirects may lead, as the file writes them. */
#include "config_items.h"
#include "config.h"
#include <errno.h>

#define SECRET_MAX_BYTES 1024

#define AT(type, field) .offset = offsetof(struct type, field), .size = sizeof(((struct type *)0)->field)
#define END { .name = NULL }

/* --- listen --- */

/* `udp: 0.0.0.0:5060`: the name of the setting is the transport. */
static void read_bind(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	struct listener_settings *l = object;
	struct str text;
	enum transport_kind kind = TRANSPORT_UDP;
	if (!reader_text(r, s, n, &text))
		return;
	transport_kind_of(str_of(s->name), &kind);
	if (l->bind.family)
		text_config_two_transports(reader_error(r, n));
	else if (!addr_parse(text, kind == TRANSPORT_TLS ? 5061 : 5060, &l->bind))
		text_config_address(reader_error(r, n), text, STR("0.0.0.0:5060, [::]:5060"));
	l->kind = kind;
}

/* host, host:port, [v6]:port */
static void read_advertise(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	struct listener_settings *l = object;
	struct str text;
	if (!reader_text(r, s, n, &text))
		return;
	struct sip_uri uri;
	struct str as_uri = arena_printf(r->arena, "sip:%.*s", STR_FMT(text));
	if (!sip_uri_parse(as_uri, &uri) || uri.user.p || uri.params.n || uri.headers.p) {
		text_config_address(reader_error(r, n), text, STR("sip.example.com, 192.0.2.1:5060"));
		return;
	}
	l->advertise_host = uri.host;
	l->advertise_port = uri.port;
}

const struct setting config_listen_item[] = {
	{ "udp", SET_CUSTOM, .read = read_bind },
	{ "tcp", SET_CUSTOM, .read = read_bind },
	{ "tls", SET_CUSTOM, .read = read_bind },
	{ "advertise", SET_CUSTOM, .read = read_advertise },
	{ "certificate", SET_PATH, AT(listener_settings, certificate) },
	{ "key", SET_PATH, AT(listener_settings, key) },
	END
};

/* --- domains --- */

static const struct choice registration[] = { { "digest", 0 }, { "open", 1 }, { NULL, 0 } };
static const struct choice inbound[] = { { "peers", 0 }, { "anyone", 1 }, { NULL, 0 } };
static const struct choice serving[] = { { "proxy", 0 }, { "redirect", 1 }, { NULL, 0 } };

const struct setting config_domain_item[] = {
	{ "name", SET_LOWER, AT(domain, name) },
	{ "aliases", SET_TEXTS, AT(domain, aliases), .count_offset = offsetof(struct domain, alias_count) },
	{ "registration", SET_CHOICE, AT(domain, open_registration), .choices = registration },
	{ "inbound", SET_CHOICE, AT(domain, inbound_from_anyone), .choices = inbound },
	{ "serve", SET_CHOICE, AT(domain, redirects), .choices = serving },
	END
};

/* --- peers --- */

static void read_block(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	struct peer *p = object;
	struct str text;
	if (reader_text(r, s, n, &text) && !cidr_parse(text, &p->block))
		text_config_address(reader_error(r, n), text, STR("192.0.2.0/24, 2001:db8::1"));
}

static void read_rights(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	static const struct choice words[] = {
		{ "inbound", PEER_INBOUND }, { "relay", PEER_RELAY }, { "path", PEER_PATH }, { "identity", PEER_IDENTITY }, { NULL, 0 },
	};
	struct peer *p = object;
	for (const struct node *item = n->kind == NODE_LIST ? n->first : n; item; item = n->kind == NODE_LIST ? item->next : NULL) {
		struct str text;
		if (!reader_text(r, s, item, &text))
			continue;
		const struct choice *c = words;
		while (c->word && !str_ieq(text, str_of(c->word)))
			c++;
		if (c->word)
			p->rights |= (unsigned)c->value;
		else
			text_config_choice(reader_error(r, item), str_of(s->name), text, STR("inbound, relay, path, identity"));
	}
}

const struct setting config_peer_item[] = {
	{ "from", SET_CUSTOM, .read = read_block },
	{ "tls", SET_LOWER, AT(peer, tls_name) },
	{ "rights", SET_CUSTOM, .read = read_rights },
	END
};

/* --- routes --- */

static void read_hop_uri(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	struct route_hop *hop = object;
	struct str text;
	if (!reader_text(r, s, n, &text))
		return;
	hop->uri = text;
	if (!sip_uri_parse(text, &hop->parsed) || (hop->parsed.scheme != SIP_SCHEME_SIP && hop->parsed.scheme != SIP_SCHEME_SIPS))
		text_config_uri(reader_error(r, n), text);
}

static const struct setting hop_item[] = {
	{ "uri", SET_CUSTOM, .read = read_hop_uri },
	{ "priority", SET_NUMBER, AT(route_hop, priority), .min = 0, .max = 1000 },
	END
};

static bool prefix_text(struct reader *r, const struct setting *s, const struct node *n, struct str *out)
{
	struct str text;
	if (!reader_text(r, s, n, &text))
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (!(text.p[i] >= '0' && text.p[i] <= '9') && !(text.p[i] == '+' && i == 0)) {
			text_config_prefix(reader_error(r, n), text);
			return false;
		}
	*out = text;
	return true;
}

static void read_route_prefix(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	struct route *route = object;
	route->by_prefix |= prefix_text(r, s, n, &route->prefix);
}

/* The first line of a file that only its owner should read (config_check says when others can). */
static void read_password_file(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	struct route *route = object;
	struct str text;
	if (!reader_text(r, s, n, &text))
		return;
	struct str path = reader_path(r, text);
	char line[SECRET_MAX_BYTES];
	FILE *f = fopen(path.p, "re");
	bool got = f && fgets(line, sizeof line, f);
	int err = got ? 0 : f ? ERRNO_EMPTY : -errno;
	if (got)
		route->password = arena_str(r->arena, str_trim(str_of(line)));
	else
		text_config_file(reader_error(r, n), path, errno_text(r->problems->said.language, err));
	if (f)
		fclose(f);
}

static const struct choice hosts[] = { { "keep", 0 }, { "hop", 1 }, { NULL, 0 } };
static const struct choice sources[] = { { "users", 0 }, { "anyone", 1 }, { NULL, 0 } };

const struct setting config_route_item[] = {
	{ "domain", SET_LOWER, AT(route, domain) },
	{ "prefix", SET_CUSTOM, .read = read_route_prefix },
	{ "to", SET_LIST, AT(route, hops), .count_offset = offsetof(struct route, hop_count), .item_size = sizeof(struct route_hop),
	  .of = hop_item, .short_form = "uri" },
	{ "strip", SET_NUMBER, AT(route, strip), .min = 0, .max = 30 },
	{ "add", SET_TEXT, AT(route, add) },
	{ "host", SET_CHOICE, AT(route, to_hop_domain), .choices = hosts },
	{ "username", SET_TEXT, AT(route, username) },
	{ "password", SET_TEXT, AT(route, password) },
	{ "password_file", SET_CUSTOM, .read = read_password_file },
	{ "from", SET_CHOICE, AT(route, from_anyone), .choices = sources },
	{ "diversion", SET_BOOL, AT(route, diversion) },
	{ "probe", SET_TIME_S, AT(route, probe_s), .min = 0, .max = 86400 },
	END
};

/* --- moves: to --- */

static void read_move_prefix(struct reader *r, const struct setting *s, const struct node *n, void *object)
{
	prefix_text(r, s, n, &((struct move_allowed *)object)->prefix);
}

const struct setting config_move_item[] = {
	{ "domain", SET_LOWER, AT(move_allowed, domain) },
	{ "prefix", SET_CUSTOM, .read = read_move_prefix },
	{ "deny", SET_BOOL, AT(move_allowed, deny) },
	END
};
