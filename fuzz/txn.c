/* SPDX-License-Identifier: Apache-2.0 */
/* txn.c - the input is a script: which messages arrive, what the user does, when time passes, which flow
 * ends. The messages share few branches, so that they meet. Whatever happens, callbacks keep their promises
 * and nothing is left at the end. */
#include "../tests/transaction/fake.h"
#include "buf.h"
#include "transaction.h"
#include <stdlib.h>

#define HELD 8                          /* requests and transactions that the user keeps at once */

struct script {
	const uint8_t *at, *end;
};

struct player {
	struct fake fake;
	struct txns *x;
	struct packet *requests[HELD];
	struct {
		struct txn_server *st;
		bool invite;
	} servers[HELD];
	struct {
		struct txn_client *ct;
		bool failed, silent, heard;
	} clients[HELD];
	bool inside;                    /* in a call of which callbacks must not come */
};

static uint8_t next(struct script *s)
{
	return s->at < s->end ? *s->at++ : 0;
}

#define PICK(script, table) ((table)[next(script) % (sizeof(table) / sizeof(table)[0])])

/* --- the user --- */
static void on_request(void *user, struct packet *p)
{
	struct player *pl = user;
	if (pl->inside || p->msg.method == SIP_ACK || p->msg.method == SIP_CANCEL)
		abort();
	for (int i = 0; i < HELD; i++)
		if (!pl->requests[i]) {
			pl->requests[i] = p;
			return;
		}
	packet_free(p);
}

static void on_ack(void *user, struct packet *p)
{
	if (((struct player *)user)->inside)
		abort();
	packet_free(p);
}

static void on_cancelled(void *user, struct txn_server *st, const struct packet *cancel)
{
	struct player *pl = user;
	if (pl->inside || !st->packet || st->packet->msg.method != SIP_INVITE || cancel->msg.method != SIP_CANCEL)
		abort();
}

static struct wire *on_again(void *user, struct packet *p)
{
	if (((struct player *)user)->inside || p->msg.is_request || p->msg.status / 100 != 2)
		abort();
	return p->msg.cseq % 2 ? wire_new(p->text) : NULL;
}

static int client_index(const struct player *pl, const struct txn_client *ct)
{
	for (int i = 0; i < HELD; i++)
		if (pl->clients[i].ct == ct && !pl->inside)
			return i;
	abort();
}

static void on_response(void *user, struct txn_client *ct, struct packet *p)
{
	struct player *pl = user;
	int i = client_index(pl, ct);
	if (pl->clients[i].failed || p->msg.is_request)
		abort();
	pl->clients[i].heard = true;
	if (p->msg.status == 183)
		txn_cancel(pl->x, ct, STR("Reason: SIP\r\n"));
	if (p->msg.status == 404) {
		txn_forget(pl->x, ct);
		pl->clients[i].ct = NULL;
	}
	packet_free(p);
}

static void on_failed(void *user, struct txn_client *ct, enum txn_failure why)
{
	struct player *pl = user;
	int i = client_index(pl, ct);
	if (pl->clients[i].failed || why > TXN_NOT_SENT)
		abort();
	pl->clients[i].failed = true;
}

static void on_silent(void *user, struct txn_client *ct)
{
	struct player *pl = user;
	int i = client_index(pl, ct);
	if (pl->clients[i].failed || pl->clients[i].silent || pl->clients[i].heard || txn_got_response(ct))
		abort();
	pl->clients[i].silent = true;
	txn_cancel(pl->x, ct, STR_NONE);
}

static void on_client_over(void *user, struct txn_client *ct)
{
	struct player *pl = user;
	pl->clients[client_index(pl, ct)].ct = NULL;
}

static const struct txn_client_ops ops = {
	.response = on_response, .silent = on_silent, .failed = on_failed, .over = on_client_over,
};

/* --- what may happen --- */
static const char *const methods[] = { "INVITE", "ACK", "CANCEL", "OPTIONS", "BYE", "Foo" };
static const char *const branches[] = { ";branch=z9hG4bKa", ";branch=z9hG4bKb", ";branch=z9hG4bK", "", ";branch=old" };
static const char *const hosts[] = { "192.0.2.1", "192.0.2.1:5070", "phone.example.org", "192.0.2.10", "[2001:db8::1]" };
static const char *const extras[] = { "", ";rport", ";maddr=192.0.2.10", ";maddr=224.0.0.1", ";received=1.2.3.4" };
static const char *const tags[] = { "", ";tag=x", ";tag=" };
/* What some of these codes demand. */
#define DEMANDED STR("Contact: <sip:b@h.example>\r\nProxy-Authenticate: Digest realm=\"x\"\r\n")
static const unsigned statuses[] = { 100, 180, 183, 200, 302, 404, 407, 486, 503, 603 };

static struct flow_ref flow(struct script *s)
{
	struct flow_ref f = { .kind = TRANSPORT_UDP };
	unsigned which = next(s) % 6;
	addr_parse(which == 5 ? STR("192.0.2.10:5060") : STR("192.0.2.1:6000"), 0, &f.remote);
	addr_parse(STR("192.0.2.10:5060"), 0, &f.local);
	if (which >= 1 && which <= 3) {
		f.kind = which == 3 ? TRANSPORT_TLS : TRANSPORT_TCP;
		f.serial = which;
	}
	return f;
}

static void arrive(struct player *pl, struct script *s, struct str text)
{
	struct packet *p = packet_new(text);
	p->from = flow(s);
	p->at_ms = pl->fake.loop.now_ms;
	txns_receive(pl->x, p);
}

static void request_arrives(struct player *pl, struct script *s)
{
	struct buf b = { 0 };
	const char *method = PICK(s, methods);
	buf_printf(&b, "%s sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP %s", method, PICK(s, hosts));
	buf_printf(&b, "%s", PICK(s, extras));
	buf_printf(&b, "%s\r\n", PICK(s, branches));
	buf_printf(&b, "From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.com>%s\r\nCall-ID: c\r\nCSeq: %u %s\r\n\r\n",
	           PICK(s, tags), next(s) % 2, method);
	arrive(pl, s, buf_str(&b));
	buf_fini(&b);
}

static void response_arrives(struct player *pl, struct script *s)
{
	struct buf b = { 0 };
	buf_printf(&b, "SIP/2.0 %u x\r\nVia: SIP/2.0/UDP 192.0.2.10", PICK(s, statuses));
	buf_printf(&b, "%s\r\n", PICK(s, branches));
	buf_printf(&b, "From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.com>;tag=2\r\nCall-ID: c\r\nCSeq: 1 %s\r\n\r\n",
	           PICK(s, methods));
	arrive(pl, s, buf_str(&b));
	buf_fini(&b);
}

/* A piece of the script itself. */
static struct str raw(struct script *s)
{
	size_t n = next(s), left = (size_t)(s->end - s->at);
	struct str text = { (const char *)s->at, n < left ? n : left };
	s->at += text.n;
	return text;
}

static void user_accepts(struct player *pl, struct script *s)
{
	int r = next(s) % HELD, t = next(s) % HELD;
	struct packet *p = pl->requests[r];
	if (!p || pl->servers[t].st)
		return;
	pl->requests[r] = NULL;
	pl->servers[t].invite = p->msg.method == SIP_INVITE;
	pl->servers[t].st = txn_accept(pl->x, p);
}

static void user_refuses(struct player *pl, struct script *s)
{
	int r = next(s) % HELD;
	if (!pl->requests[r])
		return;
	txn_reply_stateless(pl->x, pl->requests[r], 407, STR_NONE, DEMANDED);
	packet_free(pl->requests[r]);
	pl->requests[r] = NULL;
}

static void user_answers(struct player *pl, struct script *s)
{
	int t = next(s) % HELD;
	unsigned status = PICK(s, statuses);
	bool invite = pl->servers[t].invite;
	if (!pl->servers[t].st || (!invite && status > 100 && status < 200))
		return;
	int i = next(s) % HELD;
	if (pl->clients[i].ct) {                /* as a proxy does with a branch that answered */
		txn_leave(pl->x, pl->clients[i].ct, pl->servers[t].st);
		pl->clients[i].ct = NULL;
	}
	txn_answer(pl->x, pl->servers[t].st, status, STR_NONE, DEMANDED);
	if (status >= 200)
		pl->servers[t].st = NULL;
}

static void user_drops(struct player *pl, struct script *s)
{
	int t = next(s) % HELD;
	if (pl->servers[t].st)
		txn_drop(pl->x, pl->servers[t].st);
	pl->servers[t].st = NULL;
}

/* Branches are unique in life (txn_branch); here one is taken again only when it is free. */
static void user_sends(struct player *pl, struct script *s)
{
	struct buf b = { 0 };
	unsigned which = next(s) % 2;
	int i = which;
	struct flow_ref to = flow(s);
	static const char *const asked[] = { "INVITE", "OPTIONS" };
	const char *method = PICK(s, asked);
	if (pl->clients[i].ct)
		return;
	buf_printf(&b, "%s sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10%s\r\nFrom: <sip:a@example.org>;tag=1\r\n"
	           "To: <sip:b@example.com>\r\nCall-ID: c\r\nCSeq: 1 %s\r\n\r\n", method, branches[which], method);
	struct wire *w = wire_new(buf_str(&b));
	struct txn_request r = {
		.to = to, .bytes = w, .method = sip_method_of(str_of(method)), .branch = which ? STR("z9hG4bKb") : STR("z9hG4bKa"),
		.silent_ms = next(s) % 2 ? 700 : 0, .ops = &ops, .user = pl,
	};
	pl->clients[i].failed = pl->clients[i].silent = pl->clients[i].heard = false;
	pl->clients[i].ct = txn_send(pl->x, &r);
	wire_unref(w);
	buf_fini(&b);
}

static void user_cancels(struct player *pl, struct script *s)
{
	int i = next(s) % HELD;
	bool back = next(s) % 2;
	if (!pl->clients[i].ct)
		return;
	if (back)
		txn_uncancel(pl->x, pl->clients[i].ct);
	else
		txn_cancel(pl->x, pl->clients[i].ct, STR_NONE);
}

static void transport_acts(struct player *pl, struct script *s)
{
	struct flow_ref f = flow(s);
	struct transport_worker *w = &pl->fake.worker;
	switch (next(s) % 6) {
	case 0:
		pl->fake.transport.dead[f.serial % FAKE_SERIALS] = f.serial != 0;
		txns_flow_closed(pl->x, &f);
		break;
	case 1:
		f.serial = 40 + next(s) % 8;
		txns_flow_closed(pl->x, &f);
		break;
	case 2:
		txns_unreachable(pl->x, &f, raw(s), next(s) % 2);
		break;
	case 3:
		w->send_result = (enum send_result)(next(s) % 3);
		w->open_result = (enum send_result)(next(s) % 3);
		break;
	case 4:
		if (pl->fake.resolver.asked)
			fake_resolve(&pl->fake, next(s) % 2 ? &(struct hop){ .kind = TRANSPORT_TCP, .addr = f.remote } : NULL);
		break;
	case 5:
		txns_flow_unacked(pl->x, &f);
		break;
	}
}

static void step(struct player *pl, struct script *s)
{
	static const int64_t waits[] = { 0, 100, 500, 4000, 32000 };
	unsigned what = next(s) % 11;
	pl->inside = what >= 4 && what <= 9;
	switch (what) {
	case 0: request_arrives(pl, s); break;
	case 1: response_arrives(pl, s); break;
	case 2: transport_acts(pl, s); break;
	case 3: fake_advance(&pl->fake, PICK(s, waits)); break;
	case 4: user_accepts(pl, s); break;
	case 5: user_refuses(pl, s); break;
	case 6: user_answers(pl, s); break;
	case 7: user_drops(pl, s); break;
	case 8: user_sends(pl, s); break;
	case 9: user_cancels(pl, s); break;
	case 10: arrive(pl, s, raw(s)); break;
	}
	pl->inside = false;
}

/* Answer what is open and wait: then nothing may be left. */
static void wind_up(struct player *pl)
{
	struct txn_counts c;
	for (int i = 0; i < HELD; i++) {
		packet_free(pl->requests[i]);
		if (pl->servers[i].st)
			txn_drop(pl->x, pl->servers[i].st);
		if (pl->clients[i].ct)
			txn_cancel(pl->x, pl->clients[i].ct, STR_NONE);
	}
	fake_advance(&pl->fake, 200000);
	txn_count(pl->x, &c);
	if (c.server_live || c.finished || c.bytes_finished)
		abort();
	txns_free(pl->x);
	if (fake_timers(&pl->fake))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct txn_events events = { on_request, on_ack, on_cancelled, on_again };
	static struct player pl;
	struct script s = { data, data + size };
	struct txn_settings settings;
	pl = (struct player){ 0 };
	fake_init(&pl.fake);
	txn_settings_init(&settings);
	uint8_t knobs = next(&s);
	settings.force_rport = (knobs & 1) ? FORCE_RPORT_ALWAYS : FORCE_RPORT_AUTO;
	settings.max_bytes = knobs & 2 ? 1000 : 100000;
	settings.max_live = knobs & 4 ? 2 : 100;
	if (txns_new(&pl.fake.loop, &pl.fake.transport, &pl.fake.worker, &pl.fake.resolver, &settings, &events, &pl, &pl.x))
		abort();
	while (s.at < s.end)
		step(&pl, &s);
	wind_up(&pl);
	fake_fini(&pl.fake);
	return 0;
}
