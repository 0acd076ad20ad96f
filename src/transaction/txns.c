/* SPDX-License-Identifier: Apache-2.0 */
/* txns.c - one worker's table, and the first look at what arrives: parsed, stamped, checked, handed on. */
#include "codes.h"
#include "log.h"
#include "mem.h"
#include "transaction_private.h"
#include <errno.h>

void txn_settings_init(struct txn_settings *s)
{
	*s = (struct txn_settings){
		.timers = { .t1 = 500, .t2 = 4000, .t4 = 5000, .d = 32000, .trying = 200 },
		.limits = { .max_head_bytes = 65535, .max_body_bytes = 65535, .max_headers = 256 },
		.max_bytes = 64 << 20, .max_live = 200000, .keep_s = -1,
	};
}

int txns_new(struct loop *loop, struct transport *t, struct transport_worker *tw, struct resolver *resolver,
             const struct txn_settings *settings, const struct txn_events *events, void *user, struct txns **out)
{
	const struct txn_timers *w = &settings->timers;
	if (w->t1 <= 0 || w->t2 < w->t1 || w->t4 < 0 || w->d < 0 || w->trying < 0)
		return -EINVAL;
	struct txns *x = mem_zalloc(sizeof *x);
	x->loop = loop;
	x->transport = t;
	x->worker = tw;
	x->resolver = resolver;
	x->settings = *settings;
	x->events = *events;
	x->user = user;
	x->table_key = hash_key_new();
	x->tag_key = hash_key_new();
	map_init(&x->servers);
	map_init(&x->clients);
	waiters_init(&x->waiters);
	kept_init(&x->kept, loop, settings->max_bytes);
	list_init(&x->late);
	*out = x;
	return 0;
}

static bool free_server(void *user, struct map_node *node)
{
	(void)user;
	server_free(CONTAINER(node, struct server, node));
	return true;
}

static bool free_client(void *user, struct map_node *node)
{
	(void)user;
	client_free(CONTAINER(node, struct txn_client, node));
	return true;
}

void txns_free(struct txns *x)
{
	if (!x)
		return;
	late_free_all(x);
	map_each(&x->servers, free_server, NULL);
	map_each(&x->clients, free_client, NULL);
	map_fini(&x->servers);
	map_fini(&x->clients);
	kept_fini(&x->kept);
	waiters_fini(&x->waiters);
	buf_fini(&x->scratch);
	mem_free(x);
}

/* One line a while, however many such requests come. */
static void log_refusal(const struct packet *p, const struct sip_fault *fault)
{
	static struct log_limit limit;
	char from[FLOW_TEXT];
	uint64_t left_out;
	if (log_enabled(LOG_INFO) && log_allowed(&limit, 10000, &left_out))
		log_write(LOG_INFO, "%s: request refused: %u, %s (%llu more since the last such line)", flow_text(&p->from, from),
		          fault->status, fault->why, (unsigned long long)left_out);
}

/* "Bad Request (Max-Forwards twice)": whoever sent it can see what to mend. ACK is never answered, nor is
 * what does not say where to. */
static void refuse(struct txns *x, struct packet *p, const struct sip_fault *fault)
{
	x->counts.refused++;
	log_refusal(p, fault);
	if (p->msg.via.host.n) {
		struct str phrase = codes_phrase(fault->status);
		struct str whole = arena_printf(&p->arena, "%.*s (%s)", STR_FMT(phrase), fault->why);
		txn_reply_stateless(x, p, fault->status, whole, STR_NONE);
	}
	packet_free(p);
}

static void receive_request(struct txns *x, struct packet *p, bool whole, struct sip_fault *fault)
{
	int keep_s = p->msg.method == SIP_REGISTER ? x->settings.keep_s : -1;
	if (whole)                              /* the memory for the look-up below comes while the request is checked */
		kept_prepare(&x->kept, txn_key_in(x, p).hash);
	if (p->msg.via.host.n)
		sip_stamp_via(&p->msg, &p->from.remote, !p->msg.via.has_rport && reply_forces_rport(x, p), keep_s, &p->arena);
	if (!whole || !sip_check(&p->msg, fault))
		refuse(x, p, fault);
	else if (p->msg.method == SIP_ACK)
		server_receive_ack(x, p);
	else if (p->msg.method == SIP_CANCEL)
		server_receive_cancel(x, p);
	else
		server_receive(x, p);
}

static void receive_response(struct txns *x, struct packet *p, bool whole, struct sip_fault *fault)
{
	if (whole && sip_check(&p->msg, fault)) {
		client_receive(x, p);
	} else {
		x->counts.stray_responses++;
		packet_free(p);
	}
}

void txns_receive(struct txns *x, struct packet *p)
{
	struct sip_fault fault = { 400, "not understood" };
	enum sip_parse_result parsed = sip_parse(&p->msg, p->text, &p->arena, &x->settings.limits, &fault);
	if (parsed == SIP_NOT_SIP)
		packet_free(p);
	else if (p->msg.is_request)
		receive_request(x, p, parsed == SIP_PARSED, &fault);
	else
		receive_response(x, p, parsed == SIP_PARSED, &fault);
}

void txn_count(const struct txns *x, struct txn_counts *out)
{
	*out = x->counts;
	out->finished += x->kept.count[KEPT_ANSWERED] + x->kept.count[KEPT_CONFIRMED] + x->kept.count[KEPT_ACCEPTED];
	out->bytes_finished = kept_bytes(&x->kept);
}
