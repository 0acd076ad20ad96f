/* SPDX-License-Identifier: Apache-2.0 */
/* world.c - see world.h. */
#include "world.h"
#include "buf.h"
#include "mem.h"

static void tell(struct world *w, const char *what)
{
	assert_true(strlen(w->told) + strlen(what) + 2 < sizeof w->told);
	strcat(strcat(w->told, what), " ");
}

/* --- the user --- */
static void on_request(void *user, struct packet *p)
{
	struct world *w = user;
	char text[100];
	snprintf(text, sizeof text, "request %.*s", STR_FMT(p->msg.method_name));
	tell(w, text);
	packet_free(w->request);
	w->request = p;
}

static void on_ack(void *user, struct packet *p)
{
	tell(user, "ack");
	packet_free(p);
}

static void on_cancelled(void *user, struct txn_server *st, const struct packet *cancel)
{
	assert_non_null(st->packet);
	assert_int_equal(cancel->msg.method, SIP_CANCEL);
	tell(user, "cancelled");
}

static struct wire *on_again(void *user, struct packet *p)
{
	tell(user, "again");
	return p->msg.status == 299 ? NULL : wire_new(STR("SIP/2.0 200 Another branch answered too\r\n\r\n"));
}

static void on_response(void *user, struct txn_client *ct, struct packet *p)
{
	struct world *w = user;
	char text[20];
	snprintf(text, sizeof text, "%u", p->msg.status);
	tell(w, text);
	assert_true(txn_got_response(ct));
	packet_free(p);
	if (w->cancel_on_response)
		txn_cancel(w->x, ct, STR_NONE);
	if (w->forget_on_response)
		txn_forget(w->x, ct);
}

static void on_failed(void *user, struct txn_client *ct, enum txn_failure why)
{
	static const char *const names[] = { "failed timeout", "failed gone", "failed unreachable", "failed not-sent" };
	assert_non_null(ct);
	tell(user, names[why]);
}

static void on_client_over(void *user, struct txn_client *ct)
{
	assert_non_null(ct);
	tell(user, "client-over");
}

static void on_silent(void *user, struct txn_client *ct)
{
	assert_false(txn_got_response(ct));
	tell(user, "silent");
}

static const struct txn_client_ops ops = {
	.response = on_response, .silent = on_silent, .failed = on_failed, .over = on_client_over,
};

/* --- life --- */
struct world *world_new(void (*adjust)(struct txn_settings *s))
{
	static const struct txn_events events = { on_request, on_ack, on_cancelled, on_again };
	struct world *w = mem_zalloc(sizeof *w);
	struct txn_settings settings;
	fake_init(&w->fake);
	txn_settings_init(&settings);
	if (adjust)
		adjust(&settings);
	assert_int_equal(txns_new(&w->fake.loop, &w->fake.transport, &w->fake.worker, &w->fake.resolver, &settings, &events,
	                          w, &w->x), 0);
	return w;
}

void world_free(struct world *w)
{
	packet_free(w->request);
	txns_free(w->x);
	assert_int_equal(fake_timers(&w->fake), 0);
	fake_fini(&w->fake);
	mem_free(w);
}

void assert_told(struct world *w, const char *expected)
{
	size_t n = strlen(w->told);
	if (n)
		w->told[n - 1] = '\0';
	assert_string_equal(w->told, expected);
	w->told[0] = '\0';
}

struct txn_counts counts(const struct world *w)
{
	struct txn_counts c;
	txn_count(w->x, &c);
	return c;
}

/* --- flows --- */
struct flow_ref udp_between(const char *remote, const char *local)
{
	struct flow_ref f = { .kind = TRANSPORT_UDP };
	assert_true(addr_parse(str_of(remote), 0, &f.remote));
	assert_true(addr_parse(str_of(local), 0, &f.local));
	return f;
}

struct flow_ref udp_from(uint16_t port)
{
	struct flow_ref f = udp_between("192.0.2.1:0", "192.0.2.10:5060");
	f.remote.port = port;
	return f;
}

struct flow_ref tcp_from(uint64_t serial)
{
	struct flow_ref f = udp_between("192.0.2.1:40000", "192.0.2.10:5060");
	f.kind = TRANSPORT_TCP;
	f.serial = serial;
	return f;
}

/* --- messages in --- */
void arrives_text(struct world *w, struct flow_ref from, const char *text, size_t n)
{
	struct packet *p = packet_new((struct str){ text, n });
	p->from = from;
	p->at_ms = w->fake.loop.now_ms;
	txns_receive(w->x, p);
}

void arrives(struct world *w, struct flow_ref from, struct message m)
{
	struct buf text = { 0 };
	buf_printf(&text, "%s sip:bob@example.com SIP/2.0\r\n"
	           "Via: SIP/2.0/%s %s\r\n"
	           "Max-Forwards: 70\r\n"
	           "From: <sip:alice@example.org>;tag=a1\r\n"
	           "To: <sip:bob@example.com>%s\r\n"
	           "Call-ID: c1\r\n"
	           "CSeq: 1 %s\r\n"
	           "%s"
	           "Content-Length: 0\r\n\r\n",
	           m.method, transport_is_stream(from.kind) ? "TCP" : "UDP", m.via, m.to ? m.to : "", m.method,
	           m.rows ? m.rows : "");
	arrives_text(w, from, text.p, text.n);
	buf_fini(&text);
}

struct txn_server *accept_it(struct world *w)
{
	struct packet *p = w->request;
	assert_non_null(p);
	w->request = NULL;
	return txn_accept(w->x, p);
}

/* --- messages out --- */
struct txn_client *ask(struct world *w, const char *method, const char *branch, struct flow_ref to)
{
	struct buf text = { 0 };
	buf_printf(&text, "%s sip:bob@192.0.2.1 SIP/2.0\r\n"
	           "Via: SIP/2.0/UDP 192.0.2.10;branch=%s\r\n"
	           "Via: SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKbefore\r\n"
	           "Route: <sip:hop1.example.com;lr>\r\n"
	           "Route: <sip:hop2.example.com;lr>\r\n"
	           "Max-Forwards: 69\r\n"
	           "From: <sip:alice@example.org>;tag=a1\r\n"
	           "To: <sip:bob@example.com>\r\n"
	           "Call-ID: c2\r\n"
	           "CSeq: 7 %s\r\n"
	           "Content-Length: 0\r\n\r\n", method, branch, method);
	struct wire *bytes = wire_new(buf_str(&text));
	struct txn_request r = {
		.to = to, .bytes = bytes, .method = sip_method_of(str_of(method)), .branch = str_of(branch), .ops = &ops,
		.silent_ms = w->silent_ms, .user = w,
	};
	w->client = txn_send(w->x, &r);
	wire_unref(bytes);
	buf_fini(&text);
	return w->client;
}

void response_arrives(struct world *w, unsigned status, const char *method, const char *branch, const char *to_tag)
{
	struct buf text = { 0 };
	buf_printf(&text, "SIP/2.0 %u Whatever\r\n"
	           "Via: SIP/2.0/UDP 192.0.2.10;branch=%s\r\n"
	           "Via: SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKbefore\r\n"
	           "From: <sip:alice@example.org>;tag=a1\r\n"
	           "To: <sip:bob@example.com>;tag=%s\r\n"
	           "Call-ID: c2\r\n"
	           "CSeq: 7 %s\r\n"
	           "Content-Length: 0\r\n\r\n", status, branch, to_tag, method);
	arrives_text(w, udp_from(5060), text.p, text.n);
	buf_fini(&text);
}

bool sent_holds(const struct fake_sent *s, const char *text)
{
	return memmem(s->text.p, s->text.n, text, strlen(text)) != NULL;
}

void assert_left(struct world *w, const char *start, const char *holding, uint16_t to_port)
{
	struct fake_sent *s = fake_take(&w->fake);
	assert_non_null(s);
	if (!str_starts(s->text, str_of(start)) || (*holding && !sent_holds(s, holding)))
		fail_msg("expected \"%s\" with \"%s\" but this left:\n%.*s", start, holding, STR_FMT(s->text));
	if (to_port)
		assert_int_equal(s->to.remote.port, to_port);
	fake_drop(s);
}

void assert_left_nothing(struct world *w)
{
	struct fake_sent *s = fake_take(&w->fake);
	if (s)
		fail_msg("nothing should have left, but:\n%.*s", STR_FMT(s->text));
}

void forget_sent(struct world *w)
{
	for (struct fake_sent *s; (s = fake_take(&w->fake));)
		fake_drop(s);
}
