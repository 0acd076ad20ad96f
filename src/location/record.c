/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - writing and reading journal records. */
#include "record.h"

/* version(1) flags(1) kind(1) listener(1) serial(8) expires(8) updated(8) cseq(4) reg-id(4) q(2), two
 * addresses, then the strings, each behind its length(4). */
enum {
	VERSION = 1,
	FLAG_VIA_FLOW = 1,
	ADDR_BYTES = 1 + 16 + 2 + 4,
	FIXED_BYTES = 4 + 3 * 8 + 2 * 4 + 2 + 2 * ADDR_BYTES,
	STRINGS = 7
};

static void strings_of(const struct binding *b, struct str out[STRINGS])
{
	out[0] = b->aor;
	out[1] = b->instance;
	out[2] = b->contact;
	out[3] = b->contact_params;
	out[4] = b->path;
	out[5] = b->call_id;
	out[6] = b->user_agent;
}

static char *put(char *at, uint64_t number, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		*at++ = (char)(number >> (8 * i));
	return at;
}

static char *put_str(char *at, struct str s)
{
	at = put(at, s.n, 4);
	if (s.n)
		memcpy(at, s.p, s.n);
	return at + s.n;
}

static char *put_addr(char *at, const struct addr *a)
{
	*at++ = a->family == AF_INET ? 4 : a->family == AF_INET6 ? 6 : 0;
	memcpy(at, a->ip, 16);
	at = put(at + 16, a->port, 2);
	return put(at, a->scope, 4);
}

size_t record_size(const struct binding *b)
{
	struct str s[STRINGS];
	strings_of(b, s);
	size_t n = FIXED_BYTES;
	for (unsigned i = 0; i < STRINGS; i++)
		n += 4 + s[i].n;
	return n;
}

void record_write(const struct binding *b, char *out)
{
	*out++ = VERSION;
	*out++ = b->via_flow ? FLAG_VIA_FLOW : 0;
	*out++ = (char)b->flow.kind;
	*out++ = (char)b->flow.listener;
	out = put(out, b->flow.serial, 8);
	out = put(out, (uint64_t)b->expires_wall_ms, 8);
	out = put(out, (uint64_t)b->updated_wall_ms, 8);
	out = put(out, b->cseq, 4);
	out = put(out, b->reg_id, 4);
	out = put(out, (uint64_t)b->q, 2);
	out = put_addr(out, &b->flow.local);
	out = put_addr(out, &b->flow.remote);

	struct str s[STRINGS];
	strings_of(b, s);
	for (unsigned i = 0; i < STRINGS; i++)
		out = put_str(out, s[i]);
}

/* The callers have checked that the bytes are there. */
static uint64_t take(struct str *rest, unsigned bytes)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < bytes; i++)
		number |= (uint64_t)(unsigned char)rest->p[i] << (8 * i);
	rest->p += bytes;
	rest->n -= bytes;
	return number;
}

static bool take_str(struct str *rest, struct str *out)
{
	if (rest->n < 4)
		return false;
	uint64_t n = take(rest, 4);
	if (rest->n < n)
		return false;
	*out = (struct str){ rest->p, (size_t)n };
	rest->p += n;
	rest->n -= (size_t)n;
	return true;
}

static bool take_addr(struct str *rest, struct addr *out)
{
	uint64_t family = take(rest, 1);
	if (family != 0 && family != 4 && family != 6)
		return false;
	memset(out, 0, sizeof *out);
	out->family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : 0;
	memcpy(out->ip, rest->p, 16);
	rest->p += 16;
	rest->n -= 16;
	out->port = (uint16_t)take(rest, 2);
	out->scope = (uint32_t)take(rest, 4);
	return true;
}

static bool take_fixed(struct str *rest, struct binding *b)
{
	if (rest->n < FIXED_BYTES || take(rest, 1) != VERSION)
		return false;
	uint64_t flags = take(rest, 1);
	b->via_flow = flags & FLAG_VIA_FLOW;
	b->flow.kind = (uint8_t)take(rest, 1);
	b->flow.listener = (uint8_t)take(rest, 1);
	b->flow.serial = take(rest, 8);
	b->expires_wall_ms = (int64_t)take(rest, 8);
	b->updated_wall_ms = (int64_t)take(rest, 8);
	b->cseq = (uint32_t)take(rest, 4);
	b->reg_id = (uint32_t)take(rest, 4);
	b->q = (int)take(rest, 2);
	return flags <= FLAG_VIA_FLOW && b->flow.kind < TRANSPORT_KINDS && b->q <= 1000 && b->expires_wall_ms >= 0 &&
	       b->updated_wall_ms >= 0 && take_addr(rest, &b->flow.local) && take_addr(rest, &b->flow.remote);
}

bool record_read(struct str record, struct binding *out)
{
	struct binding b = { 0 };
	struct str *const strings[STRINGS] = { &b.aor, &b.instance, &b.contact, &b.contact_params, &b.path, &b.call_id,
	                                       &b.user_agent };
	if (!take_fixed(&record, &b))
		return false;
	for (unsigned i = 0; i < STRINGS; i++)
		if (!take_str(&record, strings[i]))
			return false;
	if (record.n || !b.aor.n || !b.contact.n || (b.reg_id && !b.instance.n))
		return false;
	*out = b;
	return true;
}

size_t record_key_size(const struct binding *b)
{
	return 1 + 4 + b->aor.n + (b->reg_id ? 4 + b->instance.n : b->contact.n);
}

void record_key_write(const struct binding *b, char *out)
{
	*out++ = b->reg_id ? 'o' : 'u';
	out = put_str(out, b->aor);
	if (b->reg_id)
		out = put(out, b->reg_id, 4);
	struct str last = b->reg_id ? b->instance : b->contact;
	memcpy(out, last.p, last.n);
}
