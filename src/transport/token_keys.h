/* SPDX-License-Identifier: Apache-2.0 */
/* token_keys.h - the secrets behind flow tokens, and who made a token: node and boot.
 *
 * The state folder holds two text files (key_file.h): `flow-keys`, the cluster's, and `node`, this node's number. The boot id
 * is drawn when they are loaded and never stored: it is what tells a stream of this process from one of an earlier
 * process (OB-42). Everything here may be called from any thread. A struct token_key is good until the caller's turn ends: a
 * rotation replaces it (flow_token.h). */
#ifndef SLUICE_TOKEN_KEYS_H
#define SLUICE_TOKEN_KEYS_H

#include "flow_token.h"

#define TOKEN_MAC_SIZE  16
#define TOKEN_BOOT_SIZE 12

struct token_key;
const struct token_key *token_keys_writing(const struct token_keys *keys);
const struct token_key *token_keys_find(const struct token_keys *keys, uint32_t id);         /* NULL: not ours */
uint32_t token_key_id(const struct token_key *key);

/* HMAC-SHA-256 over body followed by dialog, cut to 128 bits. */
void token_key_mac(const struct token_key *key, struct str body, struct str dialog, uint8_t mac[TOKEN_MAC_SIZE]);

uint32_t token_keys_node(const struct token_keys *keys);
const uint8_t *token_keys_boot(const struct token_keys *keys);                 /* TOKEN_BOOT_SIZE bytes */

#endif
