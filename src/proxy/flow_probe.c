/* SPDX-License-Identifier: Apache-2.0 */
/* flow_probe.c - OPTIONS over a flow that fell silent, until it is heard, or dead, or an hour is over. Any byte ends its
 * suspicion (transport does that by itself); a phone that has nothing to say is asked for one. */
#include "mem.h"
#include "proxy_private.h"

#define FIRST_MS 30000                  /* then twice as long each time */
#define LAST_MS  3600000
#define PROBES   1000                   /* under way at once */
#define RURI_MAX 2048                   /* in a dialog it is the sender's, and kept for an hour */

struct flow_probe {
	struct list node;               /* in proxy->flow_probes */
	struct proxy *px;
	struct flow_ref flow;
	int64_t since_ms, wait_ms;
	struct loop_timer timer;
	struct txn_client *client;      /* NULL: no question is open */
	size_t n;
	char ruri[];
};

static void end(struct flow_probe *fp)
{
	struct proxy *px = fp->px;
	loop_timer_stop(px->s.loop, &fp->timer);
	if (fp->client)
		txn_forget(px->s.txns, fp->client);
	list_remove(&fp->node);
	px->flow_probe_count--;
	mem_free(fp);
}

static void heard(void *user, struct txn_client *ct, struct packet *p)
{
	(void)ct;
	packet_free(p);
	end(user);
}

static void no_answer(void *user, struct txn_client *ct, enum txn_failure why)
{
	struct flow_probe *fp = user;
	(void)why;
	txn_forget(fp->px->s.txns, ct);
	fp->client = NULL;
}

static void over(void *user, struct txn_client *ct)
{
	(void)ct;
	((struct flow_probe *)user)->client = NULL;
}

static const struct txn_client_ops ops = { .response = heard, .failed = no_answer, .over = over };

static void due(struct loop_timer *timer)
{
	struct flow_probe *fp = CONTAINER(timer, struct flow_probe, timer);
	struct proxy *px = fp->px;
	int64_t now_ms = loop_now_ms(px->s.loop);
	if (!transport_flow_alive(px->s.transport, &fp->flow) || !transport_flow_is_suspect(px->s.transport, &fp->flow) ||
	    now_ms - fp->since_ms >= LAST_MS) {
		end(fp);
		return;
	}
	if (!fp->client)
		fp->client = options_send(px, &fp->flow, (struct str){ fp->ruri, fp->n }, &ops, fp);
	loop_timer_set(px->s.loop, timer, now_ms + fp->wait_ms);
	fp->wait_ms *= 2;
}

static struct flow_probe *find(const struct proxy *px, const struct flow_ref *flow)
{
	LIST_EACH(&px->flow_probes, it) {
		struct flow_probe *fp = CONTAINER(it, struct flow_probe, node);
		if (flow_ref_same(&fp->flow, flow))
			return fp;
	}
	return NULL;
}

void flow_probe(struct proxy *px, const struct flow_ref *flow, struct str ruri)
{
	struct flow_probe *fp = find(px, flow);
	if (!fp) {
		if (px->flow_probe_count >= PROBES || ruri.n > RURI_MAX)
			return;
		fp = mem_zalloc(sizeof *fp + ruri.n);
		fp->px = px;
		fp->flow = *flow;
		fp->n = ruri.n;
		memcpy(fp->ruri, ruri.p, ruri.n);
		fp->timer.fire = due;
		list_add_tail(&px->flow_probes, &fp->node);
		px->flow_probe_count++;
	}
	fp->since_ms = loop_now_ms(px->s.loop);
	fp->wait_ms = FIRST_MS;
	loop_timer_set(px->s.loop, &fp->timer, fp->since_ms);   /* not inside the event that found it silent */
}

void flow_probes_stop(struct proxy *px)
{
	while (!list_empty(&px->flow_probes))
		end(CONTAINER(px->flow_probes.next, struct flow_probe, node));
}
