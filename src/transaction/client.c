/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - client transactions: a request that goes out, is repeated, and gets its responses. */
#include "log.h"
#include "mem.h"
#include "random.h"
#include "transaction_private.h"

#define COOKIE "z9hG4bK"

void txn_branch(struct txns *x, char out[TXN_BRANCH_SIZE])
{
	(void)x;
	memcpy(out, COOKIE, sizeof COOKIE - 1);
	random_token(out + sizeof COOKIE - 1, TXN_BRANCH_SIZE - (sizeof COOKIE - 1));
}

/* Does it still wait for its final response? */
static bool waiting(const struct txn_client *ct)
{
	return ct->invite ? ct->ict.state <= ICT_PROCEEDING : ct->nict.state <= NICT_PROCEEDING;
}

static bool accepted(const struct txn_client *ct)
{
	return ct->invite && ct->ict.state == ICT_ACCEPTED;
}

static void log_state(struct txn_client *ct)
{
	unsigned state = ct->invite ? (unsigned)ct->ict.state : (unsigned)ct->nict.state;
	if (state != ct->shown && log_enabled(LOG_DEBUG))
		log_write(LOG_DEBUG, "client transaction %.*s: %s", STR_FMT(ct->branch),
		          ct->invite ? ict_state_name(ct->ict.state) : nict_state_name(ct->nict.state));
	ct->shown = (uint8_t)state;
}

/* --- life --- */
void client_free(struct txn_client *ct)
{
	struct txns *x = ct->txns;
	loop_timer_stop(x->loop, &ct->timer);
	waiter_leave(&x->waiters, &ct->waiter);
	map_remove(&x->clients, &ct->node);
	x->counts.client_live--;
	wire_unref(ct->bytes);
	mem_free((void *)ct->cancel_rows.p);
	mem_free(ct);
}

static void fire(struct loop_timer *timer);
static void flow_gone(struct waiter *w);
static void flow_unacked(struct waiter *w);

static struct txn_client *client_new(struct txns *x, const struct txn_request *r)
{
	struct txn_client *ct = mem_alloc(sizeof *ct + r->branch.n);
	*ct = (struct txn_client){
		.txns = x, .flow = r->to, .bytes = wire_ref(r->bytes), .ops = r->ops, .user = r->user, .method = r->method,
		.invite = r->method == SIP_INVITE, .timer.fire = fire, .waiter.gone = flow_gone, .waiter.unacked = flow_unacked,
		.branch = { ct->tail, r->branch.n }, .machine_at = TXN_NEVER,
		.silent_at = r->silent_ms ? loop_now_ms(x->loop) + r->silent_ms : TXN_NEVER,
	};
	memcpy(ct->tail, r->branch.p, r->branch.n);
	map_insert(&x->clients, &ct->node, client_hash(x, r->branch, r->method));
	x->counts.client_live++;
	return ct;
}

/* --- the wires that are made from the request as it was sent --- */
typedef void write_fn(struct buf *out, const struct sip_msg *request, const void *with);

static struct wire *made_from_request(struct txn_client *ct, write_fn *write, const void *with)
{
	char room[4096];
	struct arena arena;
	struct sip_msg m;
	struct sip_fault fault;
	struct wire *made = NULL;
	arena_init(&arena, room, sizeof room);
	if (sip_parse(&m, wire_str(ct->bytes), &arena, &ct->txns->settings.limits, &fault) == SIP_PARSED) {
		buf_clear(&ct->txns->scratch);
		write(&ct->txns->scratch, &m, with);
		made = wire_new(buf_str(&ct->txns->scratch));
	}
	arena_fini(&arena);
	return made;
}

static void write_ack(struct buf *out, const struct sip_msg *request, const void *response)
{
	sip_ack_for(out, request, response);
}

static void write_cancel(struct buf *out, const struct sip_msg *request, const void *rows)
{
	sip_cancel_for(out, request, *(const struct str *)rows);
}

/* --- doing what the machine says --- */
static enum txn_failure failure_of(const struct txn_client *ct, enum send_result sent)
{
	return sent == SEND_GONE || transport_is_stream(ct->flow.kind) ? TXN_FLOW_GONE : TXN_NOT_SENT;
}

static enum send_result transmit(struct txn_client *ct)
{
	return transport_send(ct->txns->worker, &ct->flow, ct->bytes);
}

static void wake(struct txn_client *ct, int64_t machine_at)
{
	int64_t at = machine_at < ct->silent_at ? machine_at : ct->silent_at;
	ct->machine_at = machine_at;
	if (at == TXN_NEVER)
		loop_timer_stop(ct->txns->loop, &ct->timer);
	else
		loop_timer_set(ct->txns->loop, &ct->timer, at);
}

/* The first 300-699 makes the ACK, which takes the request's place. */
static void acknowledge(struct txn_client *ct, const struct packet *p)
{
	struct wire *ack = made_from_request(ct, write_ack, &p->msg);
	wire_unref(ct->bytes);
	ct->bytes = ack;
	if (ct->bytes)
		transmit(ct);
}

/* The final response is there: nothing is repeated and the flow may end. */
static void settle(struct txn_client *ct)
{
	waiter_leave(&ct->txns->waiters, &ct->waiter);
	if (!ct->invite || ct->ict.state != ICT_COMPLETED) {
		wire_unref(ct->bytes);
		ct->bytes = NULL;
	}
}

/* Only copies are expected, and nobody is told of them: a record absorbs them as well as the transaction would. */
static bool only_copies(const struct txn_client *ct)
{
	return !waiting(ct) && !(accepted(ct) && ct->ops);
}

static void leave(struct txn_client *ct, int64_t until_ms)
{
	if (until_ms > loop_now_ms(ct->txns->loop))             /* else the transport repeats nothing */
		client_keep(ct, until_ms);
}

static void pass_up(struct txn_client *ct, struct packet *p)
{
	if (ct->ops) {
		ct->ops->response(ct->user, ct, p);
		return;
	}
	if (ct->heir && p->msg.status / 100 == 2)
		server_kept_again(ct->txns, ct->heir, p);
	packet_free(p);
}

/* Actions other than `send`. Takes p, the response at hand (may be NULL). The callbacks come last, so
 * that whatever they call finds the transaction in order; only this file's entry points free it. */
static void act(struct txn_client *ct, struct txn_actions a, struct packet *p, enum txn_failure why)
{
	log_state(ct);
	if (a.send_ack)
		acknowledge(ct, p);
	if (!waiting(ct))
		settle(ct);
	if (waiting(ct) || accepted(ct))
		wake(ct, a.wake_at);
	if (a.pass_up)
		pass_up(ct, p);
	else
		packet_free(p);
	if (a.failed && ct->ops)
		ct->ops->failed(ct->user, ct, why);
	if (!a.ended && !only_copies(ct))
		return;
	if (!a.ended)
		leave(ct, a.wake_at);
	if (ct->ops)
		ct->ops->over(ct->user, ct);
	client_free(ct);
}

static void fail(struct txn_client *ct, enum txn_failure why)
{
	struct txn_actions a = ct->invite ? ict_error(&ct->ict) : nict_error(&ct->nict);
	act(ct, a, NULL, why);
}

/* Nothing at all was heard of it for too long. */
static void tell_silence(struct txn_client *ct)
{
	if (ct->silent_at == TXN_NEVER || ct->refused)
		return;
	ct->silent_at = TXN_NEVER;
	if (ct->ops && ct->ops->silent)
		ct->ops->silent(ct->user, ct);
}

static void fire(struct loop_timer *timer)
{
	struct txn_client *ct = CONTAINER(timer, struct txn_client, timer);
	int64_t now = loop_now_ms(ct->txns->loop);
	if (ct->refused) {
		fail(ct, ct->why);
		return;
	}
	if (now >= ct->silent_at) {
		tell_silence(ct);
		if (now < ct->machine_at) {
			wake(ct, ct->machine_at);
			return;
		}
	}
	struct txn_actions a = ct->invite ? ict_timer(&ct->ict, now) : nict_timer(&ct->nict, now);
	if (a.send) {
		ct->txns->counts.retransmitted++;
		enum send_result sent = transmit(ct);
		if (sent != SEND_OK) {
			fail(ct, failure_of(ct, sent));
			return;
		}
	}
	act(ct, a, NULL, TXN_TIMEOUT);
}

static void flow_gone(struct waiter *w)
{
	fail(CONTAINER(w, struct txn_client, waiter), TXN_FLOW_GONE);
}

static void flow_unacked(struct waiter *w)
{
	tell_silence(CONTAINER(w, struct txn_client, waiter));
}

/* --- asking --- */
struct txn_client *txn_send(struct txns *x, const struct txn_request *r)
{
	struct txn_client *ct = client_new(x, r);
	int64_t now = loop_now_ms(x->loop);
	bool reliable = transport_is_stream(ct->flow.kind);
	struct txn_actions a = ct->invite ? ict_start(&ct->ict, &x->settings.timers, reliable, now)
	                                  : nict_start(&ct->nict, &x->settings.timers, reliable, now);
	enum send_result sent = transmit(ct);
	if (sent == SEND_OK) {
		if (reliable)
			waiter_join(&x->waiters, &ct->waiter, ct->flow.serial);
		wake(ct, a.wake_at);
	} else {
		ct->refused = true;                     /* told in a later turn, not inside this call */
		ct->why = failure_of(ct, sent);
		wake(ct, now);
	}
	return ct;
}

static void send_cancel(struct txn_client *ct)
{
	struct wire *cancel = made_from_request(ct, write_cancel, &ct->cancel_rows);
	ct->cancel_sent = true;
	if (!cancel)
		return;
	txn_send(ct->txns, &(struct txn_request){
		.to = ct->flow, .bytes = cancel, .method = SIP_CANCEL, .branch = ct->branch });
	wire_unref(cancel);
	wake(ct, ict_cancel_sent(&ct->ict, loop_now_ms(ct->txns->loop)).wake_at);
}

void txn_cancel(struct txns *x, struct txn_client *ct, struct str extra)
{
	(void)x;
	if (!ct->invite || !waiting(ct) || ct->refused || ct->cancel_wanted)
		return;
	ct->cancel_wanted = true;
	wake(ct, ict_cancel_wanted(&ct->ict).wake_at);
	if (extra.n) {
		char *rows = mem_alloc(extra.n);
		memcpy(rows, extra.p, extra.n);
		ct->cancel_rows = (struct str){ rows, extra.n };
	}
	if (ct->ict.state == ICT_PROCEEDING)
		send_cancel(ct);
}

bool txn_uncancel(struct txns *x, struct txn_client *ct)
{
	if (!ct->cancel_wanted || ct->cancel_sent || !waiting(ct))
		return false;
	ct->cancel_wanted = false;
	mem_free((void *)ct->cancel_rows.p);
	ct->cancel_rows = STR_NONE;
	wake(ct, ict_wanted_again(&ct->ict, loop_now_ms(x->loop)).wake_at);
	return true;
}

void txn_forget(struct txns *x, struct txn_client *ct)
{
	(void)x;
	ct->ops = NULL;
}

void txn_leave(struct txns *x, struct txn_client *ct, const struct txn_server *st)
{
	ct->heir = CONTAINER(st, struct server, pub)->node.hash;
	txn_forget(x, ct);
}

bool txn_got_response(const struct txn_client *ct)
{
	return ct->got_response;
}

const struct flow_ref *txn_client_flow(const struct txn_client *ct)
{
	return &ct->flow;
}

/* --- receiving --- */
void client_receive(struct txns *x, struct packet *p)
{
	struct txn_client *ct = client_find(x, p->msg.via.branch, p->msg.cseq_method);
	if (!ct || ct->refused) {
		if (ct || !client_absorb_copy(x, p))
			x->counts.stray_responses++;    /* never forwarded (PX-33) */
		packet_free(p);
		return;
	}
	ct->got_response = true;
	ct->silent_at = TXN_NEVER;
	int64_t now = loop_now_ms(x->loop);
	struct txn_actions a = ct->invite ? ict_response(&ct->ict, p->msg.status, now)
	                                  : nict_response(&ct->nict, p->msg.status, now);
	if (!a.pass_up)
		x->counts.absorbed++;
	if (ct->cancel_wanted && !ct->cancel_sent && ct->ict.state == ICT_PROCEEDING) {
		send_cancel(ct);
		a.wake_at = ct->ict.waits.end_at;       /* the CANCEL's deadline (RFC 3261 §9.1) */
	}
	act(ct, a, p, TXN_TIMEOUT);
}

/* --- the network says no --- */
void txns_flow_closed(struct txns *x, const struct flow_ref *flow)
{
	waiters_gone(&x->waiters, flow->serial);
}

void txns_flow_unacked(struct txns *x, const struct flow_ref *flow)
{
	waiters_unacked(&x->waiters, flow->serial);
}

/* The branch of the topmost Via in the start of a message. Only rows that are there to their end
 * count: a cut one might end inside the branch. */
static struct str quoted_branch(struct str quote)
{
	struct str row, name, value;
	struct sip_via via;
	while (str_cut(&quote, '\n', &row)) {
		if (!str_cut(&row, ':', &name) || sip_header_of(str_trim(name)) != SIP_H_VIA)
			continue;
		return sip_list_next(&row, &value) && sip_via_parse(str_trim(value), &via) ? via.branch : STR_NONE;
	}
	return STR_NONE;
}

void txns_unreachable(struct txns *x, const struct flow_ref *flow, struct str quote, bool proof)
{
	struct str start = quote, method;
	if (!str_cut(&start, ' ', &method))
		return;
	struct txn_client *ct = client_find(x, quoted_branch(quote), sip_method_of(method));
	if (ct && waiting(ct) && !ct->refused && ct->flow.kind == flow->kind && addr_eq(&ct->flow.remote, &flow->remote))
		fail(ct, proof ? TXN_UNREACHABLE : TXN_NOT_SENT);
}
