/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include "frame.h"
#include "hash.h"
#include "segment.h"
#include <stddef.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the store alone: keys and records are words, time is a number --- */
enum { WORDS = 16 };

struct bench {
	char folder[64];
	bool go_on;                     /* in memory, when the disk fails */
	struct store *store;
	sem_t committed;
	unsigned told, failed;
	char order[64];
	/* what recovery gave */
	char words[WORDS][32];
	unsigned count;
	uint64_t highest;
	/* what a snapshot gives */
	const struct store_row *live;
	unsigned live_count, snapshots;
};

struct put {
	struct store_batch batch;
	struct store_row row;
};

static void committed(void *user, struct store_batch *const *batches, unsigned count, int err)
{
	struct bench *b = user;
	for (unsigned i = 0; i < count; i++) {
		struct put *p = (struct put *)batches[i];
		size_t n = strlen(b->order);
		if (n + 1 < sizeof b->order)
			snprintf(b->order + n, sizeof b->order - n, "%llu", (unsigned long long)p->row.seq % 10);
		b->told++;
		b->failed += err != 0;
		free(p);
		sem_post(&b->committed);
	}
}

static void put_later(struct bench *b, uint64_t seq, const char *key, const char *record, int64_t expires)
{
	struct put *p = calloc(1, sizeof *p);
	p->row = (struct store_row){ seq, str_of(key), str_of(record), expires };
	p->batch = (struct store_batch){ .rows = &p->row, .count = 1 };
	store_put(b->store, &p->batch);
}

static void put(struct bench *b, uint64_t seq, const char *key, const char *record, int64_t expires)
{
	put_later(b, seq, key, record, expires);
	sem_wait(&b->committed);
}

static void recovered(void *user, const struct store_row *row)
{
	struct bench *b = user;
	assert_true(b->count < WORDS);
	snprintf(b->words[b->count++], sizeof b->words[0], "%.*s=%.*s", STR_FMT(row->key), STR_FMT(row->record));
}

static void snapshot(void *user, void (*put_row)(void *sink, const struct store_row *row), void *sink)
{
	struct bench *b = user;
	b->snapshots++;
	for (unsigned i = 0; i < b->live_count; i++)
		put_row(sink, &b->live[i]);
}

static void open_store(struct bench *b, int64_t wall_ms, int64_t segment_ms)
{
	char why[300] = "";
	struct store_settings s = { .folder = b->folder, .segment_ms = segment_ms, .retry_ms = 1,
	                            .refuse_on_failure = !b->go_on };
	struct store_client client = { .user = b, .snapshot = snapshot, .committed = committed };
	b->count = 0;
	if (store_open(&s, &b->store, why, sizeof why) ||
	    store_recover(b->store, wall_ms, recovered, b, &b->highest, why, sizeof why) ||
	    store_start(b->store, &client, why, sizeof why))
		fail_msg("%s", why);
	qsort(b->words, b->count, sizeof b->words[0], (int (*)(const void *, const void *))strcmp);
}

static void again(struct bench *b, int64_t wall_ms, int64_t segment_ms)
{
	store_close(b->store);
	open_store(b, wall_ms, segment_ms);
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	sem_init(&b->committed, 0, 0);
	kit_make_folder(b->folder);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	store_close(b->store);
	kit_remove_folder(b->folder);
	free(b);
	return 0;
}

static unsigned files(const struct bench *b, const char *suffix)
{
	return kit_count_files(b->folder, suffix);
}

/* Far in the future of the machine's own clock, which decides what may be unlinked. */
#define LATE 9000000000000

static void highest_sequence_of_a_key_wins_whatever_the_order_of_writing(void **state)
{
	struct bench *b = *state;
	open_store(b, 0, 0);
	put(b, 2, "k", "new", LATE);
	put(b, 1, "k", "old", LATE);
	put(b, 3, "gone", "x", LATE);
	put(b, 5, "gone", "", LATE);
	put(b, 4, "gone", "y", LATE);
	put(b, 6, "past", "x", 99);
	again(b, 100, 0);
	assert_int_equal(b->count, 1);
	assert_string_equal(b->words[0], "k=new");
	assert_int_equal(b->highest, 6);
}

static void rows_survive_across_segments(void **state)
{
	struct bench *b = *state;
	open_store(b, 0, -1);           /* a new segment for every commit */
	put(b, 1, "a", "1", LATE);
	put(b, 2, "b", "1", LATE);
	put(b, 3, "a", "2", LATE);
	put(b, 4, "b", "", LATE);
	assert_true(files(b, ".journal") >= 4);
	again(b, 0, 900000);
	assert_int_equal(b->count, 1);
	assert_string_equal(b->words[0], "a=2");
}

static void segment_is_unlinked_when_everything_in_it_has_expired(void **state)
{
	struct bench *b = *state;
	open_store(b, 0, -1);
	put(b, 1, "a", "1", 1000);      /* long ago for the machine's clock */
	put(b, 2, "b", "1", LATE);
	put(b, 3, "c", "1", 1000);
	put(b, 4, "d", "1", LATE);
	struct store_counts c;
	store_count(b->store, &c);
	assert_int_equal(c.commits, 4);
	assert_int_equal(c.rows, 4);
	assert_int_equal(c.segments, files(b, ".journal"));
	assert_int_equal(c.segments, 2);        /* those of b and d */
	again(b, 0, 900000);
	assert_int_equal(b->count, 2);
}

static void folder_in_use_is_refused_with_the_process_that_uses_it(void **state)
{
	struct bench *b = *state;
	char why[300] = "", expected[300];
	struct store *second;
	open_store(b, 0, 0);
	struct store_settings s = { .folder = b->folder };
	assert_int_equal(store_open(&s, &second, why, sizeof why), -EBUSY);
	snprintf(expected, sizeof expected, "the state folder %s is in use by process %ld: stop that one first, or name another folder",
	         b->folder, (long)getpid());
	assert_string_equal(why, expected);
	again(b, 0, 0);                 /* and free again after closing */
}

static void folder_that_cannot_be_used_is_named_in_the_error(void **state)
{
	static const struct { const char *folder, *says; } rows[] = {
		{ "/nonexistent/sluice", "the state folder /nonexistent/sluice does not exist" },
		{ "/proc/self/fd", "cannot write in the state folder /proc/self/fd (" },
		{ "/dev/null", "cannot write in the state folder /dev/null (" },
	};
	struct store *store;
	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char why[300] = "";
		assert_true(store_open(&(struct store_settings){ .folder = rows[i].folder }, &store, why, sizeof why) < 0);
		if (!strstr(why, rows[i].says) && !strstr(why, "does not exist"))
			fail_msg("%s", why);
	}
}

static void newest_segment(const struct bench *b, char path[512])
{
	unsigned best = 0, number;
	DIR *dir = opendir(b->folder);
	for (struct dirent *d; (d = readdir(dir));)
		if (sscanf(d->d_name, "location-%u.journal", &number) == 1 && number > best)
			best = number;
	closedir(dir);
	snprintf(path, 512, "%s/location-%u.journal", b->folder, best);
}

static void damaged_segment_is_set_aside_and_the_rest_is_kept(void **state)
{
	struct bench *b = *state;
	open_store(b, 0, -1);
	put(b, 1, "a", "1", LATE);
	store_close(b->store);
	open_store(b, 0, 900000);
	put(b, 2, "b", "1", LATE);
	store_close(b->store);
	char path[512];
	newest_segment(b, path);
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_true(write(fd, "this is no database, and long enough to be looked at as one ......................................", 96) == 96);
	close(fd);

	static const struct store_row live = { 1, STR_INIT("a"), STR_INIT("1"), LATE };
	b->live = &live;
	b->live_count = 1;
	open_store(b, 0, 900000);
	assert_int_equal(b->count, 1);
	assert_string_equal(b->words[0], "a=1");
	/* A new segment holds all that lives; the damaged one is kept for whoever looks into it. */
	assert_int_equal(b->snapshots, 1);
	assert_int_equal(files(b, ".damaged"), 1);
	assert_int_equal(files(b, ".journal"), 1);
	again(b, 0, 900000);
	assert_string_equal(b->words[0], "a=1");
}

/* --- what may happen to a file --- */
struct image {
	char path[512], bytes[1 << 20];
	size_t n;
};

static void load(const struct bench *b, struct image *f)
{
	newest_segment(b, f->path);
	FILE *file = fopen(f->path, "rb");
	assert_non_null(file);
	f->n = fread(f->bytes, 1, sizeof f->bytes, file);
	fclose(file);
}

static void save(const struct image *f)
{
	FILE *file = fopen(f->path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(f->bytes, 1, f->n, file), f->n);
	fclose(file);
}

/* Where the frame begins that holds this word. */
static char *frame_of(struct image *f, const char *word)
{
	char *at = memmem(f->bytes, f->n, word, strlen(word));
	assert_non_null(at);
	char *marker = f->bytes + FRAME_HEAD, *found = NULL;
	for (char *p = marker; p < at; p += 8)
		if (memcmp(p, marker, 8) == 0)
			found = p;
	assert_non_null(found);
	return found;
}

static void open_and_find(struct bench *b, const char *const *words, unsigned count, unsigned damaged)
{
	open_store(b, 0, 900000);
	assert_int_equal(b->count, count);
	for (unsigned i = 0; i < count; i++)
		assert_string_equal(b->words[i], words[i]);
	assert_int_equal(files(b, ".damaged"), damaged);
}

static void put_words(struct bench *b, unsigned count)
{
	open_store(b, 0, 900000);
	for (unsigned i = 1; i <= count; i++) {
		char key[8];
		snprintf(key, sizeof key, "k%02u", i);
		put(b, i, key, "v", LATE);
	}
	store_close(b->store);
	b->store = NULL;
}

static void rows_around_damage_are_kept(void **state)
{
	struct bench *b = *state;
	static struct image f;
	open_store(b, 0, 900000);
	put(b, 100, "k02", "older", LATE);
	store_close(b->store);
	put_words(b, 9);
	open_store(b, 0, 900000);
	put(b, 200, "k03", "", LATE);
	put(b, 201, "k07", "w", LATE);
	put(b, 202, "k08", "w", LATE);
	store_close(b->store);
	load(b, &f);
	memset(frame_of(&f, "k07") + 40, 'x', 5);
	save(&f);
	/* A removal before the damage counts as well as a row behind it; of the damaged one the older value is left. */
	open_and_find(b, (const char *const[]){ "k01=v", "k02=older", "k04=v", "k05=v", "k06=v", "k07=v", "k08=w", "k09=v" }, 8, 1);
	assert_int_equal(b->highest, 202);
}

/* Each byte of a commit that was followed by another one. */
static void every_damaged_byte_is_seen(void **state)
{
	struct bench *b = *state;
	static struct image f;
	put_words(b, 3);
	load(b, &f);
	size_t from = (size_t)(frame_of(&f, "k02") - f.bytes), to = (size_t)(frame_of(&f, "k03") - f.bytes);
	size_t rows_end = to - FRAME_LEAST;
	for (size_t i = from; i < to; i++) {
		struct segment_seen seen;
		f.bytes[i] ^= 0x10;
		save(&f);
		b->count = 0;
		assert_int_equal(segment_read(f.path, &seen, recovered, b), -EBADMSG);
		assert_int_equal(b->count, i < rows_end ? 2 : 3);       /* what ends the commit is damaged, not the row */
		f.bytes[i] ^= 0x10;
	}
	save(&f);
}

static void every_cut_of_the_last_commit_is_no_damage(void **state)
{
	struct bench *b = *state;
	static struct image f;
	put_words(b, 3);
	load(b, &f);
	size_t from = (size_t)(frame_of(&f, "k03") - f.bytes), end = f.n;
	for (size_t cut = from; cut < from + 88; cut++)  /* behind it the frame that ends it has zeros only */ {
		struct segment_seen seen;
		for (unsigned zeros = 0; zeros < 2; zeros++) {
			static struct image g;
			g = f;
			memset(g.bytes + cut, 0, end - cut);
			g.n = zeros ? end : cut;
			save(&g);
			b->count = 0;
			assert_int_equal(segment_read(f.path, &seen, recovered, b), 0);
			assert_int_equal(b->count, 2);
		}
	}
}

static void file_without_its_head_is_read_by_its_first_frame(void **state)
{
	struct bench *b = *state;
	static struct image f;
	put_words(b, 2);
	load(b, &f);
	memset(f.bytes, 0, FRAME_HEAD);
	save(&f);
	open_and_find(b, (const char *const[]){ "k01=v", "k02=v" }, 2, 1);
}

/* The process ended while it made the file. */
static void file_with_a_part_of_a_head_is_empty(void **state)
{
	struct bench *b = *state;
	static struct image f, g;
	open_store(b, 0, 900000);
	store_close(b->store);
	load(b, &f);
	for (size_t n = 0; n < 48; n++) {
		g = f;
		memset(g.bytes + n, 0, FRAME_HEAD - n);
		g.n = n % 2 ? n : g.n;
		save(&g);
		struct segment_seen seen;
		assert_int_equal(segment_read(g.path, &seen, recovered, b), 0);
	}
	b->store = NULL;
}

/* A phone that knew how frames look, but not the marker of the file. */
static void record_that_looks_like_a_frame_is_none(void **state)
{
	struct bench *b = *state;
	static struct image f;
	char forged[128];
	struct store_row row = { 99, STR_INIT("forged"), STR_INIT("x"), LATE };
	frame_write(forged, 0x1234567812345678, FRAME_HEAD, &row, 1);
	open_store(b, 0, 900000);
	struct put *p = calloc(1, sizeof *p);
	p->row = (struct store_row){ 1, STR("k01"), { forged, frame_size(&row, 1) }, LATE };
	p->batch = (struct store_batch){ .rows = &p->row, .count = 1 };
	store_put(b->store, &p->batch);
	sem_wait(&b->committed);
	put(b, 2, "k02", "v", LATE);
	store_close(b->store);
	load(b, &f);
	frame_of(&f, "k01")[9] ^= 1;
	save(&f);
	open_and_find(b, (const char *const[]){ "k02=v" }, 1, 1);
}

/* Of the time when segments were SQLite's. */
static void files_of_an_earlier_sluice_stay_where_they_are(void **state)
{
	struct bench *b = *state;
	char path[512];
	snprintf(path, sizeof path, "%s/location-7.db", b->folder);
	FILE *file = fopen(path, "w");
	fputs("SQLite format 3", file);
	fclose(file);
	open_store(b, 0, 900000);
	put(b, 1, "k01", "v", LATE);
	again(b, 0, 900000);
	assert_int_equal(b->count, 1);
	assert_int_equal(files(b, ".db"), 1);
}

static void segment_of_a_newer_sluice_is_left_alone(void **state)
{
	struct bench *b = *state;
	open_store(b, 0, 900000);
	put(b, 1, "a", "1", LATE);
	store_close(b->store);
	char why[300] = "";
	static struct image f;
	load(b, &f);
	f.bytes[16]++;                  /* the format, and the sum that goes with it */
	uint64_t sum = hash_bytes((struct hash_key){ 0, 0 }, f.bytes, 32);
	memcpy(f.bytes + 32, &sum, sizeof sum);
	save(&f);

	struct store_settings s = { .folder = b->folder };
	assert_int_equal(store_open(&s, &b->store, why, sizeof why), 0);
	assert_int_equal(store_recover(b->store, 0, recovered, b, &b->highest, why, sizeof why), -ENOTSUP);
	assert_non_null(strstr(why, "written by a newer sluice"));
	assert_int_equal(files(b, ".damaged"), 0);
}

static void files_are_private(void **state)
{
	struct bench *b = *state;
	open_store(b, 0, 900000);
	put(b, 1, "a", "1", LATE);
	DIR *dir = opendir(b->folder);
	for (struct dirent *d; (d = readdir(dir));) {
		struct stat st;
		char path[512];
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", b->folder, d->d_name);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
	}
	closedir(dir);
}

static void closing_commits_what_is_queued(void **state)
{
	struct bench *b = *state;
	open_store(b, 0, 900000);
	for (uint64_t i = 1; i <= 9; i++)
		put_later(b, i, "k", "v", LATE);
	store_close(b->store);
	assert_int_equal(b->told, 9);
	assert_int_equal(b->failed, 0);
	assert_string_equal(b->order, "123456789");
	open_store(b, 0, 900000);
	assert_int_equal(b->highest, 9);
}

/* No file may grow past `bytes`: what a full disk does, without a disk. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void put_until_it_fails(struct bench *b)
{
	limit_files(70000);
	for (uint64_t seq = 10; store_durable(b->store) && seq < 5000; seq++)
		put(b, seq, "k", "v", LATE);
	assert_false(store_durable(b->store));
	limit_files(RLIM_INFINITY);
}

static void put_until_it_works(struct bench *b)
{
	static const struct store_row live[] = { { 1, STR_INIT("a"), STR_INIT("1"), LATE },
	                                         { 2, STR_INIT("b"), STR_INIT("1"), LATE } };
	b->live = live;
	b->live_count = 2;
	for (uint64_t seq = 5000; !store_durable(b->store); seq++)      /* a retry is due after a few ms */
		put(b, seq, "new", "1", LATE);
	put(b, 9000, "new", "2", LATE);
	assert_int_equal(b->snapshots, 1);
	assert_int_equal(files(b, ".journal"), 1);
}

static void failed_segment_is_followed_by_one_with_all_that_lives(void **state)
{
	struct bench *b = *state;
	open_store(b, 0, 900000);
	put(b, 1, "a", "1", LATE);
	put(b, 3, "c", "1", LATE);
	put_until_it_fails(b);
	assert_true(b->failed > 0);
	put_until_it_works(b);
	again(b, 0, 900000);
	/* Neither c nor k lived when the new segment began, so the old one's rows are of no meaning. */
	assert_int_equal(b->count, 3);
	assert_string_equal(b->words[0], "a=1");
	assert_string_equal(b->words[1], "b=1");
	assert_string_equal(b->words[2], "new=2");
}

static void in_memory_mode_nobody_is_refused_and_the_alarm_is_up(void **state)
{
	struct bench *b = *state;
	b->go_on = true;
	open_store(b, 0, 900000);
	put_until_it_fails(b);
	assert_int_equal(b->failed, 0);
	struct store_counts c;
	store_count(b->store, &c);
	assert_true(c.errors > 0);
	put_until_it_works(b);
	assert_true(store_durable(b->store));
}

/* --- location over it --- */
#define BOB "bob@example.com"
#define PHONE "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"

static int setup_kit(void **state)
{
	static struct kit k;
	kit_start(&k, NULL, true);
	*state = &k;
	return 0;
}

static int teardown_kit(void **state)
{
	kit_stop(*state);
	return 0;
}

/* RG-31 */
static void bindings_survive_a_restart_but_not_over_a_stream_of_an_earlier_process(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:udp@h", .expires_s = 600, .cseq = 1, .udp_port = 5070 });
	kit_register(k, (struct reg){ .contact = "sip:edge@h", .instance = PHONE, .reg_id = 1, .expires_s = 600, .cseq = 2,
	                              .path = "<sip:t@edge;lr;ob>" });
	kit_register(k, (struct reg){ .aor = "tcp@example.com", .contact = "sip:tcp@h", .instance = PHONE, .reg_id = 1,
	                              .expires_s = 600, .cseq = 3, .stream = 7 });
	kit_register(k, (struct reg){ .contact = "sip:short@h", .expires_s = 5, .cseq = 4 });
	kit_register(k, (struct reg){ .contact = "sip:gone@h", .expires_s = 600, .cseq = 5 });
	kit_register(k, (struct reg){ .contact = "sip:gone@h", .expires_s = 0, .cseq = 6 });
	k->now_ms += 5000;
	kit_restart(k);

	assert_string_equal(kit_targets(k, BOB), "sip:edge@h|sip:udp@h");
	struct target_set set = kit_find(k, BOB);
	assert_true(set.instances[1].flows[0].via_flow);
	assert_int_equal(set.instances[1].flows[0].flow.remote.port, 5070);
	assert_true(str_eq(set.instances[0].flows[0].path, STR("<sip:t@edge;lr;ob>")));

	set = kit_find(k, "tcp@example.com");
	assert_int_equal(set.instance_count, 0);
	assert_true(set.known_flow_lost);
	struct location_counts c;
	location_count(k->loc, &c);
	assert_int_equal(c.flow_lost, 1);
	/* It still guards the order of its Call-ID, and gives way to the new flow. */
	struct reg r = { .aor = "tcp@example.com", .contact = "sip:tcp@h", .instance = PHONE, .reg_id = 1, .expires_s = 600,
	                 .cseq = 3, .stream = 7 };
	assert_int_equal(kit_register(k, r), LOCATION_STALE);
	r.cseq = 4;
	assert_int_equal(kit_register(k, r), LOCATION_DONE);
	assert_string_equal(kit_targets(k, "tcp@example.com"), "sip:tcp@h");
}

/* The put with the longer expiry must not come back when the shorter one's row is of no use any more. */
static void shortened_and_removed_bindings_stay_so_after_a_restart(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:a@h", .expires_s = 7200, .cseq = 1 });
	kit_register(k, (struct reg){ .contact = "sip:a@h", .expires_s = 60, .cseq = 2 });
	kit_register(k, (struct reg){ .contact = "sip:b@h", .expires_s = 7200, .cseq = 3 });
	kit_register(k, (struct reg){ .contact = "sip:b@h", .expires_s = 60, .cseq = 4 });
	kit_register(k, (struct reg){ .contact = "sip:b@h", .expires_s = 0, .cseq = 5 });
	kit_restart(k);
	assert_string_equal(kit_targets(k, BOB), "sip:a@h");
	k->now_ms += 61000;
	kit_restart(k);
	assert_string_equal(kit_targets(k, BOB), "");
}

static void binding_spelled_anew_is_one_binding_after_a_restart(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:a@h", .expires_s = 600, .cseq = 1 });
	kit_register(k, (struct reg){ .contact = "SIP:a@H", .expires_s = 600, .cseq = 2 });
	kit_restart(k);
	assert_string_equal(kit_targets(k, BOB), "SIP:a@H");
	kit_register(k, (struct reg){ .contact = "sip:a@h", .expires_s = 0, .cseq = 3 });
	kit_restart(k);
	assert_string_equal(kit_targets(k, BOB), "");
}

static void dropped_binding_stays_dropped_after_a_restart(void **state)
{
	struct kit *k = *state;
	kit_register(k, (struct reg){ .contact = "sip:a@h", .expires_s = 600, .cseq = 1 });
	assert_true(location_drop(k->loc, STR(BOB), kit_find(k, BOB).instances[0].flows[0].id, k->now_ms));
	kit_restart(k);
	assert_string_equal(kit_targets(k, BOB), "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define K(name) cmocka_unit_test_setup_teardown(name, setup_kit, teardown_kit)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(highest_sequence_of_a_key_wins_whatever_the_order_of_writing),
		T(rows_survive_across_segments),
		T(segment_is_unlinked_when_everything_in_it_has_expired),
		T(folder_in_use_is_refused_with_the_process_that_uses_it),
		T(folder_that_cannot_be_used_is_named_in_the_error),
		T(damaged_segment_is_set_aside_and_the_rest_is_kept),
		T(rows_around_damage_are_kept),
		T(every_damaged_byte_is_seen),
		T(every_cut_of_the_last_commit_is_no_damage),
		T(file_without_its_head_is_read_by_its_first_frame),
		T(file_with_a_part_of_a_head_is_empty),
		T(record_that_looks_like_a_frame_is_none),
		T(files_of_an_earlier_sluice_stay_where_they_are),
		T(segment_of_a_newer_sluice_is_left_alone),
		T(files_are_private),
		T(closing_commits_what_is_queued),
		T(failed_segment_is_followed_by_one_with_all_that_lives),
		T(in_memory_mode_nobody_is_refused_and_the_alarm_is_up),
		K(bindings_survive_a_restart_but_not_over_a_stream_of_an_earlier_process),
		K(shortened_and_removed_bindings_stay_so_after_a_restart),
		K(binding_spelled_anew_is_one_binding_after_a_restart),
		K(dropped_binding_stays_dropped_after_a_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
