/* SPDX-License-Identifier: Apache-2.0 */
/* kept_flow.c - see kept_flow.h. */
#include "kept_flow.h"

struct short_flow {
	uint8_t kind, listener;
	uint16_t local_port, remote_port;
	uint8_t local[4], remote[4];
	uint8_t unused[2];
};

static bool is_short(const struct flow_ref *f)
{
	return f->serial == 0 && f->local.family == AF_INET && f->remote.family == AF_INET;
}

size_t kept_flow_size(const struct flow_ref *f)
{
	return is_short(f) ? sizeof(struct short_flow) : sizeof *f;
}

void kept_flow_write(char *out, const struct flow_ref *f)
{
	if (!is_short(f)) {
		memcpy(out, f, sizeof *f);
		return;
	}
	struct short_flow s = { .kind = f->kind, .listener = f->listener, .local_port = f->local.port, .remote_port = f->remote.port };
	memcpy(s.local, f->local.ip, sizeof s.local);
	memcpy(s.remote, f->remote.ip, sizeof s.remote);
	memcpy(out, &s, sizeof s);
}

struct flow_ref kept_flow_read(const char *bytes, size_t n)
{
	struct flow_ref f = { 0 };
	struct short_flow s;
	if (n == sizeof f) {
		memcpy(&f, bytes, sizeof f);
		return f;
	}
	memcpy(&s, bytes, sizeof s);
	f.kind = s.kind;
	f.listener = s.listener;
	f.local = (struct addr){ .family = AF_INET, .port = s.local_port };
	f.remote = (struct addr){ .family = AF_INET, .port = s.remote_port };
	memcpy(f.local.ip, s.local, sizeof s.local);
	memcpy(f.remote.ip, s.remote, sizeof s.remote);
	return f;
}
