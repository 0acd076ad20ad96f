/* SPDX-License-Identifier: Apache-2.0 */
/* Every call that the store makes to the system fails, one after the other, once and from then on: nobody crashes, hangs or
 * leaks, who is refused is told so, what was promised is there after the next start (but for what a start cannot read), and
 * when the trouble ends everything is durable again.
 *
 * SLUICE_ERROR_STRIDE: every how many calls only [1]. */
#include "disk.h"
#include "kit.h"
#include "run.h"
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned stride(void)
{
	const char *text = getenv("SLUICE_ERROR_STRIDE");
	return text ? (unsigned)strtoul(text, NULL, 10) : 1;
}

struct trouble {
	bool refuse;                    /* store.on_failure */
	unsigned nth, times;
	int err;
};

/* A start that fails is one that says why, and succeeds when the trouble is over. */
static void start(struct run *r, const char *folder, bool refuse)
{
	char why[500] = "";
	if (run_start(r, folder, 7, refuse, why, sizeof why))
		return;
	assert_true(disk_failed() > 0 && why[0]);
	run_free(r);
	disk_heal();
	if (!run_start(r, folder, 7, refuse, why, sizeof why))
		fail_msg("%s", why);
}

static void start_again(struct run *r)
{
	char why[500] = "";
	if (run_restart(r, why, sizeof why))
		return;
	assert_true(disk_failed() > 0 && why[0]);
	disk_heal();
	if (!run_restart(r, why, sizeof why))
		fail_msg("%s", why);
}

static void live_through_it(struct run *r)
{
	run_burst(r, 4);
	disk_clock.mono_ms += RUN_SEGMENT_MS;
	run_burst(r, 2);
	run_drop(r);
	disk_clock.mono_ms += RUN_SEGMENT_MS;   /* or a retry is due */
	disk_clock.wall_ms += RUN_SEGMENT_MS;
	run_burst(r, 2);
	start_again(r);
	run_burst(r, 2);
	disk_clock.mono_ms += RUN_SEGMENT_MS;
	run_burst(r, 1);
}

static void found_as_promised(const struct run *r, const char *when, const struct trouble *t)
{
	char why[800] = "";
	struct run_found found[RUN_KEYS];
	if (r->unreadable)
		return;
	if (!run_recover(r->folder, disk_clock.wall_ms, found, why, sizeof why) ||
	    !run_keeps_promises(r, disk_count(), disk_clock.wall_ms, found, why, sizeof why))
		fail_msg("call %u, %s, %s mode, %s: %s", t->nth, t->times == 1 ? "once" : "for ever", t->refuse ? "refuse" : "memory", when, why);
}

/* False: the run has fewer calls. */
static bool one_run(const char *folder, const struct trouble *t)
{
	static struct run r;
	disk_clock.mono_ms = 1000000;
	disk_clock.wall_ms = 1700000000000;
	disk_watch(folder);
	disk_fail(t->nth, t->times, t->err, DISK_CALL_SYNC | DISK_CALL_READ | DISK_CALL_CHANGE);
	start(&r, folder, t->refuse);
	live_through_it(&r);
	bool came = disk_failed() > 0;
	disk_heal();
	if (t->nth % 2)                 /* with the trouble until the end, or with time to recover from it */
		run_heal(&r);
	run_close(&r);
	disk_stop();
	found_as_promised(&r, "at the end", t);
	assert_true(r.unreadable || kit_count_files(folder, ".damaged") == 0);
	run_free(&r);
	kit_empty_folder(folder);
	return came;
}

static void every_call_fails(bool refuse)
{
	static const int errs[] = { EIO, ENOSPC };
	char folder[64];
	unsigned runs = 0;
	kit_make_folder(folder);
	for (unsigned n = 0;; n += stride()) {
		struct trouble once = { refuse, n, 1, errs[n / 2 % 2] }, for_ever = { refuse, n, UINT_MAX, errs[n / 2 % 2] };
		runs += 2;
		one_run(folder, &for_ever);
		if (!one_run(folder, &once))
			break;
	}
	disk_forget();
	kit_remove_folder(folder);
	assert_true(runs > 100 || stride() > 1);
	print_message("%u runs with a failing call\n", runs);
}

/* RG-09 RG-31 */
static void every_call_may_fail_when_registrations_are_refused_then(void **state)
{
	(void)state;
	every_call_fails(true);
}

static void every_call_may_fail_when_memory_goes_on(void **state)
{
	(void)state;
	every_call_fails(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_may_fail_when_registrations_are_refused_then),
		cmocka_unit_test(every_call_may_fail_when_memory_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
