/* SPDX-License-Identifier: Apache-2.0 */
/* flow_token.h - a flow, written so that it can be given away and trusted when it comes back.
 *
 * Tokens stand in the user part of our Path and Record-Route URIs (RFC 5626 §5.2). A token holds version,
 * key id, purpose, node, the flow (local and remote address; streams: boot id and serial too), a keyed
 * hash of the registration on the flow, and an HMAC-SHA-256 cut to 128 bits; base64url, so only unreserved
 * user characters (OB-45): 62 to 132 of them with a flow, 46 without. A Record-Route token's MAC also covers the Call-ID
 * of its dialog: it is no bearer key to a phone. Keys belong to the cluster, live on disk, and rotate with
 * overlap (key_file.h). */
#ifndef SLUICE_FLOW_TOKEN_H
#define SLUICE_FLOW_TOKEN_H

#include "transport.h"

enum token_purpose { TOKEN_PATH = 1, TOKEN_ROUTE = 2 };

struct flow_token {
	enum token_purpose purpose;
	uint32_t node;
	struct flow_ref flow;           /* flow_ref_none: a dialog of ours without a flow on this side */
	bool of_this_boot;              /* streams: made by this process (reading only) */
	uint64_t registration;          /* token_registration of who is registered on it; 0: nobody */
};

struct token_keys;
/* Read the cluster's keys (`flow-keys`) and this node's number (`node`) from the state folder, or make
 * the file (mode 0600, synced) when there is none; draw this process's boot id. Anything unreadable,
 * malformed or readable by others is an error, never a new key (OB-44): then *why says what to do. -errno. */
int token_keys_load(const char *dir, struct token_keys **out, struct transport_error *why);
void token_keys_free(struct token_keys *keys);          /* NULL is fine */
/* Once a second, by one thread that is no worker: the key whose time has come writes from now on, and a file that changed is
 * read again (after it stood still for a call; with `at_once`, now). 1: taken over; 0: nothing new; -errno: it cannot be used,
 * *why says why, and so does the log, once; the keys from before stay. */
int token_keys_watch(struct token_keys *keys, int64_t wall_ms, bool at_once, struct transport_error *why);
/* Free the keys from before, after a 1 and when every worker has ended the turn that it was in. The same thread. */
void token_keys_sweep(struct token_keys *keys);
/* The keys that this transport loaded from its state folder, and the node's number. */
struct token_keys *transport_keys(const struct transport *t);
uint32_t transport_node(const struct transport *t);

/* The keyed hash of (AOR, instance) that tokens carry: the same on every node and after a rotation of
 * keys. Never 0. Any thread. */
uint64_t token_registration(const struct token_keys *keys, struct str aor, struct str instance);

/* Write a token in the arena. call_id: the dialog's for TOKEN_ROUTE; ignored for TOKEN_PATH. Any
 * thread; node and boot are the transport's, whatever `token` says of them. */
struct str flow_token_write(const struct transport *t, const struct flow_token *token, struct str call_id,
                            struct arena *arena);

enum token_result {
	TOKEN_OK,                       /* ours, intact; *out is filled. Whether its flow lives here: flow_token_alive */
	TOKEN_ABSENT,                   /* not a token: an ordinary user part, or none */
	TOKEN_FORGED,                   /* begins with version and key id of ours, but was changed, or is another dialog's: 403 */
	TOKEN_UNKNOWN                   /* looks like a token under a key or version that we do not know: 430 (never 403, OB-82) */
};
/* Read a user part; %-escapes are decoded first. Compares in constant time, checks length before
 * decoding. *out is written only for TOKEN_OK. Any thread. */
enum token_result flow_token_read(const struct transport *t, struct str user, struct str call_id, struct flow_token *out);
/* Does the token's flow live here and now: this node, and on streams this boot and generation; on UDP a
 * listener still stands on its local address, and the flow is not dead; nor has it failed, when the token is of a
 * registration (transport_flow_holds). False for a token without a flow. Any thread. */
bool flow_token_alive(const struct transport *t, const struct flow_token *token);

#endif
