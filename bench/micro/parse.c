/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c - what it costs to read, check and answer a typical INVITE; nanoseconds each, the best of some
 * rounds, as the others only saw more of the rest of the machine. */
#include "sip.h"
#include "sip_edit.h"
#include <stdio.h>
#include <time.h>

static const char body[] =
	"v=0\r\no=alice 2890844526 2890844526 IN IP4 192.0.2.101\r\ns=-\r\nc=IN IP4 192.0.2.101\r\nt=0 0\r\n"
	"m=audio 49172 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

static const char head[] =
	"INVITE sip:bob@biloxi.example.com SIP/2.0\r\n"
	"Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;rport;alias\r\n"
	"Max-Forwards: 70\r\n"
	"Route: <sip:ss1.atlanta.example.com;lr>\r\n"
	"From: \"Alice\" <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n"
	"To: \"Bob\" <sip:bob@biloxi.example.com>\r\n"
	"Call-ID: 3848276298220188511@atlanta.example.com\r\n"
	"CSeq: 1 INVITE\r\n"
	"Contact: <sip:alice@192.0.2.101:40312;transport=tcp;ob>;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"\r\n"
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, REFER, NOTIFY, MESSAGE, INFO\r\n"
	"Supported: outbound, path, replaces, timer, 100rel, gruu\r\n"
	"User-Agent: phone/1.0\r\n"
	"Session-Expires: 1800\r\n"
	"Content-Type: application/sdp\r\n";

struct work {
	struct str text;
	char memory[16384];
	struct sip_msg m;
	struct arena arena;
	struct sip_fault fault;
	struct buf out;
};

static bool parse(struct work *w)
{
	arena_init(&w->arena, w->memory, sizeof w->memory);
	return sip_parse(&w->m, w->text, &w->arena, NULL, &w->fault) == SIP_PARSED;
}

static bool check(struct work *w)
{
	return sip_check(&w->m, &w->fault);
}

static bool glance(struct work *w)
{
	struct sip_glance seen;
	return sip_glance(w->text, &seen) && seen.call_id.p;
}

static bool frame(struct work *w)
{
	size_t scanned = 0;
	return sip_frame(w->text, &scanned, NULL, &w->fault) == (int64_t)w->text.n;
}

static bool reply(struct work *w)
{
	buf_clear(&w->out);
	sip_reply(&w->out, &w->m, 180, STR_NONE, STR("a6c85cf"), STR_NONE);
	return w->out.n;
}

/* As a proxy sends it on. */
static bool forward(struct work *w)
{
	struct sip_edit e;
	struct sip_values it;
	struct str value;
	arena_init(&w->arena, w->memory + sizeof w->memory / 2, sizeof w->memory / 2);
	buf_clear(&w->out);
	sip_edit_begin(&e, &w->m, &w->arena);
	sip_edit_ruri(&e, STR("sip:bob@192.0.2.201:5062;transport=udp"));
	sip_edit_add_first(&e, SIP_H_VIA, STR("SIP/2.0/UDP ss1.atlanta.example.com:5060;branch=z9hG4bK2d4790.1"));
	sip_edit_add_first(&e, SIP_H_RECORD_ROUTE, STR("<sip:AbCdEf0123456789@ss1.atlanta.example.com;lr>"));
	sip_edit_set(&e, SIP_H_MAX_FORWARDS, STR("69"));
	sip_values_begin(&it, &w->m, SIP_H_ROUTE);
	if (sip_values_next(&it, &value))
		sip_edit_remove_value(&e, &it, value);
	sip_edit_write(&e, &w->out);
	return w->out.n;
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

enum { ROUNDS = 40, TIMES = 10000 };

static bool measure(const char *name, bool (*step)(struct work *w), struct work *w)
{
	double best = 1e18;
	for (int round = 0; round < ROUNDS; round++) {
		double start = now_ns();
		for (int i = 0; i < TIMES; i++)
			if (!step(w))
				return false;
		double each = (now_ns() - start) / TIMES;
		best = each < best ? each : best;
	}
	printf("%-8s %6.0f ns\n", name, best);
	return true;
}

int main(void)
{
	static struct work w;
	struct buf text = { 0 };
	buf_printf(&text, "%sContent-Length: %zu\r\n\r\n%s", head, sizeof body - 1, body);
	w.text = buf_str(&text);
	printf("INVITE of %zu bytes\n", w.text.n);
	bool well = measure("parse", parse, &w) && measure("check", check, &w) && measure("glance", glance, &w) &&
	            measure("frame", frame, &w) && measure("reply", reply, &w) && measure("forward", forward, &w);
	buf_fini(&w.out);
	buf_fini(&text);
	return well ? 0 : 1;
}
