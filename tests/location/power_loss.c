/* SPDX-License-Identifier: Apache-2.0 */
/* The power fails at every step of a run: every write, sync, truncation, and change of a name. Each time what had been
 * promised must be found by the next start, and nothing that was removed, whatever the disk made of the rest.
 *
 * SLUICE_CRASH_SEED: the first run to make [1]; SLUICE_CRASH_RUNS: how many of each kind [1]. */
#include "disk.h"
#include "kit.h"
#include "platter.h"
#include "run.h"
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 32, AGAIN_STEPS = 5, AGAIN = 3 };

static const struct ruin ruins[] = {
	{ RUIN_ALL_NAMES, RUIN_ALL_BYTES, 0, 0 },       /* as after kill -9 */
	{ RUIN_NO_NAMES, RUIN_NO_BYTES, 0, 0 },
	{ RUIN_ALL_NAMES, RUIN_NO_BYTES, 0, 0 },
	{ RUIN_NO_NAMES, RUIN_ALL_BYTES, 0, 0 },
	{ RUIN_ALL_NAMES, RUIN_FIRST_BYTES, 0, 0 },
	{ RUIN_ANY_NAMES, RUIN_FIRST_BYTES, 0, 0 },
	{ RUIN_ANY_NAMES, RUIN_ANY_SECTORS, 50, 0 },
	{ RUIN_ALL_NAMES, RUIN_ANY_SECTORS, 90, 0 },
	{ RUIN_ANY_NAMES, RUIN_ANY_WRITES, 50, 0 },
};
enum { RUINS = sizeof ruins / sizeof ruins[0] };

static unsigned from_environment(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);
	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

struct crashes {
	struct run run;
	struct platter *platter;
	char ruin[64];                  /* the folder of the next start */
	char again[AGAIN][64];          /* ruins that are kept, to crash again while they are recovered */
	unsigned again_count;
	int64_t again_wall_ms[AGAIN];
	uint64_t seed;
	unsigned draws;                 /* how often the dice are cast for each kind of ruin */
	unsigned points;
};

/* The state of affairs after `step` steps. */
static void one_ruin(struct crashes *c, size_t step, unsigned kind, unsigned draw)
{
	char why[800] = "";
	struct run_found found[RUN_KEYS];
	struct ruin how = ruins[kind];
	how.seed = ((c->seed * 100000 + step) * RUINS + kind) * 100 + draw;
	int64_t wall_ms = disk_at(step - 1)->wall_ms;
	platter_write(c->platter, c->ruin, how);
	if (!run_recover(c->ruin, wall_ms, found, why, sizeof why) ||
	    !run_keeps_promises(&c->run, step, wall_ms, found, why, sizeof why))
		fail_msg("seed %llu, step %zu, ruin %u: %s", (unsigned long long)c->seed, step, kind, why);
	kit_empty_folder(c->ruin);
	c->points++;
}

static void keep_for_later(struct crashes *c, size_t step, size_t last)
{
	if (c->again_count == AGAIN || step < last * (c->again_count + 1) / (AGAIN + 1) || platter_safe(c->platter))
		return;
	struct ruin how = ruins[c->again_count % RUINS];
	how.seed = c->seed + step;
	kit_make_folder(c->again[c->again_count]);
	platter_write(c->platter, c->again[c->again_count], how);
	c->again_wall_ms[c->again_count++] = disk_at(step - 1)->wall_ms;
}

static void crash_everywhere(struct crashes *c, size_t first, size_t stride)
{
	size_t last = disk_count();
	c->platter = platter_new();
	kit_make_folder(c->ruin);
	for (size_t step = 1; step <= last; step++) {
		platter_step(c->platter, disk_at(step - 1));
		if (step < first || (step - first) % stride)
			continue;
		unsigned kinds = platter_safe(c->platter) ? 1 : RUINS;
		for (unsigned i = 0; i < kinds * c->draws; i++)
			one_ruin(c, step, i % kinds, i / kinds);
		keep_for_later(c, step, last);
	}
	kit_remove_folder(c->ruin);
	platter_free(c->platter);
}

/* The power fails again while what it left the first time is read and put in order. */
static void crash_again(struct crashes *c, unsigned steps, bool refuse)
{
	char why[300] = "";
	for (unsigned i = 0; i < c->again_count; i++) {
		struct crashes second = { .seed = c->seed + i, .draws = c->draws };
		disk_clock.wall_ms = c->again_wall_ms[i];
		disk_watch(c->again[i]);
		size_t before = disk_count();
		if (!run_start(&second.run, c->again[i], c->seed + i, refuse, why, sizeof why))
			fail_msg("%s", why);
		run_steps(&second.run, steps, true);
		run_close(&second.run);
		disk_stop();
		second.again_count = AGAIN;
		crash_everywhere(&second, before, 1);
		c->points += second.points;
		run_free(&second.run);
		kit_remove_folder(c->again[i]);
	}
}

/* A run of c->seed in a new folder, recorded from its first step. */
static void begin(struct crashes *c, char folder[64], bool refuse)
{
	char why[300] = "";
	kit_make_folder(folder);
	disk_clock = (struct disk_clock){ 1000000, 1700000000000 };
	disk_watch(folder);
	if (!run_start(&c->run, folder, c->seed, refuse, why, sizeof why))
		fail_msg("%s", why);
}

static void crash_a_run(bool refuse, uint64_t seed)
{
	static struct crashes c;
	char folder[64];
	c = (struct crashes){ .seed = seed, .draws = 1 };
	begin(&c, folder, refuse);
	run_steps(&c.run, STEPS, true);
	run_close(&c.run);
	disk_stop();
	size_t steps = disk_count();
	crash_everywhere(&c, 1, 1);
	unsigned first = c.points;
	crash_again(&c, AGAIN_STEPS, refuse);
	run_free(&c.run);
	disk_forget();
	kit_remove_folder(folder);
	print_message("seed %llu: %zu steps, %u crash points, %u more while recovering\n", (unsigned long long)seed, steps, first,
	              c.points - first);
}

static void crash_runs(bool refuse)
{
	unsigned seed = from_environment("SLUICE_CRASH_SEED", 1), runs = from_environment("SLUICE_CRASH_RUNS", 1);
	for (unsigned i = 0; i < runs; i++)
		crash_a_run(refuse, seed + i);
}

/* RG-31 RG-09 */
static void what_was_promised_survives_a_power_loss_at_any_step(void **state)
{
	(void)state;
	crash_runs(true);
}

static void what_was_durable_in_memory_mode_survives_a_power_loss_at_any_step(void **state)
{
	(void)state;
	crash_runs(false);
}

/* In memory mode a binding is removed while the disk fails; the next segment has all that lives, and makes the one obsolete in
 * which the binding stands. Its removal from the folder is lost with the power, and the next start finds both, with
 * nothing in the newer one that has not expired. */
static void obsolete_segment_is_gone_for_good_before_the_one_that_made_it_so(void **state)
{
	(void)state;
	static struct crashes c;
	char folder[64];
	c = (struct crashes){ .seed = 1, .again_count = 1, .draws = 20 };
	kit_make_folder(c.again[0]);
	begin(&c, folder, false);
	run_register(&c.run, 0, RUN_LONG_S);
	disk_fail(0, UINT_MAX, EIO, DISK_CALL_SYNC);
	run_register(&c.run, 0, 0);
	disk_heal();
	disk_clock.mono_ms += 40 * RUN_RETRY_MS;
	run_register(&c.run, 2, RUN_SHORT_S);
	run_close(&c.run);
	disk_stop();
	assert_int_equal(kit_count_files(folder, ".journal"), 1);

	c.platter = platter_new();
	for (size_t i = 0; i < disk_count(); i++)
		platter_step(c.platter, disk_at(i));
	platter_write(c.platter, c.again[0], (struct ruin){ RUIN_NO_NAMES, RUIN_NO_BYTES, 0, 0 });
	platter_free(c.platter);
	assert_int_equal(kit_count_files(c.again[0], ".journal"), 2);
	c.again_wall_ms[0] = disk_clock.wall_ms + 2 * RUN_SHORT_S * 1000;
	crash_again(&c, 0, false);
	run_free(&c.run);
	disk_forget();
	kit_remove_folder(folder);
}

/* A sync fails, and what it should have saved stands in the system's memory only; the next start reads it there, and
 * perhaps fails to sync it as well, and goes on. It must not take it for durable. */
static void start_after_a_failed_sync(bool fails_again)
{
	static struct crashes c;
	char folder[64], why[300] = "";
	c = (struct crashes){ .seed = 1, .again_count = AGAIN, .draws = 1 };
	begin(&c, folder, false);
	run_register(&c.run, 0, RUN_LONG_S);
	disk_fail(0, 1, EIO, DISK_CALL_SYNC);
	run_register(&c.run, 0, RUN_LONG_S);
	disk_fail(0, fails_again, EIO, DISK_CALL_SYNC);
	if (!run_restart(&c.run, why, sizeof why))
		fail_msg("%s", why);
	assert_int_equal(disk_failed(), fails_again);
	run_heal(&c.run);
	run_close(&c.run);
	disk_stop();
	crash_everywhere(&c, 1, 1);
	run_free(&c.run);
	disk_forget();
	kit_remove_folder(folder);
}

static void what_is_read_at_a_start_is_safe_before_it_is_promised(void **state)
{
	(void)state;
	start_after_a_failed_sync(false);
	start_after_a_failed_sync(true);
}

/* A segment that has used up what was written ahead. */
static void segment_that_outgrows_its_zeros_loses_nothing(void **state)
{
	(void)state;
	static struct crashes c;
	char folder[64];
	c = (struct crashes){ .seed = 1, .again_count = AGAIN, .draws = 1 };
	begin(&c, folder, true);
	size_t before, ops_of_a_commit = 3;      /* a write, perhaps in two parts, and a sync */
	unsigned commits = 0;
	do {
		before = disk_count();
		run_register(&c.run, commits % RUN_KEYS, commits % 7 ? RUN_LONG_S : 0);
		assert_true(++commits < 5000);
	} while (disk_count() - before <= ops_of_a_commit);
	for (unsigned i = 0; i < 4; i++)
		run_register(&c.run, i, RUN_LONG_S);
	run_close(&c.run);
	disk_stop();
	crash_everywhere(&c, before, 1);
	run_free(&c.run);
	disk_forget();
	kit_remove_folder(folder);
	print_message("%u commits, then %u crash points\n", commits, c.points);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_promised_survives_a_power_loss_at_any_step),
		cmocka_unit_test(obsolete_segment_is_gone_for_good_before_the_one_that_made_it_so),
		cmocka_unit_test(what_is_read_at_a_start_is_safe_before_it_is_promised),
		cmocka_unit_test(segment_that_outgrows_its_zeros_loses_nothing),
		cmocka_unit_test(what_was_durable_in_memory_mode_survives_a_power_loss_at_any_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
