/* SPDX-License-Identifier: Apache-2.0 */
#include "token_keys.h"
#include "clock.h"
#include "encode.h"
#include "hash.h"
#include "log.h"
#include "mem.h"
#include "random.h"
#include "state_file.h"
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define KEY_FILE    "flow-keys"
#define NODE_FILE   "node"
#define SECRET_SIZE 32                  /* OB-43 asks for 20 octets or more */
#define KEYS_MAX    32
#define SPARES      8

/* A MAC context serves one thread at a time. Copying the keyed one costs more than the MAC itself, so
 * finished copies wait here: taking one is an atomic exchange, and no thread owns anything that would
 * have to be freed when it ends. */
struct token_key {
	uint32_t id;
	int64_t made_s;                 /* since 1970 */
	EVP_MAC_CTX *keyed;             /* only ever copied */
	_Atomic(EVP_MAC_CTX *) spare[SPARES];
};

struct token_keys {
	uint32_t node;
	uint8_t boot[TOKEN_BOOT_SIZE];
	struct hash_key registration;
	bool has_registration;
	EVP_MAC *hmac;
	unsigned count, newest;
	struct token_key key[KEYS_MAX];
};

struct token_key *token_keys_newest(struct token_keys *keys)
{
	return &keys->key[keys->newest];
}

struct token_key *token_keys_find(struct token_keys *keys, uint32_t id)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (keys->key[i].id == id)
			return &keys->key[i];
	return NULL;
}

uint32_t token_key_id(const struct token_key *key)
{
	return key->id;
}

uint32_t token_keys_node(const struct token_keys *keys)
{
	return keys->node;
}

const uint8_t *token_keys_boot(const struct token_keys *keys)
{
	return keys->boot;
}

/* --- MAC --- */

static EVP_MAC_CTX *context_take(struct token_key *key)
{
	for (unsigned i = 0; i < SPARES; i++) {
		EVP_MAC_CTX *c = atomic_exchange_explicit(&key->spare[i], NULL, memory_order_acquire);
		if (c)
			return c;
	}
	return EVP_MAC_CTX_dup(key->keyed);
}

static void context_give(struct token_key *key, EVP_MAC_CTX *c)
{
	for (unsigned i = 0; c && i < SPARES; i++)
		c = atomic_exchange_explicit(&key->spare[i], c, memory_order_acq_rel);
	EVP_MAC_CTX_free(c);
}

void token_key_mac(struct token_key *key, struct str body, struct str dialog, uint8_t mac[TOKEN_MAC_SIZE])
{
	uint8_t full[EVP_MAX_MD_SIZE];
	size_t n = 0;
	EVP_MAC_CTX *c = context_take(key);
	/* A NULL key starts anew under the key that the context has. */
	if (!c || !EVP_MAC_init(c, NULL, 0, NULL) || !EVP_MAC_update(c, (const unsigned char *)body.p, body.n) ||
	    (dialog.n && !EVP_MAC_update(c, (const unsigned char *)dialog.p, dialog.n)) ||
	    !EVP_MAC_final(c, full, &n, sizeof full) || n < TOKEN_MAC_SIZE) {
		log_write(LOG_ERROR, "flow tokens: no memory for a MAC");
		abort();
	}
	memcpy(mac, full, TOKEN_MAC_SIZE);
	context_give(key, c);
}

/* Each half is hashed by itself, so no two pairs run together into the same bytes. */
uint64_t token_registration(const struct token_keys *keys, struct str aor, struct str instance)
{
	uint64_t halves[2] = { hash_str(keys->registration, aor), hash_str(keys->registration, instance) };
	uint64_t h = hash_bytes(keys->registration, halves, sizeof halves);
	return h ? h : 1;               /* 0 says nobody */
}

/* --- the key file --- */

static bool secret_add(struct token_keys *keys, uint32_t id, int64_t made_s, const uint8_t secret[SECRET_SIZE])
{
	struct token_key *key = &keys->key[keys->count];
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
	                              OSSL_PARAM_construct_end() };
	key->id = id;
	key->made_s = made_s;
	key->keyed = EVP_MAC_CTX_new(keys->hmac);
	if (!key->keyed || !EVP_MAC_init(key->keyed, secret, SECRET_SIZE, params)) {
		EVP_MAC_CTX_free(key->keyed);
		key->keyed = NULL;
		return false;
	}
	/* Of two keys of one second the later line is the newer. */
	if (keys->count == 0 || made_s >= keys->key[keys->newest].made_s)
		keys->newest = keys->count;
	keys->count++;
	return true;
}

/* "2026-11-24T15:20:00Z" */
static bool date_read(struct str text, int64_t *out)
{
	char copy[32];
	struct tm tm = { 0 };
	if (text.n != 20)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	const char *end = strptime(copy, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end)
		return false;
	*out = timegm(&tm);
	return true;
}

static bool word(struct str *rest, struct str *out)
{
	*rest = str_trim(*rest);
	if (!str_cut(rest, ' ', out)) {
		*out = *rest;
		*rest = STR("");
	}
	return out->n > 0;
}

/* key ID DATE SECRET; NULL when it was taken, else what is wrong with it. */
static const char *key_line(struct token_keys *keys, struct str rest)
{
	struct str id_text, date, secret_text;
	uint8_t id[4], secret[SECRET_SIZE];
	int64_t made_s;

	if (!word(&rest, &id_text) || !word(&rest, &date) || !word(&rest, &secret_text) || str_trim(rest).n)
		return "a key line is: key ID DATE SECRET";
	if (id_text.n != HEX_SIZE(sizeof id) || !hex_read(id_text, id, sizeof id))
		return "the key's id is not 8 hexadecimal digits";
	if (!date_read(date, &made_s))
		return "the key's date is not of the form 2026-11-24T15:20:00Z";
	if (secret_text.n != HEX_SIZE(SECRET_SIZE) || !hex_read(secret_text, secret, SECRET_SIZE))
		return "the key's secret is not 64 hexadecimal digits";
	uint32_t number = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
	if (token_keys_find(keys, number))
		return "a key with this id stands above; ids must differ";
	if (keys->count == KEYS_MAX)
		return "there are more than 32 keys; remove the oldest";

	bool ok = secret_add(keys, number, made_s, secret);
	mem_wipe(secret, sizeof secret);
	return ok ? NULL : "OpenSSL has no HMAC-SHA-256; install its default provider";
}

static const char *registration_line(struct token_keys *keys, struct str rest)
{
	uint8_t secret[16];
	struct str text = str_trim(rest);
	if (keys->has_registration)
		return "there is a second registration line; remove one of them";
	if (text.n != HEX_SIZE(sizeof secret) || !hex_read(text, secret, sizeof secret))
		return "the registration secret is not 32 hexadecimal digits";
	memcpy(&keys->registration, secret, sizeof secret);
	keys->has_registration = true;
	mem_wipe(secret, sizeof secret);
	return NULL;
}

static const char *line_read(struct token_keys *keys, struct str line)
{
	struct str what;
	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return NULL;
	word(&line, &what);
	if (str_eq(what, STR("key")))
		return key_line(keys, line);
	if (str_eq(what, STR("registration")))
		return registration_line(keys, line);
	return "a line begins with key, registration or #";
}

static int keys_read(struct token_keys *keys, const char *dir, struct str text, struct transport_error *why)
{
	struct str rest = text, line;
	for (unsigned number = 1; rest.n; number++) {
		if (!str_cut(&rest, '\n', &line)) {
			line = rest;
			rest = STR("");
		}
		const char *wrong = line_read(keys, line);
		if (wrong)
			return transport_fail(why, -EINVAL, "%s/" KEY_FILE ", line %u: %s", dir, number, wrong);
	}
	if (!keys->count || !keys->has_registration)
		return transport_fail(why, -EINVAL, "%s/" KEY_FILE " has no %s line. Restore it from a backup or another node; to start with new "
		                       "keys, which ends every registered flow, remove the file", dir,
		                       keys->count ? "registration" : "key");
	return 0;
}

static void add_random_hex(struct buf *b, size_t n)
{
	uint8_t bytes[SECRET_SIZE];
	random_bytes(bytes, n);
	hex_write(buf_reserve(b, HEX_SIZE(n)), bytes, n);
	b->n += HEX_SIZE(n);
	mem_wipe(bytes, sizeof bytes);
}

static void keys_write(struct buf *out)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;
	char date[32];
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));

	BUF_LIT(out, "# Keys of sluice's flow tokens. Secret; every node of a cluster has the same file.\n"
	        "# The newest key writes tokens, every key here is accepted. To rotate add a line and restart:\n"
	        "#     key ID DATE SECRET\n"
	        "# ID is 8 and SECRET 64 fresh hexadecimal digits (openssl rand -hex 4; openssl rand -hex 32). Remove an\n"
	        "# older key once the longest registration plus a day has passed. The registration line never changes.\n"
	        "registration ");
	add_random_hex(out, sizeof(struct hash_key));
	BUF_LIT(out, "\nkey ");
	add_random_hex(out, 4);
	buf_printf(out, " %s ", date);
	add_random_hex(out, SECRET_SIZE);
	BUF_LIT(out, "\n");
}

static void buf_fini_secret(struct buf *b)
{
	if (b->p)
		mem_wipe(b->p, b->cap);
	buf_fini(b);
}

/* Only a missing file makes a new key. With a fresh key every token from before would be a stranger's
 * (430), so anything else that is wrong with the file stops the start instead. OB-44 */
static int keys_load(struct token_keys *keys, const char *dir, struct transport_error *why)
{
	struct buf text = { 0 };
	buf_reserve(&text, 2 * STATE_FILE_MAX);         /* never moved: no copy of a secret stays behind */
	int err = state_file_read(dir, KEY_FILE, true, &text, why);
	if (err == -ENOENT) {
		keys_write(&text);
		err = state_file_make(dir, KEY_FILE, buf_str(&text), why);
		if (!err)
			log_write(LOG_INFO, "flow tokens: made a new key in %s/" KEY_FILE, dir);
	}
	if (!err)
		err = keys_read(keys, dir, buf_str(&text), why);
	buf_fini_secret(&text);
	return err;
}

/* --- the node's number --- */

static bool node_read(struct str text, uint32_t *out)
{
	struct str what;
	text = str_trim(text);
	return word(&text, &what) && str_eq(what, STR("node")) && str_u32(str_trim(text), UINT32_MAX, out) && *out;
}

static int node_load(struct token_keys *keys, const char *dir, struct transport_error *why)
{
	struct buf text = { 0 };
	int err = state_file_read(dir, NODE_FILE, false, &text, why);
	if (err == -ENOENT) {
		/* Nobody hands out numbers: 32 random bits do not meet in a cluster of a few nodes. */
		buf_printf(&text, "node %u\n", random_below(UINT32_MAX) + 1);
		err = state_file_make(dir, NODE_FILE, buf_str(&text), why);
	}
	if (!err && !node_read(buf_str(&text), &keys->node))
		err = transport_fail(why, -EINVAL, "%s/" NODE_FILE " does not read \"node NUMBER\" with a number from 1 to 4294967295; "
		                      "correct it, or remove it to get a new number", dir);
	buf_fini(&text);
	return err;
}

int token_keys_load(const char *dir, struct token_keys **out, struct transport_error *why)
{
	struct token_keys *keys = mem_zalloc(sizeof *keys);
	int err = 0;
	keys->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (!keys->hmac)
		err = transport_fail(why, -ENOSYS, "OpenSSL has no HMAC; install its default provider");
	if (!err)
		err = keys_load(keys, dir, why);
	if (!err)
		err = node_load(keys, dir, why);
	if (err) {
		token_keys_free(keys);
		return err;
	}
	random_bytes(keys->boot, sizeof keys->boot);
	*out = keys;
	return 0;
}

void token_keys_free(struct token_keys *keys)
{
	if (!keys)
		return;
	for (unsigned i = 0; i < keys->count; i++) {
		for (unsigned j = 0; j < SPARES; j++)
			EVP_MAC_CTX_free(atomic_load_explicit(&keys->key[i].spare[j], memory_order_acquire));
		EVP_MAC_CTX_free(keys->key[i].keyed);
	}
	EVP_MAC_free(keys->hmac);
	mem_wipe(keys, sizeof *keys);
	mem_free(keys);
}
