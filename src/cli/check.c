/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - what a correct configuration can still get wrong: settings that contradict each other. Certificates
 * have a file of their own (check_tls.c). */
#include "check_private.h"
#include "key_words.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct say *check_error(const struct checking *k, const char *section, unsigned index, const char *name)
{
	return problems_error(k->problems, config_place(k->config, section, index, name));
}

struct say *check_warning(const struct checking *k, const char *section, unsigned index, const char *name)
{
	return problems_warning(k->problems, config_place(k->config, section, index, name));
}

/* --- server, flow, registrar --- */

/* The nearest folder that exists must let us make the rest. True: it is there itself, and of use. */
static bool check_state(const struct checking *k)
{
	struct str dir = k->config->server.state_dir;
	if (!dir.n) {
		text_check_no_state(check_error(k, "server", 0, "state"));
		return false;
	}
	struct buf path = { 0 };
	buf_add(&path, dir);
	buf_byte(&path, '\0');
	struct stat st;
	int err = stat(path.p, &st) ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	bool itself = err == 0;
	while (err == ENOENT) {
		char *slash = strrchr(path.p, '/');
		if (slash == path.p)
			slash[1] = '\0';
		else if (slash)
			*slash = '\0';
		else
			strcpy(path.p, ".");
		err = stat(path.p, &st) ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	}
	if (!err && access(path.p, W_OK | X_OK))
		err = errno;
	if (err)
		text_check_state_unwritable(check_error(k, "server", 0, "state"), dir, errno_text(k->problems->said.language, -err));
	else if (itself && (st.st_mode & (S_IWGRP | S_IWOTH | S_IROTH)))
		text_check_state_open(check_warning(k, "server", 0, "state"), dir);
	buf_fini(&path);
	return itself && !err;
}

/* Nothing starts without keys that can be trusted (OB-44). */
static void check_keys(const struct checking *k)
{
	struct say said = { .language = k->problems->said.language };
	struct str dir = k->config->server.state_dir;
	struct key_file file;
	uint32_t node;
	keys_read_or_say(&said, dir, &file);
	key_file_wipe(&file);
	if (!said.out.n)
		node_read_or_say(&said, dir, &node);
	if (said.out.n)
		say_str(check_error(k, "server", 0, "state"), buf_str(&said.out));
	say_fini(&said);
}

static void check_times(const struct checking *k)
{
	const struct server_settings *s = &k->config->server;
	int64_t timer_ms = s->transport.flow_timer_s * INT64_C(1000), idle_ms = s->transport.idle_ms;
	if (timer_ms >= idle_ms) {
		struct say *to = check_error(k, "flow", 0, "timer");
		struct say timer = { .language = to->language }, idle = timer;
		say_duration_exact(&timer, timer_ms);
		say_duration_exact(&idle, idle_ms);
		text_check_timer_idle(to, buf_str(&timer.out), buf_str(&idle.out));
		say_fini(&timer);
		say_fini(&idle);
	}
	if (idle_ms <= s->proxy.timer_c_ms)
		text_check_idle_timer_c(check_warning(k, "flow", 0, "idle"));
	if (s->transaction.timers.t1 > s->transaction.timers.t2)
		text_check_t1_t2(check_error(k, "timers", 0, "t1"));
	const struct registrar_settings *r = &s->registrar;
	if (r->expires_min_s > r->expires_default_s || r->expires_default_s > r->expires_max_s)
		text_check_expires(check_error(k, "registrar", 0, "expires"), r->expires_min_s, r->expires_default_s, r->expires_max_s);
}

/* --- failover --- */

/* A silence that is too short calls phones twice that are only slow; one that is too long is never seen. */
static void check_silence(const struct checking *k, const char *name, int64_t silent_ms)
{
	const struct server_settings *s = &k->config->server;
	if (!silent_ms)
		return;
	if (silent_ms < s->transaction.timers.t1)
		text_check_silence_t1(check_warning(k, "failover", 0, name), str_of(name));
	if (silent_ms >= s->transaction.timers.t1 * 64)         /* timers B and F */
		text_check_silence_late(check_warning(k, "failover", 0, name), str_of(name));
	else if (silent_ms >= s->proxy.give_up_ms)
		text_check_silence_give_up(check_warning(k, "failover", 0, name), str_of(name));
}

static void check_failover(const struct checking *k)
{
	const struct proxy_settings *p = &k->config->server.proxy;
	check_silence(k, "stream", p->silent_stream_ms);
	check_silence(k, "udp", p->silent_udp_ms);
	check_silence(k, "other", p->silent_other_ms);
}

/* --- listen --- */

static void check_listener(const struct checking *k, unsigned i)
{
	const struct listener_settings *all = k->config->listen, *l = &all[i];
	char text[ADDR_TEXT];
	if (!l->bind.family) {
		/* A transport whose address was wrong has been told already. */
		const struct node *n = config_node(k->config, "listen", i, NULL);
		if (!node_get(n, STR("udp")) && !node_get(n, STR("tcp")) && !node_get(n, STR("tls")))
			text_check_listen_nothing(check_error(k, "listen", i, NULL));
		return;
	}
	bool tcp = l->kind != TRANSPORT_UDP || l->bind.port == 0;
	for (unsigned j = 0; j < k->config->server.transport.listener_count; j++) {
		bool same = addr_eq(&all[j].bind, &l->bind) && l->bind.port;
		if (same && j < i && transport_is_stream(all[j].kind) == transport_is_stream(l->kind))
			text_check_listen_twice(check_error(k, "listen", i, NULL), str_of(addr_text(&l->bind, text)));
		tcp |= all[j].kind == TRANSPORT_TCP && all[j].bind.port == l->bind.port &&
		       (addr_same_ip(&all[j].bind, &l->bind) || addr_is_any(&all[j].bind));
	}
	if (!tcp)
		text_check_udp_without_tcp(check_warning(k, "listen", i, NULL), str_of(addr_text(&l->bind, text)));
	if (l->kind == TRANSPORT_TLS)
		check_listener_tls(k, i);
	else if (l->certificate.n || l->key.n)
		text_check_certificate_unused(check_warning(k, "listen", i, l->certificate.n ? "certificate" : "key"));
}

/* --- domains --- */

/* An address as a name of a domain is of use only where we listen. */
static bool listens_at(const struct checking *k, const struct addr *a)
{
	const struct transport_settings *t = &k->config->server.transport;
	for (unsigned i = 0; i < t->listener_count; i++) {
		const struct listener_settings *l = &k->config->listen[i];
		if (addr_same_ip(&l->bind, a) || (addr_is_any(&l->bind) && l->bind.family == a->family))
			return true;
		if (l->advertise_host.n) {
			struct addr advertised;
			if (addr_parse_ip(l->advertise_host, &advertised) && addr_same_ip(&advertised, a))
				return true;
		}
	}
	return false;
}

static bool is_host(struct str host)
{
	struct sip_uri uri;
	struct buf as_uri = { 0 };
	buf_printf(&as_uri, "sip:%.*s", STR_FMT(host));
	bool ok = sip_uri_parse(buf_str(&as_uri), &uri) && !uri.user.p && !uri.port && !uri.params.n && !uri.headers.p;
	buf_fini(&as_uri);
	return ok;
}

static void check_host(const struct checking *k, unsigned i, const char *setting, struct str host)
{
	struct addr a;
	if (!addr_parse_ip(host, &a)) {
		if (!is_host(host))
			text_check_host(check_error(k, "domains", i, setting), host);
	} else if (!listens_at(k, &a)) {
		text_check_domain_address(check_warning(k, "domains", i, setting), host);
	}
}

static void check_domain(const struct checking *k, unsigned i)
{
	const struct domain *all = k->config->policy.domains, *d = &all[i];
	if (!d->name.n) {
		text_check_no_name(check_error(k, "domains", i, NULL));
		return;
	}
	check_host(k, i, "name", d->name);
	for (unsigned a = 0; a < d->alias_count; a++)
		check_host(k, i, "aliases", d->aliases[a]);
	for (unsigned j = 0; j < i; j++) {
		if (policy_domain_has(&all[j], d->name))
			text_check_domain_twice(check_error(k, "domains", i, "name"), d->name, all[j].name);
		for (unsigned a = 0; a < d->alias_count; a++)
			if (policy_domain_has(&all[j], d->aliases[a]))
				text_check_domain_twice(check_error(k, "domains", i, "aliases"), d->aliases[a], all[j].name);
	}
	if (d->open_registration)
		text_check_open_registration(check_warning(k, "domains", i, "registration"), d->name);
}

/* --- peers --- */

static void check_peer(const struct checking *k, unsigned i)
{
	const struct peer *p = &k->config->policy.peers[i];
	if (!p->block.base.family && !p->tls_name.n) {
		if (!node_get(config_node(k->config, "peers", i, NULL), STR("from")))
			text_check_peer_nobody(check_error(k, "peers", i, NULL));
		return;
	}
	if (p->block.base.family && p->tls_name.n)
		text_check_peer_both(check_error(k, "peers", i, "tls"));
	if (!p->rights)
		text_check_peer_no_rights(check_warning(k, "peers", i, NULL));
	if (!p->block.base.family || p->tls_name.n)
		return;
	struct buf block = { 0 };
	addr_write_ip(&block, &p->block.base);
	buf_printf(&block, "/%u", p->block.bits);
	if (p->block.bits == 0 && (p->rights & PEER_RELAY))
		text_check_open_relay(check_error(k, "peers", i, "from"), buf_str(&block));
	else if (p->block.bits < 8 && p->rights)
		text_check_peer_wide(check_warning(k, "peers", i, "from"), buf_str(&block));
	buf_fini(&block);
}

/* --- routes --- */

/* Does an earlier route take everything that this one would match? The first match wins. */
static bool shadows(const struct route *earlier, const struct route *r)
{
	if (earlier->by_prefix && r->by_prefix)
		return str_starts(r->prefix, earlier->prefix);
	return earlier->domain.n && r->domain.n && sip_host_equal(earlier->domain, r->domain);
}

/* A password that others on this machine can read is no secret. */
static void check_secret(const struct checking *k, unsigned i)
{
	const struct config *c = k->config;
	const struct node *n = config_node(c, "routes", i, NULL), *file = node_get(n, STR("password_file"));
	if (node_get(n, STR("password")) && file)
		text_check_two_passwords(check_error(k, "routes", i, "password"));
	struct buf path = { 0 };
	if (file && file->text.n && file->text.p[0] != '/' && c->folder.n)
		buf_printf(&path, "%.*s/", STR_FMT(c->folder));
	buf_add(&path, file ? file->text : c->tree.file);
	struct str shown = buf_str(&path);
	buf_byte(&path, '\0');
	struct stat st;
	if (c->policy.routes[i].password.n && stat(path.p, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)))
		text_check_secret_open(check_warning(k, "routes", i, file ? "password_file" : "password"), (struct str){ path.p, shown.n });
	buf_fini(&path);
}

static void check_route(const struct checking *k, unsigned i)
{
	const struct policy *policy = &k->config->policy;
	const struct route *r = &policy->routes[i];
	const struct node *n = config_node(k->config, "routes", i, NULL);
	if (!r->domain.n && !r->by_prefix) {
		if (!node_get(n, STR("prefix")) && !node_get(n, STR("domain")))
			text_check_route_nothing(check_error(k, "routes", i, NULL));
	} else if (r->domain.n && r->by_prefix) {
		text_check_route_both(check_error(k, "routes", i, NULL));
	}
	if (!r->hop_count)
		text_check_route_nowhere(check_error(k, "routes", i, NULL));
	for (unsigned h = 0; h < r->hop_count; h++)
		if (!r->hops[h].uri.n && node_get(n, STR("to")))
			text_check_hop_no_uri(check_error(k, "routes", i, "to"));
	for (unsigned j = 0; j < i; j++)
		if (shadows(&policy->routes[j], r)) {
			const struct node *other = config_node(k->config, "routes", j, NULL);
			text_check_route_shadowed(check_error(k, "routes", i, r->by_prefix ? "prefix" : "domain"),
			                          r->by_prefix ? r->prefix : r->domain, other->line);
			break;
		}
	for (unsigned d = 0; d < policy->domain_count && r->domain.n; d++)
		if (policy_domain_has(&policy->domains[d], r->domain))
			text_check_route_own(check_warning(k, "routes", i, "domain"), r->domain);
	if (!r->by_prefix && (r->strip || r->add.n))
		text_check_strip_domain(check_warning(k, "routes", i, r->strip ? "strip" : "add"));
	if (r->username.n && !r->password.n && !node_get(n, STR("password_file")))
		text_check_no_password(check_error(k, "routes", i, "username"));
	if (r->from_anyone && r->by_prefix)
		text_check_route_open(check_error(k, "routes", i, "from"));
	check_secret(k, i);
}

/* --- moves --- */

static struct say *move_error(const struct checking *k, const struct node *at)
{
	return problems_error(k->problems, tree_place(&k->config->tree, at));
}

static void check_move_target(const struct checking *k, const struct node *entry, const struct move_allowed *to)
{
	if (entry->kind == NODE_MAP && !node_get(entry, STR("domain")) == !node_get(entry, STR("prefix")))
		text_check_move_to(move_error(k, entry));
	else if (to->domain.n && !is_host(str_starts(to->domain, STR("*.")) ? str_range(to->domain.p + 2, to->domain.p + to->domain.n) : to->domain))
		text_check_move_domain(move_error(k, entry), to->domain);
	else if (to->domain.n && to->deny)
		text_check_move_deny(move_error(k, node_get(entry, STR("deny"))), to->domain);
}

/* Nobody is held to the word of one who cannot be told from another. */
static void check_moves(const struct checking *k)
{
	const struct move_rules *r = &k->config->server.moves;
	const struct node *to = config_node(k->config, "moves", 0, "to");
	if (r->others == MOVE_MODE_LEARN)
		text_check_move_others(check_error(k, "moves", 0, "others"));
	if (r->keep_phone_s > r->keep_s)
		text_check_move_keep(check_warning(k, "moves", 0, "keep_phone"));
	for (unsigned i = 0; i < r->to_count; i++)
		check_move_target(k, to->kind == NODE_LIST ? node_at(to, i) : to, &r->to[i]);
}

void config_check(const struct config *c, struct problems *problems)
{
	if (!c->tree.root)
		return;
	struct checking k = { c, problems };
	if (check_state(&k))
		check_keys(&k);
	check_times(&k);
	check_failover(&k);
	if (!c->server.transport.listener_count)
		text_check_no_listener(check_error(&k, "listen", 0, NULL));
	else if (c->server.transport.listener_count > 64)
		text_check_many_listeners(check_error(&k, "listen", 64, NULL));
	for (unsigned i = 0; i < c->server.transport.listener_count; i++)
		check_listener(&k, i);
	for (unsigned i = 0; i < c->policy.domain_count; i++)
		check_domain(&k, i);
	for (unsigned i = 0; i < c->policy.peer_count; i++)
		check_peer(&k, i);
	for (unsigned i = 0; i < c->policy.route_count; i++)
		check_route(&k, i);
	check_moves(&k);
	if (!c->policy.domain_count && !c->policy.route_count)
		text_check_no_domain(check_warning(&k, "domains", 0, NULL));
	check_domains_covered(&k);
	check_authorities(&k);
}
