/* SPDX-License-Identifier: Apache-2.0 */
/* sip.c - reading messages and URIs, answering, sending on. The messages are what phones send. */
#include "mem.h"
#include "micro.h"
#include "sip.h"
#include "sip_edit.h"

static const char register_text[] =
	"REGISTER sip:example.com SIP/2.0\r\n"
	"Via: SIP/2.0/TCP 192.0.2.101:40312;branch=z9hG4bKPj3a9c7dd24e1f;rport;keep\r\n"
	"Max-Forwards: 70\r\n"
	"From: \"Alice\" <sip:alice@example.com>;tag=9fxced76sl\r\n"
	"To: \"Alice\" <sip:alice@example.com>\r\n"
	"Call-ID: 3848276298220188511@192.0.2.101\r\n"
	"CSeq: 1826 REGISTER\r\n"
	"Contact: <sip:alice@192.0.2.101:40312;transport=tcp;ob>;reg-id=1;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"\r\n"
	"Expires: 600\r\n"
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, REFER, NOTIFY, MESSAGE, INFO\r\n"
	"Supported: outbound, path, gruu\r\n"
	"User-Agent: phone/1.0\r\n"
	"Content-Length: 0\r\n\r\n";

static const char invite_text[] =
	"INVITE sip:bob@example.com SIP/2.0\r\n"
	"Via: SIP/2.0/TCP 192.0.2.101:40312;branch=z9hG4bK74bf9a6e5b;rport;alias\r\n"
	"Max-Forwards: 70\r\n"
	"Route: <sip:ss1.example.com;lr>\r\n"
	"From: \"Alice\" <sip:alice@example.com>;tag=9fxced76sl\r\n"
	"To: \"Bob\" <sip:bob@example.com>\r\n"
	"Call-ID: 3848276298220188511@192.0.2.101\r\n"
	"CSeq: 1 INVITE\r\n"
	"Contact: <sip:alice@192.0.2.101:40312;transport=tcp;ob>;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"\r\n"
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, REFER, NOTIFY, MESSAGE, INFO\r\n"
	"Supported: outbound, path, replaces, timer, 100rel, gruu\r\n"
	"User-Agent: phone/1.0\r\n"
	"Session-Expires: 1800\r\n"
	"Content-Type: application/sdp\r\n"
	"Content-Length: 228\r\n\r\n"
	"v=0\r\no=alice 2890844526 2890844526 IN IP4 192.0.2.101\r\ns=-\r\nc=IN IP4 192.0.2.101\r\nt=0 0\r\n"
	"m=audio 49172 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	"a=fmtp:101 0-16\r\na=sendrecv\r\n";

static const char ok_text[] =
	"SIP/2.0 200 OK\r\n"
	"Via: SIP/2.0/UDP ss1.example.com:5060;branch=z9hG4bKq3k5n7cjh2ml4wdx\r\n"
	"Via: SIP/2.0/TCP 192.0.2.101:40312;branch=z9hG4bK74bf9a6e5b;rport=40312;received=198.51.100.7;alias\r\n"
	"Record-Route: <sip:AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz01@ss1.example.com;lr>\r\n"
	"From: \"Alice\" <sip:alice@example.com>;tag=9fxced76sl\r\n"
	"To: \"Bob\" <sip:bob@example.com>;tag=8321234356\r\n"
	"Call-ID: 3848276298220188511@192.0.2.101\r\n"
	"CSeq: 1 INVITE\r\n"
	"Contact: <sip:bob@192.0.2.201:5062>\r\n"
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, REFER, NOTIFY, MESSAGE, INFO\r\n"
	"Supported: outbound, path, replaces, timer\r\n"
	"Content-Type: application/sdp\r\n"
	"Content-Length: 133\r\n\r\n"
	"v=0\r\no=bob 2890844527 2890844527 IN IP4 192.0.2.201\r\ns=-\r\nc=IN IP4 192.0.2.201\r\nt=0 0\r\n"
	"m=audio 3456 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

static const char bye_text[] =
	"BYE sip:bob@192.0.2.201:5062 SIP/2.0\r\n"
	"Via: SIP/2.0/TCP 192.0.2.101:40312;branch=z9hG4bK74bf9c1d20;rport;alias\r\n"
	"Max-Forwards: 70\r\n"
	"Route: <sip:AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz01@ss1.example.com;lr>\r\n"
	"From: \"Alice\" <sip:alice@example.com>;tag=9fxced76sl\r\n"
	"To: \"Bob\" <sip:bob@example.com>;tag=8321234356\r\n"
	"Call-ID: 3848276298220188511@192.0.2.101\r\n"
	"CSeq: 2 BYE\r\n"
	"User-Agent: phone/1.0\r\n"
	"Content-Length: 0\r\n\r\n";

static const char message_text[] =
	"MESSAGE sip:bob@example.com SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 192.0.2.101:40312;branch=z9hG4bK74bf9d3e31;rport\r\n"
	"Max-Forwards: 70\r\n"
	"From: \"Alice\" <sip:alice@example.com>;tag=9fxced76sl\r\n"
	"To: \"Bob\" <sip:bob@example.com>\r\n"
	"Call-ID: 3848276298220188512@192.0.2.101\r\n"
	"CSeq: 1 MESSAGE\r\n"
	"Content-Type: text/plain\r\n"
	"Content-Length: 18\r\n\r\n"
	"Watson, come here.";

/* --- messages --- */

struct work {
	struct str text;
	char memory[16384], more[16384];        /* of the message; of what is made from it */
	struct sip_msg m;
	struct arena arena;
	struct sip_fault fault;
	struct buf out;
	struct addr source;
};

static void parse(void *state)
{
	struct work *w = state;
	arena_init(&w->arena, w->memory, sizeof w->memory);
	micro_must(sip_parse(&w->m, w->text, &w->arena, NULL, &w->fault) == SIP_PARSED, "sip_parse");
}

static void *begin(const void *with)
{
	struct work *w = mem_zalloc(sizeof *w);
	w->text = str_of(with);
	micro_must(addr_parse(STR("198.51.100.7:40312"), 0, &w->source), "addr_parse");
	parse(w);
	micro_must(w->m.text.n == w->text.n, "sip_parse of all of it");
	return w;
}

static void end(void *state)
{
	struct work *w = state;
	buf_fini(&w->out);
	mem_free(w);
}

static void check(void *state)
{
	struct work *w = state;
	micro_must(sip_check(&w->m, &w->fault), "sip_check");
}

static void glance(void *state)
{
	const struct work *w = state;
	struct sip_glance seen;
	micro_must(sip_glance(w->text, &seen) && seen.call_id.p, "sip_glance");
}

static void frame(void *state)
{
	struct work *w = state;
	size_t scanned = 0;
	micro_must(sip_frame(w->text, &scanned, NULL, &w->fault) == (int64_t)w->text.n, "sip_frame");
}

static void stamp(void *state)
{
	struct work *w = state;
	struct arena arena;
	arena_init(&arena, w->more, sizeof w->more);
	sip_stamp_via(&w->m, &w->source, false, -1, &arena);
	micro_must(w->m.via_stamped.n > w->m.via.text.n, "sip_stamp_via");
}

static void *stamped(const void *with)
{
	struct work *w = begin(with);
	stamp(w);
	w->m.via_stamped = arena_str(&w->arena, w->m.via_stamped);
	return w;
}

static void reply(void *state)
{
	struct work *w = state;
	buf_clear(&w->out);
	sip_reply(&w->out, &w->m, 180, STR_NONE, STR("a6c85cf"), STR_NONE);
	micro_must(w->out.n > 0, "sip_reply");
}

/* As a proxy sends it on: Request-URI, Via, Record-Route, Max-Forwards; the Route that named us goes. */
static void forward(void *state)
{
	struct work *w = state;
	struct sip_edit e;
	struct sip_values it;
	struct str value;
	struct arena arena;
	arena_init(&arena, w->more, sizeof w->more);
	buf_clear(&w->out);
	sip_edit_begin(&e, &w->m, &arena);
	sip_edit_ruri(&e, STR("sip:bob@192.0.2.201:5062;transport=udp"));
	sip_edit_add_first(&e, SIP_H_VIA, STR("SIP/2.0/UDP ss1.example.com:5060;branch=z9hG4bKq3k5n7cjh2ml4wdx"));
	sip_edit_add_first(&e, SIP_H_RECORD_ROUTE, STR("<sip:AbCdEfGhIjKlMnOpQrStUvWxYz0123456789@ss1.example.com;lr>"));
	sip_edit_set(&e, SIP_H_MAX_FORWARDS, STR("69"));
	sip_values_begin(&it, &w->m, SIP_H_ROUTE);
	if (sip_values_next(&it, &value))
		sip_edit_remove_value(&e, &it, value);
	sip_edit_write(&e, &w->out);
	micro_must(w->out.n > w->text.n, "sip_edit_write");
}

/* Our Via comes off. */
static void send_back(void *state)
{
	struct work *w = state;
	struct sip_edit e;
	struct sip_values it;
	struct str value;
	struct arena arena;
	arena_init(&arena, w->more, sizeof w->more);
	buf_clear(&w->out);
	sip_edit_begin(&e, &w->m, &arena);
	sip_values_begin(&it, &w->m, SIP_H_VIA);
	micro_must(sip_values_next(&it, &value), "sip_values_next");
	sip_edit_remove_value(&e, &it, value);
	sip_edit_write(&e, &w->out);
	micro_must(w->out.n < w->text.n, "sip_edit_write");
}

/* --- URIs --- */

struct uris {
	struct sip_uri a, b;
	char memory[1024];
};

static const char phone_uri[] = "sip:alice@192.0.2.101:40312;transport=tcp;ob";
static const char named_uri[] = "sip:%61lice.smith@Example.COM:5060;transport=TCP";
static const char same_uri[] = "sip:alice.smith@example.com:5060;transport=tcp";

static void *uri_begin(const void *with)
{
	struct uris *u = mem_zalloc(sizeof *u);
	micro_must(sip_uri_parse(str_of(with ? with : named_uri), &u->a) && sip_uri_parse(str_of(same_uri), &u->b), "sip_uri_parse");
	return u;
}

static void uri_parse(void *state)
{
	struct uris *u = state;
	micro_must(sip_uri_parse(u->a.text, &u->a), "sip_uri_parse");
}

static void uri_equal(void *state)
{
	const struct uris *u = state;
	micro_must(sip_uri_equal(&u->a, &u->b), "sip_uri_equal");
}

static void uri_key(void *state)
{
	struct uris *u = state;
	struct arena arena;
	arena_init(&arena, u->memory, sizeof u->memory);
	micro_must(str_eq(sip_uri_aor_key(&u->a, &arena), STR("alice.smith@example.com")), "sip_uri_aor_key");
}

const struct micro micro_sip[] = {
	{ "parse REGISTER", begin, parse, end, register_text },
	{ "parse INVITE", begin, parse, end, invite_text },
	{ "parse 200", begin, parse, end, ok_text },
	{ "parse BYE", begin, parse, end, bye_text },
	{ "parse MESSAGE", begin, parse, end, message_text },
	{ "check REGISTER", begin, check, end, register_text },
	{ "check INVITE", begin, check, end, invite_text },
	{ "check 200", begin, check, end, ok_text },
	{ "check BYE", begin, check, end, bye_text },
	{ "check MESSAGE", begin, check, end, message_text },
	{ "glance at an INVITE", begin, glance, end, invite_text },
	{ "frame an INVITE", begin, frame, end, invite_text },
	{ "stamp the Via of an INVITE", begin, stamp, end, invite_text },
	{ "edit: reply to an INVITE", stamped, reply, end, invite_text },
	{ "edit: forward an INVITE", stamped, forward, end, invite_text },
	{ "edit: forward a 200", begin, send_back, end, ok_text },
	{ "URI: parse", uri_begin, uri_parse, mem_free, phone_uri },
	{ "URI: compare", uri_begin, uri_equal, mem_free, NULL },
	{ "URI: key of an AOR", uri_begin, uri_key, mem_free, NULL },
	{ 0 }
};
