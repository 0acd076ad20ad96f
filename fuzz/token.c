/* SPDX-License-Identifier: Apache-2.0 */
/* Flow tokens: nothing but what we wrote is ever taken for ours, and what we wrote always comes back.
 *
 * The first byte chooses: 0 reads the rest as it is; 1 reads it behind the name of a key of ours; any other
 * writes a token from the rest, reads it back, and then once more with one character changed. */
#include "../src/transport/token_keys.h"
#include "../src/transport/transport_private.h"
#include "../src/transport/udp_verdicts.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALL STR("call@example")
#define NAME 6                          /* characters that hold version and key id, but for the last bits */

static struct transport *home(void)
{
	static struct listener listener;
	static struct transport t;
	if (t.keys)
		return &t;
	char dir[] = "/tmp/sluice-fuzz-XXXXXX", path[64];
	struct transport_error why;
	if (!mkdtemp(dir) || token_keys_load(dir, &t.keys, &why))
		abort();
	snprintf(path, sizeof path, "%s/flow-keys", dir);
	unlink(path);
	snprintf(path, sizeof path, "%s/node", dir);
	unlink(path);
	rmdir(dir);
	listener = (struct listener){ .kind = TRANSPORT_UDP, .wildcard = true };
	listener.bound = (struct addr){ .family = AF_INET, .port = 5060 };
	t.listeners = &listener;
	t.listener_count = 1;
	flow_table_init(&t.flows, 1, 16);
	t.verdicts = udp_verdicts_new();
	return &t;
}

static struct addr take_addr(const uint8_t *p, bool v6)
{
	struct addr a = { .family = v6 ? AF_INET6 : AF_INET, .port = (uint16_t)(p[16] << 8 | p[17]), .scope = v6 ? p[18] : 0 };
	memcpy(a.ip, p, v6 ? 16 : 4);
	return a;
}

static void there_and_back(const struct transport *t, const uint8_t *p, struct arena *arena)
{
	struct flow_token token = { .purpose = p[0] % 2 ? TOKEN_PATH : TOKEN_ROUTE, .registration = p[1] }, back;
	if (p[0] & 2) {
		token.flow = (struct flow_ref){ .kind = p[2] % TRANSPORT_KINDS, .listener = p[3] };
		token.flow.serial = transport_is_stream(token.flow.kind) ? p[4] * 0x0101010101010101u : 0;
		token.flow.local = take_addr(p + 5, p[0] & 4);
		token.flow.remote = take_addr(p + 24, p[0] & 4);
	}
	struct str text = flow_token_write(t, &token, CALL, arena);
	if (flow_token_read(t, text, CALL, &back) != TOKEN_OK || back.purpose != token.purpose ||
	    back.registration != token.registration || back.flow.serial != token.flow.serial ||
	    !addr_eq(&back.flow.local, &token.flow.local) || !addr_eq(&back.flow.remote, &token.flow.remote))
		abort();
	flow_token_alive(t, &back);

	char *changed = (char *)arena_str(arena, text).p;
	size_t at = p[43] % text.n;
	if (changed[at] == (char)p[44])
		return;
	changed[at] = (char)p[44];
	if (flow_token_read(t, (struct str){ changed, text.n }, CALL, &back) == TOKEN_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transport *t = home();
	struct flow_token token = { .purpose = TOKEN_PATH }, out;
	struct arena arena;
	if (size < 1)
		return 0;
	arena_init(&arena, NULL, 0);
	struct str rest = { (const char *)data + 1, size - 1 };
	if (data[0] == 0) {
		if (flow_token_read(t, rest, CALL, &out) == TOKEN_OK)
			abort();
	} else if (data[0] == 1) {
		struct str ours = flow_token_write(t, &token, CALL, &arena);
		struct str text = arena_printf(&arena, "%.*s%.*s", NAME, ours.p, STR_FMT(rest));
		if (flow_token_read(t, text, CALL, &out) == TOKEN_OK)
			abort();
	} else if (rest.n >= 45) {
		there_and_back(t, data + 1, &arena);
	}
	arena_fini(&arena);
	return 0;
}
