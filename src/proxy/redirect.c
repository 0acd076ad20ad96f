/* SPDX-License-Identifier: Apache-2.0 */
/* redirect.c - who has moved is followed: by an entry of the table of moves, or by the 3xx of a branch. RFC 3261 §8.3, §16.5,
 * §16.7 step 4, §21.3.
 *
 * All that redirects and entries add to one request has one budget and one set of addresses that were seen. Each address is judged by
 * move_rules.h, and each decision is a line in the log that names its rule. */
#include "aor.h"
#include "clock.h"
#include "log.h"
#include "proxy_private.h"

/* --- decisions are told --- */

static void note(const struct context *cx, enum move_rule rule, struct str from, struct str to)
{
	if (cx->rehearsal) {
		cx->rehearsal->step(cx->rehearsal->user, &(struct move_step){ rule, from, to, 0 });
		return;
	}
	bool news = rule != MOVE_RULE_NOT_OURS && rule != MOVE_RULE_OTHER && rule != MOVE_RULE_CODE && rule != MOVE_RULE_DIALOG;
	log_write(news ? LOG_INFO : LOG_DEBUG, "move [%s]: %.*s%s%.*s, call %.*s", move_rule_name(rule), STR_FMT(from),
	          to.n ? " -> " : "", (int)to.n, to.n ? to.p : "", STR_FMT(cx->msg->call_id));
}

/* --- what this request has seen: RFC 3261 §16.5, RD-39 --- */

struct seen {
	struct seen *next;
	struct sip_uri uri;
};

bool redirect_seen(const struct context *cx, const struct sip_uri *uri)
{
	for (const struct seen *s = cx->seen; s; s = s->next)
		if (sip_uri_equal(&s->uri, uri))
			return true;
	return false;
}

static void see(struct context *cx, const struct sip_uri *uri)
{
	struct seen *s = ARENA_NEW(cx->arena, struct seen);
	*s = (struct seen){ cx->seen, *uri };
	cx->seen = s;
}

/* --- one address more --- */

/* Who says it, and how many redirects are behind it. */
struct leading {
	struct str from;                /* the old address */
	unsigned depth;
	bool payer;                     /* a user of ours says so: numbers are called in his name */
	const struct branch *branch;    /* whose 3xx says so; NULL: an entry does */
	unsigned status;
	struct str mapped;              /* its Contact's rc, mp or np */
	bool operator;                  /* the operator says so: where to is his to know */
};

#define URI_MOST 1024                   /* of an address that a redirect names: it is kept, and goes into the log and the History-Info of others */

static enum move_rule judge(const struct context *cx, const struct leading *by, const struct sip_uri *uri)
{
	const struct move_rules *r = cx->px->s.rules;
	bool secure = cx->view.ruri.scheme == SIP_SCHEME_SIPS;
	if (uri->text.n > URI_MOST)
		return MOVE_RULE_MALFORMED;
	if (redirect_seen(cx, uri))
		return MOVE_RULE_SEEN;
	if (by->depth >= r->depth)
		return MOVE_RULE_DEPTH;
	if (cx->redirected >= r->contacts)
		return MOVE_RULE_CONTACTS;
	if (cx->st && loop_now_ms(cx->px->s.loop) - cx->st->packet->at_ms > r->time_ms)
		return MOVE_RULE_TIME;
	enum move_rule rule = move_target_rule(r, cx->px->s.policy, cx->px->s.users, uri, by->payer, secure);
	bool form = rule == MOVE_RULE_SCHEME || rule == MOVE_RULE_SIPS || rule == MOVE_RULE_MALFORMED;
	return by->operator && !form ? MOVE_RULE_OPERATOR_SAID : rule;
}

static bool entry_of(struct context *cx, const struct sip_uri *uri, struct move *out)
{
	return cx->px->s.moves && moves_any(cx->px->s.moves) && !sip_uri_param(uri, STR("gr"), NULL) &&
	       moves_find(cx->px->s.moves, aor_of(cx->px, uri, cx->arena), clock_wall_ms(), cx->arena, out) && out->state == MOVE_ACTIVE;
}

static unsigned add_all(struct context *cx, const struct move *v, const struct leading *by);

/* Groups for this address, or those of whoever it has moved to. True: it is gone to, be there a phone or not. */
static bool add(struct context *cx, const struct leading *by, struct str text, const struct sip_uri *uri)
{
	struct move v;
	enum move_rule rule = judge(cx, by, uri);
	note(cx, rule, by->from, text);
	if (!move_rule_allows(rule))
		return false;
	see(cx, uri);
	cx->redirected++;
	bool moved = entry_of(cx, uri, &v);
	if (moved && v.way == MOVE_GONE) {
		if (!cx->best && codes_better(cx->best_status, 410))
			cx->best_status = 410;
		return true;
	}
	if (moved) {
		/* What the operator lets a caller be told is no leave to call there at somebody's cost. */
		bool operator = v.origin == MOVE_OPERATOR && (v.way == MOVE_PROXY || by->operator);
		struct leading next = { .from = text, .depth = by->depth + 1, .operator = operator,
		                        .payer = policy_domain(cx->px->s.policy, uri->host) != NULL };
		if (add_all(cx, &v, &next))
			return true;
	}
	struct group **at = cx->groups_at ? cx->groups_at : &cx->groups;
	cx->groups_at = at;
	unsigned status = targets_of_uri(cx, text, uri);
	if (status && !cx->best && codes_better(cx->best_status, status))
		cx->best_status = status;
	for (; at != cx->groups_at; at = &(*at)->next) {
		(*at)->address = *uri;
		(*at)->depth = by->depth + 1;
		for (unsigned i = 0; i < (*at)->count; i++) {
			struct target *t = (*at)->targets[i];
			t->entry = !by->branch;
			t->because = by->branch ? by->branch->target : NULL;
			t->because_status = by->status;
			t->mapped = by->mapped;
			t->diverted_by = by->from;
		}
	}
	return true;
}

/* What follows is of another q than what is there: it waits for it. */
static void apart(struct context *cx)
{
	cx->rank_floor = cx->ranks + 1;
}

static unsigned add_all(struct context *cx, const struct move *v, const struct leading *by)
{
	unsigned added = 0;
	for (unsigned i = 0; i < v->target_count; i++) {
		struct sip_uri uri;
		if (i == 0 || v->targets[i].q != v->targets[i - 1].q)
			apart(cx);
		if (sip_uri_parse(v->targets[i].uri, &uri))
			added += add(cx, by, v->targets[i].uri, &uri);
	}
	return added;
}

/* --- entries: the request is for somebody who moved --- */

/* Contact of a 3xx that we make. RFC 3261 §8.3, §20.10. */
static void contact_row(const struct context *cx, struct buf *b, struct str uri, int q, bool with_q, int64_t expires_s, const char *mapped)
{
	buf_printf(b, "Contact: <%.*s>", STR_FMT(uri));
	if (with_q)
		buf_printf(b, ";q=%d.%03d", q / 1000, q % 1000);
	if (expires_s >= 0)
		buf_printf(b, ";expires=%lld", (long long)expires_s);
	if (history_asked(cx))
		buf_printf(b, ";%s=%.*s", mapped, STR_FMT(history_index(cx)));  /* RFC 7044 §10.4 */
	BUF_LIT(b, "\r\n");
}

/* The caller is told. 404 when all that is left is the address that he called (RD-04). */
static unsigned tell(struct context *cx, const struct move *v, int64_t wall_ms)
{
	struct buf rows = { 0 };
	unsigned count = 0;
	for (unsigned i = 0; i < v->target_count; i++) {
		struct sip_uri uri;
		if (!sip_uri_parse(v->targets[i].uri, &uri) || sip_uri_equal(&uri, &cx->view.ruri))
			continue;
		contact_row(cx, &rows, v->targets[i].uri, v->targets[i].q, v->target_count > 1,
		            v->expires_wall_ms ? (v->expires_wall_ms - wall_ms) / 1000 : -1, "mp");
		count++;
	}
	cx->told = arena_str(cx->arena, buf_str(&rows));
	buf_fini(&rows);
	return count == 0 ? 404 : count > 1 ? 300 : v->permanent ? 301 : 302;
}

unsigned redirect_by_entry(struct context *cx, struct str aor, bool is_user)
{
	struct proxy *px = cx->px;
	struct move v;
	int64_t now_ms = clock_wall_ms();
	if (!px->s.moves || !moves_any(px->s.moves) || cx->msg->method == SIP_ACK || cx->msg->to.tag.n)
		return REDIRECT_NONE;
	if (!moves_find(px->s.moves, aor, now_ms, cx->arena, &v))
		return REDIRECT_NONE;
	enum move_rule rule = sip_uri_param(&cx->view.ruri, STR("gr"), NULL) ? MOVE_RULE_GRUU
	                      : v.state == MOVE_SUSPENDED ? MOVE_RULE_SUSPENDED : v.state == MOVE_DOUBTED ? MOVE_RULE_DOUBTED
	                      : v.state == MOVE_WAITING ? MOVE_RULE_WAITING : v.way == MOVE_GONE ? MOVE_RULE_GONE
	                      : v.way == MOVE_TELL ? MOVE_RULE_TOLD : v.origin == MOVE_OPERATOR ? MOVE_RULE_PROXIED : MOVE_RULE_LEARNED;
	note(cx, rule, cx->view.ruri_text, STR_NONE);
	if (rule == MOVE_RULE_GRUU || v.state != MOVE_ACTIVE)
		return REDIRECT_NONE;
	if (v.way == MOVE_PROXY) {
		struct leading by = { .from = cx->view.ruri_text, .operator = v.origin == MOVE_OPERATOR, .payer = is_user };
		see(cx, &cx->view.ruri);
		unsigned added = add_all(cx, &v, &by);
		cx->moved = v.key;
		cx->moved_learned = v.origin != MOVE_OPERATOR;
		if (added)
			return 0;
		if (cx->moved_learned) {
			cx->best_status = 0;
			cx->moved = STR_NONE;
			if (!cx->rehearsal)
				moves_doubt(px->s.moves, v.key);
			return REDIRECT_NONE;
		}
	}
	unsigned status = v.way == MOVE_GONE ? 410 : v.way == MOVE_PROXY ? 480 : tell(cx, &v, now_ms);
	if (!cx->rehearsal)
		moves_used(px->s.moves, v.key, now_ms, status);
	return status;
}

/* A redirect server's answer: where the user's phones are, but for those that only a flow leads to (RD-14), and none that needs
 * `transport=tls` (RFC 5630 §5.4). */
unsigned redirect_to_bindings(struct context *cx, const struct target_set *set)
{
	struct buf rows = { 0 };
	unsigned count = 0;
	bool self = false;
	for (unsigned i = 0; i < set->instance_count; i++) {
		const struct binding *b = &set->instances[i].flows[0];
		struct sip_uri uri;
		if (!sip_uri_parse(b->contact, &uri))
			continue;
		if (sip_uri_equal(&uri, &cx->view.ruri)) {
			self = true;
			continue;
		}
		if (b->via_flow || b->path.n || b->reg_id || str_ieq(uri.transport, STR("tls")))
			continue;
		contact_row(cx, &rows, sip_uri_as_ruri(b->contact, &uri, cx->arena), b->q, true,
		            (b->expires_wall_ms - clock_wall_ms()) / 1000, "rc");
		count++;
	}
	cx->told = arena_str(cx->arena, buf_str(&rows));
	buf_fini(&rows);
	return count ? 302 : self ? 404 : 0;
}

/* --- the 3xx of a branch --- */

struct source {
	enum move_mode mode;
	enum move_rule rule;
	enum move_origin origin;
	struct str key;                 /* whose address it speaks for */
	struct str from;                /* that address */
	bool payer;
};

static bool proven_by_tls(const struct packet *p, struct str host)
{
	struct str names = p->peer_names, name;
	if (p->from.kind != TRANSPORT_TLS)
		return false;
	for (bool more = names.n != 0; more; ) {
		more = str_cut(&names, ',', &name);
		if (sip_host_equal(str_trim(more ? name : names), host))
			return true;
	}
	return false;
}

static struct source source_of(struct context *cx, const struct branch *b, const struct packet *p)
{
	const struct move_rules *r = cx->px->s.rules;
	const struct target *t = b->target;
	const struct sip_uri *address = b->group->depth ? &b->group->address : &cx->view.ruri;
	struct source s = { .mode = r->others, .rule = MOVE_RULE_OTHER, .from = address->text, .key = aor_of(cx->px, address, cx->arena) };
	const struct domain *domain = policy_domain(cx->px->s.policy, address->host);
	if (t->binding && domain) {
		s.payer = true;
		s.origin = MOVE_PHONE;
		s.mode = domain->open_registration ? MOVE_MODE_PASS : r->phones;
		s.rule = domain->open_registration ? MOVE_RULE_UNPROVEN : MOVE_RULE_PHONE;
	} else if (!t->trunk && !domain && proven_by_tls(p, address->host)) {
		s.origin = MOVE_DOMAIN;
		s.mode = r->domains;
		s.rule = MOVE_RULE_DOMAIN;
	}
	return s;
}

struct others {
	const struct binding *b;
	bool found;
};

static void look_for_other(void *user, const struct binding *b)
{
	struct others *o = user;
	o->found |= o->b->instance.n || b->instance.n ? !str_eq(o->b->instance, b->instance) : !str_eq(o->b->contact, b->contact);
}

/* Also of those that cannot be reached now: one phone does not speak for another that is switched off. */
static bool only_phone(const struct context *cx, const struct branch *b)
{
	struct others o = { .b = b->target->binding };
	location_list(cx->px->s.location, o.b->aor, clock_wall_ms(), look_for_other, &o);
	return !o.found;
}

static enum move_rule learn(struct context *cx, const struct branch *b, const struct packet *p, const struct source *s,
                            const struct sip_redirect_target *list, unsigned count)
{
	const struct move_rules *r = cx->px->s.rules;
	uint32_t cap = s->origin == MOVE_PHONE ? r->keep_phone_s : r->keep_s, keep = cap;
	int64_t now_ms = clock_wall_ms();
	bool lasting = p->msg.status == 301 || (p->msg.status == 302 && list[0].lifetime_s != SIP_LIFETIME_NONE);
	if (!lasting)
		return MOVE_RULE_NO_LIFETIME;
	struct move v = {
		.key = s->key, .old_uri = s->from.n > URI_MOST ? s->key : s->from, .origin = s->origin, .way = MOVE_PROXY, .permanent = p->msg.status == 301,
		.state = s->mode == MOVE_MODE_ASK ? MOVE_WAITING : MOVE_ACTIVE, .said_by = s->key, .said_wall_ms = now_ms,
		.targets = arena_array(cx->arena, count, sizeof *v.targets),
	};
	for (unsigned i = 0; i < count && v.target_count < MOVE_TARGETS_MAX; i++) {
		if (list[i].lifetime_s < keep)
			keep = list[i].lifetime_s;
		v.targets[v.target_count++] = (struct move_target){ list[i].uri_text, list[i].q };
	}
	if (keep == 0)
		return moves_unlearn(cx->px->s.moves, s->key) ? MOVE_RULE_CLEARED : MOVE_RULE_NO_LIFETIME;
	if (s->origin == MOVE_PHONE && !only_phone(cx, b))
		return MOVE_RULE_OTHER_PHONES;
	char text[ADDR_TEXT];
	v.expires_wall_ms = now_ms + keep * INT64_C(1000);
	v.path = arena_printf(cx->arena, "%.*s %s", STR_FMT(transport_name(p->from.kind)), addr_text(&p->from.remote, text));
	switch (moves_learn(cx->px->s.moves, &v)) {
	case MOVE_LEARNED:
	case MOVE_KNOWN:
		return s->mode == MOVE_MODE_ASK ? MOVE_RULE_ASK : MOVE_RULE_KEPT;
	case MOVE_OPERATORS:
		return MOVE_RULE_OPERATORS;
	case MOVE_LOOP:
		return MOVE_RULE_LOOP;
	case MOVE_FULL:
		break;
	}
	return MOVE_RULE_FULL;
}

/* Is this request one whose redirects are ours to follow? RFC 3261 §16.5: only where we are responsible. */
static enum move_rule ours_to_follow(const struct context *cx, unsigned status)
{
	if (status != 300 && status != 301 && status != 302)
		return MOVE_RULE_CODE;
	if (cx->msg->to.tag.n || cx->msg->method == SIP_REGISTER)
		return MOVE_RULE_DIALOG;
	if (!cx->view.domain || cx->view.next.n || !flow_ref_none(&cx->view.flow))
		return MOVE_RULE_NOT_OURS;
	return sip_uri_param(&cx->view.ruri, STR("gr"), NULL) ? MOVE_RULE_GRUU : MOVE_RULE_NONE;
}

/* RFC 7044 §10.3: copied only when it is there. */
static struct str mapped_of(const struct context *cx, const struct sip_redirect_target *t)
{
	static const char *const names[] = { "rc", "mp", "np" };
	struct str value;
	for (unsigned i = 0; i < 3; i++)
		if (sip_param_find(t->params, str_of(names[i]), &value) && history_is_index(value))
			return arena_printf(cx->arena, "%s=%.*s", names[i], STR_FMT(value));
	return STR_NONE;
}

enum redirect_fate redirect_follow(struct context *cx, struct branch *b, const struct packet *p)
{
	enum move_rule rule = ours_to_follow(cx, p->msg.status);
	struct source s = source_of(cx, b, p);
	if (rule == MOVE_RULE_NONE)
		rule = s.rule;
	note(cx, rule, s.from, STR_NONE);
	if (rule != s.rule || s.mode == MOVE_MODE_PASS || cx->cancelled || cx->stopped)
		return REDIRECT_PASSED;

	struct sip_redirect_target *list;
	unsigned malformed = 0, taken = 0, been = 0;
	unsigned count = sip_redirect_targets(&p->msg, cx->px->s.rules->contacts + 1, cx->arena, &list, &malformed);
	if (!cx->seen)
		see(cx, &cx->view.ruri);
	struct leading by = { .from = s.from, .depth = b->group->depth, .payer = s.payer, .branch = b, .status = p->msg.status };
	struct sip_redirect_target *allowed = arena_array(cx->arena, count ? count : 1, sizeof *allowed);
	cx->groups_at = &cx->groups;                    /* before whatever waits */
	for (unsigned i = 0; i < count; i++) {
		struct sip_uri uri;
		list[i].uri_text = arena_str(cx->arena, list[i].uri_text);      /* the response goes before its targets */
		if (i == 0 || list[i].q != list[i - 1].q)
			apart(cx);
		if (!sip_uri_parse(list[i].uri_text, &uri))
			continue;
		list[i].uri = uri;
		been += redirect_seen(cx, &uri);
		by.mapped = mapped_of(cx, &list[i]);
		bool goes = s.mode == MOVE_MODE_ASK ? move_rule_allows(judge(cx, &by, &list[i].uri))
		                                    : add(cx, &by, list[i].uri_text, &list[i].uri);
		if (goes)
			allowed[taken++] = list[i];
	}
	if (!count)
		note(cx, MOVE_RULE_NO_CONTACT, s.from, STR_NONE);
	if (taken && (s.mode == MOVE_MODE_LEARN || s.mode == MOVE_MODE_ASK))
		note(cx, learn(cx, b, p, &s, allowed, taken), s.from, allowed[0].uri_text);
	if (s.mode == MOVE_MODE_ASK || !count || taken + been == 0)
		return REDIRECT_PASSED;
	/* More than may be looked at: the caller gets what is left. */
	bool all = taken + been == count && count <= cx->px->s.rules->contacts && !malformed;
	return all ? REDIRECT_TAKEN : REDIRECT_TAKEN_PARTLY;
}

/* --- a learned entry that leads nowhere --- */

/* The address is no good, as opposed to a user who does not want to, or cannot, talk now. */
static bool leads_nowhere(unsigned status)
{
	static const unsigned bad[] = { 404, 408, 410, 416, 482, 483, 484, 485, 500, 502, 503, 504 };
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
		if (status == bad[i])
			return true;
	return status == 0;
}

void redirect_ended(struct context *cx, unsigned status)
{
	if (cx->moved.n)
		moves_used(cx->px->s.moves, cx->moved, clock_wall_ms(), status);
}

bool redirect_fall_back(struct context *cx)
{
	struct target_set set = { 0 };
	if (!cx->moved.n || !cx->moved_learned || cx->cancelled || cx->stopped || !leads_nowhere(cx->best_status))
		return false;
	moves_doubt(cx->px->s.moves, cx->moved);
	redirect_ended(cx, cx->best_status);
	note(cx, MOVE_RULE_FALLBACK, cx->view.ruri_text, STR_NONE);
	struct str aor = cx->moved;
	cx->moved = STR_NONE;
	cx->groups_at = &cx->groups;
	return target_find_bindings(cx->px, aor, cx->arena, &set) && targets_from_location(cx, &set) == 0;
}
