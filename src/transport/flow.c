/* SPDX-License-Identifier: Apache-2.0 */
/* flow.c - names of transports, and of flows in log lines. */
#include "transport_private.h"
#include <stdio.h>

static const struct {
	struct str via;
	const char *people;
} kinds[TRANSPORT_KINDS] = {
	[TRANSPORT_UDP] = { STR_INIT("UDP"), "udp" },
	[TRANSPORT_TCP] = { STR_INIT("TCP"), "tcp" },
	[TRANSPORT_TLS] = { STR_INIT("TLS"), "tls" },
};

struct str transport_name(enum transport_kind kind)
{
	return kinds[kind].via;
}

const char *transport_scheme(enum transport_kind kind)
{
	return kinds[kind].people;
}

bool transport_kind_of(struct str name, enum transport_kind *out)
{
	for (unsigned i = 0; i < TRANSPORT_KINDS; i++) {
		if (str_ieq(name, kinds[i].via)) {
			*out = (enum transport_kind)i;
			return true;
		}
	}
	return false;
}

bool flow_ref_same(const struct flow_ref *a, const struct flow_ref *b)
{
	if (a->serial || b->serial)
		return a->serial == b->serial;
	return a->kind == b->kind && addr_eq(&a->local, &b->local) && addr_eq(&a->remote, &b->remote);
}

const char *flow_text(const struct flow_ref *f, char out[FLOW_TEXT])
{
	char remote[ADDR_TEXT];
	if (flow_ref_none(f)) {
		snprintf(out, FLOW_TEXT, "no flow");
		return out;
	}
	addr_text(&f->remote, remote);
	if (f->serial)
		snprintf(out, FLOW_TEXT, "flow %u:%u.%u (%s %s)", flow_serial_worker(f->serial),
		         flow_serial_slot(f->serial), flow_serial_generation(f->serial), transport_scheme(f->kind), remote);
	else
		snprintf(out, FLOW_TEXT, "%s %s", transport_scheme(f->kind), remote);
	return out;
}
