/* SPDX-License-Identifier: Apache-2.0 */
/* udp_crowd.c - see udp_crowd.h */
#include "udp_crowd.h"
#include "clock.h"
#include "transport_private.h"
#include <linux/sock_diag.h>
#include <sys/socket.h>

#define LONG_BYTES 262144               /* of the kernel's buffer, some 200 datagrams; or a quarter of it, if that is less */
#define CROWDED_MS 200                  /* since it was last so */
#define EACH       8                    /* of an address, and of a subject, in a turn */
#define TINY       4                    /* bytes: a keep-alive */
#define QUEUE_MAX  4096                 /* a power of two */
#define SHARE_US   100                  /* of a turn */
#define BUCKETS    4096                 /* an honest peer shares one with each flood once in so many times */
#define NOBODY     BUCKETS              /* one more, that nobody has */

struct place {
	struct packet *packet;
	uint16_t address, subject;      /* buckets that keep it here; NOBODY: not this one */
};
/* What of one bucket passed in this turn, and what stands in the queue because of it: the latter must not be overtaken. A flood of one
 * address has many subjects, one of a subject can have many addresses: these are not to blame. */
struct tally {
	uint8_t passed[BUCKETS];
	uint16_t queued[BUCKETS + 1];
};
struct udp_crowd {
	struct hash_key key;
	int64_t until_ms;
	struct tally addresses, subjects;
	unsigned first, waiting;
	struct place queue[QUEUE_MAX];
};

struct udp_crowd *udp_crowd_new(void)
{
	struct udp_crowd *c = mem_zalloc(sizeof *c);
	c->key = hash_key_new();
	return c;
}

static struct packet *take_first(struct udp_crowd *c)
{
	struct place *p = &c->queue[c->first];
	c->first = (c->first + 1) % QUEUE_MAX;
	c->waiting--;
	c->addresses.queued[p->address]--;
	c->subjects.queued[p->subject]--;
	return p->packet;
}

void udp_crowd_free(struct udp_crowd *c)
{
	while (c && c->waiting)
		packet_free(take_first(c));
	mem_free(c);
}

void udp_crowd_begin(struct udp_crowd *c, int64_t now_ms)
{
	c->until_ms = now_ms + CROWDED_MS;
}

bool udp_crowd_is(const struct udp_crowd *c, int64_t now_ms)
{
	return c->waiting || now_ms < c->until_ms;
}

void udp_crowd_look(struct udp_crowd *c, int fd, int64_t now_ms)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t n = sizeof info;
	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &n))
		return;
	uint32_t quarter = info[SK_MEMINFO_RCVBUF] / 4;
	if (info[SK_MEMINFO_RMEM_ALLOC] > (quarter < LONG_BYTES ? quarter : LONG_BYTES))
		udp_crowd_begin(c, now_ms);
}

static bool may_pass(const struct tally *t, unsigned bucket)
{
	return t->passed[bucket] < EACH && !t->queued[bucket];
}

static uint16_t subject_of(const struct udp_crowd *c, struct str text)
{
	struct sip_glance g;
	return sip_glance(text, &g) ? hash_str(c->key, g.call_id) % BUCKETS : 0;
}

enum crowd_place udp_crowd_place(struct udp_crowd *c, struct str text, const struct flow_ref *from, int64_t now_ms)
{
	if (!udp_crowd_is(c, now_ms) || text.n <= TINY || (unsigned char)text.p[0] < 4)   /* STUN: RFC 5389 §6; it has limits of its own */
		return CROWD_PASS;
	/* A customer has a /64 of IPv6; 8 bytes hold all of an IPv4 address. */
	uint16_t address = hash_bytes(c->key, from->remote.ip, 8) % BUCKETS;
	bool address_passes = may_pass(&c->addresses, address);
	if (!address_passes && c->waiting == QUEUE_MAX) /* as cheap as can be: this is most of a flood */
		return CROWD_DROP;
	uint16_t subject = subject_of(c, text);
	bool subject_passes = may_pass(&c->subjects, subject);
	if (address_passes && subject_passes) {
		c->addresses.passed[address]++;
		c->subjects.passed[subject]++;
		return CROWD_PASS;
	}
	if (c->waiting == QUEUE_MAX)
		return CROWD_DROP;
	struct packet *p = packet_new(text);
	p->from = *from;
	p->at_ms = now_ms;
	struct place *at = &c->queue[(c->first + c->waiting++) % QUEUE_MAX];
	*at = (struct place){ p, address_passes ? NOBODY : address, subject_passes ? NOBODY : subject };
	c->addresses.queued[at->address]++;
	c->subjects.queued[at->subject]++;
	return CROWD_QUEUED;
}

void udp_crowd_serve(struct transport_worker *w)
{
	struct udp_crowd *c = w->crowd;
	if (!c || !udp_crowd_is(c, loop_now_ms(w->loop)))
		return;
	int64_t end_us = clock_us() + SHARE_US;
	while (c->waiting && clock_us() < end_us) {
		if (!worker_dispatch(w, c->queue[c->first].packet, HOP_CROWD))
			break;
		take_first(c);
	}
	memset(c->addresses.passed, 0, sizeof c->addresses.passed);
	memset(c->subjects.passed, 0, sizeof c->subjects.passed);
	if (c->waiting)
		worker_wants_flush(w);
}
