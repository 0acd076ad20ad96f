/* SPDX-License-Identifier: Apache-2.0 */
#include "token_keys.h"
#include "clock.h"
#include "hash.h"
#include "hmac.h"
#include "key_file.h"
#include "log.h"
#include "mem.h"
#include "random.h"
#include "transport_private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct token_key {
	uint32_t id;
	int64_t from_s;                 /* writes from then on */
	struct hmac_key hmac;
};

/* What one reading of the file gave. Only `writing` changes afterwards: time does that. */
_Static_assert(sizeof(struct hash_key) == KEY_REGISTRATION_SIZE, "the registration line is the hash's key");

struct key_set {
	unsigned count;
	atomic_uint writing;
	struct key_set *retired;        /* the one before it */
	struct token_key key[KEYS_MAX];
};

/* Which file was seen: any write, rename or chmod makes another one of it. */
struct stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec written, changed;
};

struct token_keys {
	uint32_t node;
	uint8_t boot[TOKEN_BOOT_SIZE];
	struct hash_key registration;
	_Atomic(struct key_set *) set;
	/* For the thread that watches alone. */
	char *dir;
	struct key_set *retired;
	struct stamp seen, pending;
};

static struct key_set *current(const struct token_keys *keys)
{
	return atomic_load_explicit(&keys->set, memory_order_acquire);
}

const struct token_key *token_keys_writing(const struct token_keys *keys)
{
	struct key_set *set = current(keys);
	return &set->key[atomic_load_explicit(&set->writing, memory_order_relaxed)];
}

static const struct token_key *find(struct key_set *set, uint32_t id)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->key[i].id == id)
			return &set->key[i];
	return NULL;
}

const struct token_key *token_keys_find(const struct token_keys *keys, uint32_t id)
{
	return find(current(keys), id);
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

void token_key_mac(const struct token_key *key, struct str body, struct str dialog, uint8_t mac[TOKEN_MAC_SIZE])
{
	uint8_t digest[HMAC_SIZE];
	hmac_sign(&key->hmac, body, dialog, digest);
	memcpy(mac, digest, TOKEN_MAC_SIZE);
}

/* Each half is hashed by itself, so no two pairs run together into the same bytes. */
uint64_t token_registration(const struct token_keys *keys, struct str aor, struct str instance)
{
	uint64_t halves[2] = { hash_str(keys->registration, aor), hash_str(keys->registration, instance) };
	uint64_t h = hash_bytes(keys->registration, halves, sizeof halves);
	return h ? h : 1;               /* 0 says nobody */
}

/* --- sets --- */

static void set_free(struct key_set *set)
{
	if (!set)
		return;
	mem_wipe(set, sizeof *set);
	mem_free(set);
}

static struct key_set *set_new(const struct key_file *f, int64_t now_s)
{
	struct key_set *set = mem_zalloc(sizeof *set);
	for (unsigned i = 0; i < f->count; i++) {
		struct token_key *key = &set->key[set->count++];
		key->id = f->row[i].id;
		key->from_s = f->row[i].from_s;
		hmac_key_init(&key->hmac, f->row[i].secret, KEY_SECRET_SIZE);
	}
	atomic_init(&set->writing, key_file_writing(f, now_s));
	return set;
}

/* --- start --- */

static struct stamp look(const char *dir)
{
	char path[4096];
	struct stat st;
	snprintf(path, sizeof path, "%s/" KEY_FILE_NAME, dir);
	if (stat(path, &st))
		return (struct stamp){ 0 };
	return (struct stamp){ st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_file(const struct stamp *a, const struct stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && same_time(a->written, b->written) &&
	       same_time(a->changed, b->changed);
}

/* Only a missing file makes a new key. With a fresh key every token from before would be a stranger's
 * (430), so anything else that is wrong with the file stops the start instead. OB-44 */
static int file_load(const char *dir, int64_t now_s, struct key_file *f, struct transport_error *why)
{
	struct key_problem problem;
	int err = key_file_read(dir, f, &problem);
	if (err == -ENOENT) {
		key_file_new(f, now_s);
		err = key_file_write(dir, f, why);
		if (!err)
			log_write(LOG_INFO, "flow tokens: made a new key in %s/" KEY_FILE_NAME, dir);
	} else if (err) {
		*why = problem.said;
	}
	return err;
}

static int keys_load(struct token_keys *keys, struct transport_error *why)
{
	struct key_file file;
	int64_t now_s = clock_wall_ms() / 1000;
	struct stamp before = look(keys->dir);          /* before reading: a write in between is seen later */
	int err = file_load(keys->dir, now_s, &file, why);
	if (!err) {
		keys->seen = keys->pending = before.ino ? before : look(keys->dir);
		memcpy(&keys->registration, file.registration, sizeof keys->registration);
		atomic_init(&keys->set, set_new(&file, now_s));
	}
	key_file_wipe(&file);
	return err;
}

/* Nobody hands out numbers: 32 random bits do not meet in a cluster of a few nodes. */
static int node_load(struct token_keys *keys, struct transport_error *why)
{
	int err = node_file_read(keys->dir, &keys->node, why);
	if (err == -ENOENT) {
		keys->node = random_below(UINT32_MAX) + 1;
		err = node_file_write(keys->dir, keys->node, why);
	}
	return err;
}

int token_keys_load(const char *dir, struct token_keys **out, struct transport_error *why)
{
	struct token_keys *keys = mem_zalloc(sizeof *keys);
	size_t n = strlen(dir) + 1;
	keys->dir = memcpy(mem_alloc(n), dir, n);
	int err = keys_load(keys, why);
	if (!err)
		err = node_load(keys, why);
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
	token_keys_sweep(keys);
	set_free(current(keys));
	mem_free(keys->dir);
	mem_wipe(keys, sizeof *keys);
	mem_free(keys);
}

/* --- while running --- */

static void use_by_time(struct key_set *set, int64_t now_s)
{
	unsigned before = atomic_load_explicit(&set->writing, memory_order_relaxed), row = set->count - 1;
	while (row && set->key[row].from_s > now_s)
		row--;
	if (row == before)
		return;
	atomic_store_explicit(&set->writing, row, memory_order_relaxed);
	log_write(LOG_INFO, "flow tokens: key %08x writes from now on", set->key[row].id);
}

static int take_over(struct token_keys *keys, const struct key_file *f, int64_t now_s, struct transport_error *why)
{
	/* It says who is registered on a flow, in tokens that phones and other nodes hold: it cannot change under way. */
	if (memcmp(&keys->registration, f->registration, sizeof keys->registration))
		return transport_fail(why, -EINVAL, "%s/" KEY_FILE_NAME " is of another cluster (its registration line is another one); "
		                      "restart to take it over, then phones register again", keys->dir);
	struct key_set *old = current(keys), *set = set_new(f, now_s);
	for (unsigned i = 0; i < old->count; i++)
		if (!find(set, old->key[i].id))
			log_write(LOG_WARN, "flow tokens: key %08x was taken out of %s/" KEY_FILE_NAME ": what it wrote is a stranger's now",
			          old->key[i].id, keys->dir);
	old->retired = keys->retired;
	keys->retired = old;
	atomic_store_explicit(&keys->set, set, memory_order_release);
	log_write(LOG_INFO, "flow tokens: read %s/" KEY_FILE_NAME " again: %u keys, %08x writes", keys->dir, set->count,
	          token_keys_writing(keys)->id);
	return 1;
}

static int read_again(struct token_keys *keys, int64_t now_s, struct transport_error *why)
{
	struct key_file file;
	struct key_problem problem;
	int got = key_file_read(keys->dir, &file, &problem);
	if (!got)
		got = take_over(keys, &file, now_s, why);
	else if (got == -ENOENT)
		transport_fail(why, got, "%s/" KEY_FILE_NAME " is gone; put it back from another node or a backup", keys->dir);
	else
		*why = problem.said;
	key_file_wipe(&file);
	if (got < 0)
		log_write(LOG_ERROR, "flow tokens: %s. The keys from before stay in use", why->text);
	return got;
}

int token_keys_watch(struct token_keys *keys, int64_t wall_ms, bool at_once, struct transport_error *why)
{
	int64_t now_s = wall_ms / 1000;
	struct stamp now = look(keys->dir);
	use_by_time(current(keys), now_s);
	if (same_file(&now, &keys->seen))
		return 0;
	/* Somebody may be copying it in this moment. */
	if (!at_once && !same_file(&now, &keys->pending)) {
		keys->pending = now;
		return 0;
	}
	keys->seen = keys->pending = now;
	return read_again(keys, now_s, why);
}

void token_keys_sweep(struct token_keys *keys)
{
	while (keys->retired) {
		struct key_set *set = keys->retired;
		keys->retired = set->retired;
		set_free(set);
	}
}
