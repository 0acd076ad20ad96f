/* SPDX-License-Identifier: Apache-2.0 */
/* A token, before base64url, all numbers in network order:
 *
 *     version 1 | key id 4 | shape 1 | node 4 | registration 8
 *     shape with a flow:          listener 1 | local ip 4 or 16, port 2, scope 0 or 4 | remote, the same
 *     shape with a stream's flow: boot id 12 | serial 8
 *     MAC 16
 *
 * A stream carries its addresses too: they say which of our names stands in Via and Record-Route, and
 * log lines name the peer. What names the stream is boot id and serial (OB-42). */
#include "flow_token.h"
#include "encode.h"
#include "mem.h"
#include "token_keys.h"
#include "transport_private.h"

#define VERSION   1
#define HEAD      18                    /* up to and with the registration */
#define BODY_MIN  HEAD
#define BODY_MAX  (HEAD + 1 + 2 * 22 + TOKEN_BOOT_SIZE + 8)
#define TOKEN_MIN (BODY_MIN + TOKEN_MAC_SIZE)
#define TOKEN_MAX (BODY_MAX + TOKEN_MAC_SIZE)
#define TEXT_MAX  BASE64_SIZE(TOKEN_MAX)
#define NAME_TEXT 8                     /* characters that hold version, key id and shape: 6 bytes */

/* shape: purpose in the low two bits, then these; the kind of transport above them */
#define SHAPE_FLOW  0x04
#define SHAPE_IPV6  0x08
#define SHAPE_KIND  4                   /* shift */

/* --- writing --- */

static uint8_t *put(uint8_t *at, uint64_t number, unsigned bytes)
{
	for (unsigned i = bytes; i-- > 0; number >>= 8)
		at[i] = (uint8_t)number;
	return at + bytes;
}

static uint8_t *put_addr(uint8_t *at, const struct addr *a, bool v6)
{
	size_t n = v6 ? 16 : 4;
	memcpy(at, a->ip, n);
	at = put(at + n, a->port, 2);
	return v6 ? put(at, a->scope, 4) : at;
}

static uint8_t shape_of(const struct flow_token *token)
{
	uint8_t shape = (uint8_t)token->purpose;
	if (flow_ref_none(&token->flow))
		return shape;
	shape |= SHAPE_FLOW | (uint8_t)(token->flow.kind << SHAPE_KIND);
	if (token->flow.remote.family == AF_INET6)
		shape |= SHAPE_IPV6;
	return shape;
}

static uint8_t *put_flow(uint8_t *at, const struct flow_ref *flow, const uint8_t *boot)
{
	bool v6 = flow->remote.family == AF_INET6;
	at = put(at, flow->listener, 1);
	at = put_addr(at, &flow->local, v6);
	at = put_addr(at, &flow->remote, v6);
	if (!transport_is_stream(flow->kind))
		return at;
	memcpy(at, boot, TOKEN_BOOT_SIZE);
	return put(at + TOKEN_BOOT_SIZE, flow->serial, 8);
}

static struct str dialog_of(enum token_purpose purpose, struct str call_id)
{
	return purpose == TOKEN_ROUTE ? call_id : STR("");
}

struct str flow_token_write(const struct transport *t, const struct flow_token *token, struct str call_id,
                            struct arena *arena)
{
	struct token_keys *keys = transport_keys(t);
	const struct token_key *key = token_keys_writing(keys);
	uint8_t bytes[TOKEN_MAX], *at = bytes;

	at = put(at, VERSION, 1);
	at = put(at, token_key_id(key), 4);
	at = put(at, shape_of(token), 1);
	at = put(at, transport_node(t), 4);
	at = put(at, token->registration, 8);
	if (!flow_ref_none(&token->flow))
		at = put_flow(at, &token->flow, token_keys_boot(keys));
	struct str body = str_range((char *)bytes, (char *)at);
	token_key_mac(key, body, dialog_of(token->purpose, call_id), at);

	size_t n = body.n + TOKEN_MAC_SIZE;
	char *text = arena_alloc(arena, BASE64_SIZE(n) + 1);
	size_t written = base64url_write(text, bytes, n);
	text[written] = '\0';
	return (struct str){ text, written };
}

/* --- reading --- */

static const uint8_t *get(const uint8_t *at, uint64_t *number, unsigned bytes)
{
	*number = 0;
	while (bytes--)
		*number = *number << 8 | *at++;
	return at;
}

static const uint8_t *get_addr(const uint8_t *at, struct addr *a, bool v6)
{
	size_t n = v6 ? 16 : 4;
	uint64_t number;
	*a = (struct addr){ .family = v6 ? AF_INET6 : AF_INET };
	memcpy(a->ip, at, n);
	at = get(at + n, &number, 2);
	a->port = (uint16_t)number;
	if (v6) {
		at = get(at, &number, 4);
		a->scope = (uint32_t)number;
	}
	return at;
}

/* The length of the body that a shape announces; 0 for a shape that nobody writes. */
static size_t body_size(uint8_t shape)
{
	unsigned purpose = shape & 3, kind = shape >> SHAPE_KIND;
	if (purpose != TOKEN_PATH && purpose != TOKEN_ROUTE)
		return 0;
	if (!(shape & SHAPE_FLOW))
		return shape == purpose ? HEAD : 0;
	if (kind >= TRANSPORT_KINDS)
		return 0;
	size_t n = HEAD + 1 + 2 * (shape & SHAPE_IPV6 ? 22 : 6);
	return transport_is_stream(kind) ? n + TOKEN_BOOT_SIZE + 8 : n;
}

/* The MAC holds, so the bytes are as we or a node with our keys wrote them. */
static void body_read(const struct transport *t, const uint8_t *at, struct flow_token *out)
{
	uint8_t shape = at[5];
	uint64_t number;
	*out = (struct flow_token){ .purpose = shape & 3 };
	at = get(at + 6, &number, 4);
	out->node = (uint32_t)number;
	at = get(at, &out->registration, 8);
	if (!(shape & SHAPE_FLOW))
		return;

	struct flow_ref *flow = &out->flow;
	flow->kind = shape >> SHAPE_KIND;
	flow->listener = *at++;
	at = get_addr(at, &flow->local, shape & SHAPE_IPV6);
	at = get_addr(at, &flow->remote, shape & SHAPE_IPV6);
	bool ours = out->node == transport_node(t);
	if (transport_is_stream(flow->kind)) {
		out->of_this_boot = ours && memcmp(at, token_keys_boot(transport_keys(t)), TOKEN_BOOT_SIZE) == 0;
		get(at + TOKEN_BOOT_SIZE, &flow->serial, 8);
	} else if (ours) {
		/* A UDP flow outlives the process, the numbers of listeners do not. */
		transport_udp_listener(t, &flow->local, &flow->listener);
	}
}

/* Decode %HH into text; the length, TEXT_MAX + 1 when it is longer than any token, 0 on a broken escape. */
static size_t unescape(struct str user, char text[TEXT_MAX + 1])
{
	size_t n = 0;
	for (size_t i = 0; i < user.n && n <= TEXT_MAX; n++) {
		if (user.p[i] != '%') {
			text[n] = user.p[i++];
			continue;
		}
		if (user.n - i < 3)
			return 0;
		int high = hex_value(user.p[i + 1]), low = hex_value(user.p[i + 2]);
		if (high < 0 || low < 0)
			return 0;
		text[n] = (char)(high << 4 | low);
		i += 3;
	}
	return n;
}

/* What does not begin with the name of a key of ours is another's token when it could be one, else no token. */
static enum token_result stranger(struct str text)
{
	uint8_t bytes[TOKEN_MAX];
	if (text.n < BASE64_SIZE(TOKEN_MIN) || text.n > TEXT_MAX || base64url_read(text, bytes, sizeof bytes) < 0)
		return TOKEN_ABSENT;
	return TOKEN_UNKNOWN;
}

/* Version and key id say whose token it is. From there on it is ours, and any flaw means that somebody
 * changed it: length, alphabet, shape and MAC are all judged FORGED. OB-43, OB-50 */
enum token_result flow_token_read(const struct transport *t, struct str user, struct str call_id, struct flow_token *out)
{
	char decoded[TEXT_MAX + 1];
	uint8_t bytes[TOKEN_MAX], mac[TOKEN_MAC_SIZE];
	uint64_t id;

	struct str text = str_find(user, '%') ? (struct str){ decoded, unescape(user, decoded) } : user;
	if (text.n < NAME_TEXT || base64url_read((struct str){ text.p, NAME_TEXT }, bytes, sizeof bytes) < 0)
		return TOKEN_ABSENT;
	get(bytes + 1, &id, 4);
	const struct token_key *key = bytes[0] == VERSION ? token_keys_find(transport_keys(t), (uint32_t)id) : NULL;
	if (!key)
		return stranger(text);

	size_t n = body_size(bytes[5]);
	if (!n || text.n != BASE64_SIZE(n + TOKEN_MAC_SIZE) || base64url_read(text, bytes, sizeof bytes) < 0)
		return TOKEN_FORGED;
	token_key_mac(key, (struct str){ (char *)bytes, n }, dialog_of(bytes[5] & 3, call_id), mac);
	if (!mem_equal_secret(mac, bytes + n, TOKEN_MAC_SIZE))
		return TOKEN_FORGED;
	body_read(t, bytes, out);
	return TOKEN_OK;
}

bool flow_token_alive(const struct transport *t, const struct flow_token *token)
{
	uint8_t listener;
	if (flow_ref_none(&token->flow) || token->node != transport_node(t))
		return false;
	if (transport_is_stream(token->flow.kind) ? !token->of_this_boot : !transport_udp_listener(t, &token->flow.local, &listener))
		return false;
	/* Path leads to who is registered on the flow, Record-Route to who talks from there. */
	return token->purpose == TOKEN_PATH ? transport_flow_holds(t, &token->flow) : transport_flow_alive(t, &token->flow);
}
