/* SPDX-License-Identifier: Apache-2.0 */
/* client_kept.c - INVITE client transactions that have their final response: copies of a refusal are acknowledged again, further 2xx
 * passed on. Nothing is due for any other copy: it is dropped like all that nobody waits for, so no record stays of what it was a copy
 * of (RFC 3261 §17.1.2.2, timer K, keeps them from a core that would forward them).
 *
 * The branch was made at random and is hashed with a secret key: 64 bits of hash say enough. */
#include "kept_flow.h"
#include "transaction_private.h"

struct kept_ack {                       /* of KEPT_ACKED */
	uint32_t flow_n, n;
	char bytes[];                   /* the flow, the ACK */
};

void client_keep(const struct txn_client *ct, int64_t until_ms)
{
	struct kept_ring *ring = &ct->txns->kept;
	if (ct->invite && ct->ict.state == ICT_COMPLETED && ct->bytes) {
		size_t flow_n = kept_flow_size(&ct->flow);
		struct kept_ack *ka = kept_add(ring, KEPT_ACKED, ct->node.hash, until_ms, sizeof *ka + flow_n + ct->bytes->n);
		if (!ka)
			return;
		*ka = (struct kept_ack){ .flow_n = (uint32_t)flow_n, .n = ct->bytes->n };
		kept_flow_write(ka->bytes, &ct->flow);
		memcpy(ka->bytes + flow_n, ct->bytes->data, ct->bytes->n);
	} else if (ct->invite && ct->ict.state == ICT_ACCEPTED && ct->heir) {
		uint64_t *heir = kept_add(ring, KEPT_LEFT, ct->node.hash, until_ms, sizeof *heir);
		if (heir)
			*heir = ct->heir;
	}
}

static bool is_client(const struct kept *k, const void *with)
{
	(void)with;
	return !kept_is_server(k);
}

/* A copy of 300-699 gets the ACK once more (TX-03). */
static void acknowledge(struct txns *x, const struct kept_ack *ka)
{
	struct wire *ack = wire_new((struct str){ ka->bytes + ka->flow_n, ka->n });
	struct flow_ref flow = kept_flow_read(ka->bytes, ka->flow_n);
	transport_send(x->worker, &flow, ack);
	wire_unref(ack);
}

bool client_absorb_copy(struct txns *x, struct packet *p)
{
	uint64_t hash = client_hash(x, p->msg.via.branch, p->msg.cseq_method);
	const struct kept *k = kept_find(&x->kept, hash, is_client, NULL);
	if (!k)
		return false;
	if (k->kind == KEPT_LEFT && p->msg.status / 100 == 2) {
		server_kept_again(x, *(const uint64_t *)(k + 1), p);
		return true;
	}
	x->counts.absorbed++;
	if (k->kind == KEPT_ACKED && p->msg.status >= 300)
		acknowledge(x, (const struct kept_ack *)(k + 1));
	return true;
}
